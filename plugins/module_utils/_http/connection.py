# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of one organization, and their validation. Private to the collection."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError

from .addresses import checked_url, odd_character

# The default of each option, and the environment variables that are read when it is not set.
OPTIONS: dict[str, tuple[object, tuple[str, ...]]] = {
    "api_url": ("https://go.tallyfy.com/api", ("TALLYFY_API_URL",)),
    "token_url": ("https://go.tallyfy.com/oauth/token", ("TALLYFY_TOKEN_URL",)),
    "org_id": (None, ("TALLYFY_ORG_ID",)),
    "client_id": (None, ("TALLYFY_CLIENT_ID",)),
    "client_secret": (None, ("TALLYFY_CLIENT_SECRET",)),
    "access_token": (None, ("TALLYFY_ACCESS_TOKEN", "TALLYFY_API_TOKEN")),
    "act_as": (None, ("TALLYFY_ACT_AS",)),
    "timeout": (30.0, ("TALLYFY_TIMEOUT",)),
    "max_wait": (300.0, ("TALLYFY_MAX_WAIT",)),
    "rate_limit": (600, ("TALLYFY_RATE_LIMIT",)),
    "validate_certs": (True, ("TALLYFY_VALIDATE_CERTS",)),
    "ca_path": (None, ("TALLYFY_CA_PATH",)),
    "state_dir": ("~/.cache/tallyfy-platform", ("TALLYFY_STATE_DIR",)),
    "cache_tokens": (True, ("TALLYFY_CACHE_TOKENS",)),
}
#: The type, the minimum and the maximum of each number. Sockets do not accept time-outs of thousands of years.
NUMBERS: dict[str, tuple[Callable[[Any], float], float, float]] = {
    "timeout": (float, 1, 86_400),
    "max_wait": (float, 0, 31_622_400),
    "rate_limit": (int, 0, 1_000_000),
}
#: Other names of options, from Tallyfy's own documentation.
ALIASES = {"organization_id": "org_id", "api_token": "access_token"}
APPLICATION_OPTIONS = ("client_id", "client_secret")
#: The credentials. Only ``connection_from`` reads them from the environment, because it needs to know their source.
SIGN_IN_OPTIONS = (*APPLICATION_OPTIONS, "access_token", "act_as")
APPLICATION_ADVICE = "Set client_id and client_secret (TALLYFY_CLIENT_ID, TALLYFY_CLIENT_SECRET)."
SIGN_IN_ADVICE = f"{APPLICATION_ADVICE.rstrip('.')} or access_token (TALLYFY_ACCESS_TOKEN)."
_ORG_ID = re.compile(r"[A-Za-z0-9_-]+")
#: The characters of a bearer token.
TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Connection:
    """The validated connection options of one task."""

    api_url: str
    token_url: str
    org_id: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    act_as: str | None = None
    timeout: float = 30.0
    max_wait: float = 300.0
    rate_limit: int = 600
    validate_certs: bool = True
    ca_path: str | None = None
    state_dir: str = "~/.cache/tallyfy-platform"
    cache_tokens: bool = True

    @property
    def has_application(self) -> bool:
        """Whether application credentials are set."""
        return bool(self.client_id and self.client_secret)

    @property
    def verify(self) -> bool | str:
        """The ``verify`` argument of ``requests``: a CA bundle, or whether to check certificates."""
        if not self.validate_certs:
            return False
        return self.ca_path or True


def environment_value(names: tuple[str, ...], environment: Mapping[str, str] | None = None) -> str | None:
    """Return the first variable of ``names`` that is not empty; an empty one counts as not set."""
    variables = os.environ if environment is None else environment
    for name in names:
        value = variables.get(name, "")
        if value.strip():
            return value
    return None


def connection_from(
    given: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    parse_bool: Callable[[Any], bool] = bool,
    signs_in: bool = True,
) -> Connection:
    """Return the validated connection from the given options, then the environment, then the defaults.

    Application credentials take precedence over an access token, unless the token is an option and the credentials come
    from the environment. Without ``signs_in`` the module does not sign in: credentials and organization are optional,
    and ``access_token`` and ``act_as`` are ignored. Raises an ``OptionError`` that lists all problems.
    """
    values = {name: _value_of(name, given.get(name), environment) for name in OPTIONS}
    if not signs_in:
        values.update(access_token=None, act_as=None)
    elif not is_blank(given.get("access_token")) and all(is_blank(given.get(name)) for name in APPLICATION_OPTIONS):
        values.update({name: _value_of(name, given.get(name), {}) for name in (*APPLICATION_OPTIONS, "act_as")})
    problems: list[str] = []
    for name, bounds in NUMBERS.items():
        values[name] = _number(name, values[name], *bounds, problems)
    for name in ("validate_certs", "cache_tokens"):
        try:
            values[name] = parse_bool(values[name])
        except (TypeError, ValueError):
            problems.append(f"{name} is neither true nor false: {values[name]!r}")
    for name in ("api_url", "token_url"):
        values[name] = checked_url(name, str(values[name]), problems)
    problems += _validate_identity(values, signs_in=signs_in)
    if values["ca_path"]:
        with contextlib.suppress(RuntimeError):  # the user in ~user does not exist
            values["ca_path"] = str(Path(values["ca_path"]).expanduser())
        flaw = bundle_place_flaw(values["ca_path"])
        problems += [f"ca_path {values['ca_path']} {flaw}"] if flaw else []
    # A relative path would be a different directory for each playbook.
    if not values["state_dir"].startswith(("/", "~")) or "\0" in values["state_dir"]:
        problems.append(f"state_dir must be an absolute path or start with ~, not {values['state_dir']!r}")
    if problems:
        raise OptionError("; ".join(problems), problems=problems)
    return Connection(**{**values, "org_id": values["org_id"] or ""})


def _validate_identity(values: Mapping[str, Any], *, signs_in: bool) -> list[str]:
    problems = []
    if not values["org_id"]:
        if signs_in:
            problems.append("org_id is not set: set the option or TALLYFY_ORG_ID")
    elif not _ORG_ID.fullmatch(str(values["org_id"])):
        problems.append("org_id contains characters that no organization ID has")
    pair = APPLICATION_OPTIONS
    missing = [name for name in pair if not values[name]]
    if len(missing) == 1 and (signs_in or missing == ["client_id"]):
        given = next(name for name in pair if name not in missing)
        variable = OPTIONS[missing[0]][1][0]
        problems.append(f"{missing[0]} is not set, but {given} is: set the option or {variable}")
    elif signs_in and missing and not values["access_token"]:
        problems.append(f"no credentials are set. {SIGN_IN_ADVICE}")
    if values["act_as"] and len(missing) == 2 and values["access_token"]:
        problems.append("act_as requires client_id and client_secret: an access_token always acts as its owner")
    if values["access_token"] and not TOKEN.fullmatch(str(values["access_token"])):
        problems.append("access_token contains characters that no token has")
    return [*problems, *_odd_texts(values)]


def _odd_texts(values: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in (("client_id", "ID"), ("client_secret", ""), ("act_as", "e-mail address")):
        text = str(values[name] or "")
        odd = odd_character(text) if kind else ""
        if not _is_utf8(text):
            yield f"{name} is not UTF-8"
        elif odd:
            yield f"{name} is not a valid {kind}: it contains {odd!r}"
        elif name == "act_as" and text and not Email(text).is_valid:
            yield f"act_as {text!r} is not an e-mail address"


def _value_of(name: str, given: Any, environment: Mapping[str, str] | None) -> Any:
    default, variables = OPTIONS[name]
    value = given
    if is_blank(value):
        value = environment_value(variables, environment)
    if is_blank(value):
        value = default
    is_text = isinstance(value, str) or (isinstance(default, (str, type(None))) and not is_blank(value))
    return str(value).strip() if is_text else value


def _number(
    name: str, value: Any, convert: Callable[[Any], float], least: float, most: float, problems: list[str]
) -> Any:
    try:
        number = convert(value)
        is_finite = math.isfinite(number)
    except (TypeError, ValueError, OverflowError):
        problems.append(f"{name} is not a number: {value!r}")
        return value
    if not is_finite:
        problems.append(f"{name} must be a finite number, not {number}")
    elif number < least:
        problems.append(f"{name} must be at least {least}, not {number:g}")
    elif number > most:
        problems.append(f"{name} must be at most {most}, not {number:g}")
    return number


def bundle_place_flaw(path: str) -> str:
    """Return why this is no place of a CA bundle, an empty text if it is one; pipes and devices can be endless."""
    place = Path(path)
    try:
        if place.is_file() or place.is_dir():
            return ""
        is_there = place.exists()
    except OSError:  # too long, or permission denied
        is_there = False
    return "is neither a file nor a directory" if is_there else "does not exist on the machine that runs the task"


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
