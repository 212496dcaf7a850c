# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organizations as hosts of an inventory: sixty, in slices as AWX makes them, one of them with a wrong secret."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.acceptance.pages import File, Terminal, find_missing, read_page
from tests.acceptance.running import Playbooks, Run

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "playbooks" / "examples" / "organizations"
ONBOARD = "tallyfy.platform.onboard"
OTHERS = tuple(f"tallyfy.platform.{name}" for name in ("offboard", "roster", "export_roster", "drift", "authorize"))
ORGANIZATIONS, SLICES = 24, 3
WRONG_SECRET = "a wrong secret/+="
#: What AWX tells each job that is a slice: the workflow job of the slices is called like the template.
SLICE = {"awx_job_id": 7, "awx_job_template_name": "Onboard", "awx_workflow_job_name": "Onboard"}
CREDENTIALS = ("TALLYFY_ORG_ID", "TALLYFY_CLIENT_ID", "TALLYFY_CLIENT_SECRET")

Hosts = dict[str, dict[str, Any]]


def organizations(sandbox: Sandbox, number: int) -> Hosts:
    """Plant so many organizations beside the seeded one, and return them as hosts with their credentials."""
    sandbox.reset(organizations=number - 1)
    return {
        organization["name"].lower().replace(" ", "-"): {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "tallyfy_org_id": organization["id"],
            "tallyfy_client_id": organization["client_id"],
            "tallyfy_client_secret": organization["client_secret"],
        }
        for organization in sandbox.state()["organizations"]
        if organization["id"] != sandbox.org_id
    }


def write_inventory(folder: Path, hosts: Hosts, group: str = "organizations") -> str:
    """Write the inventory as AWX gives it to a job, which is a program, and return its path."""
    inventory = {group: {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}
    file = folder / "hosts"
    file.write_text(f"#!{sys.executable}\nprint({json.dumps(inventory)!r})\n", encoding="utf-8")
    file.chmod(0o700)
    return str(file)


def write_people(folder: Path, **variables: Any) -> str:
    """Write what is onboarded in each organization, and return the option that gives it."""
    people = {
        "tallyfy_hosts": "organizations",
        "onboarding_ensure_groups": [{"name": "Newcomers", "description": "Everybody in their first months"}],
        "onboarding_people": [
            {
                "email": "mary@{{ inventory_hostname }}.example.com",
                "first_name": "Mary",
                "last_name": "Major",
                "groups": ["Newcomers"],
            }
        ],
        "onboarding_report": "{{ inventory_hostname ~ '.md' if inventory_hostname.endswith('5') else '' }}",
        **variables,
    }
    file = folder / "people.yml"
    file.write_text(yaml.safe_dump(people), encoding="utf-8")
    return f"-e@{file}"


def job(sandbox: Sandbox, folder: Path) -> Playbooks:
    """Return what a job of AWX is: a folder and a home of its own, and no organization of the environment."""
    folder.mkdir()
    playbooks = Playbooks(sandbox, folder)
    for name in CREDENTIALS:
        del playbooks.environment[name]
    return playbooks


def recap(output: str) -> dict[str, tuple[int, int]]:
    """Return how many tasks changed something and how many failed, of each host."""
    rows = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) .* failed=(\d+)", output, flags=re.MULTILINE)
    return {host: (int(changed), int(failed)) for host, changed, failed in rows}


def cached(playbooks: Playbooks) -> Counter[str]:
    """Return how many tokens and budgets the job has kept."""
    names = [file.name for file in (playbooks.home / ".cache" / "tallyfy-platform").iterdir()]
    kinds = [name.partition("-")[0] for name in names if not name.endswith(".lock")]
    return Counter(kind for kind in kinds if kind in ("token", "budget"))


@pytest.mark.any_core
def test_many_organizations_in_three_slices_and_then_some_in_one_job(sandbox: Sandbox, tmp_path: Path) -> None:
    hosts = organizations(sandbox, ORGANIZATIONS)
    assert len(hosts) == ORGANIZATIONS
    names = sorted(hosts)
    right_secrets = [str(host["tallyfy_client_secret"]) for host in hosts.values()]
    unlucky = hosts["organization-17"]
    right_secret, unlucky["tallyfy_client_secret"] = unlucky["tallyfy_client_secret"], WRONG_SECRET
    # As AWX does it: a slice has every third host.
    slices = {f"slice{number}": {name: hosts[name] for name in names[number::SLICES]} for number in range(SLICES)}
    jobs = {name: job(sandbox, tmp_path / name) for name in slices}

    def run(name: str) -> Run:
        folder = jobs[name].folder
        options = ("-i", write_inventory(folder, slices[name]), write_people(folder), "-e", json.dumps(SLICE))
        return Run(jobs[name], ONBOARD, *options)

    with ThreadPoolExecutor() as pool:
        runs = dict(zip(slices, pool.map(run, slices)))

    # All but one are done, and that has failed, by its name and without a secret.
    outcomes = {host: outcome for one in runs.values() for host, outcome in recap(one.output).items()}
    assert set(outcomes) == set(hosts)
    assert {host: outcome for host, outcome in outcomes.items() if outcome != (1, 0)} == {"organization-17": (0, 1)}
    assert sorted(one.status for one in runs.values()) == [0, 0, 2]
    (failed,) = [one for one in runs.values() if one.status]
    assert failed.output.count("fatal: [organization-17]: FAILED!") == failed.output.count("fatal: ") == 1
    assert "Nothing was written: 1 problem." in failed.output
    assert "the sign-in failed" in failed.output
    for one in runs.values():
        assert not [secret for secret in (WRONG_SECRET, *right_secrets) if secret in one.output]
    assert sum(one.stats["tallyfy_onboarding_created"] for one in runs.values()) == ORGANIZATIONS - 1

    # One sign-in for each, whose token is used for no other: such a request would be refused.
    requests = sandbox.ledger()
    signed_in = Counter(entry["body"]["client_id"] for entry in requests if entry["route"] == "oauth.token")
    assert signed_in == Counter(host["tallyfy_client_id"] for host in hosts.values())
    assert [entry["route"] for entry in requests if entry["status"] >= 400] == ["oauth.token"]
    work = {entry["organization"] for entry in requests if entry["route"] != "oauth.token"}
    assert work == {host["tallyfy_org_id"] for host in hosts.values()} - {unlucky["tallyfy_org_id"]}
    written = Counter(entry["organization"] for entry in requests if entry["write"])
    assert set(written.values()) == {2}, "the person, and the group with the person in it"
    for name, organizations_of_slice in slices.items():
        good = len(organizations_of_slice) - ("organization-17" in organizations_of_slice)
        assert cached(jobs[name])["token"] == good
        assert cached(jobs[name])["budget"] == len(organizations_of_slice)
        reports = {file.stem: file.read_text(encoding="utf-8") for file in jobs[name].folder.glob("*.md")}
        assert set(reports) == {host for host in organizations_of_slice if host.endswith("5")}
        for host, report in reports.items():
            assert hosts[host]["tallyfy_org_id"] in report
            assert f"mary@{host}.example.com" in report

    # Once more, some of each slice in one job: only where the secret was wrong is anything left to do.
    unlucky["tallyfy_client_secret"] = right_secret
    some = {name: hosts[name] for name in {*names[::5], "organization-17"}}
    sandbox.clear_ledger()
    one_job = job(sandbox, tmp_path / "one job")
    options = ("-i", write_inventory(one_job.folder, some), write_people(one_job.folder))
    again = Run(one_job, ONBOARD, *options, "--forks", "20").succeeded()
    assert Counter(recap(again.output).values()) == {(0, 0): len(some) - 1, (1, 0): 1}
    assert {entry["organization"] for entry in sandbox.writes()} == {unlucky["tallyfy_org_id"]}
    assert len(sandbox.sign_ins()) == len(some)
    passed_on = again.stats
    assert (passed_on["tallyfy_onboarding_total"], passed_on["tallyfy_onboarding_created"]) == (len(some), 1)
    assert passed_on["tallyfy_onboarding_unchanged"] == len(some) - 1
    texts = passed_on["tallyfy_onboarding_report_text"]
    assert len(re.findall(r"^# Onboarding into ", texts, flags=re.MULTILINE)) == len(some), "one after the other"
    assert cached(one_job) == {"token": len(some), "budget": len(some)}


PAUSED = """
- hosts: organizations
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_organization_info:
"""


@pytest.mark.any_core
def test_an_organization_that_is_told_to_wait_delays_nobody_else(sandbox: Sandbox, tmp_path: Path) -> None:
    hosts = organizations(sandbox, 8)
    # The first of all: whoever had to wait for it would come after it.
    paused = next(iter(hosts.values()))["tallyfy_org_id"]
    sandbox.fault(path=f"*/organizations/{paused}*", status=429, headers={"Retry-After": "3"})
    one_job = job(sandbox, tmp_path / "job")
    # Two forks for eight hosts: the other seven pass by the one that waits.
    run = Run(one_job, PAUSED, "-i", write_inventory(one_job.folder, hosts), "--forks", "2").succeeded()
    assert set(recap(run.output)) == set(hosts)
    asked = [entry for entry in sandbox.ledger() if entry["route"] != "oauth.token"]
    refused, repeated = (entry["at"] for entry in asked if paused in entry["path"])
    assert repeated - refused > 2.9
    meanwhile = [entry for entry in asked if refused < entry["at"] < repeated]
    # One may have been on its way already; had all to keep the pause, no other would follow.
    assert len(meanwhile) >= 2
    assert len(asked) == len(hosts) + 1


def first_fails(sandbox: Sandbox, tmp_path: Path, serial: str) -> tuple[list[str], str]:
    """Onboard in three organizations, the first of which refuses; return whom it was tried for, and the output."""
    hosts = organizations(sandbox, 3)
    names = list(hosts)
    hosts[names[0]]["tallyfy_client_secret"] = WRONG_SECRET
    one_job = job(sandbox, tmp_path / "job")
    options = ("-i", write_inventory(one_job.folder, hosts), write_people(one_job.folder, onboarding_report=""))
    run = Run(one_job, ONBOARD, *options, "-e", serial).failed()
    return [name for name in names if name in recap(run.output)], run.output


@pytest.mark.any_core
@pytest.mark.parametrize(
    ("serial", "tried"),
    [
        # One goes ahead, and the rest only if it was right there.
        ('{"tallyfy_serial": [1, "100%"]}', 1),
        # A batch in which one is right does not stop the next one.
        ("tallyfy_serial=2", 3),
    ],
)
def test_who_goes_first(sandbox: Sandbox, tmp_path: Path, serial: str, tried: int) -> None:
    names, output = first_fails(sandbox, tmp_path, serial)
    assert len(names) == tried
    assert len(sandbox.sign_ins()) == tried
    assert [failed for _changed, failed in recap(output).values()] == [1, 0, 0][:tried]


# --- slices -----------------------------------------------------------------------------------------------------------


def test_a_slice_without_localhost_does_nothing_and_says_so(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Which slice does the work is the subject of test_roles.py; here are all playbooks, with the inventory of one."""
    people = {"onboarding_people": [], "offboarding_people": [], "roster_people": [], "drift_src": "roster.yml"}
    file = playbooks.folder / "people.yml"
    file.write_text(yaml.safe_dump({**people, "export_roster_dest": "roster.yml", **SLICE}), encoding="utf-8")
    inventory = write_inventory(playbooks.folder, {"web1": {}}, "machines")
    run = Run(playbooks, ONBOARD, *OTHERS, "-i", inventory, f"-e@{file}").succeeded()
    assert run.output.count("NOTHING WAS DONE HERE. This job is a slice") == 1 + len(OTHERS)
    assert recap(run.output) == {"localhost": (0, 0)}
    assert sandbox.ledger() == []


# --- the pages and their example --------------------------------------------------------------------------------------


@pytest.mark.any_core
def test_the_pages(sandbox: Sandbox, tmp_path: Path) -> None:
    """The tutorial from an empty folder, then the reference in the folder that it leaves, then AWX with the same."""
    one_job = job(sandbox, tmp_path / "job")
    collections = one_job.home / ".ansible" / "collections"
    collections.parent.mkdir()
    collections.symlink_to(one_job.environment["ANSIBLE_COLLECTIONS_PATH"])
    (one_job.home / "password").write_text("invented")
    # One fork, so that the organizations come in the order of the inventory.
    given = {"ANSIBLE_VAULT_PASSWORD_FILE": str(one_job.home / "password"), "ANSIBLE_FORKS": "1"}
    folder = one_job.folder / "organizations"
    secrets = {"GLOBEX": f"{sandbox.client_secret}\n", "INITECH": "initech-secret\n", "yml": "initech-secret"}
    with contextlib.closing(Terminal(one_job, **given)) as terminal:

        def type_in(command: str) -> str:
            # The last word names whose secret is asked for.
            terminal.answers.write_text(secrets.get(re.split("[_.]", command)[-1], ""))
            sandbox.clear_ledger()
            status, output = terminal.type(command.replace("--ask-vault-pass", ""))
            assert status == 0, f"{command}\n{output}"
            assert not [secret for secret in secrets.values() if secret.strip() in output]
            return output

        def follow(page: str) -> list[str]:
            commands = []
            for part in read_page(page):
                if isinstance(part, File):
                    assert yaml.safe_load(part.text) == yaml.safe_load((EXAMPLE / part.name).read_text())
                    terminal.save(part)
                    continue
                commands.append(part.text)
                output = type_in(part.text)
                assert not find_missing(part.shown, output), f"{part.text}\n{output}"
                assert "--check" not in part.text or sandbox.writes() == []
            return commands

        assert follow("tutorial_many_organizations")
        assert {file.stem for file in folder.glob("onboarding-*.md")} == {"onboarding-globex", "onboarding-initech"}
        assert sandbox.runs("Welcome tour of Mary Major (mary.major@example.com)")

        # What is encrypted overrides the environment.
        type_in("export TALLYFY_CLIENT_SECRET_INITECH=wrong; rm -r ~/.cache")
        batches = follow("reference_many_organizations")[-1]
        assert "tallyfy_serial" in batches
        assert sandbox.writes() == [], "everything is done"

        # An inventory source of AWX: it has no password, and hands on what is encrypted.
        type_in("env -u ANSIBLE_VAULT_PASSWORD_FILE ansible-inventory -i hosts --list --export > exported")
        exported = (folder / "exported").read_text()
        assert "__ansible_vault" in exported
        (folder / "source").write_text(f"#!/bin/sh\ncat <<'END'\n{exported}\nEND\n")
        (folder / "source").chmod(0o700)
        output = type_in(batches.replace("-i hosts", "-i source"))
        assert recap(output) == {"globex": (0, 0), "initech": (0, 0)}
