# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What spreadsheets, mail programs and YAML make of addresses, numbers and blanks, wherever people are named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import Modules

pytestmark = pytest.mark.any_core

BOB, JOHN, PARTNER = "bob@example.com", "john.smith@example.com", "partner@example.org"
BROKEN = (
    "mailto:zoe.park@example.net", "SMTP:zoe.park@example.net", "'yan.k@example.net", "\u2018lee.p@example.net",
    "sean.o\u2019brien@example.net", "a..b@example.net", "a@example..net", "(a@example.net", "a@example.net:443",
    "<a@example.net>", "a@example.net;", "a b@example.net", "a@example", "@example.net", "a@", "a@@example.net",
    ".a@example.net", "a@-example.net",
)  # fmt: skip
NAMES = {"first_name": "A", "last_name": "B"}
Arguments = Callable[[str], dict[str, Any]]
#: Wherever somebody is named, with a module that takes one or many of them.
PLACES: list[tuple[str, str, Arguments]] = [
    ("a member", "tallyfy_user", lambda bad: {"email": bad, **NAMES}),
    ("a leaver", "tallyfy_user", lambda bad: {"email": bad, "state": "disabled"}),
    ("a successor", "tallyfy_user", lambda bad: {"email": BOB, "state": "disabled", "reassign_to": bad}),
    ("a guest", "tallyfy_guest", lambda bad: {"email": bad}),
    ("a guest's member", "tallyfy_guest", lambda bad: {"email": PARTNER, "associated_members": {"add": [bad]}}),
    ("a group's member", "tallyfy_group", lambda bad: {"name": "People", "members": {"add": [bad]}}),
    ("a group's guest", "tallyfy_group", lambda bad: {"name": "People", "guests": {"remove": [bad]}}),
    ("a row", "tallyfy_roster", lambda bad: {"people": [{"email": bad, **NAMES}]}),
    ("a row of a leaver", "tallyfy_roster", lambda bad: {"people": [{"email": bad, "state": "disabled"}]}),
    ("protect", "tallyfy_roster", lambda bad: {"people": [{"email": BOB}], "protect": [bad]}),
    ("a new hire", "tallyfy_onboarding", lambda bad: {"people": [{"email": bad, **NAMES}]}),
    ("a guest to be there", "tallyfy_onboarding", lambda bad: {"people": [], "ensure_guests": [bad]}),
    ("an offboarding's leaver", "tallyfy_offboarding", lambda bad: {"people": [{"email": bad}]}),
    ("an offboarding's guest", "tallyfy_offboarding", lambda bad: {"guests": [bad]}),
    ("an offboarding's successor", "tallyfy_offboarding", lambda bad: {"people": [{"email": BOB}], "reassign_to": bad}),
    ("an offboarding's protect", "tallyfy_offboarding", lambda bad: {"people": [{"email": BOB}], "protect": [bad]}),
]


@pytest.mark.parametrize(("module", "arguments"), [place[1:] for place in PLACES], ids=[place[0] for place in PLACES])
def test_no_broken_address_is_taken_anywhere(
    module: str, arguments: Arguments, sandbox: Sandbox, modules: Modules
) -> None:
    for bad in BROKEN:
        result = modules.fail(module, **arguments(bad))
        assert any("e-mail address" in problem for problem in result["problems"]), bad
    assert sandbox.writes() == []


def test_an_odd_address_that_tallyfy_has_can_be_named(sandbox: Sandbox, modules: Modules) -> None:
    """Otherwise nobody could take the access of such a member away."""
    odd, other = "Root@localhost", "'root@localhost"
    sandbox.insert_members({"email": odd}, {"email": other})
    assert modules.succeed("tallyfy_roster", people=[{"email": odd}, {"email": other}])["changed"] is False
    assert "'root@localhost'" in modules.fail("tallyfy_roster", people=[{"email": odd.lower()}])["msg"]
    modules.succeed("tallyfy_user", email=odd, state="disabled")
    modules.succeed("tallyfy_offboarding", people=[{"email": other}])
    for email in (odd, other):
        member = sandbox.member(email)
        assert member["status"] == "disabled"


def test_two_spellings_of_a_domain_are_one_person(sandbox: Sandbox, modules: Modules) -> None:
    unicode, punycode = "mia@b\u00fccher.example", "Mia@xn--bcher-kva.example"
    twice = modules.fail("tallyfy_roster", people=[{"email": unicode, **NAMES}, {"email": punycode, **NAMES}])
    assert twice["problems"] == [f"row 2 ({punycode}): the same e-mail address as row 1"]
    sandbox.insert_members({"email": punycode})
    for module in ("tallyfy_user", "tallyfy_roster"):
        given = {"email": unicode, "team": "Ops"}
        modules.succeed(module, **(given if module == "tallyfy_user" else {"people": [given]}))
    assert [write["path"].rpartition("/")[2] for write in sandbox.writes()] == [str(sandbox.member(punycode)["id"])]


# As YAML and JSON read +4915112345678, 0151234567, 10:30, 007 and 4915112345678.0.
NUMBERS: list[tuple[str, object]] = [
    ("phone", 4915112345678), ("phone", 27605367), ("phone", 630), ("first_name", 7), ("phone", 4915112345678.0),
    ("team", 7), ("last_name", False),
]  # fmt: skip


def test_a_number_is_no_text_of_a_person(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    people = [{"email": f"n{index}@example.net", **NAMES, name: value} for index, (name, value) in enumerate(NUMBERS)]
    file = tmp_path / "people.json"
    file.write_text(json.dumps(people))
    for module in ("tallyfy_roster", "tallyfy_onboarding"):
        for given in ({"people": people}, {"src": str(file)}):
            problems = modules.fail(module, **given)["problems"]
            assert len(problems) == len(NUMBERS)
            for problem, row, (name, value) in zip(problems, people, NUMBERS):
                assert f"({row['email']}): {name} is the " in problem
                assert str(value).lower() in problem
                assert problem.endswith("put it in quotes")
    assert sandbox.writes() == []


def test_a_blank_cell_changes_nothing_whichever_way_it_comes(
    sandbox: Sandbox, modules: Modules, tmp_path: Path
) -> None:
    sandbox.patch_member(BOB, phone="+1", team="Ops", job_title="Analyst")
    text = f"email,phone,job_title,team,role,country_id,clear,groups\n{BOB},, ,\u00a0,,,,\n"
    file = tmp_path / "people.csv"
    file.write_text(text, encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    for module in ("tallyfy_roster", "tallyfy_onboarding"):
        for given in ({"people": rows}, {"src": str(file)}):
            assert modules.succeed(module, **given)["changed"] is False
    blank = {"phone": "", "job_title": " ", "team": "\u200b"}
    assert modules.succeed("tallyfy_user", email=BOB, **blank)["changed"] is False
    assert sandbox.writes() == []


def test_what_is_named_is_emptied_whichever_way_it_comes(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"email,clear\n{BOB},phone;team\n", encoding="utf-8")
    ways: list[tuple[str, dict[str, Any]]] = [
        ("tallyfy_user", {"email": BOB, "clear": ["phone", "team"]}),
        ("tallyfy_roster", {"people": [{"email": BOB, "clear": ["phone", "team"]}]}),
        ("tallyfy_roster", {"src": str(file)}),
        ("tallyfy_onboarding", {"people": [{"email": BOB}], "defaults": {"clear": "phone;team"}}),
    ]
    for module, given in ways:
        sandbox.patch_member(BOB, phone="+1", team="Ops", job_title="Analyst")
        assert modules.succeed(module, **given)["changed"] is True
        member = sandbox.member(BOB)
        assert (member["phone"], member["team"], member["job_title"]) == (None, None, "Analyst")
        assert modules.succeed(module, **given)["changed"] is False


@pytest.mark.parametrize("module", ["tallyfy_user_info", "tallyfy_guest_info"])
def test_who_is_looked_for_by_no_address_is_reported(module: str, modules: Modules) -> None:
    assert modules.fail(module, email="mailto:bob@example.com")["msg"] == (
        "email 'mailto:bob@example.com' is not an e-mail address"
    )


def test_a_number_for_the_reference_of_a_process_is_refused(roles: Roles, sandbox: Sandbox) -> None:
    reported = roles.module("tallyfy_process", args={"template": "Welcome tour", "reference": 83})
    assert reported["msg"] == "reference is the number 83, not a text: put it in quotes"
    assert sandbox.writes() == []


def test_blank_parts_of_a_list_are_left_out(roles: Roles, sandbox: Sandbox) -> None:
    args = {"email": "bob@example.com", "groups": {"add": "", "set": None}}
    assert roles.module("tallyfy_user", args=args)["changed"] is False
    assert sandbox.writes() == []
