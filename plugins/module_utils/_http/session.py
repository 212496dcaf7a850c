# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of ``requests`` that do nothing by themselves. Private to the collection."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._version import VERSION

from .network import proxies_for
from .reading import ACCEPTED_ENCODINGS, BoundedAdapter
from .requests_guard import AuthBase, Session, requests

#: As many as may be under way at a time; what a pool cannot keep would be closed after each request.
MOST_CONNECTIONS = 32
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPTED_ENCODINGS,
    "User-Agent": f"tallyfy.platform/{VERSION}",
    "X-Tallyfy-Client": "APIClient",
}


class DirectSession(Session):
    """Leaves redirects alone: ``requests`` reads where they lead to even when it is not to follow them.

    Proxies are those of ``proxies_for`` only.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the base class has it
        return None

    def merge_environment_settings(self, url: Any, *settings: Any, **named: Any) -> Any:
        merged = super().merge_environment_settings(url, *settings, **named)
        merged["proxies"] = proxies_for(url)
        return merged


class NoAuth(AuthBase):
    """Sends a request as it is; without it ``requests`` would look for a password in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def new_session(adapter: BoundedAdapter) -> requests.Session:
    """Return a session that sends everything by the adapter."""
    session = DirectSession()
    session.headers.update(HEADERS)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session
