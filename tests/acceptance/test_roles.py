# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles and their playbooks, run by the real ansible-playbook against the sandbox."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._connection import OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._members import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding import ONBOARDING_OPTIONS, REFUSED_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._processes import PROCESS_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import ROSTER_OPTIONS
from sandbox.testing import Sandbox
from tests.acceptance.role_readmes import ROLES, tables_in, variables_table
from tests.acceptance.running import Playbooks

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "playbooks" / "examples"
ONBOARD, OFFBOARD, ROSTER = (f"tallyfy.platform.{name}" for name in ("onboard", "offboard", "roster"))
ALICE, BOB, JOHN, FRANK = (
    "alice.smith@example.com",
    "bob@example.com",
    "john.smith@example.com",
    "frank.moore@example.com",
)
MARY = {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"}
NEW_HIRES = ("mary.major@example.com", "richard.roe@example.com", "jane.doe@example.com")


class Run:
    """What one run of a playbook printed, and what of it tests look at."""

    def __init__(self, playbooks: Playbooks, playbook: str, *options: str, **environment: str) -> None:
        environment = {"ANSIBLE_SHOW_CUSTOM_STATS": "1", **environment}
        finished = playbooks.run(playbook, *options, **environment)
        self.output: str = finished.stdout
        self.status = finished.returncode
        recap = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) .* failed=(\d+)", self.output, flags=re.MULTILINE)
        self.changed = sum(int(changed) for _host, changed, _failed in recap)
        #: The texts of messages that are lists, which ansible-core shows one a line.
        self.lines = re.findall(r'^ {8}"(.*?)",?$', self.output, flags=re.MULTILINE)
        self.messages = set(self.lines)

    def succeeded(self) -> Run:
        assert self.status == 0, self.output
        assert "DEPRECATION" not in self.output, self.output
        return self

    def failed(self) -> Run:
        assert self.status == 2, self.output
        assert "Traceback" not in self.output
        assert "nhandled" not in self.output
        return self

    @property
    def stats(self) -> dict[str, int]:
        """The totals that were passed on."""
        return {name: value for name, value in self._passed_on.items() if not name.endswith("_report_text")}

    @property
    def report(self) -> str:
        """The report that was passed on as a text."""
        (text,) = [value for name, value in self._passed_on.items() if name.endswith("_report_text")]
        assert isinstance(text, str)
        return text

    @property
    def _passed_on(self) -> dict[str, Any]:
        _before, found, after = self.output.partition("RUN: ")
        assert found, self.output
        passed_on: dict[str, Any] = json.JSONDecoder().raw_decode(after)[0]
        return passed_on


def given(playbooks: Playbooks, **variables: Any) -> str:
    """Return the option that gives the variables in a file."""
    file = playbooks.folder / "variables.yml"
    file.write_text(yaml.safe_dump(variables), encoding="utf-8")
    return f"-e@{file}"


def example(name: str) -> str:
    return f"-e@{EXAMPLES / name}"


def rows_of(report: str) -> dict[str, list[str]]:
    """Return outcome, acts and note of each person from a Markdown report."""
    lines = [line for line in report.splitlines() if line.startswith("| ") and "---" not in line]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {row[0]: row[1:] for row in cells[1:]}


# --- onboarding -------------------------------------------------------------------------------------------------------


def test_check_mode_tells_what_the_run_does_and_the_second_run_does_nothing(
    sandbox: Sandbox, playbooks: Playbooks
) -> None:
    report = playbooks.folder / "report.md"
    options = (example("new-hires.yml"), "-e", "onboarding_report=report.md")

    announced = Run(playbooks, ONBOARD, *options, "--check", "--diff").succeeded()
    told = report.read_text(encoding="utf-8")
    assert sandbox.writes() == []
    assert "check mode" in told
    assert "What would be done" in told

    done = Run(playbooks, ONBOARD, *options).succeeded()
    written = report.read_text(encoding="utf-8")
    assert "check mode" not in written
    assert announced.stats == done.stats
    assert done.stats == {
        "onboarding_total": 4,
        "onboarding_created": 2,
        "onboarding_invited": 1,
        "onboarding_changed": 1,
        "onboarding_unchanged": 0,
        "onboarding_launched": 2,
        "onboarding_failed": 0,
        "onboarding_deferred": 0,
    }
    assert {email: row[1] for email, row in rows_of(told).items()} == {
        email: row[1] for email, row in rows_of(written).items()
    }
    assert {row[0] for row in rows_of(told).values()} == {"would change"}
    for email in NEW_HIRES:
        assert sandbox.member(email)
    engineering = sandbox.group("Engineering")
    mary = sandbox.member("mary.major@example.com")
    assert engineering
    assert mary
    assert mary["id"] in engineering["members"]
    assert mary["job_title"] == "Support engineer"
    newcomers = sandbox.group("Newcomers")
    assert newcomers
    assert mary["id"] in newcomers["members"]
    (launched,) = sandbox.runs("Onboarding of Mary Major (mary.major@example.com)")
    assert "Mary Major" in launched["prerun"].values()
    assert "Onboarding of Mary Major (mary.major@example.com)" in written

    sandbox.clear_ledger()
    again = Run(playbooks, ONBOARD, *options).succeeded()
    assert again.changed == 0
    assert sandbox.writes() == []
    assert again.stats["onboarding_unchanged"] == 4
    asked = [entry["route"] for entry in sandbox.ledger()]
    # The report wants the name of the organization; the token is still there from the first run.
    assert asked == [
        "organization.get", "members.list", "groups.list",
        "templates.list", "templates.get", "processes.list", "processes.list", "tags.list",
    ]  # fmt: skip
    assert {row[0] for row in rows_of(report.read_text(encoding="utf-8")).values()} == {"unchanged"}


def test_every_bad_row_is_named_and_nothing_is_written(sandbox: Sandbox, playbooks: Playbooks) -> None:
    people = [
        {"email": "mary", "first_name": "Mary", "last_name": "Major"},
        {"email": "a@example.com", "firstname": "A", "last_name": ""},
        {"email": "b@example.com", "first_name": "B", "last_name": "B", "role": "boss", "timezone": "Mars/Base"},
        {"email": "B@example.com", "first_name": "B", "last_name": "B", "groups": 5},
        {"email": "c@example.com", "first_name": "C", "last_name": "C", "groups": {"sett": ["People"]}},
        {"email": "d@example.com", "first_name": "D", "last_name": "D", "country_id": "Germany"},
        "e@example.com",
        {"email": "f@example.com", "first_name": "F", "last_name": "F", "state": "absent", "reassign_to": BOB},
        {"email": "g@example.com", "first_name": "G", "last_name": "G", "groups": {"add": [" people", "Recruiters"]}},
    ]
    told = "\n".join(Run(playbooks, ONBOARD, given(playbooks, onboarding_people=people)).failed().lines)
    for problem in (
        "row 1 (mary): email 'mary' is not an e-mail address",
        "row 2 (a@example.com): unknown field firstname",
        "row 2 (a@example.com): is not a member yet; to add them give first_name and last_name",
        "row 3 (b@example.com): value of role must be one of: admin, standard, light, got: boss",
        "row 3 (b@example.com): timezone 'Mars/Base'",
        "row 4 (B@example.com): groups is neither a list nor a dictionary",
        "row 4 (B@example.com): the same e-mail address as row 3",
        "row 5 (c@example.com): unknown field groups.sett",
        "row 6 (d@example.com): argument 'country_id'",
        "row 7: not a dictionary",
        "row 8 (f@example.com): unknown field state",
        "row 8 (f@example.com): unknown field reassign_to",
        "row 9 (g@example.com): there is no group 'Recruiters' (groups: Engineering, Legacy Team, People)",
    ):
        assert problem in told
    assert "'people'" not in told
    assert sandbox.writes() == []
    assert len(sandbox.ledger(route="groups.list")) == 1
    numbers = [int(number) for number in re.findall(r"^row (\d+)", told, flags=re.MULTILINE)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, "onboarding_people is not given"),
        ({"onboarding_people": "mary.major@example.com"}, "a list of people is needed, not a text"),
        ({"onboarding_people": {MARY["email"]: MARY}}, "onboarding_people is no list: each person begins with a dash"),
        ({"onboarding_people": [MARY], "onboarding_groups": {"name": "New"}}, "onboarding_groups is no list"),
        ({"onboarding_people": [MARY], "onboarding_process": "Tour"}, "onboarding_process: template: there is no"),
        ({"onboarding_people": [], "onboarding_report": "report.txt"}, "does not end in .md, .html or .json"),
        (
            {"onboarding_people": [], "onboarding_report": "nowhere/report.md"},
            "report nowhere/report.md does not exist",
        ),
        ({"onboarding_people": [MARY], "onboarding_defaults": {"state": "absent"}}, "onboarding_defaults.state"),
        ({"onboarding_people": [MARY], "onboarding_concurrency": 99}, "onboarding_concurrency is 99"),
        (
            {"onboarding_people": [{"email": "erin.walker@example.com", "role": "light"}], "onboarding_min_admins": 2},
            "onboarding_min_admins asks for 2",
        ),
        (
            {"onboarding_people": [MARY], "onboarding_defaults": {"groups": {"set": ["Recruiters"]}}},
            "row 1 (mary.major@example.com): there is no group 'Recruiters'",
        ),
    ],
)
def test_other_bad_input_is_refused_before_anything_is_written(
    variables: dict[str, Any], problem: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    assert problem in Run(playbooks, ONBOARD, given(playbooks, **variables)).failed().output
    assert sandbox.writes() == []


def test_blank_values_count_as_left_out(sandbox: Sandbox, playbooks: Playbooks) -> None:
    fields = [name for name in MEMBER_OPTIONS if name not in ("email", "state", "reassign_to")]
    variables = {
        "onboarding_report": "",
        "onboarding_concurrency": "",
        "onboarding_min_admins": None,
        "onboarding_defaults": {**dict.fromkeys(fields, ""), "role": "standard"},
        "onboarding_people": [
            {**dict.fromkeys(fields, ""), "email": NEW_HIRES[0], "first_name": "Mary", "last_name": "Major"},
            {**dict.fromkeys(fields), "email": BOB, "first_name": "Bob", "last_name": "Jones"},
            {**dict.fromkeys(fields, " "), "email": JOHN},
        ],
    }
    run = Run(playbooks, ONBOARD, given(playbooks, **variables)).succeeded()
    mary = sandbox.member(NEW_HIRES[0])
    assert mary
    assert mary["role"] == "standard"
    assert run.stats["onboarding_unchanged"] == 2, "Bob and John keep what was not mentioned"


def test_a_template_in_a_survey_answer_stays_text(sandbox: Sandbox, playbooks: Playbooks) -> None:
    file = playbooks.folder / "survey.yml"
    # As AWX writes the answers of a survey.
    file.write_text(
        "onboarding_report: report.html\n"
        "onboarding_people:\n"
        "  - email: mary.major@example.com\n"
        "    first_name: !unsafe '{{ 7*7 }}'\n"
        "    last_name: !unsafe '{% raw %}<b>|*Major'\n"
        "    groups: {add: [!unsafe '<i>{{ 7*7 }}</i>']}\n"
    )
    refused = Run(playbooks, ONBOARD, f"-e@{file}").failed()
    assert "there is no group '<i>{{ 7*7 }}</i>'" in refused.output

    file.write_text(file.read_text().replace("<i>{{ 7*7 }}</i>", "People"))
    refusal = {"error": True, "message": "Not <i>{{ 7*7 }}</i>"}
    fault = {"method": "PUT", "path": "*/groups/*", "status": 403, "body": refusal}
    sandbox.fault(**fault)
    failed = Run(playbooks, ONBOARD, f"-e@{file}").failed()
    assert "Not <i>{{ 7*7 }}</i>" in failed.output
    page = (playbooks.folder / "report.html").read_text(encoding="utf-8")
    assert "&lt;i&gt;{{ 7*7 }}&lt;/i&gt;" in page
    assert "<i>" not in page

    Run(playbooks, ONBOARD, f"-e@{file}").succeeded()
    mary = sandbox.member("mary.major@example.com")
    assert mary
    assert (mary["first_name"], mary["last_name"]) == ("{{ 7*7 }}", "{% raw %}<b>|*Major")


@pytest.mark.parametrize("playbook", [ONBOARD, ROSTER])
def test_unchanged_people_cost_one_listing(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    sandbox.reset(members=300)
    seeded = sandbox.state(sandbox.org_id)
    people = [
        {
            "email": member["email"],
            "first_name": member["first_name"],
            "groups": [group["name"] for group in seeded["groups"] if member["id"] in group["members"]],
        }
        for member in seeded["members"]
        if member["status"] == "active" and not member["email"].startswith("bot@")
    ]
    assert len(people) > 250
    assert any(person["groups"] for person in people)
    sandbox.clear_ledger()
    rows = "roster_members" if playbook == ROSTER else "onboarding_people"
    run = Run(playbooks, playbook, given(playbooks, **{rows: people})).succeeded()
    assert run.changed == 0
    assert [entry["route"] for entry in sandbox.ledger()] == ["oauth.token", "members.list", "groups.list"]


def test_one_failure_does_not_stop_the_others(sandbox: Sandbox, playbooks: Playbooks) -> None:
    john = sandbox.member(JOHN)
    assert john
    refusal = {"error": True, "message": "Nobody may touch <John> | *today*"}
    sandbox.fault(method="PUT", path=f"*/users/{john['id']}", times=None, status=403, body=refusal)
    options = (example("new-hires.yml"), "-e", "onboarding_report=report.md")
    run = Run(playbooks, ONBOARD, *options, "-e", "awx_job_id=42", "-e", "awx_user_name=helen").failed()

    for email in NEW_HIRES:
        assert sandbox.member(email)
    assert "1 of 5 could not be brought in:" in run.messages
    assert any(message.startswith(f"{JOHN}: PUT") for message in run.messages)
    assert run.stats["onboarding_failed"] == 1
    assert run.stats["onboarding_created"] == 2
    report = (playbooks.folder / "report.md").read_text(encoding="utf-8")
    assert "- AWX job: 42\n- Launched by: helen\n" in report
    outcome, _acts, note = rows_of(report)[JOHN]
    assert outcome == "failed"
    assert r"Nobody may touch \<John\> \| \*today\*" in note
    assert rows_of(report)[NEW_HIRES[0]][0] == "changed"


def test_a_wrong_secret_is_one_failure_and_is_not_shown(sandbox: Sandbox, playbooks: Playbooks) -> None:
    secret = "wrong-secret/+="
    run = Run(playbooks, ONBOARD, example("new-hires.yml"), "-vvvv", TALLYFY_CLIENT_SECRET=secret).failed()
    assert len(sandbox.sign_ins()) == len(sandbox.ledger()) == 1
    assert run.output.count("fatal: [localhost]: FAILED!") == 1
    assert "the sign-in failed" in run.output
    assert secret not in run.output


@pytest.mark.parametrize(
    ("playbook", "rows", "heading"),
    [
        (ONBOARD, "onboarding_people", "Nobody was brought in:"),
        (OFFBOARD, "offboarding_people", "Nobody was removed:"),
        (ROSTER, "roster_members", "Nothing was written:"),
    ],
)
def test_what_keeps_a_run_from_beginning_is_told_and_is_no_mistake_of_the_list(
    playbook: str, rows: str, heading: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    variables = given(playbooks, **{rows: [{"email": JOHN}]})
    told = Run(playbooks, playbook, variables, TALLYFY_CLIENT_SECRET="wrong").failed()
    assert told.lines[0] == heading
    assert "the sign-in failed" in told.lines[1]
    assert "failed_when" not in told.output, "what stands in the place of the reason since ansible-core 2.19"
    told = Run(playbooks, playbook, variables, TALLYFY_ORG_ID="").failed()
    assert told.lines == [heading, "org_id is not set: give the option or TALLYFY_ORG_ID"]
    role = rows.partition("_")[0]
    told = Run(playbooks, playbook, variables, "-e", f"{role}_min_admins=two").failed()
    assert told.lines[0] == heading
    assert told.lines[1].startswith(f"argument '{role}_min_admins' is of type ")
    sandbox.fault(route="members.list", times=None, status=403)
    told = Run(playbooks, playbook, variables).failed()
    assert told.lines[0] == heading
    assert told.lines[1].startswith("GET /organizations/")


@pytest.mark.parametrize("in_process", [True, False])
def test_a_library_that_is_missing_is_named(in_process: bool, sandbox: Sandbox, playbooks: Playbooks) -> None:
    broken = playbooks.folder / "broken"
    broken.mkdir()
    (broken / "requests.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    variables = given(playbooks, roster_members=[{"email": JOHN}], tallyfy_in_process=in_process)
    told = Run(playbooks, ROSTER, variables, PYTHONPATH=str(broken))
    assert told.status == 2, told.output
    assert told.lines[0] == "Nothing was written:"
    assert "Failed to import the required Python library (requests)" in told.lines[1]


@pytest.mark.parametrize("playbook", [ONBOARD, OFFBOARD])
def test_the_failures_are_named_when_the_report_cannot_be_written(
    playbook: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    refusal = {"error": True, "message": "Nobody may touch John"}
    sandbox.fault(method="PUT", path="*/users/12345*", times=None, status=403, body=refusal)
    sandbox.fault(method="DELETE", path="*/users/12345*", times=None, status=403, body=refusal)
    too_long = "x" * 300 + ".md"
    john = {"email": JOHN} if playbook == OFFBOARD else {**MARY, "email": JOHN}
    role = "offboarding" if playbook == OFFBOARD else "onboarding"
    variables = given(playbooks, **{f"{role}_people": [john], f"{role}_report": too_long})
    run = Run(playbooks, playbook, variables).failed()
    assert "File name too long" in run.output
    assert any(message.startswith("1 of 1 could not be ") for message in run.messages)
    assert any(message.startswith(f"{JOHN}: ") for message in run.messages)


def test_a_report_needs_no_name_of_the_organization(playbooks: Playbooks) -> None:
    play = """
- hosts: localhost
  gather_facts: false
  roles:
    - role: tallyfy.platform.report
      report_path: report.md
      report_title: Nobody
      report_organization: {id: 25f6}
      report_rows: []
"""
    assert playbooks.run(play).returncode == 0
    assert "- Organization: 25f6\n" in (playbooks.folder / "report.md").read_text(encoding="utf-8")


BLANK = {"tallyfy_timeout": "", "tallyfy_max_wait": None, "tallyfy_rate_limit": "", "tallyfy_validate_certs": ""}


@pytest.mark.parametrize("playbook", [ONBOARD, OFFBOARD, ROSTER])
def test_blank_connection_options_count_as_left_out(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    people: dict[str, Any] = {"onboarding_people": [], "offboarding_people": [], "roster_members": []}
    Run(playbooks, playbook, given(playbooks, **BLANK, **people)).succeeded()


@pytest.mark.parametrize("playbook", [ONBOARD, OFFBOARD, ROSTER])
def test_zero_and_false_are_connection_options_too(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    people: dict[str, Any] = {"onboarding_people": [], "offboarding_people": [], "roster_members": []}
    options = {"tallyfy_max_wait": 0, "tallyfy_rate_limit": 0, "tallyfy_validate_certs": False}
    variables = given(playbooks, **options, **people)
    run = Run(playbooks, playbook, variables, "-vvv", ANSIBLE_INJECT_INVOCATION="1").succeeded()
    for shown in ('"max_wait": 0', '"rate_limit": 0', '"validate_certs": false'):
        assert shown in run.output


@pytest.mark.parametrize("playbook", [ONBOARD, OFFBOARD, ROSTER])
def test_several_hosts_need_organizations_of_their_own(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    people: dict[str, Any] = {"onboarding_people": [], "offboarding_people": [], "roster_members": []}
    options = (given(playbooks, **people, tallyfy_hosts="all"), "-i")
    run = Run(playbooks, playbook, *options, "globex,initech,").failed()
    for host in ("globex", "initech"):
        assert f"{host} has no tallyfy_org_id" in run.output
    assert sandbox.ledger() == []

    # One of several, which a limit or a slice of AWX has left alone.
    names = {"awx_workflow_job_name": "A template", "awx_job_template_name": "A template"}
    for alone in (("globex,initech,", "--limit", "globex"), ("globex,", "-e", json.dumps(names))):
        run = Run(playbooks, playbook, *options, *alone).failed()
        assert "globex has no tallyfy_org_id" in run.output
    assert sandbox.ledger() == []

    Run(playbooks, playbook, *options, "globex,").succeeded()
    assert len(sandbox.ledger(route="members.list")) == 1, "one host is the organization of the environment"


@pytest.mark.parametrize("playbook", [ONBOARD, OFFBOARD, ROSTER])
def test_an_inventory_that_nothing_names_is_pointed_at(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    hint = "Name those that are meant, such as: -e tallyfy_hosts=all"
    assert hint in Run(playbooks, playbook, "-i", "globex,initech,").failed().output
    assert hint not in Run(playbooks, playbook, "-i", "localhost,").failed().output
    assert sandbox.ledger() == []


def test_an_empty_list_is_nothing_to_do(sandbox: Sandbox, playbooks: Playbooks) -> None:
    options = ("-e", '{"onboarding_people": [], "onboarding_report": "report.md"}')
    run = Run(playbooks, ONBOARD, *options).succeeded()
    assert run.changed == 0
    assert set(run.stats.values()) == {0}
    assert sandbox.writes() == []
    assert "There is nobody to list." in (playbooks.folder / "report.md").read_text(encoding="utf-8")


def test_secrets_are_nowhere(sandbox: Sandbox, playbooks: Playbooks) -> None:
    options = (example("new-hires.yml"), "-e", "onboarding_report=report.html", "-vvvv", "--diff")
    run = Run(playbooks, ONBOARD, *options).succeeded()
    page = (playbooks.folder / "report.html").read_text(encoding="utf-8")
    for text in (run.output, page):
        assert sandbox.client_secret not in text
        assert "Bearer " not in text
    assert all(isinstance(number, int) for number in run.stats.values())


def test_many_organizations_are_hosts_with_their_own_credentials(sandbox: Sandbox, playbooks: Playbooks) -> None:
    sandbox.reset(organizations=2)
    inventory = playbooks.folder / "customers.yml"
    hosts = {
        organization["name"].lower().replace(" ", "-"): {
            "tallyfy_org_id": organization["id"],
            "tallyfy_client_id": organization["client_id"],
            "tallyfy_client_secret": f"org-{number}-secret",
        }
        for organization in sandbox.state()["organizations"]
        for number in (1, 2)
        if organization["name"] == f"Organization {number}"
    }
    assert len(hosts) == 2
    inventory.write_text(yaml.safe_dump({"customers": {"hosts": hosts}}))
    variables = {
        "tallyfy_hosts": "customers",
        "onboarding_people": [
            {"email": "mary@{{ inventory_hostname }}.example.com", "first_name": "M", "last_name": "M"}
        ],
        "onboarding_report": "{{ inventory_hostname }}.html",
    }
    options = ("-i", str(inventory), given(playbooks, **variables))
    run = Run(
        playbooks, ONBOARD, *options, TALLYFY_ORG_ID="", TALLYFY_CLIENT_ID="", TALLYFY_CLIENT_SECRET=""
    ).succeeded()
    assert run.stats["onboarding_created"] == 2, "the totals of the hosts are added up"
    for name, host in hosts.items():
        emails = {member["email"] for member in sandbox.state(host["tallyfy_org_id"])["members"]}
        assert f"mary@{name}.example.com" in emails
        assert host["tallyfy_org_id"] in (playbooks.folder / f"{name}.html").read_text(encoding="utf-8")


# --- offboarding ------------------------------------------------------------------------------------------------------


def test_leavers_hand_over_and_lose_access_once(sandbox: Sandbox, playbooks: Playbooks) -> None:
    report = playbooks.folder / "report.md"
    options = (example("leavers.yml"), "-e", "offboarding_report=report.md")
    announced = Run(playbooks, OFFBOARD, *options, "--check").succeeded()
    told = rows_of(report.read_text(encoding="utf-8"))
    assert sandbox.writes() == []

    done = Run(playbooks, OFFBOARD, *options).succeeded()
    written = rows_of(report.read_text(encoding="utf-8"))
    assert announced.stats == done.stats
    assert done.stats["offboarding_removed"] == 2
    assert {email: row[1] for email, row in told.items()} == {email: row[1] for email, row in written.items()}
    assert "open work goes to bob@example.com" in written[JOHN][1]
    assert "open work goes to erin.walker@example.com" in written[FRANK][1]
    bob = sandbox.member(BOB)
    john = sandbox.member(JOHN)
    assert bob
    assert john
    assert john["status"] == "disabled"
    assert str(bob["id"]) in [entry["query"].get("to") for entry in sandbox.writes()]

    sandbox.clear_ledger()
    again = Run(playbooks, OFFBOARD, *options).succeeded()
    assert again.changed == 0
    assert sandbox.writes() == []
    assert again.stats["offboarding_unchanged"] == 2

    gone = Run(playbooks, OFFBOARD, *options, "-e", "offboarding_delete=true").succeeded()
    assert gone.stats["offboarding_deleted"] == 2
    assert sandbox.member(JOHN) is None


def test_unknown_people_are_named(sandbox: Sandbox, playbooks: Playbooks) -> None:
    john = sandbox.member(JOHN)
    assert john
    refusal = {"error": True, "message": "Not <i>John"}
    sandbox.fault(method="DELETE", path=f"*/users/{john['id']}*", times=None, status=403, body=refusal)
    variables = {
        "offboarding_people": [{"email": JOHN}, {"email": "nobody@example.com"}, {"email": FRANK, "reassign_to": ""}],
        "offboarding_report": "report.html",
    }
    run = Run(playbooks, OFFBOARD, given(playbooks, **variables)).failed()
    assert "1 of 3 could not be removed:" in run.messages
    assert any(message.startswith(f"{JOHN}: DELETE") for message in run.messages)
    assert "nobody@example.com" in run.messages
    assert run.stats == {
        "offboarding_total": 3,
        "offboarding_removed": 1,
        "offboarding_deleted": 0,
        "offboarding_unchanged": 0,
        "offboarding_not_found": 1,
        "offboarding_failed": 1,
        "offboarding_deferred": 0,
        "offboarding_guests_handed_over": 0,
        "offboarding_guests_removed": 0,
        "offboarding_guests_not_found": 0,
        "offboarding_guests_failed": 0,
    }
    frank = sandbox.member(FRANK)
    assert frank
    assert frank["status"] == "disabled"
    page, text = Table(), (playbooks.folder / "report.html").read_text(encoding="utf-8")
    assert "Not &lt;i&gt;John" in text
    assert (playbooks.folder / "report.html").stat().st_mode & 0o007 == 0, "names and addresses are not for everybody"
    page.feed(text)
    assert [row[:2] for row in page.rows] == [
        ["Person", "Outcome"],
        [JOHN, "failed"],
        ["nobody@example.com", "unchanged"],
        [FRANK, "changed"],
    ]
    assert page.rows[2][3] == "No member has this address."


def test_who_is_protected_is_a_mistake_of_the_list(sandbox: Sandbox, playbooks: Playbooks) -> None:
    people = [{"email": ALICE}, {"email": BOB}, {"email": JOHN}]
    variables = given(playbooks, offboarding_people=people, offboarding_protect=["bob@*"])
    told = Run(playbooks, OFFBOARD, variables).failed().messages
    assert any("row 1 (alice.smith@example.com): is not removed: this is the default admin" in text for text in told)
    assert "row 2 (bob@example.com): is not removed: offboarding_protect holds bob@*" in told
    assert sandbox.writes() == []


def test_the_fuse_of_an_offboarding(sandbox: Sandbox, playbooks: Playbooks) -> None:
    active = [row["email"] for row in sandbox.state(sandbox.org_id)["members"] if row["status"] == "active"]
    never = (ALICE, "bot@tallyfy.com", "support@example.net")
    people = [{"email": email} for email in active if email not in never]
    told = Run(playbooks, OFFBOARD, given(playbooks, offboarding_people=people)).failed().lines
    assert told[0] == "Nobody was removed:"
    assert "offboarding_max_removals (50% of 6 active members) allows 3" in told[1]
    assert "set offboarding_max_removals to 5" in told[1]
    assert sandbox.writes() == []
    variables = given(playbooks, offboarding_people=people, offboarding_max_removals=5)
    assert Run(playbooks, OFFBOARD, variables).succeeded().stats["offboarding_removed"] == 5


def test_every_bad_leaver_is_named_and_nothing_is_written(sandbox: Sandbox, playbooks: Playbooks) -> None:
    people = [
        {"email": JOHN, "reassign_to": "Bob@Example.com", "role": "light"},
        {"email": BOB, "reasign_to": ALICE},
        {"email": FRANK, "reassign_to": "frank"},
        {"last_name": "Lee"},
        "dana.lee@example.com",
        {"email": "erin.walker@example.com", "reassign_to": "Nobody@example.com"},
        {"email": "grace.kim@example.net", "reassign_to": "dana.lee@example.com"},
        {"email": "charlie.brown@example.com", "reassign_to": "bot@tallyfy.com"},
    ]
    told = "\n".join(Run(playbooks, OFFBOARD, given(playbooks, offboarding_people=people)).failed().messages)
    for problem in (
        "row 2 (bob@example.com): unknown field reasign_to",
        "row 3 (frank.moore@example.com): reassign_to 'frank' is not an e-mail address",
        "row 4 (no e-mail address): missing required arguments: email",
        "row 5: not a dictionary",
        "row 1 (john.smith@example.com): unknown field role",
        "row 1 (john.smith@example.com): reassign_to bob@example.com is leaving too",
        "row 6 (erin.walker@example.com): reassign_to Nobody@example.com is not a member of the organization",
        "row 7 (grace.kim@example.net): reassign_to dana.lee@example.com is disabled, and must be active",
        "row 8 (charlie.brown@example.com): reassign_to bot@tallyfy.com is the Tallyfy Bot, and must be active",
    ):
        assert problem in told
    assert sandbox.writes() == []


def test_successors_cost_nothing(sandbox: Sandbox, playbooks: Playbooks) -> None:
    people = [{"email": JOHN}, {"email": FRANK, "reassign_to": "ERIN.walker@example.com "}, {"email": BOB}]
    variables = given(playbooks, offboarding_people=people, offboarding_reassign_to="nobody@example.com")
    told = Run(playbooks, OFFBOARD, variables).failed().messages
    # The variable is wrong and not the rows, so it is told once.
    assert {message for message in told if "nobody@example.com" in message} == {
        "offboarding_reassign_to nobody@example.com is not a member of the organization"
    }
    # The second listing names those with whom guests are associated: a leaver may be a guest.
    assert [entry["route"] for entry in sandbox.ledger()] == [
        "oauth.token", "members.list", "guests.list", "members.list",
    ]  # fmt: skip
    assert sandbox.writes() == []


# --- roster -----------------------------------------------------------------------------------------------------------


def test_a_roster_file_is_converged_once(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "roster.yml").write_text((EXAMPLES / "roster.yml").read_text(encoding="utf-8"))
    report = playbooks.folder / "report.json"
    options = ("-e", "roster_src=roster.yml", "-e", "roster_report=report.json")
    announced = Run(playbooks, ROSTER, *options, "--check", "--diff").succeeded()
    told = json.loads(report.read_text(encoding="utf-8"))
    assert sandbox.writes() == []
    assert "5 people: created 2, updated 1, handed over 1, unchanged 1" in announced.output

    done = Run(playbooks, ROSTER, *options).succeeded()
    written = json.loads(report.read_text(encoding="utf-8"))
    assert announced.stats == done.stats
    assert done.stats == {
        **dict.fromkeys((f"roster_{name}" for name in written["counts"]), 0),
        "roster_created": 2,
        "roster_updated": 1,
        "roster_handed_over": 1,
        "roster_unchanged": 1,
    }
    assert (told["check_mode"], written["check_mode"]) == (True, False)
    assert told["rows"] == written["rows"]
    assert {row["email"] for row in written["rows"]} == {BOB, JOHN, *NEW_HIRES[:2]}, "who is as wanted is counted only"
    assert written["organization"] == {"id": sandbox.org_id, "name": "Globex Corporation"}

    sandbox.clear_ledger()
    again = Run(playbooks, ROSTER, "-e", "roster_src=roster.yml").succeeded()
    assert again.changed == 0
    assert [entry["route"] for entry in sandbox.ledger()] == ["members.list", "groups.list"]
    assert "5 people: unchanged 5" in again.output


def test_the_csv_example_says_nearly_the_same(sandbox: Sandbox, playbooks: Playbooks) -> None:
    run = Run(playbooks, ROSTER, given(playbooks, roster_src=str(EXAMPLES / "roster.csv"))).succeeded()
    assert "5 people: created 2, updated 1, disabled 1, unchanged 1" in run.output
    mary = sandbox.member(NEW_HIRES[0])
    assert mary
    assert mary["job_title"] == "Engineer, support"


def test_the_fuse_of_a_roster_can_be_read_and_obeyed(sandbox: Sandbox, playbooks: Playbooks) -> None:
    people = [{"email": ALICE}, {"email": BOB}, {"email": "erin.walker@example.com"}]
    options: dict[str, Any] = {
        "roster_members": people,
        "roster_unlisted": "absent",
        "roster_protect": ["*@example.net"],
    }
    told = Run(playbooks, ROSTER, given(playbooks, **options), "--check").failed().lines
    assert told[0] == "Nothing was written:"
    assert told[1].startswith("3 members would lose their access, and roster_max_removals (10% of 6 active")
    assert JOHN in told[1]
    assert "If that is meant, set roster_max_removals to 3" in told[1]
    assert sandbox.writes() == []

    options["roster_max_removals"] = 3
    options["roster_reassign_to"] = BOB
    run = Run(playbooks, ROSTER, given(playbooks, **options)).succeeded()
    assert run.stats["roster_handed_over"] == 3
    john = sandbox.member(JOHN)
    kept = sandbox.member("grace.kim@example.net")
    assert john
    assert kept
    assert (john["status"], kept["status"]) == ("disabled", "active")

    sandbox.clear_ledger()
    assert Run(playbooks, ROSTER, given(playbooks, **options)).succeeded().changed == 0
    assert sandbox.writes() == []


def test_blank_variables_of_a_roster_count_as_not_given(sandbox: Sandbox, playbooks: Playbooks) -> None:
    names = [f"roster_{name}" for name in (*ROSTER_OPTIONS, "report")]
    variables = {**dict.fromkeys(names, ""), "roster_members": [{"email": BOB, "first_name": ""}]}
    Run(playbooks, ROSTER, given(playbooks, **variables)).succeeded()
    assert sandbox.writes() == []
    run = Run(playbooks, ROSTER, given(playbooks, **dict.fromkeys(names, ""))).failed()
    assert "Neither roster_src nor roster_members is given" in run.output


def test_mistakes_of_a_roster_are_named_with_their_lines(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "r.csv").write_text("email,role,groups\nbob@example.com,boss,\n\njohn@example,,Recruiters\n")
    options = {"roster_src": "r.csv", "roster_concurrency": 99, "roster_max_removals": "few"}
    told = Run(playbooks, ROSTER, given(playbooks, **options)).failed().lines
    assert told == [
        "The roster has mistakes, so nothing was written:",
        "roster_max_removals 'few' is neither a number nor a percentage such as 10%",
        "roster_concurrency is 99, and must be between 1 and 32",
        "r.csv line 2 (bob@example.com): value of role must be one of: admin, standard, light, got: boss",
        "r.csv line 4 (john@example): email 'john@example' is not an e-mail address",
    ]
    assert sandbox.writes() == []
    both = given(playbooks, roster_src="r.csv", roster_members=[])
    assert "roster_src and roster_members are both given" in Run(playbooks, ROSTER, both).failed().output


@pytest.mark.parametrize("playbook", [ONBOARD, ROSTER])
def test_who_has_to_wait_is_named(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    john = sandbox.member(JOHN)
    assert john
    sandbox.fault(method="PUT", path=f"*/users/{john['id']}", times=None, status=429, headers={"Retry-After": "900"})
    name, rows = ("roster", "roster_members") if playbook == ROSTER else ("onboarding", "onboarding_people")
    people = [{"email": JOHN, "job_title": "Team lead"}, {"email": ALICE, "first_name": "Alice"}]
    variables = given(playbooks, **{rows: people, f"{name}_report": "report.json"})
    run = Run(playbooks, playbook, variables).failed()
    assert run.stats[f"{name}_deferred"] == 1
    assert run.stats[f"{name}_unchanged"] == 1
    (told,) = [line for line in run.lines if line.startswith(f"{JOHN}: Deferred until ")]
    assert re.search(r"Deferred until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ: ", told)
    rows_told = json.loads((playbooks.folder / "report.json").read_text(encoding="utf-8"))["rows"]
    assert rows_told[0]["outcome"] == "deferred"


class Table(HTMLParser):
    """The rows of the tables on a page; fails on a page whose tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            return
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


# --- what is written down twice ---------------------------------------------------------------------------------------


def test_the_options_of_a_row_are_those_of_the_module() -> None:
    spec = yaml.safe_load((ROLES / "onboarding" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    row = options["onboarding_people"]["options"]
    expected = {name: option for name, option in MEMBER_OPTIONS.items() if name not in ("state", "reassign_to")}
    assert set(row) == {*expected, "process"}
    assert set(options["onboarding_process"]["options"]) == set(PROCESS_OPTIONS) - {"state"}
    assert set(options["onboarding_defaults"]["options"]) == set(expected) - {"email"}
    for name, option in expected.items():
        assert row[name]["type"] == option["type"]
        assert row[name].get("choices") == option.get("choices")
        assert set(row[name].get("options", ())) == set(option.get("options", ()))


def test_what_a_role_refuses_is_all_that_a_row_of_it_cannot_hold() -> None:
    """What the module would take in a row, and the role does not describe, is refused."""
    variables = yaml.safe_load((ROLES / "offboarding" / "vars" / "main.yml").read_text(encoding="utf-8"))
    for role, refused in (("onboarding", REFUSED_FIELDS), ("offboarding", variables["__offboarding_refused_fields"])):
        spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        described = spec["argument_specs"]["main"]["options"][f"{role}_people"]["options"]
        assert set(refused) == set(MEMBER_OPTIONS) - set(described)


def test_the_onboarding_role_has_every_option_of_the_module() -> None:
    spec = yaml.safe_load((ROLES / "onboarding" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = set(spec["argument_specs"]["main"]["options"])
    assert options >= {f"onboarding_{name}" for name in ONBOARDING_OPTIONS} - {"onboarding_on_error"}


def test_the_roster_role_has_every_option_of_the_module() -> None:
    spec = yaml.safe_load((ROLES / "roster" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    assert set(options) == {f"roster_{name}" for name in ROSTER_OPTIONS} | {"roster_report"}
    for name, option in ROSTER_OPTIONS.items():
        if "default" in option:
            assert options[f"roster_{name}"]["default"] == option["default"]


@pytest.mark.parametrize("playbook", ["onboard", "offboard", "roster", "authorize"])
def test_playbooks_take_every_connection_option(playbook: str) -> None:
    (play,) = yaml.safe_load((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    defaults = play["module_defaults"]["group/tallyfy.platform.tallyfy"]
    assert set(defaults) == set(OPTIONS)
    for name, value in defaults.items():
        assert f"tallyfy_{name} | default(" in value
        assert "omit" in value


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_readme_and_defaults_agree_with_the_argument_spec(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text(encoding="utf-8")
    assert tables_in(readme) == [variables_table(ROLES / role)]
    spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert defaults == {name: option["default"] for name, option in options.items() if "default" in option}
    assert all(name.startswith(f"{role}_") for name in options)
