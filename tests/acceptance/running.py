# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module in both of its ways, without the half second that starting it costs, and run whole playbooks."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _in_process
from sandbox.testing import Sandbox

COLLECTION = "tallyfy.platform"
MODULES = "ansible_collections.tallyfy.platform.plugins.modules"
#: As a module of ansible-core, and as the action plugin does it inside the controller.
AS_MODULE, IN_PROCESS = WAYS = ("module", "in-process")
#: Where playbooks find the collection: in the checkout, or where an artifact was installed.
COLLECTIONS_PATH = os.environ.get("INSTALLED_COLLECTIONS") or os.environ["ANSIBLE_COLLECTIONS_PATH"]
# What ansible-core 2.19 and later asks of texts in its controller only, which a test of a module is not.
os.environ["ANSIBLE_MODULE_STRICT_UTF8_RESPONSE"] = "false"


def _at_once(_client: Client, _seconds: float) -> None:
    """Return at once: each launch waits for the end of its second, which test_two_controllers.py looks at."""


@contextmanager
def _module_arguments(arguments: dict[str, Any]) -> Iterator[None]:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core < 2.19
        from ansible.module_utils import basic

        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        yield
        basic._ANSIBLE_ARGS = None
    else:
        with patch_module_args(arguments):
            yield


def _unheard(_text: str) -> None:
    """Say nothing of what goes on."""


class Modules:
    """Runs modules against the sandbox. ``options`` are connection options that every run gets."""

    def __init__(self, sandbox: Sandbox, state_dir: Path, way: str = IN_PROCESS) -> None:
        #: Whether who waits does wait, for a service that takes its time.
        self.is_patient = False
        self._passed = 0.0
        self._lock = threading.Lock()
        # Imported before the forks, so that each of them starts in no time.
        for module in sorted(Path(__file__).parents[2].glob("plugins/modules/*.py")):
            importlib.import_module(f"{MODULES}.{module.stem}")
        self.sandbox = sandbox
        self.way = way
        #: The arguments that the last run showed, empty where ansible-core shows none.
        self.invocation: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self.options: dict[str, Any] = {
            "api_url": sandbox.api_url,
            "token_url": sandbox.token_url,
            "org_id": sandbox.org_id,
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "state_dir": str(state_dir),
            "max_wait": 5,
        }

    def use(self, **options: Any) -> None:
        """Change the connection options; ``None`` takes one away."""
        self.options.update(options)
        self.options = {name: value for name, value in self.options.items() if value is not None}

    def let_caps_end(self) -> None:
        """Forget what the service refuses for a while, as when that time has passed."""
        for file in Path(str(self.options["state_dir"])).glob("caps-*"):
            file.unlink()

    def run(self, module: str, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run the module once and return its result, failed or not."""
        return self._run(module, [arguments], check_mode)[0]

    def loop(self, module: str, *items: dict[str, Any], check_mode: bool = False) -> list[dict[str, Any]]:
        """Run the module for each of the items in one process, and return all results."""
        assert self.way == IN_PROCESS, "a module does one item and ends"
        return self._run(module, list(items), check_mode)

    def _run(self, module: str, items: list[dict[str, Any]], check_mode: bool) -> list[dict[str, Any]]:
        # What runs beside something else is a process of its own, as it would be.
        is_here = self.way == IN_PROCESS and threading.current_thread() is threading.main_thread()
        run = self._here if is_here else self._in_fork
        results = run(module, [{**self.options, **item} for item in items], check_mode)
        for result in results:
            self.invocation = result.pop("invocation", {}).get("module_args", {})
        return results

    def _here(self, module: str, items: list[dict[str, Any]], check_mode: bool) -> list[dict[str, Any]]:
        """Run the module as the action plugin does it for one task, of whose clients the next one has none."""
        spec = importlib.import_module(f"{MODULES}.{module}").SPEC
        name = f"{COLLECTION}.{module}"
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(Client, "rest", _at_once))
            stack.enter_context(mock.patch.dict(Client.__init__.__kwdefaults__, self._times()))
            stack.enter_context(mock.patch.dict(os.environ, self.environment))
            stack.enter_context(mock.patch.object(_in_process, "_clients", _in_process.KeptClients()))
            return [
                _in_process.run_in_process(name, spec, item, check_mode=check_mode, progress=_unheard) for item in items
            ]

    def _times(self) -> dict[str, Any]:
        """Return a time that passes here and in the service when somebody waits, and takes none."""
        if self.is_patient:
            return {}
        return {
            "sleep": self._sleep,
            "now": lambda: time.time() + self._passed,
            "clock": lambda: time.monotonic() + self._passed,
        }

    def let_pass(self, seconds: float) -> None:
        """Let time pass, here and in the service."""
        self._sleep(seconds)

    def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            with self._lock:
                self._passed += seconds
            self.sandbox.advance(seconds)

    def _in_fork(self, module: str, items: list[dict[str, Any]], check_mode: bool) -> list[dict[str, Any]]:
        """Run the module in a process of its own, which ansible-core's globals (warnings, secrets) end with."""
        with tempfile.TemporaryFile() as output:
            child = os.fork()
            if child == 0:
                self._run_in_child(module, items[0], check_mode, output.fileno())
            os.waitpid(child, 0)
            output.seek(0)
            text = output.read().decode()
        try:
            return [json.loads(text)]
        except ValueError:
            raise AssertionError(f"{module} did not return JSON but:\n{text}") from None

    def succeed(self, module: str, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run the module and return its result; a failure fails the test with the module's message."""
        result = self.run(module, check_mode, **arguments)
        assert not result.get("failed"), result["msg"]
        return result

    def fail(self, module: str, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run the module and return its failure, which must be a clear message and no traceback."""
        result = self.run(module, check_mode, **arguments)
        assert result.get("failed"), f"{module} should have failed: {result}"
        assert "Traceback" not in json.dumps(result)
        return result

    def _run_in_child(self, module: str, arguments: dict[str, Any], check_mode: bool, output: int) -> None:
        # What pytest put in the place of stdout stays in this process and is lost with it.
        sys.stdout = os.fdopen(output, "w", closefd=False)
        code = 1
        Client.rest = _at_once  # type: ignore[method-assign] # in this process alone
        Client.__init__.__kwdefaults__.update(self._times())
        try:
            os.environ.update(self.environment)
            self._run_as_module(module, arguments, check_mode)
        except SystemExit as end:
            code = int(end.code or 0)
        except Exception:  # noqa: BLE001 - the parent shows whatever it was and fails the test
            print(traceback.format_exc())
        finally:
            sys.stdout.flush()
            os._exit(code)

    @staticmethod
    def _run_as_module(module: str, arguments: dict[str, Any], check_mode: bool) -> None:
        internal = {
            "_ansible_check_mode": check_mode,
            "_ansible_diff": True,
            "_ansible_module_name": f"{COLLECTION}.{module}",
        }
        with contextlib.suppress(ImportError):
            from ansible.module_utils import _internal as core  # ansible-core 2.19 and later

            # A test that imports what belongs to the controller makes this process one.
            core.is_controller = False
        with _module_arguments({**arguments, **internal}):
            importlib.import_module(f"{MODULES}.{module}").main()


class Playbooks:
    """Runs playbooks with the ansible-playbook of this Python, in a home that holds nothing."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.folder = folder
        #: Where the errors of a run go; ``subprocess.PIPE`` keeps them apart.
        self.stderr = subprocess.STDOUT
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            # A module by one command instead of four.
            "ANSIBLE_PIPELINING": "1",
            "TALLYFY_API_URL": sandbox.api_url,
            "TALLYFY_TOKEN_URL": sandbox.token_url,
            "TALLYFY_AUTHORIZE_URL": sandbox.authorize_url,
            "TALLYFY_ORG_ID": sandbox.org_id,
            "TALLYFY_CLIENT_ID": sandbox.client_id,
            "TALLYFY_CLIENT_SECRET": sandbox.client_secret,
            "TALLYFY_MAX_WAIT": "5",
        }

    def run(self, playbook: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook, given by its name in the collection or by its text, and return what it printed."""
        if "\n" in playbook:
            file = self.folder / "playbook.yml"
            file.write_text(playbook)
            playbook = str(file)
        return subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", playbook, *options],
            env={**self.environment, **environment},
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            check=False,
        )


class Run:
    """What one run of a playbook printed, and what of it tests look at."""

    def __init__(self, playbooks: Playbooks, playbook: str, *options: str, **environment: str) -> None:
        finished = playbooks.run(playbook, *options, **{"ANSIBLE_SHOW_CUSTOM_STATS": "1", **environment})
        self.output: str = finished.stdout
        self.status = finished.returncode
        recap = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) .* failed=(\d+)", self.output, flags=re.MULTILINE)
        self.changed = sum(int(changed) for _host, changed, _failed in recap)
        #: The texts of messages that are lists, which ansible-core shows one a line.
        self.lines = [
            json.loads(line) for line in re.findall(r'^ {8}("(?:[^"\\]|\\.)*"),?$', self.output, re.MULTILINE)
        ]

    def succeeded(self) -> Run:
        assert self.status == 0, self.output
        assert "DEPRECATION" not in self.output, self.output
        return self

    def failed(self) -> Run:
        assert self.status == 2, self.output
        assert "Traceback" not in self.output
        assert "nhandled" not in self.output
        return self

    @property
    def stats(self) -> dict[str, Any]:
        """What is passed on to other jobs."""
        _before, found, after = self.output.rpartition("RUN: ")
        assert found, self.output
        passed_on: dict[str, Any] = json.JSONDecoder().raw_decode(after)[0]
        return passed_on


def given(playbooks: Playbooks, **variables: Any) -> str:
    """Return the option that gives the variables in a file."""
    file = playbooks.folder / "variables.yml"
    file.write_text(yaml.safe_dump(variables), encoding="utf-8")
    return f"-e@{file}"
