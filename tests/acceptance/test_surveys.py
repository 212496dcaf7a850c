# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surveys for AWX, held against its rules, and the playbooks with answers as AWX writes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._members import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding import REFUSED_FIELDS
from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks
from tests.acceptance.test_roles import Run, rows_of

CHECKOUT = Path(__file__).resolve().parents[2]
AWX = CHECKOUT / "playbooks" / "awx"
SURVEYS = sorted(AWX.glob("surveys/*.yml"))
#: Which playbook a survey is for, and with which role.
PLAYBOOKS: dict[str, tuple[str, str | None]] = {
    "onboard_person": ("onboard", "onboarding"),
    "onboard_roster": ("onboard", "onboarding"),
    "offboard": ("offboard", "offboarding"),
    "drift": ("drift", "drift"),
    "confirm_task": ("confirm_task", None),
}
ONBOARD, OFFBOARD, DRIFT = (f"tallyfy.platform.{name}" for name in ("onboard", "offboard", "drift"))
ALICE, BOB, JOHN, FRANK = (
    "alice.smith@example.com",
    "bob@example.com",
    "john.smith@example.com",
    "frank.moore@example.com",
)
MARY = "mary.major@example.com"


# --- the files --------------------------------------------------------------------------------------------------------

TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}
KEYS = {"question_name", "question_description", "variable", "type", "required", "default", "choices", "min", "max"}


def problems_with_survey(survey: Any) -> list[str]:
    """Return what AWX would refuse, or take without a word and not do."""
    problems = [f"{name} is missing" for name in ("name", "description", "spec") if name not in survey]
    problems += [f"unknown key {name}" for name in survey if name not in ("name", "description", "spec")]
    questions = survey.get("spec") or []
    problems += [] if questions else ["no questions"]
    variables = [question.get("variable") for question in questions]
    problems += [f"{name} stands twice" for name in variables if variables.count(name) > 1]
    for question in questions:
        name = question.get("variable")
        lacking = [key for key in ("type", "question_name", "variable", "required") if key not in question]
        problems += [f"{name}: {key} is missing" for key in lacking]
        problems += [f"{name}: unknown key {key}" for key in question if key not in KEYS]
        problems += [] if question.get("type") in TYPES else [f"{name}: no such type"]
        problems += [] if isinstance(question.get("required"), bool) else [f"{name}: required is no boolean"]
        problems += [] if re.fullmatch(r"[a-zA-Z_]\w*", str(name), re.ASCII) else [f"{name} is no name of a variable"]
        bounds = [question[key] for key in ("min", "max") if question.get(key) is not None]
        problems += [] if all(isinstance(bound, int) for bound in bounds) else [f"{name}: a bound is no number"]
        if question.get("required") and "default" in question:
            problems.append(f"{name}: required with a default, which launches by the API would have to send")
        if question.get("type") in ("multiplechoice", "multiselect"):
            choices = question.get("choices")
            choices = choices.splitlines() if isinstance(choices, str) else choices or []
            if not choices or not all(isinstance(one, str) for one in choices):
                problems.append(f"{name}: choices are texts, and at least one")
            if question.get("type") == "multiselect" and "default" in question:
                problems.append(f"{name}: the default of a multiselect is dropped in silence")
            if question.get("default", "") not in ("", *choices):
                problems.append(f"{name}: the default is no choice")
        elif "choices" in question:
            problems.append(f"{name}: choices without a choice")
    return problems


@pytest.mark.any_core
@pytest.mark.parametrize("file", SURVEYS, ids=lambda file: file.stem)
def test_awx_takes_the_survey_and_the_playbook_uses_each_answer(file: Path) -> None:
    survey = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert problems_with_survey(survey) == []
    playbook, role = PLAYBOOKS[file.stem]
    text = (CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    answers = {question["variable"] for question in survey["spec"]}
    if role is None:
        assert answers <= set(re.findall(r"\bconfirm_task_\w+", text))
        return
    specs = yaml.safe_load((CHECKOUT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    used = {"main"} | ({"answers"} if "tasks_from: answers" in text else set())
    known = {name for entry in used for name in specs["argument_specs"][entry]["options"]}
    assert answers <= known


@pytest.mark.any_core
def test_every_survey_is_for_a_playbook_and_the_checker_finds_mistakes() -> None:
    assert {file.stem for file in SURVEYS} == set(PLAYBOOKS)
    good = {"type": "text", "question_name": "A", "variable": "a", "required": True}
    assert problems_with_survey({"name": "", "description": "", "spec": [good]}) == []
    bad: list[dict[str, Any]] = [
        {**good, "type": "string"}, {**good, "variable": "a-b"}, {**good, "default": "x"}, {**good, "help": ""},
        {**good, "required": "yes"}, {**good, "max": "5"}, {**good, "choices": ["x"]},
        {**good, "type": "multiplechoice"}, {**good, "type": "multiplechoice", "choices": [True, False]},
        {**good, "type": "multiplechoice", "choices": "a\nb", "required": False, "default": "c"},
        {**good, "type": "multiselect", "choices": ["a"], "required": False, "default": "a"},
        {name: value for name, value in good.items() if name != "question_name"},
    ]  # fmt: skip
    for question in bad:
        assert len(problems_with_survey({"name": "", "description": "", "spec": [question]})) == 1, question
    assert len(problems_with_survey({"name": "", "spec": [], "hosts": ""})) == 3


@pytest.mark.any_core
def test_every_field_of_a_person_can_be_an_answer() -> None:
    specs = yaml.safe_load((CHECKOUT / "roles/onboarding/meta/argument_specs.yml").read_text(encoding="utf-8"))
    variables = yaml.safe_load((CHECKOUT / "roles/onboarding/vars/main.yml").read_text(encoding="utf-8"))
    fields = variables["__onboarding_person_fields"]
    assert set(fields) == set(MEMBER_OPTIONS) - set(REFUSED_FIELDS)
    answers = specs["argument_specs"]["answers"]["options"]
    assert set(answers) == {f"onboarding_person_{name}" for name in (*fields, "process", "kickoff")}


# --- answers as AWX writes them ---------------------------------------------------------------------------------------


class Unsafe(str):
    """A text that AWX has from somebody."""

    __slots__ = ()


class AwxDumper(yaml.SafeDumper):
    """Writes extra variables as AWX does: texts of a survey are never templates."""


AwxDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def unsafe(value: Any) -> Any:
    if isinstance(value, str):
        return Unsafe(value)
    return [unsafe(one) for one in value] if isinstance(value, list) else value


def answers(playbooks: Playbooks, **given: Any) -> str:
    """Return the option that gives the answers to a job, with what AWX tells of itself."""
    told = {"awx_job_id": 42, "awx_user_name": unsafe("helen"), "awx_workflow_job_id": 41}
    file = playbooks.folder / "extravars"
    file.write_text(
        yaml.dump({**told, **{name: unsafe(one) for name, one in given.items()}}, Dumper=AwxDumper), encoding="utf-8"
    )
    return f"-e@{file}"


def blank(survey: str) -> dict[str, Any]:
    """Return the answers of somebody who filled in nothing."""
    spec = yaml.safe_load((AWX / "surveys" / f"{survey}.yml").read_text(encoding="utf-8"))["spec"]
    return {question["variable"]: "" for question in spec}


PERSON = {
    **blank("onboard_person"),
    "onboarding_person_email": " mary.major@example.com ",
    "onboarding_person_first_name": "{{ 7*7 }}",
    "onboarding_person_last_name": "{% if x %}{# {email}",
    "onboarding_person_role": "standard",
    "onboarding_person_groups": "Engineering\r\n\r\nPeople \r\n",
    "onboarding_person_process": "Welcome tour\n",
    "onboarding_person_kickoff": "notes : {{ 7*7 }} {full_name}: {# 9:30 #}\r\n\r\n",
}


def test_one_person_is_brought_in_by_a_survey(sandbox: Sandbox, playbooks: Playbooks) -> None:
    given = answers(playbooks, **PERSON)
    announced = Run(playbooks, ONBOARD, given, "--check", "--diff").succeeded()
    assert sandbox.writes() == []
    done = Run(playbooks, ONBOARD, given).succeeded()
    assert announced.stats == done.stats
    assert done.stats["onboarding_created"] == done.stats["onboarding_launched"] == 1
    mary = sandbox.member(MARY)
    assert mary
    assert (mary["first_name"], mary["last_name"], mary["role"]) == ("{{ 7*7 }}", "{% if x %}{# {email}", "standard")
    assert mary.get("team") is None
    for name in ("Engineering", "People"):
        group = sandbox.group(name)
        assert group
        assert mary["id"] in group["members"]
    (run,) = sandbox.runs(f"Welcome tour ({MARY})")
    assert "{{ 7*7 }} {full_name}: {# 9:30 #}" in run["prerun"].values()
    assert "check mode: this is what a run would do" in announced.report
    assert rows_of(announced.report)[MARY][0] == "would change"
    assert f" Launch Welcome tour ({MARY}). " in announced.report, "nothing has been launched by then"
    assert "- AWX job: 42\n- AWX workflow job: 41\n- Launched by: helen\n" in done.report
    assert f"- Organization: {sandbox.org_id}\n" in done.report
    assert rows_of(done.report)[MARY][0] == "changed"

    sandbox.clear_ledger()
    again = Run(playbooks, ONBOARD, given).succeeded()
    assert (again.changed, sandbox.writes()) == (0, [])
    assert rows_of(again.report) == {}, "who is unchanged is only counted"
    assert "total 1, created 0, invited 0, changed 0, unchanged 1" in again.report


ROW = {"email": MARY, "first_name": "Mary"}
MARYS = {"email": MARY, "first_name": "Mary"}
#: Answers with the row they make, or with what is wrong with them.
CASES: list[tuple[dict[str, Any], Any]] = [
    (dict.fromkeys(PERSON, ""), None),
    (dict.fromkeys(PERSON, " \r\n"), None),
    ({"people": [{"email": BOB}], "onboarding_person_email": ""}, [{"email": BOB}]),
    (MARYS, ROW),
    ({**MARYS, "team": " [1] ", "phone": "7"}, {**ROW, "team": "[1]", "phone": "7"}),
    ({**MARYS, "first_name": "{'a': 1}"}, {**ROW, "first_name": "{'a': 1}"}),
    ({**MARYS, "groups": "A; B\r\n\r\n  C ;\n"}, {**ROW, "groups": ["A", "B", "C"]}),
    ({**MARYS, "groups": ["A;B", "C"]}, {**ROW, "groups": ["A;B", "C"]}),
    ({**MARYS, "groups": []}, ROW),
    ({**MARYS, "groups": "42", "process": "2026"}, {**ROW, "groups": ["42"], "process": {"template": "2026"}}),
    ({**MARYS, "process": "{{ x }}"}, {**ROW, "process": {"template": "{{ x }}"}}),
    ({**MARYS, "process": "Tour", "kickoff": "A:\nB : c: d\r\n  'E': [1, 2]\n{F}: {G}\nH: |"},
     {**ROW, "process": {"template": "Tour", "kickoff": {
         "A": "", "B": "c: d", "'E'": "[1, 2]", "{F}": "{G}", "H": "|"}}}),
    ({**MARYS, "process": "Tour", "kickoff": {"A": ["x", 1]}},
     {**ROW, "process": {"template": "Tour", "kickoff": {"A": ["x", 1]}}}),
    ({**MARYS, "kickoff": "A: b", "general": "Tour"}, {**ROW, "process": {"kickoff": {"A": "b"}}}),
    ({**MARYS, "kickoff": "A: b"}, "onboarding_person_kickoff is given, and no process"),
    ({**MARYS, "kickoff": "A: b", "general": "  "}, "onboarding_person_kickoff is given, and no process"),
    ({**MARYS, "process": "Tour", "kickoff": "A: b\n{{ c }}\n"}, "'{{ c }}' is no label with a colon and a value"),
    ({**MARYS, "process": "Tour", "kickoff": " : b\n"}, "': b' is no label with a colon and a value"),
    ({**MARYS, "process": "Tour", "kickoff": "A: b\nB: c\na : d"}, "'a' is given more than once"),
    ({**MARYS, "process": "Tour", "kickoff": ["A: b"]}, "onboarding_person_kickoff is neither a text nor a dictionary"),
    ({**MARYS, "process": {"template": "Tour"}}, "onboarding_person_process is not the title of a template"),
    ({**MARYS, "nickname": "M"}, "onboarding_person_nickname is not known"),
    ({"first_name": "Mary"}, "onboarding_person_email is not given"),
    ({**MARYS, "people": []}, "onboarding_person_email and onboarding_people are both given"),
    ({**MARYS, "src": "people.csv"}, "onboarding_person_email and onboarding_src are both given"),
    ({**MARYS, "people": " ", "src": ""}, ROW),
]  # fmt: skip
LISTED: list[tuple[dict[str, Any], Any]] = [
    ({"emails": ""}, None),
    ({"emails": " \r\n"}, None),
    ({"emails": f"{BOB}\r\n\r\n {JOHN},{FRANK}; a@example.net b@example.net\n"},
     [{"email": one} for one in (BOB, JOHN, FRANK, "a@example.net", "b@example.net")]),
    ({"emails": [BOB, f" {JOHN}"]}, [{"email": BOB}, {"email": JOHN}]),
    ({"emails": "{{7*7}}"}, [{"email": "{{7*7}}"}]),
    ({"emails": "", "people": [{"email": BOB}]}, [{"email": BOB}]),
    ({"emails": BOB, "people": [{"email": BOB}]}, "offboarding_emails and offboarding_people are both given"),
]  # fmt: skip


def variable(role: str, name: str) -> str:
    own = {"people": f"{role}_people", "src": f"{role}_src", "emails": f"{role}_emails", "general": f"{role}_process"}
    return name if name.startswith(role) else own.get(name, f"{role}_person_{name}")


def test_answers_become_rows(playbooks: Playbooks) -> None:
    cases = [("onboarding", *case) for case in CASES] + [("offboarding", *case) for case in LISTED]
    file = playbooks.folder / "told.json"
    play: list[dict[str, Any]] = []
    # Each case is a host of its own: what a case sets is gone with it.
    inventory: dict[str, Any] = {}
    for number, (role, given, _wanted) in enumerate(cases):
        named = {variable(role, name): unsafe(one) for name, one in given.items()}
        if role == "onboarding" and "kickoff" in given and isinstance(given["kickoff"], dict):
            named["onboarding_person_kickoff"] = given["kickoff"]
        inventory[f"case{number}"] = {**named, "role": role}
    play = [{
        "hosts": "all", "gather_facts": False, "connection": "local", "tasks": [
            {"name": "Take the answers", "block": [
                {"ansible.builtin.include_role": {"name": "tallyfy.platform.{{ role }}", "tasks_from": "answers"}},
            ], "rescue": [{"ansible.builtin.set_fact": {"refused": "{{ ansible_failed_result.msg }}"}}]},
            {"ansible.builtin.copy": {
                "content": "{% set told = {} %}{% for host in ansible_play_hosts_all %}{% set _ = told.update({host: "
                           "hostvars[host].refused | default(hostvars[host][hostvars[host].role ~ '_people'] "
                           "| default(none))}) %}{% endfor %}{{ told | to_json }}",
                "dest": str(file), "mode": "0600"}, "run_once": True},
        ],
    }]  # fmt: skip
    hosts = playbooks.folder / "hosts.yml"
    hosts.write_text(yaml.dump({"all": {"hosts": inventory}}, Dumper=AwxDumper), encoding="utf-8")
    finished = playbooks.run(yaml.safe_dump(play, sort_keys=False) + "\n", "-i", str(hosts))
    assert file.exists(), finished.stdout
    told = json.loads(file.read_text(encoding="utf-8"))
    for number, (_role, given, wanted) in enumerate(cases):
        found = told[f"case{number}"]
        if isinstance(wanted, str):
            assert isinstance(found, list), (given, found)
            assert len(found) == 1, (given, found)
            assert wanted in found[0], (given, found)
        else:
            assert (found or None) == ([wanted] if isinstance(wanted, dict) else wanted), given


@pytest.mark.any_core
def test_a_roster_is_brought_in_by_a_survey(sandbox: Sandbox, playbooks: Playbooks) -> None:
    folder = playbooks.folder / "people"
    folder.mkdir()
    (folder / "hires.csv").write_text(
        "email,first_name,last_name,groups,process\n"
        "mary.major@example.com,{{ 7*7 }},Major,People,\n"
        "richard.roe@example.com,Richard,Roe,,false\n"
        "bob@example.com,,,,\n",
        encoding="utf-8",
    )
    given = answers(playbooks, onboarding_src=" people/hires.csv ", onboarding_process="Welcome tour")
    announced = Run(playbooks, ONBOARD, given, "-e", "onboarding_report=report.json", "--check").succeeded()
    assert sandbox.writes() == []
    planned = json.loads((playbooks.folder / "report.json").read_text(encoding="utf-8"))
    assert [(row["email"], row["outcome"], bool(row["process"])) for row in planned["rows"]] == [
        (MARY, "changed", True), ("richard.roe@example.com", "changed", False), (BOB, "changed", True),
    ]  # fmt: skip
    assert (planned["awx_job"], planned["awx_workflow_job"], planned["launched_by"]) == (42, 41, "helen")
    done = Run(playbooks, ONBOARD, given).succeeded()
    assert announced.stats == done.stats
    assert (done.stats["onboarding_created"], done.stats["onboarding_launched"]) == (2, 2)
    mary = sandbox.member(MARY)
    assert mary
    assert mary["first_name"] == "{{ 7*7 }}"

    # With the answer about the process left blank only those have one whom the file gives one.
    sandbox.clear_ledger()
    (folder / "hires.csv").write_text("email,first_name,role\nbob@example.com,Bob,\nmary@,,boss\n", encoding="utf-8")
    wrong = Run(
        playbooks, ONBOARD, answers(playbooks, onboarding_src="people/hires.csv", onboarding_process=" ")
    ).failed()
    assert wrong.lines[0] == "The list of people has mistakes, so nobody was brought in:"
    assert any(line.startswith("hires.csv line 3 (mary@): email") for line in wrong.lines)
    assert sandbox.writes() == []
    missing = Run(
        playbooks, ONBOARD, answers(playbooks, onboarding_src="people/none.csv", onboarding_process="")
    ).failed()
    assert missing.lines[0] == "Nobody was brought in:"
    assert missing.lines[1].startswith("onboarding_src /")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (blank("onboard_roster"), "onboarding_people is not given"),
        ({**blank("onboard_roster"), "onboarding_person_team": "\n"}, "or answer onboarding_person_email"),
        ({"onboarding_src": "a.csv", "onboarding_people": []}, "onboarding_people and onboarding_src are both given"),
    ],
    ids=str,
)
def test_nobody_named_is_told(given: dict[str, Any], problem: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    assert problem in Run(playbooks, ONBOARD, answers(playbooks, **given)).failed().output
    assert sandbox.ledger() == []


@pytest.mark.parametrize(("playbook", "name"), [(ONBOARD, "onboarding_src"), (DRIFT, "drift_src")])
def test_no_answer_shows_a_variable_of_the_environment(
    playbook: str, name: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    """Other credentials of the job are there, and a message about a file that is not there would name it."""
    given = answers(playbooks, **{name: "people/${OF_ANOTHER_CREDENTIAL}.csv"})
    run = Run(playbooks, playbook, given, OF_ANOTHER_CREDENTIAL="hunter2").failed()
    assert f"{name} is no file: it holds a dollar sign" in run.output
    assert "hunter2" not in run.output
    assert sandbox.ledger() == []


@pytest.mark.any_core
def test_an_answer_does_not_touch_the_list_of_an_inventory(sandbox: Sandbox, playbooks: Playbooks) -> None:
    hosts = playbooks.folder / "hosts.yml"
    people = [{"email": BOB, "team": "{{ 'Sales' }}"}]
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": {"onboarding_people": people}}}}))
    run = Run(playbooks, ONBOARD, answers(playbooks, **blank("onboard_person")), "-i", str(hosts)).succeeded()
    assert run.stats["onboarding_total"] == 1
    bob = sandbox.member(BOB)
    assert bob
    assert bob["team"] == "Sales"


@pytest.mark.any_core
def test_people_leave_by_a_survey(sandbox: Sandbox, playbooks: Playbooks) -> None:
    leavers = {"offboarding_emails": f"John Smith <{JOHN}>\r\n{FRANK}; ", "offboarding_reassign_to": f" {ALICE} "}
    # Whoever sees a green job takes it that the person is gone.
    mistyped = {**leavers, "offboarding_emails": f"{JOHN}\n[{FRANK}] x@example.com"}
    refused = Run(playbooks, OFFBOARD, answers(playbooks, **mistyped)).failed()
    for unknown in (f"[{FRANK}]", "x@example.com"):
        assert f"offboarding_emails: nobody has the address {unknown}" in refused.output
    assert sandbox.writes() == []
    given = answers(playbooks, **leavers, offboarding_delete="")
    announced = Run(playbooks, OFFBOARD, given, "--check").succeeded()
    assert sandbox.writes() == []
    done = Run(playbooks, OFFBOARD, given).succeeded()
    assert announced.stats == done.stats
    assert (done.stats["offboarding_removed"], done.stats["offboarding_not_found"]) == (2, 0)
    assert set(rows_of(done.report)) == {JOHN, FRANK}
    for email in (JOHN, FRANK):
        member = sandbox.member(email)
        assert member
        assert member["status"] == "disabled"
    sandbox.clear_ledger()
    again = Run(playbooks, OFFBOARD, given).succeeded()
    assert (again.changed, sandbox.writes()) == (0, [])
    blank_one = Run(playbooks, OFFBOARD, answers(playbooks, offboarding_emails=" ")).failed()
    assert "offboarding_people is not given" in blank_one.output
    assert "or give offboarding_emails" in blank_one.output


WORDS = {"true": True, "Yes ": True, "1": True, "False": False, "": False, "maybe": None}


def test_flags_are_true_or_false_or_blank(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """What is neither is refused, and never taken for no."""
    told_to = playbooks.folder / "told.json"
    tasks: list[Any] = []
    for role, flag, words, rest in (
        ("drift", "drift_fail", WORDS, {"drift_members": [{"email": BOB}]}),
        ("offboarding", "offboarding_delete", ["Yes ", "", "maybe"], {"offboarding_people": [{"email": JOHN}]}),
    ):
        for word in words:
            name = f"{role}_{list(WORDS).index(word)}"
            kept = "__offboarding_checked.members[0].action" if role == "offboarding" else "'passed'"
            tasks.append({
                "block": [
                    {"ansible.builtin.include_role": {"name": f"tallyfy.platform.{role}"},
                     "vars": {**rest, flag: unsafe(word)}},
                    {"ansible.builtin.set_fact": {name: f"{{{{ {kept} }}}}"}},
                ],
                "rescue": [{"ansible.builtin.set_fact": {name: "{{ ansible_failed_result.msg }}"}}],
            })  # fmt: skip
    names = [task["rescue"][0]["ansible.builtin.set_fact"] for task in tasks]
    keep = ", ".join(f"'{name}': {name}" for one in names for name in one)
    tasks.append({"ansible.builtin.copy": {"content": f"{{{{ {{{keep}}} | to_json }}}}", "dest": str(told_to)},
                  "check_mode": False})  # fmt: skip
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    finished = playbooks.run(yaml.dump(play, Dumper=AwxDumper, sort_keys=False), "--check")
    assert told_to.exists(), finished.stdout
    found = json.loads(told_to.read_text(encoding="utf-8"))
    for number, meaning in enumerate(WORDS.values()):
        told_by_drift = "must be true or false" if meaning is None else "Drift: " if meaning else "passed"
        assert told_by_drift in str(found[f"drift_{number}"])
        told_by_offboarding = "must be true or false" if meaning is None else "delete" if meaning else "disable"
        assert told_by_offboarding in str(found.get(f"offboarding_{number}", told_by_offboarding))
    assert sandbox.writes() == []


@pytest.mark.any_core
def test_drift_by_a_survey(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "roster.yml").write_text("- email: bob@example.com\n  role: light\n", encoding="utf-8")
    run = Run(playbooks, DRIFT, answers(playbooks, drift_src="roster.yml\n", drift_fail="true")).failed()
    assert run.stats["drift_different"] == 1
    assert rows_of(run.report)[BOB][0] == "different"
    assert "| Person | Drift | Difference | Note |" in run.report
    assert "- AWX job: 42\n" in run.report
