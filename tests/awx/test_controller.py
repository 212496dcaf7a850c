# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in for a controller refuses what AWX refuses: or its tests would prove nothing."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.awx import aap_configuration
from tests.awx.controller import NOT_PROMPTED, Controller

TYPE = aap_configuration.read("credential_type.yml")
SURVEY = aap_configuration.read("surveys/onboard_person.yml")
PERSON = {
    "onboarding_person_email": "jane.doe@example.com",
    "onboarding_person_first_name": "{{ 7*7 }}",
    "onboarding_person_last_name": "Doe",
}
RULE = "DTSTART:20260101T050000Z RRULE:FREQ=DAILY;INTERVAL=1"


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    """A controller with one template that has a survey, and one without; nobody asks over the network."""
    controller = Controller()
    (tmp_path / "onboard.yml").write_text("- hosts: localhost\n")
    controller.repositories["https://git.example.com/people.git"] = tmp_path
    organization = controller.one("organizations", "Default")["id"]
    project = {"name": "People", "organization": organization, "scm_type": "git"}
    project["scm_url"] = "https://git.example.com/people.git"
    create(controller, "projects", **project)
    create(controller, "inventories", name="People", organization=organization)
    create(controller, "job_templates", **template(controller, name="Onboard", survey_enabled=True))
    create(controller, "job_templates", **template(controller, name="Check", job_type="check"))
    onboard = controller.one("job_templates", "Onboard")
    assert ask(controller, "POST", onboard["related"]["survey_spec"], SURVEY)[0] == 200
    create(controller, "workflow_job_templates", name="Workflow", organization=organization)
    return controller


def ask(controller: Controller, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    return controller.answer(method, path, body, f"Bearer {controller.token}")


def create(controller: Controller, kind: str, /, **fields: Any) -> dict[str, Any]:
    status, answer = ask(controller, "POST", f"/api/v2/{kind}/", fields)
    assert status == 201, answer
    return dict(answer)


def refused(controller: Controller, kind: str, /, **fields: Any) -> str:
    status, answer = ask(controller, "POST", f"/api/v2/{kind}/", fields)
    assert status == 400, answer
    return json.dumps(answer)


def template(controller: Controller, **fields: Any) -> dict[str, Any]:
    project = controller.one("projects", "People")["id"]
    inventory = controller.one("inventories", "People")["id"]
    return {"project": project, "inventory": inventory, "playbook": "onboard.yml", **fields}


def changed(value: Any, *path: Any, to: Any) -> Any:
    """Return a copy of the value with what is at the end of the path replaced, or added."""
    value = copy.deepcopy(value)
    at = value
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return value


@pytest.mark.parametrize(
    "kind",
    [
        changed(TYPE, "kind", to="vault"),
        changed(TYPE, "inputs", "dependencies", to={}),
        changed(TYPE, "inputs", "fields", 0, "id", to="tower"),
        changed(TYPE, "inputs", "fields", 0, "id", to="client_id"),
        changed(TYPE, "inputs", "fields", 0, "id", to="org-id"),
        changed(TYPE, "inputs", "fields", 0, "placeholder", to="text"),
        changed(TYPE, "inputs", "fields", 0, "type", to="integer"),
        changed(TYPE, "inputs", "fields", 7, "secret", to=True),
        changed(TYPE, "inputs", "fields", 7, "default", to="false"),
        changed(TYPE, "injectors", "env", "TALLYFY_ORG_ID", to="{{ organization }}"),
        changed(TYPE, "injectors", "env", "TALLYFY_ORG_ID", to=1),
        changed(TYPE, "injectors", "env", "ANSIBLE_CONFIG", to="text"),
        changed(TYPE, "injectors", "env", "PATH", to="text"),
        changed(TYPE, "injectors", "file", "template", to="text"),
        changed(TYPE, "injectors", "files", to={}),
    ],
)
def test_a_credential_type_with_a_fault_is_refused(controller: Controller, kind: dict[str, Any]) -> None:
    refused(controller, "credential_types", **kind)


def test_inputs_of_a_type_in_use_cannot_be_changed(controller: Controller) -> None:
    kind = create(controller, "credential_types", **TYPE)
    organization = controller.one("organizations", "Default")["id"]
    credential = {"name": "Tallyfy", "credential_type": kind["id"], "organization": organization}
    assert "unexpected" in refused(controller, "credentials", **credential, inputs={"password": "text"})
    assert "not of type" in refused(controller, "credentials", **credential, inputs={"insecure": "false"})
    create(controller, "credentials", **credential, inputs={"org_id": "1"})
    same = ask(controller, "PATCH", kind["url"], {"inputs": TYPE["inputs"], "injectors": {}})
    other = ask(controller, "PATCH", kind["url"], {"inputs": {"fields": []}})
    assert (same[0], other[0]) == (200, 403)


@pytest.mark.parametrize(
    "survey",
    [
        {name: value for name, value in SURVEY.items() if name != "description"},
        changed(SURVEY, "spec", to=[]),
        changed(SURVEY, "spec", 0, "required", to="true"),
        changed(SURVEY, "spec", 0, "type", to="email"),
        changed(SURVEY, "spec", 0, "variable", to=SURVEY["spec"][1]["variable"]),
        changed(SURVEY, "spec", 0, "max", to="254"),
        changed(SURVEY, "spec", 3, "default", to="owner"),
    ],
)
def test_a_survey_with_a_fault_is_refused(controller: Controller, survey: dict[str, Any]) -> None:
    related = controller.one("job_templates", "Check")["related"]
    status, answer = ask(controller, "POST", related["survey_spec"], survey)
    assert status == 400
    assert list(answer) == ["error"]


def test_a_template_needs_a_playbook_of_the_project_and_a_name_of_its_own(controller: Controller) -> None:
    absent = template(controller, name="Other", playbook="absent.yml")
    assert "Playbook not found for project." in refused(controller, "job_templates", **absent)
    assert "already exists" in refused(controller, "job_templates", **template(controller, name="Check"))
    assert "does not know" in refused(controller, "job_templates", **template(controller, name="Other", jobtype="run"))


def test_a_node_cannot_ask_what_its_template_does_not_ask(controller: Controller) -> None:
    workflow = controller.one("workflow_job_templates", "Workflow")["id"]
    check, onboard = (controller.one("job_templates", name)["id"] for name in ("Check", "Onboard"))
    node = {"identifier": "dry-run", "workflow_job_template": workflow}
    prompt = {**node, "unified_job_template": onboard, "job_type": "check"}
    assert json.loads(refused(controller, "workflow_job_template_nodes", **prompt)) == {"job_type": [NOT_PROMPTED]}
    # What the template says anyway is no prompt.
    create(controller, "workflow_job_template_nodes", **node, unified_job_template=check, job_type="check")


def test_a_schedule_answers_what_is_required_and_nothing_else(controller: Controller) -> None:
    onboard = controller.one("job_templates", "Onboard")["id"]
    schedule = {"name": "Daily", "unified_job_template": onboard, "rrule": RULE}
    assert "value missing" in refused(controller, "schedules", **schedule)
    assert "not allowed" in refused(controller, "schedules", **schedule, extra_data={**PERSON, "other": "text"})
    assert "DTSTART" in refused(controller, "schedules", **{**schedule, "rrule": "RRULE:FREQ=DAILY;INTERVAL=1"})
    create(controller, "schedules", **schedule, extra_data=PERSON)


def test_a_launch_takes_the_answers_to_the_survey_only(controller: Controller) -> None:
    launch = controller.one("job_templates", "Onboard")["related"]["launch"]
    given = {**PERSON, "ansible_connection": "ssh"}
    status, job = ask(controller, "POST", launch, {"extra_vars": given, "job_type": "check"})
    assert status == 201
    assert job["ignored_fields"] == {"extra_vars": {"ansible_connection": "ssh"}, "job_type": "check"}
    assert controller.launches == [("Onboard", PERSON)]
    assert job["job_type"] == "run"
    jobs = ask(controller, "GET", f"/api/v2/jobs/?id__in={job['id']}")[1]["results"]
    assert [(one["url"], one["status"]) for one in jobs] == [(job["url"], "successful")]
    # A choice must not be blank, even when the question is not required: the form leaves it out then.
    roles = [{**PERSON, "onboarding_person_role": role} for role in ("owner", "")]
    for wrong in ({}, {**PERSON, "onboarding_person_email": "a" * 255}, *roles):
        assert ask(controller, "POST", launch, {"extra_vars": wrong})[0] == 400


def test_a_workflow_refuses_what_it_does_not_ask(controller: Controller) -> None:
    launch = controller.one("workflow_job_templates", "Workflow")["related"]["launch"]
    status, answer = ask(controller, "POST", launch, {"extra_vars": {"other": "text"}, "limit": "localhost"})
    assert status == 400
    assert answer["limit"] == [NOT_PROMPTED]
    assert "Variables other are not allowed" in answer["extra_vars"][0]
    assert ask(controller, "POST", launch, {})[0] == 201


def test_a_webhook_sends_a_json_dictionary(controller: Controller) -> None:
    organization = controller.one("organizations", "Default")["id"]
    hook = {"name": "Hook", "organization": organization, "notification_type": "webhook"}
    hook["notification_configuration"] = {"url": "https://hooks.example.com", "headers": {}}
    assert "error" in refused(
        controller, "notification_templates", **hook, messages={"error": {"body": "{{ job.id }}"}}
    )
    assert "finished" in refused(controller, "notification_templates", **hook, messages={"finished": None})
    create(controller, "notification_templates", **hook, messages={"error": {"body": '{"job": {{ job.id }}}'}})


def test_nobody_gets_in_without_the_token(controller: Controller) -> None:
    assert controller.answer("GET", "/api/v2/projects/", None, "Bearer another")[0] == 401
    assert controller.answer("GET", "/api/v2/ping/", None, "")[0] == 200


def test_a_template_is_found_by_its_named_address(controller: Controller) -> None:
    status, found = ask(controller, "GET", "/api/v2/job_templates/Onboard++Default/")
    assert (status, found["name"]) == (200, "Onboard")


class TestRoles:
    """What somebody sees and may do, by the roles they have and no other."""

    @pytest.fixture
    def workflow(self, controller: Controller) -> dict[str, Any]:
        """A workflow of a dry run, an approval and a run, and two teams without any role."""
        organization = controller.one("organizations", "Default")["id"]
        workflow = controller.one("workflow_job_templates", "Workflow")
        check, apply = (controller.one("job_templates", name)["id"] for name in ("Check", "Apply"))
        nodes = [
            create(controller, "workflow_job_template_nodes", workflow_job_template=workflow["id"], **fields)
            for fields in (
                {"identifier": "dry-run", "unified_job_template": check},
                {"identifier": "approve"},
                {"identifier": "apply", "unified_job_template": apply},
            )
        ]
        approval = f"{nodes[1]['url']}create_approval_template/"
        assert ask(controller, "POST", approval, {"name": "Approve", "timeout": 60})[0] == 201
        for node, following in zip(nodes, nodes[1:]):
            assert ask(controller, "POST", node["related"]["success_nodes"], {"id": following["id"]})[0] == 204
        for name in ("Help desk", "Approvers"):
            create(controller, "teams", name=name, organization=organization)
        return workflow

    @pytest.fixture
    def controller(self, controller: Controller) -> Controller:
        create(controller, "job_templates", **template(controller, name="Apply"))
        return controller

    def give(self, controller: Controller, team: str, role: str, record: dict[str, Any]) -> None:
        number = record["summary_fields"]["object_roles"][f"{role}_role"]["id"]
        answer = ask(controller, "POST", f"/api/v2/roles/{number}/teams/", {"id": controller.one("teams", team)["id"]})
        assert answer[0] == 204

    def names(self, controller: Controller, kind: str, token: str) -> list[str]:
        status, answer = controller.answer("GET", f"/api/v2/{kind}/", None, f"Bearer {token}")
        assert status == 200
        return [one["name"] for one in answer["results"]]

    def test_without_a_role_nothing_is_seen(self, controller: Controller, workflow: dict[str, Any]) -> None:
        token = controller.add_user("nobody")
        for kind in ("organizations", "projects", "inventories", "job_templates", "workflow_job_templates", "teams"):
            assert self.names(controller, kind, token) == []
        for path in (workflow["url"], workflow["related"]["launch"]):
            assert controller.answer("GET", path, None, f"Bearer {token}")[0] == 403

    def test_a_workflow_does_not_show_the_jobs_of_its_nodes(
        self, controller: Controller, workflow: dict[str, Any]
    ) -> None:
        desk, approver = (controller.add_user(name, team=name) for name in ("Help desk", "Approvers"))
        self.give(controller, "Help desk", "execute", workflow)
        self.give(controller, "Approvers", "approval", workflow)
        launch = workflow["related"]["launch"]
        assert controller.answer("POST", launch, {}, f"Bearer {approver}")[0] == 403
        assert controller.answer("POST", launch, {}, f"Bearer {desk}")[0] == 201
        ((_number, dry_run),) = controller.records["jobs"].items()
        stdout = controller.shown("jobs", dry_run)["related"]["stdout"]
        ((number, approval),) = controller.records["workflow_approvals"].items()
        for token in (desk, approver):
            assert self.names(controller, "workflow_jobs", token) == ["Workflow"]
            assert self.names(controller, "workflow_approvals", token) == ["Approve"]
            assert self.names(controller, "job_templates", token) == self.names(controller, "jobs", token) == []
            assert controller.answer("GET", stdout, None, f"Bearer {token}")[0] == 403
        # Read lets them see the job, and not launch one.
        check = controller.one("job_templates", "Check")
        self.give(controller, "Approvers", "read", check)
        assert controller.answer("GET", stdout, None, f"Bearer {approver}") == (200, {"content": "check: Check"})
        assert controller.answer("POST", check["related"]["launch"], {}, f"Bearer {approver}")[0] == 403
        # And to approve is theirs alone.
        approve = f"/api/v2/workflow_approvals/{number}/approve/"
        assert controller.answer("POST", approve, {}, f"Bearer {desk}")[0] == 403
        assert controller.answer("POST", approve, {}, f"Bearer {approver}")[0] == 204
        assert [job["name"] for job in controller.records["jobs"].values()] == ["Check", "Apply"]
        assert (approval["status"], controller.one("workflow_jobs", "Workflow")["status"]) == ("successful",) * 2
        assert controller.launches == [("Workflow", {})]

    @pytest.mark.usefixtures("workflow")
    def test_to_execute_a_template_shows_its_jobs(self, controller: Controller) -> None:
        desk = controller.add_user("desk", team="Help desk")
        check = controller.one("job_templates", "Check")
        self.give(controller, "Help desk", "execute", check)
        assert controller.answer("POST", check["related"]["launch"], {}, f"Bearer {desk}")[0] == 201
        assert self.names(controller, "jobs", desk) == ["Check"]
        assert controller.answer("PATCH", check["url"], {"job_type": "run"}, f"Bearer {desk}")[0] == 403

    def test_an_organization_admin_is_no_system_administrator(self, controller: Controller) -> None:
        create(controller, "organizations", name="Other")
        galaxy = controller.one("credentials", "Ansible Galaxy")
        default = controller.one("organizations", "Default")
        attach = default["related"]["galaxy_credentials"]
        assert ask(controller, "POST", attach, {"id": galaxy["id"]})[0] == 204
        token = controller.add_user("olga", administers="Default")
        assert self.names(controller, "organizations", token) == ["Default"]
        assert self.names(controller, "credentials", token) == []
        # What the organization has is seen there all the same.
        status, answer = controller.answer("GET", attach, None, f"Bearer {token}")
        assert (status, [one["name"] for one in answer["results"]]) == (200, ["Ansible Galaxy"])
        assert controller.answer("POST", attach, {"id": galaxy["id"]}, f"Bearer {token}")[0] == 403
        for kind, body in (("credential_types", TYPE), ("organizations", {"name": "Third"})):
            assert controller.answer("POST", f"/api/v2/{kind}/", body, f"Bearer {token}")[0] == 403
        inventory = {"name": "Other", "organization": controller.one("organizations", "Other")["id"]}
        assert controller.answer("POST", "/api/v2/inventories/", inventory, f"Bearer {token}")[0] == 403
        assert controller.answer("POST", "/api/v2/inventories/", {**inventory, "organization": default["id"]},
                                 f"Bearer {token}")[0] == 201  # fmt: skip
