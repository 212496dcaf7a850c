# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out one member's plan. Private to the collection.

Source: API reference, "Members" and "Recipes".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import (
    await_late_write,
    bring_about,
    replace,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotStoredError,
    RefusedByServiceError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import encoded_path
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    SHAPE,
    DesiredMember,
    Member,
    comparable,
    find_member,
    list_everybody,
    shape_member,
    unseen_in,
)

from .handover import (
    Leaver,
    TaskHandover,
)
from .member_plan import (
    PlanContext,
    plan_member,
    profile_changes,
    unseen_fields,
    unseen_warnings,
)
from .reading import read_context

#: Statuses that mean that the service refuses to change this profile; any other error is a failure.
REFUSALS_OF_PROFILES = (400, 403, 404)


class Newcomers:
    """Finds members who were added after the plans were made; shared by all runs.

    The service may know an address that its search does not show. The full list then decides. It is read once for all
    runs, since a roster may hold thousands of such addresses.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._everybody: dict[Email, Member] | None = None

    def find(self, email: str) -> Member | None:
        """Return the member with this address, whatever their status, or ``None``."""
        with self._lock:
            is_first = self._everybody is None
            if self._everybody is None:
                self._everybody = {member.email: member for member in list_everybody(self._client)}
            found = self._everybody.get(Email(email))
        return found if found is not None or is_first else find_member(self._client, email)


class MemberRun(PlanRun):
    """Carries out one member's plan and keeps the record of the last answer.

    The caller carries out the steps about groups, to write each group once for everybody.
    """

    def __init__(
        self,
        client: Client,
        desired: DesiredMember,
        current: Member | None,
        context: PlanContext,
        plan: Plan,
        newcomers: Newcomers | None = None,
    ) -> None:
        super().__init__(plan)
        self.desired = desired
        self.current = current
        self.context = context
        self.record = Member(current or {})
        self.notes: list[str] = list(plan.warnings)
        self._client = client
        self._newcomers = newcomers or Newcomers(client)
        # ``read_context`` completes the record of a member; the answer to a creation may lack fields.
        self._is_whole = current is not None
        self._created: tuple[Step, Mapping[str, Any]] | None = None
        #: Whether the service is known to show no more fields than the record has.
        self.is_shown_in_full = False
        # The fields of the creation, because a PUT must hold fields that the service may not show.
        self._sent: Record = {}
        self._unseen = set(unseen_fields(desired, current, context, plan.steps))

    def carry_out(self, step: Step) -> bool:
        """Send the step and check that the service stored it; return whether it was done."""
        org_id = self._client.connection.org_id
        acts: dict[Verb, Callable[[], bool | None]] = {
            "created": lambda: self._add(encoded_path("applications", org_id, "users"), step.values, step),
            "invited": lambda: self._add(self._client.path("users", "invite"), self._invitation(step), step),
            "updated": lambda: self._update(step),
            "role_changed": lambda: self._change_role(step),
            "enabled": self._enable,
            "handed_over": lambda: self._hand_over(step),
            "disabled": lambda: self._disable(step),
            "deleted": lambda: self._end_access("delete"),
        }
        return acts[step.action]() is not False

    @property
    def must_read(self) -> bool:
        """Whether the answer to the creation lacks fields that were sent."""
        return self.error is None and not self._is_whole and self._created is not None

    def hidden_fields(self) -> list[str]:
        """Return the fields that the creation sent and the record does not show."""
        return unseen_in(self._created[1], self.record) if self._created is not None else []

    def learn(self, record: Mapping[str, Any]) -> None:
        """Take over the member's full record."""
        self.record.update(record)
        self._is_whole = True

    def read(self) -> None:
        """Read the member's full record."""
        self.learn(self._client.get("users", self.record["id"]))

    def prove_creation(self) -> None:
        """Compare the record with what the creation sent, if its answer lacked fields; fail the step if they differ."""
        if self._created is None:
            return
        (step, sent), self._created = self._created, None
        try:
            if not self.is_shown_in_full and (not self._is_whole or unseen_in(sent, self.record)):
                self.read()
            self._compare(sent)
        except TallyfyError as error:
            self.fail(step, error)

    def _invitation(self, step: Step) -> Record:
        return {**step.values, "message": self.desired.invitation_message}

    def _add(self, path: str, body: Mapping[str, Any], step: Step) -> bool:
        email = str(body["email"])
        try:
            self.record = Member(self._client.create(path, body, find=lambda: find_member(self._client, email)))
        except InvalidError as error:
            # The service may know an address that its search does not show, or another task has added the person.
            found = self._newcomers.find(email) if "email" in error.errors else None
            if found is None:
                error.facts["email"] = email
                raise
            self._start_over(found)
            return False
        sent = {name: value for name, value in body.items() if name in SHAPE and name != "email"}
        self._sent = {name: value for name, value in sent.items() if name in PROFILE_FIELDS}
        if unseen_in(sent, self.record):
            self._created = step, sent
        else:
            self._compare(sent)
        return True

    def _start_over(self, found: Member) -> None:
        """Plan again for a member who was added after the plan was made."""
        missing = {name: group for name, group in self.context.groups.items() if group.get("id") is None}
        ((_desired, self.current),), self.context = read_context(self._client, [(self.desired, found)])
        # The plan also needs the groups that the same task is still to create.
        self.context.groups.update({name: group for name, group in missing.items() if name not in self.context.groups})
        self.learn(self.current or {})
        self.plan = plan_member(self.desired, self.current, self.context)
        self._unseen = set(unseen_fields(self.desired, self.current, self.context, self.plan.steps))
        self.notes += self.plan.warnings

    def _update(self, step: Step) -> bool:
        # A field that only the service requires, such as a time zone, is sent when the record has none.
        desired = {name: value for name, value in step.values.items() if name in self.desired.profile}
        needed = {name: value for name, value in step.values.items() if name not in desired}
        sent: Record = {}

        def body(record: Record, _fields: Record) -> Record:
            shown = {**self.record, **record}
            kept = {name: shown[name] for name in PROFILE_FIELDS if shown.get(name) is not None}
            sent.update({**self._sent, **needed, **kept, **desired})
            if sent.get("date_format"):
                sent["date_format"] = str(sent["date_format"]).lower()
            return sent

        try:
            record, is_written = replace(
                self._client,
                "users",
                self.record["id"],
                differing=lambda record: profile_changes(desired, record, are_unseen_desired=True),
                body=body,
            )
        except RefusedByServiceError as error:
            if self.record.status == "invited" and error.status in REFUSALS_OF_PROFILES:
                # Whether an invited member's profile can be written is not documented.
                self.notes.append(f"{self.desired.email} is still invited, and Tallyfy refused the profile: {error}")
                return False
            if isinstance(error, ForbiddenError):
                error.advise(
                    "Only the person can change the profile of a member of several organizations. Otherwise the "
                    "acting user must be an administrator."
                )
            raise
        self.record.update(record)
        self._check({name: value for name, value in step.values.items() if sent.get(name) == value}, record)
        return is_written

    def _change_role(self, step: Step) -> None:
        role = step.values["role"]
        answer = self._bring_about({"role": role}, "role", is_so=lambda record: record.role == role)
        self._check(step.values, answer)

    def _hand_over(self, step: Step) -> bool:
        leaver = Leaver(self.record, is_deleted=self.desired.state == "deleted")
        run = TaskHandover(self._client, leaver, self.plan)
        is_done = run.carry_out(step)
        self.notes += run.notes
        return is_done

    def _enable(self) -> None:
        answer = self._bring_about(None, "enable", is_so=lambda record: record.status == "active")
        self._check({"status": "active"}, answer)

    def _bring_about(self, body: Any, action: str, *, is_so: Callable[[Member], bool]) -> Record:
        member_id = self.record["id"]
        answer = bring_about(
            self._client,
            "users",
            member_id,
            action,
            body=body,
            read=lambda: self._client.get("users", member_id),
            is_so=lambda record: is_so(Member(record)),
        )
        self.record.update(answer)
        return answer

    def _disable(self, step: Step) -> None:
        if step.target is None:
            self._end_access("disable")
        else:
            self._end_access(query={"with_reassignment": True, "to": step.target})

    def _end_access(self, *segments: str, query: Mapping[str, Any] | None = None) -> None:
        desired = "deleted" if "delete" in segments else "disabled"
        # A late write could otherwise restore the access afterwards.
        await_late_write(self._client, self._client.path("users", self.record["id"], "enable"))
        refusal = None
        try:
            answer = Member(
                bring_about(
                    self._client,
                    "users",
                    self.record["id"],
                    *segments,
                    method="DELETE",
                    query=query,
                    read=lambda: self._client.get("users", self.record["id"]),
                    is_so=lambda record: Member(record).status in {desired, "deleted"},
                )
            )
        except NotFoundError as error:
            # A deleted member is not found, also when read after a lost answer. A wrong address is a failure.
            if error.code == "ENDPOINT_NOT_FOUND":
                raise
            answer, refusal = Member(), error
        if answer.status != desired:
            # Neither a 404 nor an answer without a status proves that the access is removed.
            answer = find_member(self._client, self.desired.email) or Member(status=desired)
        self.record.update(answer)
        if answer.status not in {desired, "deleted"}:
            if refusal is not None:
                refusal.advise(f"Nothing was done: the member is still {answer.status} instead of {desired}.")
                raise refusal
            raise NotStoredError(
                f"Tallyfy did not refuse the request, but the member is still {answer.status} instead of {desired}.",
                subject=self.desired.email,
                not_stored=["status"],
            )

    def _check(self, sent: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Raise ``NotStoredError`` for values that the service accepted and did not store.

        Fields that the answer lacks are read. Source: API reference, "unknown keys are dropped and still answered 2xx".
        """
        if unseen_in(sent, answer):
            self.read()
        self._compare(sent)

    def _note_unseen(self, unseen: Iterable[str]) -> None:
        """Add the fields to the note of the plan about fields that Tallyfy does not show."""
        (reported,) = unseen_warnings(self.desired.email, sorted(self._unseen)) or [""]
        self._unseen.update(unseen)
        notes = unseen_warnings(self.desired.email, sorted(self._unseen))
        place = self.notes.index(reported) if reported in self.notes else len(self.notes)
        self.notes[place : place + 1] = notes

    def _compare(self, sent: Mapping[str, Any]) -> None:
        unseen = unseen_in(sent, self.record)
        if unseen:
            self._note_unseen(unseen)
        shaped = shape_member(self.record)
        lost = [
            name
            for name, value in sent.items()
            if name not in unseen and comparable(name, value) != comparable(name, shaped.get(name))
        ]
        if lost:
            found = ", ".join(f"{name} is {shorten(repr(shaped.get(name)), 60)}" for name in lost)
            raise NotStoredError(
                f"Tallyfy answered with success but did not store {', '.join(lost)} ({found}). "
                f"Check that the values are ones Tallyfy knows and that the acting user may set them.",
                subject=self.desired.email,
                not_stored=lost,
            )
