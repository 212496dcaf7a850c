# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup run by somebody else, or with less than before: who may, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils._awx_setup import PROJECT_URL, setup_plan
from tests.awx import aap_configuration
from tests.awx.controller import ENCRYPTED, Controller, running_controller
from tests.awx.test_setup import CHECKOUT, ORGANIZATION_ID, REPOSITORY, SECRET, Playbooks, repository

SETUP = "tallyfy.platform.awx_setup"
TYPE = aap_configuration.read("credential_type.yml")
MOVED = "https://git.example.net/people.git"
#: What somebody gives who has nothing of Tallyfy in the environment.
NOTHING = dict.fromkeys(("TALLYFY_ORG_ID", "TALLYFY_CLIENT_ID", "TALLYFY_CLIENT_SECRET"), "")


@pytest.fixture
def fresh() -> Iterator[Controller]:
    with running_controller() as running:
        yield running


def plan(controller: Controller, **options: Any) -> dict[str, Any]:
    """Return what the playbook would go by, without the playbook."""
    given = {"org_id": ORGANIZATION_ID, "client_id": "1111", "client_secret": SECRET}
    return setup_plan(
        {
            "host": controller.url,
            "token": controller.token,
            "username": "",
            "password": "",
            "validate_certs": "",
            "organization": "Default",
            "make_organization": True,
            "galaxy_credentials": [],
            "credential": "Tallyfy",
            "given": given,
            "project_url": "",
            "project_branch": "",
            **options,
        },
        CHECKOUT / "playbooks" / "awx",
    )


def credential(controller: Controller, **inputs: Any) -> dict[str, Any]:
    """Put a credential in, as a first run would."""
    kind = controller.add("credential_types", **TYPE)
    organization = controller.one("organizations", "Default")["id"]
    return controller.add(
        "credentials", name="Tallyfy", credential_type=kind["id"], organization=organization, inputs=inputs
    )


class TestRights:
    """What somebody is told who is no system administrator."""

    def test_an_organization_admin_is_told_everything_that_is_missing(self, fresh: Controller) -> None:
        problem = plan(fresh, token=fresh.add_user("ann", administers="Default"))["problem"]
        assert problem == (
            "ann is not a system administrator of the controller, and only one can set up: the Galaxy credential"
            " Ansible Galaxy of the organization (absent or hidden); the credential type Tallyfy (absent). Have a"
            " system administrator run awx_setup once. From then on"
            " an administrator of the organization Default can run it."
        )
        assert not fresh.writes

    def test_an_organization_that_nobody_has_made_is_named(self, fresh: Controller) -> None:
        options = {"token": fresh.add_user("ann", administers="Default"), "organization": "People"}
        assert "the organization People (absent or hidden); the Galaxy" in plan(fresh, **options)["problem"]
        assert plan(fresh, organization="People")["problem"] == ""
        # Not for the playbook to make: then nobody goes on.
        for token in (options["token"], fresh.token):
            problem = plan(fresh, token=token, organization="People", make_organization=False)["problem"]
            assert problem.startswith("The controller has no organization People, or")

    def test_a_credential_type_of_another_version_is_named(self, fresh: Controller) -> None:
        fresh.add("credential_types", **{**TYPE, "description": "An older one."})
        token = fresh.add_user("ann", administers="Default")
        problem = plan(fresh, token=token, make_organization=False)["problem"]
        assert "only one can set up: the credential type Tallyfy (different from that of this version). Have" in problem
        assert plan(fresh)["problem"] == ""

    def test_galaxy_credentials_that_stay_need_not_be_seen(self, fresh: Controller) -> None:
        fresh.add("credential_types", **TYPE)
        fresh.associations[fresh.one("organizations", "Default")["id"], "galaxy_credentials"] = [
            fresh.one("credentials", "Ansible Galaxy")["id"]
        ]
        token = fresh.add_user("ann", administers="Default")
        for given in ([], ["Ansible Galaxy"], "Ansible Galaxy"):
            assert plan(fresh, token=token, galaxy_credentials=given)["galaxy_credentials"] is None
        assert "the Galaxy credential Hub" in plan(fresh, token=token, galaxy_credentials=["Hub"])["problem"]

    def test_a_member_is_told_who_can_run_it(self, fresh: Controller) -> None:
        credential(fresh, org_id=ORGANIZATION_ID)
        organization = fresh.one("organizations", "Default")["id"]
        fresh.associations[organization, "galaxy_credentials"] = [fresh.one("credentials", "Ansible Galaxy")["id"]]
        token = fresh.add_user("bob")
        user = max(fresh.records["users"])
        fresh.access.granted.add((fresh.access.role_id("organizations", organization, "member"), "users", user))
        assert plan(fresh, token=token)["problem"].startswith(
            "bob is neither an administrator of the organization Default nor a system administrator."
        )
        # Who is to use an organization as it is may have the other roles that this needs.
        assert plan(fresh, token=token, make_organization=False)["problem"] == ""


class TestCredential:
    """What is missing is only known once the controller was read."""

    def test_what_a_new_credential_needs_is_named(self, fresh: Controller) -> None:
        problem = plan(fresh, given={})["problem"]
        assert problem.startswith("Not given: tallyfy_org_id (TALLYFY_ORG_ID); tallyfy_client_id and")
        assert problem.endswith(". The controller has no credential Tallyfy yet.")

    def test_what_the_controller_has_need_not_be_given(self, fresh: Controller) -> None:
        credential(fresh, org_id=ORGANIZATION_ID, client_id="1111", client_secret=SECRET, rate_limit="60")
        assert plan(fresh, given={})["inputs"] == {
            "org_id": ORGANIZATION_ID,
            "client_id": "1111",
            "client_secret": ENCRYPTED,
            "rate_limit": "60",
        }

    def test_half_of_a_pair_is_not_enough(self, fresh: Controller) -> None:
        credential(fresh, org_id=ORGANIZATION_ID, access_token=SECRET)
        problem = plan(fresh, given={"client_id": "1111"})["problem"]
        assert problem.startswith("Not given: tallyfy_client_id and tallyfy_client_secret")
        assert problem.endswith("The credential Tallyfy in the controller lacks it, too.")

    def test_a_secret_may_come_from_a_vault(self, fresh: Controller) -> None:
        made = credential(fresh, org_id=ORGANIZATION_ID, client_id="1111")
        source = fresh.add("credential_input_sources", input_field_name="client_secret", target_credential=made["id"])
        fresh.associations[made["id"], "input_sources"] = [source["id"]]
        assert plan(fresh, given={})["inputs"] == {"org_id": ORGANIZATION_ID, "client_id": "1111"}


class TestProject:
    def test_a_first_run_takes_the_repository_of_the_collection(self, fresh: Controller) -> None:
        found = plan(fresh)
        assert [found[name] for name in ("project_url", "project_branch", "playbooks", "note")] == [
            PROJECT_URL, "", "playbooks/", "",
        ]  # fmt: skip
        assert [plan(fresh, playbooks=given)["playbooks"] for given in ("", "a/b", "a/b/")] == ["", "a/b/", "a/b/"]

    def test_a_changed_address_is_reported_without_a_password(self, fresh: Controller) -> None:
        organization = fresh.one("organizations", "Default")["id"]
        fresh.add("projects", name="Tallyfy", organization=organization, scm_url="https://ann:secret@git.example.com/a")
        assert plan(fresh, project_url=MOVED)["note"] == (
            f"The project Tallyfy moves from https://git.example.com/a to {MOVED}."
        )


def test_a_second_run_with_less_by_an_organization_admin(fresh: Controller, tmp_path: Path) -> None:
    """Nothing of Tallyfy is given, nothing of the project, and the token is one of the organization alone."""
    playbooks = Playbooks(fresh, tmp_path)
    for address in (REPOSITORY, MOVED):
        fresh.repositories[address] = repository(tmp_path / "project", "tallyfy/")
    certificate = tmp_path / "ca.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----\nnot a real one\n-----END CERTIFICATE-----\n")
    organization = {"awx_setup_organization": "People"}
    project = {"awx_setup_project_url": REPOSITORY, "awx_setup_project_branch": "v1", "awx_setup_playbooks": "tallyfy"}
    connection = {
        "tallyfy_act_as": "ann@example.com",
        "tallyfy_api_url": "https://eu.example.com/api",
        "tallyfy_rate_limit": 60,
        "tallyfy_validate_certs": False,
        "tallyfy_ca_path": str(certificate),
    }
    run = playbooks.run(SETUP, variables={**organization, **project, **connection})
    assert run.status == 0, run.output
    before = {kind: fresh.one(kind, "Tallyfy") for kind in ("credentials", "projects")}
    assert len(before["credentials"]["inputs"]) == 8
    secrets = fresh.records["credentials"][before["credentials"]["id"]]["inputs"]

    fresh.ledger.clear()
    token = fresh.add_user("ann", administers="People")
    run = playbooks.run(SETUP, variables=organization, **NOTHING, CONTROLLER_OAUTH_TOKEN=token)
    assert run.status == 0, run.output
    assert set(run.changed) == {"Make the workflows"}
    assert {kind: fresh.one(kind, "Tallyfy") for kind in before} == before
    assert fresh.records["credentials"][before["credentials"]["id"]]["inputs"] == secrets
    assert fresh.one("job_templates", "Tallyfy - drift")["playbook"] == "tallyfy/drift.yml"
    assert fresh.ledger[0].path == "/api/v2/me/"

    # One field, another project, and a token of Tallyfy instead of its client.
    variables = {**organization, "tallyfy_rate_limit": 30, "awx_setup_project_url": MOVED}
    run = playbooks.run(SETUP, variables=variables, **{**NOTHING, "TALLYFY_ACCESS_TOKEN": SECRET})
    assert run.status == 0, run.output
    assert f"The project Tallyfy moves from {REPOSITORY} to {MOVED}." in run.output
    assert "Make the credential" in run.changed
    after = fresh.records["credentials"][before["credentials"]["id"]]["inputs"]
    kept = {name: value for name, value in secrets.items() if not name.startswith("client_")}
    assert after == {**kept, "rate_limit": "30", "access_token": SECRET}
    moved = fresh.one("projects", "Tallyfy")
    assert (moved["scm_url"], moved["scm_branch"]) == (MOVED, "v1")
    assert SECRET[:16] not in run.output
