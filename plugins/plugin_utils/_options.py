# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a task or of another plugin: as given, else from ``tallyfy_`` variables. Private to the collection.

``connection_from`` then adds the environment and the defaults.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import (
    ALIASES,
    APPLICATION_OPTIONS,
    OPTIONS,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import MOST_LEVELS, is_deep
from ansible_collections.tallyfy.platform.plugins.plugin_utils._variables import misspelled_connection

try:
    from ansible.parsing.vault import EncryptedString as VaultedText
except ImportError:  # ansible-core < 2.19
    from ansible.parsing.yaml.objects import AnsibleVaultEncryptedUnicode as VaultedText
try:
    from ansible.errors import AnsibleValueOmittedError as OmittedError
except ImportError:  # ansible-core < 2.19 represents an omitted value by a text

    class OmittedError(Exception):  # type: ignore[no-redef]
        """Never raised."""


#: Returns the value of a template; ``template`` of any templar.
Template = Callable[[Any], Any]


def plugin_options(
    given: Mapping[str, Any], variables: Mapping[str, Any], template: Template, names: Iterable[str]
) -> dict[str, Any]:
    """Return the options of a plugin other than an action, as plain values: those ``given``, else those of variables.

    ``names`` are the options that a variable may set; see ``open_options`` for those of the connection. Raises
    ``AnsibleError`` for a misspelled variable.
    """
    found = misspelled_connection(names_of_own(variables))
    if found:
        raise AnsibleError("; ".join(found))
    given = {name: value for name, value in given.items() if not is_blank(value)}
    return plain({**from_variables([name for name in names if name not in given], variables, template), **given})


def from_variables(names: Iterable[str], variables: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """Return the options that a ``tallyfy_`` variable sets; of aliases, the last name wins."""
    found = {}
    for name in names:
        value = variable(f"tallyfy_{name}", variables, template)
        if not is_blank(value):
            found[ALIASES.get(name, name)] = value
    return found


def variable(name: str, variables: Mapping[str, Any], template: Template) -> Any:
    """Return the value of a variable, ``None`` when it is not set or omitted."""
    if name not in variables:
        return None
    try:
        value = template(variables[name])
    except OmittedError:
        return None
    return None if _is_omitted(value, variables) else value


def names_of_own(variables: Mapping[str, Any]) -> list[str]:
    """Return the names of all variables but registered results, whose names are free."""
    # In some versions of ansible-core, the result of a skipped task or a loop has no "failed".
    ends = {"failed", "skipped", "results", "unreachable"}
    return [
        name
        for name, value in variables.items()
        if not (isinstance(value, Mapping) and "changed" in value and not ends.isdisjoint(value))
    ]


def _is_omitted(value: Any, variables: Mapping[str, Any]) -> bool:
    """Return whether this is the value that ``default(omit)`` puts into a variable."""
    omit = variables.get("omit")
    return value is not None and omit is not None and (value is omit or (isinstance(value, str) and value == omit))


def open_options(given: Mapping[str, Any], unread: Collection[str] = ()) -> list[str]:
    """Return the connection options that variables may set, aliases first, in addition to those ``given``.

    Credentials are not mixed: with an access token in the task, the application credentials of variables are ignored,
    and vice versa. ``unread`` are options that are not needed.
    """
    own = {ALIASES.get(name, name) for name, value in given.items() if not is_blank(value)}
    taken = {*own, *unread}
    if "access_token" in own:
        taken.update((*APPLICATION_OPTIONS, "act_as"))
    if not own.isdisjoint(APPLICATION_OPTIONS):
        taken.add("access_token")
    # The canonical name of an option comes last, so it wins.
    return [name for name in (*ALIASES, *OPTIONS) if ALIASES.get(name, name) not in taken]


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a task as a module would get them, without tags, marks and vaults."""
    if any(map(is_deep, arguments.values())):
        raise AnsibleError(f"A value is nested deeper than {MOST_LEVELS} levels.")
    arrived: dict[str, Any] = json.loads(json.dumps(_contents(arguments), default=_plain_value))
    return arrived


def _contents(value: Any) -> Any:
    # The containers of ansible-core template their values on access; json does not trigger that.
    if isinstance(value, Mapping):
        return {key: _contents(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_contents(inner) for inner in value]
    return value


def _plain_value(value: Any) -> str:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, VaultedText):
        return str(value)
    raise TypeError(f"A value of the type {type(value).__name__} cannot be passed to a module.")
