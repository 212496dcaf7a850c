# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup against the stand-in for a controller, with the modules of awx.awx."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.awx import aap_configuration
from tests.awx.controller import Controller, playbooks_in, running_controller

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS_PATH = os.environ["ANSIBLE_COLLECTIONS_PATH"]
DATA = aap_configuration.read("controller.yml")
TYPE = aap_configuration.read("credential_type.yml")
WORKFLOWS: list[dict[str, Any]] = DATA["workflow_job_templates"]
REPOSITORY = "https://git.example.com/people.git"
NOTIFICATION_URL = "https://hooks.example.com/services/not-a-real-address"
# Braces and marks of all kinds: what is given must arrive.
SECRET = "sandbox-secret-{{ 7*7 }}/+='\"not-real"
ORGANIZATION_ID = "25f66ae8cd27630803af1f25fe015a1a"
OPTIONS = {
    "awx_setup_project_url": REPOSITORY,
    "awx_setup_notification_url": NOTIFICATION_URL,
    "awx_setup_teams": True,
    "awx_setup_drift_src": "people/everybody.yml",
    "awx_setup_execution_environment": "Tallyfy",
    "awx_setup_execution_environment_image": "registry.example.com/tallyfy-ee:1.0.0",
}
#: Not compared.
OTHERS = ("organizations", "project_updates", "users", "jobs", "workflow_jobs", "workflow_approvals")
#: By way of which field what has no organization belongs to one.
ABOVE = {
    "hosts": [("inventories", "inventory")],
    "workflow_job_template_nodes": [("workflow_job_templates", "workflow_job_template")],
    "schedules": [("job_templates", "unified_job_template"), ("workflow_job_templates", "unified_job_template")],
}
APPROVAL = next(node for node in DATA["workflow_job_templates"][0]["workflow_nodes"] if node["identifier"] == "approve")


class Run(NamedTuple):
    """A run of a playbook: its status, what it printed, and how often tasks changed something, by their names."""

    status: int
    output: str
    changed: list[str]


class Playbooks:
    """Runs playbooks against a controller, in a home that holds nothing."""

    def __init__(self, controller: Controller, folder: Path) -> None:
        self.controller = controller
        self.folder = folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
            "CONTROLLER_HOST": controller.url,
            "CONTROLLER_OAUTH_TOKEN": controller.token,
            "TALLYFY_ORG_ID": ORGANIZATION_ID,
            "TALLYFY_CLIENT_ID": "1111",
            "TALLYFY_CLIENT_SECRET": SECRET,
        }

    def run(self, playbook: str, *options: str, variables: dict[str, Any] | None = None, **environment: str) -> Run:
        extra_vars = self.folder / "extra-vars.json"
        extra_vars.write_text(json.dumps(OPTIONS if variables is None else variables))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", playbook, "-e", f"@{extra_vars}", *options],
            env={**self.environment, **environment},
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        changed = []
        task = ""
        for line in done.stdout.splitlines():
            if line.startswith("TASK ["):
                task = line[len("TASK [") :].partition("]")[0]
            elif line.startswith("changed: "):
                changed.append(task)
        return Run(done.returncode, done.stdout, changed)


def repository(folder: Path, prefix: str = "playbooks/") -> Path:
    """Return a folder that is a project with the playbooks that the templates name."""
    for template in DATA["job_templates"]:
        playbook = folder / prefix / template["playbook"]
        playbook.parent.mkdir(parents=True, exist_ok=True)
        playbook.write_text(f"- import_playbook: tallyfy.platform.{playbook.stem}\n")
    return folder


def state(controller: Controller, organization: str = "Tallyfy") -> dict[str, Any]:
    """Return what was made for one organization, with names instead of IDs, so that two can be compared."""
    every = {kind: list(records.values()) for kind, records in controller.records.items() if kind not in OTHERS}
    owners = {one["id"]: _organization(controller, kind, one) for kind, records in every.items() for one in records}
    labels = {
        one["id"]: f"{one.get('name') or one.get('identifier')} of {owners[one['id']]}"
        for records in every.values()
        for one in records
    }
    ours = {record_id for record_id, owner in owners.items() if owner in (organization, None)}
    found: dict[str, Any] = {
        kind: [_named(controller, kind, one) for one in records if one["id"] in ours] for kind, records in every.items()
    }
    found["associations"] = [
        [labels[record_id], name, sorted(labels[one] for one in associated)]
        for (record_id, name), associated in controller.associations.items()
        if associated and record_id in ours
    ]
    roles = {
        record_id: (labels[of], name) for record_id, (_kind, of, name) in controller.access.roles.items() if of in ours
    }
    granted = [(role, actor) for role, _kind, actor in controller.access.granted if role in roles and actor in labels]
    found["roles"] = [[*roles[role], labels[actor]] for role, actor in granted]
    found["surveys"] = {labels[record_id]: one for record_id, one in controller.surveys.items() if record_id in ours}
    return {name: sorted(value, key=str) if isinstance(value, list) else value for name, value in found.items()}


def _organization(controller: Controller, kind: str, record: dict[str, Any]) -> str | None:
    """Return the name of the organization that a record belongs to, by way of what it belongs to."""
    for kind_above, name in ABOVE.get(kind, ()):
        above = controller.records[kind_above].get(record[name])
        if above is not None:
            return _organization(controller, kind_above, above)
    if kind == "workflow_approval_templates":
        nodes = controller.records["workflow_job_template_nodes"].values()
        (node,) = (one for one in nodes if one["unified_job_template"] == record["id"])
        return _organization(controller, "workflow_job_template_nodes", node)
    record_id = record.get("organization")
    return None if record_id is None else str(controller.records["organizations"][record_id]["name"])


def _named(controller: Controller, kind: str, record: dict[str, Any]) -> dict[str, Any]:
    summary = controller.shown(kind, record)["summary_fields"]
    return {name: summary[name]["name"] if name in summary else value for name, value in record.items() if name != "id"}


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with running_controller() as running:
        running.repositories[REPOSITORY] = repository(tmp_path_factory.mktemp("repository"))
        yield running


@pytest.fixture(scope="module")
def playbooks(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> Playbooks:
    return Playbooks(controller, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def first(playbooks: Playbooks) -> Run:
    """The first run, with everything that can be made."""
    run = playbooks.run("tallyfy.platform.awx_setup", "-vvv")
    assert run.status == 0, run.output
    return run


@pytest.fixture(scope="module")
def made(controller: Controller, first: Run) -> dict[str, Any]:
    """What there was after the first run."""
    assert first.status == 0
    return state(controller)


@pytest.fixture(scope="module")
def second(playbooks: Playbooks, made: dict[str, Any]) -> Run:
    """The second run, with the same options. The organization has got a galaxy credential of its own meanwhile."""
    assert made
    controller = playbooks.controller
    kind = next(one["id"] for one in controller.records["credential_types"].values() if one["kind"] == "galaxy")
    hub = controller.add("credentials", name="Our own hub", credential_type=kind)
    organization = controller.one("organizations", "Tallyfy")
    controller.associations[organization["id"], "galaxy_credentials"] = [hub["id"]]
    controller.ledger.clear()
    # A folder needs no slash.
    run = playbooks.run("tallyfy.platform.awx_setup", "-vvv", variables={**OPTIONS, "awx_setup_playbooks": "playbooks"})
    assert run.status == 0, run.output
    assert controller.associated("organizations", "Tallyfy", "galaxy_credentials") == ["Our own hub"]
    galaxy = controller.one("credentials", "Ansible Galaxy")
    controller.associations[organization["id"], "galaxy_credentials"] = [galaxy["id"]]
    del controller.records["credentials"][hub["id"]]
    return run


class TestFirstRun:
    def test_everything_is_made(self, first: Run, controller: Controller) -> None:
        # The last are the teams, the role of each, and what both of them read.
        assert len(first.changed) == 9 + len(DATA["job_templates"]) + len(DATA["workflow_job_templates"]) + 2 + 2 + 1
        assert controller.associated("organizations", "Tallyfy", "galaxy_credentials") == ["Ansible Galaxy"]

    @pytest.mark.usefixtures("first")
    def test_the_credential_type_is_the_one_of_the_file(self, controller: Controller) -> None:
        kind = controller.one("credential_types", TYPE["name"])
        assert {name: kind[name] for name in TYPE} == TYPE

    @pytest.mark.usefixtures("first")
    def test_the_credential_holds_what_was_given_and_shows_no_secret(self, controller: Controller) -> None:
        shown = controller.one("credentials", "Tallyfy")
        assert shown["inputs"] == {"org_id": ORGANIZATION_ID, "client_id": "1111", "client_secret": "$encrypted$"}
        assert controller.records["credentials"][shown["id"]]["inputs"]["client_secret"] == SECRET
        assert shown["summary_fields"]["organization"]["name"] == "Tallyfy"

    @pytest.mark.usefixtures("first")
    def test_project_inventory_and_host_are_those_of_the_data(self, controller: Controller) -> None:
        project = controller.one("projects", DATA["project"]["name"])
        assert {name: project[name] for name in DATA["project"]} == DATA["project"]
        assert (project["scm_url"], project["scm_branch"], project["status"]) == (REPOSITORY, "", "successful")
        inventory = controller.one("inventories", DATA["inventory"]["name"])
        assert {name: inventory[name] for name in DATA["inventory"]} == DATA["inventory"]
        host = controller.one("hosts", "localhost")
        # With its braces: the job has to read them, not the playbook that made it.
        assert json.loads(host["variables"]) == DATA["host"]["variables"]
        assert host["variables"].count("{{ ansible_playbook_python }}") == 1

    @pytest.mark.parametrize("template", DATA["job_templates"], ids=lambda template: template["name"])
    @pytest.mark.usefixtures("first")
    def test_a_job_template_is_the_one_of_the_data(self, controller: Controller, template: dict[str, Any]) -> None:
        shown = controller.one("job_templates", template["name"])
        desired = {**DATA["every_job_template"], **template, "playbook": f"playbooks/{template['playbook']}"}
        survey = desired.pop("survey")
        assert {name: shown[name] for name in desired} == desired
        assert controller.surveys[shown["id"]] == aap_configuration.read(f"surveys/{survey}.yml")
        assert shown["summary_fields"]["execution_environment"]["name"] == "Tallyfy"
        assert controller.associated("job_templates", template["name"], "credentials") == ["Tallyfy"]
        assert controller.associated("job_templates", template["name"], "notification_templates_error") == [
            DATA["notification_template"]["name"]
        ]

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow["name"])
    @pytest.mark.usefixtures("first")
    def test_a_workflow_is_dry_run_approval_and_apply(self, controller: Controller, workflow: dict[str, Any]) -> None:
        shown = controller.one("workflow_job_templates", workflow["name"])
        assert controller.surveys[shown["id"]] == aap_configuration.read(f"surveys/{workflow['survey']}.yml")
        nodes = {
            node["identifier"]: controller.shown("workflow_job_template_nodes", node)
            for node in controller.records["workflow_job_template_nodes"].values()
            if node["workflow_job_template"] == shown["id"]
        }
        following = {
            name: [
                other for other in nodes
                if nodes[other]["id"] in controller.associations.get((node["id"], "success_nodes"), [])
            ]
            for name, node in nodes.items()
        }  # fmt: skip
        assert following == {"dry-run": ["approve"], "approve": ["apply"], "apply": []}
        runs = {name: node["summary_fields"]["unified_job_template"]["name"] for name, node in nodes.items()}
        dry_run, apply = (controller.one("job_templates", runs[name]) for name in ("dry-run", "apply"))
        assert (dry_run["job_type"], apply["job_type"]) == ("check", "run")
        assert dry_run["playbook"] == apply["playbook"]
        assert controller.one("workflow_approval_templates", runs["approve"])["timeout"] == 259200
        for name in ("notification_templates_error", "notification_templates_approvals"):
            assert controller.associated("workflow_job_templates", workflow["name"], name)

    @pytest.mark.usefixtures("first")
    def test_the_schedule_answers_what_the_survey_requires(self, controller: Controller) -> None:
        schedule = controller.one("schedules", DATA["schedule"]["name"])
        assert schedule["extra_data"] == {"drift_fail": "true", "drift_src": "people/everybody.yml"}
        assert schedule["rrule"] == DATA["schedule"]["rrule"]

    @pytest.mark.usefixtures("first")
    def test_a_notification_does_not_tell_the_answers_to_the_survey(self, controller: Controller) -> None:
        shown = controller.one("notification_templates", DATA["notification_template"]["name"])
        assert shown["notification_configuration"]["url"] == NOTIFICATION_URL
        assert shown["messages"] == DATA["notification_template"]["messages"]
        assert "{{ job.name }}" in shown["messages"]["error"]["body"]
        assert "job_metadata" not in shown["messages"]["error"]["body"]

    @pytest.mark.usefixtures("first")
    def test_the_survey_is_all_that_can_be_given(self, controller: Controller) -> None:
        prompts = {
            (template["name"], name)
            for kind in ("job_templates", "workflow_job_templates")
            for template in controller.records[kind].values()
            for name, asked in template.items()
            if name.startswith("ask_") and asked
        }
        assert {name for _template, name in prompts} == {"ask_credential_on_launch"}


@pytest.fixture(scope="module")
def tokens(controller: Controller, first: Run) -> tuple[str, str]:
    """Those of somebody of the help desk, and of an approver."""
    assert first.status == 0
    teams = [team["name"] for team in DATA["teams"]]
    desk, approver = (controller.add_user(f"somebody of {team}", team=team) for team in teams)
    return desk, approver


class TestTeams:
    """What the help desk and the approvers see and may do: enough, and nothing more."""

    ANSWERS = {
        "onboard_person": {
            "onboarding_person_email": "mary.major@example.com",
            "onboarding_person_first_name": "Mary",
            "onboarding_person_last_name": "Major",
        },
        "offboard": {"offboarding_person_emails": "mary.major@example.com"},
    }

    @staticmethod
    def ask(controller: Controller, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return controller.answer(method, path, body, f"Bearer {token}")

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow["name"])
    def test_one_launches_and_the_other_approves_what_both_see(
        self, controller: Controller, tokens: tuple[str, str], workflow: dict[str, Any]
    ) -> None:
        desk, approver = tokens
        launch = controller.one("workflow_job_templates", workflow["name"])["related"]["launch"]
        answers = {"extra_vars": self.ANSWERS[workflow["survey"]]}
        assert self.ask(controller, approver, "POST", launch, answers)[0] == 403
        assert self.ask(controller, desk, "POST", launch, answers)[0] == 201
        approval = max(controller.records["workflow_approvals"])
        approve = f"/api/v2/workflow_approvals/{approval}/approve/"
        dry_run = max(controller.records["jobs"])
        assert controller.records["jobs"][dry_run]["job_type"] == "check"
        assert self.ask(controller, desk, "POST", approve, {})[0] == 403
        assert self.ask(controller, approver, "POST", approve, {})[0] == 204
        apply = max(controller.records["jobs"])
        assert apply > dry_run
        for token in tokens:
            for job_id, kind in ((dry_run, "check"), (apply, "run")):
                status, answer = self.ask(controller, token, "GET", f"/api/v2/jobs/{job_id}/stdout/")
                assert (status, answer["content"].partition(":")[0]) == (200, kind)

    def test_they_see_and_do_nothing_more(self, controller: Controller, tokens: tuple[str, str]) -> None:
        nodes = [node["unified_job_template"] for workflow in WORKFLOWS for node in workflow["workflow_nodes"]]
        seen = {
            "workflow_job_templates": [workflow["name"] for workflow in WORKFLOWS],
            "job_templates": sorted({node["name"] for node in nodes if node["type"] == "job_template"}),
        }
        for token in tokens:
            for kind in (*seen, "credentials", "projects", "inventories", "hosts", "notification_templates"):
                listed = self.ask(controller, token, "GET", f"/api/v2/{kind}/")[1]["results"]
                assert sorted(one["name"] for one in listed) == sorted(seen.get(kind, [])), kind
            for name in (template["name"] for template in DATA["job_templates"]):
                template = controller.one("job_templates", name)
                assert self.ask(controller, token, "POST", template["related"]["launch"], {})[0] == 403
                assert self.ask(controller, token, "PATCH", template["url"], {"limit": "all"})[0] == 403


class TestSecondRun:
    def test_nothing_changes_but_what_upstream_always_reports(self, second: Run) -> None:
        # The module cannot compare an approval with what it wants, and says so in a warning.
        assert second.changed == ["Make the workflows"] * len(WORKFLOWS)
        assert "has encrypted data and may inaccurately report task is changed" in " ".join(second.output.split())

    @pytest.mark.usefixtures("second")
    def test_nothing_is_written_but_the_approval(self, controller: Controller) -> None:
        writes = [(entry.method, re.sub(r"\d+", "N", entry.path.partition("v2/")[2])) for entry in controller.writes]
        # The update of the project is what tells the controller of new playbooks.
        approvals = [("PATCH", "workflow_approval_templates/N/")] * len(WORKFLOWS)
        assert writes == [("POST", "projects/N/update/"), *approvals]

    @pytest.mark.usefixtures("second")
    def test_everything_is_as_it_was(self, controller: Controller, made: dict[str, Any]) -> None:
        assert state(controller) == made

    def test_no_secret_is_reported_or_left_behind(self, first: Run, second: Run, playbooks: Playbooks) -> None:
        files = [path for path in playbooks.folder.rglob("*") if path.is_file() and path.name != "extra-vars.json"]
        assert [path.name for path in files] == ["ansible.log"]
        reported = "\n".join([first.output, second.output, files[0].read_text()])
        assert REPOSITORY in reported
        for secret in (SECRET, json.dumps(SECRET)[1:-1], SECRET[:16], playbooks.controller.token, NOTIFICATION_URL):
            assert secret not in reported


def test_a_survey_that_changed_is_changed_in_the_controller_and_nothing_else(
    playbooks: Playbooks, second: Run, tmp_path: Path
) -> None:
    assert second.status == 0
    controller = playbooks.controller
    shutil.copytree(CHECKOUT / "playbooks", tmp_path / "playbooks")
    survey = tmp_path / "playbooks" / "awx" / "surveys" / "drift.yml"
    survey.write_text(survey.read_text().replace("question_name: Roster", "question_name: People"))
    controller.ledger.clear()
    # Without the organization: as behind the gateway of Automation Controller.
    run = playbooks.run(
        str(tmp_path / "playbooks" / "awx_setup.yml"), variables={**OPTIONS, "awx_setup_make_organization": False}
    )
    assert run.changed == ["Make the job templates", *["Make the workflows"] * len(WORKFLOWS)], run.output
    drift = controller.one("job_templates", "Tallyfy - drift")
    assert controller.surveys[drift["id"]]["spec"][0]["question_name"] == "People"
    assert [entry.path for entry in controller.writes if entry.path.endswith("survey_spec/")] == [
        drift["related"]["survey_spec"]
    ]
    assert not [entry for entry in controller.ledger if "galaxy_credentials" in entry.path]


def test_a_credential_more_for_another_organization(playbooks: Playbooks, second: Run) -> None:
    assert second.status == 0
    controller = playbooks.controller
    controller.ledger.clear()
    run = playbooks.run(
        *("tallyfy.platform.awx_setup", "--tags", "credential"),
        variables={**OPTIONS, "awx_setup_credential": "Tallyfy, Example Ltd", "tallyfy_org_id": "b" * 32},
    )
    assert run.changed == ["Make the credential"], run.output
    assert [entry.path for entry in controller.writes] == ["/api/v2/credentials/"]
    assert controller.one("credentials", "Tallyfy, Example Ltd")["inputs"]["org_id"] == "b" * 32
    # And gone again, for the comparison of two controllers.
    del controller.records["credentials"][controller.one("credentials", "Tallyfy, Example Ltd")["id"]]


class TestAapConfiguration:
    def test_the_file_is_made_from_the_data(self) -> None:
        assert aap_configuration.FILE.read_text(encoding="utf-8") == aap_configuration.text()

    def test_the_lists_make_the_same_in_two_organizations(self, made: dict[str, Any], tmp_path: Path) -> None:
        modules = {
            "controller_credential_types": "credential_type",
            "controller_credentials": "credential",
            "controller_projects": "project",
            "controller_inventories": "inventory",
            "controller_hosts": "host",
            "controller_notifications": "notification_template",
            "controller_templates": "job_template",
            "controller_workflows": "workflow_job_template",
            "controller_schedules": "schedule",
            "aap_teams": "team",
            "controller_roles": "role",
        }
        assert list(modules) == list(aap_configuration.configuration())
        tasks = [
            {"name": name, f"awx.awx.{module}": "{{ item }}", "loop": f"{{{{ {name} }}}}", "no_log": True}
            for name, module in modules.items()
        ]
        playbook = tmp_path / "lists.yml"
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(aap_configuration.FILE)],
            "tasks": tasks,
        }
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        with running_controller() as other:
            other.repositories[REPOSITORY] = repository(tmp_path / "repository")
            for organization in ("Globex", "Tallyfy"):
                other.add("organizations", name=organization)
                run = Playbooks(other, tmp_path).run(
                    str(playbook),
                    variables={
                        **OPTIONS,
                        "awx_setup_organization": organization,
                        "awx_setup_project_branch": "",
                        "awx_setup_playbooks": "playbooks/",
                        "tallyfy_org_id": ORGANIZATION_ID,
                        "tallyfy_client_id": "1111",
                        "tallyfy_client_secret": {"__ansible_unsafe": SECRET},
                    },
                )
                assert run.status == 0, run.output
            theirs, globex = state(other, "Tallyfy"), state(other, "Globex")
        # Nothing of one is in the other: both are the same but for their names.
        assert json.loads(json.dumps(globex).replace("Globex", "Tallyfy")) == json.loads(json.dumps(theirs))
        ours = {**made, "execution_environments": []}
        # The lists leave the execution environment to the controller.
        ours["job_templates"] = [{**one, "execution_environment": None} for one in made["job_templates"]]
        assert theirs == {**ours, "job_templates": sorted(ours["job_templates"], key=str)}


def test_nothing_of_the_data_switches_a_safeguard_off() -> None:
    assert DATA["project"]["allow_override"] is False
    assert DATA["notification_template"]["notification_configuration"]["disable_ssl_verification"] is False
    for template in ({**DATA["every_job_template"], **one} for one in DATA["job_templates"]):
        assert (template["use_fact_cache"], template["job_slice_count"]) == (False, 1), template["name"]
        writes = template["job_type"] == "run" and template["playbook"] not in ("drift.yml", "confirm_task.yml")
        assert template["allow_simultaneous"] is not writes, template["name"]


def test_nothing_of_the_data_is_taken_for_a_playbook() -> None:
    assert not [name for name in playbooks_in(CHECKOUT) if name.startswith("playbooks/awx/")]
    assert {template["playbook"] for template in DATA["job_templates"]} <= {
        path.name for path in (CHECKOUT / "playbooks").glob("*.yml")
    }


def test_a_file_of_variables_is_not_suggested_as_a_roster() -> None:
    """A roster is a list of people; ``new-hires.yml`` is the example with variables, for ``-e @new-hires.yml``."""
    survey = aap_configuration.read("surveys/onboard_roster.yml")
    suggested = Path(re.findall(r"people/\S+", survey["spec"][0]["question_description"])[0])
    variables = [path.name for path in (CHECKOUT / "playbooks" / "examples").glob("*.yml")
                 if isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)]  # fmt: skip
    assert "new-hires.yml" in variables
    assert suggested.name not in variables
