# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The official client library works against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tallyfy import TallyfySDK
from tallyfy.models import TallyfyError

from sandbox.testing import Sandbox
from tests.people import HIRE_ID
from tests.sandbox.caller import RUN, sample

ORG = Sandbox.org_id


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[TallyfySDK]:
    with TallyfySDK(
        api_key=sandbox.issue_token("alice.smith@example.com"),
        base_url=sandbox.url,
        retry_delay=0.01,
        retry_jitter=0.0,
    ) as client:
        client.session.trust_env = False
        yield client


def test_members(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    members = sdk.get_organization_users(ORG, with_groups=True)
    assert {"alice.smith@example.com", "charlie.brown@example.com"} <= {member.email for member in members.data}
    assert sdk.get_user(ORG, 12345).email == "john.smith@example.com"
    assert sdk.users.get_user_by_email(ORG, "john.smith@example.com").id == 12345
    assert sdk.get_current_user_info(ORG).email == "alice.smith@example.com"
    assert sandbox.ledger()[0]["acting"] == "alice.smith@example.com"


def test_member_life_cycle(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    invited = sdk.invite_user_to_organization(ORG, "nina.new@example.com", "Nina", "New", role="light")
    assert invited.email == "nina.new@example.com"
    assert sandbox.member("nina.new@example.com")["status"] == "invited"
    sandbox.accept("nina.new@example.com")
    assert sdk.change_user_role(ORG, invited.id, "standard")
    assert sandbox.member("nina.new@example.com")["role"] == "standard"
    assert sdk.disable_user(ORG, invited.id)
    assert sandbox.member("nina.new@example.com")["status"] == "disabled"
    assert sdk.enable_user(ORG, invited.id)
    assert sandbox.member("nina.new@example.com")["status"] == "active"
    assert sdk.approve_user(ORG, invited.id)


def test_groups(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    created = sdk.create_group(ORG, "Design", description="Designers", members=[1001], guests=["partner@example.org"])
    assert sdk.get_group(ORG, created.id).name == "Design"
    sdk.update_group(ORG, created.id, name="Design", members=[1001, 12345], guests=[])
    assert sandbox.group("Design")["members"] == [1001, 12345]
    for number in range(120):
        sdk.create_group(ORG, f"Group {number}", description="One of many")
    groups = sdk.get_groups(ORG, page=None)
    assert len(groups) == 124
    assert sdk.delete_group(ORG, created.id)
    assert sandbox.find_group("Design") is None


def test_guests(sdk: TallyfySDK) -> None:
    created = sdk.create_guest(ORG, "vendor@example.org", "Vera", "Vendor")
    assert created.email == "vendor@example.org"
    assert "vendor@example.org" in {guest.email for guest in sdk.get_organization_guests(ORG, with_stats=True).data}
    assert sdk.get_guest(ORG, "vendor@example.org").email == "vendor@example.org"
    assert sdk.disable_guest(ORG, "vendor@example.org")
    assert sdk.enable_guest(ORG, "vendor@example.org")
    assert len(sdk.get_organization_guests_list(ORG).data) == 3


def test_tags_and_organization(sdk: TallyfySDK) -> None:
    created = sdk.create_tag(ORG, "Important", "#123456")
    assert sdk.get_tag(ORG, created.id).title == "Important"
    assert sdk.get_organization(ORG).name == "Globex Corporation"


def test_templates(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    assert {one.title for one in sdk.get_all_templates(ORG).data} >= {"New hire onboarding", "Welcome tour"}
    hire = sdk.get_template(ORG, template_name="New hire onboarding")
    assert [field.field_type for field in hire.prerun][:3] == ["text", "textarea", "email"]
    assert sdk.get_template_with_steps(ORG, template_id=HIRE_ID)["template"].id == HIRE_ID
    assert next(step.title for step in sdk.get_template_steps(ORG, HIRE_ID)) == "Create accounts"
    assert [one["id"] for one in sdk.get_kickoff_form_fields(ORG, HIRE_ID)] == [field.id for field in hire.prerun]
    created = sdk.create_template(ORG, "Own", summary="S")
    step = sdk.add_step_to_template(ORG, created.id, {"title": "First", "assignees": [1003]})
    assert step["assignees"] == [1003]
    assert sdk.delete_step(ORG, created.id, step["id"])
    assert sdk.update_template_metadata(ORG, created.id, title="Own 2").title == "Own 2"
    assert sdk.duplicate_template(ORG, HIRE_ID, "Copy", ORG).title == "Copy"
    assert sdk.delete_template(ORG, created.id)


def test_processes(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    request = sample("launch-request")
    run = sdk.launch_process(
        ORG, HIRE_ID, request["name"], prerun=request["prerun"], tasks=request["tasks"], tags=request["tags"]
    )
    assert (run.name, run.prerun, run.progress.total) == (request["name"], request["prerun"], 3)
    assert request["name"] in [one.name for one in sdk.get_organization_runs(ORG).data]
    assert sdk.search_processes_by_name(ORG, "Welcome tour: Robin Hale") in [one["id"] for one in sandbox.runs()]
    assert sdk.update_process(ORG, run.id, name="Renamed").name == "Renamed"
    assert sdk.tasks.complete_kickoff_form(ORG, run.id)
    assert sdk.tasks.reopen_kickoff_form(ORG, run.id)
    assert sdk.archive_process(ORG, run.id)
    assert sdk.get_process(ORG, run.id).status == "archived"
    assert sdk.tasks.reactivate_process(ORG, run.id).status == "active"
    with pytest.raises(TallyfyError) as failed:
        sdk.launch_process(ORG, HIRE_ID, "Nothing given")
    assert failed.value.status_code == 422
    assert "New hire name is required" in str(failed.value.response_data)


def test_tasks(sdk: TallyfySDK) -> None:
    first, second, _ = sdk.get_tasks_for_process(ORG, process_id=RUN).data
    assert (first.title, second.title) == ("Create accounts", "Welcome call")
    assert first.id in {task.id for task in sdk.get_user_tasks(ORG, 12345).data}
    assert sdk.get_my_tasks(ORG).data == []
    assert sdk.complete_task(ORG, RUN, second.id).status == "completed"
    assert sdk.reopen_task(ORG, RUN, second.id).status == "in-progress"
    sdk.update_task(ORG, RUN, first.id, title="Renamed")
    assert sdk.get_task(ORG, RUN, first.id).title == "Renamed"
    one_off = sdk.create_task(ORG, "Order badge", "2027-03-01 17:00:00", user_ids=[1001])
    assert [task.id for task in sdk.get_my_tasks(ORG).data] == [one_off.id]
    assert sdk.get_standalone_task(ORG, one_off.id).title == "Order badge"
    assert sdk.tasks.complete_standalone_task(ORG, one_off.id).status == "completed"
    assert sdk.tasks.reopen_standalone_task(ORG, one_off.id).status == "in-progress"
    assert sdk.delete_standalone_task(ORG, one_off.id)


def test_folders(sdk: TallyfySDK) -> None:
    created = sdk.create_folder(ORG, "Own")
    assert created.id in {folder.id for folder in sdk.get_folders(ORG)}
    assert sdk.update_folder(ORG, created.id, name="Own 2").name == "Own 2"
    relation = sdk.folders.add_object_to_folder(ORG, created.id, RUN, "run")
    assert sdk.folders.remove_object_from_folder(ORG, relation["id"])
    assert sdk.folders.add_object_to_folder(ORG, created.id, HIRE_ID, "checklist")
    assert sdk.get_folder(ORG, created.id).total == 1
    assert sdk.delete_folder(ORG, created.id)


def test_ties_of_tags(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    tag = sdk.create_tag(ORG, "Important", "#123456").id
    assert sdk.tags.tag_template(ORG, HIRE_ID, tag)
    assert sdk.tags.tag_process(ORG, RUN, tag)
    assert sdk.tags.untag_template(ORG, tag, HIRE_ID)
    assert sdk.tags.untag_process(ORG, RUN, tag)
    assert tag not in next(run for run in sandbox.runs() if run["id"] == RUN)["tags"]


def test_search(sdk: TallyfySDK) -> None:
    assert [one.id for one in sdk.search_processes(ORG, "jordan").data] == [RUN]
    assert sdk.search_templates_by_name(ORG, "new hire ONBOARDING") == HIRE_ID
    assert sdk.search_tasks(ORG, "welcome call").data


def test_errors_and_retries(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    with pytest.raises(TallyfyError) as failed:
        sdk.disable_user(ORG, 1001)
    assert failed.value.status_code == 400
    sandbox.fault(route="members.get", status=503, times=2)
    assert sdk.get_user(ORG, 12345).id == 12345
    assert [entry["status"] for entry in sandbox.ledger(route="members.get")] == [503, 503, 200]
