# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sessions of noxfile.py are made of: folders, environments, virtual environments, and runs in them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import testing
from tests.collection_tree import CHECKOUT, collection_tree
from tests.gate.checkout import copy_of_checkout
from tests.gate.cores import CORES, requirement
from tests.gate.machine import advice, is_met, is_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    import nox

SCRATCH = CHECKOUT / ".cache"
INTEGRATION_CONFIG = Path("tests", "integration", "integration_config.yml")


def install_core(session: nox.Session, core: str, *more: str) -> None:
    """Install the last release of that series of ansible-core, and ``more``."""
    session.install(requirement(core), *more)
    version = str(session.run("ansible", "--version", env=isolated(session), silent=True, log=False)).splitlines()[0]
    session.log(f"{version} on Python {session.python}")


def require(session: nox.Session, need: str) -> None:
    """End the session unless this machine has the programs; ``make test`` has tried to install them before."""
    if not is_met(need):
        session.error(f"Not on this machine: {advice([need])}")


def scratch(session: nox.Session, name: str) -> Path:
    """Return an empty folder of that name for this run of the session."""
    folder = SCRATCH / re.sub(r"[^\w.]+", "-", session.name).strip("-") / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def isolated(session: nox.Session, **more: str) -> dict[str, str | None]:
    """Return an environment that knows the collection and nothing of the person at the keyboard."""
    tree = str(collection_tree())
    foreign = [name for name in os.environ if name.startswith(("ANSIBLE_", "MOLECULE_", "TALLYFY_", "XDG_"))]
    plain = {} if sys.stdout.isatty() else {"NO_COLOR": "1", "PY_COLORS": "0", "FORCE_COLOR": None}
    return {
        **dict.fromkeys(foreign),
        **plain,
        "ANSIBLE_COLLECTIONS_PATH": tree,
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(scratch(session, "home")),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": tree,
        **more,
    }


def lint_documentation(session: nox.Session) -> None:
    """Check the documentation of plugins, roles and the guides."""
    options = "--plugin-docs --validate-collection-refs=self --check-extra-docs-refs"
    command = f"antsibull-docs lint-collection-docs {options} .; echo exit $?"
    # The pages it checks name a temporary folder. Now and then that name ends in an underscore, which is a link in
    # reStructuredText, to nowhere. The next folder has another name.
    for _attempt in range(3):
        reported = str(session.run("sh", "-c", command, env=isolated(session), silent=True, external=True))
        if 'Unknown target name: "antsibull-docs-' not in reported:
            break
    if reported.strip() != "exit 0":
        session.error(reported)


def run_pytest(session: nox.Session, *usual: str, **environment: str) -> None:
    """Run the tests that the command line names behind ``--``, or else the usual ones."""
    session.run("pytest", *(session.posargs or usual), env=isolated(session, **environment))


def ansible_test(session: nox.Session, command: str, *, without: tuple[str, ...] = (), variables: str = "") -> None:
    """Run ansible-test in a copy of the checkout; ``variables`` tell its targets of the service."""
    folder = copy_of_checkout(scratch(session, "tree") / "ansible_collections/tallyfy/platform", without=without)
    # It clears the environment; this file is the way that it offers instead.
    if variables:
        (folder / INTEGRATION_CONFIG).write_text(variables, encoding="utf-8")
    # This home folder lets it make its virtual environments without downloads.
    home = scratch(session, "home").parent / "ansible-test-home"
    shutil.rmtree(home / ".cache", ignore_errors=True)  # tokens of the last run; the virtual environments stay
    session.run("python", "tests/ansible_test_home.py", str(home))
    env = isolated(session) | {"HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": None, "PYTHONPATH": None}
    with session.chdir(folder):
        session.run("ansible-test", command, *session.posargs, env=env)


@contextlib.contextmanager
def variables_of_service(session: nox.Session) -> Iterator[str]:
    """Yield the variables of the service that you name in a file, or else of a sandbox that runs meanwhile."""
    if (CHECKOUT / INTEGRATION_CONFIG).is_file():
        session.warn(f"Running against the service that {INTEGRATION_CONFIG} names.")
        yield (CHECKOUT / INTEGRATION_CONFIG).read_text(encoding="utf-8")
        return
    os.environ["TALLYFY_SANDBOX_PYTHON"] = sandbox_python()
    with testing.running_sandbox() as server:
        names = ("api_url", "token_url", "org_id", "client_id", "client_secret")
        yield json.dumps({"tallyfy_connection": {name: getattr(server, name) for name in names}})


def assert_installs(session: nox.Session, name: str, *what: str) -> Path:
    """Install the collection to an empty folder, and return it: a playbook of it must be readable there."""
    folder = scratch(session, name)
    env = isolated(session) | {"ANSIBLE_COLLECTIONS_PATH": str(folder), "PYTHONPATH": None}
    session.run("ansible-galaxy", "collection", "install", "--collections-path", str(folder), *what, env=env)
    with session.chdir(folder):
        session.run("ansible-playbook", "tallyfy.platform.onboard", "--syntax-check", env=env)
    return folder


def build_artifact(session: nox.Session, folder: Path) -> Path:
    """Return the artifact of the collection, built into that folder."""
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(folder), env=isolated(session))
    (artifact,) = folder.glob("tallyfy-platform-*.tar.gz")
    return artifact


def python_with(name: str, python: str, *packages: str) -> str:
    """Return a Python of a virtual environment that has these packages."""
    venv = SCRATCH / name
    executable = venv / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    # Sessions that run side by side share it.
    with (SCRATCH / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_python(executable):
            subprocess.run([*uv, "venv", "--clear", "--python", python, str(venv)], check=True)
        install = [*uv, "pip", "install", "--python", str(executable), *packages]
        subprocess.run(install, cwd=CHECKOUT, check=True)
    return str(executable)


def sandbox_python() -> str:
    """Return a Python that can run the sandbox: it needs a newer one than the collection does."""
    return python_with("sandbox-venv", sys.executable, "--requirement", "sandbox/requirements.txt")


def execution_environment(core: str) -> str:
    """Return a Python that has what a job of AWX has: ansible-core, ansible-runner, and what the collection needs."""
    packages = (requirement(core), "ansible-runner>=2.4", "--requirement", "meta/ee-requirements.txt")
    return python_with(f"ee-{core}-{CORES[core]}", f"python{CORES[core]}", *packages)
