# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the operation of a module in the current process. Private to the collection.

Arguments and results are those of the module: the same validation, the same messages, the same plain JSON.
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

# Each client keeps connections open. A loop rarely alternates between more organizations.
MOST_CLIENTS = 8


class KeptClients:
    """Clients for the items of a loop, which keep connections and tokens between items.

    Each set of connection options has its own client.
    """

    def __init__(self) -> None:
        self._kept: dict[Connection, tuple[Client, list[str]]] = {}
        self._process = os.getpid()

    def client_for(self, connection: Connection, warn: Callable[[str], None]) -> Client:
        """Return a client with its full ``max_wait``, and repeat its warnings."""
        if self._process != os.getpid():
            # Two processes that share a connection would read each other's answers.
            self._kept, self._process = {}, os.getpid()
        # Insert at the end, so that the first client is the least recently used.
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
        """Let the next item open a new client."""
        self._kept.pop(client.connection, None)


def _opened(connection: Connection) -> tuple[Client, list[str]]:
    warnings: list[str] = []
    return open_client(connection, SecretKeeper(), warnings.append), warnings


def _opened_for_one(connection: Connection, warn: Callable[[str], None]) -> Client:
    return open_client(connection, SecretKeeper(), warn)


# ansible-core starts a process for each task and host, which runs all items of the loop and ends.
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
    """Return the result of the module ``name`` for ``arguments``, which are plain JSON values.

    ``called`` returns the name of an option for messages.
    """
    params = dict(arguments)
    warnings: list[str] = []
    used: list[Client] = []

    def client_for(connection: Connection, warn: Callable[[str], None]) -> Client:
        # The result of this module says whether the token was issued or comes from the cache.
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
    except Exception as error:  # noqa: BLE001 - ansible-core would show the secrets in it
        succeeded, result = False, spec.failure(**_defect(error, used), check_mode=check_mode)
    if not succeeded:
        result = {**result, "failed": True}
        if "exception" in result or result.get("status") == 401:
            # After a defect or a refused token, the next item opens a new client.
            for client in used:
                _clients.forget(client)
    # Refused arguments may contain secrets in unknown places.
    result["invocation"] = {"module_args": {}} if refusal else shown_invocation(spec, params, used)
    if warnings:
        result["warnings"] = warnings
    # The requested token may be the given access_token.
    shown = ["access_token"] if spec.shows_tokens and succeeded else []
    plain: dict[str, Any] = json.loads(json.dumps(_without(_secret_parameters(spec, params, shown), result)))
    return shown_result(plain)


def _validate(
    name: str, spec: ModuleSpec, params: dict[str, Any], warn: Callable[[str], None], called: Callable[[str], str]
) -> str | None:
    """Complete and convert ``params`` in place; return the error message of ``AnsibleModule``, if any.

    The options are validated under their names for messages.
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
    """Return the message and facts of an unexpected error."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    for cause in chain_of(error):
        # Lines of the message could look like lines of the traceback or of another task.
        trace = trace.replace(str(cause), shown_text(str(cause)))
    result: dict[str, Any] = {"message": f"{type(error).__name__}: {error}", "facts": {"exception": trace}}
    for client in used:
        result = masked(result, client.secrets)
    return result


def _secret_parameters(spec: ModuleSpec, params: Mapping[str, Any], shown: list[str]) -> list[str]:
    """Return the values of ``no_log`` parameters, longest first: a short value may be part of a longer value."""
    hidden = [name for name, option in spec.options().items() if option.get("no_log") and name not in shown]
    values = {str(params[name]) for name in hidden if params.get(name)}
    return sorted(values, key=len, reverse=True)


def _without(secrets: list[str], value: Any) -> Any:
    """Return ``value`` without the values of secret parameters, as ansible-core does for the result of a module."""
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
