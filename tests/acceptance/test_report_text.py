# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report that the roles pass on as a text, as AWX keeps it with a job."""

from __future__ import annotations

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks
from tests.acceptance.test_roles import Run, given, rows_of

ONBOARD, OFFBOARD, ROSTER, DRIFT = (f"tallyfy.platform.{name}" for name in ("onboard", "offboard", "roster", "drift"))
BOB, JOHN = "bob@example.com", "john.smith@example.com"
MARY = {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"}


@pytest.mark.parametrize(
    ("playbook", "variable", "rows", "named"),
    [
        (ONBOARD, "onboarding_people", [MARY, {"email": BOB}], {MARY["email"]}),
        (OFFBOARD, "offboarding_people", [{"email": BOB}], {BOB}),
        (ROSTER, "roster_members", [MARY, {"email": BOB}], {MARY["email"]}),
        (DRIFT, "drift_members", [{"email": BOB, "role": "admin"}], {BOB}),
    ],
    ids=["onboard", "offboard", "roster", "drift"],
)
def test_it_is_that_of_the_file(
    playbook: str, variable: str, rows: list[object], named: set[str], sandbox: Sandbox, playbooks: Playbooks
) -> None:
    role = variable.partition("_")[0]
    variables = {variable: rows, f"{role}_report": "report.md", "drift_unlisted": "ignore"}
    run = Run(playbooks, playbook, given(playbooks, **variables), "--check").succeeded()
    file = (playbooks.folder / "report.md").read_text(encoding="utf-8")
    assert set(rows_of(run.report)) == named
    assert run.report.splitlines()[0] == file.splitlines()[0]
    assert f"- Organization: Globex Corporation ({sandbox.org_id})" in run.report
    missing = [line for line in run.report.splitlines() if line not in file.splitlines() and "- Time: " not in line]
    assert missing == []
    assert sandbox.client_secret not in run.report


def test_those_of_all_organizations_stand_one_after_the_other(sandbox: Sandbox, playbooks: Playbooks) -> None:
    hosts = playbooks.folder / "hosts.yml"
    organizations = {f"host{number}": {"tallyfy_org_id": sandbox.org_id} for number in range(3)}
    organizations["host1"]["onboarding_people"] = [{**MARY, "first_name": "{{ '{{' }} 1"}]  # type: ignore[assignment] # a list among texts
    hosts.write_text(yaml.safe_dump({"all": {"hosts": organizations, "vars": {"onboarding_people": [MARY]}}}))
    run = Run(playbooks, ONBOARD, "-i", str(hosts), "-e", "tallyfy_hosts=all", "-e", "awx_job_id=42", "--check")
    run.succeeded()
    assert run.stats["onboarding_total"] == 3
    assert run.report.count("# People brought in\n") == 3
    assert run.report.count(f"- Organization: {sandbox.org_id}\n") == 3
    assert run.report.count("- AWX job: 42\n") == 3
    assert run.report.count("\n| mary.major@example.com | would change |") == 3
    assert "\n\n# People" in run.report


def test_it_is_there_when_the_role_fails(sandbox: Sandbox, playbooks: Playbooks) -> None:
    john = sandbox.member(JOHN)
    assert john
    refusal = {"error": True, "message": "Not John"}
    sandbox.fault(method="PUT", path=f"*/users/{john['id']}", times=None, status=403, body=refusal)
    file = playbooks.folder / "hires.yml"
    people = [MARY, {"email": JOHN, "team": "Sales"}, {"email": BOB}]
    file.write_text(yaml.safe_dump(people), encoding="utf-8")
    options = ("-e", "onboarding_src=hires.yml", "-e", "onboarding_report=report.md")
    run = Run(playbooks, ONBOARD, *options).failed()
    assert {email: row[0] for email, row in rows_of(run.report).items()} == {MARY["email"]: "changed", JOHN: "failed"}
    assert "Not John" in run.report
    assert "unchanged 1" in run.report
    assert set(rows_of((playbooks.folder / "report.md").read_text(encoding="utf-8"))) == {MARY["email"], JOHN}


@pytest.mark.any_core
def test_it_names_at_most_two_hundred(sandbox: Sandbox, playbooks: Playbooks) -> None:
    people = [{**MARY, "email": f"hire{number}@example.com"} for number in range(205)]
    run = Run(playbooks, ONBOARD, given(playbooks, onboarding_people=people, onboarding_report="all.md"), "--check")
    rows = rows_of(run.succeeded().report)
    assert (len(rows), "hire199@example.com" in rows, "hire200@example.com" in rows) == (200, True, False)
    assert run.report.endswith("\n\nand 5 more\n\n")
    file = (playbooks.folder / "all.md").read_text(encoding="utf-8")
    assert len(rows_of(file)) == 205
    assert "more" not in file


@pytest.mark.any_core
def test_tokens_for_people_of_a_file(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "hires.csv").write_text("email,first_name,last_name\nbob@example.com,,\n", encoding="utf-8")
    (playbooks.folder / "keep.yml").write_text(
        "- ansible.builtin.copy: {content: '{{ onboarding_token | length }}', dest: '" + str(playbooks.folder / "kept")
        + "'}\n", encoding="utf-8",
    )  # fmt: skip
    options = {"onboarding_src": "hires.csv", "onboarding_tokens_tasks": "keep.yml"}
    refused = Run(playbooks, ONBOARD, given(playbooks, **options, onboarding_tokens_for=[BOB, JOHN])).failed()
    assert f"Not in hires.csv, so no token was handed over: {JOHN}" in refused.output
    assert not (playbooks.folder / "kept").exists()
    Run(playbooks, ONBOARD, given(playbooks, **options, onboarding_tokens_for=[BOB.upper()])).succeeded()
    assert (playbooks.folder / "kept").exists()
