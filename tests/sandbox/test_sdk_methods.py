# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Every public method of the official client library, called once: what the service documents works.

Each call is made on a fresh sandbox, and says whether what it answered is right. ``METHODS`` and ``REFUSED`` together
name every method there is, so that a newer library shows what is new.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tallyfy import TallyfySDK
from tallyfy.models import TallyfyError

from sandbox.testing import Sandbox
from tests.people import ALICE, ENGINEERING, FOLDER, HIRE_ID, JOHN, NORA, PARTNER, TOUR_ID, URGENT_TAG
from tests.sandbox.caller import ARCHIVED_RUN, RUN, TASK

ORG = Sandbox.org_id
CALL = "a5f0ee0a4550350114ce5c241c5577ab"
CREATE, WELCOME = "4e4cb9903679399220e808159803ea6c", "f7c4fa1aff8c430a080688074d533c5d"
SERIAL, SUITE = "97fa6c95a7399ed9ea5f997be085fc28", "ed0cdf5010734b3c8e11d599e6d3c7af"
DUE, TAG = "2027-03-01 17:00:00", "a9a53a2ae1e6dd36db693399d5332e7b"
JORDAN = "Onboarding: Jordan Rivera (HR-10293)"
WHERE = (ORG, HIRE_ID, CREATE)
OWNERS: dict[str, Any] = {"users": [1003], "guests": [], "groups": []}
TEXT = {"field_type": "text", "label": "Room", "required": True}
RULE = {
    "automated_alias": "Call later",
    "conditions": [
        {"conditionable_id": CREATE, "conditionable_type": "Step", "operation": "completed", "statement": "any_time",
         "logic": "and"}
    ],
    "then_actions": [{"action_type": "visibility", "action_verb": "show", "target_step_id": WELCOME}],
}  # fmt: skip
NEW = ("nina.new@example.com", "Nina", "New")


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[TallyfySDK]:
    with TallyfySDK(api_key=sandbox.issue_token(ALICE), base_url=sandbox.url, max_retries=0) as client:
        client.session.trust_env = False
        yield client


def one_off(s: Any) -> str:
    return str(s.tasks.create_task(ORG, "Order badge", DUE, user_ids=[1001], guest_emails=[PARTNER]).id)


def comment(s: Any) -> str:
    return str(s.threads.add_task_comment(ORG, TASK, "Hello").id)


def issue(s: Any) -> str:
    return str(s.threads.report_task_issue(ORG, TASK, "Broken").id)


def new_rule(s: Any) -> str:
    return str(s.templates.create_automation_rule(ORG, HIRE_ID, RULE)["id"])


def new_field(s: Any) -> str:
    return str(s.form_fields.add_form_field_to_step(*WHERE, TEXT).id)


def options(s: Any) -> list[str]:
    return list(s.form_fields.get_dropdown_options(*WHERE, SUITE))


def fields(s: Any, step: str = CREATE) -> list[str]:
    return [one.label for one in s.form_fields.get_step(ORG, HIRE_ID, step).captures]


def steps(s: Any) -> list[str]:
    return [one.title for one in s.templates.get_template_steps(ORG, HIRE_ID)]


def in_folder(s: Any) -> Any:
    return s.folders.add_object_to_folder(ORG, FOLDER, RUN, "run")["id"]


def completed(s: Any, task: str = CALL) -> Any:
    return s.tasks.complete_task(ORG, RUN, task)


def ids(answer: Any) -> list[Any]:
    return [one.id for one in getattr(answer, "data", answer)]


def tags(s: Any, run: str = RUN) -> list[str]:
    return [one["tag_id"] for one in s._make_request("GET", f"organizations/{ORG}/runs/{run}", params={"with": "tags"})
            ["data"]["tags"]["data"]]  # fmt: skip


def code(s: Any) -> str:
    return str(s.users.get_guest(ORG, PARTNER).link.rpartition("/")[2])


# What each answers, or leaves behind, compared with what it should.
METHODS: dict[str, Callable[[Any], bool]] = {
    "folders.add_object_to_folder": lambda s: in_folder(s) > 0,
    "folders.create_folder": lambda s: s.folders.create_folder(ORG, "Own").name == "Own",
    "folders.delete_folder": lambda s: s.folders.delete_folder(ORG, FOLDER),
    "folders.get_folder": lambda s: s.folders.get_folder(ORG, FOLDER).name == "HR",
    "folders.get_folders": lambda s: ids(s.folders.get_folders(ORG, folder_type="run")) == [FOLDER],
    "folders.remove_object_from_folder": lambda s: s.folders.remove_object_from_folder(ORG, in_folder(s)),
    "folders.update_folder": lambda s: s.folders.update_folder(ORG, FOLDER, name="People").name == "People",
    "form_fields.add_dropdown_option": lambda s: (
        s.form_fields.add_dropdown_option(*WHERE, SUITE, "None", 0) and options(s)[0] == "None"
    ),
    "form_fields.add_form_field_to_step": lambda s: new_field(s) in ids(s.form_fields.get_step(*WHERE).captures),
    "form_fields.delete_form_field": lambda s: (
        s.form_fields.delete_form_field(*WHERE, SERIAL) and fields(s) == ["Software suite"]
    ),
    "form_fields.get_dropdown_options": lambda s: options(s) == ["Google Workspace", "Office 365"],
    "form_fields.get_step": lambda s: fields(s) == ["Laptop serial", "Software suite"],
    "form_fields.move_form_field": lambda s: (
        s.form_fields.move_form_field(*WHERE, SERIAL, WELCOME) and fields(s, WELCOME) == ["Laptop serial"]
    ),
    "form_fields.remove_dropdown_option": lambda s: (
        s.form_fields.remove_dropdown_option(*WHERE, SUITE, "Office 365") and options(s) == ["Google Workspace"]
    ),
    "form_fields.reorder_dropdown_options": lambda s: (
        s.form_fields.reorder_dropdown_options(*WHERE, SUITE, ["Office 365", "Google Workspace"])
        and options(s) == ["Office 365", "Google Workspace"]
    ),
    "form_fields.reorder_form_fields": lambda s: (
        s.form_fields.reorder_form_fields(*WHERE, [{"id": SUITE, "position": 1}])
        and fields(s) == ["Software suite", "Laptop serial"]
    ),
    "form_fields.update_dropdown_options": lambda s: (
        s.form_fields.update_dropdown_options(*WHERE, SUITE, ["A", "B"]) and options(s) == ["A", "B"]
    ),
    "form_fields.update_form_field": lambda s: s.form_fields.update_form_field(*WHERE, SERIAL, **TEXT).label == "Room",
    "groups.create_group": lambda s: s.groups.create_group(ORG, "Design", "Designers", [1001], [PARTNER]).id,
    "groups.delete_group": lambda s: s.groups.delete_group(ORG, ENGINEERING),
    "groups.get_group": lambda s: s.groups.get_group(ORG, ENGINEERING).name == "Engineering",
    "groups.get_groups": lambda s: len(s.groups.get_groups(ORG)) == 3,
    "groups.update_group": lambda s: s.groups.update_group(ORG, ENGINEERING, "Works", "W", [1001]).name == "Works",
    "organizations.get_current_user_organizations": lambda s: (
        ids(s.organizations.get_current_user_organizations()) == [ORG]
    ),
    "organizations.get_organization": lambda s: s.organizations.get_organization(ORG).name == "Globex Corporation",
    "searches.find_process_by_name": lambda s: ids(s.searches.find_process_by_name(ORG, JORDAN)) == [RUN],
    "searches.search": lambda s: ids(s.searches.search(ORG, "jordan")) == [RUN],
    "searches.search_all": lambda s: ids(s.searches.search_all(ORG, "jordan")["process"]) == [RUN],
    "searches.search_processes": lambda s: ids(s.searches.search_processes(ORG, "jordan")) == [RUN],
    "searches.search_processes_by_name": lambda s: s.searches.search_processes_by_name(ORG, JORDAN) == RUN,
    "searches.search_snippets": lambda s: ids(s.searches.search_snippets(ORG, "jordan")) == [],
    "searches.search_tasks": lambda s: ids(s.searches.search_tasks(ORG, "welcome call")) == [CALL],
    "searches.search_templates": lambda s: ids(s.searches.search_templates(ORG, "tour")) == [TOUR_ID],
    "searches.search_templates_by_name": lambda s: s.searches.search_templates_by_name(ORG, "Welcome tour") == TOUR_ID,
    "tags.create_tag": lambda s: s.tags.create_tag(ORG, "Important", "#123456").title == "Important",
    "tags.delete_tag": lambda s: s.tags.delete_tag(ORG, TAG) and tags(s) == [],
    "tags.get_tag": lambda s: s.tags.get_tag(ORG, TAG).title == "Onboarding",
    "tags.get_tags": lambda s: {TAG, URGENT_TAG} <= set(ids(s.tags.get_tags(ORG))),
    "tags.tag_process": lambda s: s.tags.tag_process(ORG, RUN, URGENT_TAG) and tags(s) == [TAG, URGENT_TAG],
    "tags.tag_template": lambda s: s.tags.tag_template(ORG, TOUR_ID, URGENT_TAG),
    "tags.untag_process": lambda s: s.tags.untag_process(ORG, RUN, TAG) and tags(s) == [],
    "tags.untag_template": lambda s: s.tags.untag_template(ORG, TAG, HIRE_ID),
    "tags.update_tag": lambda s: s.tags.update_tag(ORG, TAG, "Joining").title == "Joining",
    "tasks.archive_process": lambda s: s.tasks.archive_process(ORG, RUN),
    "tasks.complete_kickoff_form": lambda s: s.tasks.complete_kickoff_form(ORG, RUN),
    "tasks.complete_standalone_task": lambda s: s.tasks.complete_standalone_task(ORG, one_off(s)).status == "completed",
    "tasks.complete_task": lambda s: completed(s).completer_id == 1001,
    "tasks.create_task": lambda s: len(one_off(s)) == 32,
    "tasks.delete_standalone_task": lambda s: s.tasks.delete_standalone_task(ORG, one_off(s)),
    "tasks.find_process_by_name": lambda s: ids(s.tasks.find_process_by_name(ORG, JORDAN)) == [RUN],
    "tasks.get_my_tasks": lambda s: [one_off(s)] == ids(s.tasks.get_my_tasks(ORG)),
    "tasks.get_organization_processes": lambda s: (
        ids(s.tasks.get_organization_processes(ORG, checklist_id=HIRE_ID, archived="only")) == [ARCHIVED_RUN]
    ),
    "tasks.get_organization_runs": lambda s: ids(s.tasks.get_organization_runs(ORG, tag=TAG)) == [RUN],
    "tasks.get_process": lambda s: s.tasks.get_process(ORG, RUN, with_="tags,tasks,form_fields").name == JORDAN,
    "tasks.get_standalone_task": lambda s: s.tasks.get_standalone_task(ORG, one_off(s)).is_oneoff_task,
    "tasks.get_task": lambda s: (
        s.tasks.get_task(ORG, RUN, TASK, with_="step,run,form_fields,threads").step.title == "Create accounts"
    ),
    "tasks.get_tasks_for_process": lambda s: (
        ids(s.tasks.get_tasks_for_process(ORG, process_name=JORDAN, groups=ENGINEERING)) == [CALL]
    ),
    "tasks.get_user_tasks": lambda s: TASK in ids(s.tasks.get_user_tasks(ORG, 12345)),
    "tasks.launch_process": lambda s: s.tasks.launch_process(ORG, TOUR_ID, "Tour").name == "Tour",
    "tasks.reactivate_process": lambda s: s.tasks.reactivate_process(ORG, ARCHIVED_RUN).status == "active",
    "tasks.reopen_kickoff_form": lambda s: s.tasks.reopen_kickoff_form(ORG, RUN),
    "tasks.reopen_standalone_task": lambda s: (
        s.tasks.reopen_standalone_task(ORG, s.tasks.complete_standalone_task(ORG, one_off(s)).id).status
        == "in-progress"
    ),
    "tasks.reopen_task": lambda s: s.tasks.reopen_task(ORG, RUN, completed(s).id).status == "in-progress",
    "tasks.search": lambda s: ids(s.tasks.search(ORG, "jordan")) == [RUN],
    "tasks.search_processes": lambda s: ids(s.tasks.search_processes(ORG, "jordan")) == [RUN],
    "tasks.search_processes_by_name": lambda s: s.tasks.search_processes_by_name(ORG, JORDAN) == RUN,
    "tasks.search_tasks": lambda s: ids(s.tasks.search_tasks(ORG, "welcome call")) == [CALL],
    "tasks.search_templates": lambda s: ids(s.tasks.search_templates(ORG, "tour")) == [TOUR_ID],
    "tasks.update_process": lambda s: s.tasks.update_process(ORG, RUN, name="Renamed").name == "Renamed",
    "tasks.update_standalone_task": lambda s: (
        s.tasks.update_standalone_task(ORG, one_off(s), "Badge", "Blue", DUE, OWNERS).summary == "Blue"
    ),
    "tasks.update_task": lambda s: (
        s.tasks.update_task(ORG, RUN, TASK, taskdata={SERIAL: "SN-1"}).taskdata == {SERIAL: "SN-1"}
    ),
    "templates.add_assignees_to_step": lambda s: (
        s.templates.add_assignees_to_step(*WHERE, [1003], [PARTNER])["guests"] == [PARTNER]
    ),
    "templates.add_step_to_template": lambda s: (
        s.templates.add_step_to_template(ORG, HIRE_ID, {"title": "Own", "assignees": [1003]})["assignees"] == [1003]
    ),
    "templates.clone_step": lambda s: s.templates.clone_step(*WHERE)["id"] != CREATE and len(steps(s)) == 4,
    "templates.create_automation_rule": lambda s: (
        new_rule(s) == s.templates.get_template(ORG, HIRE_ID).automated_actions[0].id
    ),
    "templates.create_template": lambda s: s.templates.create_template(ORG, "Own", summary="S").summary == "S",
    "templates.delete_automation_rule": lambda s: (
        s.templates.delete_automation_rule(ORG, HIRE_ID, new_rule(s))
        and s.templates.get_template(ORG, HIRE_ID).automated_actions == []
    ),
    "templates.delete_step": lambda s: s.templates.delete_step(*WHERE) and "Create accounts" not in steps(s),
    "templates.delete_template": lambda s: s.templates.delete_template(ORG, HIRE_ID),
    "templates.delete_template_with_references": lambda s: (
        "deleted" in s.templates.delete_template_with_references(ORG, HIRE_ID)["message"]
    ),
    "templates.duplicate_template": lambda s: s.templates.duplicate_template(ORG, HIRE_ID, "Copy", ORG).title == "Copy",
    "templates.edit_description_on_step": lambda s: (
        s.templates.edit_description_on_step(*WHERE, "Do it")["summary"] == "Do it"
    ),
    "templates.get_all_templates": lambda s: len(ids(s.templates.get_all_templates(ORG))) == 5,
    "templates.get_kickoff_form_fields": lambda s: len(s.templates.get_kickoff_form_fields(ORG, HIRE_ID)) == 10,
    "templates.get_step_dependencies": lambda s: s.templates.get_step_dependencies(*WHERE),
    "templates.get_step_visibility_conditions": lambda s: (
        new_rule(s) in str(s.templates.get_step_visibility_conditions(ORG, HIRE_ID, WELCOME))
    ),
    "templates.get_template": lambda s: s.templates.get_template(ORG, template_name="Welcome tour").id == TOUR_ID,
    "templates.get_template_steps": lambda s: steps(s) == ["Create accounts", "Welcome call", "Manager approval"],
    "templates.get_template_with_steps": lambda s: (
        s.templates.get_template_with_steps(ORG, HIRE_ID)["template"].id == HIRE_ID
    ),
    "templates.reorder_step": lambda s: s.templates.reorder_step(*WHERE, 3)["position"] == 3,
    "templates.search_templates_by_name": lambda s: (
        s.templates.search_templates_by_name(ORG, "Welcome tour") == TOUR_ID
    ),
    "templates.update_automation_rule": lambda s: (
        s.templates.update_automation_rule(ORG, HIRE_ID, new_rule(s), {"alias": "Other"})["automated_alias"] == "Other"
    ),
    "templates.update_template_metadata": lambda s: (
        s.templates.update_template_metadata(ORG, HIRE_ID, title="Joiners").title == "Joiners"
    ),
    "threads.add_task_comment": lambda s: s.threads.add_task_comment(ORG, TASK, "Hello").author_id == 1001,
    "threads.delete_task_comment": lambda s: (
        s.threads.delete_task_comment(ORG, TASK, comment(s)) and s.threads.get_task_comments(ORG, RUN, TASK) == []
    ),
    "threads.get_standalone_task_comments": lambda s: (
        [comment(s)] == ids(s.threads.get_standalone_task_comments(ORG, TASK))
    ),
    "threads.get_task_comments": lambda s: [comment(s)] == ids(s.threads.get_task_comments(ORG, RUN, TASK)),
    "threads.report_task_issue": lambda s: issue(s) and s.tasks.get_process(ORG, RUN).status == "problem",
    "threads.resolve_task_issues": lambda s: (
        s.threads.resolve_task_issues(ORG, TASK, issue(s)) and s.tasks.get_process(ORG, RUN).status == "active"
    ),
    "threads.update_task_comment": lambda s: (
        s.threads.update_task_comment(ORG, TASK, comment(s), "Better").content == "Better"
    ),
    "users.approve_user": lambda s: s.users.approve_user(ORG, 1005),
    "users.change_user_role": lambda s: s.users.change_user_role(ORG, 12345, "light"),
    "users.create_guest": lambda s: s.users.create_guest(ORG, "v@example.org", "Vera", "Vendor").first_name == "Vera",
    "users.disable_guest": lambda s: s.users.disable_guest(ORG, PARTNER),
    "users.disable_user": lambda s: s.users.disable_user(ORG, 12345),
    "users.enable_guest": lambda s: s.users.enable_guest(ORG, NORA),
    "users.enable_user": lambda s: s.users.enable_user(ORG, 1007),
    "users.get_all_organization_members": lambda s: len(s.users.get_all_organization_members(ORG)["guests"].data) == 2,
    "users.get_current_user_info": lambda s: s.users.get_current_user_info(ORG).email == ALICE,
    "users.get_guest": lambda s: s.users.get_guest(ORG, PARTNER).email == PARTNER,
    "users.get_guest_by_email": lambda s: s.users.get_guest_by_email(ORG, PARTNER).email == PARTNER,
    "users.get_guest_tasks": lambda s: [one_off(s)] == ids(s.users.get_guest_tasks(ORG, code(s))),
    "users.get_invitation_template_message": lambda s: "Globex" in s.users.get_invitation_template_message("Globex"),
    "users.get_organization_guests": lambda s: len(s.users.get_organization_guests(ORG, with_stats=True).data) == 2,
    "users.get_organization_guests_list": lambda s: len(s.users.get_organization_guests_list(ORG).data) == 2,
    "users.get_organization_users": lambda s: 1001 in ids(s.users.get_organization_users(ORG, with_groups=True)),
    "users.get_organization_users_list": lambda s: 1001 in ids(s.users.get_organization_users_list(ORG)),
    "users.get_user": lambda s: s.users.get_user(ORG, 12345).email == JOHN,
    "users.get_user_by_email": lambda s: s.users.get_user_by_email(ORG, JOHN).id == 12345,
    "users.invite_multiple_users": lambda s: (
        s.users.invite_multiple_users(ORG, [dict(zip(("email", "first_name", "last_name"), NEW, strict=True))])[0].email
        == NEW[0]
    ),
    "users.invite_user_to_organization": lambda s: s.users.invite_user_to_organization(ORG, *NEW).email == NEW[0],
    "users.invite_user_with_custom_role_permissions": lambda s: (
        s.users.invite_user_with_custom_role_permissions(ORG, *NEW, "light").email == NEW[0]
    ),
    "users.search_members_by_name": lambda s: 12345 in ids(s.users.search_members_by_name(ORG, "John")["users"]),
    "users.update_guest": lambda s: s.users.update_guest(ORG, PARTNER, company_name="Dropped").email == PARTNER,
    "users.validate_invitation_data": lambda s: s.users.validate_invitation_data(
        {"email": NEW[0], "first_name": "Nina", "last_name": "New", "role": "light"}
    ),
}
# What does not work, and why that is right.
NO_FILES = "files are not documented: the library alone names the routes"
REFUSED: dict[str, tuple[Callable[[Any], Any], int, str]] = {
    "files.download_file": (lambda s: s.files.download_file(ORG, "1"), 404, NO_FILES),
    "files.download_file_from_url": (
        lambda s: s.files.download_file_from_url(f"organizations/{ORG}/file/1/dl"), 404, NO_FILES,
    ),
    "files.upload_file": (
        lambda s: s.files.upload_file(ORG, b"x", "x.txt", "ko_field", "Checklist", HIRE_ID), 404, NO_FILES,
    ),
    "users.resend_invitation": (
        lambda s: s.users.resend_invitation(ORG, "charlie.brown@example.com"), 422,
        "there is no such route: the library invites once more, and the address is taken",
    ),
}  # fmt: skip


def public_methods(sdk: TallyfySDK) -> set[str]:
    """Return the methods of all managers of a client, as ``manager.method``."""
    managers = {name: one for name, one in vars(sdk).items() if type(one).__module__.startswith("tallyfy.")}
    return {
        f"{name}.{method}"
        for name, manager in managers.items()
        for method in dir(manager)
        if not method.startswith("_") and inspect.ismethod(getattr(manager, method))
    }


def test_every_method_is_named(sdk: TallyfySDK) -> None:
    assert set(METHODS) | set(REFUSED) == public_methods(sdk)
    assert (len(METHODS), len(REFUSED)) == (125, 4)


@pytest.mark.parametrize("method", METHODS)
def test_works(method: str, sdk: TallyfySDK) -> None:
    assert METHODS[method](sdk)


@pytest.mark.parametrize("method", REFUSED)
def test_is_refused(method: str, sdk: TallyfySDK) -> None:
    call, status, _reason = REFUSED[method]
    with pytest.raises(TallyfyError) as failed:
        call(sdk)
    assert failed.value.status_code == status
