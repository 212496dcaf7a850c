# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths that people give. Private to the collection."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import odd_character


def path_below(api_url: str, path: str) -> str:
    """Return the path of a route below ``api_url`` from a path, or from a whole address on the same host.

    Raises ``OptionError`` for another host and for a path that climbs out of the API.
    """
    base, path = urlsplit(api_url), path.strip()
    odd = odd_character(path.replace("\\", "/"))
    if odd:
        raise OptionError(f"path cannot be used: it holds {odd!r}. Write what belongs to a name percent-encoded.")
    try:
        given = urlsplit(path)
    except ValueError:
        raise OptionError("path is neither a path nor an address: its host cannot be read.") from None
    if (given.scheme or given.netloc) and (given.scheme, given.netloc) != (base.scheme, base.netloc):
        raise OptionError(f"path leads to another host than api_url ({base.netloc}); the token is not sent there.")
    if given.query or given.fragment:
        raise OptionError("path holds a query or fragment; give the query with the option query.")
    route = "/" + given.path.lstrip("/")
    if base.path and (route + "/").startswith(base.path + "/"):
        route = route[len(base.path) :] or "/"
    if any(segment in {"..", "."} for segment in unquote(route).replace("\\", "/").split("/")):
        raise OptionError("path climbs with '..' or '.'; give the plain path of the route.")
    if "\\" in route:
        raise OptionError("path cannot be used: it holds a backslash. Write what belongs to a name percent-encoded.")
    return route
