# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fuse: the limit on what a run may remove without confirmation. Private to the collection.

Every function is pure and reads plans only, so that check mode refuses exactly what a run would refuse.
"""

from __future__ import annotations

import fnmatch
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InconsistentListError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member, is_bot

from .member_plan import is_removal

LONGEST_LIST = 20
#: The default limit: the percentage, but never fewer than this number of people.
DEFAULT_PERCENTAGE = "10%"
DEFAULT_FLOOR = 3
#: The options of every module that removes access or rights.
FUSE_OPTIONS: dict[str, dict[str, Any]] = {
    "max_removals": {"type": "str"},
    "min_admins": {"type": "int", "default": 2},
}
_PART_OF_ADDRESS = re.compile(r"[^\s,;:<>()\"@]*[*?\[][^\s,;:<>()\"@]*")
#: Replacements for the wildcards of a glob that make it a valid address.
_EXAMPLES = (("*", "xx.xx"), ("?", "x"))
_CHOICE = re.compile(r"\[[^\]@]+\]")
_AMOUNT = re.compile(r"([0-9]{1,9})|(100|[0-9]{1,2})\s*%")


@dataclass(frozen=True)
class Policy:
    """What a run may remove.

    ``max_removals`` is a number, or a percentage of the active members and of the guests. ``None`` is the default of
    the modules: 10%, at least three people.
    """

    unlisted: str = "ignore"
    protect: tuple[str, ...] = ()
    max_removals: str | None = None
    min_admins: int = 2
    reassign_to: Email | None = None
    #: Returns the name of an option in messages.
    called: Callable[[str], str] = str

    @classmethod
    def from_params(cls, params: Mapping[str, Any], called: Callable[[str], str] = str) -> Policy:
        """Return the policy that the options of a module set; options that the module lacks have their defaults."""
        return cls(
            unlisted=params.get("unlisted") or cls.unlisted,
            protect=tuple(params.get("protect") or ()),
            max_removals=tidied(params.get("max_removals")) or None,
            min_admins=params["min_admins"],
            reassign_to=Email(params.get("reassign_to")) or None,
            called=called,
        )

    def problems(self) -> list[str]:
        """Return the invalid values."""
        problems = []
        if self.max_removals is not None and _AMOUNT.fullmatch(self.max_removals.strip()) is None:
            name = self.called("max_removals")
            problems.append(f"{name} {self.max_removals!r} is neither a number nor a percentage such as 10%")
        if self.min_admins < 0:
            problems.append(f"{self.called('min_admins')} is {self.min_admins}, and cannot be negative")
        if any(not entry.strip() for entry in self.protect):
            problems.append(f"{self.called('protect')} holds a blank entry")
        problems += [
            f"{self.called('protect')} holds {entry!r}, which is neither an e-mail address nor a pattern such as "
            f"*@partner.example.com"
            for entry in self.protect
            if entry.strip() and not _can_protect(Email(entry))
        ]
        return problems

    def allowed_removals(self, there: int) -> int:
        """Return how many of ``there`` active members, guests, or both may be removed.

        A percentage is rounded up: otherwise nobody could leave an organization of nine. ``100%`` is no limit.
        """
        floor = DEFAULT_FLOOR if self.max_removals is None else 0
        amount = _AMOUNT.fullmatch((DEFAULT_PERCENTAGE if self.max_removals is None else self.max_removals).strip())
        if amount is None:
            return 0
        if not amount[2]:
            return int(amount[1])
        # No limit: invited members, who are not counted as active, may be removed, too.
        return sys.maxsize if amount[2] == "100" else max(floor, math.ceil(there * int(amount[2]) / 100))

    def exceeded(self, members: int, active: int, guests: int = 0, guests_there: int | None = None) -> str | None:
        """Return the exceeded limit for a message, or ``None``, when this many leave in one run.

        Members and guests are counted together. A percentage also applies to each kind: thousands of guests do not
        allow the removal of every member.
        """
        given = self.max_removals
        is_number = given is not None and not given.strip().endswith("%")
        amount = f"{DEFAULT_PERCENTAGE}, at least {DEFAULT_FLOOR}" if given is None else given.strip()
        people, others = f"{active} active members", f"{guests_there} guests"
        limits = [
            (members + guests, active + (guests_there or 0), f"{people} and {others}" if guests_there else people)
        ]
        if not is_number:
            limits += [(members, active, people), (guests, guests_there or 0, others)]
        return next(
            (
                f"allows {self.allowed_removals(there)}" + ("" if is_number else f" of {kinds} ({amount})")
                for leaving, there, kinds in limits
                if leaving > self.allowed_removals(there)
            ),
            None,
        )

    def protector(self, email: object) -> str | None:
        """Return the entry of ``protect`` that matches this address: the address itself, or a glob."""
        address = Email(email)
        return next(
            (
                entry
                for entry in self.protect
                # An address may contain brackets, which have a meaning in a glob.
                if Email(entry) == address or fnmatch.fnmatchcase(address.key, Email(entry).key)
            ),
            None,
        )


def _can_protect(entry: Email) -> bool:
    """Return whether the entry is an address or a glob that an address can match; other texts would protect nobody."""
    if entry.is_valid or _PART_OF_ADDRESS.fullmatch(entry):
        return True
    example = _CHOICE.sub("x", entry)
    for part, stands_for in _EXAMPLES:
        example = example.replace(part, stands_for)
    return example != entry and Email(example).is_valid


def refusals(
    plans: Sequence[tuple[Member | None, Plan]],
    everybody: Collection[Member],
    policy: Policy,
    *,
    guests: Sequence[str] = (),
    guests_there: int | None = None,
) -> list[str]:
    """Return why the policy forbids these plans, each with the member's current record; empty when it allows them.

    ``guests`` are the addresses of the guests to remove, of ``guests_there``. Each text names the counts, the people,
    and the option that allows the plans.
    """
    leaving = [plan.subject for current, plan in plans if current is not None and is_removal(plan)]
    reasons = []
    active = sum(map(_is_active, everybody))
    limit = policy.exceeded(len(leaving), active, len(guests), guests_there)
    if limit is not None:
        total = len(leaving) + len(guests)
        kinds = [_counted(len(people), noun) for people, noun in ((leaving, "member"), (guests, "guest")) if people]
        reasons.append(
            f"{' and '.join(kinds)} would lose access, but {policy.called('max_removals')} "
            f"{limit}: {named([*leaving, *guests])}. "
            f"To allow this, set {policy.called('max_removals')} to {total}"
        )
    before = active_admins(everybody)
    after = admins_after(before, plans)
    if is_short_of_admins(before, after, policy.min_admins):
        name = policy.called("min_admins")
        losing = [plan.subject for current, plan in plans if current and str(current["id"]) in before - after]
        reasons.append(
            f"the number of active administrators would drop from {len(before)} to {len(after)}, but {name} is "
            f"{policy.min_admins}. Administrators to be removed or demoted: {named(losing)}. "
            f"To allow this, set {name} to {len(after)}"
        )
    return reasons


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def ambiguous(people: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the addresses that several members have when case is ignored."""
    counts = Counter(Email(record.get("email")) for record in people)
    return sorted(address.key for address, count in counts.items() if count > 1)


def doubt(kind: str, addresses: Iterable[str]) -> InconsistentListError:
    """Return the error for a list of members or guests in which these addresses are ambiguous."""
    return InconsistentListError(
        f"The list of {kind}",
        f"several {kind} have the address {named(addresses)} when case is ignored, so the address is ambiguous",
        advice="Nothing was written. Keep one of them in Tallyfy, and run it again.",
    )


def named(people: Iterable[str], longest: int = LONGEST_LIST) -> str:
    """Return the first names of a list and the number of the others."""
    names = list(people)
    more = len(names) - longest
    return ", ".join(names[:longest]) + (f" and {more} more" if more > 0 else "")


def _is_active(record: Member) -> bool:
    return record.status == "active" and not _is_special(record)


def _is_special(record: Mapping[str, Any]) -> bool:
    return is_bot(record) or bool(record.get("support_user"))


def active_admins(everybody: Iterable[Member]) -> set[str]:
    """Return the IDs of the active administrators."""
    return {str(record["id"]) for record in everybody if _is_active(record) and record.role == "admin"}


def is_short_of_admins(before: Collection[str], after: Collection[str], min_admins: int) -> bool:
    """Return whether fewer administrators than ``min_admins``, and fewer than before, would remain."""
    return len(after) < min_admins and len(after) < len(before)


def admins_after(before: Collection[str], plans: Sequence[tuple[Member | None, Plan]]) -> set[str]:
    """Return the IDs of the active administrators after the plans.

    An administrator who is only added by a plan does not count: a new account is not proved to work.
    """
    after = set(before)
    for current, plan in plans:
        if current is None or not plan.steps:
            continue
        member = str(current["id"])
        role = plan.after.get("role", current.role)
        status = plan.after.get("status", current.status)
        if role == "admin" and status == "active" and not is_removal(plan) and not _is_special(current):
            after.add(member)
        else:
            after.discard(member)
    return after
