# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What the sandbox remembers, record by record: people, groups, templates, processes, tasks and the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: Everybody's; the sign-in page tells it.
PASSWORD = "sandbox-password"


@dataclass(slots=True)
class Account:
    """One person, whatever the number of organizations."""

    id: int
    email: str
    first_name: str
    last_name: str
    username: str | None = None
    profile_pic: str | None = None
    locale: str | None = "en"
    country_id: int | None = 1
    phone: str | None = None
    job_title: str | None = None
    job_description: str | None = None
    team: str | None = None
    timezone: str | None = None
    date_format: str | None = "mm/dd/yyyy"
    step_preferences: bool | None = None
    is_suspended: bool = False
    support_user: bool = False
    last_login_at: str | None = None
    activated_at: str | None = None
    last_accessed_at: str | None = None
    last_known_ip: str | None = None
    last_known_country: str | None = None
    created_at: str = ""
    updated_at: str = ""
    password: str = PASSWORD
    memberships: list[Member] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class Member:
    """What one organization says about a person."""

    account: Account
    organization: Organization = field(repr=False)
    role: str = "standard"
    status: str = "active"
    type: str | None = "standard"
    is_default_admin: bool = False
    invited_by: int | None = None
    approved_at: str | None = None
    disabled_at: str | None = None
    disabled_by: int | None = None
    reactivated_at: str | None = None
    reactivated_by: int | None = None
    removed: bool = False
    deleted: bool = False
    open_tasks: int = 0
    # Serialised forms are kept until the record or a switch changes.
    row: bytes = b""
    row_generation: int = -1
    haystack: str = ""

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def is_bot(self) -> bool:
        return self.type == "bot"

    @property
    def holds_seat(self) -> bool:
        """Invited and active people hold a seat; bots and Tallyfy's own support accounts do not."""
        return self.status in ("active", "invited") and not self.is_bot and not self.account.support_user


@dataclass(slots=True)
class Group:
    id: str
    name: str
    description: str | None
    members: list[int]
    guests: list[str]
    created_at: str
    last_updated: str
    logo: str | None = None
    row: bytes = b""
    row_generation: int = -1


@dataclass(slots=True)
class GuestProfile:
    """One guest, whatever the number of organizations; the profile counts from the first creation."""

    id: int
    email: str
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = None
    phone_1: str | None = None
    phone_2: str | None = None
    timezone: str | None = None
    image_url: str | None = None
    contact_url: str | None = None
    company_url: str | None = None
    opportunity_url: str | None = None
    company_name: str | None = None
    opportunity_name: str | None = None
    external_sync_source: str | None = None
    external_date_creation: str | None = None


@dataclass(slots=True)
class Guest:
    """A guest as one organization knows them."""

    profile: GuestProfile
    created_at: str
    link: str
    associated_members: list[int] | None = None
    disabled_at: str | None = None
    disabled_by: int | None = None
    reactivated_at: str | None = None
    reactivated_by: int | None = None
    deleted_at: str | None = None
    open_tasks: int = 0
    tasks_completed: int = 0
    row: bytes = b""
    row_generation: int = -1


@dataclass(slots=True)
class Tag:
    id: str
    title: str
    color: str | None
    created_at: str
    auto_generated: bool = False
    deleted_at: str | None = None


@dataclass(slots=True)
class Template:
    """A template; ``record`` holds its attributes as the API shows them, ``prerun`` among them."""

    record: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)
    # Who may do what besides administrators and the owner: ``process_launch``, ``template_edit``.
    permissions: dict[str, list[int]] = field(default_factory=dict)
    # Association id to tag id.
    tags: dict[int, str] = field(default_factory=dict)
    row: bytes = b""
    row_generation: int = -1

    @property
    def id(self) -> str:
        return str(self.record["id"])


@dataclass(slots=True)
class Task:
    """A task of a process, or a one-off task, which may have joined a process."""

    record: dict[str, Any]
    run: Run | None = None
    tags: dict[int, str] = field(default_factory=dict)
    # The form of a one-off task; that of a step's task is the step's.
    fields: list[dict[str, Any]] = field(default_factory=list)
    # Comments and issues, oldest first.
    threads: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def is_open(self) -> bool:
        """Work that still waits for somebody."""
        if self.record["archived_at"] is not None or (self.run is not None and self.run.record["archived_at"]):
            return False
        return self.record["status"] not in ("completed", "auto-skipped")

    @property
    def is_one_off(self) -> bool:
        return bool(self.record["is_oneoff_task"])

    @property
    def is_frozen(self) -> bool:
        """While somebody has an issue with the process as a whole, its tasks cannot change."""
        return self.run is not None and self.run.record["status"] == "issue"


@dataclass(slots=True)
class Run:
    """A process; ``record`` holds the attributes that do not follow from its tasks."""

    record: dict[str, Any]
    template: Template
    name_key: str = ""
    tasks: list[Task] = field(default_factory=list)
    # Comments and issues about the process as a whole, oldest first.
    threads: list[dict[str, Any]] = field(default_factory=list)
    # Association id to tag id, and folder-object id to folder id.
    tags: dict[int, str] = field(default_factory=dict)
    folders: dict[int, str] = field(default_factory=dict)
    row: bytes = b""
    row_generation: int = -1

    @property
    def id(self) -> str:
        return str(self.record["id"])


@dataclass(slots=True)
class Folder:
    id: str
    name: str
    position: int
    parent_id: str | None = None
    folder_type: str = "run"


@dataclass(slots=True)
class Token:
    """A bearer token; ``user_id`` is None for an application's."""

    kind: str
    organization_id: str
    client_id: str
    expires_at: float
    user_id: int | None = None
    revoked: bool = False
    refresh: bool = False


@dataclass(slots=True)
class Organization:
    id: str
    name: str
    timezone: str
    client_id: str
    client_secret: str
    created_on: str
    last_updated: str
    members: dict[int, Member] = field(default_factory=dict)
    by_email: dict[str, Member] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    group_names: dict[str, str] = field(default_factory=dict)
    groups_of: dict[int, dict[str, Group]] = field(default_factory=dict)
    guests: dict[str, Guest] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    runs_of: dict[str, dict[str, Run]] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)
    redirect_uris: tuple[str, ...] = ()
    guest_invites: deque[float] = field(default_factory=deque)
    comments_made: deque[float] = field(default_factory=deque)
    visible: list[Member] | None = None
    # Lists of processes by what was asked for, kept until something changes: a walk asks for the same list each time.
    listed: dict[tuple[tuple[str, str], ...], list[Run]] = field(default_factory=dict)
    listed_at: int = -1

    def admins(self) -> Iterator[Member]:
        """Yield every active administrator who is a person."""
        for member in self.members.values():
            if member.role == "admin" and member.status == "active" and not member.is_bot and not member.deleted:
                yield member

    def default_admin(self) -> Member | None:
        return next((member for member in self.members.values() if member.is_default_admin), None)


@dataclass(slots=True)
class AuthorizationCode:
    """The code of a redirect, good for one exchange; a second one revokes what the first gave out."""

    organization: Organization
    member: Member
    redirect_uri: str
    expires_at: float
    challenge: str | None = None
    challenge_method: str = "plain"
    is_used: bool = False
    issued: list[str] = field(default_factory=list)
