# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential of a controller: what is given, what stays, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils._awx_setup import (
    ORGANIZATION_ID,
    SIGN_IN,
    given_inputs,
    merged_inputs,
    missing_inputs,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._controller import SetupProblem

KEPT = "$encrypted$"
PAIR = {"org_id": "a1", "client_id": "1", "client_secret": KEPT}
TOKEN = {"org_id": "a1", "access_token": KEPT}
OTHERS = {"act_as": "ann@example.com", "api_url": "https://eu.example.com", "rate_limit": "60", "ca_certificate": "PEM"}


def test_inputs_are_what_is_given_and_not_blank(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.write_text("PEM\n")
    given = {"org_id": "a1", "act_as": "", "timeout": None, "validate_certs": "No", "ca_path": str(certificate)}
    assert given_inputs(given) == {"org_id": "a1", "insecure": True, "ca_certificate": "PEM"}
    assert given_inputs({"validate_certs": "", "ca_path": ""}) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"validate_certs": "maybe"},
            "tallyfy_validate_certs (TALLYFY_VALIDATE_CERTS) is neither true",
        ),
        ({"ca_path": "/nowhere/ca.pem"}, "tallyfy_ca_path (TALLYFY_CA_PATH) cannot be read: "),
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SetupProblem) as refused:
        given_inputs(given)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("current", "given", "merged"),
    [
        pytest.param({}, PAIR, PAIR, id="a new one"),
        pytest.param({**PAIR, **OTHERS}, {}, {**PAIR, **OTHERS}, id="nothing given"),
        pytest.param({**PAIR, **OTHERS}, {"rate_limit": "30"}, {**PAIR, **OTHERS, "rate_limit": "30"}, id="one given"),
        pytest.param(PAIR, {"client_secret": "new"}, {**PAIR, "client_secret": "new"}, id="a renewed secret"),
        pytest.param(PAIR, {"access_token": "t"}, {"org_id": "a1", "access_token": "t"}, id="a token for the pair"),
        pytest.param(TOKEN, {"client_id": "1", "client_secret": "s"}, {**PAIR, "client_secret": "s"}, id="the reverse"),
        pytest.param(TOKEN, {"client_id": "1"}, {"org_id": "a1", "client_id": "1"}, id="half of the pair"),
        pytest.param({}, {**PAIR, **TOKEN}, {**PAIR, **TOKEN}, id="both given"),
        pytest.param({**PAIR, "insecure": True}, {}, {**PAIR, "insecure": True}, id="insecure stays"),
        pytest.param({**PAIR, "insecure": True}, {"insecure": False}, {**PAIR, "insecure": False}, id="secure again"),
        pytest.param(PAIR, {"insecure": False}, PAIR, id="secure as before"),
        pytest.param({**PAIR, "state_dir": "/x"}, PAIR, {**PAIR, "state_dir": "/x"}, id="what no variable gives"),
    ],
)
def test_what_is_not_given_stays(current: dict[str, Any], given: dict[str, Any], merged: dict[str, Any]) -> None:
    before = dict(current)
    assert merged_inputs(current, given) == merged
    assert current == before


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        (PAIR, []),
        (TOKEN, []),
        ({"access_token": "t"}, [ORGANIZATION_ID]),
        ({"org_id": "a1", "client_id": "1", "client_secret": ""}, [SIGN_IN]),
        ({}, [ORGANIZATION_ID, SIGN_IN]),
    ],
)
def test_what_is_missing_is_named(inputs: dict[str, Any], missing: list[str]) -> None:
    assert missing_inputs(inputs) == missing
