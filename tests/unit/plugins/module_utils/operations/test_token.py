# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens as a result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import Token
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.token import (
    ensure_token,
    shape_token,
)

NOW = 1_700_000_000.0
TOKEN = Token(
    access_token="eyJ.x.y", kind="user", org_id="o", user="a@example.com", issued_at=NOW, expires_at=NOW + 604800.9
)


def test_shape() -> None:
    assert shape_token(TOKEN, NOW) == {
        "access_token": "eyJ.x.y",
        "token_type": "Bearer",
        "expires_in": 604800,
        "expires_at": "2023-11-21T22:13:20Z",
        "kind": "user",
        "user": "a@example.com",
        "org_id": "o",
        "source": "issued",
    }


def test_expired_token_lasts_no_negative_time() -> None:
    assert shape_token(TOKEN, NOW + 1_000_000)["expires_in"] == 0


class Source:
    """Hands out one token and keeps what it was asked."""

    def __init__(self, token: Token = TOKEN) -> None:
        self.token = token
        self.asked: list[Any] = []

    def obtain(self, **options: Any) -> Token:
        self.asked.append(options)
        return self.token

    def forget(self) -> bool:
        self.asked.append("forget")
        return True


def ensure(source: Source, **given: Any) -> dict[str, Any]:
    client = SimpleNamespace(
        source_for=lambda _path, _kind: source, application=None, path=lambda: "", tokens_of=lambda _user: source
    )
    params = {"user": None, "kind": None, "min_ttl": 300, "renew": False, "state": "present", **given}
    return ensure_token(client, params, now=NOW)


@pytest.mark.parametrize(("source", "changed"), [("issued", True), ("cache", False)])
def test_changed_means_issued(source: str, changed: bool) -> None:
    tokens = Source(Token(access_token="x", kind="application", org_id="o", source=source))
    assert ensure(tokens)["changed"] is changed
    assert tokens.asked == [{"min_ttl": 300, "renew": False}]


def test_forgetting() -> None:
    tokens = Source()
    assert ensure(tokens, state="absent") == {"changed": True}
    assert tokens.asked == ["forget"]


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_blank_user_is_not_the_application(blank: str, state: str) -> None:
    source = Source()
    with pytest.raises(OptionError, match="the member is blank"):
        ensure(source, user=blank, state=state)
    assert source.asked == []


def test_a_member_has_no_token_of_the_application() -> None:
    with pytest.raises(OptionError, match="kind=application cannot be combined with user"):
        ensure(Source(), user="a@example.com", kind="application")
