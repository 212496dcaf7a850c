# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates URLs from users, and recognizes loopback addresses. Private to the collection.

Each library parses URLs in its own way, and some drop or repair parts that they do not understand. Only URLs that all
libraries read alike are accepted here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from .requests_guard import idna

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
# Source: RFC 1123, section 2.1. Host names in private networks may also have underscores.
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LONGEST_HOST = 253
#: What the C library accepts as a part of an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
#: The characters that may follow the host without percent-encoding. Source: RFC 3986, section 3.3 and 3.4.
_BEHIND_HOST = re.compile(r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_LONGEST_SHOWN = 100


class AddressError(ValueError):
    """What is wrong with a URL, as a text that follows the name of its option."""


class Address(NamedTuple):
    """The parts of a URL; ``host`` is in ASCII and without brackets, ``rest`` is everything after the port."""

    scheme: str
    host: str
    rest: str
    url: str


def parsed(text: str) -> Address:
    """Return the parts of a URL; raises ``AddressError`` for one that cannot be used or could be misread."""
    found = _ADDRESS.fullmatch(text)
    if found and "@" in found[2]:
        raise AddressError("must be a plain address, without user and password")
    odd = odd_character(text)
    if odd:
        raise _no_address(f"it contains {odd!r}")
    if found is None or found[1].lower() not in {"http", "https"}:
        raise _no_address(_shown(text))
    scheme, authority, rest = found.groups()
    given, port = _host_and_port(authority)
    if port is not None and not (_PORT.fullmatch(port) and 0 < int(port) < 65536):
        raise _no_address("its port is not a number from 1 to 65535")
    host = _checked_ip(given[1:-1]) if given.startswith("[") else _checked_name(given)
    _check_behind_host(rest)
    # From here on, international names need no special handling and have one spelling.
    url = text if given.isascii() else f"{scheme}://{host}{authority[len(given) :]}{rest}"
    return Address(scheme.lower(), host.lower(), rest, url)


def checked_url(name: str, url: str, problems: list[str]) -> str:
    """Return a URL of the service without a trailing slash; errors are added to ``problems``."""
    try:
        address = parsed(url)
    except AddressError as error:
        problems.append(f"{name} {error}")
        return url
    if any(mark in address.rest for mark in "@?#"):
        problems.append(f"{name} must be a plain address, without user, password, query or fragment")
    elif address.scheme == "http" and not is_loopback(address.host):
        problems.append(
            f"{name} must start with https://, because http:// would send secrets unencrypted to {address.host}"
        )
    return address.url.rstrip("/")


def odd_character(text: str) -> str:
    """Return the first space, backslash, control or invisible character of a text, an empty text if it has none."""
    odd = (character for character in text if character == "\\" or character.isspace() or not character.isprintable())
    return next(odd, "")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, so that requests never cross a network.

    Other names, such as ``localhost.``, do not count, because a resolver may return another address for them.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Python before 3.13 does not check the IPv4 address in an IPv4-mapped IPv6 address.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _no_address(reason: str) -> AddressError:
    return AddressError(f"is not an http(s) address: {reason}")


def _host_and_port(authority: str) -> tuple[str, str | None]:
    """Return the host, including brackets, and the port, ``None`` if there is no colon."""
    if authority.startswith("["):
        found = _BRACKETS.fullmatch(authority)
        if found is None:
            raise _no_address("an IPv6 address must end with ], followed only by a port")
        return f"[{found[1]}]", found[2]
    host, colon, port = authority.partition(":")
    if ":" in port:
        raise _no_address("an IPv6 address must be in [ and ]")
    return host, port if colon else None


def _checked_ip(text: str) -> str:
    if "%" in text:
        raise _no_address("an IPv6 address must not have a zone")
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise _no_address("the text in [ and ] is not an IPv6 address") from None
    if address.is_unspecified:
        raise _no_address(f"no request can be sent to {text}")
    return text


def _checked_name(given: str) -> str:
    host = _in_ascii(given)
    if not host:
        raise _no_address("it has no host")
    labels = host.split(".")
    if len(labels) > 1 and not labels[-1]:
        del labels[-1]
    if len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise _no_address(f"its host is invalid: {_shown(host)}")
    if _NUMBER.fullmatch(labels[-1]):
        _check_ipv4(host)
    return host


def _in_ascii(host: str) -> str:
    if host.isascii() or len(host) > _LONGEST_HOST:
        return host
    try:
        # As requests encodes it. Names that only look like another name, such as wide letters, are refused.
        return idna.encode(host.lower(), strict=True, std3_rules=True).decode()
    except (UnicodeError, AttributeError):  # idna is None if requests is missing
        raise _no_address(f"its host is not a valid international name: {_shown(host)}") from None


def _check_ipv4(host: str) -> None:
    """Raise ``AddressError`` for unusual spellings such as 127.1 or 0177.0.0.1, which libraries read differently."""
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        address = None
    if address is None or str(address) != host:
        raise _no_address(f"a numeric host must be an IPv4 address such as 127.0.0.1, not {_shown(host)}")
    if address.is_unspecified:
        raise _no_address(f"no request can be sent to {host}")


def _check_behind_host(rest: str) -> None:
    valid = _BEHIND_HOST.match(rest)
    end = valid.end() if valid else 0
    if end < len(rest):
        raise _no_address(f"{rest[end]!r} must be percent-encoded")
    if not unquote(rest).isprintable():
        raise _no_address("it contains a percent-encoded character that cannot be printed")


def _shown(text: str) -> str:
    """Return the part of a URL that can be shown: without user, password, query and fragment."""
    return re.split("[?#]", text.rpartition("@")[2])[0][:_LONGEST_SHOWN]


def encoded_path(*segments: object) -> str:
    """Return ``/a/b`` with each segment percent-encoded (``@`` as %40, ``+`` as %2B)."""
    return "".join("/" + quote(str(segment), safe="", errors="replace") for segment in segments)


def encoded_query(query: Mapping[str, Any] | None) -> str:
    """Return ``?a=b`` with spaces as %20, which the service requires, and booleans as true and false."""
    if not query:
        return ""
    pairs = [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in query.items()
        if value is not None
    ]
    return "?" + urlencode(pairs, quote_via=quote, errors="replace") if pairs else ""
