# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of requests that the service refuses for a while."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._http.caps import LONGEST_CAP_SECONDS, Cap, Caps, kind_of
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory

NOW = 1_700_000_000.0
ORG = "25f66ae8cd27630803af1f25fe015a1a"
GUESTS = f"https://api.example.com/organizations/{ORG}/guests"


@pytest.fixture
def now() -> list[float]:
    return [NOW]


@pytest.fixture
def caps(tmp_path: Path, now: list[float]) -> Callable[..., Caps]:
    def make(scope: str = "org", *, shared: bool = True) -> Caps:
        directory = PrivateDirectory(str(tmp_path / "cache")) if shared else None
        return Caps(directory=directory, scope=scope, now=lambda: now[0])

    return make


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (GUESTS, "POST /organizations/*/guests"),
        (f"/organizations/{ORG}/guests?q=a%20b", "POST /organizations/*/guests"),
        (f"/organizations/{ORG}/guests/mary%40example.com/disable", "POST /organizations/*/guests/*/disable"),
        (f"/organizations/{ORG}/users-list", "POST /organizations/*/users-list"),
        (f"/organizations/{ORG}/users/1001/role", "POST /organizations/*/users/*/role"),
        ("", "POST "),
    ],
)
def test_kind_is_the_route_whatever_the_ids(url: str, kind: str) -> None:
    assert kind_of("POST", url) == kind


def test_cap_is_shared_and_ends_at_its_time(caps: Callable[..., Caps], now: list[float]) -> None:
    caps().add("POST", GUESTS, 3000, "30 per hour", "RATE_LIMIT_EXCEEDED")
    cap = Cap(NOW + 3000, "30 per hour", "RATE_LIMIT_EXCEEDED")
    assert caps().find("POST", GUESTS + "?a=b") == cap
    assert caps().find("GET", GUESTS) is None
    assert caps().find("POST", GUESTS + "/a%40b.org") is None
    assert caps("another organization").find("POST", GUESTS) is None
    now[0] += 2999
    assert caps().find("POST", GUESTS) == cap
    now[0] += 1
    assert caps().find("POST", GUESTS) is None


def test_without_a_directory_a_cap_is_remembered_in_this_process(caps: Callable[..., Caps]) -> None:
    alone = caps(shared=False)
    alone.add("POST", GUESTS, 3000, "")
    assert alone.find("POST", GUESTS) == Cap(NOW + 3000, "")
    assert caps(shared=False).find("POST", GUESTS) is None


def test_wrong_clock_stops_nobody_for_long(caps: Callable[..., Caps], now: list[float]) -> None:
    caps().add("POST", GUESTS, 9e9, "")
    assert caps().find("POST", GUESTS) == Cap(NOW + LONGEST_CAP_SECONDS, "")
    now[0] -= 7200
    assert caps().find("POST", GUESTS) is None


@pytest.mark.parametrize(
    "content",
    [b"no JSON", b"[]", b"1", b'{"a": 1}', b'{"a": [1, "x"]}', b'{"a": ["soon", "x", null]}', b"\xff"],
)
def test_memory_that_cannot_be_read_is_none(caps: Callable[..., Caps], tmp_path: Path, content: bytes) -> None:
    caps().add("POST", GUESTS, 3000, "")
    (file,) = (file for file in (tmp_path / "cache").iterdir() if file.suffix != ".lock")
    file.write_bytes(content)
    assert caps().find("POST", GUESTS) is None
    caps().add("POST", GUESTS, 3000, "")
    assert caps().find("POST", GUESTS) is not None


def test_file_tells_no_address_and_forgets_what_has_ended(
    caps: Callable[..., Caps], tmp_path: Path, now: list[float]
) -> None:
    caps(f"https://x {ORG}").add("POST", GUESTS, 100, "")
    now[0] += 200
    caps(f"https://x {ORG}").add("PUT", GUESTS, 100, "")
    (file,) = (file for file in (tmp_path / "cache").iterdir() if file.suffix != ".lock")
    assert ORG not in file.name
    assert ORG not in file.read_text()
    assert len(json.loads(file.read_text())) == 1


def test_nobody_forgets_what_others_add(caps: Callable[..., Caps]) -> None:
    methods = [f"M{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda method: caps().add(method, GUESTS, 60, ""), methods))
    assert all(caps().find(method, GUESTS) for method in methods)


def test_who_hangs_costs_others_a_request(
    caps: Callable[..., Caps], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = caps()
    monkeypatch.setattr(one._directory, "_sleep", lambda _seconds: None)
    with PrivateDirectory(str(tmp_path / "cache")).locked(f"{one._name}.lock"):
        one.add("POST", GUESTS, 60, "")
    assert one.find("POST", GUESTS) is not None
    assert caps().find("POST", GUESTS) is None


def test_full_disk_is_survived(caps: Callable[..., Caps], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    one = caps()
    monkeypatch.setattr(PrivateDirectory, "write", full)
    one.add("POST", GUESTS, 60, "")
    assert one.find("POST", GUESTS) is not None
