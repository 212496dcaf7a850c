# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates paths from users. Private to the collection."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import odd_character


def path_below(api_url: str, path: str) -> str:
    """Return the path of a route below ``api_url`` from a path, or from a whole URL on the same host.

    Raises ``OptionError`` for another host and for a path that leaves the API.
    """
    base, path = urlsplit(api_url), path.strip()
    odd = odd_character(path.replace("\\", "/"))
    if odd:
        raise OptionError(f"path is invalid: it contains {odd!r}. Percent-encode such characters in names.")
    try:
        given = urlsplit(path)
    except ValueError:
        raise OptionError("path is not a valid path or address: its host cannot be read.") from None
    if (given.scheme or given.netloc) and (given.scheme, given.netloc) != (base.scheme, base.netloc):
        raise OptionError(f"path must be on the host of api_url ({base.netloc}); the token is not sent elsewhere.")
    if given.query or given.fragment:
        raise OptionError("path must not have a query or fragment; use the option query.")
    route = "/" + given.path.lstrip("/")
    if base.path and (route + "/").startswith(base.path + "/"):
        route = route[len(base.path) :] or "/"
    if any(segment in {"..", "."} for segment in unquote(route).replace("\\", "/").split("/")):
        raise OptionError("path must not contain '..' or '.' as a segment.")
    if "\\" in route:
        raise OptionError("path is invalid: it contains a backslash. Percent-encode such characters in names.")
    return route
