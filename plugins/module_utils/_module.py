# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of every module, and the code that runs a module's operation. Private to the collection.

``plugins/doc_fragments/connection.py`` documents the options; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.opening import open_client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Decrypt, Task, undecrypted
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import meant_secret, refusal_of
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank, not_a_text
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import StateDirError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import (
    OPTIONS,
    SIGN_IN_OPTIONS,
    Connection,
    connection_from,
    environment_value,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import MOST_LEVELS, is_deep
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import (
    REQUESTS_ADVICE,
    REQUESTS_IMPORT_ERROR,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import (
    MASK,
    SecretKeeper,
    masked,
    tokens_in,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import (
    rewritten,
    shown_result,
    shown_text,
    whole_text,
)

#: The text with which ansible-core replaces a secret parameter.
HIDDEN_PARAMETER = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
#: The keys that the result of every state module has beside its resource.
STATE_KEYS: dict[str, Any] = {
    "actions": [],
    "notes": [],
    "failed_action": None,
    "not_stored": [],
    "not_before": None,
}
#: The boundaries between the words of a name, such as ``clientSecret`` and ``Client secret``.
_BETWEEN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z0-9]+")
#: An operation plans and writes; it returns the result of the module.
Operation = Callable[[Task], "dict[str, Any]"]
#: Returns a client for a connection, and warns about features that the client lacks.
ClientSource = Callable[[Connection, Callable[[str], None]], Client]


@dataclass(frozen=True)
class ModuleSpec:
    """The options of a module beside the connection options, its operation and its result.

    With ``takes_texts`` an option of type ``str`` accepts only texts.
    ``rules`` are further checks of ``AnsibleModule``, such as ``mutually_exclusive``. ``shows_tokens`` leaves tokens in
    a successful result, for modules that return them. Without ``signs_in`` no credentials are needed. ``result_keys``
    are the keys of every result beside ``problems``, also of a failed one, with their default values.
    """

    argument_spec: Mapping[str, Any]
    operation: Operation
    takes_texts: bool = False
    shows_tokens: bool = False
    signs_in: bool = True
    rules: Mapping[str, Any] = field(default_factory=dict)
    result_keys: Mapping[str, Any] = field(default_factory=dict)

    def result(self, facts: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
        """Return the facts together with the defaults of all other result keys."""
        result = {"changed": False, "problems": [], **self.result_keys, **facts}
        if "check_mode" in self.result_keys:
            result["check_mode"] = check_mode
        return result

    def failure(self, message: str, facts: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
        """Return the result of a failure, with every result key."""
        # The facts may hold problems already: an empty list for drift, which is no problem.
        return self.result({"problems": [message], **facts, "msg": message}, check_mode=check_mode)

    def given(
        self, arguments: Mapping[str, Any], called: Callable[[str], str] = str
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the arguments of a task without blanks, and what is wrong with those that must be texts.

        Call it before ansible-core converts them: YAML reads ``0151`` as 105, which would become a text.
        """
        optional = {name for name, option in self.argument_spec.items() if not option.get("required")}
        given = {name: value for name, value in arguments.items() if name not in optional or not is_blank(value)}
        if not self.takes_texts:
            return given, []
        texts = [name for name in given if self.argument_spec.get(name, {}).get("type") == "str"]
        flaws = {name: not_a_text(given[name]) for name in texts if isinstance(given[name], (bool, int, float, date))}
        return given, [f"{called(name)} {flaw}" for name, flaw in flaws.items()]

    def options(self) -> dict[str, dict[str, Any]]:
        """Return the argument spec of all options."""
        return {**connection_options(), **self.argument_spec}


def from_environment(*names: str) -> str:
    """Return the first variable that is not empty; unlike ``env_fallback``, an empty one counts as not set."""
    value = environment_value(names)
    if value is None:
        raise AnsibleFallbackNotFound
    return value


def connection_options() -> dict[str, dict[str, Any]]:
    """Return the argument spec of the connection options."""
    spec: dict[str, dict[str, Any]] = {
        "api_url": {"type": "str"},
        "token_url": {"type": "str", "no_log": False},
        "org_id": {"type": "str", "aliases": ["organization_id"]},
        "client_id": {"type": "str"},
        "client_secret": {"type": "str", "no_log": True},
        "access_token": {"type": "str", "no_log": True, "aliases": ["api_token"]},
        "act_as": {"type": "str"},
        "timeout": {"type": "float"},
        "max_wait": {"type": "float"},
        "rate_limit": {"type": "int"},
        "validate_certs": {"type": "bool"},
        "ca_path": {"type": "path"},
        "state_dir": {"type": "str"},
        "cache_tokens": {"type": "bool", "no_log": False},
    }
    for name, (default, variables) in OPTIONS.items():
        if default is not None:
            spec[name]["default"] = default
        if name not in SIGN_IN_OPTIONS:
            spec[name]["fallback"] = (from_environment, list(variables))
    return spec


def _module_for(spec: ModuleSpec) -> AnsibleModule:
    """Return a module that masks secrets and escapes harmful characters in the messages of its argument checks."""

    class Module(AnsibleModule):
        def fail_json(self, msg: str, **facts: Any) -> None:
            # ansible-core may fail before it has validated the arguments.
            validation = getattr(self, "validation_result", None)
            refusal = validation and refusal_of(validation, str(self._name))
            if refusal:
                msg, facts = given_secrets(spec, self.params).mask(refusal), {"invocation": {"module_args": {}}}
            is_check_mode = bool(getattr(self, "check_mode", False))
            super().fail_json(**shown_result(spec.failure(msg, facts, check_mode=is_check_mode)))

    return Module(argument_spec=spec.options(), supports_check_mode=True, **spec.rules)


def run_module(spec: ModuleSpec) -> None:
    """Run the operation of ``spec`` as an Ansible module and exit.

    Every ``TallyfyError`` becomes a failure with a message. Any other exception is a defect that ansible-core reports.
    """
    module = _module_for(spec)
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=REQUESTS_ADVICE, exception=REQUESTS_IMPORT_ERROR)
    flaws = deep_options(module.params)
    if flaws:
        result = spec.failure("; ".join(flaws), {}, check_mode=module.check_mode)
        module.fail_json(**result, invocation={"module_args": {}})
    used: list[Client] = []

    def client_for(connection: Connection, warn: Callable[[str], None]) -> Client:
        used.append(_new_client(connection, warn))
        return used[-1]

    succeeded, result = perform(
        spec, module.params, check_mode=module.check_mode, warn=module.warn, client_for=client_for
    )
    result["invocation"] = shown_invocation(spec, module.params, used)
    # Outside of an except block, because ansible-core would show the exception with its unmasked causes.
    if not succeeded:
        module.fail_json(**result)
    if spec.shows_tokens:
        # The token to return may be the access_token that was given.
        module.no_log_values.discard(module.params["access_token"])
    module.exit_json(**result)


def shown_invocation(spec: ModuleSpec, params: Mapping[str, Any], used: Sequence[Client]) -> dict[str, Any]:
    """Return the arguments as a result shows them, without any token that the clients know by now."""
    options = spec.options()
    hidden = [name for name, value in params.items() if options.get(name, {}).get("no_log") and value is not None]
    shown = {name: without_named_secrets(value) for name, value in params.items() if name not in hidden}
    # The secrets of a client include those of the arguments.
    for secrets in [client.secrets for client in used] or [given_secrets(spec, params)]:
        shown = masked(shown, secrets)
    return {"module_args": {**shown, **dict.fromkeys(hidden, HIDDEN_PARAMETER)}}


def without_named_secrets(value: Any) -> Any:
    """Return a value, such as a request body, with the values under names of secrets masked, at any depth."""
    if isinstance(value, Mapping):
        return {
            name: MASK if _is_secret(str(name)) and not is_blank(inner) else without_named_secrets(inner)
            for name, inner in value.items()
        }
    return [without_named_secrets(inner) for inner in value] if isinstance(value, (list, tuple)) else value


@lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return meant_secret(_BETWEEN_WORDS.sub("_", name)) is not None


def deep_options(params: Mapping[str, Any], called: Callable[[str], str] = str) -> list[str]:
    """Return a message for each option that is nested too deeply for ansible-core.

    This is checked before anything is written. Otherwise returning the result would fail, and with it the report of
    what was written.
    """
    return [
        f"{called(name)} is nested deeper than {MOST_LEVELS} levels" for name, value in params.items() if is_deep(value)
    ]


def _new_client(connection: Connection, warn: Callable[[str], None]) -> Client:
    return open_client(connection, SecretKeeper(), warn)


def _no_progress(_text: str) -> None:
    """Discard progress messages: a module process can only print its result."""


def perform(
    spec: ModuleSpec,
    params: Mapping[str, Any],
    *,
    check_mode: bool,
    warn: Callable[[str], None],
    progress: Callable[[str], None] = _no_progress,
    client_for: ClientSource = _new_client,
    called: Callable[[str], str] = str,
    decrypt: Decrypt = undecrypted,
) -> tuple[bool, dict[str, Any]]:
    """Run the operation and return whether it succeeded, and the result without secrets.

    Harmful characters are escaped after masking, since a secret is recognized only in its original spelling.
    """
    secrets, client = given_secrets(spec, params), None
    warnings: list[str] = []

    def clean(text: str) -> str:
        return shown_text(secrets.mask(text))

    def cleaned(result: Mapping[str, Any]) -> dict[str, Any]:
        # Cached, because thousands of rows have the same few keys and values.
        masked_once = lru_cache(maxsize=1000)(lambda text: whole_text(secrets.mask(text)))
        return shown_result(rewritten(result, masked_once))

    try:
        connection = connection_from(params, parse_bool=boolean, signs_in=spec.signs_in)
        client = client_for(connection, warnings.append)
        secrets = given_secrets(spec, params, client.secrets)
        task = Task(
            client.for_check_mode() if check_mode else client,
            params,
            warn=lambda text: warn(clean(text)),
            progress=lambda text: progress(clean(text)),
            called=called,
            decrypt=decrypt,
        )
        result = spec.result(spec.operation(task), check_mode=check_mode)
    except TallyfyError as error:
        if isinstance(error, StateDirError):
            # The error says the same.
            warnings.clear()
        facts = {
            **error.facts,
            "changed": bool(error.facts.get("changed")) or (client is not None and client.has_written),
        }
        return False, cleaned(spec.failure(error.message, facts, check_mode=check_mode))
    finally:
        for text in warnings:
            warn(clean(text))
    return True, shown_result(result) if spec.shows_tokens else cleaned(result)


def given_secrets(spec: ModuleSpec, params: Mapping[str, Any], secrets: SecretKeeper | None = None) -> SecretKeeper:
    """Return ``secrets``, or a new keeper, with the secrets of the parameters and of the environment.

    A token in any other parameter is a secret as well: somebody may have confused two options.
    """
    keeper = secrets or SecretKeeper()
    hidden = [name for name, option in spec.options().items() if option.get("no_log")]
    for name in hidden:
        for value in (params.get(name), environment_value(OPTIONS[name][1]) if name in OPTIONS else None):
            keeper.keep(str(value or ""))
    for token in tokens_in({name: value for name, value in params.items() if name not in hidden}):
        keeper.keep(token)
    return keeper
