# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the sessions of nox that carry a tag, two at a time, after a look at what they need of this machine.

    python tests/gate.py test

What is missing is installed where that needs no question. Sessions that still lack something are left out and named in
the last line, with what to install; with ``CI=true`` that is a failure, and no session is run.

It needs nothing but a Python that has nox and uv. ``make test`` sees to them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHONS = CHECKOUT / ".cache" / "pythons"
LOGS = CHECKOUT / ".cache" / "gate"

# Most sessions keep one processor busy, or wait for a process that they have started.
SIDE_BY_SIDE = 2

# The tags of noxfile.py that name a need, the programs (each in one of its spellings), and Debian's packages with them.
NEEDS: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = {
    "needs-browser": ((("chromium", "google-chrome"), ("chromedriver",)), ("chromium", "chromium-driver")),
    "needs-java": ((("java",),), ("default-jre-headless",)),
}


# --- What is there -----------------------------------------------------------------------------------------------


def is_python(candidate: Path) -> bool:
    """Whether this runs; pyenv's shims are on PATH for every version and refuse those that are not switched on."""
    return (
        candidate.is_file() and not subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode
    )


def put_pythons_on_path(names: set[str]) -> None:
    """Let every ``pythonX.Y`` be found on PATH, also when it is only there as a version of pyenv or of uv."""
    PYTHONS.mkdir(parents=True, exist_ok=True)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    for name in sorted(names):
        link, version = PYTHONS / name, name.removeprefix("python")
        if is_python(link):
            continue
        link.unlink(missing_ok=True)
        # The folder of this Python has its full name, also on a machine where only "python3" is on PATH.
        on_path = [Path(folder, name) for folder in (*os.get_exec_path(), Path(sys.executable).parent)]
        by_tools = [*pyenv.glob(f"{version}.*/bin/{name}"), *uv.glob(f"cpython-{version}.*/bin/{name}")]
        found = next(filter(is_python, [*on_path, *sorted(by_tools)]), None)
        if found:
            link.symlink_to(found.resolve())
    others = [folder for folder in os.get_exec_path() if folder != str(PYTHONS)]
    os.environ["PATH"] = os.pathsep.join([str(PYTHONS), *others])


def is_met(need: str) -> bool:
    """Whether this machine has what a tag of ``NEEDS``, or the name of a Python, asks for."""
    if need not in NEEDS:
        return is_python(PYTHONS / need)
    programs, _packages = NEEDS[need]
    return all(any(map(shutil.which, spellings)) for spellings in programs)


def advice(needs: list[str]) -> str:
    """Say how what these needs ask for can be had."""
    packages = [package for need in needs if need in NEEDS for package in NEEDS[need][1]]
    pythons = [need for need in needs if need not in NEEDS]
    by_apt = [f"apt-get install {' '.join(packages)}"] if packages else []
    return "; ".join(by_apt + ([f"{' and '.join(pythons)}, for example by pyenv"] if pythons else []))


# --- What can be installed ---------------------------------------------------------------------------------------


def install_packages(needs: list[str]) -> None:
    """Install what Debian has for these needs, as root or where sudo asks nothing; what fails says why."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if not (shutil.which("apt-get") and quietly([*as_root, "true"]).returncode == 0):
        return
    apt_get = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--option", "DPkg::Lock::Timeout=120"]
    updated = quietly([*apt_get, "update"])
    for need in needs:
        _programs, packages = NEEDS[need]
        say(f"Installing {' '.join(packages)} by apt-get")
        installed = quietly([*apt_get, "install", "--yes", "--no-install-recommends", *packages])
        if installed.returncode:
            say(updated.stdout + installed.stdout)


def install_pythons(names: list[str]) -> None:
    """Have uv fetch them, to where it keeps its own."""
    say(f"Fetching {', '.join(names)} by uv")
    versions = [name.removeprefix("python") for name in names]
    fetched = quietly([sys.executable, "-m", "uv", "python", "install", "--no-bin", *versions])
    if fetched.returncode:
        say(fetched.stdout)
    put_pythons_on_path(set(names))


def quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that must not ask anything; one that is not there fails like any other."""
    if not shutil.which(command[0]):
        return subprocess.CompletedProcess(command, 127, f"{command[0]}: not found\n")
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


# --- The sessions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """A session of noxfile.py, and what it needs: tags of ``NEEDS`` and names of Pythons."""

    name: str
    needs: frozenset[str]


@dataclass(frozen=True)
class Run:
    """How a session ended."""

    name: str
    status: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:<20} {'failed' if self.status else 'passed':<10} {self.seconds:5.0f} s"


def selected_sessions(tag: str) -> list[Session]:
    """Return the sessions that carry the tag, in the order of noxfile.py."""
    listing = [sys.executable, "-m", "nox", "--tags", tag, "--list", "--json"]
    output = subprocess.run(listing, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [Session(listed["session"], needs_of(listed)) for listed in json.loads(output)]


def needs_of(listed: dict[str, Any]) -> frozenset[str]:
    """Return what a session needs, by what nox lists of it: its Python and its tags."""
    own = {f"python{listed['python']}"} if listed["python"] else set()
    tags = {tag for tag in listed["tags"] if tag.startswith("needs-")}
    return frozenset(own | {re.sub(r"^needs-(?=python)", "", tag) for tag in tags})


def missing_after_installing(needs: set[str]) -> list[str]:
    """Return which of these needs this machine does not meet, after having tried to install them."""
    put_pythons_on_path(needs - NEEDS.keys())
    missing = sorted(need for need in needs if not is_met(need))
    if programs := [need for need in missing if need in NEEDS]:
        install_packages(programs)
    if pythons := [need for need in missing if need not in NEEDS]:
        install_pythons(pythons)
    return [need for need in missing if not is_met(need)]


def run_sessions(names: list[str]) -> list[Run]:
    """Run these sessions two at a time; what each of them says is shown in one piece, when it has ended."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    showing = threading.Lock()

    def run_session(name: str) -> Run:
        log = LOGS / f"{re.sub(r'[^0-9A-Za-z.]+', '-', name).strip('-')}.log"
        say(f"Running {name}; follow it by: tail -f {log.relative_to(CHECKOUT)}")
        started = time.monotonic()
        with log.open("wb") as output:
            nox = [sys.executable, "-m", "nox", "--session", name]
            status = subprocess.run(
                nox, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
            ).returncode
        run = Run(name, status, time.monotonic() - started)
        with showing:
            print(log.read_text(encoding="utf-8", errors="replace"), end="", flush=True)
            say(str(run))
        return run

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        runs = [pool.submit(run_session, name) for name in names]
        try:
            return [run.result() for run in runs]
        except KeyboardInterrupt:  # the sessions that run get it too; the others need not begin
            pool.shutdown(cancel_futures=True)
            raise


def say_how_it_went(runs: list[Run], seconds: float) -> None:
    """Show a table of the sessions, and where the words of those that failed are."""
    failed = [run.name for run in runs if run.status]
    for run in runs:
        say(str(run))
    say(f"{len(runs) - len(failed)} sessions passed, {len(failed)} failed, in {seconds / 60:.1f} minutes.")
    if failed:
        say(f"Failed: {', '.join(failed)}. What they said is in {LOGS.relative_to(CHECKOUT)}.")


def say(text: str) -> None:
    print(f"gate > {text.rstrip()}", flush=True)


def main(tag: str) -> int:
    sessions = selected_sessions(tag)
    missing = missing_after_installing({need for session in sessions for need in session.needs})
    left_out = [session.name for session in sessions if not session.needs.isdisjoint(missing)]
    told = f"Left out: {', '.join(left_out)}. To run them: {advice(missing)}."
    if left_out and os.environ.get("CI"):
        say(f"{told} With CI set, that is a failure, and nothing was run.")
        return 1
    started = time.monotonic()
    try:
        runs = run_sessions([session.name for session in sessions if session.name not in left_out])
    except KeyboardInterrupt:
        return 130
    say_how_it_went(runs, time.monotonic() - started)
    if left_out:
        say(told)
    return 1 if any(run.status for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
