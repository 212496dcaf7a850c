# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a home folder in which ansible-test makes its virtual environments without downloads.

    python tests/ansible_test_home.py FOLDER && HOME=FOLDER ansible-test sanity

ansible-test gives each of its sanity tests a virtual environment and puts pip into it with a script that it downloads,
unless ``~/.ansible/test/cache/get_pip_<version>.py`` is there. This writes a stand-in to that place, which unpacks the
pip that every Python brings along (``ensurepip``); the packages then come from the usual package index. ansible-test
also clears the environment, so what ``PIP_`` variables and pip's configuration say is written down in the new home.

Requirements that ansible-test names by the address of an archive (2.22.0rc1 does so for one of pylint's) are taken from
the package index as well; for this the installed ansible-core is changed, which is why it must be one in a virtual
environment made for the purpose.

Run it with the Python that has the ansible-core in question installed.
"""

from __future__ import annotations

import os
import re
import sys
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

STAND_IN = '''\
"""Put the pip that ensurepip bundles into an empty virtual environment, and install what else is asked for with it."""

import ensurepip
import glob
import os
import runpy
import sys
import sysconfig
import zipfile

# ensurepip keeps its wheels in its own folder, or where the distribution of Python has put them.
FOLDERS = [os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"), "/usr/share/python-wheels"]
WHEELS = [wheel for folder in FOLDERS for wheel in sorted(glob.glob(os.path.join(folder, "pip-*.whl")))]
if not WHEELS:
    sys.exit("This Python has no ensurepip with a pip wheel in it; on Debian: apt-get install python3-venv")

# Unpacked in no time, where downloading, installing and compiling the very version takes seconds, a dozen times.
with zipfile.ZipFile(WHEELS[0]) as wheel:
    wheel.extractall(sysconfig.get_path("purelib"))

options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
options = [option for option in options if not option.startswith("pip==")]
if any(not option.startswith("-") for option in options):
    sys.argv = ["pip", "install", *options]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''


def installed_ansible_test() -> Path:
    """Return the folder of the package."""
    package = find_spec("ansible_test")
    if package is None or not package.submodule_search_locations:
        sys.exit("ansible_test_home: ansible-core is not installed for this Python.")
    return Path(package.submodule_search_locations[0])


def desired_pip_versions() -> set[str]:
    """Return the versions of pip that the installed ansible-test puts into its virtual environments."""
    source = Path(installed_ansible_test(), "_internal", "python_requirements.py").read_text(encoding="utf-8")
    return set(re.findall(r"""\bpip=['"]([\d.]+)['"]""", source))


def pip_configuration() -> ConfigParser:
    """Return the present settings of pip: its files in the old home, the cache, and above all the variables."""
    configuration = ConfigParser(interpolation=None)
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    configuration["global"] = {"cache-dir": str(cache_home / "pip")}
    files = [Path.home() / ".pip" / "pip.conf", config_home / "pip" / "pip.conf", os.environ.get("PIP_CONFIG_FILE", "")]
    configuration.read(file for file in files if file)
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE" and value:
            configuration["global"][name[len("PIP_") :].lower().replace("_", "-")] = value
    return configuration


def take_requirements_from_the_index() -> None:
    """Replace ``name @ https://...`` by ``name`` in the requirements of the sanity tests."""
    if sys.prefix == sys.base_prefix:
        return
    for file in installed_ansible_test().glob("_data/requirements/sanity.*.txt"):
        before = file.read_text(encoding="utf-8")
        after = re.sub(r"^([\w.-]+) @ https://.*$", r"\1", before, flags=re.MULTILINE)
        if after != before:
            file.unlink()  # never write through a hard link into the cache of an installer
            file.write_text(after, encoding="utf-8")


def prepare(home: Path) -> None:
    """Write the stand-ins and pip's configuration."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in desired_pip_versions():
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(STAND_IN, encoding="utf-8")
    configuration_file = home / ".config" / "pip" / "pip.conf"
    configuration_file.parent.mkdir(parents=True, exist_ok=True)
    with configuration_file.open("w", encoding="utf-8") as file:
        pip_configuration().write(file)


if __name__ == "__main__":
    prepare(Path(sys.argv[1]).resolve())
    take_requirements_from_the_index()
