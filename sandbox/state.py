# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The world behind the API: its records with their indexes, its clock, ids and faults."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from .envelopes import Reply
from .events import Events
from .faults import Fault, Faults
from .ledger import Ledger
from .records import Account, AuthorizationCode, Group, GuestProfile, Member, Organization, Token
from .switches import Switches


@dataclass(frozen=True)
class Options:
    """What a fresh sandbox holds: the command line's words, or those of a reset."""

    members: int = 0
    organizations: int = 0
    latency_ms: float = 0.0
    switches: tuple[tuple[str, str], ...] = ()


class World:
    """Everything behind the API. One thread works on it, so a request is one uninterrupted step."""

    def __init__(self, options: Options | None = None) -> None:
        self.baseline = options or Options()
        self.ledger = Ledger()
        self.events = Events()
        self.faults = Faults()
        self.clear(self.baseline)

    def clear(self, options: Options) -> None:
        """Forget everything; the seed is planted by ``seed.plant``."""
        self.options = options
        self.switches = Switches()
        for name, value in self.baseline.switches:
            self.switches.set(name, value)
        self.generation = 0
        self.changes = 0
        self.clock_offset = 0.0
        self.stopped_at: float | None = None
        self.latency_ms = options.latency_ms
        self.accounts: dict[int, Account] = {}
        self.accounts_by_email: dict[str, Account] = {}
        self.organizations: dict[str, Organization] = {}
        self.clients: dict[str, Organization] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.guest_profiles: dict[str, GuestProfile] = {}
        self.windows: dict[str, deque[float]] = {}
        self.late: list[Callable[[], Reply]] = []
        self.planned_ids: dict[str, deque[str]] = {}
        self.next_id = 20001
        self.next_increment_id = 100300
        self.hex_count = 0
        self.ledger.clear()
        self.events.clear()
        self.faults.clear()

    # Time and ids

    def now(self) -> float:
        """Seconds since the epoch on the server's clock, which tests may move and stop."""
        return (time.time() if self.stopped_at is None else self.stopped_at) + self.clock_offset

    def timestamp(self) -> str:
        return _spelled_second(int(self.now()))

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def new_increment_id(self) -> int:
        """Return the next number of an alias or an ``increment_id``."""
        self.next_increment_id += 1
        return self.next_increment_id - 1

    def new_hex(self, kind: str) -> str:
        """Return a 32-hex id: a planned one, else the next of a sequence that is the same after every reset."""
        planned = self.planned_ids.get(kind)
        if planned:
            return planned.popleft()
        self.hex_count += 1
        return hashlib.md5(f"{kind}-{self.hex_count}".encode(), usedforsecurity=False).hexdigest()

    # Faults

    def add_fault(self, requested: dict[str, Any]) -> Fault:
        """Put a fault in force; raises ``FaultError`` when it is not understood."""
        fault = self.faults.add(requested)
        if fault.listing == "old":
            fault.replica = deepcopy(self.organizations)
        return fault

    def carry_out(self, work: Callable[[], Reply]) -> int | None:
        """Carry out a request that was put off, unless that was done or a reset came first; return its status."""
        if work not in self.late:
            return None
        self.late.remove(work)
        return work().status

    # Keys and look-ups

    def email_key(self, email: str) -> str:
        return email if self.switches.case_sensitive_email else email.lower()

    def name_key(self, name: str) -> str:
        return name if self.switches.case_sensitive_names else name.lower()

    def account_of(self, email: str) -> Account | None:
        return self.accounts_by_email.get(self.email_key(email))

    def member_of(self, organization: Organization, email: str) -> Member | None:
        return organization.by_email.get(self.email_key(email))

    def visible_members(self, organization: Organization) -> list[Member]:
        """Return the members that lists show, oldest first."""
        if organization.visible is None:
            hide = self.switches.remove_hides_member
            organization.visible = [
                member
                for member in organization.members.values()
                if not member.deleted and not (hide and member.removed)
            ]
        return organization.visible

    # Changes

    def add_account(self, account: Account) -> Account:
        self.accounts[account.id] = account
        self.accounts_by_email[self.email_key(account.email)] = account
        return account

    def add_member(self, member: Member) -> Member:
        organization = member.organization
        organization.members[member.id] = member
        organization.by_email[self.email_key(member.account.email)] = member
        member.account.memberships.append(member)
        organization.visible = None
        return member

    def touch(self, member: Member) -> None:
        """Note that a member changed: serialised forms go, in every organization the person belongs to."""
        for membership in member.account.memberships:
            membership.row_generation = -1
            membership.haystack = ""
            membership.organization.visible = None

    def rename_email(self, account: Account, email: str) -> None:
        """Give an account another address and free the old one."""
        self.accounts_by_email.pop(self.email_key(account.email), None)
        for membership in account.memberships:
            membership.organization.by_email.pop(self.email_key(account.email), None)
        account.email = email
        self.accounts_by_email[self.email_key(email)] = account
        for membership in account.memberships:
            membership.organization.by_email[self.email_key(email)] = membership

    def detach_member(self, member: Member) -> None:
        """Take a person out of one organization for good; the record stays for look-ups by id."""
        member.deleted = True
        member.organization.by_email.pop(self.email_key(member.account.email), None)
        member.account.memberships.remove(member)
        member.organization.visible = None

    def index_group(self, organization: Organization, group: Group) -> None:
        organization.groups[group.id] = group
        organization.group_names[self.name_key(group.name)] = group.id
        for member_id in group.members:
            organization.groups_of.setdefault(member_id, {})[group.id] = group

    def unindex_group(self, organization: Organization, group: Group) -> None:
        organization.groups.pop(group.id, None)
        organization.group_names.pop(self.name_key(group.name), None)
        for member_id in group.members:
            organization.groups_of.get(member_id, {}).pop(group.id, None)

    def leave_groups(self, member: Member) -> None:
        for group in list(member.organization.groups_of.pop(member.id, {}).values()):
            group.members.remove(member.id)
            group.row_generation = -1
            group.last_updated = self.timestamp()

    def switch_changed(self) -> None:
        """Forget serialised rows and build the indexes again: switches rule both."""
        self.generation += 1
        self.accounts_by_email = {self.email_key(account.email): account for account in self.accounts.values()}
        self.guest_profiles = {self.email_key(profile.email): profile for profile in self.guest_profiles.values()}
        for organization in self.organizations.values():
            organization.visible = None
            organization.by_email = {
                self.email_key(member.account.email): member
                for member in organization.members.values()
                if not member.deleted
            }
            organization.guests = {self.email_key(guest.profile.email): guest for guest in organization.guests.values()}
            organization.group_names = {self.name_key(group.name): group.id for group in organization.groups.values()}

    def revoke_user_tokens(self, member: Member) -> None:
        for token in self.tokens.values():
            if token.user_id == member.id and token.organization_id == member.organization.id:
                token.revoked = True


@lru_cache(maxsize=1024)
def _spelled_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# Winter time in the north. Answers that do not change with the season keep tests equal all year.
_OFFSET_DAY = date(2026, 1, 15)


@lru_cache(maxsize=1024)
def utc_offset(timezone: str | None) -> str | None:
    """Return the offset of a time zone as ``-05:00``, or None for none or an unknown one."""
    if not timezone:
        return None
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        return None
    text = datetime(_OFFSET_DAY.year, _OFFSET_DAY.month, _OFFSET_DAY.day, 12, tzinfo=zone).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"
