# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of time zones, on machines with and without a time zone database."""

from __future__ import annotations

import zoneinfo

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._people import time_zones
from ansible_collections.tallyfy.platform.plugins.module_utils._people.time_zones import time_zone_problem

IANA = "is not an IANA name such as Europe/Berlin"


@pytest.fixture(params=["with a database", "without"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without":

        def no_zone(name: str) -> None:
            raise zoneinfo.ZoneInfoNotFoundError(name)

        monkeypatch.setattr(time_zones, "ZoneInfo", no_zone)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("name", ["Europe/Berlin", "US/Pacific", "Asia/Calcutta", "America/Indiana/Knox", "UTC", "EST"])
def test_a_name_is_known_on_every_machine(name: str) -> None:
    assert time_zone_problem(name) == ""


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Europe/Berlim", f"'Europe/Berlim' {IANA}; did you mean Europe/Berlin?"),
        ("europe/berlin", f"'europe/berlin' {IANA}; did you mean Europe/Berlin?"),
        ("America/New York", f"'America/New York' {IANA}; did you mean America/New_York?"),
        ("Mars/Olympus", f"'Mars/Olympus' {IANA}"),
        ("", f"'' {IANA}"),
        ("../../etc/passwd", f"'../../etc/passwd' {IANA}"),
        ("Europe", f"'Europe' {IANA}"),
        ("posix/Europe/Berlin", f"'posix/Europe/Berlin' {IANA}; did you mean Europe/Berlin?"),
        ("localtime", f"'localtime' {IANA}"),
        ("Factory", f"'Factory' {IANA}"),
        ("\0", f"'\\x00' {IANA}"),
    ],
)
def test_what_is_no_name_is_reported(name: str, problem: str) -> None:
    assert time_zone_problem(name) == problem


def test_a_name_that_is_newer_than_the_list_counts_where_the_machine_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_zones, "ZoneInfo", str)
    assert time_zone_problem("Europe/Newtown") == ""
