# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning one member: a table of every rule, and random people on which the rules must hold together."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, RefusedError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS, SET_BY_TALLYFY
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, members_of
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DEFAULT_MESSAGE,
    MEMBER_OPTIONS,
    DesiredMember,
    Member,
    find_member,
    is_bot,
    shape_member,
    validate_member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member_list import list_members
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import member_plan, reading
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import (
    PlanContext,
    is_left_behind,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._state.marks import Marks

EMAIL = "john.smith@example.com"
JOHN: dict[str, Any] = {
    "id": 12345, "email": EMAIL, "username": "johnsmith", "type": "standard", "role": "standard", "status": "active",
    "first_name": "John", "last_name": "Smith", "full_name": "John Smith", "job_title": "Project Manager",
    "job_description": None, "team": "Operations", "phone": "+15551234567", "country_id": 1,
    "timezone": "America/New_York", "date_format": "mm/dd/yyyy",
    "is_active": True, "active": True, "support_user": False, "is_default_admin": False,
    "created_at": "2024-06-01T08:00:00.000Z", "last_login_at": "2026-02-10T09:12:44.000Z",
    **dict.fromkeys(("updated_at", "last_updated"), "2026-02-10T09:12:44.000Z"),
}  # fmt: skip
MINIMAL = {name: JOHN[name] for name in ("id", "email", "first_name", "last_name", "status", "role")}
BOB = {"id": 7, "email": "bob@example.com", "status": "active", "role": "admin"}
GROUPS = Groups(
    {
        "sales": {"id": "g1", "name": "Sales", "members": [7]},
        "ops": {"id": "g2", "name": "Ops", "members": ["12345", 7]},
        "hr": {"id": "g3", "name": "HR", "members": [12345]},
    }
)
CONTEXT = PlanContext(groups=GROUPS, organization_timezone="Europe/London", successors={BOB["email"]: BOB})
NEW = {"first_name": "John", "last_name": "Smith"}


def desired_member(**given: Any) -> DesiredMember:
    return DesiredMember(**{"email": EMAIL, **given})


def known(record: dict[str, Any] | None) -> Member | None:
    return None if record is None else Member(record)


def plan_member(desired: DesiredMember, current: dict[str, Any] | None, context: PlanContext) -> Plan:
    """Plan with plain records."""
    successors = {email: Member(record) for email, record in context.successors.items()}
    return member_plan.plan_member(desired, known(current), replace(context, successors=successors))


def read_context(client: Any, pairs: Any, **more: Any) -> tuple[Any, PlanContext]:
    return reading.read_context(client, [(desired, known(current)) for desired, current in pairs], **more)


def acts(plan: Plan) -> list[tuple[str, dict[str, Any], str | None]]:
    return [(step.action, dict(step.values), step.target) for step in plan.steps]


# --- the table: current state, desired state, plan --------------------------------------------------------------------

UNCHANGED: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
    ("present and nothing mentioned", {}, JOHN),
    ("present in the shortest shape", {}, MINIMAL),
    ("invited counts as present", {}, {**JOHN, "status": "invited"}),
    ("every field as desired", {"profile": {name: JOHN[name] for name in PROFILE_FIELDS}, "role": "standard"}, JOHN),
    ("spaces around a value do not count", {"profile": {"team": " Operations "}}, JOHN),
    ("the service's spaces do not count", {"profile": {"team": "Operations"}}, {**JOHN, "team": "Operations "}),
    ("empty and missing are the same", {"profile": {"job_description": ""}}, JOHN),
    ("role in capitals", {"role": "standard"}, {**JOHN, "role": "Standard"}),
    ("role under its old name", {"role": "admin"}, {**MINIMAL, "role": None, "user_role": "Admin"}),
    ("date format in capitals", {"profile": {"date_format": "mm/dd/yyyy"}}, {**JOHN, "date_format": "MM/DD/YYYY"}),
    ("country as a text", {"profile": {"country_id": 1}}, {**JOHN, "country_id": "1"}),
    ("status in capitals", {}, {**JOHN, "status": "Active"}),
    ("no status at all", {}, {name: value for name, value in JOHN.items() if name != "status"}),
    ("address in other case", {"email": EMAIL.upper()}, JOHN),
    ("in the groups already", {"groups": Names(add=("OPS", " hr"))}, JOHN),
    ("not in the group anyway", {"groups": Names(remove=("Sales",))}, JOHN),
    ("exactly these groups", {"groups": Names(set=("hr", "Ops"))}, JOHN),
    ("no time zone, and none needed", {"profile": {"team": "Operations"}}, {**JOHN, "timezone": None}),
    ("the default administrator as they are", {"role": "admin"}, {**JOHN, "is_default_admin": True, "role": "Admin"}),
    ("the bot as it is", {}, {**JOHN, "type": "bot"}),
    ("wanted disabled and disabled", {"state": "disabled"}, {**JOHN, "status": "disabled"}),
    ("disabled with a successor", {"state": "disabled", "reassign_to": "x@b.test"}, {**JOHN, "status": "Disabled"}),
    ("disabled and protected", {"state": "disabled"}, {**JOHN, "status": "disabled", "support_user": True}),
]


@pytest.mark.parametrize(("given", "current"), [case[1:] for case in UNCHANGED], ids=[case[0] for case in UNCHANGED])
def test_nothing_to_do(given: dict[str, Any], current: dict[str, Any] | None) -> None:
    plan = plan_member(desired_member(**given), current, CONTEXT)
    assert (plan.steps, dict(plan.before), dict(plan.after), plan.warnings) == ((), {}, {}, ())


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_leaver_whom_nobody_knows_is_warned_of(state: str) -> None:
    plan = plan_member(desired_member(state=state), None, CONTEXT)
    assert plan == Plan(EMAIL, warnings=(f"{EMAIL}: No member has this address.",))


def did(action: str, target: str | None = None, **values: Any) -> tuple[str, dict[str, Any], str | None]:
    return action, values, target


CREATED = {**NEW, "email": EMAIL, "role": "light"}
NO_ZONE = {**JOHN, "timezone": None}
DISABLED = {**JOHN, "status": "disabled"}
#: What is told is what the steps write, beside what stood there before; but for the groups, and for who is deleted.
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any] | None, list[Any], tuple[list[str], list[str]] | None]] = [
    ("only the field that differs", {"profile": {"team": "Support", "phone": "+15551234567"}},
     JOHN, [did("updated", team="Support")], None),
    ("an empty text clears", {"profile": {"team": "", "phone": " "}},
     JOHN, [did("updated", phone=None, team=None)], None),
    ("date format is written in lower case", {"profile": {"date_format": "dd/mm/yyyy"}},
     {**JOHN, "date_format": "MM/DD/YYYY"}, [did("updated", date_format="dd/mm/yyyy")], None),
    ("case matters in a name", {"profile": {"first_name": "john"}}, JOHN, [did("updated", first_name="john")], None),
    ("a member without a time zone gets the organization's when a PUT is needed",
     {"profile": {"team": "Support"}}, NO_ZONE, [did("updated", team="Support", timezone="Europe/London")], None),
    ("the wanted time zone goes before the organization's", {"profile": {"team": "Support", "timezone": "Asia/Tokyo"}},
     {**JOHN, "timezone": ""}, [did("updated", timezone="Asia/Tokyo", team="Support")], None),
    ("role has a route of its own", {"role": "admin"},
     {**JOHN, "role": "Light"}, [did("role_changed", role="admin")], None),
    ("role that is not known", {"role": "light"}, {**MINIMAL, "role": None}, [did("role_changed", role="light")], None),
    ("a disabled member who is wanted again", {}, DISABLED, [did("enabled", status="active")], None),
    ("everything, enabled first",
     {"profile": {"team": "Support"}, "role": "admin", "groups": Names(add=("sales",), remove=("OPS",))}, DISABLED,
     [did("enabled", status="active"), did("updated", team="Support"), did("role_changed", role="admin"),
      did("added_to_group", "Sales"), did("removed_from_group", "Ops")], (["HR", "Ops"], ["HR", "Sales"])),
    ("out of all groups", {"groups": Names(set=())}, JOHN,
     [did("removed_from_group", "HR"), did("removed_from_group", "Ops")], (["HR", "Ops"], [])),
    ("the whole list of groups", {"groups": Names(set=("sales", "HR"))}, JOHN,
     [did("added_to_group", "Sales"), did("removed_from_group", "Ops")], (["HR", "Ops"], ["HR", "Sales"])),
    ("the default administrator may become administrator", {"role": "admin"},
     {**JOHN, "is_default_admin": True}, [did("role_changed", role="admin")], None),
    ("the default administrator's profile may change", {"profile": {"team": "Support"}},
     {**JOHN, "is_default_admin": True, "support_user": True}, [did("updated", team="Support")], None),
    ("created, with the least role", {"profile": NEW, "provision": "direct"}, None, [did("created", **CREATED)], None),
    ("invited", {"profile": NEW, "role": "admin"}, None, [did("invited", **{**CREATED, "role": "admin"})], None),
    ("the application route takes the time zone at once",
     {"profile": {**NEW, "timezone": "Asia/Tokyo"}, "provision": "direct"}, None,
     [did("created", **CREATED, timezone="Asia/Tokyo")], None),
    ("an invitation takes no profile, so it follows", {"profile": {**NEW, "timezone": "Asia/Tokyo", "team": "Support"}},
     None, [did("invited", **CREATED), did("updated", timezone="Asia/Tokyo", team="Support")], None),
    ("a PUT will be needed, so the organization's time zone is given",
     {"profile": {**NEW, "team": "Support"}, "provision": "direct"}, None,
     [did("created", **CREATED, timezone="Europe/London"), did("updated", team="Support")], None),
    ("blank fields of a new member need no PUT",
     {"profile": {**NEW, "team": "", "phone": " "}, "provision": "direct"}, None, [did("created", **CREATED)], None),
    ("a new member joins groups", {"profile": NEW, "groups": Names(add=("hr", "SALES"), remove=("Ops",))}, None,
     [did("invited", **CREATED), did("added_to_group", "HR"), did("added_to_group", "Sales")], ([], ["HR", "Sales"])),
    ("access is taken away", {"state": "disabled"}, JOHN, [did("disabled", status="disabled")], None),
    ("an invited member is disabled, and nothing else of a leaver is changed",
     {"state": "disabled", "profile": {"team": "x"}, "role": "admin", "groups": Names(add=("Sales",))},
     {**JOHN, "status": "invited"}, [did("disabled", status="disabled")], None),
    ("open work is handed over", {"state": "disabled", "reassign_to": BOB["email"]},
     JOHN, [did("disabled", "7", status="disabled")], None),
    ("deleted in two steps", {"state": "deleted"}, MINIMAL, [did("disabled", status="disabled"), did("deleted")], None),
    ("deleted with a successor", {"state": "deleted", "reassign_to": BOB["email"]},
     {**MINIMAL, "status": "invited"}, [did("disabled", "7", status="disabled"), did("deleted")], None),
    ("a deletion that was half done is resumed", {"state": "deleted"},
     {**MINIMAL, "status": "disabled"}, [did("deleted")], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "current", "steps", "groups"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES]
)
def test_plan(
    given: dict[str, Any],
    current: dict[str, Any] | None,
    steps: list[Any],
    groups: tuple[list[str], list[str]] | None,
) -> None:
    plan = plan_member(desired_member(**given), current, CONTEXT)
    assert acts(plan) == steps
    after = {name: value for _action, values, _target in steps for name, value in values.items()}
    before = {name: current[name] for name in after} if current else {}
    if before.get("role"):
        before["role"] = before["role"].lower()
    if groups is not None:
        before, after = ({**before, "groups": groups[0]} if current else {}), {**after, "groups": groups[1]}
    if current and given.get("state") == "deleted":
        state = "disabled" if current["status"] == "disabled" else "present"
        before, after = {**current, "full_name": "John Smith", "state": state}, {}
    assert (dict(plan.before), dict(plan.after)) == (before, after)
    assert plan.subject == EMAIL
    assert all(step.subject == EMAIL and step.reason for step in plan.steps)


BOTS = [
    {**JOHN, "type": "Bot"},
    {**JOHN, "username": "TallyfyBot"},
    {**JOHN, "email": "Bot@Tallyfy.com"},
    {**JOHN, "full_name": "Tallyfy Bot"},
]
REFUSED: list[Any] = [
    *((state, bot, None, "Tallyfy Bot") for bot in BOTS for state in ({"state": "disabled"}, {"state": "deleted"})),
    *(({"role": "admin"}, bot, None, "Tallyfy Bot") for bot in BOTS),
    ({"profile": {"team": "x"}}, BOTS[0], None, "Tallyfy Bot"),
    ({"groups": Names(add=("Sales",))}, BOTS[0], None, "Tallyfy Bot"),
    ({"state": "disabled"}, {**JOHN, "support_user": True}, None, "support account"),
    ({"state": "deleted"}, {**JOHN, "support_user": True}, None, "support account"),
    ({"state": "disabled"}, {**JOHN, "is_default_admin": True}, None, "default administrator"),
    ({"state": "deleted"}, {**JOHN, "is_default_admin": True}, None, "default administrator"),
    ({"state": "deleted"}, {**JOHN, "is_default_admin": True, "status": "disabled"}, None, "default administrator"),
    ({"role": "light"}, {**JOHN, "is_default_admin": True, "role": "admin"}, None, "default administrator"),
    ({"role": "standard"}, {**JOHN, "is_default_admin": True, "role": "Admin"}, None, "default administrator"),
    ({"state": "disabled"}, JOHN, "JOHN.smith@example.com", "the acting user"),
    ({"state": "disabled", "reassign_to": "bob@example.com"}, JOHN, EMAIL, "the acting user"),
    ({"state": "deleted"}, {**JOHN, "status": "disabled"}, EMAIL, "the acting user"),
]


@pytest.mark.parametrize(("given", "current", "acting", "reason"), REFUSED)
def test_protected_people_are_refused_with_the_reason(
    given: dict[str, Any], current: dict[str, Any], acting: str | None, reason: str
) -> None:
    context = PlanContext(
        groups=GROUPS, organization_timezone="UTC", acting_email=acting, successors={BOB["email"]: BOB}
    )
    with pytest.raises(RefusedError, match=reason) as caught:
        plan_member(desired_member(**given), current, context)
    assert EMAIL in caught.value.message


def test_somebody_else_may_be_removed_by_the_acting_user() -> None:
    context = PlanContext(acting_email="admin@example.com")
    assert acts(plan_member(desired_member(state="disabled"), JOHN, context)) == [
        ("disabled", {"status": "disabled"}, None)
    ]


@pytest.mark.parametrize(
    ("given", "current", "context", "words"),
    [
        ({}, None, CONTEXT, "set first_name and last_name"),
        ({"profile": {"first_name": "John", "last_name": " "}}, None, CONTEXT, "set last_name"),
        ({"profile": {"last_name": "Smith"}}, None, CONTEXT, "set first_name$"),
        ({"profile": {"team": "x"}}, {**JOHN, "timezone": None}, PlanContext(), "set timezone"),
        ({"profile": {**NEW, "team": "x"}}, None, PlanContext(), "set timezone"),
        ({"groups": Names(add=("Sales", "Marketing"))}, JOHN, CONTEXT, "no group 'Marketing'"),
        ({"groups": Names(remove=("Marketing",))}, JOHN, CONTEXT, "no group 'Marketing'"),
        ({"groups": Names(set=("Marketing",)), "profile": NEW}, None, CONTEXT, "no group 'Marketing'"),
        ({"state": "disabled", "reassign_to": "x@example.com"}, JOHN, PlanContext(), "x@example.com is not a member"),
        *(
            ({"state": state, "reassign_to": BOB["email"]}, JOHN, PlanContext(successors={BOB["email"]: bob}), words)
            for state, bob, words in (
                ("disabled", {**BOB, "status": "disabled"}, "is disabled, but must be active"),
                ("deleted", {**BOB, "status": "Invited"}, "is invited, but must be active"),
                ("disabled", {**BOB, "type": "bot"}, "is the Tallyfy Bot, which cannot take over work"),
            )
        ),
    ],
)
def test_what_is_missing_is_said(
    given: dict[str, Any], current: dict[str, Any] | None, context: PlanContext, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        plan_member(desired_member(**given), current, context)
    assert {problem.subject for problem in caught.value.problems} == {EMAIL}
    assert str(caught.value).startswith(f"{EMAIL}: ")


@pytest.mark.parametrize("organizations", [[{"id": "a"}, {"id": "b"}], {"data": [{"id": "a"}, {"id": "b"}]}])
def test_member_of_several_organizations_keeps_the_profile(organizations: object) -> None:
    current = {**JOHN, "organizations": organizations}
    plan = plan_member(desired_member(profile={"team": "Support"}, role="admin"), current, CONTEXT)
    assert acts(plan) == [("role_changed", {"role": "admin"}, None)]
    (warning,) = plan.warnings
    assert "2 organizations" in warning
    assert "team" in warning
    assert "team" not in plan.after
    # A field that is up to date needs no warning.
    assert plan_member(desired_member(profile={"team": "Operations"}), current, CONTEXT).warnings == ()


@pytest.mark.parametrize("organizations", [None, [], [{"id": "a"}], {"data": [{"id": "a"}]}, {"data": None}])
def test_member_of_one_organization_is_edited(organizations: object) -> None:
    plan = plan_member(desired_member(profile={"team": "x"}), {**JOHN, "organizations": organizations}, CONTEXT)
    assert [step.action for step in plan.steps] == ["updated"]
    assert plan.warnings == ()


def test_field_that_is_not_shown_is_warned_about_and_left_alone() -> None:
    plan = plan_member(desired_member(profile={"team": "x", "first_name": "John"}), MINIMAL, CONTEXT)
    assert plan.steps == ()
    (warning,) = plan.warnings
    assert "team" in warning
    assert "first_name" not in warning


# --- random people ----------------------------------------------------------------------------------------------------

VALUES: dict[str, list[Any]] = {
    "first_name": ["John", "Jon"],
    "last_name": ["Smith", "Smythe"],
    "timezone": ["Asia/Tokyo", "UTC"],
    "phone": ["1", "2", "", " "],
    "job_title": ["a", "A", ""],
    "job_description": ["d", ""],
    "team": ["Ops", " Ops", "ops"],
    "country_id": [1, 2],
    "date_format": ["mm/dd/yyyy", "dd/mm/yyyy"],
}
STORED: dict[str, list[Any]] = {
    **VALUES,
    "timezone": ["Asia/Tokyo", "UTC", None, ""],
    "phone": ["1", None, ""],
    "job_title": ["a", None],
    "country_id": [1, "2", None],
    "date_format": ["MM/DD/YYYY", "dd/mm/yyyy", None],
}
group_names = st.lists(st.sampled_from(["Sales", "ops", " HR "]), max_size=3, unique=True)
wishes = st.builds(
    DesiredMember,
    email=st.sampled_from([EMAIL, EMAIL.upper()]),
    state=st.sampled_from(["present", "present", "disabled", "deleted"]),
    profile=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}),
    role=st.sampled_from([None, "admin", "standard", "light"]),
    groups=st.none()
    | st.builds(Names, add=group_names.map(tuple))
    | st.builds(Names, remove=group_names.map(tuple))
    | st.builds(Names, set=group_names.map(tuple)),
    provision=st.sampled_from(["direct", "invite"]),
    reassign_to=st.sampled_from([None, "bob@example.com"]),
)
people = st.none() | st.fixed_dictionaries(
    {
        "id": st.just(12345),
        "email": st.sampled_from([EMAIL, "John.Smith@Example.com"]),
        "status": st.sampled_from(["active", "invited", "disabled", "Active"]),
        "role": st.sampled_from(["admin", "Standard", "light"]),
        **{name: st.sampled_from(values) for name, values in STORED.items()},
    },
    optional={
        "type": st.sampled_from(["standard", "bot"]),
        "is_default_admin": st.booleans(),
        "support_user": st.booleans(),
        "organizations": st.sampled_from([[], [1], [1, 2], {"data": [1, 2, 3]}]),
    },
)
contexts = st.builds(
    lambda held, acting, successor: {
        "groups": Groups(
            {
                fold(name): {"id": name, "name": name, "members": [7, 12345] if name in held else ["7"]}
                for name in ("Sales", "Ops", "HR")
            }
        ),
        "organization_timezone": "Europe/London",
        "acting_email": acting,
        "successors": {BOB["email"]: successor} if successor else {},
    },
    st.sets(st.sampled_from(["Sales", "Ops", "HR"])),
    st.sampled_from([None, EMAIL, "admin@example.com"]),
    st.sampled_from([BOB, {**BOB, "status": "disabled"}, None]),
)


class World:
    """A service with one person: carries out the steps of a plan and enforces the rules of Tallyfy."""

    def __init__(self, current: dict[str, Any] | None, groups: dict[str, Any]) -> None:
        self.member = copy.deepcopy(current)
        self.id = 12345 if current else 999
        self.groups = copy.deepcopy(groups)

    def apply(self, step: Step) -> None:
        if step.action in {"created", "invited"}:
            assert self.member is None
            status = "active" if step.action == "created" else "invited"
            self.member = {**dict.fromkeys(PROFILE_FIELDS), "id": self.id, "status": status, **step.values}
            return
        member = self.member
        assert member is not None
        assert not is_bot(member)
        if step.action == "updated":
            assert set(step.values) <= set(PROFILE_FIELDS)
            member.update(step.values)
            assert all(member[name] for name in ("first_name", "last_name", "timezone")), "the service needs these"
        elif step.action == "role_changed":
            assert not (member.get("is_default_admin") and step.values["role"] != "admin")
            member["role"] = step.values["role"]
        elif step.action == "enabled":
            assert member["status"] == "disabled"
            member["status"] = "active"
        else:
            self.end_or_join(step, member)

    def end_or_join(self, step: Step, member: dict[str, Any]) -> None:
        if step.action == "disabled":
            assert member["status"] != "disabled"
            assert not member.get("is_default_admin")
            member["status"] = "disabled"
            for group in self.groups.values():
                group["members"] = [member_id for member_id in group["members"] if int(member_id) != self.id]
        elif step.action == "deleted":
            assert member["status"] == "disabled", "Please disable the user before deletion."
            self.member = None
        else:
            members = self.groups[fold(str(step.target))]["members"]
            if step.action == "added_to_group":
                assert self.id not in members
                members.append(self.id)
            else:
                assert step.action == "removed_from_group"
                members.remove(self.id)

    def seen(self) -> dict[str, Any]:
        """Return everything that a plan may change, in one form."""
        if self.member is None:
            return {}
        seen = {name: plain(name, self.member.get(name)) for name in (*PROFILE_FIELDS, "role", "status")}
        seen["groups"] = sorted(group["name"] for group in self.groups.values() if self.id in members_of(group))
        return seen


def plain(name: str, value: Any) -> Any:
    if name == "country_id" and value is not None:
        return int(value)
    if isinstance(value, str):
        value = value.strip()
        if name in {"date_format", "role", "status"}:
            value = value.lower()
    return sorted(value) if name == "groups" else value or None


def is_refused(desired: DesiredMember, current: dict[str, Any] | None, acting: str | None) -> bool:
    """Return whether removing or demoting this person is forbidden; written independently of the code."""
    if current is None:
        return False
    role = current["role"].lower()
    is_acting = acting is not None and acting.lower() == current["email"].lower()
    if desired.state == "present":
        becomes_less = desired.role not in (None, "admin", role)
        return becomes_less and (bool(current.get("is_default_admin")) or (is_acting and role == "admin"))
    if desired.state == "disabled" and current["status"] == "disabled":
        return False
    return (
        current.get("type") == "bot"
        or bool(current.get("support_user") or current.get("is_default_admin"))
        or is_acting
    )


def is_as_desired(desired: DesiredMember, world: World, before: dict[str, Any]) -> bool:
    seen = world.seen()
    if desired.state == "deleted":
        return world.member is None
    if desired.state == "disabled":
        return world.member is None or seen["status"] == "disabled"
    organizations = included(world.member or {}, "organizations")
    names = set(seen["groups"])
    wish = desired.groups or Names()
    folded = {fold(name) for name in names}
    if len(organizations or []) > 1:
        assert all(seen[name] == before[name] for name in PROFILE_FIELDS)
    else:
        assert all(seen[name] == plain(name, value) for name, value in desired.profile.items())
    assert desired.role in (None, seen["role"])
    assert {fold(name) for name in wish.add} <= folded
    assert not {fold(name) for name in wish.remove} & folded
    assert wish.set is None or {fold(name) for name in wish.set} == folded
    return seen["status"] in {"active", "invited"}


@given(wishes, people, contexts)
def test_plan_leads_to_what_is_desired_and_tells_exactly_what_it_does(
    desired: DesiredMember, current: dict[str, Any] | None, things: dict[str, Any]
) -> None:
    context = PlanContext(**things)
    arguments = copy.deepcopy((desired, current, things))
    is_protected = is_refused(desired, current, context.acting_email)
    plan: Plan | None = None
    try:
        plan = plan_member(desired, current, context)
    except RefusedError:
        assert is_protected or is_bot(current or {})
    except InputError:
        assert current is None or desired.reassign_to
    assert (desired, current, things) == arguments, "planning changes nothing"
    if plan is None:
        return
    assert not is_protected
    assert plan == plan_member(desired, current, context), "the same arguments give the same plan"

    world = World(current, things["groups"])
    before = world.seen()
    for step in plan.steps:
        world.apply(step)
    assert is_as_desired(desired, world, before)

    again = plan_member(desired, world.member, PlanContext(**{**things, "groups": Groups(world.groups)}))
    assert again.steps == (), "the second time there is nothing to do"
    assert (again.before, again.after) == ({}, {})

    after = world.seen()
    if not before or not after:
        assert bool(plan.steps) == (bool(before) != bool(after))
        reported = {name: plain(name, value) for name, value in plan.after.items() if name != "email"}
        assert reported == {name: after.get(name) for name in reported}
        assert {name for name, value in after.items() if value and name not in {"status"}} <= set(reported)
        return
    differing = {name for name in after if before[name] != after[name]}
    if desired.state == "disabled":
        differing.discard("groups")  # the service's own doing
    assert set(plan.before) == set(plan.after) == differing
    assert {name: plain(name, value) for name, value in plan.before.items()} == {
        name: before[name] for name in differing
    }
    assert {name: plain(name, value) for name, value in plan.after.items()} == {name: after[name] for name in differing}


# --- options ----------------------------------------------------------------------------------------------------------


def test_only_what_is_mentioned_is_desired() -> None:
    params = {**dict.fromkeys(PROFILE_FIELDS), "email": f" {EMAIL} ", "team": "", "reassign_to": "  ", "groups": None}
    params.update(first_name=" Zo\u0308e\u200b", last_name="\u200b", phone="\u00a0", clear=["team", " "])
    desired = DesiredMember.from_params(params, has_application=True)
    assert desired == DesiredMember(Email(EMAIL), profile={"first_name": "Z\u00f6e", "team": ""}, provision="direct")
    assert DesiredMember.from_params(params, has_application=False).provision == "invite"
    assert DesiredMember.from_params({**params, "provision": "invite"}, has_application=True).provision == "invite"
    assert desired.invitation_message == DEFAULT_MESSAGE


@pytest.mark.parametrize("email", ["a@b.co", "o'hara+x@example.com", "ü@exämple.de", "A.B@EXAMPLE.COM"])
def test_addresses(email: str) -> None:
    assert validate_member({"email": email}) == []


@pytest.mark.parametrize(
    "email", ["", None, "a", "a@b", "@b.co", "a@b.co,c@d.co", "a b@c.de", "<a@b.co>", "a@@b.co", "a@b."]
)
def test_what_is_no_address(email: str | None) -> None:
    assert any("not an e-mail address" in flaw.text for flaw in validate_member({"email": email}))


def test_all_problems_of_one_member() -> None:
    wrong = {"email": "x", "first_name": "", "last_name": "ftp://x", "phone": "1" * 21, "timezone": " "}
    assert len(validate_member({**wrong, "reassign_to": "x", "groups": {"set": ["a"], "add": ["b"]}})) == 5


# --- shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"status": "Active", "email": EMAIL}, "active"),
        ({"status": "invited"}, "invited"),
        ({}, "active"),
        ({"email": f"{EMAIL}.deleted.1007", "status": "disabled"}, "deleted"),
        ({"email": "a.deleted.7@example.com", "status": "active"}, "active"),
    ],
)
def test_status(record: dict[str, Any], expected: str) -> None:
    assert Member(record).status == expected


def test_role_is_read_under_both_names() -> None:
    assert Member({"role": "Admin"}).role == "admin"
    assert Member({"user_role": "Light"}).role == "light"
    assert Member({"role": None, "user_role": "light"}).role == "light"
    assert Member({}).role == ""


def test_shape_is_the_same_whatever_the_service_sent() -> None:
    documented = {name: value for name, value in JOHN.items() if name not in {"active", "last_updated", "support_user"}}
    documented.update(role="Standard", date_format="MM/DD/YYYY")
    sdk = {name: value for name, value in JOHN.items() if name not in {"is_active", "updated_at", "type"}}
    assert shape_member(documented) == shape_member(sdk) == shape_member(JOHN)
    assert shape_member(JOHN)["updated_at"] == JOHN["last_updated"]


def test_shape_is_what_can_be_desired_and_what_tallyfy_sets() -> None:
    """A record can be used as a row of a roster."""
    desired_by_rows = {"clear", "provision", "invitation_message", "reassign_to"}
    assert set(shape_member(JOHN, [])) == {*MEMBER_OPTIONS, *SET_BY_TALLYFY} - desired_by_rows


@pytest.mark.parametrize(
    ("status", "state"), [("active", "present"), ("Invited", "present"), ("disabled", "disabled"), (None, None)]
)
def test_shape_has_the_state_that_would_be_desired(status: str | None, state: str | None) -> None:
    assert shape_member({**MINIMAL, "status": status})["state"] == state


def test_shape_of_the_shortest_record() -> None:
    shaped = shape_member(MINIMAL)
    assert set(shaped) == set(shape_member(JOHN))
    assert shaped["full_name"] == "John Smith"
    assert (shaped["phone"], shaped["is_bot"], shaped["is_default_admin"]) == (None, False, False)
    assert "groups" not in shaped
    assert shape_member(MINIMAL, ["b", "A"])["groups"] == ["A", "b"]


# --- reading ----------------------------------------------------------------------------------------------------------


class Members:
    """A stand-in for the client: lists rows and counts requests."""

    def __init__(self, *rows: dict[str, Any], whole: dict[str, Any] | None = None, finds_plus: bool = True) -> None:
        self.rows = rows
        self.whole = whole or {}
        self.finds_plus = finds_plus
        self.asked: list[str] = []
        self.acting: str | None = None
        self.check_mode = False
        self.late_writes = Marks(None, "late-writes", 120)
        self.now = time.time

    def path(self, *segments: object) -> str:
        return "/".join(map(str, segments))

    def records(
        self, path: str, *, query: dict[str, Any] | None = None, per_page: int = 100, workers: int = 1
    ) -> list[dict[str, Any]]:
        assert per_page >= 100
        assert workers >= 1
        q = (query or {}).get("q")
        self.asked.append(f"{path}?q={q}" if q else path)
        if path == "groups":
            return list(copy.deepcopy(GROUPS).values())
        if q and "+" in q and not self.finds_plus:
            return []
        return [dict(row) for row in self.rows if not q or q.lower() in str(row).lower()]

    def call(self, method: str, path: str, *, query: dict[str, Any]) -> SimpleNamespace:
        assert (method, query) == ("GET", {"per_page": 1})
        self.asked.append(f"{path}?first")
        return SimpleNamespace(data=[dict(row) for row in self.rows[:1]])

    def acting_email(self) -> str | None:
        return self.acting

    def get(self, *segments: object) -> dict[str, Any]:
        self.asked.append(self.path("get", *segments))
        return dict(self.whole)

    def organization(self) -> dict[str, Any]:
        self.asked.append("get")
        return {"timezone": "Europe/London"}


def find(client: Members, email: str) -> dict[str, Any] | None:
    return find_member(client, email)


def test_member_is_found_exactly_but_for_case() -> None:
    longer = {**JOHN, "id": 1, "email": "x" + EMAIL}
    client = Members(longer, {**JOHN, "email": "John.Smith@Example.com"})
    found = find(client, EMAIL)
    assert found is not None
    assert found["id"] == 12345
    assert client.asked == [f"users?q={EMAIL}"]
    assert find(Members(longer), EMAIL) is None


def test_deleted_member_is_not_found() -> None:
    assert find(Members({**JOHN, "email": f"{EMAIL}.deleted.12345"}), EMAIL) is None


def test_address_with_a_plus_is_looked_for_in_the_whole_list_too() -> None:
    plus = {**JOHN, "email": "john+x@example.com"}
    client = Members(plus, finds_plus=False)
    assert find(client, "john+x@example.com") == plus
    assert client.asked == ["users?q=john+x@example.com", "users"]
    assert find(client, "else+x@example.com") is None


def look(client: Members, desired: DesiredMember, current: dict[str, Any] | None) -> tuple[Any, PlanContext]:
    ((_desired, found),), context = read_context(client, [(desired, current)])
    return found, context


def test_member_as_desired_costs_no_further_request() -> None:
    client = Members()
    current, context = look(client, desired_member(profile={"team": "Operations"}, role="standard"), JOHN)
    assert (current, context) == (JOHN, PlanContext())
    assert client.asked == []


def test_groups_are_only_read_when_they_are_mentioned() -> None:
    client = Members()
    assert set(look(client, desired_member(groups=Names(add=("Sales",))), JOHN)[1].groups) == set(GROUPS)
    assert client.asked == ["groups"]


@pytest.mark.parametrize(
    ("row", "whole", "hidden", "asked"),
    [
        (JOHN, {}, set(), ["users?first"]),
        (MINIMAL, JOHN, set(), ["users?first", "get/users/12345"]),
        (MINIMAL, MINIMAL, set(PROFILE_FIELDS) - {"first_name", "last_name"}, ["users?first", "get/users/12345"]),
        ({}, {}, set(), ["users?first"]),
    ],
    ids=["shown", "short rows", "short records", "no record"],
)
def test_check_mode_finds_out_what_is_shown_of_nobody(
    row: dict[str, Any], whole: dict[str, Any], hidden: set[str], asked: list[str]
) -> None:
    client = Members(row, whole=whole)
    client.check_mode = True
    pairs: list[Any] = [(desired_member(profile=NEW), None)]
    assert read_context(client, pairs)[1].hidden == hidden
    assert client.asked == asked
    client.asked.clear()
    everybody = {EMAIL: {**row, "email": EMAIL}}
    assert read_context(client, pairs, everybody=everybody)[1].hidden == hidden
    assert client.asked == asked[1:]


def test_what_is_shown_of_nobody_matters_for_new_people_in_check_mode_only() -> None:
    client = Members(MINIMAL, whole=MINIMAL)
    assert read_context(client, [(desired_member(profile=NEW), None)])[1] == PlanContext()
    client.check_mode = True
    assert read_context(client, [(desired_member(profile=NEW), JOHN)])[1] == PlanContext()
    assert read_context(client, [(desired_member(state="disabled"), None)])[1] == PlanContext()
    assert client.asked == []


@pytest.mark.parametrize(
    ("given", "hidden", "expected"),
    [
        ({"profile": NEW}, (), ()),
        ({"profile": NEW}, ("team", "phone"), ()),
        ({"profile": {**NEW, "team": "x", "phone": "+1"}}, ("team", "phone", "timezone"), ("phone, team, timezone",)),
        ({"profile": {**NEW, "team": ""}}, ("team",), ()),
        ({"profile": NEW}, ("role",), ("role",)),
    ],
)
def test_plan_tells_what_is_not_shown_of_somebody_new(
    given: dict[str, Any], hidden: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    context = replace(CONTEXT, hidden=frozenset(hidden))
    reported = tuple(
        f"{EMAIL}: Tallyfy does not show {names}, so it cannot be compared or checked." for names in expected
    )
    assert plan_member(desired_member(**given), None, context).warnings == reported


def test_plan_tells_that_the_time_zone_it_has_to_send_is_not_shown() -> None:
    current = {name: value for name, value in JOHN.items() if name != "timezone"}
    plan = plan_member(desired_member(profile={"team": "x"}), current, CONTEXT)
    assert plan.warnings == (f"{EMAIL}: Tallyfy does not show timezone, so it cannot be compared or checked.",)


def test_short_row_is_completed_before_it_is_compared() -> None:
    client = Members(whole=JOHN)
    current, _context = look(client, desired_member(profile={"team": "Operations"}), MINIMAL)
    assert current == JOHN
    assert client.asked == ["get/users/12345"]


def test_time_zone_that_a_short_row_leaves_out_is_not_overwritten() -> None:
    client = Members(whole=JOHN)
    desired = desired_member(profile={"first_name": "Jon"})
    current, context = look(client, desired, MINIMAL)
    assert acts(plan_member(desired, current, context)) == [("updated", {"first_name": "Jon"}, None)]
    assert client.asked == ["get/users/12345"]


@pytest.mark.parametrize(
    ("given", "current", "asks"),
    [
        ({"profile": {"team": "x"}}, {**JOHN, "timezone": None}, True),
        ({"profile": {"team": "x", "timezone": "UTC"}}, {**JOHN, "timezone": None}, False),
        ({"profile": {"team": "Operations"}}, {**JOHN, "timezone": None}, False),
        ({"profile": {**NEW, "team": "x"}}, None, True),
        ({"profile": {**NEW, "team": ""}}, None, False),
        ({"profile": NEW}, None, False),
        ({"state": "disabled", "profile": {"team": "x"}}, None, False),
    ],
)
def test_time_zone_of_the_organization_is_only_read_when_needed(
    given: dict[str, Any], current: dict[str, Any] | None, asks: bool
) -> None:
    client = Members(whole=JOHN)
    _current, context = look(client, desired_member(**given), current)
    assert (context.organization_timezone == "Europe/London") is asks
    assert ("get" in client.asked) is asks


def test_acting_user_and_successor_are_only_looked_for_when_somebody_leaves() -> None:
    client = Members(BOB)
    client.acting = "admin@example.com"
    leaving = desired_member(state="disabled", reassign_to="bob@example.com")
    assert look(client, leaving, JOHN)[1] == PlanContext(
        acting_email="admin@example.com", successors={BOB["email"]: BOB}
    )
    client.asked.clear()
    assert look(client, leaving, None)[1] == PlanContext()
    assert look(client, desired_member(state="disabled"), {**JOHN, "status": "disabled"})[1] == PlanContext()
    assert client.asked == []
    # One request for open tasks of members without access.
    assert look(client, leaving, {**JOHN, "status": "disabled"})[1] == PlanContext()
    assert client.asked == ["tasks"]
    deleting = desired_member(state="deleted")
    assert look(client, deleting, {**JOHN, "status": "disabled"})[1].acting_email == "admin@example.com"


def test_listed_members_are_filtered_shaped_and_sorted() -> None:
    rows = [{**BOB, "role": "Admin"}, JOHN, {**MINIMAL, "id": 3, "email": "ann@example.com", "status": "invited"}]

    def listed(**filters: Any) -> list[str]:
        return [str(member["email"]) for member in list_members(Members(*rows), filters)]

    assert listed() == ["ann@example.com", "bob@example.com", EMAIL]
    assert listed(role="admin") == ["bob@example.com"]
    assert listed(status="invited") == ["ann@example.com"]
    assert listed(email="BOB@example.com") == ["bob@example.com"]
    assert listed(email="bob@example.com", role="light") == []
    with_groups = list_members(Members(*rows), {"complete": True})
    assert [member["groups"] for member in with_groups] == [[], ["Ops", "Sales"], ["HR", "Ops"]]


@pytest.mark.parametrize("status", ["active", "invited", "disabled", None])
@pytest.mark.parametrize("state", ["present", "disabled", "deleted"])
@pytest.mark.parametrize("successor", ["alice@example.com", None])
def test_only_who_is_out_already_may_have_left_tasks_behind(status: str, state: str, successor: str | None) -> None:
    current = {**BOB, "status": status} if status else None
    is_left = status == "disabled" and state != "present" and successor is not None
    assert is_left_behind(desired_member(state=state, reassign_to=successor), known(current)) is is_left
