# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of the collection: inside the controller where that is equivalent, else as a normal module.

A module starts a process for each item of a loop. Inside the controller, an item takes a fraction of that time, and the
items share connections and tokens. Private to the collection.

Each module has an action plugin file of its name, which ansible-core loads once, before it forks. A single file for all
modules does not work, as measured with two modules on 20 hosts with ansible-core 2.15, 2.19 and 2.22:

- With ``action_plugin`` below ``plugin_routing.modules``, ansible-core loads it 40 times, once for each task and host.
- With ``redirect`` below ``plugin_routing.action``, ansible-core loads it once but treats all modules as one action:
  ``module_defaults`` of a module apply to all others, and ansible-lint tells users to call each module by the name of
  that file (``fqcn[canonical]``).
- With both, 2.19 and 2.22 still mix up ``module_defaults``, and ansible-lint still reports the error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - the usual name in ansible-core
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import REQUESTS_IMPORT_ERROR
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, deep_options
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_result, shown_text
from ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process import run_in_process
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import (
    from_variables,
    names_of_own,
    open_options,
    plain,
    variable,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._variables import misspelled_connection


class ModuleAction(ActionBase):
    """The base class of all action plugins of the collection; ``spec`` is that of the module."""

    spec: ModuleSpec

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the module."""
        variables = task_vars or {}
        spec = self.spec
        # The result file of an asynchronous task would contain the token.
        self._supports_async = not spec.shows_tokens
        result: dict[str, Any] = super().run(tmp, variables)
        # This includes failures before the operation of the module, such as refused arguments, and crashed modules.
        try:
            outcome = self._outcome(variables)
        except AnsibleActionFail as error:
            if getattr(error, "omit_exception_key", False):
                # The role has already reported the failure; ansible-core would show it twice.
                raise
            outcome = {"failed": True, **self._failure([str(error)])}
        if outcome.get("failed"):
            # The result of a crashed module has only a message.
            message = str(outcome.get("msg", ""))
            outcome = self.spec.failure(message, outcome, check_mode=bool(self._task.check_mode))
        result = merge_hash(result, shown_result(outcome))
        if spec.shows_tokens and not result.get("failed"):
            # Censor the output, but not the registered result. Errors must stay readable.
            result["_ansible_no_log"] = True
            # ansible-core < 2.19 reads this from the task when it joins the results of a loop.
            self._task.no_log = True
        return result

    def _outcome(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the result for the arguments of the task."""
        found = misspelled_connection(names_of_own(variables))
        if found:
            return {"failed": True, **self._failure(found)}
        return self._perform({**self._connection_arguments(variables), **self._task.args}, variables)

    def _failure(self, problems: list[str]) -> dict[str, Any]:
        """Return the result of a task whose input is refused before the module runs."""
        return self.spec.failure("; ".join(problems), {"problems": problems}, check_mode=bool(self._task.check_mode))

    def _perform(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str] = str
    ) -> dict[str, Any]:
        """Return the result of the module for these arguments, run inside the controller or as a module."""
        arguments, flaws = self.spec.given(arguments, called)
        flaws += deep_options(arguments, called)
        if flaws:
            return {"failed": True, **self._failure(flaws)}
        if self._is_equivalent(variables):
            return self._run_here(arguments, variables, called)
        if self.spec.shows_tokens:
            return self._run_quietly(arguments, variables)
        return self._run_module(arguments, variables)

    def _connection_arguments(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the connection options that the task omits and a ``tallyfy_`` variable sets."""
        found = from_variables(open_options(self._task.args), variables, self._templar.template)
        # A blank option of the task counts as not given and must not override the variable.
        for name in [name for name, value in self._task.args.items() if is_blank(value)]:
            if ALIASES.get(name, name) in found:
                del self._task.args[name]
        return found

    def _variable(self, name: str, variables: dict[str, Any]) -> Any:
        return variable(name, variables, self._templar.template)

    # --- as a module --------------------------------------------------------------------------------------------------

    def _run_module(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        # ansible-core 2.22 removed connections with native support for asynchronous tasks.
        wrap_async = self._task.async_val and not getattr(self._connection, "has_native_async", False)
        outcome: dict[str, Any] = self._execute_module(
            module_args=arguments, task_vars=variables, wrap_async=wrap_async
        )
        return outcome

    def _run_quietly(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        # At -vvv, connection plugins print the output of a module before the result reaches this plugin. The play
        # context of the connection is not that of this plugin.
        context = self._connection._play_context
        was_censored = context.no_log
        context.no_log = True
        try:
            return self._run_module(arguments, variables)
        finally:
            context.no_log = was_censored

    # --- inside the controller ----------------------------------------------------------------------------------------

    def _run_here(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str]
    ) -> dict[str, Any]:
        name, host = self._task.action, variables.get("inventory_hostname")
        self._display.vvv(f"Running {name} inside the controller", host=host)

        def progress(text: str) -> None:
            if not self._task.no_log:
                # A program may read what callbacks print on stdout.
                self._display.display(shown_text(f"{name} [{host}]: {text}"), stderr=True)

        with _working_in(Path(self._loader.get_basedir())):
            outcome = run_in_process(
                name,
                self.spec,
                plain(arguments),
                check_mode=bool(self._task.check_mode),
                progress=progress,
                called=called,
                decrypt=self._decrypt,
            )
        if not _is_invocation_shown(variables):
            del outcome["invocation"]
        # ansible-core marks the result of every action, so texts of the service are never templates.
        return outcome

    def _decrypt(self, path: Path) -> bytes:
        """Return the decrypted content of an ansible-vault file; raises ``ValueError`` when it cannot be decrypted."""
        try:
            plain_file = self._loader.get_real_file(str(path.absolute()), decrypt=True)
        except AnsibleError as error:
            raise ValueError(str(error)) from None
        try:
            return Path(plain_file).read_bytes()
        finally:
            self._loader.cleanup_tmp_file(plain_file)

    def _is_equivalent(self, variables: dict[str, Any]) -> bool:
        """Return whether the module would run on this machine with the same user, environment and Python."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        return (
            self._is_requested(variables)
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and not environment
            and self._is_for_this_python(variables)
            # The Python that ansible-core would find may have requests.
            and REQUESTS_IMPORT_ERROR is None
        )

    def _is_requested(self, variables: dict[str, Any]) -> bool:
        requested = self._templar.template(variables.get("tallyfy_in_process", True))
        try:
            return bool(boolean(requested))
        except TypeError:
            raise AnsibleActionFail(f"tallyfy_in_process is neither true nor false: {requested!r}") from None

    def _is_for_this_python(self, variables: dict[str, Any]) -> bool:
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        configured = C.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        interpreter = str(self._templar.template(configured) or "auto").strip()
        return interpreter.startswith("auto") or _is_same_program(Path(interpreter), Path(sys.executable))


def _is_same_program(left: Path, right: Path) -> bool:
    # Compare folder and link target: python and python3 of a virtual environment are the same program, but the
    # Python of another environment has other libraries, even if it links to the same file.
    return left.parent.resolve() == right.parent.resolve() and left.resolve() == right.resolve()


def _is_invocation_shown(variables: dict[str, Any]) -> bool:
    # ansible-core < 2.21 does not have this setting and always shows the invocation.
    if C.config.get_configuration_definition("INJECT_INVOCATION") is None:
        return True
    return bool(C.config.get_config_value("INJECT_INVOCATION", variables=variables))


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """Change to the folder of the playbook, as for a module, since paths may be relative to it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
