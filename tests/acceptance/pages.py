# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a page of the documentation as its reader does: save its files, type its commands, compare what they print."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = CHECKOUT / "docs" / "docsite" / "rst"
#: A block of code of a page, with its language, its options and its indented text.
BLOCK = re.compile(r"^\.\. code-block:: (\S+)\n((?:   :.*\n)*)\n((?:   .*\n|\n)+)", flags=re.MULTILINE)
#: The same in the README, where the name of a file is its first line.
FENCE = re.compile(r"^```(\S+)\n(?:# (\S+\.\w+)\n)?(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
#: What differs from run to run.
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)")
REQUEST_ID = re.compile(r"sandbox-\d+")
#: What only the output of a failure holds: its message, and its list of problems. The message of a task that prints is
#: a list.
FAILURE = re.compile(r'^\s*("msg": "|"problems": \[$)', flags=re.MULTILINE)


@dataclass(frozen=True)
class File:
    """What the reader saves."""

    name: str
    text: str


@dataclass
class Command:
    """What the reader types, and what the page shows of the output."""

    text: str
    shown: str = ""

    @property
    def status(self) -> int:
        """The exit status that the shown output lets one expect."""
        return 2 if FAILURE.search(self.shown) else 0


def read_page(name: str) -> list[File | Command]:
    """Return the files and commands of a page in their order.

    A file has a caption, which is its name. In a block of commands each begins with ``$``; what stands below one, and a
    block of text without a caption behind one, is what the page shows of its output.
    """
    text = (PAGES / f"{name}.rst").read_text(encoding="utf-8")
    parts: list[File | Command] = []
    for language, options, body in BLOCK.findall(text):
        code = textwrap.dedent(body).strip("\n") + "\n"
        caption = re.search(r":caption: (\S+)", options)
        if caption:
            parts.append(File(caption[1], code))
        elif language == "console":
            parts += read_commands(code)
        elif language == "text":
            commands = [part for part in parts if isinstance(part, Command)]
            assert commands, f"{name}: which command prints this?\n{code}"
            commands[-1].shown += code
    return parts


def read_readme() -> list[File | Command]:
    """Return the files and commands of the README in their order.

    A block of commands that shows no output has none of the ``$``, so that it can be copied as a whole.
    """
    parts: list[File | Command] = []
    for language, file, code in FENCE.findall((CHECKOUT / "README.md").read_text(encoding="utf-8")):
        if file:
            parts.append(File(file, code))
        elif language == "console":
            parts += read_commands(code) if code.startswith("$ ") else map(Command, code.splitlines())
    return parts


def read_commands(code: str) -> list[Command]:
    """Return the commands of a block, each with what stands below it."""
    commands: list[Command] = []
    is_open = False
    for line in code.splitlines():
        if is_open:
            commands[-1].text += f"\n{line}"
        elif line.startswith("$ "):
            commands.append(Command(line[2:]))
        else:
            commands[-1].shown += f"{line}\n"
            continue
        is_open = line.endswith("\\")
    return commands


class Terminal:
    """A shell in which commands are typed one after the other, so that what one exports is there for the next."""

    END = "@@@ end of the output, status"

    def __init__(self, playbooks: Playbooks, **environment: str) -> None:
        self.folder = playbooks.folder
        self.answers = playbooks.home / "answers"
        self.answers.touch()
        self._shell = subprocess.Popen(
            ["bash", "--norc"],
            env={**playbooks.environment, **environment},
            cwd=self.folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def close(self) -> None:
        self._shell.communicate("exit\n")

    def save(self, file: File) -> None:
        """Save the file in the folder in which the shell is."""
        path = Path(self.type("pwd")[1].strip()) / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")

    def type(self, command: str) -> tuple[int, str]:
        """Type the command, answer its questions by ``answers``, and return its status and what it printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        # Braces, and no parentheses: what a command exports stays.
        self._shell.stdin.write(f"{{ {command}\n}} < {self.answers}; printf '\\n%s %s\\n' '{self.END}' $?\n")
        self._shell.stdin.flush()
        lines: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(self.END):
                return int(line.split()[-1]), "".join(lines)
            lines.append(line)
        raise AssertionError(f"the shell ended at: {command}\n{''.join(lines)}")


def follow(parts: list[File | Command], sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Save the files and type the commands, in this order, beside the files of ``playbooks/examples``."""
    shutil.copytree(CHECKOUT / "playbooks" / "examples", playbooks.folder, dirs_exist_ok=True)
    with contextlib.closing(Terminal(playbooks)) as terminal:
        for part in parts:
            if isinstance(part, File):
                terminal.save(File(part.name, part.text.replace("the secret", sandbox.client_secret)))
                continue
            status, output = terminal.type(part.text.replace(" --ask-vault-pass", ""))
            assert status == part.status, f"{part.text}\n{output}"
            missing = find_missing(part.shown, output)
            assert not missing, f"{part.text}\n{output}\ndoes not print\n{missing}"


def make_newcomer(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Have nothing installed and no credentials in the environment; the repository is the one that git has here.

    What would need the package index or minutes is not done: ``pip`` notes what it is to install, and ``make`` only
    finds out whether it could make it. ``read`` gets the secret.
    """
    for name in ("ANSIBLE_COLLECTIONS_PATH", "TALLYFY_ORG_ID", "TALLYFY_CLIENT_ID", "TALLYFY_CLIENT_SECRET"):
        del playbooks.environment[name]
    (playbooks.home / "answers").write_text(f"{sandbox.client_secret}\n")
    programs = {
        "python3": 'test "$1 $2 $3" = "-m pip install" && shift 3 && echo "$@" > ~/installed',
        "make": 'exec /usr/bin/make --dry-run "$@"',
    }
    for name, script in programs.items():
        program = playbooks.home / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    playbooks.environment.update(
        PATH=f"{playbooks.home}:{playbooks.environment['PATH']}",
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.file://{CHECKOUT}.insteadOf",
        GIT_CONFIG_VALUE_0="https://github.com/tallyfy/ansible-platform",
    )


def find_missing(shown: str, output: str) -> str:
    """Return the first part of what is shown that the output does not hold, or an empty text.

    Parts are what stands between ``...``, which is anything that was left out. White space does not count, since lines
    are broken in a page so that they can be read.
    """
    rest = _squeezed(output)
    for part in shown.split("..."):
        start = rest.find(_squeezed(part))
        if start < 0:
            return part
        rest = rest[start + len(_squeezed(part)) :]
    return ""


def _squeezed(text: str) -> str:
    return "".join(REQUEST_ID.sub("request", TIME.sub("time", text)).split())
