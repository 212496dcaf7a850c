# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of ``requests`` without cookies, redirects and credentials of their own. Private to the collection."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._version import VERSION

from .network import proxies_for
from .reading import ACCEPTED_ENCODINGS, BoundedAdapter
from .requests_guard import AuthBase, Session, requests

#: The maximum of concurrent requests; connections beyond the size of the pool would be closed after each request.
MOST_CONNECTIONS = 32
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPTED_ENCODINGS,
    "User-Agent": f"tallyfy.platform/{VERSION}",
    "X-Tallyfy-Client": "APIClient",
}


class DirectSession(Session):
    """Ignores redirects, whose target ``requests`` parses even if it must not follow them.

    It uses only the proxies of ``proxies_for``.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the base class has it
        return None

    def merge_environment_settings(self, url: Any, *settings: Any, **named: Any) -> Any:
        merged = super().merge_environment_settings(url, *settings, **named)
        merged["proxies"] = proxies_for(url)
        return merged


class NoAuth(AuthBase):
    """Leaves a request unchanged; without it ``requests`` would look for a password in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def new_session(adapter: BoundedAdapter) -> requests.Session:
    """Return a session that sends all requests by the adapter."""
    session = DirectSession()
    session.headers.update(HEADERS)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session
