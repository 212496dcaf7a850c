# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens in answers of any form."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.answered_tokens import (
    keep_tokens,
    keep_tokens_of_text,
    without_tokens,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper, masked

TOKEN = "eyJhbGciOi.secret-secret_secret.x"
ORG = "25f66ae8cd27630803af1f25fe015a1a"


@pytest.mark.parametrize(
    "text",
    [
        f"access_token={TOKEN}", f"<r><access_token>{TOKEN}</access_token></r>", f"access_token {TOKEN}",
        f"your access token {TOKEN} is bad", f"The access-token is {TOKEN}.", f"access%5Ftoken%3D{TOKEN}",
        f"&quot;access_token&quot;:&quot;{TOKEN}&quot;", f"Authorization: Bearer {TOKEN}",
        rf'{{"access\u005ftoken":"{TOKEN}"', f's:12:"access_token";s:20:"{TOKEN}";', f"client_secret\n{TOKEN}",
    ],
)  # fmt: skip
def test_token_in_a_text(text: str) -> None:
    secrets = SecretKeeper()
    assert TOKEN not in secrets.mask(keep_tokens_of_text(text, secrets))
    in_json = SecretKeeper()
    assert TOKEN not in masked(keep_tokens({"message": text}, in_json), in_json)["message"]


@pytest.mark.parametrize(
    "content",
    [
        [{"name": "access_token", "value": TOKEN}],
        {"fields": [{"key": "Refresh-Token", "is_set": True, "text": TOKEN}]},
        {"id_token": {"type": "jwt", "raw": TOKEN}},
        {"client_secret": [TOKEN]},
    ],
)
def test_token_in_data(content: Any) -> None:
    secrets = SecretKeeper()
    keep_tokens(content, secrets)
    assert TOKEN not in str(masked(without_tokens(content)[0], secrets))


@pytest.mark.parametrize(
    "text",
    [
        f"Invalid access token for organization {ORG}",
        f"access token of {ORG}",
        "The access token is expired, revoked or unsuitable",
        "a bearer of misunderstandings",
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    secrets = SecretKeeper()
    assert secrets.mask(str(keep_tokens(text, secrets))) == text
    assert MASK not in text
