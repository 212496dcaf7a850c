# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surveys for AWX, held against its rules, and the roles with answers as AWX writes them.

Which answers make which row is the subject of the unit tests of ``_surveys``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.utils.unsafe_proxy import wrap_var

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import Playbooks, Run
from tests.people import ALICE, BOB, FRANK, JOHN

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
    "worklist": ("worklist", "worklist"),
}
MARY = "mary.major@example.com"


# --- the files --------------------------------------------------------------------------------------------------------

TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}
KEYS = {"question_name", "question_description", "variable", "type", "required", "default", "choices", "min", "max"}


def validate_survey(survey: Any) -> list[str]:
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
    assert validate_survey(survey) == []
    playbook, role = PLAYBOOKS[file.stem]
    text = (CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    answers = {question["variable"] for question in survey["spec"]}
    if role is None:
        assert answers <= set(re.findall(r"\bconfirm_task_\w+", text))
        return
    assert answers <= Roles.variables_of(role)


@pytest.mark.any_core
def test_every_survey_is_for_a_playbook_and_the_checker_finds_mistakes() -> None:
    assert {file.stem for file in SURVEYS} == set(PLAYBOOKS)
    good = {"type": "text", "question_name": "A", "variable": "a", "required": True}
    assert validate_survey({"name": "", "description": "", "spec": [good]}) == []
    bad: list[dict[str, Any]] = [
        {**good, "type": "string"}, {**good, "variable": "a-b"}, {**good, "default": "x"}, {**good, "help": ""},
        {**good, "required": "yes"}, {**good, "max": "5"}, {**good, "choices": ["x"]},
        {**good, "type": "multiplechoice"}, {**good, "type": "multiplechoice", "choices": [True, False]},
        {**good, "type": "multiplechoice", "choices": "a\nb", "required": False, "default": "c"},
        {**good, "type": "multiselect", "choices": ["a"], "required": False, "default": "a"},
        {name: value for name, value in good.items() if name != "question_name"},
    ]  # fmt: skip
    for question in bad:
        assert len(validate_survey({"name": "", "description": "", "spec": [question]})) == 1, question
    assert len(validate_survey({"name": "", "spec": [], "hosts": ""})) == 3


# --- answers as AWX writes them ---------------------------------------------------------------------------------------

#: What AWX tells each job of itself.
JOB = {"awx_job_id": 42, "awx_user_name": "helen", "awx_workflow_job_id": 41}


class Unsafe(str):
    """A text that AWX has from somebody."""

    __slots__ = ()


class AwxDumper(yaml.SafeDumper):
    """Writes extra variables as AWX does: texts of a survey are never templates."""


AwxDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def answers(**given: Any) -> dict[str, Any]:
    """Return what a job knows of these answers: texts that are never templates."""
    variables: dict[str, Any] = wrap_var({**JOB, **given})
    return variables


def blank(survey: str) -> dict[str, Any]:
    """Return the answers of somebody who filled in nothing."""
    spec = yaml.safe_load((AWX / "surveys" / f"{survey}.yml").read_text(encoding="utf-8"))["spec"]
    return {question["variable"]: "" for question in spec}


def report_of(roles: Roles) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((roles.folder / "report.json").read_text(encoding="utf-8"))
    return report


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


def assert_mary_is_in(sandbox: Sandbox) -> None:
    mary = sandbox.member(MARY)
    assert (mary["first_name"], mary["last_name"], mary["role"]) == ("{{ 7*7 }}", "{% if x %}{# {email}", "standard")
    assert mary.get("team") is None
    for name in ("Engineering", "People"):
        group = sandbox.group(name)
        assert mary["id"] in group["members"]
    (run,) = sandbox.runs(f"Welcome tour ({MARY})")
    assert "{{ 7*7 }} {full_name}: {# 9:30 #}" in run["prerun"].values()


def test_one_person_is_brought_in_by_a_survey(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """By the playbook, with the file of variables that AWX writes."""
    file = playbooks.folder / "extravars"
    given = {name: Unsafe(text) for name, text in PERSON.items()}
    file.write_text(yaml.dump({**JOB, **given}, Dumper=AwxDumper), encoding="utf-8")
    done = Run(playbooks, "tallyfy.platform.onboard", f"-e@{file}").succeeded()
    assert_mary_is_in(sandbox)
    passed_on = done.stats
    assert passed_on["tallyfy_onboarding_created"] == passed_on["tallyfy_onboarding_launched"] == 1
    assert MARY in passed_on["tallyfy_onboarding_report_text"]


@pytest.mark.any_core
def test_the_answers_about_one_person_in_a_dry_run_and_twice(sandbox: Sandbox, roles: Roles) -> None:
    given = {**answers(**PERSON), "onboarding_report": "report.json"}
    announced = roles.succeed("onboarding", check_mode=True, **given)
    assert sandbox.writes() == []
    planned = report_of(roles)
    done = roles.succeed("onboarding", **given)
    assert_mary_is_in(sandbox)
    assert announced["artifacts"].keys() == done["artifacts"].keys()
    assert (planned["check_mode"], planned["job"]) == (True, {"id": 42, "workflow_id": 41, "user": "helen"})
    assert planned["summary"] == report_of(roles)["summary"]
    assert [row["outcome"] for row in planned["people"]] == ["created"]
    sandbox.clear_ledger()
    again = roles.succeed("onboarding", **given)
    assert (again["changed"], sandbox.writes()) == (False, [])


@pytest.mark.any_core
def test_a_roster_is_brought_in_by_a_survey(sandbox: Sandbox, roles: Roles) -> None:
    folder = roles.folder / "people"
    folder.mkdir()
    (folder / "hires.csv").write_text(
        "email,first_name,last_name,groups,process\n"
        "mary.major@example.com,{{ 7*7 }},Major,People,\n"
        "richard.roe@example.com,Richard,Roe,,false\n"
        "bob@example.com,,,,\n",
        encoding="utf-8",
    )
    given = answers(onboarding_src=" people/hires.csv ", onboarding_process="Welcome tour", onboarding_person_team="")
    announced = roles.succeed("onboarding", check_mode=True, **given, onboarding_report="report.json")
    assert sandbox.writes() == []
    planned = report_of(roles)
    assert [(row["email"], row["outcome"], bool(row.get("process"))) for row in planned["people"]] == [
        (MARY, "created", True), ("richard.roe@example.com", "created", False), (BOB, "updated", True),
    ]  # fmt: skip
    done = roles.succeed("onboarding", **given)
    assert announced["summary"] == done["summary"]
    assert done["summary"]["processes"]["launched"] == 2
    mary = sandbox.member(MARY)
    assert mary["first_name"] == "{{ 7*7 }}"


@pytest.mark.any_core
def test_mistakes_in_the_file_of_a_survey_are_reported_with_their_lines(sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "hires.csv").write_text("email,first_name,role\nbob@example.com,Bob,\nmary@,,boss\n")
    problems = roles.fail("onboarding", **answers(onboarding_src="hires.csv", onboarding_process=" "))
    assert any(problem.startswith("hires.csv line 3 (mary@): email") for problem in problems)
    assert sandbox.writes() == []
    (problem,) = roles.fail("onboarding", **answers(onboarding_src="people/none.csv"))
    assert "onboarding_src" in problem
    assert "people/none.csv: No such file or directory" in problem


@pytest.mark.any_core
@pytest.mark.parametrize(
    ("role", "given", "problem"),
    [
        ("onboarding", blank("onboard_roster"), "Neither onboarding_people nor onboarding_src is given"),
        ("onboarding", {"onboarding_person_team": "Sales"}, "onboarding_person_email is not given"),
        ("onboarding", {"onboarding_src": "a.csv", "onboarding_people": []},
         "mutually exclusive: onboarding_people|onboarding_src"),
        ("onboarding", {"onboarding_src": "a.csv", "onboarding_person_email": MARY},
         "onboarding_person_email and onboarding_src are both given"),
        ("offboarding", {"offboarding_person_emails": " "}, "Neither offboarding_people nor offboarding_src nor"),
        ("drift", {"drift_src": " "}, "Neither drift_people nor drift_src is given"),
    ],
    ids=str,
)  # fmt: skip
def test_nobody_named_is_reported(
    role: str, given: dict[str, Any], problem: str, sandbox: Sandbox, roles: Roles
) -> None:
    assert problem in "\n".join(roles.fail(role, **answers(**given)))
    assert sandbox.ledger() == []


@pytest.mark.any_core
@pytest.mark.parametrize("name", ["onboarding_src", "offboarding_src", "roster_src", "drift_src", "onboarding_report"])
def test_no_answer_shows_a_variable_of_the_environment(
    name: str, sandbox: Sandbox, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other credentials of the job are there, and a message about a file that is not there would name it."""
    monkeypatch.setenv("OF_ANOTHER_CREDENTIAL", "hunter2")
    role = name.rpartition("_")[0]
    people = {"onboarding_people": []} if name.endswith("report") else {}
    result = roles.run(role, **answers(**{name: "people/${OF_ANOTHER_CREDENTIAL}.csv"}), **people)
    assert result["failed"]
    assert any(name in problem and "dollar sign" in problem for problem in result["problems"])
    assert "hunter2" not in json.dumps(result)
    assert sandbox.ledger() == []


@pytest.mark.any_core
def test_a_blank_answer_does_not_touch_the_list_of_an_inventory(sandbox: Sandbox, roles: Roles) -> None:
    people = [{"email": BOB, "team": "Sales"}]
    done = roles.succeed("onboarding", **answers(**blank("onboard_person")), onboarding_people=people)
    assert done["summary"]["people"]["updated"] == 1
    bob = sandbox.member(BOB)
    assert bob["team"] == "Sales"


@pytest.mark.any_core
def test_people_leave_by_a_survey(sandbox: Sandbox, roles: Roles) -> None:
    leavers = {
        "offboarding_person_emails": f"John Smith <{JOHN}>\r\n{FRANK}; ",
        "offboarding_reassign_to": f" {ALICE} ",
    }
    given = answers(**leavers, offboarding_delete="")
    announced = roles.succeed("offboarding", check_mode=True, **given)
    assert sandbox.writes() == []
    done = roles.succeed("offboarding", **given)
    assert announced["summary"] == done["summary"]
    assert [(row["email"], row["outcome"]) for row in done["people"]] == [(JOHN, "disabled"), (FRANK, "disabled")]
    for email in (JOHN, FRANK):
        member = sandbox.member(email)
        assert member["status"] == "disabled"
    sandbox.clear_ledger()
    again = roles.succeed("offboarding", **given)
    assert (again["changed"], sandbox.writes()) == (False, [])


@pytest.mark.any_core
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_an_address_of_nobody_in_a_survey_is_refused(check_mode: bool, sandbox: Sandbox, roles: Roles) -> None:
    """Whoever sees a green job takes it that the person is gone; in a file it is a warning."""
    mistyped = answers(offboarding_person_emails=f"{JOHN}\ny.{FRANK} x@example.com")
    assert roles.fail("offboarding", check_mode, **mistyped) == [
        f"offboarding_person_emails: no member and no guest has the address y.{FRANK}",
        "offboarding_person_emails: no member and no guest has the address x@example.com",
    ]
    assert sandbox.writes() == []
    listed = answers(offboarding_people=[{"email": "x@example.com"}])
    assert roles.succeed("offboarding", check_mode, **listed)["changed"] is False


@pytest.mark.any_core
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_an_address_of_nobody_in_a_survey_is_in_the_report(check_mode: bool, sandbox: Sandbox, roles: Roles) -> None:
    roles.fail(
        "offboarding", check_mode, **answers(offboarding_person_emails="x@example.com", offboarding_report="report.md")
    )
    assert "no member and no guest has the address x@example.com" in (roles.folder / "report.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.any_core
def test_a_survey_in_check_mode_reads_once(sandbox: Sandbox, roles: Roles) -> None:
    roles.succeed("offboarding", check_mode=True, **answers(offboarding_person_emails=JOHN))
    assert [entry["route"] for entry in sandbox.ledger()].count("members.list") == 1


@pytest.mark.any_core
@pytest.mark.parametrize(
    ("word", "meaning"),
    [("true", True), ("Yes ", True), ("1", True), ("False", False), ("", False), ("maybe", None)],
)
def test_flags_are_true_or_false_or_blank(word: str, meaning: bool | None, sandbox: Sandbox, roles: Roles) -> None:
    """What is neither is refused, and never taken for no."""
    drift = answers(drift_people=[{"email": BOB, "role": "light"}], drift_unlisted="ignore", drift_fail=word)
    leavers = answers(offboarding_people=[{"email": JOHN}], offboarding_delete=word)
    if meaning is None:
        for role, given in (("drift", drift), ("offboarding", leavers)):
            (problem,) = roles.fail(role, **given)
            assert "drift_fail" in problem or "offboarding_delete" in problem
            assert "bool" in problem
        assert sandbox.ledger() == []
        return
    assert bool(roles.run("drift", **drift).get("failed")) is meaning
    (row,) = roles.succeed("offboarding", check_mode=True, **leavers)["people"]
    assert (row["action"] == "deleted") is meaning


@pytest.mark.any_core
def test_drift_by_a_survey(sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "roster.yml").write_text("- email: bob@example.com\n  role: light\n", encoding="utf-8")
    given = answers(drift_src="roster.yml\n", drift_fail="true", drift_unlisted="ignore", drift_report="report.json")
    result = roles.run("drift", **given)
    assert result["failed"]
    assert result["artifacts"]["tallyfy_drift_different"] == 1
    report = report_of(roles)
    assert [(row["email"], row["outcome"]) for row in report["people"]] == [(BOB, "different")]
    assert report["job"]["id"] == 42
