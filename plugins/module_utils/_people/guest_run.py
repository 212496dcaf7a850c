# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing a guest: carrying out the plan, and the reads that it needs. Private to the collection.

Source: API reference, "Guests".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import (
    await_late_write,
    await_late_writes,
    bring_about,
    rewrite,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    PlanRun,
    Step,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    InputError,
    InvalidError,
    NotFoundError,
    NotStoredError,
    PausedError,
    RateLimitError,
)

from .directory import (
    Directory,
)
from .guest import (
    NOT_AT_CREATION,
    DesiredGuest,
    associated,
    differing,
    drift,
    find_guest,
    is_disabled,
    plan_guest,
    shape_guest,
    state_of,
    validate_guest,
)
from .member import (
    find_member,
    list_everybody,
)


class GuestRun(PlanRun):
    """Carries out one guest's plan and keeps the record of the last answer.

    ``notes`` and ``unchangeable`` go into the result.
    """

    def __init__(
        self, client: Client, desired: DesiredGuest, current: Record | None, directory: Directory, plan: Plan
    ) -> None:
        super().__init__(plan)
        self.desired = desired
        self.record: Record = dict(current or {})
        self.notes: list[str] = list(plan.warnings)
        self.unchangeable: list[Record] = drift(desired, current) if current is not None else []
        self._client = client
        self._directory = directory

    def use(self, directory: Directory) -> None:
        """Take member IDs from another directory: some members may have been added since the plan was made."""
        self._directory = directory

    def carry_out(self, step: Step) -> bool:
        """Send the step and check that the service stored it; return whether it was done."""
        acts: dict[Verb, Callable[[], bool]] = {
            "created": lambda: self._create(step),
            "updated": self._update,
            "handed_over": self._update,
            "enabled": self._enable,
            "disabled": self._disable,
            "deleted": self._delete,
        }
        return acts[step.action]()

    @property
    def _email(self) -> str:
        return str(self.record.get("email") or self.desired.email)

    def _create(self, step: Step) -> bool:
        email = self.desired.email
        try:
            self.record = self._client.create(
                self._client.path("guests"), step.values, find=lambda: find_guest(self._client, email)
            )
        except (RateLimitError, PausedError) as error:
            not_before = error.facts.get("not_before")
            error.advise(f"{email} is not a guest yet. Run it again after {not_before}.")
            error.facts["deferred"] = [{"email": email, "reason": error.answer, "not_before": not_before}]
            raise
        except InvalidError as error:
            if "email" in error.errors:
                error.advise(f"Check that {email} can receive mail, and that no member has or had this address.")
            raise
        self._start_over(step)
        return True

    def _start_over(self, created: Step) -> None:
        """Plan the remaining steps again: the guest may already exist in another organization, with another profile."""
        if not isinstance(self.record.get("details"), Mapping):
            self.record = self._client.get("guests", self._email)
        self.unchangeable = drift(self.desired, self.record)
        rest = plan_guest(self.desired, self.record, self._directory)
        self.notes = list(rest.warnings)
        kept = {"associated_members", *(str(entry["field"]) for entry in self.unchangeable)}
        reported = {name: value for name, value in self.plan.after.items() if name not in kept}
        steps = [replace(step, reason=NOT_AT_CREATION) if step.action == "updated" else step for step in rest.steps]
        self.plan = replace(self.plan, after={**reported, **rest.after}, steps=(created, *steps))

    def _update(self) -> bool:
        self.record, is_written = rewrite(
            self._client,
            "guests",
            self._email,
            differing=lambda record: differing(self.desired, record, self._directory),
            # Some versions of the service require the address; they ignore or refuse the rest of the profile.
            body=lambda record, fields: {"email": record.get("email"), **fields},
            unseen=_unseen_lists,
        )
        return is_written

    def _enable(self) -> bool:
        answer = bring_about(
            self._client,
            "guests",
            self._email,
            "enable",
            read=lambda: self._client.get("guests", self._email),
            is_so=lambda record: not is_disabled(record),
        )
        return self._expect(answer, is_disabled_now=False)

    def _disable(self) -> bool:
        # A late write could otherwise restore the access afterwards.
        await_late_write(self._client, self._client.path("guests", self._email, "enable"))
        try:
            answer = bring_about(
                self._client,
                "guests",
                self._email,
                "disable",
                method="DELETE",
                read=lambda: self._client.get("guests", self._email),
                is_so=is_disabled,
            )
        except ForbiddenError as error:
            error.advise(
                f"Tallyfy does not disable a guest with open tasks: complete or reassign the tasks of {self._email}. "
                f"Without open tasks, check the permissions of the acting user."
            )
            raise
        return self._expect(answer, is_disabled_now=True)

    def _expect(self, answer: Record, *, is_disabled_now: bool) -> bool:
        self.record = answer if isinstance(answer.get("details"), Mapping) else self._client.get("guests", self._email)
        if is_disabled(self.record) is not is_disabled_now:
            raise NotStoredError(
                f"Tallyfy answered with success, but the guest is still {state_of(self.record)}.",
                subject=self._email,
                not_stored=["state"],
            )
        return True

    def _delete(self) -> bool:
        path = self._client.path("guests", self._email)
        refusal = None
        try:
            answer = self._client.call("DELETE", path).record
        except (NotFoundError, InvalidError) as error:
            # The service answers 404 or success for a guest that does not exist. A wrong address is a failure.
            is_missing = (
                "email" in error.errors if isinstance(error, InvalidError) else error.code != "ENDPOINT_NOT_FOUND"
            )
            if not is_missing:
                raise
            answer, refusal = {}, error
        # An answer without a record does not prove the deletion.
        if answer.get("deleted_at") or find_guest(self._client, self._email) is None:
            return True
        if refusal is not None:
            raise refusal
        raise NotStoredError(
            f"Tallyfy answered DELETE {path} with success, but still lists the guest. Run it again.",
            subject=self._email,
            not_stored=["state"],
        )


def _unseen_lists(record: Mapping[str, Any]) -> list[str]:
    details = record.get("details")
    return [] if isinstance(details, Mapping) and "associated_members" in details else ["associated_members"]


def ensure_guest(client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring one guest into the desired state and return the result of ``tallyfy_guest``.

    Raises ``InputError`` before anything is written when a desired value is invalid.
    """
    problems = validate_guest(params)
    if any(problem.stored is None for problem in problems):
        raise InputError(problems)
    desired = DesiredGuest.from_params(params)
    current = _find_settled(client, desired.email)
    reported = shape_guest(current or {}, Directory()) if problems else {}
    problems = [problem for problem in problems if not problem.is_confirmed_by(reported)]
    if problems:
        raise InputError(problems)
    directory = _directory(client, desired, current)
    run = GuestRun(client, desired, current, directory, plan_guest(desired, current, directory))
    if run.plan.steps:
        client.require_locks()
    run.complete(run.carry_out, check_mode=client.check_mode)
    for note in run.notes:
        warn(note)
    run.raise_failure()
    return {
        **run.result(),
        "notes": run.notes,
        "unchangeable": run.unchangeable,
        "guest": _guest_after(run, current, directory),
    }


def _find_settled(client: Client, email: str) -> Record | None:
    """Return the guest once no earlier write to it is pending."""
    found = find_guest(client, email)
    if found is None:
        return None
    paths = [client.path("guests", found["email"], *action) for action in ((), ("enable",), ("disable",))]
    return find_guest(client, email) if await_late_writes(client, paths) else found


def _directory(client: Client, desired: DesiredGuest, current: Record | None) -> Directory:
    """Return the members that the plan depends on: all, or only the member with the guest's address."""
    is_desired = desired.members is not None and desired.state != "deleted"
    if current is not None:
        return Directory(list_everybody(client) if is_desired or associated(current) else ())
    if desired.state != "present":
        return Directory()
    if is_desired:
        return Directory(list_everybody(client))
    member = find_member(client, desired.email)
    return Directory([] if member is None else [member])


def _guest_after(run: GuestRun, current: Record | None, directory: Directory) -> Record | None:
    """Return the guest after the run, or, in check mode, as the plan predicts it."""
    desired = run.desired
    if desired.state == "deleted" or (current is None and not run.plan.steps):
        return None
    shaped = shape_guest(run.record, directory)
    if not run.is_pretended:
        return shaped
    planned = {name: value for name, value in run.plan.after.items() if name in shaped}
    fields = differing(desired, run.record, directory)
    if fields:
        planned["associated_members"] = directory.emails(fields["associated_members"])
        planned["associated_member_ids"] = fields["associated_members"]
    if planned.get("state") == "present":
        planned["disabled_at"] = None
    return {**shaped, **planned}
