# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup against controllers that hold nothing yet: the least that it needs, and what it refuses."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.awx.controller import Controller, running_controller
from tests.awx.test_setup import CHECKOUT, ORGANIZATION_ID, REPOSITORY, SECRET, TYPE, Playbooks, repository


@pytest.fixture
def fresh() -> Iterator[Controller]:
    with running_controller() as running:
        yield running


def test_a_thin_project_behind_a_gateway_with_user_and_password(tmp_path: Path) -> None:
    # As little as possible, given by variables.
    certificate = tmp_path / "ca.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----\nnot a real one\n-----END CERTIFICATE-----")
    with running_controller("/api/controller/") as controller:
        controller.repositories[REPOSITORY] = repository(tmp_path / "thin", "")
        home = tmp_path / "home"
        home.mkdir()
        run = Playbooks(controller, home).run(
            "tallyfy.platform.awx_setup",
            variables={
                "awx_setup_controller_username": controller.username,
                "awx_setup_controller_password": controller.password,
                "awx_setup_organization": "Default",
                "awx_setup_make_organization": False,
                "awx_setup_project_url": REPOSITORY,
                "awx_setup_playbooks": "",
                # Variables are templates, unless they are marked.
                "tallyfy_access_token": {"__ansible_unsafe": SECRET},
                "tallyfy_rate_limit": 60,
                "tallyfy_validate_certs": False,
                "tallyfy_ca_path": str(certificate),
            },
            CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX="/api/controller/",
            CONTROLLER_OAUTH_TOKEN="",
            TALLYFY_CLIENT_ID="",
            TALLYFY_CLIENT_SECRET=" ",
        )
        assert run.status == 0, run.output
        assert controller.records["organizations"].keys() == {controller.one("organizations", "Default")["id"]}
        assert controller.one("job_templates", "Tallyfy - drift")["playbook"] == "drift.yml"
        assert not controller.records["schedules"]
        assert not controller.records["notification_templates"]
        assert not controller.records["execution_environments"]
        (credential,) = (one for one in controller.records["credentials"].values() if one["name"] == "Tallyfy")
        # What is blank is not there, and a number is a text.
        assert credential["inputs"] == {
            "org_id": ORGANIZATION_ID,
            "access_token": SECRET,
            "rate_limit": "60",
            "insecure": True,
            "ca_certificate": certificate.read_text(),
        }


@pytest.mark.parametrize(("given", "insecure"), [(" TRUE ", None), ("off", True)], ids=repr)
def test_only_a_no_switches_the_check_of_certificates_off(
    given: str, insecure: bool | None, fresh: Controller, tmp_path: Path
) -> None:
    options = ("tallyfy.platform.awx_setup", "--tags", "credential")
    run = Playbooks(fresh, tmp_path).run(
        *options, variables={"awx_setup_organization": "Default"}, TALLYFY_VALIDATE_CERTS=given
    )
    assert run.status == 0, run.output
    assert fresh.one("credentials", "Tallyfy")["inputs"].get("insecure") is insecure


def test_it_can_be_imported_from_elsewhere(fresh: Controller, tmp_path: Path) -> None:
    playbook = tmp_path / "site" / "controllers.yml"
    playbook.parent.mkdir()
    playbook.write_text("- import_playbook: tallyfy.platform.awx_setup\n")
    run = Playbooks(fresh, tmp_path).run(
        str(playbook), "--tags", "credential", variables={"awx_setup_organization": "Default"}
    )
    assert run.status == 0, run.output
    assert fresh.one("credentials", "Tallyfy")["inputs"]["org_id"] == ORGANIZATION_ID
    # With these tags the organization stays as it is, and so do its Galaxy credentials.
    assert not [entry for entry in fresh.ledger if "galaxy_credentials" in entry.path]


class TestRefusals:
    def test_a_credential_stays_that_of_its_organization(self, fresh: Controller, tmp_path: Path) -> None:
        playbooks = Playbooks(fresh, tmp_path)
        command = ("tallyfy.platform.awx_setup", "--tags", "credential")
        variables = {"awx_setup_organization": "Default"}
        assert playbooks.run(*command, variables=variables).status == 0
        before = fresh.one("credentials", "Tallyfy")
        run = playbooks.run(*command, variables={**variables, "tallyfy_org_id": "b" * 32})
        assert run.status != 0
        assert f"The credential Tallyfy is for the organization {ORGANIZATION_ID}" in " ".join(run.output.split())
        assert fresh.one("credentials", "Tallyfy") == before

    def test_what_is_neither_yes_nor_no_is_refused(self, fresh: Controller, tmp_path: Path) -> None:
        run = Playbooks(fresh, tmp_path).run("tallyfy.platform.awx_setup", TALLYFY_VALIDATE_CERTS="maybe")
        assert run.status != 0
        assert "tallyfy_validate_certs (TALLYFY_VALIDATE_CERTS) is neither true nor false: maybe" in run.output
        assert not fresh.ledger

    def test_everything_missing_is_named_at_once_and_nothing_is_asked(self, fresh: Controller, tmp_path: Path) -> None:
        blank = dict.fromkeys(
            (
                "CONTROLLER_HOST",
                "CONTROLLER_OAUTH_TOKEN",
                "TALLYFY_ORG_ID",
                "TALLYFY_CLIENT_ID",
                "TALLYFY_CLIENT_SECRET",
            ),
            "",
        )
        run = Playbooks(fresh, tmp_path).run(
            "tallyfy.platform.awx_setup",
            variables={"awx_setup_organization": " "},
            **blank,
        )
        assert run.status != 0
        for name in (
            *("awx_setup_controller_host", "awx_setup_controller_token", "awx_setup_organization"),
            *("tallyfy_org_id", "tallyfy_client_secret", "tallyfy_access_token"),
        ):
            assert name in run.output
        assert not fresh.ledger

    def test_a_wrong_token_is_reported_before_anything_else(self, fresh: Controller, tmp_path: Path) -> None:
        run = Playbooks(fresh, tmp_path).run("tallyfy.platform.awx_setup", CONTROLLER_OAUTH_TOKEN="a-wrong-token")
        assert run.status != 0
        assert (
            f"The controller {fresh.url} refuses the token (HTTP 401). Check awx_setup_controller_token" in run.output
        )
        assert "a-wrong-token" not in run.output
        assert [(entry.method, entry.path) for entry in fresh.ledger] == [("GET", "/api/v2/me/")]

    def test_why_a_credential_is_refused_is_said_without_the_secret(self, fresh: Controller, tmp_path: Path) -> None:
        # Sees the organization, and has no role that makes credentials.
        fresh.add("credential_types", **TYPE)
        token = fresh.add_user("bob")
        member = fresh.access.role_id("organizations", fresh.one("organizations", "Default")["id"], "member")
        fresh.access.granted.add((member, "users", max(fresh.records["users"])))
        run = Playbooks(fresh, tmp_path).run(
            "tallyfy.platform.awx_setup",
            variables={"awx_setup_organization": "Default", "awx_setup_make_organization": False},
            CONTROLLER_OAUTH_TOKEN=token,
        )
        assert run.status != 0
        assert "The credential Tallyfy of the organization Default could not be made:" in run.output
        assert "permission" in run.output
        assert SECRET[:16] not in run.output

    def test_playbooks_that_the_project_lacks_are_named(self, fresh: Controller, tmp_path: Path) -> None:
        project = repository(tmp_path / "thin", "")
        (project / "offboard.yml").unlink()
        (project / "confirm_task.yml").unlink()
        fresh.repositories[REPOSITORY] = project
        run = Playbooks(fresh, tmp_path).run(
            "tallyfy.platform.awx_setup", variables={"awx_setup_project_url": REPOSITORY, "awx_setup_playbooks": ""}
        )
        assert run.status != 0
        assert f"The project {REPOSITORY} has no offboard.yml, confirm_task.yml. Add what is missing" in run.output
        assert not fresh.records["workflow_job_templates"]

    def test_without_the_collection_it_says_how_to_get_it(self, fresh: Controller, tmp_path: Path) -> None:
        # Nothing else in this Python's packages can be taken away, so the name is.
        shutil.copytree(CHECKOUT / "playbooks", tmp_path / "playbooks")
        playbook = tmp_path / "playbooks" / "awx_setup.yml"
        playbook.write_text(playbook.read_text().replace("lookup('awx.awx.", "lookup('awx.absent."))
        run = Playbooks(fresh, tmp_path).run(str(playbook))
        assert run.status != 0
        assert "ansible-galaxy collection install awx.awx" in run.output
        assert not fresh.ledger
