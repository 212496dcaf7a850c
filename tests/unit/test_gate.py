# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``make test`` runs, and says, on a machine that lacks something; and what its sessions are made of."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.gate import certification, checkout, cores, steps
from tests.gate import machine as gate_machine
from tests.gate import run as gate
from tests.gate.release import release_notes

pytestmark = pytest.mark.any_core

SESSIONS: dict[str, set[str]] = {"lint": set(), "units(2.15)": {"python3.9"}, "browser": {"needs-browser"}}
BROWSER = "apt-get install chromium chromium-driver"


class Machine:
    """A machine without a browser and without Python 3.9, on which ``installable`` can be installed."""

    def __init__(self) -> None:
        self.lacking = {"needs-browser", "python3.9"}
        self.installable: set[str] = set()
        self.failing: set[str] = set()
        self.asked: list[str] = []
        self.ran: list[str] = []

    def install(self, needs: list[str]) -> None:
        self.asked += needs
        self.lacking -= self.installable

    def run(self, names: list[str]) -> list[gate.Run]:
        self.ran += names
        return [gate.Run(name, int(name in self.failing), 1.0) for name in names]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(gate, "selected_sessions", lambda _tag: SESSIONS)
    monkeypatch.setattr(gate_machine, "put_pythons_on_path", lambda _names: None)
    monkeypatch.setattr(gate_machine, "is_met", lambda need: need not in machine.lacking)
    monkeypatch.setattr(gate_machine, "install_packages", machine.install)
    monkeypatch.setattr(gate_machine, "install_pythons", machine.install)
    monkeypatch.setattr(gate, "run_sessions", machine.run)
    return machine


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_what_can_be_installed_is(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.installable = {"needs-browser", "python3.9"}
    assert gate.main("test") == 0
    assert machine.ran == ["lint", "units(2.15)", "browser"]
    assert "Left out" not in capsys.readouterr().out


def test_nothing_is_installed_where_nothing_is_missing(machine: Machine) -> None:
    machine.lacking = set()
    assert gate.main("test") == 0
    assert machine.asked == []


@pytest.mark.parametrize("failing", [set(), {"lint"}])
def test_what_cannot_is_named_in_the_last_line(
    machine: Machine, capsys: pytest.CaptureFixture[str], failing: set[str]
) -> None:
    machine.failing = failing
    assert gate.main("test") == len(failing)
    assert machine.ran == ["lint"]
    line = last_line(capsys)
    assert "units(2.15), browser" in line
    assert BROWSER in line
    assert "python3.9" in line


def test_in_ci_nothing_is_run_without_it(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    machine.installable = {"python3.9"}
    assert gate.main("test") == 1
    assert machine.ran == []
    assert BROWSER in last_line(capsys)


def test_needs_are_those_of_the_tags_and_the_python() -> None:
    listed = {"session": "awx", "python": "3.11", "tags": ["test", "needs-python3.9", "needs-java"]}
    assert gate.needs_of(listed) == {"python3.11", "python3.9", "needs-java"}


def test_the_last_release_of_a_series_is_installed_or_its_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "CANDIDATES", {"2.99": "2.99.0rc1"})
    assert cores.requirement("2.15") == "ansible-core~=2.15.0"
    assert cores.requirement("2.99") == "ansible-core~=2.99.0rc1"


def test_sessions_know_nothing_of_the_person_at_the_keyboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(steps, "SCRATCH", tmp_path)
    monkeypatch.setenv("TALLYFY_ACCESS_TOKEN", "mine")
    monkeypatch.setenv("ANSIBLE_CONFIG", "mine")
    env = steps.isolated(SimpleNamespace(name="units(2.15)"), FAULTS="all")
    assert env["TALLYFY_ACCESS_TOKEN"] is env["ANSIBLE_CONFIG"] is None
    assert (env["HOME"], env["FAULTS"]) == (str(tmp_path / "units-2.15" / "home"), "all")


def test_a_way_without_spaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert checkout.without_spaces(tmp_path) == tmp_path
    spaced = tmp_path / "my clone"
    link = checkout.without_spaces(spaced)
    assert link.readlink() == spaced
    assert checkout.without_spaces(spaced) == link
    link.unlink()
    link.symlink_to(tmp_path)
    with pytest.raises(SystemExit, match="in the way"):
        checkout.without_spaces(spaced)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout with files that ship, that do not, and that git ignores."""
    clone = tmp_path / "clone"
    for name in ("README.md", "plugins/new.py", "plugins/old.pyc", "sandbox/app.py"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).touch()
    (clone / ".gitignore").write_text("*.pyc\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=clone, check=True)
    return clone


def test_copies_hold_what_git_would_track(clone: Path, tmp_path: Path) -> None:
    copy = checkout.copy_of_checkout(tmp_path / "a copy", without=("sandbox/",), checkout=clone)
    assert checkout.files(copy) == {".gitignore", "README.md", "plugins/new.py"}
    assert not (copy / "plugins" / "old.pyc").exists()


def test_an_artifact_holds_what_ships_and_nothing_else(clone: Path, tmp_path: Path) -> None:
    (clone / "MANIFEST.json").touch()
    (clone / "FILES.json").touch()
    artifact = tmp_path / "artifact.tar.gz"

    def differences(*names: str) -> list[str]:
        with tarfile.open(artifact, "w:gz") as archive:
            for name in ("MANIFEST.json", "FILES.json", *names):
                archive.add(clone / name, name)
        return checkout.differences_of_artifact(artifact, clone)

    assert differences("README.md", "plugins/new.py") == []
    assert [(line.split(" (")[0], line.split()[-1]) for line in differences("README.md", "sandbox/app.py")] == [
        ("must not ship", "sandbox/app.py"),
        ("does not ship", "plugins/new.py"),
    ]


def test_what_the_importer_complains_about_is_found() -> None:
    complaints = [
        "ERROR: Timeout on call to ansible-lint",
        "WARNING: playbooks/a.yml:3: jinja[invalid]: no such file",
        "playbooks/a.yml:3: jinja[invalid]: no such file",
        "Failed to find tallyfy.platform.onboard playbook.",
    ]
    output = ["Loading role roster", *complaints, "Linting collection via ansible-lint 25.1.3...", "Importer done"]
    assert certification.complaints_in("\n".join(output)) == complaints


class TestRelease:
    @pytest.fixture
    def checkout_of(self, tmp_path: Path) -> Path:
        (tmp_path / "galaxy.yml").write_text("namespace: x\nversion: 1.2.0\n")
        (tmp_path / "CHANGELOG.md").write_text(
            '# Notes\n\n<a id="v1-2-0"></a>\n## v1\\.2\\.0\n\n<a id="bugfixes"></a>\n### Bugfixes\n\n* Mended\\.\n\n'
            '<a id="v1-1-0"></a>\n## v1\\.1\\.0\n\n* Older\\.\n'
        )
        (tmp_path / "changelogs" / "fragments").mkdir(parents=True)
        return tmp_path

    def test_notes_are_the_part_of_the_version(self, checkout_of: Path) -> None:
        assert release_notes("1.2.0", checkout_of) == ([], "### Bugfixes\n\n* Mended\\.")

    def test_what_is_in_the_way_is_named(self, checkout_of: Path) -> None:
        (checkout_of / "changelogs" / "fragments" / "x.yml").touch()
        (checkout_of / "CHANGELOG.md").write_text("# Notes\n")
        problems, notes = release_notes("v1.2.1", checkout_of)
        assert notes == ""
        assert [problem.split(":")[0].split(".")[0] for problem in problems] == [
            "The tag is v1",
            "CHANGELOG",
            "Fragments are not in the changelog yet",
        ]


def test_every_supported_python_is_run_by_a_session() -> None:
    assert list(cores.FURTHER_PYTHONS) == list(cores.CORES)
    for core, pythons in cores.FURTHER_PYTHONS.items():
        assert cores.CORES[core] not in pythons
        assert len({cores.CORES[core], *pythons}) == 3, "each ansible-core supports three versions on a controller"
