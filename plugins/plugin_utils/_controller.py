# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the API of AWX or Automation Controller, for playbooks/awx_setup.yml. Private to the collection."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE
from ansible.module_utils.urls import ConnectionError as UrlConnectionError
from ansible.module_utils.urls import open_url

Record = dict[str, Any]

TIMEOUT_SECONDS = 30

HOST = "awx_setup_controller_host (CONTROLLER_HOST)"
TOKEN = "awx_setup_controller_token (CONTROLLER_OAUTH_TOKEN)"
PASSWORD = "awx_setup_controller_username and awx_setup_controller_password (CONTROLLER_USERNAME, CONTROLLER_PASSWORD)"
VALIDATE_CERTS = "awx_setup_controller_validate_certs (CONTROLLER_VERIFY_SSL)"


class SetupProblem(Exception):  # noqa: N818 - a reason to stop, in words for the user
    """Why awx_setup cannot run."""


class Controller:
    """Reads the API of AWX or Automation Controller as the modules of awx.awx do."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        host = options["host"] if re.match("https?://", options["host"]) else f"https://{options['host']}"
        prefix = os.environ.get("CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX", "/api/")
        self._url = f"{host.rstrip('/')}{prefix}v2/"
        self._host = without_user(host)
        self._validate_certs = _validate_certs(options["validate_certs"])
        self._headers = {"Accept": "application/json"}
        self._login: Record = {}
        if options["token"]:
            # An error about a header would quote it.
            if not (options["token"].isascii() and options["token"].isprintable()):
                raise SetupProblem(f"{TOKEN} has characters that no token has.")
            self._headers["Authorization"] = f"Bearer {options['token']}"
        else:
            self._login = {"url_username": options["username"], "url_password": options["password"]}

    def user(self) -> Record:
        """Return who is signed in."""
        users = self._results("me", self.get("me"))
        if len(users) != 1 or "username" not in users[0]:
            raise self._no_api("me", "the answer names no user")
        return {"is_superuser": False, **users[0]}

    def find_one(self, collection: str, /, **query: object) -> Record | None:
        """Return the first record of a listing, ``None`` when there is none."""
        return next(iter(self.find(collection, **query)), None)

    def find(self, collection: str, /, **query: object) -> list[Record]:
        """Return the records of a listing."""
        return self._results(collection, self.get(collection, **query))

    def get(self, path: str, /, **query: object) -> Any:
        """Return the answer at an address below /api/v2/."""
        url = f"{self._url}{path}/" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = open_url(
                url,
                headers=dict(self._headers),
                timeout=TIMEOUT_SECONDS,
                validate_certs=self._validate_certs,
                follow_redirects="none",
                force_basic_auth=bool(self._login),
                **self._login,
            )
            text = answer.read()
        except HTTPError as error:
            raise self._refusal(path, error) from None
        except (OSError, ValueError, HTTPException, UrlConnectionError) as error:
            raise SetupProblem(self._unreachable(getattr(error, "reason", error))) from None
        try:
            return json.loads(text)
        except ValueError:
            raise self._no_api(path, "the answer is no JSON") from None

    def _results(self, path: str, answer: Any) -> list[Record]:
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or not all(isinstance(record, dict) for record in results):
            raise self._no_api(path, "the answer is no list of AWX")
        return results

    def _refusal(self, path: str, error: HTTPError) -> SetupProblem:
        if error.code == 401:
            what, check = ("user name and password", PASSWORD) if self._login else ("token", TOKEN)
            return SetupProblem(f"The controller {self._host} refuses the {what} (HTTP 401). Check {check}.")
        if 300 <= error.code < 400:
            location = without_user(error.headers.get("Location", "").partition("?")[0])
            return self._no_api(path, f"HTTP {error.code}, a redirect to {location}")
        if error.code == 404:
            return self._no_api(path, "HTTP 404")
        return SetupProblem(f"GET {self._shown(path)}: HTTP {error.code}. Nothing was changed.")

    def _no_api(self, path: str, answer: str) -> SetupProblem:
        return SetupProblem(
            f"{self._shown(path)} is not the API of AWX or Automation Controller ({answer}). Check {HOST}. For"
            " Automation Controller behind its gateway, also set"
            " CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX=/api/controller/."
        )

    def _unreachable(self, reason: object) -> str:
        advice = f" Or set {VALIDATE_CERTS} to false." if "certificate" in str(reason).lower() else ""
        return f"The controller {self._host} cannot be reached: {reason}. Check {HOST}.{advice}"

    def _shown(self, path: str) -> str:
        return without_user(f"{self._url}{path}/")


def without_user(url: str) -> str:
    """Return an address without the user name and the password that may stand in it."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def _validate_certs(given: object) -> bool:
    if given in (None, ""):
        given = os.environ.get("CONTROLLER_VERIFY_SSL") or os.environ.get("TOWER_VERIFY_SSL") or "true"
    value = str(given).lower()
    if value not in BOOLEANS_TRUE | BOOLEANS_FALSE:
        raise SetupProblem(f"{VALIDATE_CERTS} is neither true nor false: {value}")
    return value in BOOLEANS_TRUE
