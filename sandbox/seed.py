# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The people, groups, guests, tags and templates every fresh sandbox holds. All of it is invented."""

from __future__ import annotations

import hashlib

from .records import Account, Group, Guest, GuestProfile, Member, Organization, Tag
from .seed_templates import plant_templates
from .state import Options, World

ORGANIZATION_ID = "25f66ae8cd27630803af1f25fe015a1a"
PARTNER_ORGANIZATION_ID = "9c1b6d5a04e84b7fa3d2c0e95f7a6b18"
CLIENT_ID = "1111"
# Invented; its characters break a form body that is not percent-encoded.
CLIENT_SECRET = "sandbox-secret-not-real/+="
BOT_ID = 2

JOINED = "2024-06-01T08:00:00.000Z"
SEEN = "2026-02-10T09:12:44.000Z"
ACCESSED = "2026-02-10T16:40:02.000Z"
INVITED = "2026-02-11T10:00:00.000Z"
DISABLED = "2026-02-12T17:05:30.000Z"

REDIRECT_URIS = ("https://app.example.com/auth/callback", "http://localhost:8765/callback")

_FIRST_NAMES = (
    "Ada", "Ben", "Clara", "Dmitri", "Elena", "Farid", "Gita", "Hugo", "Ines", "Jonas", "Kavya", "Liam", "Mara",
    "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wen", "Yara", "Zoe",
)  # fmt: skip
_LAST_NAMES = (
    "Abbott", "Bauer", "Costa", "Duarte", "Eriksen", "Fischer", "Gupta", "Hansen", "Ivanov", "Jensen", "Keller",
    "Lopez", "Meyer", "Novak", "Okafor", "Park", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Varga", "Weber",
)  # fmt: skip
_TEAMS = ("Operations", "Sales", "Support", "Finance", "Engineering")
_ZONES = ("America/New_York", "America/Chicago", "Europe/Berlin", "Asia/Tokyo", "UTC")


def plant(world: World, options: Options) -> None:
    """Empty the world and fill it: the same people with the same ids after every reset."""
    world.clear(options)
    globex = _organization(world, ORGANIZATION_ID, "Globex Corporation", CLIENT_ID, CLIENT_SECRET)
    partner = _organization(world, PARTNER_ORGANIZATION_ID, "Initech", "2222", "initech-secret")
    _staff(world, globex)
    _directory(world, globex)
    plant_templates(world, globex)
    _person(world, partner, 1101, "Ivy", "Stone", "ivy.stone@example.net", role="admin", default_admin=True)
    grace = world.accounts[1009]
    world.add_member(Member(grace, partner, role="light", approved_at=JOINED, invited_by=1101))
    for number in range(1, options.organizations + 1):
        name = f"org-{number}"
        org_id = hashlib.md5(f"sandbox-{name}".encode(), usedforsecurity=False).hexdigest()
        extra = _organization(world, org_id, f"Organization {number}", str(5000 + number), f"{name}-secret")
        _person(world, extra, 6000 + number, "Owner", f"Number{number}", f"owner@{name}.example.org",
                role="admin", default_admin=True)  # fmt: skip
    for number in range(1, options.members + 1):
        _generated(world, globex, number)


def _organization(world: World, org_id: str, name: str, client_id: str, secret: str) -> Organization:
    organization = Organization(
        id=org_id,
        name=name,
        timezone="America/Chicago",
        client_id=client_id,
        client_secret=secret,
        created_on="2023-03-01T12:00:00.000Z",
        last_updated="2026-01-20T08:30:00.000Z",
        redirect_uris=REDIRECT_URIS,
    )
    world.organizations[org_id] = organization
    world.clients[client_id] = organization
    bot = world.accounts.get(BOT_ID) or world.add_account(
        Account(
            BOT_ID,
            "bot@tallyfy.com",
            "Tallyfy",
            "Bot",
            username="tallyfybot",
            timezone="America/New_York",
            activated_at=JOINED,
            created_at=JOINED,
            updated_at=SEEN,
        )
    )
    world.add_member(Member(bot, organization, type="bot", approved_at=JOINED))
    return organization


def _person(
    world: World,
    organization: Organization,
    account_id: int,
    first_name: str,
    last_name: str,
    email: str,
    *,
    role: str = "standard",
    default_admin: bool = False,
    timezone: str = "America/New_York",
    phone: str | None = "+15551234567",
    job_title: str | None = "Project Manager",
    team: str | None = "Operations",
    support: bool = False,
) -> Member:
    account = world.add_account(
        Account(
            account_id,
            email,
            first_name,
            last_name,
            username=f"{first_name}{last_name}".lower(),
            phone=phone,
            job_title=job_title,
            team=team,
            timezone=timezone,
            support_user=support,
            last_login_at=SEEN,
            activated_at=JOINED,
            last_accessed_at=ACCESSED,
            last_known_ip="192.0.2.10",
            last_known_country="US",
            created_at=JOINED,
            updated_at=SEEN,
        )
    )
    invited_by = None if default_admin else next((member.id for member in organization.admins()), None)
    return world.add_member(
        Member(
            account,
            organization,
            role=role,
            is_default_admin=default_admin,
            invited_by=invited_by,
            approved_at=JOINED,
        )
    )


def _staff(world: World, globex: Organization) -> None:
    _person(world, globex, 1001, "Alice", "Smith", "alice.smith@example.com", role="admin", default_admin=True)
    _person(world, globex, 1003, "Erin", "Walker", "erin.walker@example.com", role="admin", job_title="IT Lead")
    _person(world, globex, 12345, "John", "Smith", "john.smith@example.com")
    _person(world, globex, 1002, "Bob", "Jones", "bob@example.com", job_title="Analyst", timezone="America/Chicago")
    charlie = _person(world, globex, 1005, "Charlie", "Brown", "charlie.brown@example.com",
                      phone=None, job_title=None, team=None)  # fmt: skip
    charlie.status, charlie.type, charlie.approved_at = "invited", None, INVITED
    account = charlie.account
    account.username = account.last_login_at = account.activated_at = account.last_accessed_at = None
    account.last_known_ip = account.last_known_country = None
    account.created_at = account.updated_at = INVITED
    dana = _person(world, globex, 1007, "Dana", "Lee", "dana.lee@example.com", role="light")
    dana.status, dana.disabled_at, dana.disabled_by = "disabled", DISABLED, 1001
    dana.account.updated_at = DISABLED
    _person(world, globex, 1008, "Frank", "Moore", "frank.moore@example.com", role="light", job_title="Courier")
    _person(world, globex, 1009, "Grace", "Kim", "grace.kim@example.net", job_title="Consultant")
    _person(world, globex, 1010, "Sam", "Helper", "support@example.net", job_title="Support", support=True)


def _directory(world: World, globex: Organization) -> None:
    for email, first, last, guest_id in (
        ("partner@example.org", "External", "Partner", 4523),
        ("nora@example.net", "Nora", "Vendor", 4524),
    ):
        profile = GuestProfile(guest_id, email, first, last)
        world.guest_profiles[world.email_key(email)] = profile
        link = f"https://go.tallyfy.com/guest-all-task/{globex.id}/MITxZa1z2f{guest_id}"
        globex.guests[world.email_key(email)] = Guest(profile, "2025-01-15T10:30:00.000Z", link)
    partner = globex.guests["partner@example.org"]
    partner.profile.phone_1, partner.profile.company_name = "+12125550123", "Partner Co"
    partner.associated_members = [1001]
    nora = globex.guests["nora@example.net"]
    nora.disabled_at, nora.disabled_by = "2026-01-05T12:00:00.000Z", 1001
    for group in (
        Group(
            "97e95e53bf25476dfbf55dd84fcda0b4", "Engineering", "Core engineering group", [1001, 12345],
            ["partner@example.org"], "2024-01-15T10:30:00.000Z", "2025-06-20T14:45:00.000Z",
        ),
        Group(
            "5d2f8a7c3b1e49609f8e7d6c5b4a3921", "People", "Hiring and onboarding", [1003, 1002],
            [], "2024-02-15T10:30:00.000Z", "2025-06-20T14:45:00.000Z",
        ),
        Group(
            "731dc65d13ecdd9c8a8cb706592cf863", "Legacy Team", None, [],
            [], "2020-05-04T10:30:00.000Z", "2020-05-04T10:30:00.000Z",
        ),
    ):  # fmt: skip
        world.index_group(globex, group)
    for tag in (
        Tag("a9a53a2ae1e6dd36db693399d5332e7b", "Onboarding", "#3498db", "2025-01-15T10:00:00.000Z"),
        Tag("c4e1f0a9b8d7465f9e3d2c1b0a998877", "Urgent", "#e74c3c", "2025-01-16T10:00:00.000Z"),
        Tag("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "Run 42", "#95a5a6", "2025-01-17T10:00:00.000Z", auto_generated=True),
    ):
        globex.tags[tag.id] = tag


def _generated(world: World, organization: Organization, number: int) -> None:
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number % len(_LAST_NAMES)]
    account = Account(
        100000 + number,
        f"{first}.{last}.{number}@example.com".lower(),
        first,
        last,
        username=f"{first}{last}{number}".lower(),
        phone=f"+1555{number:07d}",
        job_title="Associate",
        team=_TEAMS[number % len(_TEAMS)],
        timezone=_ZONES[number % len(_ZONES)],
        last_login_at=SEEN,
        activated_at=JOINED,
        last_accessed_at=ACCESSED,
        created_at=JOINED,
        updated_at=SEEN,
    )
    world.add_account(account)
    role = "light" if number % 4 == 0 else "standard"
    world.add_member(Member(account, organization, role=role, invited_by=1001, approved_at=JOINED))
