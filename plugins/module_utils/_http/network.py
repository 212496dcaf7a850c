# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the proxies and CA bundles that the environment sets. Private to the collection.

``requests`` reads the same variables. They are checked before that, because its errors for bad values have various
classes and quote passwords.
"""

from __future__ import annotations

import importlib.util
import os
import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper

from .addresses import is_loopback, odd_character
from .connection import Connection, bundle_place_flaw
from .requests_guard import parse_url, requests

#: In the order in which ``requests`` reads them.
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")
PROXY_SCHEMES = ("http", "https", *SOCKS_SCHEMES)
# Characters that end user and password, for each library at a different place.
_DELIMITERS = re.compile(r"[/?#\[\]\\]")

# The only file names that OpenSSL reads in a directory of certificates.
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def keep_credentials(connection: Connection, secrets: SecretKeeper) -> None:
    """Register the credentials in the addresses of the service and of the proxies with ``secrets``."""
    for address in (connection.api_url, connection.token_url, *_proxy_addresses()):
        for secret in credentials_in(address):
            secrets.keep(secret)


def credentials_in(address: str) -> Iterator[str]:
    """Yield the secrets in an address, in each spelling that a library may show.

    The secret is the password, or the user if there is no password, since that may be a token. Its spellings are the
    original, the percent-decoded one, and the pieces between the delimiters of URLs.
    """
    userinfo = _userinfo(address)
    user, colon, password = userinfo.partition(":")
    secret = password if colon else user
    for text in (userinfo, secret):
        yield text
        yield unquote(text)
    yield from re.split(r"[/?#\[\]\\@:]", secret)


def proxies_for(url: str) -> dict[str, str]:
    """Return the proxies of the environment for a request to ``url``, by scheme.

    A request to this machine never uses a proxy, because it may be unencrypted.
    """
    if is_loopback(urlsplit(url).hostname or ""):
        return {}
    return dict(requests.utils.get_environ_proxies(url))


def check_way_to(url: str, connection: Connection) -> None:
    """Raise ``OptionError`` if requests to ``url`` would use an unusable proxy or CA bundle."""
    proxy = requests.utils.select_proxy(url, proxies_for(url))
    if proxy:
        _check_proxy(proxy, _proxy_variable(url, proxy))
    bundle = _bundle(connection)
    flaw = bundle_place_flaw(bundle[1]) if bundle and urlsplit(url).scheme == "https" else ""
    if bundle and flaw:
        raise OptionError(f"{' '.join(bundle)} {flaw}")


def bundle_flaw(connection: Connection) -> str:
    """Return what is wrong with the contents of the CA bundle in use, an empty text if nothing is.

    Reading a bundle is slow, so call this only after a failure.
    """
    bundle = _bundle(connection)
    if bundle is None:
        return ""
    if Path(bundle[1]).is_dir():
        if any(_HASHED.fullmatch(name) for name in _names_in(bundle[1])):
            return ""
        return f"{' '.join(bundle)} contains no certificates with names as created by openssl rehash"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle[1])
    except OSError as error:
        return f"{' '.join(bundle)} contains no readable certificates in PEM format ({error.strerror or error})"
    return ""


def _names_in(folder: str) -> list[str]:
    try:
        return [file.name for file in Path(folder).iterdir()]
    except OSError:
        return []


def _userinfo(address: str) -> str:
    return (address.partition("://")[2] or address).rpartition("@")[0]


def _proxy_addresses() -> Iterator[str]:
    for name, value in os.environ.items():
        if name.lower() == "no_proxy":
            yield from value.split(",")
        elif name.lower().endswith("_proxy"):
            yield value


def _proxy_variable(url: str, proxy: str) -> str:
    """Return the name of the variable that sets the proxy for ``url``."""
    names = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    candidates = (spelling for name in names for spelling in (name, name.upper()))
    return next((name for name in candidates if os.environ.get(name) == proxy), "The proxy of the system")


def _check_proxy(proxy: str, variable: str) -> None:
    scheme = _scheme_of(proxy)
    if scheme is None:
        raise OptionError(
            f"{variable} is not a proxy address such as http://host:port. Percent-encode special characters in user "
            f"and password (# as %23), or add the hosts of api_url and token_url to NO_PROXY."
        )
    if scheme in SOCKS_SCHEMES and importlib.util.find_spec("socks") is None:
        raise OptionError(
            f"{variable} is a SOCKS proxy, which requests cannot use without the Python library PySocks. Install it "
            f"for {sys.executable}, or set an http:// proxy."
        )


def _scheme_of(proxy: str) -> str | None:
    """Return the scheme of a proxy, ``None`` if ``requests`` could not use the address or would misread it."""
    if odd_character(proxy) or _DELIMITERS.search(_userinfo(proxy)):
        return None
    try:
        parts = parse_url(requests.utils.prepend_scheme_if_needed(proxy, "http"))
        (parts.host or "").encode("idna")
        urlsplit(proxy)
    except ValueError:
        return None
    return parts.scheme if parts.host and parts.scheme in PROXY_SCHEMES else None


def _bundle(connection: Connection) -> tuple[str, str] | None:
    """Return the option or variable that sets a CA bundle, and its value; ``None`` for the built-in bundle."""
    if not connection.validate_certs:
        return None
    if connection.ca_path:
        return "ca_path", connection.ca_path
    return next(((name, os.environ[name]) for name in BUNDLE_VARIABLES if os.environ.get(name)), None)
