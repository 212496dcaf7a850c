# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization as a file and back: the content of an export, its place, and that applying it changes nothing."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants as C  # noqa: N812 - its name everywhere in ansible-core

from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.export import EXPORT_KEYS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._export import write_roster
from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import Modules, Playbooks
from tests.acceptance.test_promises import WORLDS
from tests.people import ALICE, BOB, DANA, JOHN

EXPORT, ROSTER, DRIFT = "tallyfy_roster_export", "tallyfy_roster", "tallyfy_roster_drift"
ENDINGS = (".yml", ".json", ".csv")
# Values that are special in YAML, CSV, Jinja, a spreadsheet or a shell, or that are not ASCII.
NASTY: list[dict[str, Any]] = [
    {"email": "comma@example.com", "first_name": "Smith, John", "last_name": 'O"Neil', "team": "a;b, c: d # e"},
    {"email": "lines@example.com", "job_description": "one\r\n\r\ntwo\n  3", "team": "a b"},
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
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_roster_export:
        dest: "{{ wanted }}"
      register: done
      ignore_errors: true
    - ansible.builtin.copy:
        content: "{{ {'result': done} | to_json }}"
        dest: "{{ playbook_dir }}/result.json"
        mode: "0600"
      check_mode: false
      diff: false
"""


def plant_nasty_people(sandbox: Sandbox) -> None:
    ids = {member["email"]: member["id"] for member in sandbox.insert_members(*NASTY)}
    sandbox.patch_group("Legacy Team", name='Sales, "North" {{ 1 }}', members=[ids["comma@example.com"], 1002])
    sandbox.patch_group("People", name="no", members=[ids["no@example.com"], ids["comma@example.com"], 1003])


def exported(modules: Modules, folder: Path, ending: str) -> Path:
    """Write a roster of the live organization as the action plugin does, and return its path."""
    file = folder / f"roster{ending}"
    write_roster(file, modules.succeed(EXPORT, dest=str(file))["content"], check_mode=False, shows_diff=False)
    return file


def apply(modules: Modules, file: Path, **options: Any) -> dict[str, Any]:
    """Apply the roster to the whole organization, without the limits of the fuse."""
    wide_open = {"unlisted": "disabled", "max_removals": "100%", "min_admins": 0}
    return modules.succeed(ROSTER, src=str(file), **{**wide_open, **options})


def people_in(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the fields of a roster for every member with access, without accounts of Tallyfy."""
    state = sandbox.state(sandbox.org_id)
    # Members of this shape do not show which accounts belong to Tallyfy.
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


@pytest.fixture(params=WORLDS, ids=lambda name: name.replace(" ", "-"))
def world(request: pytest.FixtureRequest, sandbox: Sandbox, modules: Modules) -> Sandbox:
    sandbox.switch(**WORLDS[request.param])
    if request.param == "application tokens denied":
        modules.use(act_as=ALICE)
    plant_nasty_people(sandbox)
    return sandbox


# --- the round trip ---------------------------------------------------------------------------------------------------


@pytest.mark.any_core
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
    assert {row["email"] for row in done["people"] if not row.get("unlisted")} == set(before)
    assert not any("does not show" in row["message"] for row in done["people"]), "nothing unseen was written down"
    assert modules.succeed(DRIFT, src=str(file), unlisted="disabled")["drifted"] is False

    first = file.read_bytes()
    assert exported(modules, tmp_path, ending).read_bytes() == first


@pytest.mark.any_core
def test_records_given_back_as_a_roster_change_nothing(world: Sandbox, modules: Modules) -> None:
    users = modules.succeed("tallyfy_user_info", complete=True)["users"]
    assert {user["email"] for user in users} > LEFT_OUT
    assert {user["state"] for user in users} == {"present", "disabled"}
    roster = {"people": users, "unlisted": "disabled"}
    done = modules.succeed(ROSTER, **roster)
    assert [(done["changed"], len(done["people"])), done["notes"], world.writes()] == [(False, len(users)), [], []]
    assert {row["outcome"] for row in done["people"]} == {"unchanged"}
    assert modules.succeed(DRIFT, **roster)["people"] == []


@pytest.mark.any_core
def test_records_given_back_one_by_one_change_nothing(sandbox: Sandbox, modules: Modules) -> None:
    plant_nasty_people(sandbox)
    for user in modules.succeed("tallyfy_user_info", complete=True)["users"]:
        options = {name: user[name] for name in MEMBER_OPTIONS if name in user}
        done = modules.succeed("tallyfy_user", **options)
        assert (done["changed"], {**user, **done["user"]}) == (False, user)
    assert sandbox.writes() == []


@pytest.mark.any_core
def test_what_only_tallyfy_sets_is_a_mistake_beside_no_state(sandbox: Sandbox, modules: Modules) -> None:
    """A table of another system may also have a column ``status``, which must be neither applied nor ignored."""
    reported = modules.fail(ROSTER, people=[{"email": BOB, "status": "terminated"}])["msg"]
    assert "unknown field status; did you mean state?" in reported
    (user,) = modules.succeed("tallyfy_user_info", email=BOB)["users"]
    done = modules.succeed(ROSTER, people=[{**user, "state": "disabled"}])
    assert done["people"][0]["after"] == {"status": "disabled"}


@pytest.mark.any_core
def test_what_was_exported_makes_the_same_people_again_in_every_world(
    world: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    check_that_everybody_comes_back(world, modules, tmp_path, ".yml")


@pytest.mark.any_core
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_exported_makes_the_same_people_again_from_every_form(
    ending: str, sandbox: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    plant_nasty_people(sandbox)
    check_that_everybody_comes_back(sandbox, modules, tmp_path, ending)


def check_that_everybody_comes_back(sandbox: Sandbox, modules: Modules, folder: Path, ending: str) -> None:
    """Export, replace every member by another one, and apply the file: nobody in it is a member any more."""
    file = exported(modules, folder, ending)
    desired = people_in(sandbox)
    for member in sandbox.state(sandbox.org_id)["members"]:
        if member["email"] != "bot@tallyfy.com":
            sandbox.patch_member(member["email"], email=f"elsewhere-{member['email']}")
    for group in sandbox.state(sandbox.org_id)["groups"]:
        sandbox.patch_group(group["name"], members=[])
    if "act_as" in modules.options:
        modules.use(act_as=f"elsewhere-{ALICE}")

    done = apply(modules, file, unlisted="ignore")
    assert done["summary"]["created"] == len(desired)
    # Tallyfy requires a time zone with every other field.
    desired["nozone@example.com"]["timezone"] = "America/Chicago"
    if sandbox.switches()["member_shape"] == "sdk":  # which does not show the country
        desired["nozone@example.com"]["country_id"] = 1
    made = {email: member for email, member in people_in(sandbox).items() if not email.startswith("elsewhere-")}
    assert made == desired


# --- the content of the file ------------------------------------------------------------------------------------------


@pytest.mark.any_core
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


@pytest.mark.any_core
def test_who_and_what_is_left_out_is_counted_and_reported(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    sandbox.patch_member(BOB, first_name="B" * 33, phone="0" * 21, timezone="Mars/Base")
    sandbox.patch_member(JOHN, last_name="https://example.com")
    result = modules.succeed(EXPORT, dest="roster.yml")
    assert (result["people"], result["left_out"]) == (7, {"disabled": 1, "service_accounts": 2})
    assert sorted(result["notes"]) == sorted(
        f"{email}: {name} is left out, because a roster cannot hold its value"
        for email, name in ((BOB, "timezone"), (JOHN, "last_name"))
    )
    assert len(result["warnings"]) == 2
    assert apply(modules, exported(modules, tmp_path, ".yml"))["changed"] is False


@pytest.mark.any_core
def test_a_short_list_costs_a_request_for_each_member_only_when_that_helps(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.switch(member_shape="minimal_rows")
    rows = yaml.safe_load(modules.succeed(EXPORT, dest="roster.json")["content"])
    assert {row["timezone"] for row in rows} != {None}
    members = len(sandbox.state(sandbox.org_id)["members"])
    assert len(sandbox.ledger(route="members.get")) == members

    sandbox.switch(member_shape="minimal")
    sandbox.clear_ledger()
    modules.succeed(EXPORT, dest="roster.json")
    assert len(sandbox.ledger(route="members.get")) == 1


# --- the file on the controller ---------------------------------------------------------------------------------------


class Run:
    """One run of the module from the command line: its result and its output."""

    def __init__(self, playbooks: Playbooks, dest: str, *options: str, play: str = PLAY, **environment: str) -> None:
        finished = playbooks.run(play, "-e", json.dumps({"wanted": dest}), *options, **environment)
        self.output = finished.stdout
        assert finished.returncode == 0, self.output
        assert "Traceback" not in self.output
        text = (playbooks.folder / "result.json").read_text(encoding="utf-8")
        self.result: dict[str, Any] = json.loads(text)["result"]

    @property
    def changed(self) -> bool:
        assert not self.result.get("failed"), self.result["msg"]
        return bool(self.result["changed"])


# ansible-core adds ``ansible_parsed`` to the result of a module.
DOCUMENTED = {
    "changed",
    "failed",
    "check_mode",
    "invocation",
    "warnings",
    "deprecations",
    "ansible_parsed",
    *EXPORT_KEYS,
}


@pytest.mark.parametrize("ending", [".yml", ".json"])
def test_the_file_is_written_once(ending: str, sandbox: Sandbox, modules: Modules, roles: Roles) -> None:
    plant_nasty_people(sandbox)
    file = roles.folder / f"roster{ending}"
    done = roles.module(EXPORT, args={"dest": f"roster{ending}"})
    assert (done["changed"], done["dest"], done["diff"]) == (True, str(file), {})
    assert (done["people"], done["left_out"]) == (21, {"disabled": 2, "service_accounts": 3})
    assert done.keys() <= DOCUMENTED, "the text is in the file only"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    (roles.folder / "other").mkdir()
    assert file.read_bytes() == exported(modules, roles.folder / "other", ending).read_bytes()

    assert roles.module(EXPORT, args={"dest": f"roster{ending}"})["changed"] is False
    assert apply(modules, file)["changed"] is False
    assert sandbox.writes() == []


def test_the_file_is_written_here_when_the_module_is_a_process_of_its_own(
    sandbox: Sandbox, modules: Modules, playbooks: Playbooks
) -> None:
    plant_nasty_people(sandbox)
    run = Run(playbooks, "~/roster.csv", "-e", "tallyfy_in_process=false")
    assert run.changed
    file = playbooks.home / "roster.csv"
    assert run.result["dest"] == str(file)
    assert run.result.keys() <= DOCUMENTED, "the text is in the file only"
    (playbooks.folder / "other").mkdir()
    assert file.read_bytes() == exported(modules, playbooks.folder / "other", ".csv").read_bytes()


def test_check_mode_reports_what_the_file_would_become(sandbox: Sandbox, playbooks: Playbooks) -> None:
    file = playbooks.folder / "roster.yml"
    announced = Run(playbooks, "roster.yml", "--check", "--diff")
    assert announced.changed
    assert f"+- email: {BOB}" in announced.output
    assert announced.result["check_mode"] is True
    assert not file.exists()

    written = Run(playbooks, "roster.yml", "--diff")
    assert written.result["diff"] == announced.result["diff"]
    before = file.read_text()
    sandbox.patch_member(BOB, team="Night shift")
    announced = Run(playbooks, "roster.yml", "--check", "--diff")
    assert announced.changed
    assert "+  team: Night shift" in announced.output
    assert file.read_text() == before
    assert sandbox.writes() == []


def test_a_large_file_is_not_shown_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(C, "MAX_FILE_SIZE_FOR_DIFF", 100)
    done = write_roster(tmp_path / "roster.yml", f"- email: {BOB}\n" * 10, check_mode=False, shows_diff=True)
    assert done["diff"]["src_larger"] == 100
    assert BOB not in str(done["diff"])


REFUSED = {
    "": "is blank",
    "roster.txt": "roster.txt does not end in .yml, .yaml, .json or .csv",
    "nowhere/roster.yml": "nowhere/roster.yml: the folder {folder}/nowhere does not exist",
    "folder.yml": "folder.yml is a folder",
    "$HOME/roster.yml": "$HOME/roster.yml: it contains a dollar sign; environment variables are not expanded",
    f"{'x' * 300}.yml": f"{'x' * 300}.yml: File name too long",
}


@pytest.mark.parametrize("dest", REFUSED, ids=lambda dest: dest[:20])
def test_a_place_where_no_roster_can_be_is_refused_at_once(dest: str, sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "folder.yml").mkdir()
    result = roles.module(EXPORT, args={"dest": dest})
    assert result["problems"] == [f"dest {REFUSED[dest].format(folder=roles.folder)}"]
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, result["problems"][0])
    assert {*EXPORT_KEYS, "check_mode"} <= result.keys()
    assert sandbox.ledger() == []


def test_a_failure_leaves_the_file_as_it_is_and_shows_no_secret(sandbox: Sandbox, roles: Roles) -> None:
    file = roles.folder / "roster.yml"
    file.write_text("as it was")
    secret = "wrong-secret/+="
    result = roles.module(EXPORT, args={"dest": "roster.yml"}, tallyfy_client_secret=secret)
    assert "the sign-in failed" in result["msg"]
    assert secret not in json.dumps(result)
    assert file.read_text() == "as it was"
    assert {*EXPORT_KEYS, "changed", "check_mode"} <= result.keys()


def test_an_asynchronous_task_is_refused(sandbox: Sandbox, roles: Roles) -> None:
    plugin = roles.plugin(EXPORT, {"dest": "roster.yml"}, roles.variables)
    plugin._task.async_val = 60
    assert "is not supported in an asynchronous task" in plugin.run(task_vars=roles.variables)["msg"]
    assert sandbox.ledger() == []
