# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supported versions of ansible-core and the Pythons that run each; a new one is a line in each of two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nox

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

# The other Pythons that each supports on a controller; the nightly workflow runs the tests on these, too.
FURTHER_PYTHONS = {
    "2.15": ("3.10", "3.11"),
    "2.16": ("3.11", "3.12"),
    "2.17": ("3.10", "3.11"),
    "2.18": ("3.12", "3.13"),
    "2.19": ("3.11", "3.12"),
    "2.20": ("3.13", "3.14"),
    "2.21": ("3.12", "3.14"),
    "2.22": ("3.14", "3.15"),
}

# What to install of a series that has no release yet; to be removed when it has.
CANDIDATES = {"2.22": "2.22.0rc1"}


def requirement(core: str) -> str:
    """Return what pip is to install for the last release of that series."""
    return f"ansible-core~={CANDIDATES.get(core, core + '.0')}"


def on_cores(*, in_test: tuple[str, ...] = (OLDEST, NEWEST)) -> nox.parametrize:
    """Run a session once for each ansible-core; those of ``in_test`` are part of ``nox -t test``."""
    import nox  # not there where the tests of this package run

    tags = {core: ["test", "test_all"] if core in in_test else ["test_all"] for core in CORES}
    params = [nox.param(python, core, id=core, tags=tags[core]) for core, python in CORES.items()]
    return nox.parametrize(("python", "core"), params)


def on_further_pythons() -> nox.parametrize:
    """Run a session once for each supported pair of a core and a Python that no other session has."""
    import nox  # not there where the tests of this package run

    pairs = [(python, core) for core, pythons in FURTHER_PYTHONS.items() for python in pythons]
    params = [nox.param(python, core, id=f"{core}-{python}", tags=["nightly"]) for python, core in pairs]
    return nox.parametrize(("python", "core"), params)
