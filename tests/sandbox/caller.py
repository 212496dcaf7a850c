# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""How the tests speak to the sandbox, and the bodies most of them send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from sandbox.testing import Sandbox
from tests.people import TOUR_ID

SAMPLES = Path(__file__).parent / "samples"

INVITATION = {
    "email": "nina.new@example.com",
    "first_name": "Nina",
    "last_name": "New",
    "role": "standard",
    "message": "Welcome",
}
PROFILE = {"first_name": "John", "last_name": "Smith", "timezone": "America/New_York"}
PERSON = {"email": "nina.new@example.com", "first_name": "Nina", "last_name": "New"}

RUN, TASK = "fcaae90452f4241d11355039e8797621", "445c3d87850db96d73b577036f6f3fd5"
ARCHIVED_RUN = "2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e"
TOUR_LAUNCH = {"checklist_id": TOUR_ID, "name": "Welcome tour: Nina New"}


class Api:
    """Calls as one caller: paths are relative to the seeded organization unless ``root`` is asked for."""

    def __init__(self, sandbox: Sandbox, token: str | None, organization: str | None = None) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"Accept": "application/json", "X-Tallyfy-Client": "APIClient"})
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"
        self.organization = organization or sandbox.org_id

    def call(self, method: str, path: str, body: Any = None, *, root: bool = False, **options: Any) -> Any:
        base = self.sandbox.api_url if root else f"{self.sandbox.api_url}/organizations/{self.organization}"
        if body is not None:
            options["json"] = body
        return self.session.request(method, base + path, timeout=10, allow_redirects=False, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("DELETE", path, **options)

    def provision(self, body: Any) -> Any:
        return self.call("POST", f"/applications/{self.organization}/users", body, root=True)

    def mint(self, email: str) -> Any:
        return self.call("POST", f"/applications/{self.organization}/users/{quote(email, safe='')}/token", root=True)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def sign_in(sandbox: Sandbox, **changes: Any) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        **changes,
    }
    return requests.post(sandbox.token_url, data={name: value for name, value in form.items() if value}, timeout=10)
