# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files and commands of the pages on steps, saved and typed as they say, do and print what they show."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from pathlib import Path

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.cases_tasks import ACCOUNTS
from tests.acceptance.running import Modules, Playbooks, Run

pytestmark = pytest.mark.any_core

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "playbooks" / "examples"
PAGES = "".join(
    (CHECKOUT / "docs" / "docsite" / "rst" / f"{name}.rst").read_text(encoding="utf-8")
    for name in ("tutorial_worklist", "tutorial_approvals", "reference_steps")
)
#: Each block of the pages with its language.
BLOCKS = [
    (language, textwrap.dedent(text).rstrip() + "\n")
    for language, text in re.findall(r"^\.\. code-block:: (\S+)\n\n((?:   .*\n|\n)+)", PAGES, flags=re.MULTILINE)
]
YAML = [text for language, text in BLOCKS if language.startswith("yaml")]
#: What is saved as a file begins with its name.
FILES = {match[1]: text for text in YAML for match in [re.match(r"# (\S+\.yml)\b", text)] if match}
OF_THE_COLLECTION = ("accounts.yml", "tasks/create_accounts.yml")


def shown(word: str) -> str:
    """Return the one block of output that holds ``word``, without its white space."""
    (found,) = [text for language, text in BLOCKS if language == "text" and word in text]
    return squeezed(found)


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture
def options(playbooks: Playbooks) -> list[str]:
    """The options that keep the plays in the folder where the files of the pages are saved."""
    for name, text in FILES.items():
        file = playbooks.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    shutil.copy(EXAMPLES / "wait_for_approval.yml", playbooks.folder)
    for place in ("homes", "shop"):
        (playbooks.folder / place).mkdir()
    (playbooks.folder / "mailboxes").touch()
    (playbooks.folder / "production").write_text("[web]\nshop-1 ansible_connection=local\n")
    places = {name: str(playbooks.folder / name) for name in ("mailboxes", "homes", "shop")}
    return ["-e", json.dumps({**places, "seconds_between": 0})]


def typed(word: str) -> list[str]:
    """Return what is typed after the name of the program in the one command that holds ``word``."""
    (found,) = [text for language, text in BLOCKS if language == "console" and word in text]
    return found.split()[2:]


def completions(sandbox: Sandbox) -> list[str]:
    return [event["task_id"] for event in sandbox.events(event="task.completed")]


def test_from_a_survey_to_the_step_that_is_ticked_off(
    sandbox: Sandbox, playbooks: Playbooks, options: list[str]
) -> None:
    onboard, *answers = typed("@answers.yml")
    worklist, *accounts = typed("@accounts.yml")
    output = Run(playbooks, onboard, worklist, worklist, *answers, *accounts, *options).succeeded().output
    for word in ("created as light", "completed 2", "nothing to do"):
        assert shown(word) in squeezed(output)
    assert len(set(completions(sandbox))) == len(completions(sandbox)) == 2
    mailboxes = (playbooks.folder / "mailboxes").read_text().splitlines()
    assert mailboxes == ["mary.major@example.com mary.major", "jordan.rivera@example.com jordan.rivera"]


def test_work_that_fails_and_steps_as_hosts(sandbox: Sandbox, playbooks: Playbooks, options: list[str]) -> None:
    plays = [typed(word)[0] for word in ("@answers.yml", "@accounts.yml")]
    put_aside = json.dumps({"laptops": {"mary.major@example.com": "SN-4712"}})
    run = Run(playbooks, *plays, "-e", "@answers.yml", "-e", "@accounts.yml", *options, "-e", put_aside).failed()
    assert shown("failed 1") in squeezed(run.output)
    assert ACCOUNTS not in completions(sandbox)
    assert Run(playbooks, *typed("-i accounts"), *options).succeeded().changed == 2
    assert completions(sandbox).count(ACCOUNTS) == 1
    assert (playbooks.folder / "homes" / "jordan.rivera").is_dir()


@pytest.mark.parametrize("answer", [False, True])
def test_nothing_is_deployed_without_a_yes(
    sandbox: Sandbox, playbooks: Playbooks, modules: Modules, options: list[str], answer: bool
) -> None:
    sandbox.insert_template("Release", steps=[{"title": "Approve the release", "step_type": "approval"}])
    # The pipeline has run before, and finds its process.
    launched = {"template": "Release", "name": "Release of the shop", "reference": "shop-1.4.2"}
    modules.succeed("tallyfy_process", **launched)
    approval = {"template": "Release", "reference": "shop-1.4.2", "step": "Approve the release"}
    modules.succeed("tallyfy_task", **approval, state="completed", approved=answer)
    run = Run(playbooks, "deploy.yml", "-i", "production", "-e", "release=1.4.2", *options)
    assert run.status == (0 if answer else 2), run.output
    assert ("Rejected by" in run.output) is not answer
    assert (playbooks.folder / "shop" / "release").is_file() is answer


def test_files_and_tasks_of_the_collection_are_those_of_the_pages() -> None:
    """The plays of ``playbooks/examples`` are run by test_example_plays.py."""
    for name in OF_THE_COLLECTION:
        assert (EXAMPLES / name).read_text(encoding="utf-8").endswith(FILES[name].split("\n", 1)[1])
    plays = [path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.yml")]
    parts = [text for text in YAML if text not in FILES.values()]
    assert len(parts) >= 2
    for part in parts:
        assert any(textwrap.indent(part, "    ") in play for play in plays), part
