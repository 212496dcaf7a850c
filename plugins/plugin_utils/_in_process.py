# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the operation of a module in the process that asks for it. Private to the collection.

What goes in and what comes out is that of the module: the same checks, the same messages, the same plain JSON.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.opening import open_client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Decrypt, undecrypted
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import refusal_of
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.failures import chain_of
from ansible_collections.tallyfy.platform.plugins.module_utils._module import (
    HIDDEN_PARAMETER,
    ModuleSpec,
    deep_options,
    given_secrets,
    perform,
    shown_invocation,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper, masked
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_result, shown_text

# Each client holds connections open. Nobody's loop goes back and forth between more organizations at once.
MOST_CLIENTS = 8


class KeptClients:
    """Clients for the items of a loop, which keep connections and tokens from one item to the next.

    Only the very same connection options get the same client.
    """

    def __init__(self) -> None:
        self._kept: dict[Connection, tuple[Client, list[str]]] = {}
        self._process = os.getpid()

    def client_for(self, connection: Connection, warn: Callable[[str], None]) -> Client:
        """Return a client with its full ``max_wait``, and warn of what it does without, each time."""
        if self._process != os.getpid():
            # Two processes on one connection would get each other's answers.
            self._kept, self._process = {}, os.getpid()
        # Put in at the end: the first is always the one that nobody has used for the longest.
        client, warnings = self._kept[connection] = (
            self._kept.pop(connection) if connection in self._kept else _opened(connection)
        )
        if len(self._kept) > MOST_CLIENTS:
            del self._kept[next(iter(self._kept))]
        client.renew_allowance()
        for text in warnings:
            warn(text)
        return client

    def forget(self, client: Client) -> None:
        """Let the next item start afresh."""
        self._kept.pop(client.connection, None)


def _opened(connection: Connection) -> tuple[Client, list[str]]:
    warnings: list[str] = []
    return open_client(connection, SecretKeeper(), warnings.append), warnings


def _opened_for_one(connection: Connection, warn: Callable[[str], None]) -> Client:
    return open_client(connection, SecretKeeper(), warn)


# ansible-core starts a process for each task and host, which does all items of its loop and ends.
_clients = KeptClients()


def run_in_process(
    name: str,
    spec: ModuleSpec,
    arguments: Mapping[str, Any],
    *,
    check_mode: bool,
    progress: Callable[[str], None],
    called: Callable[[str], str] = str,
    decrypt: Decrypt = undecrypted,
) -> dict[str, Any]:
    """Return what the module ``name`` returns for ``arguments``, which are plain JSON values.

    ``called`` returns the name that the people who read the messages know an option by.
    """
    params = dict(arguments)
    warnings: list[str] = []
    used: list[Client] = []

    def client_for(connection: Connection, warn: Callable[[str], None]) -> Client:
        # Whether a token was issued just now or comes from the cache is what that module tells.
        client = (_opened_for_one if spec.shows_tokens else _clients.client_for)(connection, warn)
        used.append(client)
        return client

    refusal: str | None = None
    flaws = deep_options(params, called)
    if flaws:
        return {**spec.failure("; ".join(flaws), {}, check_mode=check_mode), "failed": True, "invocation": {}}
    try:
        refusal = _validate(name, spec, params, warnings.append, called)
        if refusal is None:
            succeeded, result = perform(
                spec,
                params,
                check_mode=check_mode,
                warn=warnings.append,
                progress=progress,
                client_for=client_for,
                called=called,
                decrypt=decrypt,
            )
        else:
            succeeded = False
            result = spec.failure(refusal, {}, check_mode=check_mode)
    except Exception as error:  # noqa: BLE001 - ansible-core would show it with the secrets that it may quote
        succeeded, result = False, spec.failure(**_defect(error, used), check_mode=check_mode)
    if not succeeded:
        result = {**result, "failed": True}
        if "exception" in result or result.get("status") == 401:
            # After a defect, or when a token was refused, the next item starts afresh.
            for client in used:
                _clients.forget(client)
    # Of arguments that are refused nobody knows what they were meant to be.
    result["invocation"] = {"module_args": {}} if refusal else shown_invocation(spec, params, used)
    if warnings:
        result["warnings"] = warnings
    # The token that is asked for may be the one that was given.
    shown = ["access_token"] if spec.shows_tokens and succeeded else []
    plain: dict[str, Any] = json.loads(json.dumps(_without(_secret_parameters(spec, params, shown), result)))
    return shown_result(plain)


def _validate(
    name: str, spec: ModuleSpec, params: dict[str, Any], warn: Callable[[str], None], called: Callable[[str], str]
) -> str | None:
    """Complete and convert ``params`` in place; return what is wrong with them, in the words of ``AnsibleModule``.

    The options are checked under the names by which people know them, so that the messages have them.
    """
    names = {option: called(option) for option in spec.argument_spec}
    options = {names.get(option, option): known for option, known in spec.options().items()}
    validator = ArgumentSpecValidator(options, **_renamed(spec.rules, names))
    validation = validator.validate({names.get(option, option): value for option, value in params.items()})
    own = {known: option for option, known in names.items()}
    params.update({own.get(known, known): value for known, value in validation.validated_parameters.items()})
    for both in validation._warnings:
        warn(f"Both option {both['option']} and its alias {both['alias']} are set.")
    refusal = refusal_of(validation, name)
    return None if refusal is None else given_secrets(spec, params).mask(refusal)


def _renamed(rules: Any, names: Mapping[str, str]) -> Any:
    """Return rules such as ``mutually_exclusive`` with other names for the options."""
    if isinstance(rules, Mapping):
        return {names.get(name, name): _renamed(rule, names) for name, rule in rules.items()}
    if isinstance(rules, (list, tuple)):
        return type(rules)(_renamed(rule, names) for rule in rules)
    return names.get(rules, rules)


def _defect(error: Exception, used: list[Client]) -> dict[str, Any]:
    """Return what is shown of an error that nobody foresaw: a message and facts."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    for one in chain_of(error):
        # Its own lines could look like those of the traceback, or of another task.
        trace = trace.replace(str(one), shown_text(str(one)))
    result: dict[str, Any] = {"message": f"{type(error).__name__}: {error}", "facts": {"exception": trace}}
    for client in used:
        result = masked(result, client.secrets)
    return result


def _secret_parameters(spec: ModuleSpec, params: Mapping[str, Any], shown: list[str]) -> list[str]:
    """Return the values of ``no_log`` parameters, the longest first: a short one may be a part of a longer one."""
    hidden = [name for name, option in spec.options().items() if option.get("no_log") and name not in shown]
    values = {str(params[name]) for name in hidden if params.get(name)}
    return sorted(values, key=len, reverse=True)


def _without(secrets: list[str], value: Any) -> Any:
    """Return ``value`` without the values of secret parameters, as ansible-core does it to what a module returns."""
    if isinstance(value, str):
        if value in secrets:
            return HIDDEN_PARAMETER
        for secret in secrets:
            value = value.replace(secret, MASK)
    elif isinstance(value, (list, tuple)):
        return [_without(secrets, inner) for inner in value]
    elif isinstance(value, Mapping):
        return {key: _without(secrets, inner) for key, inner in value.items()}
    return value
