# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles do with their variables, and what they tell: each is its module with another spelling.

The task of a role runs in this process; that a playbook gives the same is the subject of test_playbooks.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.tallyfy.platform.plugins.module_utils._roster import run as roster_run
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _reports
from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.people import ALICE, BOB, DANA, ERIN, FRANK, JOHN, JOHN_ID, MARY, NORA, PARTNER

EXAMPLES = Path(__file__).resolve().parents[2] / "playbooks" / "examples"
NOBODY = "nobody@example.com"
REFUSAL = {"error": True, "message": "Nobody may touch <John> | *today*"}
PAUSE = {"status": 429, "headers": {"Retry-After": "900"}}

WRITING = ("onboarding", "offboarding", "roster")
BULK = (*WRITING, "drift")
ALL = (*BULK, "export_roster")
#: What gives each role something to do, with John and somebody else.
WORK: dict[str, dict[str, Any]] = {
    "onboarding": {"onboarding_people": [{**MARY, "groups": ["People"]}, {"email": JOHN, "job_title": "Team lead"}],
                   "onboarding_process": {"template": "Welcome tour"}},
    "offboarding": {"offboarding_people": [{"email": JOHN, "reassign_to": BOB}, {"email": FRANK}],
                    "offboarding_guests": [PARTNER]},
    "roster": {
        "roster_people": [MARY, {"email": JOHN, "job_title": "Team lead"}, {"email": FRANK, "state": "disabled"}]
    },
    "drift": {"drift_people": [MARY, {"email": JOHN, "role": "light"}], "drift_unlisted": "ignore"},
    "export_roster": {"export_roster_dest": "roster.yml"},
}  # fmt: skip
#: The same with somebody who is as desired.
NO_WORK: dict[str, dict[str, Any]] = {
    "onboarding": {"onboarding_people": [{"email": BOB}]},
    "offboarding": {"offboarding_people": [{"email": DANA}]},
    "roster": {"roster_people": [{"email": BOB}]},
    "drift": {"drift_people": [{"email": BOB}], "drift_unlisted": "ignore"},
    "export_roster": WORK["export_roster"],
}

every_writing_role = pytest.mark.parametrize("role", WRITING)
every_bulk_role = pytest.mark.parametrize("role", BULK)
every_role = pytest.mark.parametrize("role", ALL)
both_modes = pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])


def report_of(roles: Roles) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((roles.folder / "report.json").read_text(encoding="utf-8"))
    return report


def associated(sandbox: Sandbox, email: str) -> list[int]:
    (guest,) = [one for one in sandbox.state(sandbox.org_id)["guests"] if one["email"] == email]
    return sorted(guest["associated_members"] or ())


def guests_of(sandbox: Sandbox) -> set[str]:
    return {one["email"] for one in sandbox.state(sandbox.org_id)["guests"] if not one["deleted_at"]}


def numbers(artifacts: dict[str, Any]) -> dict[str, int]:
    """Return the counts among what is passed on to other jobs."""
    return {name: value for name, value in artifacts.items() if not name.endswith("_report_text")}


def people_counts(result: dict[str, Any]) -> dict[str, int]:
    summary: dict[str, Any] = result["summary"]
    return {name: count for name, count in summary.get("people", summary).items() if count}


# --- dry runs and runs ------------------------------------------------------------------------------------------------


@every_writing_role
def test_check_mode_reports_what_the_run_does_and_a_second_run_does_nothing(
    role: str, sandbox: Sandbox, roles: Roles
) -> None:
    variables = {**WORK[role], f"{role}_report": "report.json"}
    announced = roles.succeed(role, check_mode=True, **variables)
    planned = report_of(roles)
    assert sandbox.writes() == []
    done = roles.succeed(role, **variables)
    written = report_of(roles)

    assert announced["changed"] is done["changed"] is True
    assert numbers(announced["artifacts"]) == numbers(done["artifacts"])
    assert (planned["check_mode"], written["check_mode"]) == (True, False)
    for part in ("people", "groups", "guests"):
        assert [(row.get("email", row.get("name")), row["outcome"]) for row in planned[part]] == [
            (row.get("email", row.get("name")), row["outcome"]) for row in written[part]
        ]
    assert planned["summary"] == written["summary"]
    assert "dry run" in announced["text"][0]
    assert "dry run" not in done["text"][0]

    sandbox.clear_ledger()
    again = roles.succeed(role, **WORK[role])
    assert (again["changed"], sandbox.writes()) == (False, [])


@pytest.mark.parametrize("role", ["onboarding", "roster"])
def test_unchanged_people_cost_one_listing(role: str, sandbox: Sandbox, roles: Roles) -> None:
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
    done = roles.succeed(role, **{f"{role}_people": people})
    assert done["changed"] is False
    # The name of the organization is told to whoever reads the output.
    assert Counter(entry["route"] for entry in sandbox.ledger()) == Counter(
        ["oauth.token", "members.list", "groups.list", "organization.get"]
    )


def test_a_roster_file_is_found_where_ansible_was_called(sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "roster.csv").write_text((EXAMPLES / "roster.csv").read_text(encoding="utf-8"))
    done = roles.succeed("roster", roster_src="roster.csv")
    assert people_counts(done) == {"created": 2, "updated": 1, "disabled": 1, "unchanged": 1}
    mary = sandbox.member(MARY["email"])
    assert mary["job_title"] == "Engineer, support"


def test_the_example_of_leavers_hands_over(sandbox: Sandbox, roles: Roles) -> None:
    leavers = yaml.safe_load((EXAMPLES / "leavers.yml").read_text(encoding="utf-8"))
    done = roles.succeed("offboarding", **leavers)
    assert people_counts(done) == {"disabled": 2}
    assert [row["reassign_to"] for row in done["people"]] == [BOB, ERIN]
    assert {str(entry["query"].get("to")) for entry in sandbox.writes() if "/users/" in entry["path"]} == {
        "1002",
        "1003",
    }
    gone = roles.succeed("offboarding", offboarding_delete=True, **leavers)
    assert people_counts(gone) == {"deleted": 2}
    assert sandbox.find_member(JOHN) is None


def test_an_empty_list_is_nothing_to_do(sandbox: Sandbox, roles: Roles) -> None:
    for role in WRITING:
        done = roles.succeed(role, **{f"{role}_people": [], f"{role}_report": "report.md"})
        assert done["changed"] is False
        assert set(numbers(done["artifacts"]).values()) == {0}
        assert "0 people: nothing to do" in (roles.folder / "report.md").read_text(encoding="utf-8")
    assert sandbox.writes() == []


# --- what must not happen ---------------------------------------------------------------------------------------------

MISSPELLED = {
    "offboarding": {"offboarding_protected": "offboarding_protect"},
    "roster": {"roster_protected": "roster_protect", "roster_unlised": "roster_unlisted"},
    "onboarding": {"onboarding_proccess": "onboarding_process",
                   "onboarding_person_nickname": "onboarding_person_nickname"},
    # What stands in for its own variables counts as well.
    "drift": {"drift_failed": "drift_fail", "roster_protected": "roster_protect"},
    "export_roster": {"export_roster_des": "export_roster_dest"},
}  # fmt: skip
MISSPELLED_CONNECTION = {"tallyfy_actas": "tallyfy_act_as", "talyfy_act_as": "tallyfy_act_as"}


@pytest.mark.parametrize(
    ("role", "name", "meant"), [(role, *pair) for role, names in MISSPELLED.items() for pair in names.items()]
)
@both_modes
def test_a_misspelled_variable_is_refused_before_anything_is_asked(
    check_mode: bool, role: str, name: str, meant: str, sandbox: Sandbox, roles: Roles
) -> None:
    problems = roles.fail(role, check_mode, **WORK[role], **{name: ["*@example.com"]})
    assert [problem for problem in problems if problem.startswith(f"{name} is not") and meant in problem]
    assert sandbox.ledger() == []


@pytest.mark.parametrize(("name", "meant"), MISSPELLED_CONNECTION.items())
def test_a_misspelled_variable_of_the_connection_is_refused_everywhere(
    name: str, meant: str, sandbox: Sandbox, roles: Roles
) -> None:
    expected = f"{name} is not a variable of this collection; did you mean {meant}?"
    for role in ALL:
        assert expected in roles.fail(role, **WORK[role], **{name: "x"})
    for module, args in (("tallyfy_user", {"email": BOB}), ("tallyfy_roster", {"people": []})):
        refused = roles.module(module, args=args, **{name: "x"})
        assert refused["failed"]
        assert expected in refused["msg"]
    assert sandbox.ledger() == []


def test_all_misspelled_variables_are_reported_at_once(sandbox: Sandbox, roles: Roles) -> None:
    wrong = {**MISSPELLED["roster"], **MISSPELLED_CONNECTION}
    assert len(roles.fail("roster", **WORK["roster"], **wrong)) == len(wrong)
    assert sandbox.ledger() == []


@every_role
def test_variables_of_somebody_elses_are_nobodys_business(role: str, sandbox: Sandbox, roles: Roles) -> None:
    foreign = {
        "onboarding_ticket": "HR-1", "offboarding_ticket": "HR-2", "roster_owner": "Alice", "drift_channel": "#ops",
        "tallyfy_organizations": [], "tallyfy_client_secret_globex": "x", "protect": ["*"],
        f"__{role}_protected": True,
    }  # fmt: skip
    roles.succeed(role, check_mode=True, **NO_WORK[role], **foreign)


def test_what_a_job_passes_on_does_not_disturb_the_next_one(sandbox: Sandbox, roles: Roles) -> None:
    passed_on: dict[str, Any] = {}
    for role in ALL:
        done = roles.succeed(role, check_mode=True, **WORK[role], **passed_on)
        artifacts = done.get("artifacts", {})
        assert all(name.startswith(f"tallyfy_{role}_") for name in artifacts)
        passed_on.update(artifacts)
    for role in BULK:
        assert f"tallyfy_{role}_report_text" in passed_on
        roles.succeed(role, check_mode=True, **WORK[role], **passed_on)


@pytest.mark.parametrize(("guest", "member"), [("[p]artner@example.org", "[j]ohn*"), ("*@Example.ORG ", "JOHN.*")])
@both_modes
def test_who_is_protected_keeps_their_access_as_member_and_as_guest(
    check_mode: bool, guest: str, member: str, sandbox: Sandbox, roles: Roles
) -> None:
    leavers = {"offboarding_people": [{"email": JOHN}], "offboarding_guests": [PARTNER]}
    for pattern, named in ((guest, PARTNER), (member, JOHN)):
        problems = roles.fail("offboarding", check_mode, **leavers, offboarding_protect=[pattern])
        assert [one for one in problems if named in one and "offboarding_protect" in one], problems
    assert sandbox.writes() == []
    assert guests_of(sandbox) == {PARTNER, NORA}


def test_the_fuse_of_a_roster_can_be_read_and_obeyed(sandbox: Sandbox, roles: Roles) -> None:
    options: dict[str, Any] = {
        "roster_people": [{"email": ALICE}, {"email": BOB}, {"email": ERIN}],
        "roster_unlisted": "disabled",
        "roster_protect": ["*@example.net"],
        "roster_max_removals": "10%",
    }
    (problem,) = roles.fail("roster", check_mode=True, **options)
    assert problem.startswith("3 members would lose access, but roster_max_removals")
    assert JOHN in problem
    assert "To allow this, set roster_max_removals to 3" in problem
    assert sandbox.writes() == []
    options.update(roster_max_removals=3, roster_reassign_to=BOB)
    assert people_counts(roles.succeed("roster", **options))["disabled"] == 3
    assert (sandbox.member(JOHN)["status"], sandbox.member("grace.kim@example.net")["status"]) == ("disabled", "active")
    sandbox.clear_ledger()
    assert roles.succeed("roster", **options)["changed"] is False
    assert sandbox.writes() == []


def test_a_leaver_written_with_a_combining_accent_is_handed_over(sandbox: Sandbox, roles: Roles) -> None:
    (andre,) = sandbox.insert_members({"email": "andr\u00e9@example.com"})
    sandbox.patch_guest(PARTNER, associated_members=[andre["id"]])
    leaver = {"email": "andre\u0301@example.com", "reassign_to": BOB}
    roles.succeed("offboarding", offboarding_people=[leaver])
    assert associated(sandbox, PARTNER) == [1002]
    assert sandbox.member("andr\u00e9@example.com")["status"] == "disabled"


@every_writing_role
def test_an_acting_member_who_may_not_is_refused_alike(role: str, sandbox: Sandbox, roles: Roles) -> None:
    variables = {**WORK[role], "tallyfy_act_as": "grace.kim@example.net"}
    refusals = [roles.fail(role, check_mode, **variables) for check_mode in (True, False)]
    assert refusals[0] == refusals[1]
    assert "grace.kim@example.net" in refusals[0][0]
    assert "act_as" in refusals[0][0]
    assert sandbox.writes() == []


# --- variables --------------------------------------------------------------------------------------------------------


@every_role
def test_blank_variables_count_as_not_given(role: str, sandbox: Sandbox, roles: Roles) -> None:
    names = Roles.variables_of(role)
    for blank in ("", " ", None):
        variables = dict.fromkeys(names, blank)
        roles.succeed(role, check_mode=True, **{**variables, **NO_WORK[role]})
        (problem,) = roles.fail(role, **variables)
        assert re.search(f"{role}_\\w+ is (not )?given", problem), problem
    assert sandbox.writes() == []


@pytest.mark.parametrize(
    ("role", "variables", "problem"),
    [
        ("onboarding", {"onboarding_people": MARY["email"]}, "onboarding_people is not a list"),
        ("onboarding", {"onboarding_people": {MARY["email"]: MARY}}, "onboarding_people is not a list"),
        ("roster", {"roster_people": {BOB: {}}}, "roster_people is not a list"),
        ("offboarding", {"offboarding_people": JOHN}, "offboarding_people must be a list"),
        ("offboarding", {"offboarding_guests": PARTNER}, "offboarding_guests"),
        ("offboarding", {"offboarding_guests": [{"email": PARTNER}, None]}, "offboarding_guests"),
        ("onboarding", {"onboarding_people": [MARY], "onboarding_ensure_groups": {"name": "N"}}, "ensure_groups is "),
        ("onboarding", {"onboarding_people": [MARY], "onboarding_process": "Tour"}, "onboarding_process"),
        ("onboarding", {"onboarding_people": [MARY], "onboarding_defaults": {"state": "disabled"}}, "state"),
        ("onboarding", {"onboarding_people": [MARY], "onboarding_concurrency": 99}, "onboarding_concurrency must be"),
        ("onboarding", {"onboarding_people": [{"email": ERIN, "role": "light"}], "onboarding_min_admins": 2},
         "onboarding_min_admins is 2"),
        ("roster", {"roster_people": [], "roster_max_removals": "few"}, "roster_max_removals 'few' is neither"),
        ("offboarding", {"offboarding_people": [{"email": JOHN}], "offboarding_reassign_to": NOBODY},
         f"offboarding_reassign_to {NOBODY} is not a member"),
    ],
    ids=str,
)  # fmt: skip
@both_modes
def test_bad_input_is_refused_by_the_name_of_its_variable(
    check_mode: bool, role: str, variables: dict[str, Any], problem: str, sandbox: Sandbox, roles: Roles
) -> None:
    problems = roles.fail(role, check_mode, **variables)
    assert [one for one in problems if problem in one], problems
    assert sandbox.writes() == []


def test_mistakes_of_a_file_are_named_with_its_lines(sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "r.csv").write_text("email,role,groups\nbob@example.com,boss,\n\njohn@example,,Recruiters\n")
    options = {"roster_src": "r.csv", "roster_concurrency": 99, "roster_max_removals": "few"}
    assert sorted(roles.fail("roster", **options)) == [
        "r.csv line 2 (bob@example.com): value of role must be one of: admin, standard, light, got: boss",
        "r.csv line 4 (john@example): email 'john@example' is not an e-mail address",
        "roster_concurrency must be between 1 and 32, not 99",
        "roster_max_removals 'few' is neither a number nor a percentage such as 10%",
    ]
    (problem,) = roles.fail("roster", roster_src="r.csv", roster_people=[])
    assert "mutually exclusive: roster_people|roster_src" in problem
    assert sandbox.writes() == []


@pytest.mark.parametrize("role", ["roster", "onboarding", "offboarding"])
def test_an_encrypted_file_needs_the_secrets_of_the_run(role: str, sandbox: Sandbox, roles: Roles) -> None:
    secrets = [("default", VaultSecret(b"s3cret of the vault"))]
    (roles.folder / "people.csv").write_bytes(VaultLib(secrets).encrypt("email\njohn.smith@example.com\n"))
    src = {f"{role}_src": "people.csv"}
    (problem,) = roles.fail(role, check_mode=True, **src)
    assert "it is encrypted with ansible-vault: A vault password or secret must be specified to decrypt" in problem
    assert sandbox.ledger() == []

    roles.vault_secrets = [("default", VaultSecret(b"another secret"))]
    (problem,) = roles.fail(role, check_mode=True, **src)
    assert "it is encrypted with ansible-vault: Decryption failed" in problem
    roles.vault_secrets = secrets
    roles.succeed(role, check_mode=True, **src)


@every_bulk_role
@pytest.mark.parametrize(
    ("report", "problem"),
    [
        ("report.txt", "does not end in .md, .html or .json"),
        ("nowhere/report.md", "nowhere does not exist"),
        ("home.md", "is a folder"),
        ("$HOME/report.md", "dollar sign"),
        ("x" * 300 + ".md", "too long"),
        ("~nobody-of-this-name/report.md", "home"),
        ("a\0b.md", "null"),
    ],
    ids=["ending", "folder", "is-folder", "dollar", "too-long", "home", "null"],
)
@both_modes
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(
    check_mode: bool, report: str, problem: str, role: str, sandbox: Sandbox, roles: Roles
) -> None:
    (roles.folder / "home.md").mkdir()
    (found,) = roles.fail(role, check_mode, **WORK[role], **{f"{role}_report": report})
    assert found.startswith(f"{role}_report")
    assert problem in found
    assert sandbox.ledger() == []


@every_bulk_role
@both_modes
def test_a_report_is_written_in_check_mode_and_of_a_failure(
    check_mode: bool, role: str, sandbox: Sandbox, roles: Roles
) -> None:
    for ending in ("md", "html", "json"):
        roles.succeed(role, check_mode, **NO_WORK[role], **{f"{role}_report": f"good.{ending}"})
        text = (roles.folder / f"good.{ending}").read_text(encoding="utf-8")
        assert "Globex Corporation" in text
        wrong = {**NO_WORK[role], f"{role}_people": [{"email": "nobody"}], f"{role}_report": f"bad.{ending}"}
        roles.fail(role, check_mode, **wrong)
        assert "is not an e-mail address" in (roles.folder / f"bad.{ending}").read_text(encoding="utf-8")
        assert (roles.folder / f"bad.{ending}").stat().st_mode & 0o007 == 0, "names and addresses are not for everybody"


def test_a_report_is_not_for_an_asynchronous_task(sandbox: Sandbox, roles: Roles) -> None:
    """It would be written when the task starts, and say that there was nothing to do."""
    args = {"people": [{"email": "bob@example.com"}], "report": "report.md"}
    plugin = roles.plugin("tallyfy_roster", args, roles.variables)
    plugin._task.async_val = 60
    result = plugin.run(task_vars=dict(roles.variables))
    assert result["failed"]
    assert "asynchronous" in result["msg"]
    assert not (roles.folder / "report.md").exists()


@every_writing_role
def test_a_run_does_not_fail_at_its_end_for_want_of_the_organizations_name(
    role: str, sandbox: Sandbox, roles: Roles
) -> None:
    """What has been done would be forgotten then."""
    sandbox.fault(route="organization.get", status=403, times=None)
    assert roles.fail(role, **WORK[role])
    assert sandbox.writes() == []


@every_writing_role
def test_what_was_done_is_reported_when_its_report_cannot_be_written(
    role: str, sandbox: Sandbox, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_path: str, _text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_reports, "write", write)
    result = roles.run(role, **WORK[role], **{f"{role}_report": "report.md"})
    assert result["failed"]
    (problem,) = result["problems"]
    assert problem.startswith(f"{role}_report: ")
    assert problem.endswith("could not be written: No space left on device")
    assert sum(numbers(result["artifacts"]).values()) > 0
    assert result["changed"] is True


def test_paths_are_taken_from_where_ansible_was_called(sandbox: Sandbox, roles: Roles) -> None:
    """A module would take them from the folder of the playbook."""
    plays = roles.folder / "plays"
    plays.mkdir()
    (roles.folder / "roster.csv").write_text("email\nbob@example.com\n")
    roles.playbook_folder = plays
    roles.succeed("roster", roster_src="roster.csv", roster_report="report.md")
    assert (roles.folder / "report.md").exists()
    assert list(plays.iterdir()) == []


# --- the connection ---------------------------------------------------------------------------------------------------


def test_an_option_counts_more_than_a_variable_and_that_more_than_the_environment(
    sandbox: Sandbox, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acting(args: dict[str, Any], **variables: Any) -> str:
        people: list[Any] = []
        result = roles.module("tallyfy_roster", check_mode=True, args={"people": people, **args}, **variables)
        assert not result.get("failed"), result
        return str(result["organization"]["acting_as"])

    monkeypatch.setenv("TALLYFY_ACT_AS", ERIN)
    assert acting({}) == ERIN
    assert acting({}, tallyfy_act_as=ALICE) == ALICE
    assert acting({"act_as": BOB}, tallyfy_act_as=ALICE) == BOB
    # What is blank does not hide what counts less.
    assert acting({"act_as": ""}, tallyfy_act_as=ALICE) == ALICE
    assert acting({"act_as": " "}, tallyfy_act_as=" ") == ERIN
    omitted = "__omit_place_holder__"
    assert acting({}, tallyfy_act_as=omitted, omit=omitted) == ERIN


def test_zero_and_false_are_values_of_the_connection(
    sandbox: Sandbox, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_INJECT_INVOCATION", "1")
    options = {"tallyfy_max_wait": 0, "tallyfy_rate_limit": 0, "tallyfy_validate_certs": False}
    result = roles.module("tallyfy_user_info", args={}, **options)
    given = result["invocation"]["module_args"]
    assert (given["max_wait"], given["rate_limit"], given["validate_certs"]) == (0, 0, False)
    blank = dict.fromkeys((*options, "tallyfy_timeout", "tallyfy_ca_path"), "")
    result = roles.module("tallyfy_user_info", args={}, **blank)
    assert not result.get("failed"), result
    assert result["invocation"]["module_args"]["validate_certs"] is True


@every_role
def test_the_other_names_of_the_connection_count(role: str, sandbox: Sandbox, roles: Roles) -> None:
    names = {"tallyfy_organization_id": sandbox.org_id, "tallyfy_api_token": sandbox.issue_token(ALICE)}
    without = dict.fromkeys(("tallyfy_org_id", "tallyfy_client_id", "tallyfy_client_secret"))
    roles.succeed(role, check_mode=True, **NO_WORK[role], **{**without, **names})
    assert sandbox.sign_ins() == []
    assert {entry["token"] for entry in sandbox.ledger()} == {"user"}


def test_what_a_task_signs_in_with_is_its_own(sandbox: Sandbox, roles: Roles) -> None:
    """An access token leaves the application of the variables alone, and the other way round."""
    token = {"access_token": sandbox.issue_token(ALICE)}
    done = roles.module("tallyfy_user_info", args=token, tallyfy_act_as=BOB)
    assert not done.get("failed"), done
    assert sandbox.sign_ins() == []
    application = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    variables = {"tallyfy_client_id": None, "tallyfy_client_secret": None, "tallyfy_access_token": "of somebody else"}
    done = roles.module("tallyfy_user_info", args=application, **variables)
    assert not done.get("failed"), done
    assert [entry["route"] for entry in sandbox.sign_ins()] == ["oauth.token"]


# --- where a play runs ------------------------------------------------------------------------------------------------

SLICE = {"awx_job_template_name": "Onboard", "awx_workflow_job_name": "Onboard"}
ELSEWHERE = {"groups": {"all": ["globex", "initech"]}}


@every_role
def test_a_slice_without_localhost_does_nothing_and_says_so(role: str, sandbox: Sandbox, roles: Roles) -> None:
    reported = roles.succeed(role, **WORK[role], **SLICE, **ELSEWHERE)
    assert reported["changed"] is False
    assert reported["text"][0].startswith("NOTHING WAS DONE HERE. This job is a slice")
    assert (reported.get("artifacts", {}), reported["problems"]) == ({}, [])
    assert sandbox.ledger() == []
    # In the slice that has it, in no slice and as a node of a workflow the work is done.
    for awx in ({}, {**SLICE, "awx_workflow_job_name": "Approve"}, {**SLICE, "groups": {"all": ["localhost"]}}):
        reported = roles.succeed(role, check_mode=True, **NO_WORK[role], **{**ELSEWHERE, **awx})
        assert not reported["text"][0].startswith("NOTHING")


@every_role
def test_several_hosts_need_organizations_of_their_own(
    role: str, sandbox: Sandbox, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYFY_ORG_ID", sandbox.org_id)
    here = {"inventory_hostname": "globex", "tallyfy_hosts": "all", "tallyfy_org_id": None}
    expected = "globex has no tallyfy_org_id. With several hosts, set it for each host."
    for play in (["globex", "initech"], ["globex"]):  # the second one as a limit leaves it
        variables = {**WORK[role], **here, **ELSEWHERE, "ansible_play_hosts_all": play}
        assert roles.fail(role, **variables) == [expected]
        assert roles.fail(role, check_mode=True, **variables) == [expected]
    assert sandbox.ledger() == []
    variables = {**NO_WORK[role], **here, **ELSEWHERE, "ansible_play_hosts_all": ["globex", "initech"]}
    roles.succeed(role, check_mode=True, **{**variables, "tallyfy_organization_id": sandbox.org_id})
    # One host is the organization of the environment.
    alone = {"groups": {"all": ["globex"]}, "ansible_play_hosts_all": ["globex"]}
    roles.succeed(role, check_mode=True, **{**variables, **alone})


@every_role
def test_an_inventory_that_nothing_names_is_pointed_at(role: str, sandbox: Sandbox, roles: Roles) -> None:
    hint = "To run on them, give: -e tallyfy_hosts=all"
    (problem,) = roles.fail(role, **ELSEWHERE)
    assert problem.endswith(hint)
    (problem,) = roles.fail(role, groups={"all": ["localhost"]})
    assert hint not in problem
    assert sandbox.ledger() == []


# --- what is told -----------------------------------------------------------------------------------------------------


@every_bulk_role
@pytest.mark.parametrize("is_refused", [False, True], ids=["success", "failure"])
def test_rows_totals_terminal_and_reports_have_one_vocabulary(
    role: str, is_refused: bool, sandbox: Sandbox, roles: Roles
) -> None:
    variables = {**WORK[role], f"{role}_report": "report.json"}
    if is_refused:
        sandbox.fault(method="PUT", path=f"*/users/{JOHN_ID}", times=None, status=403, body=REFUSAL)
        sandbox.fault(method="DELETE", path=f"*/users/{JOHN_ID}*", times=None, status=403, body=REFUSAL)
        variables.update({"drift_fail": True} if role == "drift" else {})
    result = roles.run(role, **variables)
    report = report_of(roles)
    by_outcome = dict(Counter(row["outcome"] for row in report["people"]))
    summary = {name: count for name, count in report["summary"].get("people", report["summary"]).items() if count}
    summary.pop("total", None)
    assert by_outcome == summary
    assert bool(result.get("failed")) == is_refused
    passed_on = numbers(result["artifacts"])
    for outcome, count in summary.items():
        assert passed_on[f"tallyfy_{role}_{outcome}"] == count
    words = " ".join(result.get("text", [result["msg"], *result["problems"]] if is_refused else []))
    for outcome in summary:
        assert is_refused or outcome.replace("_", " ") in words
    for row in report["people"]:
        if row["outcome"] != "unchanged" and (not is_refused or row["outcome"] == "failed"):
            assert row["email"] in words


@every_bulk_role
def test_the_output_names_organization_acting_member_and_people_in_few_lines(
    role: str, sandbox: Sandbox, roles: Roles
) -> None:
    text = roles.succeed(role, **WORK[role], tallyfy_act_as=ALICE)["text"]
    assert f"Globex Corporation ({sandbox.org_id})" in text[0]
    assert ALICE in text[0]
    assert len(text) <= 8
    for email in (JOHN, FRANK if role == "offboarding" else MARY["email"]):
        (line,) = [line for line in text if line.startswith(f"{email}: ")]
        assert line.split(": ", 1)[1].strip()


@pytest.mark.parametrize("role", ["roster", "onboarding", "offboarding"])
def test_many_people_are_cut_short_on_the_screen_and_not_in_the_report(
    role: str, sandbox: Sandbox, roles: Roles
) -> None:
    people = [{**MARY, "email": f"hire{number}@example.com"} for number in range(30)]
    if role == "offboarding":
        people = [{"email": person["email"]} for person in people]
    report = {f"{role}_report": "report.md"}
    done = roles.succeed(role, check_mode=True, **{f"{role}_people": people}, **report)
    assert len(done["text"]) <= 25
    assert any(line.startswith("and 10 more: see the report ") for line in done["text"])
    written = (roles.folder / "report.md").read_text(encoding="utf-8")
    assert len(set(re.findall(r"hire\d+@example", written))) == 30


@both_modes
@pytest.mark.parametrize("role", ["offboarding", "roster", "drift"])
def test_an_unknown_leaver_is_a_warning_in_every_role(
    role: str, check_mode: bool, sandbox: Sandbox, roles: Roles
) -> None:
    rows = [{"email": NOBODY}] if role == "offboarding" else [{"email": NOBODY, "state": "disabled"}]
    variables: dict[str, Any] = {f"{role}_people": rows}
    if role == "drift":
        variables["drift_unlisted"] = "ignore"
    done = roles.succeed(role, check_mode, **variables)
    assert [text for text in done["warnings"] if NOBODY in text]
    assert [line for line in done["text"] if NOBODY in line]
    if role != "drift":
        assert people_counts(done) == {"not_found": 1}
        assert done["artifacts"][f"tallyfy_{role}_not_found"] == 1
        assert (done["changed"], sandbox.writes()) == (False, [])


@every_writing_role
def test_one_failure_does_not_stop_the_others_and_is_reported_once(role: str, sandbox: Sandbox, roles: Roles) -> None:
    sandbox.fault(method="PUT", path=f"*/users/{JOHN_ID}", times=None, status=403, body=REFUSAL)
    sandbox.fault(method="DELETE", path=f"*/users/{JOHN_ID}*", times=None, status=403, body=REFUSAL)
    variables = {**WORK[role], "awx_job_id": 42, "awx_user_name": "helen"}
    result = roles.run(role, **variables, **{f"{role}_report": "report.md"})
    assert result["failed"]
    # A roster takes nobody's access away after an error; in an offboarding each is on their own.
    problem, *others = result["problems"]
    assert len(others) == (role == "roster")
    assert problem.startswith(f"{JOHN}: ")
    assert "Nobody may touch <John> | *today*" in problem
    assert json.dumps(result).count("Nobody may touch") == 1
    assert result["artifacts"][f"tallyfy_{role}_failed"] == 1
    if role == "offboarding":
        assert (sandbox.member(JOHN)["status"], sandbox.member(FRANK)["status"]) == ("active", "disabled")
    else:
        assert sandbox.member(MARY["email"])
    report = (roles.folder / "report.md").read_text(encoding="utf-8")
    assert r"Nobody may touch \<John\> \| \*today\*" in report
    assert "- AWX job: 42\n- Launched by: helen\n" in report
    assert "failed" in report


@every_writing_role
def test_who_has_to_wait_is_named_with_the_moment(role: str, sandbox: Sandbox, roles: Roles) -> None:
    sandbox.fault(method="PUT", path=f"*/users/{JOHN_ID}", times=None, **PAUSE)
    sandbox.fault(method="DELETE", path=f"*/users/{JOHN_ID}*", times=None, **PAUSE)
    variables = {**WORK[role], f"{role}_report": "report.json"}
    result = roles.run(role, **variables)
    assert result["failed"]
    # Of who was half done, that is told, too.
    problem, *done = result["problems"]
    assert all(": before that: " in text for text in done)
    assert JOHN in problem.partition(": ")[0]
    assert re.search(r"Deferred until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ: ", problem)
    assert result["artifacts"][f"tallyfy_{role}_deferred"] >= 1
    (john,) = [row for row in report_of(roles)["people"] if row["email"] == JOHN]
    assert john["outcome"] == "deferred"


@every_role
def test_a_wrong_secret_is_one_failure_and_is_not_shown(role: str, sandbox: Sandbox, roles: Roles) -> None:
    secret = "wrong-secret/+="
    result = roles.run(role, **WORK[role], tallyfy_client_secret=secret)
    (problem,) = result["problems"]
    assert "the sign-in failed" in problem
    assert len(sandbox.sign_ins()) == len(sandbox.ledger()) == 1
    assert secret not in json.dumps(result)
    assert not (roles.folder / "roster.yml").exists()


@every_role
def test_what_keeps_a_run_from_beginning_is_reported(role: str, sandbox: Sandbox, roles: Roles) -> None:
    (problem,) = roles.fail(role, **WORK[role], tallyfy_org_id=None)
    assert problem == "org_id is not set: set the option or TALLYFY_ORG_ID"
    if role != "export_roster":
        name = f"{role}_{'fail' if role == 'drift' else 'concurrency'}"
        (problem,) = roles.fail(role, **{**WORK[role], name: "two"})
        assert f"'{name}'" in problem, "by the name of the variable"
    assert sandbox.ledger() == []
    sandbox.fault(route="members.list", times=None, status=403)
    (problem,) = roles.fail(role, **WORK[role])
    assert "GET /organizations/" in problem
    assert "HTTP 403" in problem


def test_progress_is_reported_on_stderr(sandbox: Sandbox, roles: Roles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_run, "PROGRESS_SECONDS", 0.0)
    people = [{**MARY, "email": f"hire{number}@example.com"} for number in range(3)]
    for role in ("roster", "onboarding"):
        roles.shown.clear()
        roles.succeed(role, **{f"{role}_people": people})
        assert roles.shown
        assert all(line.startswith(f"tallyfy.platform.tallyfy_{role} [localhost]: ") for line in roles.shown)
        people = [{**person, "email": f"more.{person['email']}"} for person in people]


def test_secrets_are_nowhere(sandbox: Sandbox, roles: Roles) -> None:
    for role in ALL:
        variables = WORK[role] if role == "export_roster" else {**WORK[role], f"{role}_report": "report.html"}
        result = roles.succeed(role, check_mode=True, **variables)
        assert sandbox.client_secret not in json.dumps(result)
    for file in roles.folder.glob("*.html"):
        page = file.read_text(encoding="utf-8")
        assert sandbox.client_secret not in page
        assert "Bearer " not in page


def test_texts_of_the_service_and_of_people_are_no_templates(sandbox: Sandbox, roles: Roles) -> None:
    person = {**MARY, "first_name": "{% if x %}<b>|*", "last_name": "#}Major", "groups": ["People"]}
    people = wrap_var([person, {"email": BOB, "groups": ["Engineering"]}])
    sandbox.patch_member(BOB, first_name="{{ 7*7 }}")
    sandbox.fault(method="PUT", path="*/groups/*", times=None, status=403, body={"message": "Not <i>{{ 7*7 }}</i>"})
    for ending in ("html", "md"):
        problems = roles.fail("onboarding", onboarding_people=people, onboarding_report=f"report.{ending}")
        assert "Not <i>{{ 7*7 }}</i>" in "\n".join(problems)
    mary = sandbox.member(MARY["email"])
    assert (mary["first_name"], mary["last_name"]) == ("{% if x %}<b>|*", "#}Major")
    page = (roles.folder / "report.html").read_text(encoding="utf-8")
    text = (roles.folder / "report.md").read_text(encoding="utf-8")
    assert "&lt;i&gt;{{ 7*7 }}&lt;/i&gt;" in page
    assert "<i>" not in page
    assert "<b>" not in page
    assert r"\<i\>{{ 7\*7 }}\</i\>" in text


def test_variables_of_a_role_go_before_module_defaults(sandbox: Sandbox, roles: Roles) -> None:
    variables = {
        "roster_people": [{"email": "frank.moore@example.com", "state": "disabled"}],
        "roster_protect": ["frank.moore@example.com"],
    }
    defaults = {"protect": [], "unlisted": "ignore"}
    result = roles._run("tallyfy_roster", defaults, "roster", check_mode=False, variables=variables)
    assert result["problems"] == [
        "row 1 (frank.moore@example.com): refusing to remove this member: roster_protect holds frank.moore@example.com"
    ]
    assert sandbox.writes() == []


def test_protected_people_may_stand_one_a_line(sandbox: Sandbox, roles: Roles) -> None:
    problems = roles.fail(
        "offboarding",
        offboarding_people=[{"email": "bob@example.com"}],
        offboarding_guests=["partner@example.org"],
        offboarding_protect="bob@example.com\npartner@example.org\n",
    )
    assert len(problems) == 2
    assert all("offboarding_protect holds" in problem for problem in problems)
    assert sandbox.writes() == []
