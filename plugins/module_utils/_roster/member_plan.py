# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for one member, made from plain records without a request. Private to the collection.

Source: API reference, "Members" and "Recipes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, RefusedError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS, taken_at_creation
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, require_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DEFAULT_ROLE,
    DesiredMember,
    Member,
    comparable,
    is_bot,
    shape_member,
    unseen_in,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem

from .actions import CREATIONS, REMOVALS

_WRITES = (*CREATIONS, "updated", "role_changed")
#: A person to remove who is not a member needs no step, but the address may be misspelled.
UNKNOWN_ADDRESS = "No member has this address."
#: The start of a message, without which the reason is shown for an unlisted member.
REFUSING = "refusing to remove this member: "
_BOT_REFUSAL = "the Tallyfy Bot cannot be edited."


@dataclass(frozen=True)
class PlanContext:
    """The facts that a plan needs besides the member: read by ``read_context``, or given by a test.

    ``successors`` are the members that may take over open work, by address; ``open_tasks`` the number of open tasks of
    members without access, by member ID; ``hidden`` the fields that Tallyfy shows of no member, as far as known.
    """

    groups: Groups = field(default_factory=Groups)
    organization_timezone: str | None = None
    acting_email: str | None = None
    successors: Mapping[Email, Member] = field(default_factory=dict)
    open_tasks: Mapping[str, int] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


def plan_member(desired: DesiredMember, current: Member | None, context: PlanContext) -> Plan:
    """Return the plan for one person. Pure: the same arguments always give the same plan.

    Raises ``RefusedError`` for a change that is never made, and ``InputError`` for missing values.
    """
    if desired.state != "present":
        return _plan_removal(desired, current, context)
    if current is None:
        return _plan_creation(desired, context)
    return _plan_update(desired, current, context)


def _plan_creation(desired: DesiredMember, context: PlanContext) -> Plan:
    missing = [name for name in ("first_name", "last_name") if not str(desired.profile.get(name) or "").strip()]
    if missing:
        raise _wrong(desired, f"not a member yet; to add this person, set {' and '.join(missing)}")
    compared = {name: comparable(name, value) for name, value in desired.profile.items()}
    profile = {name: value for name, value in compared.items() if value is not None}
    at_creation = taken_at_creation(desired.provision)
    if "timezone" not in profile and any(name not in at_creation for name in profile):
        profile["timezone"] = _required_timezone(desired, context)
    first = {name: profile[name] for name in at_creation if name in profile}
    first.update(email=desired.email, role=desired.role or DEFAULT_ROLE)
    action: Verb = "created" if desired.provision == "direct" else "invited"
    reason = "not a member of the organization"
    steps = [Step(action, desired.email, reason, first)]
    rest = {name: value for name, value in profile.items() if name not in first}
    if rest:
        steps.append(Step("updated", desired.email, "not taken at creation", rest))
    group_steps, _names_before, names_after = _plan_groups(desired, None, context)
    after = {**first, **rest, **({"groups": names_after} if names_after else {})}
    warnings = unseen_warnings(desired.email, unseen_fields(desired, None, context, steps))
    return Plan(desired.email, {}, after, tuple(steps + group_steps), tuple(warnings))


def _plan_update(desired: DesiredMember, current: Member, context: PlanContext) -> Plan:
    before: Record = {}
    after: Record = {}
    steps: list[Step] = []
    warnings: list[str] = []
    email = desired.email
    if current.status == "disabled":
        steps.append(Step("enabled", email, "disabled", {"status": "active"}))
        before["status"], after["status"] = "disabled", "active"
    changes = profile_changes(desired.profile, current)
    if changes and is_bot(current):
        raise RefusedError(_BOT_REFUSAL, subject=email)
    organizations = included(current, "organizations")
    if changes and isinstance(organizations, list) and len(organizations) > 1:
        warnings.append(
            f"{email} belongs to {len(organizations)} organizations, so only this person can change "
            f"{', '.join(changes)}."
        )
        changes = {}
    if changes:
        if not current.get("timezone") and not changes.get("timezone"):
            changes["timezone"] = _required_timezone(desired, context)
        steps.append(
            Step("updated", email, f"{', '.join(changes)} {'differs' if len(changes) == 1 else 'differ'}", changes)
        )
        before.update({name: current.get(name) for name in changes})
        after.update(changes)
    shows_role = not unseen_in(["role"], current)
    if desired.role and shows_role and desired.role != current.role:
        steps.append(Step("role_changed", email, f"role is {current.role or 'empty'}", {"role": desired.role}))
        before["role"], after["role"] = current.role or None, desired.role
    group_steps, names_before, names_after = _plan_groups(desired, current, context)
    if group_steps:
        before["groups"], after["groups"] = names_before, names_after
    steps += group_steps
    _refuse_impossible(email, current, context, steps, desired.role if "role" in after else None)
    warnings = unseen_warnings(email, unseen_fields(desired, current, context, steps)) + warnings
    return Plan(email, before, after, tuple(steps), tuple(warnings))


def _refuse_impossible(
    email: str, current: Member, context: PlanContext, steps: list[Step], new_role: str | None
) -> None:
    if steps and is_bot(current):
        raise RefusedError(_BOT_REFUSAL, subject=email)
    if new_role in (None, "admin"):
        return
    if current.get("is_default_admin"):
        raise RefusedError(
            f"the default administrator cannot become {new_role}: make another member the default administrator in "
            f"Tallyfy first.",
            subject=email,
        )
    if current.role == "admin" and Email(context.acting_email) == email:
        raise RefusedError("refusing to demote the acting user. Ask another administrator.", subject=email)


def _plan_removal(desired: DesiredMember, current: Member | None, context: PlanContext) -> Plan:
    email = desired.email
    if current is None:
        return Plan(email, warnings=(f"{email}: {UNKNOWN_ADDRESS}",))
    handover = _plan_handover(desired, current, context)
    if desired.state == "disabled" and current.status == "disabled":
        return handover
    _refuse_protected(email, current, context)
    steps = list(handover.steps)
    status = current.status
    if status != "disabled" and desired.reassign_to:
        successor = _checked_successor(desired, context)
        reason = f"{status}; open work goes to {successor['email']}"
        steps.append(Step("disabled", email, reason, {"status": "disabled"}, **target_of(successor)))
    elif status != "disabled":
        steps.append(Step("disabled", email, status, {"status": "disabled"}))
    if desired.state == "deleted":
        steps.append(Step("deleted", email, "permanent deletion was asked for"))
        before = {name: value for name, value in shape_member(current).items() if value not in (None, False)}
        return Plan(email, before, {}, tuple(steps))
    return Plan(email, {"status": status}, {"status": "disabled"}, tuple(steps))


def _plan_handover(desired: DesiredMember, current: Member, context: PlanContext) -> Plan:
    """Return the plan for the open tasks of a member who was disabled without a hand-over."""
    count = context.open_tasks.get(str(current["id"]), 0)
    if not count:
        return Plan(desired.email)
    return plan_open_tasks(desired.email, count, _checked_successor(desired, context))


def target_of(successor: Member) -> dict[str, str]:
    """Return the successor's ID for the request and the address for messages."""
    return {"target": str(successor["id"]), "address": str(successor["email"])}


def plan_open_tasks(email: str, count: int, successor: Member) -> Plan:
    """Return the plan that hands the open tasks of a member without access over to an active member."""
    values = {"open_tasks": 0}
    reason = f"{count} open {'tasks' if count > 1 else 'task'}; they go to {successor['email']}"
    step = Step("handed_over", email, reason, values, **target_of(successor))
    return Plan(email, {"open_tasks": count}, values, (step,))


def is_removal(plan: Plan) -> bool:
    """Return whether the plan removes access."""
    return any(step.action in REMOVALS for step in plan.steps)


def is_left_behind(desired: DesiredMember, current: Member | None) -> bool:
    """Return whether the member has no access and names a successor for the remaining open tasks."""
    is_out = current is not None and current.status == "disabled"
    return is_out and desired.state != "present" and desired.reassign_to is not None


def _refuse_protected(email: str, current: Member, context: PlanContext) -> None:
    reason = None
    if is_bot(current):
        reason = "it is the Tallyfy Bot, which belongs to every organization."
    elif current.get("support_user"):
        reason = "it is a support account of Tallyfy."
    elif current.get("is_default_admin"):
        reason = "it is the default administrator. Make another member the default administrator in Tallyfy first."
    elif context.acting_email and current.email == context.acting_email:
        reason = "it is the acting user. Ask another administrator."
    if reason:
        raise RefusedError(f"{REFUSING}{reason}", subject=email)


def _checked_successor(desired: DesiredMember, context: PlanContext) -> Member:
    successor = context.successors.get(Email(desired.reassign_to))
    reason = reason_against_successor(successor)
    if successor is None or reason is not None:
        raise _wrong(desired, f"{desired.reassign_to} {reason}", "reassign_to")
    return successor


def reason_against_successor(member: Member | None) -> str | None:
    """Return why this member cannot take over work, or ``None``."""
    if member is None:
        return "is not a member of the organization"
    if is_bot(member):
        return "is the Tallyfy Bot, which cannot take over work"
    return None if member.status == "active" else f"is {member.status}, but must be active"


def _wrong(desired: DesiredMember, text: str, option: str = "") -> InputError:
    return InputError([Problem(text, subject=desired.email, option=option)])


def profile_changes(
    desired: Mapping[str, Any], current: Mapping[str, Any], *, are_unseen_desired: bool = False
) -> Record:
    """Return the fields of a profile that differ from the desired state, with the values to write; pure.

    Fields that the record does not show are left out, or included with ``are_unseen_desired``.
    """
    changes: Record = {}
    for name in PROFILE_FIELDS:
        if name not in desired or (name not in current and not are_unseen_desired):
            continue
        if name in current and desired[name] == current[name]:
            continue
        value = comparable(name, desired[name])
        if name not in current or value != comparable(name, current[name]):
            changes[name] = value
    return changes


def _plan_groups(
    desired: DesiredMember, current: Member | None, context: PlanContext
) -> tuple[list[Step], list[str], list[str]]:
    if desired.groups is None:
        return [], [], []
    names = desired.groups
    require_groups(context.groups, (*names.add, *names.remove, *(names.set or ())), desired.email)
    held = context.groups.names_of(current)
    _refuse_doubtful_groups(desired, held, context.groups)
    add, remove = names.changes({fold(name) for name in held})
    official = {key: str(group["name"]) for key, group in context.groups.items()}
    add, remove = [official[fold(name)] for name in add], [official[fold(name)] for name in remove]
    steps = [Step("added_to_group", desired.email, f"not in {name}", target=name) for name in add]
    steps += [Step("removed_from_group", desired.email, f"in {name}", target=name) for name in remove]
    kept = [name for name in held if name not in remove]
    return steps, sorted(held, key=str.casefold), sorted([*kept, *add], key=str.casefold)


def _refuse_doubtful_groups(desired: DesiredMember, held: list[str], groups: Groups) -> None:
    names = desired.groups or Names()
    concerned = (*names.add, *names.remove) if names.set is None else (*names.set, *held)
    doubtful = sorted({fold(name) for name in concerned} & groups.ambiguous)
    if doubtful:
        raise _wrong(
            desired, f"several groups are called {', '.join(doubtful)} when case is ignored; rename one of them"
        )


def unseen_fields(
    desired: DesiredMember, current: Member | None, context: PlanContext, steps: Iterable[Step]
) -> list[str]:
    """Return the fields that are desired or written, and that Tallyfy does not show; pure.

    Of a new member, Tallyfy is expected to show the same fields as of the others.
    """
    sent = {name for step in steps if step.action in _WRITES for name in step.values} - {"email"}
    if current is None:
        return sorted(sent & context.hidden)
    return unseen_in({*sent, *desired.profile, *(["role"] if desired.role else [])}, current)


def unseen_warnings(email: str, unseen: Iterable[str]) -> list[str]:
    """Return one warning about all fields that Tallyfy does not show, none when it shows all."""
    names = ", ".join(unseen)
    return [f"{email}: Tallyfy does not show {names}, so it cannot be compared or checked."] if names else []


def _required_timezone(desired: DesiredMember, context: PlanContext) -> str:
    if not context.organization_timezone:
        raise _wrong(
            desired, "neither the member nor the organization has a time zone, but Tallyfy requires one: set timezone"
        )
    return str(context.organization_timezone)


def needs_timezone(desired: DesiredMember, current: Member | None) -> bool:
    """Return whether the plan needs the organization's time zone, because the member has none and none is given."""
    if desired.state != "present" or desired.profile.get("timezone"):
        return False
    if current is not None:
        return not current.get("timezone") and bool(profile_changes(desired.profile, current))
    given = {name for name, value in desired.profile.items() if comparable(name, value) is not None}
    return not given <= set(taken_at_creation(desired.provision))


def needs_acting_email(desired: DesiredMember, current: Member | None) -> bool:
    """Return whether the plan depends on who the acting user is: a run never removes or demotes the acting user."""
    if current is None:
        return False
    if desired.state == "present":
        return desired.role in ("standard", "light") and current.role == "admin"
    return desired.state == "deleted" or current.status != "disabled"


def fields_needed(desired: DesiredMember, current: Mapping[str, Any]) -> set[str]:
    """Return the fields of the member's record that the plan needs."""
    needed = {"status", *desired.profile}
    if profile_changes(desired.profile, current):
        # A PUT must hold a time zone.
        needed.add("timezone")
    if desired.role or desired.state != "present":
        needed |= {"role", "is_default_admin"}
    if desired.state != "present":
        needed |= {"is_support_user"}
    return needed
