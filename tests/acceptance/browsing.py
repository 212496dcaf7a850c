# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person does with the address of the sign-in page, by the standard library."""

from __future__ import annotations

import urllib.error
import urllib.request
from email.message import Message
from typing import IO, Any
from urllib.parse import urlencode

import pytest

PASSWORD = "sandbox-password"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Stay, as somebody does who copies the address of the page that comes next."""


def answer_to(url: str, email: str | None = None, password: str = PASSWORD, consent: str = "allow") -> str:
    """Open the address, sign in if ``email`` is given, and return the address to which the browser is sent."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    form: dict[str, Any] = {"email": email, "password": password, "consent": consent}
    data = urlencode(form).encode() if email else None
    with pytest.raises(urllib.error.HTTPError) as redirect:
        opener.open(url, data=data, timeout=10).close()
    assert redirect.value.code == 302
    return str(redirect.value.headers["Location"])
