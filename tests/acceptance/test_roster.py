# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_roster in detail: its requests, the order of its steps, its refusals and its report."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, BOT, CHARLIE, DANA, ERIN, FRANK, GRACE, JOHN, SUPPORT

pytestmark = pytest.mark.any_core

SEEDED = 10
NAMES = {"first_name": "Mary", "last_name": "Major"}
NEW = {"email": "mary.major@example.com", **NAMES}
#: Each kind of write in the order in which a roster sends them.
ORDER = {
    "applications.create_user": 0,
    "members.invite": 0,
    "members.update": 1,
    "members.role": 1,
    "members.enable": 1,
    "groups.update": 2,
    "members.remove": 3,
    "members.disable": 3,
    "members.delete": 3,
}


def people(count: int, name: str = "person", **fields: Any) -> list[dict[str, Any]]:
    """Return rows of this many new people."""
    return [{"email": f"{name}.{number}@example.com", **NAMES, **fields} for number in range(count)]


def listed(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return rows with the current state of everybody, without the bot and members without access."""
    return [
        {name: member[name] for name in ("email", "first_name", "last_name", "role", "timezone")}
        for member in sandbox.state(sandbox.org_id)["members"]
        if member["type"] != "bot" and member["status"] != "disabled"
    ]


def routes(sandbox: Sandbox) -> list[str]:
    """Return the routes of all writes, in order."""
    return [str(entry["route"]) for entry in sandbox.writes()]


def rows_by_email(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["email"]: row for row in result["people"]}


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {row["email"]: row["outcome"] for row in result["people"]}


def active(sandbox: Sandbox) -> set[str]:
    """Return the addresses of members with access."""
    members = sandbox.state(sandbox.org_id)["members"]
    return {str(member["email"]) for member in members if member["status"] == "active"}


def roster(modules: Modules, members: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Run a roster that must succeed."""
    return modules.succeed("tallyfy_roster", people=members, **options)


def failed(modules: Modules, members: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Run a roster that must fail with a clear message."""
    return modules.fail("tallyfy_roster", people=members, **options)


def refused(
    sandbox: Sandbox, modules: Modules, members: list[dict[str, Any]], *pieces: str, **options: Any
) -> dict[str, Any]:
    """Run a roster that must not write anything, with and without check mode: both give the same refusal."""
    before = sandbox.state(sandbox.org_id)["members"]
    reported = modules.fail("tallyfy_roster", check_mode=True, people=members, **options)
    result = modules.fail("tallyfy_roster", people=members, **options)
    assert without_numbers(reported["msg"]) == without_numbers(result["msg"])
    assert [entry for entry in sandbox.writes() if entry["status"] != 401] == []
    assert sandbox.state(sandbox.org_id)["members"] == before
    assert result["changed"] is False
    missing = [piece for piece in pieces if piece not in result["msg"]]
    assert not missing, f"{missing} not in: {result['msg']}"
    return result


def without_numbers(message: str) -> str:
    """Return a message without the parts that differ for each request."""
    return re.sub(r"sandbox-\d+|\d+ bytes read, \d+ more|http://127[^/]*/api", "", message)


class TestRequests:
    """A whole roster takes a handful of requests."""

    def test_ten_thousand_as_desired(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.reset(members=10_000 - SEEDED)
        result = roster(modules, listed(sandbox), rate_limit=0)
        assert result["changed"] is False
        assert result["summary"]["unchanged"] == 10_000 - 2
        assert sandbox.writes() == []
        assert [entry["route"] for entry in sandbox.ledger()] == ["oauth.token", *["members.list"] * 10]
        assert result["requests"] == 11

    def test_thousands_in_small_pages(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.reset(members=3000 - SEEDED, latency_ms=4)
        sandbox.switch(per_page_cap=100)
        members = [{**row, "groups": {"remove": ["Legacy Team"]}} for row in listed(sandbox)]
        result = roster(modules, members, rate_limit=0, unlisted="disabled")
        assert result["changed"] is False
        pages = sandbox.ledger(route="members.list")
        assert sorted(int(entry["query"]["page"]) for entry in pages) == list(range(1, 31))
        assert len(sandbox.ledger()) == result["requests"] == 1 + 30 + 1
        # A connection is opened only while all others are busy: this many pages were read concurrently.
        assert 1 < len({entry["connection"] for entry in pages}) <= 8

    @pytest.mark.parametrize(
        ("switches", "more"),
        [
            ({}, 1),
            ({"member_shape": "doc"}, 1),
            ({"member_shape": "sdk", "per_page_cap": 100}, 3),
            ({"unwrapped_application_user": True, "provision_status": 200}, 1),
            # Neither the rows nor a full record show a time zone: one request finds out.
            ({"member_shape": "minimal"}, 2),
        ],
        ids=str,
    )
    def test_many_creations(self, sandbox: Sandbox, signed_in: Modules, switches: Any, more: int) -> None:
        sandbox.switch(**switches)
        members = people(200, timezone="Europe/Berlin", role="standard")
        result = roster(signed_in, members, concurrency=16)
        assert result["summary"]["created"] == 200
        assert len(sandbox.writes()) == 200
        # The list of members before, and the pages with the fields that the answers to creations lack.
        assert len(sandbox.ledger()) == result["requests"] == 1 + 200 + more
        assert len(active(sandbox)) >= 200

    def test_no_more_connections_than_concurrency(self, sandbox: Sandbox, signed_in: Modules) -> None:
        # Slow enough that all connections are needed, also on a busy machine.
        sandbox.reset(latency_ms=30)
        roster(signed_in, people(200), concurrency=24)
        connections = {entry["connection"] for entry in sandbox.writes()}
        assert 10 < len(connections) <= 24

    def test_five_hundred_people_into_twenty_groups(self, sandbox: Sandbox, signed_in: Modules) -> None:
        sandbox.reset(members=500)
        for number in range(20):
            signed_in.succeed(
                "tallyfy_api", method="POST", path="/organizations/{org_id}/groups",
                body={"name": f"Group {number}", "description": "One of many"},
            )  # fmt: skip
        generated = [row["email"] for row in listed(sandbox) if re.search(r"\.\d+@", row["email"])]
        members = [{"email": email, "groups": [f"group {n % 20}"]} for n, email in enumerate(generated)]
        sandbox.clear_ledger()
        result = roster(signed_in, members)
        assert result["summary"]["updated"] == 500
        assert routes(sandbox) == ["groups.update"] * 20
        assert len(sandbox.ledger()) == 1 + 1 + 20 + 20
        groups = {group["name"]: group["members"] for group in sandbox.state(sandbox.org_id)["groups"]}
        assert [len(groups[f"Group {number}"]) for number in range(20)] == [25] * 20
        sandbox.clear_ledger()
        assert roster(signed_in, members)["changed"] is False
        assert len(sandbox.ledger()) == 2

    @pytest.mark.parametrize(
        ("requests", "members"),
        [
            (1, [{"email": BOB, "role": "standard"}, {"email": FRANK}, {"email": DANA, "state": "disabled"}]),
            (2, [{"email": BOB, "groups": ["People"]}, {"email": JOHN, "groups": {"set": ["Engineering"]}}]),
            (2, [NEW]),
            (2, [{**NEW, "provision": "invite"}]),
            (6, [{**NEW, "groups": ["People"], "timezone": "UTC"}, {"email": BOB}]),
            # A profile is read right before it is written, also that of a new member.
            (5, [{**NEW, "phone": "+1", "timezone": "UTC"}]),
            (6, [{**NEW, "phone": "+1"}]),
            (4, [{"email": BOB, "team": "Sales", "role": "light"}]),
            (2, [{"email": DANA}]),
            (2, [{"email": BOB, "state": "disabled"}]),
            (2, [{"email": BOB, "state": "disabled", "reassign_to": JOHN}]),
            (3, [{"email": BOB, "state": "deleted"}]),
            (2, [{"email": DANA, "state": "deleted"}]),
            (6, [{"email": BOB, "groups": ["Engineering"]}, {"email": FRANK, "groups": ["Engineering", "People"]}]),
            (7, [NEW, {"email": BOB, "team": "Sales"}, {"email": FRANK, "role": "standard"}, {"email": DANA},
                 {"email": CHARLIE, "state": "disabled"}, {"email": JOHN}]),
        ],
        ids=str,
    )  # fmt: skip
    def test_each_change(
        self, sandbox: Sandbox, signed_in: Modules, requests: int, members: list[dict[str, Any]]
    ) -> None:
        assert roster(signed_in, members)["requests"] == len(sandbox.ledger()) == requests

    def test_profiles_of_many_new_people_are_read_in_pages(self, sandbox: Sandbox, signed_in: Modules) -> None:
        roster(signed_in, people(50, phone="+1", timezone="UTC"))
        # Each profile is read again right before it is written.
        assert len(sandbox.ledger()) == 1 + 50 + 1 + 2 * 50


class TestOrder:
    """Creations, changes, groups, and removals last."""

    MIXED: list[dict[str, Any]] = [
        {"email": BOB, "state": "disabled", "reassign_to": JOHN},
        {"email": FRANK, "state": "deleted"},
        {"email": JOHN, "groups": ["People"], "role": "admin", "team": "Sales"},
        {"email": DANA, "groups": ["Legacy Team"]},
        *people(8, groups=["People", "Engineering"], phone="+1"),
        *people(4, "guest", provision="invite"),
    ]

    @pytest.mark.parametrize("concurrency", [1, 8])
    def test_of_writes(self, sandbox: Sandbox, modules: Modules, concurrency: int) -> None:
        result = roster(modules, self.MIXED, concurrency=concurrency, max_removals=2)
        ranks = [ORDER[route] for route in routes(sandbox)]
        assert ranks == sorted(ranks)
        assert set(ranks) == {0, 1, 2, 3}
        assert result["summary"] == {
            "created": 8, "invited": 4, "enabled": 1, "updated": 1, "unchanged": 0, "disabled": 1, "deleted": 1,
            "not_found": 0, "deferred": 0, "failed": 0, "skipped": 0,
        }  # fmt: skip
        assert routes(sandbox).count("groups.update") == 3

    @pytest.mark.parametrize("concurrency", [1, 8])
    @pytest.mark.parametrize("route", sorted(name for name, rank in ORDER.items() if rank < 3))
    def test_no_removal_after_an_error(self, sandbox: Sandbox, modules: Modules, route: str, concurrency: int) -> None:
        body = {"error": True, "message": "No."}
        sandbox.fault(route=route, times=None, status=403, body=body)
        result = failed(modules, self.MIXED, concurrency=concurrency, max_removals=2)
        assert "No (HTTP 403" in result["msg"]
        assert not set(routes(sandbox)) & {name for name, rank in ORDER.items() if rank == 3}
        skipped = {email for email, outcome in outcomes(result).items() if outcome == "skipped"}
        assert skipped == {BOB, FRANK}
        assert {BOB, FRANK} <= active(sandbox)
        assert all("not after an error" in rows_by_email(result)[email]["message"] for email in skipped)
        # Run again without the fault, the roster converges.
        sandbox.clear_faults()
        roster(modules, self.MIXED, concurrency=concurrency, max_removals=2)
        assert not {BOB, FRANK} & active(sandbox)
        assert roster(modules, self.MIXED, max_removals=2)["changed"] is False

    def test_one_failure_does_not_keep_the_others_out(self, sandbox: Sandbox, modules: Modules) -> None:
        # A person who already belongs to another organization cannot be added.
        stranger = {"email": "ivy.stone@example.net", **NAMES}
        result = failed(modules, [*people(5), stranger, {"email": BOB, "team": "Sales"}])
        assert outcomes(result) == {
            **{row["email"]: "created" for row in people(5)}, stranger["email"]: "failed", BOB: "updated"
        }  # fmt: skip
        assert result["changed"] is True
        assert (
            "1 of 7 people could not be converged (1 failed). ivy.stone@example.net: POST /applications"
            in result["msg"]
        )
        assert {row["email"] for row in people(5)} <= active(sandbox)

    def test_stop(self, sandbox: Sandbox, modules: Modules) -> None:
        stranger = {"email": "ivy.stone@example.net", **NAMES}
        members = [*people(2), stranger, *people(3, "later"), {"email": BOB, "team": "Sales"}]
        result = failed(modules, members, on_error="stop", concurrency=1)
        assert list(outcomes(result).values()) == ["created"] * 2 + ["failed"] + ["skipped"] * 4
        assert len(sandbox.writes()) == 3
        assert "ivy.stone@example.net failed and on_error=stop" in rows_by_email(result)[BOB]["message"]
        assert result["summary"]["skipped"] == 4

    def test_stop_with_many_at_a_time(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="applications.create_user", times=None, status=422)
        result = failed(modules, people(100), on_error="stop", concurrency=8)
        assert 1 <= len(sandbox.writes()) <= 8
        assert result["summary"]["failed"] + result["summary"]["skipped"] == 100
        assert result["summary"]["failed"] == len(sandbox.writes())

    def test_a_member_the_group_refuses_does_not_keep_the_others_out(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(
            route="groups.update", status=422,
            body={"message": "The given data was invalid.", "errors": {"members.1": ["The selected is invalid."]}},
        )  # fmt: skip
        members = [{"email": email, "groups": ["Legacy Team"]} for email in (BOB, FRANK, JOHN)]
        roster(modules, members)
        group = sandbox.group("Legacy Team")
        assert sorted(group["members"]) == [1002, 1008, 12345]

    @pytest.mark.parametrize("concurrency", [1, 8])
    @pytest.mark.parametrize("route", ["groups.update", "members.update"])
    def test_a_conflict_that_is_no_lack_of_seats(
        self, sandbox: Sandbox, modules: Modules, route: str, concurrency: int
    ) -> None:
        members = [{"email": BOB, "groups": ["Engineering"], "team": "A"}, {"email": JOHN, "groups": ["People"]}]
        sandbox.fault(route=route, status=409, times=1, body={"message": "Somebody else is writing."})
        result = failed(modules, members, concurrency=concurrency)
        assert result["deferred"] == []
        assert sorted(outcomes(result).values()) == ["failed", "updated"]
        assert "Somebody else is writing" in result["msg"]


class TestResult:
    def test_of_a_mixed_roster(self, sandbox: Sandbox, modules: Modules) -> None:
        members = [*TestOrder.MIXED, {"email": ERIN, "role": "admin"}, {"email": GRACE, "state": "disabled"}]
        reported = modules.succeed("tallyfy_roster", check_mode=True, people=members, max_removals=3)
        assert sandbox.writes() == []
        sandbox.clear_ledger()
        modules.use(cache_tokens=False)
        result = roster(modules, members, max_removals=3)
        for name in ("summary", "people", "actions", "diff", "deferred", "notes", "problems", "organization"):
            assert reported[name] == result[name], name
        assert (reported["check_mode"], result["check_mode"]) == (True, False)
        assert result["organization"] == {
            "id": sandbox.org_id, "name": None, "acting_as": f"the application {sandbox.client_id}",
        }  # fmt: skip
        assert sum(result["summary"].values()) == len(members) == len(result["people"])
        assert [row["email"] for row in result["people"]] == [row["email"] for row in members]
        assert result["requests"] == len(sandbox.ledger())
        assert result["deferred"] == []
        rows = rows_by_email(result)
        assert rows[JOHN]["action"] == "updated"
        assert rows[JOHN]["fields"] == ["groups", "role", "team"]
        assert rows[JOHN]["before"] == {"team": "Operations", "role": "standard", "groups": ["Engineering"]}
        assert rows[JOHN]["after"] == {"team": "Sales", "role": "admin", "groups": ["Engineering", "People"]}
        assert rows[BOB]["action"] == "disabled"
        assert rows[FRANK]["action"] == "deleted"
        assert (rows[DANA]["action"], rows[DANA]["outcome"]) == ("enabled", "enabled")
        assert rows[ERIN] == {
            "email": ERIN, "name": "Erin Walker", "action": "unchanged", "fields": [], "outcome": "unchanged",
            "message": "", "before": {}, "after": {}, "notes": [], "reassign_to": None, "unlisted": False,
            "service_account": False,
        }  # fmt: skip
        assert ERIN not in result["diff"]["before"]
        assert {action["email"] for action in result["actions"]} == {row["email"] for row in members} - {ERIN}
        assert [action["action"] for action in result["actions"] if action["email"] == FRANK] == ["disabled", "deleted"]

    def test_repeated_requests_are_counted(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="members.list", status=503)
        sandbox.fault(route="members.list", half_body=True)
        sandbox.fault(route="applications.create_user", status=429, headers={"Retry-After": "0"})
        assert roster(modules, [NEW])["requests"] == len(sandbox.ledger()) == 6

    def test_the_diff_is_bounded(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.reset(members=150)
        members = [{**row, "role": "admin"} for row in listed(sandbox) if re.search(r"\.\d+@", row["email"])]
        result = roster(modules, members, rate_limit=0)
        diff = result["diff"]
        assert len(diff["before"]) == 100
        assert len(diff["after"]) == 101
        assert diff["after"]["and 50 more"] == "see people in the result"
        assert "100 of 150 changed" in diff["before_header"]
        assert len(result["people"]) == 150

    def test_everybody_who_failed_is_named(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="applications.create_user", times=None, status=422)
        result = failed(modules, [*people(150), {"email": BOB}])
        assert result["summary"]["failed"] == 150
        assert result["summary"]["unchanged"] == 1
        assert set(outcomes(result)) == {row["email"] for row in people(150)}
        assert "150 of 151 people could not be converged (150 failed)" in result["msg"]
        # An obstacle is reported once, however many people met it.
        assert result["msg"].count("HTTP 422") == 1
        assert "person.0@example.com" in result["msg"]
        assert "and 130 more" in result["msg"]
        assert len(result["msg"]) < 2000
        assert result["changed"] is False

    def test_every_key_is_there_after_any_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        keys = set(modules.succeed("tallyfy_roster", people=[{"email": BOB}]))
        wrong = failed(modules, [{"email": "nobody"}])
        modules.use(client_secret="wrong", cache_tokens=False)
        unsigned = modules.fail("tallyfy_roster", check_mode=True, people=[{"email": BOB}])
        for result in (wrong, unsigned):
            assert keys <= set(result)
            assert (result["people"], result["actions"], result["changed"]) == ([], [], False)
            assert result["problems"] == [result["msg"]]
        assert (wrong["check_mode"], unsigned["check_mode"]) == (False, True)
        assert sandbox.writes() == []

    def test_leavers_whom_nobody_knows(self, modules: Modules) -> None:
        rows = [{"email": "bbo@example.com", "state": "disabled"}, {"email": "x@example.com", "state": "deleted"}]
        result = roster(modules, [*rows, {"email": BOB}])
        assert outcomes(result) == {"bbo@example.com": "not_found", "x@example.com": "not_found", BOB: "unchanged"}
        assert (result["changed"], result["summary"]["not_found"]) == (False, 2)
        assert result["notes"] == [f"{row['email']}: No member has this address." for row in rows]
        assert "bbo@example.com: No member has this address." in str(result["warnings"])


class TestLackOfSeats:
    """409 SEAT_POOL_EXHAUSTED stops only the steps that need a seat of that pool."""

    LIGHT, FULL = people(6, "light", role="light"), people(6, "full", role="standard")

    @staticmethod
    def taken(sandbox: Sandbox, *, light: bool) -> int:
        members = sandbox.state(sandbox.org_id)["members"]
        return sum(
            1
            for member in members
            if member["status"] != "disabled"
            and member["type"] != "bot"
            and not member["support_user"]
            and (member["role"] == "light") == light
        )

    @pytest.mark.parametrize("pool", ["light", "full"])
    @pytest.mark.parametrize("seats", [0, 2])
    def test_only_who_needs_that_pool_waits(self, sandbox: Sandbox, modules: Modules, pool: str, seats: int) -> None:
        limit = self.taken(sandbox, light=pool == "light") + seats
        sandbox.switch(**{f"seat_limit_{pool}": limit})
        waiting, others = (self.LIGHT, self.FULL) if pool == "light" else (self.FULL, self.LIGHT)
        members = [*waiting, *others, {"email": BOB, "team": "Sales"}]
        result = failed(modules, members, concurrency=1)
        reported = outcomes(result)
        assert [reported[row["email"]] for row in waiting] == ["created"] * seats + ["deferred"] * (6 - seats)
        assert {reported[row["email"]] for row in others} == {"created"}
        assert reported[BOB] == "updated"
        assert [entry["email"] for entry in result["deferred"]] == [row["email"] for row in waiting[seats:]]
        assert all(f"no {pool} seat is left" in entry["reason"] for entry in result["deferred"])
        assert all(entry["not_before"] is None for entry in result["deferred"])
        assert result["summary"]["deferred"] == 6 - seats
        assert result["summary"]["failed"] == 0
        # No further request is sent after one refusal.
        assert [entry["status"] for entry in sandbox.writes()].count(409) == 1
        assert f"({6 - seats} deferred)" in result["msg"]
        assert "Free a seat or buy more" in result["msg"]
        sandbox.switch(**{f"seat_limit_{pool}": None})
        assert roster(modules, members)["summary"]["created"] == 6 - seats

    @pytest.mark.parametrize("concurrency", [1, 8])
    @pytest.mark.parametrize("provision", ["direct", "invite"])
    def test_nothing_else_is_tried_for_who_waits(
        self, sandbox: Sandbox, modules: Modules, provision: str, concurrency: int
    ) -> None:
        sandbox.switch(seat_limit_light=self.taken(sandbox, light=True) + 1)
        rows = people(30, role="light", phone="+1", groups=["People"], provision=provision)
        members = [*rows, {"email": DANA, "team": "Back", "groups": ["People"]}, {"email": BOB, "state": "disabled"}]
        result = failed(modules, members, concurrency=concurrency)
        assert result["summary"]["deferred"] == 30
        assert result["summary"]["failed"] == result["summary"]["skipped"] == 0
        assert outcomes(result)[BOB] == "disabled"
        assert "groups.update" in routes(sandbox)
        assert routes(sandbox).count("members.update") == 1
        sandbox.switch(seat_limit_light=None)
        roster(modules, members)
        assert roster(modules, members)["changed"] is False

    def test_many_at_a_time(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(seat_limit_light=self.taken(sandbox, light=True) + 10)
        result = failed(modules, people(60, role="light"), concurrency=8)
        assert result["summary"]["created"] == 10
        assert result["summary"]["deferred"] == 50
        assert result["summary"]["failed"] == 0
        assert [entry["status"] for entry in sandbox.writes()].count(409) <= 8

    @pytest.mark.parametrize(
        ("row", "pool"),
        [
            ({"email": FRANK, "role": "standard"}, "full"),
            ({"email": DANA, "role": "standard"}, "full"),
            ({"email": DANA}, "light"),
        ],
        ids=str,
    )
    def test_a_change_that_needs_a_seat(
        self, sandbox: Sandbox, modules: Modules, row: dict[str, Any], pool: str
    ) -> None:
        sandbox.switch(**{f"seat_limit_{pool}": self.taken(sandbox, light=pool == "light")})
        others = people(2, role="standard" if pool == "light" else "light")
        result = failed(modules, [row, *others, {"email": BOB, "team": "Sales"}])
        assert outcomes(result) == {
            row["email"]: "deferred", **{new["email"]: "created" for new in others}, BOB: "updated",
        }  # fmt: skip

    def test_who_leaves_frees_a_seat_for_who_waits(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(seat_limit_light=self.taken(sandbox, light=True))
        members = [
            *people(2, role="light", groups=["Engineering"], phone="+1"),
            {"email": FRANK, "state": "disabled"},
        ]
        result = failed(modules, members)
        assert sorted(outcomes(result).values()) == ["created", "deferred", "disabled"]
        assert result["summary"] == {**dict.fromkeys(result["summary"], 0), "created": 1, "disabled": 1, "deferred": 1}
        (seated,) = {"person.0@example.com", "person.1@example.com"} & active(sandbox)
        member, group = sandbox.member(seated), sandbox.group("Engineering")
        assert member["phone"] == "+1"
        assert member["id"] in group["members"]
        sandbox.switch(seat_limit_light=None)
        assert roster(modules, members)["summary"]["created"] == 1

    def test_another_error_keeps_the_leavers_all_the_same(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(seat_limit_light=self.taken(sandbox, light=True))
        sandbox.fault(route="members.update", status=403)
        members = [*people(1, role="light"), {"email": BOB, "team": "A"}, {"email": FRANK, "state": "disabled"}]
        assert list(outcomes(failed(modules, members)).values()) == ["deferred", "failed", "skipped"]


class TestHalfway:
    """Failures that end the run: a long pause, a revoked token, an unreachable service."""

    def test_a_long_pause(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="applications.create_user", skip=5, times=None, status=429, headers={"Retry-After": "1800"})
        members = [*people(40), {"email": BOB, "team": "Sales"}, {"email": FRANK, "state": "disabled"}]
        result = failed(modules, members, concurrency=4)
        assert result["summary"]["created"] == 5
        assert result["summary"]["deferred"] == 37
        assert len(sandbox.ledger(route="applications.create_user")) <= 5 + 4
        assert all(
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["not_before"]) for entry in result["deferred"]
        )
        assert result["deferred"][0]["not_before"] in result["msg"]
        assert {FRANK, BOB} <= active(sandbox)
        sandbox.clear_faults()
        modules.let_caps_end()
        finished = roster(modules, members)
        assert finished["summary"]["created"] == 35
        assert finished["summary"]["disabled"] == 1
        assert roster(modules, members)["changed"] is False

    def test_a_long_pause_before_a_group(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="groups.update", times=None, status=429, headers={"Retry-After": "1800"})
        members = [*people(3, groups=["People"]), {"email": BOB, "state": "disabled"}, {"email": JOHN, "team": "Sales"}]
        result = failed(modules, members)
        assert list(outcomes(result).values()) == ["deferred"] * 4 + ["updated"]
        assert [action["action"] for action in result["actions"]] == ["created"] * 3 + ["updated"]
        assert "Done before: created as light." in rows_by_email(result)["person.0@example.com"]["message"]
        assert all(entry["not_before"] for entry in result["deferred"])

    def test_one_refused_token_is_survived(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="applications.create_user", skip=7, status=401)
        assert roster(modules, people(20), concurrency=4)["summary"]["created"] == 20
        assert len(sandbox.sign_ins()) == 2

    @pytest.mark.parametrize("act_as", [None, ALICE])
    def test_all_tokens_revoked_in_the_middle(self, sandbox: Sandbox, modules: Modules, act_as: str | None) -> None:
        modules.use(act_as=act_as)
        roster(modules, people(1))
        sandbox.revoke_tokens()
        assert roster(modules, people(20))["summary"]["created"] == 19

    def test_a_token_that_stays_refused(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(path="/[oa]r*", skip=8, times=None, status=401)
        sandbox.fault(path="/applications/*", skip=8, times=None, status=401)
        result = failed(modules, people(500), concurrency=4)
        assert result["summary"]["created"] < 20
        assert len(sandbox.ledger()) < 50
        assert result["summary"]["failed"] <= 4
        assert result["summary"]["skipped"] >= 480
        assert "would fail in the same way" in result["msg"]
        sandbox.clear_faults()
        roster(modules, people(500), rate_limit=0)
        assert len(active(sandbox)) >= 500

    @pytest.mark.parametrize("route", ["applications.create_user", "members.get"])
    def test_a_service_that_keeps_failing(self, sandbox: Sandbox, modules: Modules, route: str) -> None:
        modules.use(max_wait=0, rate_limit=0)
        # With such short answers, each new member would be read back.
        sandbox.switch(member_shape="minimal")
        sandbox.fault(route=route, times=None, status=503)
        sandbox.clear_ledger()
        result = failed(modules, people(300, phone="+1"))
        assert result["summary"]["failed"] + result["summary"]["skipped"] == 300
        assert 50 <= result["summary"]["failed"] < 70
        messages = [row["message"] for row in result["people"] if row["outcome"] == "skipped"]
        assert all("requests in a row have failed" in message for message in messages)
        # The message names the people who were added but not read back.
        assert all(("Done before: created as light" in message) == (route == "members.get") for message in messages)
        assert len(sandbox.ledger(route=route)) < 300

    def test_a_service_that_goes_away(self, modules: Modules) -> None:
        """No further person is tried once the service is known to be unreachable."""
        with running_sandbox(latency=20) as another:
            modules.use(api_url=another.api_url, token_url=another.token_url, max_wait=0, rate_limit=0)

            def go_away() -> None:
                while len(another.ledger(route="applications.create_user")) < 5:
                    pass
                os.kill(another.pid, signal.SIGKILL)

            gone = threading.Thread(target=go_away)
            gone.start()
            result = failed(modules, people(1000), concurrency=4)
            gone.join()
        assert 1 <= result["summary"]["failed"] <= 8
        assert result["summary"]["skipped"] >= 500
        assert "would fail in the same way" in result["msg"]
        assert "Connection refused" in result["msg"]


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"email": "no-address", **NAMES}, "email 'no-address' is not an e-mail address"),
    ({"email": "long@example.com", "first_name": "x" * 33, "last_name": "Y"}, "first_name has 33 characters"),
    ({"email": "BOB@example.com"}, ""),
    ({"email": "bob@Example.com", "team": "Twice"}, "the same e-mail address as"),
    ({"email": "role@example.com", **NAMES, "role": "boss"}, "role"),
    ({"email": "group@example.com", **NAMES, "groups": "People;No such group"}, "there is no group 'No such group'"),
    ({"email": JOHN, "state": "disabled", "reassign_to": JOHN}, "reassign_to is the leaver: name another member"),
    ({"email": FRANK, "state": "disabled", "reassign_to": JOHN}, f"reassign_to {JOHN} is leaving too"),
    ({"email": GRACE, "state": "disabled", "reassign_to": "nobody@example.com"}, "nobody@example.com is not a member"),
    ({"email": "names@example.com"}, "first_name and last_name"),
    ({"email": "field@example.com", **NAMES, "rol": "light"}, "unknown field rol"),
    ({"email": SUPPORT, "state": "disabled"}, "support account"),
    ({"first_name": "Nobody"}, "email"),
]  # fmt: skip


def as_csv(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns)] + [",".join(str(row.get(name, "")) for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def as_json(rows: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def as_yaml(rows: list[dict[str, Any]]) -> str:
    # JSON is also YAML: one row a line.
    return "---\npeople:\n" + "".join(f"  - {json.dumps(row)}\n" for row in rows)


class TestBadRows:
    """All problems are reported together, each with its line, before anything is written."""

    @pytest.mark.parametrize(
        ("ending", "write", "first"),
        [("", None, 1), ("csv", as_csv, 2), ("json", as_json, 2), ("yml", as_yaml, 3)],
        ids=["people", "csv", "json", "yml"],
    )
    def test_every_mistake_at_once(
        self, sandbox: Sandbox, modules: Modules, tmp_path: Path, ending: str, write: Any, first: int
    ) -> None:
        rows = [row for row, _problem in BAD_ROWS]
        given: dict[str, Any] = {"people": rows}
        if write is not None:
            file = tmp_path / f"people.{ending}"
            file.write_text(write(rows))
            given = {"src": str(file)}
        reported = modules.fail("tallyfy_roster", check_mode=True, **given)
        result = modules.fail("tallyfy_roster", **given)
        assert sandbox.writes() == []
        assert reported["msg"] == result["msg"]
        for index, (_row, problem) in enumerate(BAD_ROWS):
            place = f"people.{ending} line {index + first} (" if write is not None else f"row {index + first} ("
            found = [problem for problem in result["problems"] if problem.startswith(place)]
            assert len(found) == bool(problem), (place, found, result["problems"])
            assert problem in "".join(found)
            assert all(problem in result["msg"] for problem in found)
        assert len(result["problems"]) == len(BAD_ROWS) - 1
        numbers = [int(re.search(r"(?:line|row) (\d+)", problem)[1]) for problem in result["problems"]]  # type: ignore[index] # each has one
        assert numbers == sorted(numbers)

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"max_removals": "some"}, "max_removals 'some' is neither a number nor a percentage"),
            ({"concurrency": 0}, "concurrency must be between 1 and 32, not 0"),
            ({"defaults": {"rol": "light"}}, "defaults: unknown field rol"),
            ({"reassign_to": BOB}, f"reassign_to {BOB} is leaving too"),
        ],
        ids=str,
    )
    def test_mistakes_of_the_task(
        self, sandbox: Sandbox, modules: Modules, options: dict[str, Any], problem: str
    ) -> None:
        refused(sandbox, modules, [NEW, {"email": BOB, "state": "disabled"}], problem, **options)

    @pytest.mark.parametrize("arguments", [{}, {"people": [NEW], "src": "people.csv"}, {"members": [NEW]}], ids=str)
    def test_exactly_one_source(self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any]) -> None:
        assert "people" in modules.fail("tallyfy_roster", **arguments)["msg"]
        assert sandbox.ledger() == []

    def test_direct_needs_the_application(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(client_id=None, client_secret=None, access_token=sandbox.issue_token(ALICE))
        rows = [{**NEW, "provision": "direct"}, *people(1, provision="direct")]
        result = refused(sandbox, modules, rows, "row 1 (mary.major@example.com)", "row 2", "set client_id")
        assert len(result["problems"]) == 2


class TestFiles:
    def test_csv_as_spreadsheets_write_it(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        file = tmp_path / "people.CSV"
        file.write_bytes(
            "\ufeffEmail,First_Name,last_name,job_title,groups,groups.remove,phone\r\n"
            '"mary.major@example.com",Mary,Major,"Lead, ""Sales""","People; Legacy Team",,+49151\r\n'
            ",,,,,,\r\n"
            "\r\n"
            "bob@example.com,,,,,People,\r\n"
            "juergen@example.com,Jürgen,Müller\r\n".encode()
        )
        result = modules.succeed("tallyfy_roster", src=str(file))
        assert result["summary"]["created"] == 2
        mary, bob = sandbox.member(NEW["email"]), sandbox.member(BOB)
        assert mary["job_title"] == 'Lead, "Sales"'
        assert mary["phone"] == "+49151"
        assert bob["job_title"] == "Analyst"
        groups = {group["name"]: group["members"] for group in sandbox.state(sandbox.org_id)["groups"]}
        assert groups["People"] == [1003, mary["id"]]
        assert groups["Legacy Team"] == [mary["id"]]
        assert modules.succeed("tallyfy_roster", src=str(file))["changed"] is False

    def test_an_empty_file_is_nobody(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        file = tmp_path / "people.csv"
        file.write_text("email,role\n")
        assert modules.succeed("tallyfy_roster", src=str(file))["people"] == []
        assert "empty roster" in modules.fail("tallyfy_roster", src=str(file), unlisted="disabled")["msg"]
        assert sandbox.writes() == []


class TestFuse:
    """Removals by mistake are refused: every refusal names the people, the counts and the option that allows it."""

    @pytest.fixture
    def everybody(self, sandbox: Sandbox) -> list[dict[str, Any]]:
        sandbox.reset(members=50)
        return listed(sandbox)

    def test_more_than_max_removals(self, sandbox: Sandbox, modules: Modules, everybody: list[dict[str, Any]]) -> None:
        gone = [row["email"] for row in everybody if re.search(r"\.\d+@", row["email"])][:7]
        kept = [row for row in everybody if row["email"] not in gone]
        # 50 generated and 6 seeded people are active; the bot and the support account do not count.
        result = refused(
            sandbox, modules, kept, "7 members would lose access, but max_removals allows 6 of 56 active members",
            "(10%, at least 3)", "To allow this, set max_removals to 7", *gone, unlisted="disabled",
        )  # fmt: skip
        assert result["removals"] == sorted(gone)
        done = roster(modules, kept, unlisted="disabled", max_removals=7)
        assert done["summary"]["disabled"] == 7
        assert not set(gone) & active(sandbox)
        assert roster(modules, kept, unlisted="disabled")["changed"] is False

    @pytest.mark.parametrize("module", ["tallyfy_roster", "tallyfy_offboarding"])
    def test_three_of_six_may_leave_unless_a_percentage_is_given(
        self, sandbox: Sandbox, modules: Modules, module: str
    ) -> None:
        leavers: list[dict[str, Any]] = [{"email": email} for email in (BOB, JOHN, FRANK)]
        rows = [{**row, "state": "disabled"} for row in leavers] if module == "tallyfy_roster" else leavers
        assert "allows 1" in modules.fail(module, people=rows, max_removals="10%")["msg"]
        assert sandbox.writes() == []
        modules.succeed(module, people=rows)
        assert not {row["email"] for row in leavers} & active(sandbox)

    def test_min_admins(self, sandbox: Sandbox, modules: Modules) -> None:
        row = {"email": ERIN, "role": "standard"}
        refused(
            sandbox, modules, [row], "active administrators would drop from 2 to 1", "min_admins is 2", ERIN,
            "set min_admins to 1",
        )  # fmt: skip
        refused(sandbox, modules, [{"email": ERIN, "state": "disabled"}], "set min_admins to 1", ERIN)
        # A new administrator does not count yet; a promoted member does.
        refused(sandbox, modules, [row, {**NEW, "role": "admin"}], "set min_admins to 1")
        assert roster(modules, [row, {"email": JOHN, "role": "admin"}])["summary"]["updated"] == 2
        assert roster(modules, [{"email": JOHN, "role": "light"}], min_admins=1)["changed"] is True

    @pytest.mark.parametrize(
        "leaver", [{"role": "light"}, {"state": "disabled"}], ids=["another role", "access taken away"]
    )
    @pytest.mark.parametrize("lack", ["an error", "seats"])
    def test_min_admins_when_nobody_takes_over(
        self, sandbox: Sandbox, modules: Modules, leaver: dict[str, Any], lack: str
    ) -> None:
        members = [{"email": FRANK, "role": "admin"}, {"email": ERIN, **leaver}, {"email": BOB, "team": "Sales"}]
        if lack == "seats":
            sandbox.switch(seat_limit_full=TestLackOfSeats.taken(sandbox, light=False))
        else:
            sandbox.fault(route="members.role", status=422, times=1)
        result = failed(modules, members, max_removals=5, concurrency=1)
        reported = outcomes(result)
        assert reported == {FRANK: "deferred" if lack == "seats" else "failed", ERIN: "skipped", BOB: "updated"}
        if leaver == {"role": "light"} or lack == "seats":
            message = rows_by_email(result)[ERIN]["message"]
            assert "the number of active administrators would drop to 1" in message
            assert "set min_admins to 1" in message
        erin = sandbox.member(ERIN)
        assert (erin["role"], erin["status"]) == ("admin", "active")
        # Enough administrators remain without the new one, so nothing has to wait.
        done = modules.run("tallyfy_roster", people=members, max_removals=5, min_admins=1)
        assert outcomes(done)[ERIN] == ("disabled" if "state" in leaver else "updated")

    def test_protected_people_who_are_not_listed(self, sandbox: Sandbox, modules: Modules) -> None:
        result = roster(
            modules, [{"email": ERIN}], unlisted="disabled", max_removals="100%", protect=["*@EXAMPLE.net", BOB.upper()]
        )  # fmt: skip
        left = active(sandbox)
        assert left == {ALICE, ERIN, BOB, GRACE, SUPPORT, BOT}
        rows = rows_by_email(result)
        assert rows[BOB]["outcome"] == rows[GRACE]["outcome"] == "unchanged"
        assert "protect holds" in rows[BOB]["message"]
        assert all(rows[email]["unlisted"] for email in rows if email != ERIN)
        assert "default administrator" in rows[ALICE]["message"]
        assert "support account" in rows[SUPPORT]["message"] or "protect" in rows[SUPPORT]["message"]
        assert "Tallyfy Bot" in rows[BOT]["message"]

    @pytest.mark.parametrize("shape", ["union", "minimal_rows"])
    @pytest.mark.parametrize("state", ["disabled", "deleted"])
    def test_protected_people_who_are_listed(self, sandbox: Sandbox, modules: Modules, state: str, shape: str) -> None:
        sandbox.switch(member_shape=shape)
        who = {BOT: "Tallyfy Bot", SUPPORT: "support account", ALICE: "default administrator", GRACE: "protect holds"}
        rows = [*({"email": email, "state": state} for email in who), NEW]
        allowed = {"max_removals": "100%", "min_admins": 0, "protect": ["grace*"]}
        problems = refused(sandbox, modules, rows, **allowed)["problems"]
        for number, (email, reason) in enumerate(who.items(), start=1):
            assert any(problem.startswith(f"row {number} ({email})") and reason in problem for problem in problems), (
                email
            )

    @pytest.mark.parametrize("signed_in_by", ["act_as", "access_token"])
    def test_the_acting_user(self, sandbox: Sandbox, modules: Modules, signed_in_by: str) -> None:
        if signed_in_by == "act_as":
            modules.use(act_as=ERIN)
        else:
            modules.use(client_id=None, client_secret=None, access_token=sandbox.issue_token(ERIN))
        allowed = {"min_admins": 0, "max_removals": "100%"}
        refused(sandbox, modules, [{"email": ERIN, "state": "disabled"}], "the acting user", **allowed)
        refused(sandbox, modules, [{"email": ERIN, "role": "light"}], "the acting user", **allowed)
        rows = [row for row in listed(sandbox) if row["email"] not in (ERIN, BOB)]
        result = roster(modules, rows, unlisted="disabled", **allowed)
        assert "the acting user" in rows_by_email(result)[ERIN]["message"]
        assert ERIN in active(sandbox)
        assert BOB not in active(sandbox)

    @pytest.mark.parametrize("flaw", ["total_off", "shrink", "repeat_page", "grow"])
    @pytest.mark.parametrize("unlisted", ["disabled", "ignore"])
    def test_a_listing_that_lies(
        self, sandbox: Sandbox, modules: Modules, everybody: list[dict[str, Any]], flaw: str, unlisted: str
    ) -> None:
        sandbox.switch(per_page_cap=10)
        sandbox.fault(route="members.list", times=None, **{flaw: True})
        refused(sandbox, modules, [*everybody[:-1], NEW], f"GET /organizations/{sandbox.org_id}/users: ",
                unlisted=unlisted)  # fmt: skip

    @pytest.mark.parametrize(
        "fault",
        [{"status": 500}, {"status": 403}, {"empty": True}, {"body": {"data": []}}, {"cut": "before"},
         {"half_body": True}, {"body": "<html>Maintenance</html>"}, {"body": {"data": {}}}],
        ids=str,
    )  # fmt: skip
    def test_a_page_that_cannot_be_read(
        self, sandbox: Sandbox, modules: Modules, everybody: list[dict[str, Any]], fault: dict[str, Any]
    ) -> None:
        modules.use(max_wait=0)
        sandbox.switch(per_page_cap=10)
        sandbox.fault(path="/organizations/*/users", times=None, skip=3, **fault)
        refused(sandbox, modules, everybody[:-1], "GET ", f"/organizations/{sandbox.org_id}/users", unlisted="disabled")

    def test_an_organization_of_nobody(self, sandbox: Sandbox, modules: Modules) -> None:
        """An empty list is well formed, but it looks like another organization: nobody is added."""
        sandbox.fault(route="members.list", times=None, body={"data": [], "meta": {"pagination": {
            "total": 0, "count": 0, "per_page": 1000, "current_page": 1, "total_pages": 1, "links": {}}}})  # fmt: skip
        result = modules.run("tallyfy_roster", people=[{"email": BOB}], unlisted="disabled")
        assert result["failed"]
        assert sandbox.writes() == []

    @pytest.mark.parametrize(
        ("rows", "options"),
        [
            ([{"email": BOB, "team": "Sales"}], {}),
            ([{"email": ERIN}, {"email": JOHN}], {"unlisted": "disabled", "max_removals": "100%"}),
        ],
        ids=str,
    )
    def test_two_members_whose_addresses_fold_alike(
        self, sandbox: Sandbox, modules: Modules, rows: list[dict[str, Any]], options: dict[str, Any]
    ) -> None:
        sandbox.switch(case_sensitive_email=True)
        sandbox.insert_members({"email": "Bob@Example.com"})
        refused(sandbox, modules, rows, BOB, "when case is ignored", "the address is ambiguous", **options)

    def test_a_listing_that_changes_is_read_again(
        self, sandbox: Sandbox, modules: Modules, everybody: list[dict[str, Any]]
    ) -> None:
        sandbox.switch(per_page_cap=10)
        sandbox.fault(route="members.list", skip=2, repeat_page=True)
        assert roster(modules, everybody[:-1], unlisted="disabled")["summary"]["disabled"] == 1


@contextlib.contextmanager
def at_work(sandbox: Sandbox, modules: Modules, seconds: float, members: list[dict[str, Any]]) -> Iterator[list[Any]]:
    """Run a roster that takes this many seconds in another process; yield once it is running, and keep its result."""
    sandbox.fault(route="applications.create_user", delay_ms=seconds * 1000)
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(modules.run("tallyfy_roster", people=members))
        except AssertionError as error:  # it was killed, and left no result
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not sandbox.ledger(route="applications.create_user"):
            assert time.monotonic() < until
            time.sleep(0.01)
        yield results
    finally:
        thread.join()


class TestOneAtATime:
    def test_the_second_waits_and_names_who_is_at_work(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.environment["JOB_ID"] = "4711"
        modules.succeed("tallyfy_organization_info")
        with at_work(sandbox, modules, 1.5, [NEW]) as results:
            second = failed(modules, people(1), max_wait=0.2)
            assert results == []
        assert re.search(r"process \d+ of \S+ on \S+, since \d{4}-\d\d-\d\d .*, job 4711", second["msg"])
        assert "Nothing was written" in second["msg"]
        assert "longer than max_wait (0.2 s)" in second["msg"]
        assert second["holder"] in second["msg"]
        assert results[0]["summary"]["created"] == 1
        assert len(sandbox.writes()) == 1

    def test_the_second_goes_on_when_the_first_ends(self, sandbox: Sandbox, modules: Modules) -> None:
        with at_work(sandbox, modules, 0.7, [NEW]) as results:
            second = roster(modules, [NEW, *people(1)])
            assert len(results) == 1 or second["summary"]["unchanged"] == 1
        # The second run read the organization after the first had ended, so nobody was added twice.
        assert second["summary"]["created"] == second["summary"]["unchanged"] == 1
        assert results[0]["summary"]["created"] == 1
        assert len(sandbox.writes()) == 2

    def test_check_mode_does_not_wait(self, sandbox: Sandbox, modules: Modules) -> None:
        with at_work(sandbox, modules, 1.0, [NEW]) as results:
            reported = modules.succeed("tallyfy_roster", check_mode=True, people=people(1), max_wait=0)
            assert results == []
        assert reported["changed"] is True

    def test_another_organization_does_not_wait(self, sandbox: Sandbox, modules: Modules) -> None:
        with at_work(sandbox, modules, 1.0, [NEW]) as results:
            roster(
                modules, [{"email": "ivy.stone@example.net"}], max_wait=0, org_id="9c1b6d5a04e84b7fa3d2c0e95f7a6b18",
                client_id="2222", client_secret="initech-secret",
            )  # fmt: skip
            assert results == []

    def test_a_killed_holder_frees_it(self, sandbox: Sandbox, modules: Modules) -> None:
        with at_work(sandbox, modules, 5, [NEW]) as results:
            second = failed(modules, people(1), max_wait=0.1)
            holder = re.search(r"process (\d+) of", second["holder"])
            assert holder is not None
            started = time.monotonic()
            os.kill(int(holder[1]), signal.SIGKILL)
            assert roster(modules, people(1), max_wait=1)["summary"]["created"] == 1
            assert time.monotonic() - started < 4
        assert isinstance(results[0], AssertionError)


class TestHandingOver:
    def test_in_general_and_by_row(self, sandbox: Sandbox, modules: Modules) -> None:
        for email, tasks in ((BOB, 3), (FRANK, 4), (CHARLIE, 5)):
            sandbox.patch_member(email, open_tasks=tasks)
        rows = [
            {"email": BOB, "state": "disabled"},
            {"email": FRANK, "state": "deleted", "reassign_to": JOHN.upper()},
            {"email": CHARLIE, "state": "disabled", "reassign_to": ""},
        ]
        result = roster(modules, rows, reassign_to=ERIN, max_removals=3)
        assert (result["summary"]["disabled"], result["summary"]["deleted"]) == (2, 1)
        assert {row["email"]: row.get("reassign_to") for row in result["people"]} == {
            BOB: ERIN, FRANK: JOHN.upper(), CHARLIE: ERIN,
        }  # fmt: skip
        open_tasks = {member["email"]: member["open_tasks"] for member in sandbox.state(sandbox.org_id)["members"]}
        assert open_tasks[ERIN] == 8
        assert open_tasks[JOHN] == 4
        assert open_tasks[BOB] == open_tasks[CHARLIE] == 0

    def test_unlisted_people_hand_over_in_general(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_member(BOB, open_tasks=3)
        rows = [row for row in listed(sandbox) if row["email"] != BOB]
        assert roster(modules, rows, unlisted="disabled", reassign_to=ERIN)["summary"]["disabled"] == 1
        erin = sandbox.member(ERIN)
        assert erin["open_tasks"] == 3

    @pytest.mark.parametrize("how", ["row", "task"])
    @pytest.mark.parametrize(
        ("successor", "reason"),
        [(CHARLIE, "is invited, but must be active"), (NEW["email"], "is not a member of the organization")],
    )
    def test_to_somebody_who_cannot(
        self, sandbox: Sandbox, modules: Modules, how: str, successor: str, reason: str
    ) -> None:
        leaver: dict[str, Any] = {"email": BOB, "state": "disabled"}
        rows = [NEW, {"email": FRANK, "state": "disabled", "reassign_to": JOHN}, leaver]
        options: dict[str, Any] = {"max_removals": 2}
        if how == "row":
            leaver["reassign_to"] = successor
        else:
            options["reassign_to"] = successor
        refused(sandbox, modules, rows, successor, reason, **options)

    def test_to_somebody_who_is_made_active_by_this_very_run(self, sandbox: Sandbox, modules: Modules) -> None:
        rows = [{"email": DANA}, {"email": BOB, "state": "disabled", "reassign_to": DANA}]
        refused(sandbox, modules, rows, f"reassign_to {DANA} is disabled, but must be active")


class TestSurprises:
    TAKEN = {"message": "The given data was invalid.", "errors": {"email": ["The email has already been taken."]}}

    def test_somebody_else_is_quicker(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="applications.create_user", status=422, body=self.TAKEN, apply=True)
        row = {**NEW, "role": "standard", "phone": "+1", "groups": ["People"], "timezone": "UTC"}
        result = roster(modules, [row, *people(2)], concurrency=1)
        assert outcomes(result)[NEW["email"]] == "updated"
        mary = sandbox.member(NEW["email"])
        group = sandbox.group("People")
        assert (mary["role"], mary["phone"], mary["timezone"]) == ("standard", "+1", "UTC")
        assert mary["id"] in group["members"]
        assert roster(modules, [row, *people(2)])["changed"] is False

    def test_somebody_appears_with_other_values(self, sandbox: Sandbox, modules: Modules) -> None:
        """The list was read before another writer added the person, with another role, and disabled them."""
        sandbox.insert_members({"email": "late@example.com", "role": "admin", "status": "disabled"})
        shown = [row for row in sandbox.state(sandbox.org_id)["members"] if row["email"] != "late@example.com"]
        body = {"data": shown, "meta": {"pagination": {"total": len(shown), "count": len(shown), "per_page": 1000,
                                                       "current_page": 1, "total_pages": 1, "links": {}}}}  # fmt: skip
        sandbox.fault(route="members.list", body=body)
        roster(modules, [{"email": "late@example.com", "first_name": "L", "last_name": "Ate", "role": "light"}])
        late = sandbox.member("late@example.com")
        assert (late["first_name"], late["role"], late["status"]) == ("L", "light", "active")
        assert (
            len([member for member in sandbox.state(sandbox.org_id)["members"] if member["email"].startswith("late@")])
            == 1
        )

    def test_invited_people_whose_profile_is_refused(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(invited_member_put="deny")
        invited = people(30, provision="invite", phone="+1")
        result = roster(modules, invited)
        assert result["summary"]["invited"] == 30
        assert len(result["warnings"]) == 11
        assert "20 more notes" in str(result["warnings"][-1])
        again = roster(modules, invited)
        assert again["changed"] is False
        assert all("still invited" in row["message"] for row in again["people"])

    def test_addresses_that_are_refused_do_not_read_the_list_each(self, sandbox: Sandbox, signed_in: Modules) -> None:
        sandbox.switch(per_page_cap=2, strict_email_dns=True)
        result = failed(signed_in, people(30))
        assert result["summary"]["failed"] == 30
        pages = len(sandbox.ledger(route="members.list"))
        # The list before the plan, the list again, and a look-up of each person whom another writer may have added.
        assert pages <= 5 + 5 + 30
        assert len(sandbox.writes()) == 30

    def test_what_is_declined_is_not_reported_as_done(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(invited_member_put="deny")
        result = roster(modules, [{"email": CHARLIE, "phone": "+1", "groups": ["People"]}])
        (row,) = result["people"]
        assert (row["action"], row["fields"]) == ("added_to_group", ["groups"])
        assert (row["before"], row["after"]) == ({"groups": []}, {"groups": ["People"]})
        assert result["diff"]["after"] == {CHARLIE: {"groups": ["People"]}}
        assert "refused the profile" in row["message"]

    def test_two_groups_whose_names_fold_alike(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_group("Legacy Team", name="PEOPLE")
        reported = refused(
            sandbox, modules, [{"email": FRANK, "groups": ["People"]}], "several groups are called people"
        )
        assert reported["problems"][0].startswith(f"row 1 ({FRANK})")
        assert roster(modules, [{"email": FRANK, "groups": ["Engineering"]}])["changed"] is True

    def test_creations_that_are_answered_wrongly(self, sandbox: Sandbox, modules: Modules) -> None:
        for body in ({"message": "User created"}, {"data": []}, "<html>fine</html>"):
            sandbox.fault(route="applications.create_user", status=201, body=body, apply=True)
        assert roster(modules, people(6))["summary"]["created"] == 6
        assert len(sandbox.writes()) == 6
