# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential type, run through AWX's own injection: what a job gets for what somebody fills in."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS, connection_from
from tests.awx.jobs import CONTAINER_ROOT, credential_type, inject

SECRETS = {"client_secret": "the-client-secret", "access_token": "the-access-token"}
FULL = {
    **SECRETS,
    "org_id": "25f66ae8cd27630803af1f25fe015a1a",
    "client_id": "1111",
    "act_as": "alice.smith@example.com",
    "api_url": "https://eu.example.com/api",
    "token_url": "https://eu.example.com/oauth/token",
    "insecure": True,
    "ca_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "rate_limit": "120",
    "timeout": "10",
    "max_wait": "60",
    "state_dir": "/srv/tallyfy-platform",
    "discard_tokens": True,
}
MINIMAL = {"org_id": FULL["org_id"], "client_id": "1111", "client_secret": "the-client-secret"}
EMPTY = {
    **dict.fromkeys(FULL, ""),
    "org_id": FULL["org_id"],
    "access_token": "the-access-token",
    "insecure": False,
    "discard_tokens": False,
}
#: What a job gets when nothing was filled in: empty, not absent.
NOTHING = {
    "TALLYFY_ORG_ID": FULL["org_id"],
    "TALLYFY_CLIENT_ID": "",
    "TALLYFY_CLIENT_SECRET": "",
    "TALLYFY_ACCESS_TOKEN": "",
    "TALLYFY_ACT_AS": "",
    "TALLYFY_API_URL": "https://go.tallyfy.com/api",
    "TALLYFY_TOKEN_URL": "https://go.tallyfy.com/oauth/token",
    "TALLYFY_VALIDATE_CERTS": "true",
    "TALLYFY_CA_PATH": "",
    "TALLYFY_RATE_LIMIT": "",
    "TALLYFY_TIMEOUT": "",
    "TALLYFY_MAX_WAIT": "",
    "TALLYFY_STATE_DIR": "",
    "TALLYFY_CACHE_TOKENS": "true",
}


def test_every_value(tmp_path: Path) -> None:
    injected = inject(FULL, tmp_path)
    certificate = injected.env.pop("TALLYFY_CA_PATH")
    assert injected.env == {
        "TALLYFY_ORG_ID": "25f66ae8cd27630803af1f25fe015a1a",
        "TALLYFY_CLIENT_ID": "1111",
        "TALLYFY_CLIENT_SECRET": "the-client-secret",
        "TALLYFY_ACCESS_TOKEN": "the-access-token",
        "TALLYFY_ACT_AS": "alice.smith@example.com",
        "TALLYFY_API_URL": "https://eu.example.com/api",
        "TALLYFY_TOKEN_URL": "https://eu.example.com/oauth/token",
        "TALLYFY_VALIDATE_CERTS": "false",
        "TALLYFY_RATE_LIMIT": "120",
        "TALLYFY_TIMEOUT": "10",
        "TALLYFY_MAX_WAIT": "60",
        "TALLYFY_STATE_DIR": "/srv/tallyfy-platform",
        "TALLYFY_CACHE_TOKENS": "false",
    }
    kept = (tmp_path / Path(certificate).relative_to(CONTAINER_ROOT)).read_text()
    assert kept == FULL["ca_certificate"]
    assert injected.args == []


@pytest.mark.parametrize(
    ("inputs", "differs"),
    [
        pytest.param(
            MINIMAL, {"TALLYFY_CLIENT_ID": "1111", "TALLYFY_CLIENT_SECRET": "the-client-secret"}, id="minimal"
        ),
        pytest.param(EMPTY, {"TALLYFY_ACCESS_TOKEN": "the-access-token"}, id="empty"),
        pytest.param({"org_id": FULL["org_id"]}, {}, id="only what is required"),
    ],
)
def test_what_is_left_out_or_blank(inputs: dict[str, object], differs: dict[str, str], tmp_path: Path) -> None:
    assert inject(inputs, tmp_path).env == {**NOTHING, **differs}


@pytest.mark.parametrize(
    ("insecure", "expected"), [({}, "true"), ({"insecure": False}, "true"), ({"insecure": True}, "false")]
)
def test_only_a_yes_switches_the_check_of_certificates_off(
    insecure: dict[str, bool], expected: str, tmp_path: Path
) -> None:
    assert inject({**MINIMAL, **insecure}, tmp_path).env["TALLYFY_VALIDATE_CERTS"] == expected


@pytest.mark.parametrize("inputs", [FULL, MINIMAL, EMPTY], ids=["full", "minimal", "empty"])
def test_no_secret_in_what_awx_keeps(inputs: dict[str, object], tmp_path: Path) -> None:
    kept = "\n".join(inject(inputs, tmp_path).safe_env.values())
    assert [secret for secret in SECRETS.values() if secret in kept] == []
    assert str(inputs["org_id"]) in kept


def test_every_connection_option_has_its_field() -> None:
    shipped = credential_type()
    fields = {field["id"] for field in shipped["inputs"]["fields"]}
    assert fields - {"insecure", "ca_certificate", "discard_tokens"} == set(OPTIONS) - {
        "validate_certs",
        "ca_path",
        "cache_tokens",
    }
    # The second name of a variable is for people who know the one of Tallyfy's own tools.
    assert set(shipped["injectors"]["env"]) == {variables[0] for _default, variables in OPTIONS.values()}
    assert not fields & set(ALIASES)


def test_the_environment_of_a_job_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for inputs, client_id, token in ((MINIMAL, "1111", None), (EMPTY, None, "the-access-token")):
        for name, value in inject(inputs, tmp_path).env.items():
            monkeypatch.setenv(name, value)
        given = dict.fromkeys(OPTIONS)
        given |= {name: default for name, (default, _variables) in OPTIONS.items() if default is not None}
        connection = connection_from({**given, "org_id": FULL["org_id"]}, parse_bool=boolean)
        assert (connection.client_id, connection.access_token) == (client_id, token)
        assert (connection.api_url, connection.validate_certs, connection.act_as) == (
            "https://go.tallyfy.com/api", True, None,
        )  # fmt: skip


def test_what_injection_takes_for_granted() -> None:
    for field in credential_type()["inputs"]["fields"]:
        assert field["type"] in ("string", "boolean"), field["id"]
        # A format would refuse a value that is left blank.
        assert "format" not in field, field["id"]
        assert ("secret" in field) == (field["id"] in SECRETS), field["id"]
