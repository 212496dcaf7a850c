# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs and Pythons that sessions need of this machine: which are there, and how to get the others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.collection_tree import CHECKOUT

PYTHONS = CHECKOUT / ".cache" / "pythons"

# The tags of noxfile.py that name a need, the programs (each in one of its spellings), and Debian's packages with them.
NEEDS: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = {
    "needs-browser": ((("chromium", "google-chrome"), ("chromedriver",)), ("chromium", "chromium-driver")),
    "needs-java": ((("java",),), ("default-jre-headless",)),
}


def is_python(candidate: Path) -> bool:
    """Whether this runs; pyenv's shims are on PATH for every version and refuse those that are not switched on."""
    command = [str(candidate), "-c", ""]
    return candidate.is_file() and subprocess.run(command, capture_output=True, check=False).returncode == 0


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
        on_path = [Path(folder, name) for folder in (*os.get_exec_path(), str(Path(sys.executable).parent))]
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


def missing_after_installing(needs: set[str]) -> list[str]:
    """Return which of these needs this machine does not meet, after having tried to install them."""
    put_pythons_on_path(needs - NEEDS.keys())
    missing = sorted(need for need in needs if not is_met(need))
    if programs := [need for need in missing if need in NEEDS]:
        install_packages(programs)
    if pythons := [need for need in missing if need not in NEEDS]:
        install_pythons(pythons)
    return [need for need in missing if not is_met(need)]


def say(text: str) -> None:
    print(f"gate > {text.rstrip()}", flush=True)
