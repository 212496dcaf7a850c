# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks as jobs: in exactly the environment that AWX's injection makes, started by ansible-runner."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox, running_sandbox
from tests.awx.jobs import JOB_ID, USER_NAME, Controller, ExecutionEnvironment, Job, on_both
from tests.certificates import self_signed
from tests.people import ALICE
from tests.spellings import ISSUED, ISSUED_IN_BASE64, pieces

ONBOARD, DRIFT = "playbooks/onboard.yml", "playbooks/drift.yml"
#: What somebody fills in, with the rest of the form left blank; a name may hold anything.
ANSWERS = {
    "onboarding_person_email": "mary.major@example.com",
    "onboarding_person_first_name": "Mary {{ 7*7 }}",
    "onboarding_person_last_name": "{% raw %}Major{# #}",
    "onboarding_person_role": "standard",
    "onboarding_person_job_title": "",
    "onboarding_person_team": "{email}",
    "onboarding_person_timezone": "",
    "onboarding_person_groups": "Engineering\nPeople\n",
    "onboarding_person_process": "New hire onboarding",
    "onboarding_person_kickoff": (
        "New hire name: {{ lookup('env', 'TALLYFY_CLIENT_SECRET') }}\n"
        "Personal email: mary@example.net\nContract type: Full-time\nDepartment: Engineering\nStart date: 2026-12-01\n"
    ),
}
#: Nobody differs: reads, and changes nothing.
ONLY_LOOKING = {"drift_people": [{"email": ALICE, "role": "admin"}]}


def succeeded(job: Job) -> Job:
    assert job.status == 0, job.output
    return job


def assert_no_secret(job: Job) -> None:
    """Nothing that AWX keeps of a job has a secret of its credential in it, nor a token it was given."""
    secrets = [ISSUED, ISSUED_IN_BASE64]
    for secret in filter(None, map(job.injected.env.get, ("TALLYFY_CLIENT_SECRET", "TALLYFY_ACCESS_TOKEN"))):
        secrets += pieces(secret)
    places = dict(job.everything_kept())
    assert len(places) > 10
    for place, text in places.items():
        assert [piece for piece in secrets if piece in text] == [], place


@on_both
def test_a_person_by_a_survey(
    controller: Controller, project: Path, sandbox: Sandbox, credential: dict[str, str]
) -> None:
    """Dry run, run, run again, with answers whose braces are not for Ansible."""
    credential["act_as"] = ALICE
    dry = succeeded(controller.run(ONBOARD, project, credential, ANSWERS, job_type="check"))
    assert sandbox.writes() == []
    assert dry.recap["changed"] == 1
    assert dry.stats["tallyfy_onboarding_created"] == 1

    job = succeeded(controller.run(ONBOARD, project, credential, ANSWERS))
    member = sandbox.member("mary.major@example.com")
    assert (member["first_name"], member["last_name"]) == ("Mary {{ 7*7 }}", "{% raw %}Major{# #}")
    assert (member["role"], member["team"]) == ("standard", "{email}")
    (run,) = sandbox.runs()[-1:]
    assert "{{ lookup('env', 'TALLYFY_CLIENT_SECRET') }}" in json.dumps(run["prerun"])
    assert {name: job.stats[f"tallyfy_onboarding_{name}"] for name in ("created", "launched", "failed")} == {
        "created": 1, "launched": 1, "failed": 0,
    }  # fmt: skip
    for reported in (dry, job):
        text = reported.stats["tallyfy_onboarding_report_text"]
        assert "mary.major@example.com" in text
        assert f"AWX job: {JOB_ID}" in text
        assert f"Launched by: {USER_NAME}" in text
        assert_no_secret(reported)

    sandbox.clear_ledger()
    again = succeeded(controller.run(ONBOARD, project, credential, ANSWERS))
    assert (again.recap["changed"], sandbox.writes()) == (0, [])


def test_in_the_name_of_a_member(
    controller: Controller, project: Path, sandbox: Sandbox, credential: dict[str, Any]
) -> None:
    """Where the application is refused, and by nothing but a token of hers."""
    sandbox.switch(app_token_on_org_routes="deny")
    refused = controller.run(DRIFT, project, credential, template_vars=ONLY_LOOKING)
    assert refused.status != 0
    assert "act_as" in refused.output
    credential["act_as"] = ALICE
    acting = succeeded(controller.run(DRIFT, project, credential, template_vars=ONLY_LOOKING))
    sandbox.clear_ledger()
    credential |= {"client_id": "", "client_secret": "", "act_as": "", "access_token": sandbox.issue_token(ALICE)}
    ready = succeeded(controller.run(DRIFT, project, credential, template_vars=ONLY_LOOKING, options="-vvv"))
    assert {entry["token"] for entry in sandbox.ledger()} == {"user"}
    assert sandbox.sign_ins() == []
    for reported in (refused, acting, ready):
        assert_no_secret(reported)


@on_both
def test_a_wrong_secret(controller: Controller, project: Path, sandbox: Sandbox, credential: dict[str, str]) -> None:
    credential["client_secret"] = "not/the+right=secret\"of'a credential"
    job = controller.run(DRIFT, project, credential, template_vars=ONLY_LOOKING, options="-vvvv")
    assert job.status != 0
    assert "client_id" in job.output
    assert_no_secret(job)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(certificate: tuple[Path, Path]) -> Iterator[Sandbox]:
    with running_sandbox(tls=certificate) as running:
        yield running


@pytest.mark.parametrize(
    ("trusts", "expected"),
    [
        pytest.param({"insecure": False, "ca_certificate": ""}, "the TLS connection failed", id="blank"),
        pytest.param({"ca_certificate": True}, None, id="certificate"),
        pytest.param({"insecure": True}, None, id="insecure"),
    ],
)
def test_certificates(
    controller: Controller,
    project: Path,
    secured: Sandbox,
    certificate: tuple[Path, Path],
    credential: dict[str, Any],
    trusts: dict[str, Any],
    expected: str | None,
) -> None:
    secured.reset()
    credential |= {"api_url": secured.api_url, "token_url": secured.token_url, "max_wait": "0"} | trusts
    if trusts.get("ca_certificate"):
        credential["ca_certificate"] = certificate[0].read_text()
    job = controller.run(DRIFT, project, credential, template_vars=ONLY_LOOKING)
    assert (job.status == 0) == (expected is None), job.output
    assert expected is None or expected in job.output
    assert (secured.ledger() == []) == (expected is not None)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run a job as somebody else")
def test_somebody_elses_home_that_cannot_be_written(
    controller: Controller, project: Path, sandbox: Sandbox, credential: dict[str, str]
) -> None:
    """As under OpenShift: a user without a name, whose home is the root folder."""
    # It may read what this user may, so that the Python below somebody's home can be started, but write nothing.
    capability = "-all,+dac_read_search"
    stranger = ["setpriv", "--reuid=12345", "--regid=0", "--clear-groups", "--no-new-privs"]
    stranger += [f"--inh-caps={capability}", f"--ambient-caps={capability}", f"--bounding-set={capability}"]
    temporary = controller.folder / "temporary"
    temporary.mkdir(exist_ok=True)
    temporary.chmod(0o777)
    environment = {
        "HOME": "/",
        "ANSIBLE_LOCAL_TEMP": f"{temporary}/local",
        "ANSIBLE_REMOTE_TEMP": f"{temporary}/remote",
    }
    there = ExecutionEnvironment(controller.environment.python, stranger, environment)

    def run(playbook: str, name: str, **template_vars: Any) -> Job:
        job = Controller(there, controller.folder / name).run(
            playbook, project, credential, template_vars=template_vars, options="-v"
        )
        assert_no_secret(job)
        return job

    # Its warning is tested without ansible-runner, which loses lines of warnings on a machine that is busy.
    succeeded(run(DRIFT, "reads", **ONLY_LOOKING))
    people = {"onboarding_people": [{"email": "bob@example.com", "job_title": "Head of Tours"}]}
    sandbox.clear_ledger()
    refused = run(ONBOARD, "writes", **people)
    assert refused.status != 0
    reported = " ".join(refused.output.split())
    assert "(state_dir) cannot be used (Permission denied)" in reported
    assert "Set state_dir to a directory of your own where files can be locked." in reported
    assert sandbox.writes() == []
    with tempfile.TemporaryDirectory(dir="/tmp") as own:
        os.chown(own, 12345, 0)
        sandbox.patch_member("bob@example.com", job_title="")
        job = succeeded(run(ONBOARD, "elsewhere", **people, tallyfy_state_dir=f"{own}/state"))
        assert job.recap["changed"] == 1
        assert "(state_dir)" not in job.output
        assert Path(own, "state").stat().st_uid == 12345
