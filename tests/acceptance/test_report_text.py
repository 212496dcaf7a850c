# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report that the roles pass on as a text, as AWX keeps it with a job."""

from __future__ import annotations

import re

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.test_roles import BULK, REFUSAL, WORK
from tests.people import JOHN, MARY

pytestmark = pytest.mark.any_core


def rows_of(report: str) -> dict[str, list[str]]:
    """Return the other cells of each row of a Markdown report by the address in its first one."""
    lines = [line for line in report.splitlines() if line.startswith("| ") and "@" in line]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {row[0].rpartition(" ")[2]: row[1:] for row in cells}


@pytest.mark.parametrize("role", BULK)
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_it_is_that_of_the_file(role: str, check_mode: bool, sandbox: Sandbox, roles: Roles) -> None:
    variables = {**WORK[role], f"{role}_report": "report.md", "awx_job_id": 42, "awx_user_name": "helen"}
    done = roles.succeed(role, check_mode, **variables)
    file = (roles.folder / "report.md").read_text(encoding="utf-8")
    text = done["artifacts"][f"tallyfy_{role}_report_text"]
    assert rows_of(text) == rows_of(file)
    assert JOHN in rows_of(text)
    assert text.splitlines()[0] == file.splitlines()[0]
    assert "- AWX job: 42\n- Launched by: helen\n" in text
    assert f"- Organization: Globex Corporation ({sandbox.org_id})" in text
    missing = [line for line in text.splitlines() if line not in file.splitlines() and "- Time: " not in line]
    assert missing == []
    assert sandbox.client_secret not in text


def test_a_failure_is_passed_on_in_one_sentence(sandbox: Sandbox, roles: Roles) -> None:
    """ansible-core prints what is passed on once more, so the rows are in the report only."""
    sandbox.fault(method="PUT", path="*/users/12345", times=None, status=403, body=REFUSAL)
    result = roles.run("onboarding", **WORK["onboarding"], onboarding_report="report.md")
    assert result["failed"]
    text = result["artifacts"]["tallyfy_onboarding_report_text"]
    # Those of several organizations stand one after the other.
    assert text == result["msg"] + "\n"
    assert "1 of 2 people could not be onboarded" in text
    assert set(rows_of((roles.folder / "report.md").read_text(encoding="utf-8"))) == {MARY["email"], JOHN}


@pytest.mark.parametrize("hosts", [1, 4])
def test_it_names_at_most_two_hundred_of_all_hosts_together(hosts: int, sandbox: Sandbox, roles: Roles) -> None:
    people = [{**MARY, "email": f"hire{number:03}@example.com"} for number in range(205)]
    names = [f"host{number}" for number in range(hosts)]
    done = roles.succeed(
        "onboarding",
        check_mode=True,
        onboarding_people=people,
        onboarding_report="all.md",
        ansible_play_hosts_all=names,
        groups={"all": names},
    )
    text = done["artifacts"]["tallyfy_onboarding_report_text"]
    assert len(rows_of(text)) == 200 // hosts
    assert f"and {205 - 200 // hosts} more" in text
    file = (roles.folder / "all.md").read_text(encoding="utf-8")
    assert len(rows_of(file)) == 205
    assert " more" not in file
