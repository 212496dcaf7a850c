# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The official client library works against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tallyfy import TallyfySDK
from tallyfy.models import TallyfyError

from sandbox.testing import Sandbox

ORG = Sandbox.org_id


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[TallyfySDK]:
    with TallyfySDK(
        api_key=sandbox.issue_token("alice.smith@example.com"),
        base_url=sandbox.url,
        retry_delay=0.01,
        retry_jitter=0.0,
    ) as client:
        client.session.trust_env = False
        yield client


def test_members(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    members = sdk.get_organization_users(ORG, with_groups=True)
    assert {"alice.smith@example.com", "charlie.brown@example.com"} <= {member.email for member in members.data}
    assert sdk.get_user(ORG, 12345).email == "john.smith@example.com"
    assert sdk.users.get_user_by_email(ORG, "john.smith@example.com").id == 12345
    assert sdk.get_current_user_info(ORG).email == "alice.smith@example.com"
    assert sandbox.ledger()[0]["acting"] == "alice.smith@example.com"


def test_member_life_cycle(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    invited = sdk.invite_user_to_organization(ORG, "nina.new@example.com", "Nina", "New", role="light")
    assert invited.email == "nina.new@example.com"
    assert sandbox.member("nina.new@example.com")["status"] == "invited"
    sandbox.accept("nina.new@example.com")
    assert sdk.change_user_role(ORG, invited.id, "standard")
    assert sandbox.member("nina.new@example.com")["role"] == "standard"
    assert sdk.disable_user(ORG, invited.id)
    assert sandbox.member("nina.new@example.com")["status"] == "disabled"
    assert sdk.enable_user(ORG, invited.id)
    assert sandbox.member("nina.new@example.com")["status"] == "active"
    assert sdk.approve_user(ORG, invited.id)


def test_groups(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    created = sdk.create_group(ORG, "Design", description="Designers", members=[1001], guests=["partner@example.org"])
    assert sdk.get_group(ORG, created.id).name == "Design"
    sdk.update_group(ORG, created.id, name="Design", members=[1001, 12345], guests=[])
    assert sandbox.group("Design")["members"] == [1001, 12345]
    for number in range(120):
        sdk.create_group(ORG, f"Group {number}", description="One of many")
    groups = sdk.get_groups(ORG, page=None)
    assert len(groups) == 124
    assert sdk.delete_group(ORG, created.id)
    assert sandbox.group("Design") is None


def test_guests(sdk: TallyfySDK) -> None:
    created = sdk.create_guest(ORG, "vendor@example.org", "Vera", "Vendor")
    assert created.email == "vendor@example.org"
    assert "vendor@example.org" in {guest.email for guest in sdk.get_organization_guests(ORG, with_stats=True).data}
    assert sdk.get_guest(ORG, "vendor@example.org").email == "vendor@example.org"
    assert sdk.disable_guest(ORG, "vendor@example.org")
    assert sdk.enable_guest(ORG, "vendor@example.org")
    assert len(sdk.get_organization_guests_list(ORG).data) == 3


def test_tags_and_organization(sdk: TallyfySDK) -> None:
    created = sdk.create_tag(ORG, "Important", "#123456")
    assert sdk.get_tag(ORG, created.id).title == "Important"
    assert sdk.get_organization(ORG).name == "Globex Corporation"


def test_errors_and_retries(sdk: TallyfySDK, sandbox: Sandbox) -> None:
    with pytest.raises(TallyfyError) as failed:
        sdk.disable_user(ORG, 1001)
    assert failed.value.status_code == 400
    sandbox.fault(route="members.get", status=503, times=2)
    assert sdk.get_user(ORG, 12345).id == 12345
    assert [entry["status"] for entry in sandbox.ledger(route="members.get")] == [503, 503, 200]
