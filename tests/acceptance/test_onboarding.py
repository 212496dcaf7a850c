# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People, groups, guests and processes in one task: few requests, all problems together, nothing twice."""

from __future__ import annotations

import json
import random
from collections import Counter
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._api.answer import Answer
from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from sandbox.testing import Sandbox
from tests.acceptance.pages import File, read_page
from tests.acceptance.running import IN_PROCESS, WAYS, Modules
from tests.people import ALICE, BOB, DANA, HIRE_ID, MARY, RICHARD, TOUR_ID

pytestmark = pytest.mark.any_core

HIRED = {
    "template": HIRE_ID,
    "name": "Onboarding of {full_name}",
    "kickoff": {
        "New hire name": "{full_name}",
        "Personal email": "{email}",
        "Start date": "2026-12-01",
        "Contract type": "Full-time",
        "Department": "Engineering",
    },
}
TOURED = {"template": TOUR_ID, "name": "Tour for {first_name}"}


@pytest.fixture
def way() -> str:
    return IN_PROCESS


def launched(sandbox: Sandbox, template_id: str) -> list[dict[str, Any]]:
    return [run for run in sandbox.runs() if run["checklist_id"] == template_id]


def newcomers(count: int) -> list[dict[str, Any]]:
    return [
        {"email": f"hire{number}@example.com", "first_name": "Hire", "last_name": f"Number{number}"}
        for number in range(count)
    ]


class TestEverything:
    @pytest.mark.parametrize("way", WAYS)
    def test_check_mode_reports_what_the_run_does_and_the_second_run_does_nothing(
        self, sandbox: Sandbox, modules: Modules
    ) -> None:
        arguments = {
            "people": [
                {**MARY, "role": "standard", "groups": ["Engineering", "Newcomers"]},
                {**RICHARD, "groups": "newcomers", "process": {"kickoff": {"Buddy": [MARY["email"], BOB]}}},
                {"email": BOB, "team": "Sales", "process": False},
                {"email": DANA},
            ],
            "process": HIRED,
            "ensure_groups": ["Newcomers", {"name": "Empty", "description": "Nobody yet"}, "engineering"],
            "ensure_guests": [{"email": "agency@example.net", "associated_members": [MARY["email"], ALICE]}],
        }
        reported = modules.succeed("tallyfy_onboarding", check_mode=True, **arguments)
        assert sandbox.writes() == []
        done = modules.succeed("tallyfy_onboarding", **arguments)
        for name in ("changed", "actions", "diff", "summary", "groups", "guests", "deferred", "notes", "organization"):
            assert reported[name] == done[name], name
        assert [without_ids(row) for row in reported["people"]] == [without_ids(row) for row in done["people"]]
        assert done["summary"]["people"] == counts(created=2, invited=0, enabled=1, updated=1)
        assert done["summary"]["processes"] == counts(launched=3, unarchived=0)
        assert done["summary"]["groups"] == counts(created=2, unchanged=1)
        assert done["summary"]["guests"] == counts(created=1, enabled=0)
        mary, richard, alice = (sandbox.member(email) for email in (MARY["email"], RICHARD["email"], ALICE))
        assert mary
        assert richard
        assert alice
        group = sandbox.group("Newcomers")
        assert sorted(group["members"]) == sorted([mary["id"], richard["id"]])
        (buddies,) = [
            run["prerun"][field]
            for run in sandbox.runs("Onboarding of Richard Roe (richard.roe@example.com)")
            for field in run["prerun"]
            if isinstance(run["prerun"][field], dict) and "users" in run["prerun"][field]
        ]
        assert sorted(buddies["users"]) == sorted([mary["id"], 1002])

        sandbox.clear_ledger()
        again = modules.succeed("tallyfy_onboarding", **arguments)
        assert again["changed"] is False
        assert sandbox.writes() == []
        assert again["diff"]["before"] == again["diff"]["after"] == {}
        assert [row["process"]["id"] for row in again["people"] if row["process"]] == [
            row["process"]["id"] for row in done["people"] if row["process"]
        ]

    def test_the_diff_names_exactly_what_becomes_different(self, sandbox: Sandbox, modules: Modules) -> None:
        done = modules.succeed(
            "tallyfy_onboarding",
            people=[{**MARY, "groups": ["Newcomers"]}, {"email": BOB, "team": "Sales"}],
            process=TOURED,
            ensure_groups=["Newcomers"],
        )
        assert done["diff"]["before"] == {BOB: {"team": "Operations"}}
        assert set(done["diff"]["after"]) == {
            BOB, f"{BOB}: process", MARY["email"], f"{MARY['email']}: process", "group Newcomers",
        }  # fmt: skip

    def test_a_reference_of_ones_own(self, sandbox: Sandbox, modules: Modules) -> None:
        process = {**TOURED, "reference": "{team}-7", "reference_field": "Reference"}
        modules.succeed("tallyfy_onboarding", people=[{"email": BOB}], process=process)
        (run,) = launched(sandbox, TOUR_ID)[-1:]
        assert run["name"] == "Tour for Bob (Operations-7)"
        assert "Operations-7" in run["prerun"].values()

    def test_numbers_of_yaml_are_reported(self, sandbox: Sandbox, modules: Modules) -> None:
        kickoff = yaml.safe_load("{Reference: 00123, Notes: 12:30:45}")
        row = {**MARY, "process": {"template": TOUR_ID, "kickoff": kickoff}}
        everybody = {"template": TOUR_ID, "kickoff": {"Notes": 7}}
        result = modules.succeed("tallyfy_onboarding", people=[row, *newcomers(4)], process=everybody)
        others = "(row 2, hire0@example.com, and 3 more)"
        advice = "put quotes around a text such as '00123'"
        who = "row 1 (mary.major@example.com): process: kickoff"
        assert result["notes"] == [
            f"{who}: Reference: given as a number and sent as 83; {advice}",
            f"{who}: Notes: given as a number and sent as 45045; {advice}",
            f"process: kickoff: Notes: given as a number and sent as 7; {advice} {others}",
        ]
        single = {"template": TOUR_ID, "reference": MARY["email"], "kickoff": {"Reference": 84}, "kickoff_update": True}
        changed = modules.succeed("tallyfy_process", **single)
        assert changed["notes"] == [f"{MARY['email']}: kickoff: Reference: given as a number and sent as 84; {advice}"]

    def test_an_archived_process_is_brought_back(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_onboarding", people=[MARY], process=TOURED)
        reference = {"template": TOUR_ID, "reference": MARY["email"]}
        modules.succeed("tallyfy_process", **reference, state="archived")
        done = modules.succeed("tallyfy_onboarding", people=[MARY], process=TOURED)
        assert done["summary"]["processes"] == counts(launched=0, unarchived=1)
        assert done["summary"]["people"] == counts(created=0, invited=0, enabled=0, updated=1)
        assert len(sandbox.launches()) == 1

    def test_kick_off_values_that_differ_later_are_reported(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_onboarding", people=[MARY], process={**TOURED, "kickoff": {"Notes": "one"}})
        changed = {**TOURED, "kickoff": {"Notes": "two", "No such field": "three"}}
        done = modules.succeed("tallyfy_onboarding", people=[MARY], process=changed)
        assert done["changed"] is False
        (row,) = done["people"]
        assert [(value["field"], value["current"], value["wanted"]) for value in row["process"]["unchangeable"]] == [
            ("Notes", "one", "two")
        ]
        assert any("Notes" in note for note in row["process"]["notes"])
        assert any("No such field" in note for note in row["process"]["notes"])

    def test_a_launch_by_the_organization_itself_is_warned_of(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(enable_onboarding_template=True, onboarding_template_id=TOUR_ID)
        done = modules.succeed("tallyfy_onboarding", people=[MARY], process=TOURED)
        assert any("The organization launches Welcome tour automatically" in text for text in done["warnings"])


WORLDS: tuple[dict[str, Any], ...] = (
    {},
    {"bare_includes": True, "per_page_cap": 3, "links_shape": "array"},
    {"member_shape": "minimal_rows", "role_case": "title", "group_put_absent_wipes": True},
    {"run_ids_as_text": True, "progress_int": True, "launch_status": 200, "run_prerun_list_when_empty": True},
    {"run_prerun_missing": True, "checklist_rows": "short", "group_member_ids": "string"},
    {"run_checklist_filter_ignored": True, "run_q_ignored": True, "guest_shape": "legacy"},
)


class TestAnything:
    @pytest.mark.parametrize("seed", range(18))
    def test_any_onboarding_leads_where_it_said(self, sandbox: Sandbox, modules: Modules, seed: int) -> None:
        """For random input: check mode predicts the run, and the next run changes nothing."""
        sandbox.switch(**WORLDS[seed % len(WORLDS)])
        arguments = anything(random.Random(seed))
        untouched = others(sandbox, arguments)
        reported = modules.succeed("tallyfy_onboarding", check_mode=True, **arguments)
        assert sandbox.writes() == []
        done = modules.succeed("tallyfy_onboarding", **arguments)
        for name in ("changed", "actions", "diff", "summary"):
            assert reported[name] == done[name], name
        assert bool(sandbox.writes()) is done["changed"]
        assert others(sandbox, arguments) == untouched
        for person in done["people"]:
            member = sandbox.member(person["email"])
            assert member["status"] in ("active", "invited")
            assert all(member["id"] in group["members"] for group in groups_of(sandbox, person.get("after", {})))
            if person["process"]:
                assert len(sandbox.runs(person["process"]["name"])) == 1
        sandbox.clear_ledger()
        again = modules.succeed("tallyfy_onboarding", **arguments)
        assert again["changed"] is False
        assert sandbox.writes() == []


def anything(random: random.Random) -> dict[str, Any]:
    """Return a random onboarding of members and new people."""
    people: list[dict[str, Any]] = [
        {"email": email}
        for email in random.sample((BOB, DANA, "john.smith@example.com", "charlie.brown@example.com"), 2)
    ]
    people += newcomers(random.randrange(4))
    random.shuffle(people)
    for person in people:
        if random.random() < 0.6:
            person["groups"] = random.sample(
                ("Engineering", "People", "newcomers", "Legacy Team"), random.randrange(1, 4)
            )
        if random.random() < 0.3:
            person["job_title"] = random.choice(("Clerk", "Größe 3", 'Say "hi"'))
        if random.random() < 0.3:
            person["process"] = random.choice(
                (False, {"kickoff": {"Notes": "{{ x }} <b>&amp;</b>"}}, {"owner": random.choice(people)["email"]})
            )
    arguments: dict[str, Any] = {"people": people, "ensure_groups": ["Newcomers"], "concurrency": random.choice((1, 3))}
    if random.random() < 0.8:
        arguments["process"] = random.choice((TOURED, HIRED))
    if random.random() < 0.5:
        member = random.choice(people)["email"]
        arguments["ensure_guests"] = [{"email": "agency@example.net", "associated_members": [member]}]
    if "process" not in arguments:
        for person in people:
            person.pop("process", None)
    return arguments


def others(sandbox: Sandbox, arguments: dict[str, Any]) -> list[Any]:
    """Return the members that the onboarding does not name, and the seeded processes."""
    state = sandbox.state(sandbox.org_id)
    named = {person["email"] for person in arguments["people"]}
    seeded = [run for run in state["runs"] if not str(run["name"]).endswith(("@example.com)", ".com)"))]
    return [
        sorted(
            (member["id"], member["email"], member["status"], member["role"])
            for member in state["members"]
            if member["email"] not in named
        ),
        sorted((run["id"], run["name"], run["archived_at"]) for run in seeded),
    ]


def groups_of(sandbox: Sandbox, after: dict[str, Any]) -> list[dict[str, Any]]:
    desired = {name.lower() for name in after.get("groups", ())}
    return [group for group in sandbox.state(sandbox.org_id)["groups"] if group["name"].lower() in desired]


class TestRequests:
    def test_a_hundred_people_with_groups_and_processes(self, sandbox: Sandbox, modules: Modules) -> None:
        arguments = {
            "people": [{**person, "groups": ["Engineering", "Newcomers"]} for person in newcomers(100)],
            "process": HIRED,
            "ensure_groups": ["Newcomers"],
        }
        done = modules.succeed("tallyfy_onboarding", **arguments)
        asked = Counter(entry["route"] for entry in sandbox.ledger())
        assert asked.pop("oauth.token") == 1
        assert asked == {
            # The people, the launches, and each group once: a new one is created with its members.
            "applications.create_user": 100, "processes.launch": 100, "groups.create": 1, "groups.update": 1,
            # The pages: members, groups, active and archived processes; one template; one look at what is overwritten.
            # One page of processes right before the launches, and two afterwards.
            "members.list": 1, "groups.list": 1, "processes.list": 5, "templates.get": 1, "groups.get": 1,
            "organization.get": 1,
        }  # fmt: skip
        assert done["requests"] == 213
        assert len(launched(sandbox, HIRE_ID)) >= 100

        sandbox.clear_ledger()
        again = modules.succeed("tallyfy_onboarding", **arguments)
        assert again["changed"] is False
        assert Counter(entry["route"] for entry in sandbox.ledger()) == {
            "members.list": 1, "groups.list": 1, "processes.list": 3, "templates.get": 1,
        }  # fmt: skip

    def test_a_title_costs_one_request_for_all(self, sandbox: Sandbox, modules: Modules) -> None:
        process = {**TOURED, "template": "Welcome tour"}
        modules.succeed("tallyfy_onboarding", check_mode=True, people=newcomers(20), process=process)
        asked = Counter(entry["route"] for entry in sandbox.ledger())
        # The row of the template holds the form and the steps.
        assert (asked["templates.list"], asked["templates.get"]) == (1, 0)
        sandbox.switch(checklist_rows="short")
        sandbox.clear_ledger()
        modules.succeed("tallyfy_onboarding", check_mode=True, people=newcomers(20), process=process)
        asked = Counter(entry["route"] for entry in sandbox.ledger())
        assert (asked["templates.list"], asked["templates.get"]) == (1, 1)


class TestFiles:
    """The rows of a file equal the people of a list. Reading files is tested with rosters."""

    def test_a_file_is_the_same_as_a_list(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        own = {"name": "Welcome, {full_name}", "kickoff": {"Notes": "007"}}
        hired = {"New hire name": "Richard", "Personal email": BOB}
        people = [
            {**MARY, "phone": "+49151", "groups": "Engineering; People", "process": own},
            {**RICHARD, "groups": {"add": ["People"]},
             "process": {**HIRED, "name": "Hired", "kickoff": {**HIRED["kickoff"], **hired}}},
            {"email": BOB, "process": False},
            {"email": ALICE, "process": None},
        ]  # fmt: skip
        desired = modules.succeed("tallyfy_onboarding", check_mode=True, people=people, process=TOURED)
        for name, text in (("hires.yml", yaml.safe_dump(people)), ("hires.json", json.dumps({"people": people}))):
            (tmp_path / name).write_text(text, encoding="utf-8")
            reported = modules.succeed("tallyfy_onboarding", check_mode=True, src=str(tmp_path / name), process=TOURED)
            assert {key: reported[key] for key in reported if key != "requests"} == {
                key: desired[key] for key in desired if key != "requests"
            }
        done = modules.succeed("tallyfy_onboarding", src=str(tmp_path / "hires.yml"), process=TOURED)
        assert done["summary"]["processes"] == counts(launched=3, unarchived=0)
        assert "007" in sandbox.runs(f"Welcome, {{full_name}} ({MARY['email']})")[0]["prerun"].values()
        sandbox.clear_ledger()
        again = modules.succeed("tallyfy_onboarding", src=str(tmp_path / "hires.json"), process=TOURED)
        assert (again["changed"], sandbox.writes()) == (False, [])

    def test_a_column_names_the_process(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        file = tmp_path / "hires.csv"
        file.write_text(
            "email,first_name,last_name,process\n"
            "mary.major@example.com,Mary,Major,Welcome tour\n"
            "richard.roe@example.com,Richard,Roe,FALSE\n"
            "bob@example.com,,,\n",
            encoding="utf-8",
        )
        done = modules.succeed("tallyfy_onboarding", src=str(file), process=TOURED)
        assert [(row["process"] or {}).get("template") for row in done["people"]] == [
            "Welcome tour", None, "Welcome tour",
        ]  # fmt: skip
        done = modules.succeed("tallyfy_onboarding", src=str(file))
        assert [row["email"] for row in done["people"] if row["process"]] == [MARY["email"]]

    @pytest.mark.parametrize("way", WAYS)
    def test_mistakes_are_named_with_their_lines(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        file = tmp_path / "hires.csv"
        file.write_text(
            "email,first_name,last_name,process,state,nick\n"
            "mary,Mary,Major,,,\n"
            "richard.roe@example.com,Richard,Roe,No such template,,\n\n"
            "bob@example.com,,,,absent,\n"
            "erin.walker@example.com,,,,,Erin\n"
            "BOB@example.com,,,,,\n",
            encoding="utf-8",
        )
        reported = modules.fail("tallyfy_onboarding", src=str(file), ensure_groups=[7])["problems"]
        assert reported[0].startswith("ensure_groups: entry 1 ")
        beginnings = (
            "hires.csv line 2 (mary): email 'mary'",
            "hires.csv line 3 (richard.roe@example.com): process: template: there is no",
            "hires.csv line 5 (bob@example.com): unknown field state",
            "hires.csv line 6 (erin.walker@example.com): unknown field nick",
            "hires.csv line 7 (BOB@example.com): the same e-mail address as hires.csv line 5",
        )
        assert len(reported) == 1 + len(beginnings)
        for text, beginning in zip(reported[1:], beginnings):
            assert text.startswith(beginning)
        assert sandbox.writes() == []

    @pytest.mark.parametrize("way", WAYS)
    def test_there_is_one_list(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        reported = modules.fail("tallyfy_onboarding", src="hires.csv", people=[MARY])["msg"]
        assert "mutually exclusive: people|src" in reported
        reported = modules.fail("tallyfy_onboarding", src=str(tmp_path / "hires.txt"))["msg"]
        assert f"src {tmp_path / 'hires.txt'}: " in reported
        assert sandbox.ledger() == []


class TestMistakes:
    @pytest.mark.parametrize("way", WAYS)
    def test_all_of_them_are_reported_at_once_and_nothing_is_written(self, sandbox: Sandbox, modules: Modules) -> None:
        failed = modules.fail(
            "tallyfy_onboarding",
            people=[
                {**MARY, "process": {"kickoff": {"Departement": "Sales", "Contract type": "Half-time"}}},
                {**RICHARD, "groups": ["Enginering"], "process": {"template": "Laptop request"}},
                {"email": "nobody"},
                {"email": BOB, "state": "absent", "process": 7},
                {"email": "erin.walker@example.com", "process": {"owner": "stranger@example.com", "tags": ["None"]}},
                {"email": MARY["email"]},
            ],
            process={**HIRED, "kickoff": {**HIRED["kickoff"], "Hardware": ["Laptop"]}, "name": "For {nickname}"},
            defaults={"role": "boss"},
            ensure_groups=[{"description": "no name"}, "Twice", "twice"],
            ensure_guests=["no address", {"email": BOB}, {"email": "x@example.net", "phone_1": "1" * 21}],
        )
        assert sandbox.writes() == []
        reported = "\n".join(failed["problems"])
        for text in (
            "process: {nickname} is not a field of a person",
            "defaults: value of role must be one of: admin, standard, light, got: boss",
            "ensure_groups: entry 1 is neither a name nor a dictionary with a name",
            "ensure_groups (twice): is named twice",
            "ensure_guests entry 1 (no address): email 'no address' is not an e-mail address",
            "ensure_guests (bob@example.com): is a member of the organization",
            "ensure_guests entry 3 (x@example.net): phone_1 has 21 characters",
            "row 1 (mary.major@example.com): process: kickoff: there is no field 'Departement'; fields: New hire name",
            "row 1 (mary.major@example.com): process: kickoff: Contract type: 'Half-time' is not an option; options: ",
            "process: kickoff: Hardware: has 1 entries for 2 columns (Item, Qty)",
            # Only groups listed in ensure_groups are created, not those that a row names.
            "row 2 (richard.roe@example.com): there is no group 'Enginering'",
            "row 2 (richard.roe@example.com): process: template: 2 templates have the title 'Laptop request'",
            "row 3 (nobody): email 'nobody' is not an e-mail address",
            "row 4 (bob@example.com): unknown field state",
            "row 4 (bob@example.com): process is neither a dictionary nor a template",
            "row 5 (erin.walker@example.com): process: owner: stranger@example.com is not a member",
            "row 5 (erin.walker@example.com): process: tags: there is no tag 'None'",
            "row 6 (mary.major@example.com): the same e-mail address as row 1",
        ):
            assert text in reported, text

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ({"process": {**TOURED, "kickoff": ["x"]}}, "process: "),
            ({"process": {**TOURED, "assignments": "x"}}, "process: "),
            ({"process": {**TOURED, "folders": 1.5}}, "process: "),
            ({"process": {"template": "\ud800"}}, "process: template: there is no template"),
            (
                {"ensure_guests": [{"email": "g@example.org", "associated_members": 5}]},
                "associated_members is the number 5",
            ),
            (
                {"ensure_guests": [{"email": "g@example.org", "associated_members": {1: 2}}]},
                "unknown field associated_members.1",
            ),
            ({"defaults": {"groups": {1: 2}}}, "defaults: unknown field groups.1"),
            ({"people": [{"email": BOB, "groups": {1: 2}}]}, "row 1 (bob@example.com): unknown field groups.1"),
        ],
    )
    def test_values_of_the_wrong_type(
        self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any], problem: str
    ) -> None:
        failed = modules.fail("tallyfy_onboarding", **{"people": [{"email": BOB}], **arguments})
        assert any(problem in text for text in failed["problems"])
        assert sandbox.writes() == []

    def test_texts_for_lists_and_dictionaries_mean_the_same_for_everybody_as_in_a_row(
        self, sandbox: Sandbox, modules: Modules
    ) -> None:
        process = {**TOURED, "tags": "onboarding; urgent", "kickoff": "Notes={full_name}"}
        modules.succeed("tallyfy_onboarding", people=[{"email": BOB}], process=process)
        (launch,) = sandbox.launches()
        assert list(launch["body"]["prerun"].values()) == ["Bob Jones"]
        assert len(launch["body"]["tags"]) == 2

    def test_groups_and_guests_in_a_text_stand_between_semicolons(self, sandbox: Sandbox, modules: Modules) -> None:
        texts = {"ensure_groups": "Newcomers; Sales, EMEA\n", "ensure_guests": "partner@example.org;x@example.net"}
        done = modules.succeed("tallyfy_onboarding", check_mode=True, **texts)
        assert [row["name"] for row in done["groups"]] == ["Newcomers", "Sales, EMEA"]
        assert [row["email"] for row in done["guests"]] == ["partner@example.org", "x@example.net"]
        assert "ensure_groups is not a list" in modules.fail("tallyfy_onboarding", ensure_groups=7)["msg"]
        assert "names nothing: ' ; '" in modules.fail("tallyfy_onboarding", ensure_groups=" ; ")["msg"]
        assert sandbox.writes() == []

    def test_two_people_cannot_share_a_process(self, sandbox: Sandbox, modules: Modules) -> None:
        failed = modules.fail("tallyfy_onboarding", people=[MARY, RICHARD], process={**TOURED, "reference": "Both"})
        assert failed["problems"] == [
            "row 2 (richard.roe@example.com): process: the same reference 'Both' as row 1 (mary.major@example.com)"
        ]

    def test_what_many_have_is_reported_once(self, sandbox: Sandbox, modules: Modules) -> None:
        kickoff = {**HIRED["kickoff"], "Departement": "Sales"}
        failed = modules.fail("tallyfy_onboarding", people=newcomers(20), process={**HIRED, "kickoff": kickoff})
        (problem,) = failed["problems"]
        assert problem.startswith("process: kickoff: there is no field 'Departement'; fields: New hire name")
        assert problem.endswith("(row 1, hire0@example.com, and 19 more)")
        assert sandbox.writes() == []

    @pytest.mark.parametrize(
        ("template", "text"),
        [
            ("Old onboarding", "(8d0f6a3b5c7e19248b0d6f4a2c9e7153) does not exist, is archived, or "),
            ("Contractor onboarding", "is a draft"),
            ("0" * 32, "does not exist, is archived, or"),
        ],
    )
    def test_a_template_that_nothing_can_be_launched_from(
        self, sandbox: Sandbox, modules: Modules, template: str, text: str
    ) -> None:
        failed = modules.fail("tallyfy_onboarding", people=[MARY, RICHARD], process={"template": template})
        assert text in failed["msg"]
        assert sandbox.writes() == []


class TestTrouble:
    def test_nobody_gets_a_process_who_is_not_in(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="POST", path="*/applications/*/users", status=422, body={"message": "no"}, times=1)
        failed = modules.fail("tallyfy_onboarding", people=[MARY, RICHARD], process=TOURED, concurrency=1)
        assert failed["summary"]["people"] == counts(created=1, invited=0, enabled=0, failed=1)
        assert failed["summary"]["processes"] == counts(launched=1, unarchived=0, skipped=1)
        assert [entry["path"].rpartition("/")[2] for entry in sandbox.launches()] == ["runs"]
        assert failed["msg"].startswith("1 of 2 people could not be converged (1 failed). mary.major@example.com: POST")

    def test_somebody_who_turns_out_to_be_there_joins_a_new_group(self, sandbox: Sandbox, modules: Modules) -> None:
        alice = sandbox.member(ALICE)
        pages = {"pagination": {"total": 1, "count": 1, "per_page": 100, "current_page": 1, "total_pages": 1}}
        # As if another writer had added Bob right after the list was read.
        sandbox.fault(route="members.list", status=200, body={"data": [alice], "meta": pages})
        person = {"email": BOB, "first_name": "Bob", "last_name": "Jones", "groups": ["Newcomers"]}
        done = modules.succeed("tallyfy_onboarding", people=[person], ensure_groups=["Newcomers"], process=TOURED)
        bob, group = sandbox.member(BOB), sandbox.group("Newcomers")
        assert group["members"] == [bob["id"]]
        assert done["summary"]["processes"]["launched"] == done["summary"]["groups"]["created"] == 1

    def test_who_names_somebody_that_is_not_in_waits(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="POST", path="*/applications/*/users", status=422, body={"message": "no"}, times=1)
        failed = modules.fail(
            "tallyfy_onboarding",
            people=[MARY, {"email": BOB, "process": {**TOURED, "owner": MARY["email"]}}],
            ensure_guests=[{"email": "agency@example.net", "associated_members": [MARY["email"]]}],
            concurrency=1,
        )
        assert sandbox.launches() == []
        waiting = "bob@example.com, agency@example.net: Not tried: mary.major@example.com could not be added"
        assert waiting in failed["msg"]
        done = modules.succeed(
            "tallyfy_onboarding",
            people=[MARY, {"email": BOB, "process": {**TOURED, "owner": MARY["email"]}}],
            ensure_guests=[{"email": "agency@example.net", "associated_members": [MARY["email"]]}],
        )
        assert done["summary"]["processes"]["launched"] == done["summary"]["guests"]["created"] == 1

    def test_who_names_a_group_that_is_not_there_waits(self, sandbox: Sandbox, modules: Modules) -> None:
        steps = {"First lunch": {"groups": ["Newcomers"]}}
        people = [{"email": BOB, "process": {**TOURED, "assignments": steps}}]
        arguments = {"people": people, "ensure_groups": ["Newcomers"]}
        sandbox.fault(method="POST", path="*/groups", status=403, times=1)
        failed = modules.fail("tallyfy_onboarding", **arguments)
        assert sandbox.launches() == []
        assert "bob@example.com: Not tried: the group Newcomers could not be created" in failed["msg"]
        done = modules.succeed("tallyfy_onboarding", **arguments)
        assert done["summary"]["processes"]["launched"] == done["summary"]["groups"]["created"] == 1

    def test_a_process_is_found_in_its_field_where_lists_show_no_values(
        self, sandbox: Sandbox, modules: Modules
    ) -> None:
        sandbox.switch(run_prerun_missing=True)
        people = [{"email": email} for email in (BOB, ALICE)]
        arguments = {"people": people, "process": {**TOURED, "reference_field": "reference"}}
        reported = modules.succeed("tallyfy_onboarding", **arguments)
        sandbox.patch_run(reported["people"][0]["process"]["id"], name="Something else")
        again = modules.succeed("tallyfy_onboarding", **arguments)
        assert again["summary"]["processes"]["launched"] == 0
        assert len(sandbox.launches()) == 2

    def test_a_process_that_slips_from_one_page_to_the_other(
        self, sandbox: Sandbox, modules: Modules, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When one is archived and another one launched between two pages, their total stays the same."""
        numbers = sandbox.insert_runs(*({"checklist_id": TOUR_ID, "name": f"Tour ({n})"} for n in range(150)))
        (slips,) = (run["name"] for run in launched(sandbox, TOUR_ID)[100:101])
        call = Client.call
        pages: list[str] = []

        def call_and_interfere(client: Client, method: str, path: str, **options: Any) -> Answer:
            answer = call(client, method, path, **options)
            if path.endswith("/runs") and not pages:
                pages.append(path)
                sandbox.patch_run(numbers[0], archived_at="2026-01-01T00:00:00.000Z")
                sandbox.insert_runs({"checklist_id": TOUR_ID, "name": "Another one"})
            return answer

        monkeypatch.setattr(Client, "call", call_and_interfere)
        process = {"template": TOUR_ID, "reference": slips.partition("(")[2].rstrip(")")}
        reported = modules.succeed("tallyfy_onboarding", people=[{"email": BOB, "process": process}], concurrency=1)
        assert reported["summary"]["processes"]["launched"] == 0

    def test_a_launch_that_cannot_be_looked_at_is_not_deferred(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(run_prerun_missing=True)
        limited = {"status": 429, "times": None, "headers": {"Retry-After": "900"}}
        sandbox.fault(method="GET", path="*/runs/*", **limited)
        failed = modules.fail(
            "tallyfy_onboarding",
            people=[{"email": BOB, "process": {**TOURED, "kickoff": {"Notes": "soon"}}}],
            max_wait=0,
        )
        assert (failed["changed"], failed["deferred"]) == (True, [])
        assert "was launched" in failed["msg"]

    def test_the_hourly_limit_of_guests_is_deferred(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(guest_invites_per_hour=2)
        guests = [f"guest{number}@example.net" for number in range(4)]
        failed = modules.fail("tallyfy_onboarding", people=[MARY], process=TOURED, ensure_guests=guests)
        assert failed["summary"]["guests"] == counts(created=2, enabled=0, deferred=2)
        # Only guests are deferred.
        assert failed["summary"]["processes"]["launched"] == 1
        assert [entry["email"] for entry in failed["deferred"]] == guests[2:]
        assert all(entry["not_before"] for entry in failed["deferred"])
        assert len([entry for entry in sandbox.ledger() if entry["route"] == "guests.create"]) == 3

    @pytest.mark.parametrize(
        "fault",
        [
            {"cut": "before"}, {"cut": "after"}, {"status": 500, "apply": True}, {"status": 503}, {"status": 502},
            {"half_body": True},
        ],
        ids=lambda fault: "-".join(f"{name}={value}" for name, value in fault.items()),
    )  # fmt: skip
    def test_lost_answers_of_launches(self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]) -> None:
        people = newcomers(6)
        sandbox.fault(method="POST", path="*/runs", times=2, **fault)
        first = modules.run("tallyfy_onboarding", people=people, process=TOURED)
        # No launch was sent twice.
        assert len(sandbox.launches()) == 6
        if first.get("failed"):
            assert "It is unknown whether the process was launched" in first["msg"]
        modules.succeed("tallyfy_onboarding", people=people, process=TOURED)
        names = Counter(run["name"] for run in launched(sandbox, TOUR_ID))
        assert {names[f"Tour for Hire (hire{number}@example.com)"] for number in range(6)} == {1}

    def test_a_launch_that_shows_up_late_is_found_at_the_end(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="POST", path="*/runs", cut="after")
        # The look-up right after it fails, too.
        sandbox.fault(method="GET", route="processes.list", skip=4, status=403)
        done = modules.succeed("tallyfy_onboarding", people=[MARY], process={**TOURED, "kickoff": {"Notes": "x"}})
        assert done["summary"]["processes"]["launched"] == 1
        assert done["people"][0]["process"]["id"]
        assert len(sandbox.launches()) == 1

    def test_a_launch_that_shows_up_late_and_not_whole(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(drop_prerun_labels=["Notes"])
        sandbox.fault(method="POST", path="*/runs", cut="after")
        sandbox.fault(method="GET", route="processes.list", skip=4, status=403)
        failed = modules.fail("tallyfy_onboarding", people=[MARY], process={**TOURED, "kickoff": {"Notes": "x"}})
        assert "Tallyfy did not store Notes" in failed["msg"]

    def test_a_value_that_is_dropped_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(drop_prerun_labels=["Notes"])
        process = {**TOURED, "kickoff": {"Notes": "Window seat"}}
        failed = modules.fail("tallyfy_onboarding", people=[MARY], process=process)
        assert "Tallyfy did not store Notes" in failed["msg"]
        (row,) = failed["people"]
        assert row["outcome"] == row["process"]["outcome"] == "failed"

    def test_four_runs_at_the_same_time(self, sandbox: Sandbox, modules: Modules) -> None:
        """Two of them are onboardings, and two launch the same process by itself."""
        sandbox.reset(latency_ms=10)
        modules.use(max_wait=60)
        single = {"template": TOUR_ID, "name": "Tour for Hire", "reference": "hire0@example.com"}
        jobs = [("tallyfy_onboarding", {"people": newcomers(3), "process": TOURED}), ("tallyfy_process", single)] * 2
        with ThreadPool(len(jobs)) as pool:
            results = pool.map(lambda job: modules.run(job[0], **job[1]), jobs)
        assert not [result for result in results if result.get("failed")]
        names = Counter(run["name"] for run in launched(sandbox, TOUR_ID))
        assert {names[f"Tour for Hire (hire{number}@example.com)"] for number in range(3)} == {1}
        assert len(sandbox.launches()) == 3


def counts(**given: int) -> dict[str, int]:
    """Return counts with the default counts of every summary."""
    return {**dict.fromkeys(("updated", "unchanged", "failed", "deferred", "skipped"), 0), **given}


def without_ids(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what check mode cannot know."""
    return {**row, "process": {**row["process"], "id": None}} if row["process"] else row


def test_every_type_of_field_as_the_documentation_gives_it(sandbox: Sandbox, modules: Modules) -> None:
    files = {part.name: part.text for part in read_page("reference_process") if isinstance(part, File)}
    rows = yaml.safe_load(files["every-type.yml"])["onboarding_people"]
    # As the role passes it to the module: dates as texts.
    people = json.loads(json.dumps(rows, default=lambda day: day.isoformat()))
    done = modules.succeed("tallyfy_onboarding", people=people)
    assert done["summary"]["processes"]["launched"] == 1
    template = sandbox.template("New hire onboarding")
    given = people[0]["process"]["kickoff"]
    assert {field["label"] for field in template["prerun"]} == set(given), "one example of every type"
    (run,) = sandbox.runs("New hire onboarding (bob@example.com)")
    assert all(run["prerun"].get(field["id"]) for field in template["prerun"])
    sandbox.clear_ledger()
    again = modules.succeed("tallyfy_onboarding", people=people)
    assert (again["changed"], sandbox.writes(), again["people"][0]["process"]["unchangeable"]) == (False, [], [])
