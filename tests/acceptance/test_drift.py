# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization as a file and back: what an export holds, and what drift tells."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._members import PROFILE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_file import roster_text
from sandbox.testing import Sandbox
from tests.acceptance.running import Modules, Playbooks
from tests.acceptance.test_promises import ALICE, BOB, CHARLIE, DANA, FRANK, GRACE, JOHN, WORLDS
from tests.acceptance.test_roles import Run, given

pytestmark = pytest.mark.any_core

EXPORT, DRIFT = "tallyfy.platform.export_roster", "tallyfy.platform.drift"
ERIN = "erin.walker@example.com"
SEEDED = (ALICE, BOB, CHARLIE, DANA, FRANK, GRACE, JOHN, ERIN)
ENDINGS = (".yml", ".json", ".csv")
SUMMARY = "7 people in roster.yml; left out: 1 without access, 2 that belong to Tallyfy"
# Values that mean something to YAML, CSV, Jinja, a spreadsheet or a shell, or that lie outside ASCII.
NASTY: list[dict[str, Any]] = [
    {"email": "comma@example.com", "first_name": "Smith, John", "last_name": 'O"Neil', "team": "a;b, c: d # e"},
    {"email": "lines@example.com", "job_title": "one\ntwo", "job_description": "one\r\n\r\ntwo\n  3", "team": "a\rb"},
    {"email": "jinja@example.com", "first_name": "{{ 7*7 }}", "team": "{% raw %}", "job_title": "{# no #}"},
    {"email": "lookup@example.com", "team": "{{ lookup('pipe', 'id') }}", "job_title": "#jinja2: trim_blocks: False"},
    {"email": "formula@example.com", "phone": "+49", "job_title": "=1+1", "team": "@SUM(A1)", "job_description": "-1"},
    {"email": "no@example.com", "first_name": "no", "last_name": "null", "team": "~", "job_title": "1.0"},
    {"email": "dates@example.com", "first_name": "2026-01-01", "last_name": "1e3", "team": "12:30"},
    {"email": "data@example.com", "first_name": "[]", "last_name": "{}", "team": '{"a": 1}', "job_title": "- a"},
    {"email": "Zoe+tag@example.com", "first_name": "Zoë", "last_name": "山田", "team": "🦉 Nacht"},
    {"email": "BLANK@Example.COM", "team": "", "phone": None, "job_title": "   ", "job_description": None},
    {"email": "quotes@example.com", "first_name": "'", "last_name": '"', "team": "\\", "job_title": "'''"},
    {"email": "nozone@example.com", "timezone": None, "country_id": 2, "date_format": "dd/mm/yyyy"},
    {"email": "invited@example.com", "status": "invited", "role": "light"},
    {"email": "disabled@example.com", "status": "disabled", "team": "left"},
    {"email": "helper@example.com", "support_user": True},
    {"email": "Admin@example.com", "role": "admin", "team": "*", "job_title": "&a", "job_description": "!x |"},
]  # fmt: skip
LEFT_OUT = {"disabled@example.com", "helper@example.com", DANA, "support@example.net", "bot@tallyfy.com"}


def plant_nasty_people(sandbox: Sandbox) -> None:
    ids = {member["email"]: member["id"] for member in sandbox.insert_members(*NASTY)}
    sandbox.patch_group("Legacy Team", name='Sales, "North" {{ 1 }}', members=[ids["comma@example.com"], 1002])
    sandbox.patch_group("People", name="no", members=[ids["no@example.com"], ids["comma@example.com"], 1003])


def exported(modules: Modules, folder: Path, ending: str) -> Path:
    """Write a roster of the live organization as the role does, and return its path."""
    users = modules.succeed("tallyfy_user_info", groups=True, complete=True)["users"]
    file = folder / f"roster{ending}"
    file.write_bytes(roster_text(users, ending).encode())
    return file


def apply(modules: Modules, file: Path, **options: Any) -> dict[str, Any]:
    """Apply the roster to the whole organization, with nothing in the way of what it asks for."""
    wide_open = {"unlisted": "absent", "max_removals": "100%", "min_admins": 0}
    return modules.succeed("tallyfy_roster", src=str(file), **{**wide_open, **options})


def people_in(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return what a roster can say of everybody who has access and is a person of the organization."""
    state = sandbox.state(sandbox.org_id)
    # Members of this shape do not show who belongs to Tallyfy.
    shows_support = sandbox.switches()["member_shape"] != "doc"
    return {
        member["email"]: {
            **{name: blank_is_none(member[name]) for name in ("role", *PROFILE_FIELDS)},
            "groups": sorted(group["name"] for group in state["groups"] if member["id"] in group["members"]),
        }
        for member in state["members"]
        if member["status"] != "disabled" and member["email"] != "bot@tallyfy.com"
        if not (shows_support and member["support_user"])
    }


def blank_is_none(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


@pytest.fixture(
    params=[
        pytest.param(
            name,
            id=name.replace(" ", "-"),
            marks=[pytest.mark.any_core] if name != "as documented" else [],
        )
        for name in WORLDS
    ]
)
def world(request: pytest.FixtureRequest, sandbox: Sandbox, modules: Modules) -> Sandbox:
    sandbox.switch(**WORLDS[request.param])
    if request.param == "application tokens denied":
        modules.use(act_as=ALICE)
    plant_nasty_people(sandbox)
    return sandbox


# --- the round trip ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_applying_what_was_exported_changes_nothing(
    ending: str, world: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    file = exported(modules, tmp_path, ending)
    before = people_in(world)
    done = apply(modules, file)
    assert done["changed"] is False
    assert world.writes() == []
    assert people_in(world) == before
    assert {row["email"] for row in done["members"] if not row.get("unlisted")} == set(before)
    assert not any("does not show" in row["message"] for row in done["members"]), "nothing unseen was written down"

    first = file.read_bytes()
    assert exported(modules, tmp_path, ending).read_bytes() == first


def test_what_was_exported_makes_the_same_people_again_in_every_world(
    world: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    check_that_everybody_comes_back(world, modules, tmp_path, ".yml")


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_exported_makes_the_same_people_again_from_every_form(
    ending: str, sandbox: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    plant_nasty_people(sandbox)
    check_that_everybody_comes_back(sandbox, modules, tmp_path, ending)


def check_that_everybody_comes_back(sandbox: Sandbox, modules: Modules, folder: Path, ending: str) -> None:
    """Export, give everybody's seat to somebody else, and apply the file to an organization that knows nobody of it."""
    file = exported(modules, folder, ending)
    wanted = people_in(sandbox)
    for member in sandbox.state(sandbox.org_id)["members"]:
        if member["email"] != "bot@tallyfy.com":
            sandbox.patch_member(member["email"], email=f"elsewhere-{member['email']}")
    for group in sandbox.state(sandbox.org_id)["groups"]:
        sandbox.patch_group(group["name"], members=[])
    if "act_as" in modules.options:
        modules.use(act_as=f"elsewhere-{ALICE}")

    done = apply(modules, file, unlisted="ignore")
    assert done["summary"]["created"] == len(wanted)
    # Tallyfy asks for a time zone with every other field.
    wanted["nozone@example.com"]["timezone"] = "America/Chicago"
    if sandbox.switches()["member_shape"] == "sdk":  # which does not show the country
        wanted["nozone@example.com"]["country_id"] = 1
    made = {email: one for email, one in people_in(sandbox).items() if not email.startswith("elsewhere-")}
    assert made == wanted


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_playbook_writes_a_file_that_changes_nothing_and_stays_as_it_is(
    ending: str, sandbox: Sandbox, modules: Modules, playbooks: Playbooks
) -> None:
    plant_nasty_people(sandbox)
    file = playbooks.folder / f"roster{ending}"
    option = f"-e export_roster_dest=roster{ending}"

    assert Run(playbooks, EXPORT, option).succeeded().changed == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert file.read_bytes() == exported(modules, playbooks.folder / "home", ending).read_bytes()
    assert Run(playbooks, EXPORT, option).succeeded().changed == 0
    assert apply(modules, file)["changed"] is False
    assert sandbox.writes() == []


def test_check_mode_tells_what_an_export_would_change(sandbox: Sandbox, playbooks: Playbooks) -> None:
    file = playbooks.folder / "roster.yml"
    options = ("-e", "export_roster_dest=roster.yml")
    announced = Run(playbooks, EXPORT, *options, "--check", "--diff").succeeded()
    assert announced.changed == 1
    assert f"+- email: {BOB}" in announced.output
    assert not file.exists()

    Run(playbooks, EXPORT, *options).succeeded()
    assert SUMMARY in (announced.output)
    written = file.read_text()
    sandbox.patch_member(BOB, team="Night shift")
    announced = Run(playbooks, EXPORT, *options, "--check", "--diff").succeeded()
    assert announced.changed == 1
    assert "+  team: Night shift" in announced.output
    assert file.read_text() == written


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_file_is_sorted_and_holds_nothing_that_moves(
    ending: str, sandbox: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    plant_nasty_people(sandbox)
    file = exported(modules, tmp_path, ending)
    first = file.read_text(encoding="utf-8")
    assert not [email for email in LEFT_OUT if email in first]
    moments = {
        value[:10]
        for member in sandbox.state(sandbox.org_id)["members"]
        for name, value in member.items()
        if name.endswith("_at") and value
    }
    assert moments
    assert not [moment for moment in moments if moment in first]
    if ending != ".csv":
        emails = [row["email"] for row in yaml.safe_load(first)]
        assert emails == sorted(emails, key=str.lower)

    sandbox.patch_member(BOB, last_login_at="2026-03-03T03:03:03.000Z", updated_at="2026-03-03T03:03:03.000Z")
    assert exported(modules, tmp_path, ending).read_text(encoding="utf-8") == first
    sandbox.patch_member(BOB, team="Night shift")
    second = exported(modules, tmp_path, ending).read_text(encoding="utf-8")
    changed = [(old, new) for old, new in zip(first.splitlines(), second.splitlines()) if old != new]
    assert len(changed) == 1, "one change is one line of a diff"


def test_a_group_that_csv_cannot_name_is_refused_for_csv_only(sandbox: Sandbox, playbooks: Playbooks) -> None:
    sandbox.patch_group("People", name="Sales; North")
    refused = Run(playbooks, EXPORT, "-e", "export_roster_dest=roster.csv").failed()
    assert "the group 'Sales; North' has a semicolon in its name; export to .yml or .json instead" in refused.output
    assert not (playbooks.folder / "roster.csv").exists()
    Run(playbooks, EXPORT, "-e", "export_roster_dest=roster.yml").succeeded()
    assert "- Sales; North" in (playbooks.folder / "roster.yml").read_text()


def test_what_no_roster_may_hold_is_left_out_with_a_warning(
    sandbox: Sandbox, modules: Modules, playbooks: Playbooks
) -> None:
    sandbox.patch_member(BOB, first_name="B" * 33, phone="0" * 21, timezone="Mars/Base")
    sandbox.patch_member(JOHN, last_name="https://example.com")
    run = Run(playbooks, EXPORT, "-e", "export_roster_dest=roster.yml").succeeded()
    output = " ".join(run.output.split())
    for email, name in ((BOB, "first_name"), (BOB, "timezone"), (BOB, "phone"), (JOHN, "last_name")):
        assert f"{email}: {name} is left out, since no roster may hold its value" in output
    assert apply(modules, playbooks.folder / "roster.yml")["changed"] is False


def test_two_members_who_cannot_be_told_apart_are_refused(sandbox: Sandbox, playbooks: Playbooks) -> None:
    sandbox.switch(case_sensitive_email=True)
    sandbox.insert_members({"email": "BOB@example.com"})
    run = Run(playbooks, EXPORT, "-e", "export_roster_dest=roster.yml").failed()
    assert "several members have the address bob@example.com when case does not matter" in run.output


@pytest.mark.parametrize(
    ("dest", "problem"),
    [
        ("", "export_roster_dest is not given"),
        ("roster.txt", "The roster roster.txt does not end in .yml, .yaml, .json or .csv."),
        ("nowhere/roster.yml", "The folder of the roster nowhere/roster.yml does not exist."),
        ("home.yml", "The roster home.yml is a folder."),
    ],
)
def test_a_place_where_no_roster_can_be_is_refused_at_once(
    dest: str, problem: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    (playbooks.folder / "home.yml").mkdir()
    assert problem in Run(playbooks, EXPORT, "-e", f"export_roster_dest={dest}").failed().output
    assert sandbox.ledger() == []


def test_a_short_list_costs_a_request_for_each_member_only_when_that_helps(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.switch(member_shape="minimal_rows")
    users = modules.succeed("tallyfy_user_info", complete=True)["users"]
    assert {user["timezone"] for user in users} != {None}
    assert len(sandbox.ledger(route="members.get")) == len(users)

    sandbox.switch(member_shape="minimal")
    sandbox.clear_ledger()
    modules.succeed("tallyfy_user_info", complete=True)
    assert len(sandbox.ledger(route="members.get")) == 1

    sandbox.switch(member_shape="minimal_rows")
    sandbox.clear_ledger()
    modules.succeed("tallyfy_user_info")
    assert sandbox.ledger(route="members.get") == []


# --- drift ------------------------------------------------------------------------------------------------------------

ROSTER = [
    {"email": ALICE},
    {"email": BOB, "role": "light", "team": "{{ 7*7 }}; <b>|*x*", "groups": {"set": ["Engineering"]}},
    {"email": DANA},
    {"email": ERIN, "job_title": "IT Lead", "groups": {"add": ["People"]}},
    {"email": GRACE, "team": "Elsewhere"},
    {"email": JOHN, "state": "absent"},
    {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major", "groups": ["People"]},
]
BOBS = 'team: Operations → "{{ 7*7 }}; <b>|*x*"; role: standard → light; groups: -People +Engineering'
EXPECTED = [
    (BOB, "different", BOBS, ""),
    (DANA, "different", "status: disabled → active", ""),
    (GRACE, "unclear", "", "belongs to 2 organizations, so only they themselves can change their team."),
    (JOHN, "extra", "status: active → disabled", "Listed as absent."),
    ("mary.major@example.com", "missing", "first_name: Mary; last_name: Major; role: light; groups: People", ""),
    (CHARLIE, "extra", "status: invited → disabled", "Not listed."),
    (FRANK, "kept", "", "Not listed, and kept: protect holds frank.*."),
]  # fmt: skip
COUNTS = {"drift_missing": 1, "drift_extra": 2, "drift_different": 2, "drift_total": 5}


def roster_file(playbooks: Playbooks, rows: list[dict[str, Any]]) -> str:
    (playbooks.folder / "roster.json").write_text(json.dumps(rows), encoding="utf-8")
    return "drift_src=roster.json"


def shown(email: str, outcome: str, done: str, note: str) -> str:
    text = ", ".join(part for part in (f"{email}: {outcome}", done, note) if part)
    return text.replace('"', '\\"')


def by_person(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row[0])


def test_everybody_who_differs_is_told_field_by_field_and_nothing_is_written(
    sandbox: Sandbox, playbooks: Playbooks
) -> None:
    options = ("-e", roster_file(playbooks, ROSTER), "-e", '{"drift_protect": ["frank.*"]}')
    run = Run(playbooks, DRIFT, *options, "-e", "drift_report=drift.json").succeeded()
    assert run.changed == 0
    assert run.stats == COUNTS
    assert all(isinstance(number, int) for number in run.stats.values())
    assert "Drift: missing 1, extra 2, different 2, total 5" in run.messages
    assert {shown(*row) for row in EXPECTED} <= run.messages
    report = json.loads((playbooks.folder / "drift.json").read_text(encoding="utf-8"))
    rows = [(row["email"], row["outcome"], row["done"], row["note"]) for row in report["rows"]]
    assert by_person(rows) == by_person(EXPECTED)
    assert report["counts"] == {name.removeprefix("drift_"): number for name, number in COUNTS.items()}
    assert report["organization"]["id"] == sandbox.org_id
    assert sandbox.writes() == []


@pytest.mark.parametrize("ending", [".md", ".html"])
def test_reports_for_people_keep_foreign_texts_harmless(ending: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    Run(playbooks, DRIFT, "-e", roster_file(playbooks, ROSTER), "-e", f"drift_report=drift{ending}").succeeded()
    text = (playbooks.folder / f"drift{ending}").read_text(encoding="utf-8")
    assert "Globex Corporation" in text
    assert "Difference" in text
    # The time may hold any number.
    assert "49" not in re.sub(r"\d\d:\d\d:\d\d", "", text.replace("{{ 7*7 }}", ""))
    assert ("\\<b\\>\\|\\*x\\*" if ending == ".md" else "&lt;b&gt;|*x*") in text


def test_drift_fails_when_asked_to_after_the_report_is_written(sandbox: Sandbox, playbooks: Playbooks) -> None:
    options = ("-e", roster_file(playbooks, ROSTER), "-e", "drift_report=drift.md", "-e", "drift_fail=true")
    run = Run(playbooks, DRIFT, *options).failed()
    assert run.stats["drift_total"] == 6
    assert "Drift: missing 1, extra 3, different 2, total 6" in run.messages
    assert BOB in (playbooks.folder / "drift.md").read_text(encoding="utf-8")

    Run(playbooks, EXPORT, "-e", "export_roster_dest=roster.yml").succeeded()
    calm = Run(playbooks, DRIFT, "-e", "drift_src=roster.yml", "-e", "drift_fail=true").succeeded()
    assert "As the roster says; nobody differs." in calm.messages
    assert set(calm.stats.values()) == {0}
    assert sandbox.writes() == []


def test_what_differs_is_told_even_when_the_report_cannot_be_written(sandbox: Sandbox, playbooks: Playbooks) -> None:
    options = ("-e", roster_file(playbooks, ROSTER), "-e", f"drift_report={'x' * 300}.md")
    run = Run(playbooks, DRIFT, *options).failed()
    assert "File name too long" in run.output
    assert "Drift: missing 1, extra 3, different 2, total 6" in run.messages


def test_people_who_are_not_listed_can_be_nobodys_business(sandbox: Sandbox, playbooks: Playbooks) -> None:
    options = ("-e", roster_file(playbooks, ROSTER), "-e", "drift_unlisted=ignore")
    run = Run(playbooks, DRIFT, *options).succeeded()
    assert run.stats["drift_extra"] == 1, "John is listed, as absent"
    assert not any(message.startswith(CHARLIE) for message in run.messages)


def test_the_variables_of_the_roster_serve_drift_too(sandbox: Sandbox, playbooks: Playbooks) -> None:
    rows = [{"email": email} for email in SEEDED if email not in (DANA, FRANK)]
    (playbooks.folder / "roster.json").write_text(json.dumps(rows), encoding="utf-8")
    blank = dict.fromkeys(
        (
            "drift_src",
            "drift_members",
            "drift_defaults",
            "drift_protect",
            "drift_unlisted",
            "drift_report",
            "drift_fail",
        ),
        "",
    )
    roster = {"roster_src": "roster.json", "roster_defaults": {"team": "Board"}, "roster_protect": [FRANK]}
    run = Run(playbooks, DRIFT, given(playbooks, **roster, **blank)).succeeded()
    assert shown(FRANK, "kept", "", f"Not listed, and kept: protect holds {FRANK}.") in run.messages
    assert shown(BOB, "different", "team: Operations → Board", "") in run.messages

    own = {"drift_members": [{"email": BOB}], "drift_defaults": {"team": "Own"}, "drift_unlisted": "ignore"}
    run = Run(playbooks, DRIFT, given(playbooks, **{**roster, **blank, **own})).succeeded()
    assert run.stats["drift_total"] == 1
    assert shown(BOB, "different", "team: Operations → Own", "") in run.messages


def test_the_fuse_hides_no_drift(sandbox: Sandbox, playbooks: Playbooks) -> None:
    for email in (BOB, FRANK, JOHN, GRACE, ERIN):
        sandbox.patch_member(email, status="invited")
    run = Run(playbooks, DRIFT, "-e", roster_file(playbooks, [{"email": DANA, "role": "light"}])).succeeded()
    assert run.stats["drift_extra"] == 6
    kept = [message for message in run.messages if message.startswith(ALICE)]
    assert kept
    assert "is the default administrator" in kept[0]


def test_many_differences_are_cut_short_on_the_screen_only(sandbox: Sandbox, playbooks: Playbooks) -> None:
    sandbox.reset(members=30)
    options = ("-e", roster_file(playbooks, [{"email": email} for email in SEEDED if email != DANA]))
    run = Run(playbooks, DRIFT, *options, "-e", "drift_report=drift.json").succeeded()
    extra = run.stats["drift_extra"]
    assert extra > 20
    assert f"and {extra - 20} more" in run.messages
    assert len(json.loads((playbooks.folder / "drift.json").read_text())["rows"]) == extra


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "No roster is given. Name its file, for example: -e drift_src=roster.yml"),
        (("drift_src=nowhere.yml",), "nowhere.yml: No such file or directory"),
        (("drift_src=variables.txt",), "variables.txt: the name must end in .yml, .yaml, .json, .csv"),
        (("drift_src=a.yml", "drift_unlisted=no"), "drift_unlisted is no, and must be absent or ignore."),
        (("drift_src=a.yml", "drift_report=drift.txt"), "does not end in"),
        (("drift_src=a.yml", "drift_report=nowhere/drift.md"), "nowhere/drift.md does not exist"),
    ],
)
def test_a_mistake_is_one_clear_message(
    options: tuple[str, ...], problem: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    (playbooks.folder / "variables.txt").write_text("[]")
    run = Run(playbooks, DRIFT, *(word for option in options for word in ("-e", option))).failed()
    assert problem in run.output
    assert run.output.count("fatal: [localhost]: FAILED!") == 1


def test_every_bad_row_is_named(sandbox: Sandbox, playbooks: Playbooks) -> None:
    rows = [{"email": "bob"}, {"email": BOB, "rol": "x"}, {"email": "new@example.com"}]
    run = Run(playbooks, DRIFT, "-e", roster_file(playbooks, rows)).failed()
    for problem in (
        "roster.json line 1 (bob): email 'bob' is not an e-mail address",
        f"roster.json line 1 ({BOB}): unknown field rol",
        "roster.json line 1 (new@example.com): is not a member yet; to add them give first_name and last_name",
    ):
        assert any(problem in line for line in run.lines), "one a line"
    assert sandbox.writes() == []


@pytest.mark.parametrize("playbook", [EXPORT, DRIFT])
def test_a_wrong_secret_is_one_failure_and_is_not_shown(playbook: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    secret = "wrong-secret/+="
    options = ("-e", "export_roster_dest=roster.yml", "-e", roster_file(playbooks, ROSTER), "-vvvv")
    run = Run(playbooks, playbook, *options, TALLYFY_CLIENT_SECRET=secret).failed()
    assert "the sign-in failed" in run.output
    assert secret not in run.output
    assert not (playbooks.folder / "roster.yml").exists()
