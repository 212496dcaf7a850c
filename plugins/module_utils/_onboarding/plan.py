# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People with their groups and processes, and guests, in one plan: all of it is read and checked before anything is
written. Private to the collection.

People are planned as those of a roster, groups, guests and processes as single ones.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, Place, Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import MOST_CONNECTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import side_by_side
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import (
    DesiredGroup,
    group_problems,
    list_groups,
    missing_group,
    plan_group,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    GUEST_OPTIONS,
    DesiredGuest,
    find_guest,
    guest_problems,
    list_guests,
    plan_guest,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    folded,
    is_address,
    list_everybody,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.columns import (
    COLUMN_OPTIONS,
    ROW_FIELDS,
    given_rows,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import Surroundings
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_run import MemberRun, Newcomers
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import (
    DIRECT_NEEDS_APPLICATION,
    LOCK_SUBJECT,
    scheduler_of,
    workers_problems,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.plan import plan_roster
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.reading import Pair, look_around
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import (
    PlannedPerson,
    warn_of_notes,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rights import refuse_without_rights
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import (
    NO_ADDRESS,
    Rows,
    checked_rows,
    unknown_field,
)

from .processes import LaunchPlanner, PlannedProcess
from .result import onboarding_result
from .run import OnboardingRun
from .wishes import desired_process, fields_of_person, general_process, process_wishes, split_processes

#: How many guests are looked up one by one before the list of all of them takes fewer requests.
MOST_LOOKUPS = 3
#: Nobody leaves by an onboarding.
REFUSED_FIELDS = ("state", "reassign_to")
_ROW_FIELDS = (*(name for name in ROW_FIELDS if name not in REFUSED_FIELDS), "process")
#: The argument spec of ``tallyfy_onboarding``. Rows are raw, so that messages say which one is wrong.
ONBOARDING_OPTIONS: dict[str, dict[str, Any]] = {
    "people": {"type": "list", "elements": "raw"},
    "src": {"type": "path"},
    **COLUMN_OPTIONS,
    "defaults": {"type": "dict", "default": {}},
    "process": {"type": "raw"},
    "groups": {"type": "list", "elements": "raw", "default": []},
    "guests": {"type": "list", "elements": "raw", "default": []},
    "min_admins": {"type": "int", "default": 2},
    "concurrency": {"type": "int", "default": 8},
    "on_error": {"type": "str", "choices": ["finish", "stop"], "default": "finish"},
    "report": {"type": "path"},
}
ONBOARDING_RULES: dict[str, Any] = {"mutually_exclusive": [("people", "src")]}
_GUEST_OPTIONS = {name: option for name, option in GUEST_OPTIONS.items() if name != "state"}


def ensure_onboarding(task: Task) -> dict[str, Any]:
    """Bring people, groups, guests and processes into the wanted state and return the result of the module.

    Raises ``InputError`` with everything that is wrong, before anything is written, and ``RosterError`` at the end
    when something could not be brought into the wanted state.
    """
    client = task.client
    with contextlib.ExitStack() as locks:
        if not task.check_mode:
            # Who only looks keeps nobody waiting.
            locks.enter_context(client.alone(LOCK_SUBJECT.format(client.connection.org_id)))
        plan = OnboardingPlan(task, None if task.check_mode else locks)
        plan.check()
        plan.read()
        plan.work_out()
        organization = task.organization()
        run = OnboardingRun(
            client,
            people=plan.member_runs,
            groups=plan.group_runs,
            guests=plan.guest_runs,
            processes=plan.processes,
            around=plan.around,
            everybody=plan.everybody,
            policy=plan.policy,
            scheduler=scheduler_of(task),
            progress=task.progress,
        )
        run.complete(check_mode=task.check_mode)
        notes = [*plan.launchpad.notes, *run.notes()]
        warn_of_notes(notes, task.warn)
        return onboarding_result(run, plan.planned, notes, organization, task)


class OnboardingPlan:
    """Checks, reads and plans everything that an onboarding asks for; ``problems`` is everything that is wrong."""

    def __init__(self, task: Task, locks: contextlib.ExitStack | None) -> None:
        self._client = task.client
        self._params = task.params
        self._called = task.called
        self._decrypt = task.decrypt
        self._workers = task.params["concurrency"]
        self._is_check_mode = task.check_mode
        self.policy = Policy(max_removals="0", min_admins=task.params["min_admins"], called=task.called)
        self.launchpad = LaunchPlanner(task.client, locks, workers=self._workers)
        self.problems: list[Problem] = []
        self.around = Surroundings()
        self.everybody: list[Record] = []
        self.planned: list[PlannedPerson] = []
        self.member_runs: list[MemberRun] = []
        self.group_runs: list[GroupRun] = []
        self.guest_runs: list[GuestRun] = []
        self.processes: list[PlannedProcess] = []

    # --- without asking the service -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Find everything that is wrong with what is asked for by itself."""
        found = [*workers_problems(self._workers, self._called), *self.policy.problems()]
        self.problems += [Problem(text) for text in found]
        self._workers = min(max(self._workers, 1), MOST_CONNECTIONS)
        given = self._given_rows()
        plain, own = split_processes(given.rows)
        # A blank field of a row leaves the word to the defaults.
        self._rows = given.replaced([_without_blanks(row) if isinstance(row, Mapping) else row for row in plain])
        defaults = _without_blanks(self._params["defaults"])
        refused = [name for name in REFUSED_FIELDS if name in defaults]
        self.problems += [Problem(f"unknown field {name}", self._place("defaults")) for name in refused]
        checked, problems = checked_rows(
            self._rows, {name: value for name, value in defaults.items() if name not in refused}, self._called
        )
        self.problems += problems
        has_application = self._client.application is not None
        self._listed: list[tuple[int, DesiredMember]] = []
        for index, row in checked:
            if not is_address(row.get("email")):
                continue
            desired = DesiredMember.from_params(row, has_application=has_application)
            if desired.provision == "direct" and not has_application:
                self.problems.append(self._rows.problem(index, desired.email, DIRECT_NEEDS_APPLICATION))
            self._listed.append((index, desired))
        self._general, problems = general_process(self._params["process"], self._called)
        self.problems += problems
        self._wishes, problems = process_wishes(self._listed, own, self._general, self._rows)
        self.problems += problems
        self._groups = self._checked_groups()
        self._guests = self._checked_guests()

    def _place(self, option: str) -> Place:
        return Place(self._called(option))

    def _given_rows(self) -> Rows:
        """Return the people with their processes, as somebody gave them."""
        rows, problems = given_rows(self._params, _ROW_FIELDS, self._called, self._decrypt)
        self.problems += problems
        if self._params["src"] is None:
            return rows
        return rows.replaced([_with_refused_process(row) for row in rows.rows])

    def _checked_groups(self) -> list[DesiredGroup]:
        groups: dict[str, DesiredGroup] = {}
        place = self._place("groups")
        for number, row in enumerate(self._params["groups"], start=1):
            params = {"name": row} if isinstance(row, str) else row
            if not isinstance(params, Mapping) or is_blank(params.get("name")):
                text = f"entry {number} is neither a name nor a dictionary with a name"
                self.problems.append(Problem(text, place))
                continue
            params = _without_blanks(params)
            found = [f"unknown field {name}" for name in params if name not in ("name", "description")]
            params = {"name": str(params["name"]), "description": params.get("description"), "state": "present"}
            found += group_problems(params)
            if fold(params["name"]) in groups:
                found.append("is named twice")
            self.problems += [Problem(text, place, params["name"]) for text in found]
            groups[fold(params["name"])] = DesiredGroup.from_params(params)
        return list(groups.values())

    def _checked_guests(self) -> list[DesiredGuest]:
        guests: dict[str, DesiredGuest] = {}
        validator = ArgumentSpecValidator(_GUEST_OPTIONS)
        for number, row in enumerate(self._params["guests"], start=1):
            place = Place(f"{self._called('guests')} entry {number}")
            params = {"email": row} if isinstance(row, str) else row
            if not isinstance(params, Mapping):
                self.problems.append(Problem("neither an address nor a dictionary", place))
                continue
            params = _without_blanks(params)
            found = [unknown_field(name, list(_GUEST_OPTIONS)) for name in params if name not in _GUEST_OPTIONS]
            members = params.get("associated_members")
            if isinstance(members, (str, list, tuple)):
                params["associated_members"] = {"add": [members] if isinstance(members, str) else list(members)}
            elif isinstance(members, Mapping):
                # ansible-core's own check cannot bear other keys, nor sub-options that are no dictionary.
                params["associated_members"] = {str(name): value for name, value in members.items()}
            elif "associated_members" in params:
                found.append("associated_members is neither a list nor a dictionary of add, remove or set")
                del params["associated_members"]
            result = validator.validate({name: value for name, value in params.items() if name in _GUEST_OPTIONS})
            found += [str(message) for message in result.error_messages]
            if not found:
                found += guest_problems(result.validated_parameters)
            address = folded(params.get("email"))
            if address in guests:
                found.append("is named twice")
            email = str(params.get("email") or "").strip() or NO_ADDRESS
            self.problems += [Problem(text, place, email) for text in found]
            if not found:
                guests[address] = DesiredGuest.from_params(result.validated_parameters)
        return list(guests.values())

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read everybody, the groups and the guests; the templates and their processes are read when planning."""
        self.everybody = list_everybody(self._client, workers=self._workers)
        index = {folded(record["email"]): record for record in self.everybody}
        pairs: list[Pair] = [(desired, index.get(folded(desired.email))) for _index, desired in self._listed]
        self._pairs, self.around = look_around(
            self._client, pairs, everybody=index, workers=self._workers, is_check_mode=self._is_check_mode
        )
        whole = {str(current["id"]): current for _desired, current in self._pairs if current is not None}
        self.everybody = [whole.get(str(record["id"]), record) for record in self.everybody]
        self._has_groups = any(desired.groups is not None for desired, _current in pairs)
        if self._groups and not self._has_groups:
            self.around = replace(self.around, groups=list_groups(self._client))
            self._has_groups = True
        self._guest_records = self._read_guests()

    def _read_guests(self) -> dict[str, Record]:
        rows: Mapping[str, Record] = {}
        if len(self._guests) > MOST_LOOKUPS:
            rows = {folded(row.get("email")): row for row in list_guests(self._client)}
            missing = [one.email for one in self._guests if not isinstance(rows.get(folded(one.email)), Mapping)]
            # Who is not in the list is no guest of this organization.
            known = [one.email for one in self._guests if one.email not in missing]
            short = [email for email in known if not isinstance(rows[folded(email)].get("details"), Mapping)]
        else:
            short = [one.email for one in self._guests]
        found = side_by_side(lambda email: find_guest(self._client, email), short, workers=self._workers)
        whole = {folded(email): record for email, record in zip(short, found) if record is not None}
        return {**rows, **whole}

    # --- planning -----------------------------------------------------------------------------------------------------

    def work_out(self) -> None:
        """Plan everything; raises ``InputError`` with everything that is wrong, whenever it was found."""
        self._plan_groups()
        self._plan_people()
        directory = self._directory()
        self._plan_guests(directory)
        self._plan_processes(directory)
        if self.problems:
            raise InputError(self.problems)
        refuse_without_rights(
            self._client,
            [step for one in self.planned for step in one.plan.steps],
            self.everybody,
            group_steps=[step for one in self.group_runs for step in one.plan.steps],
        )
        newcomers = Newcomers(self._client)
        self.member_runs = [
            MemberRun(self._client, one.desired, one.current, self.around, one.plan, newcomers) for one in self.planned
        ]

    def _plan_groups(self) -> None:
        groups = self.around.groups
        for desired in self._groups:
            current = groups.get(fold(desired.name))
            if fold(desired.name) in groups.ambiguous:
                text = f"several groups are called {desired.name} when case does not matter"
                self.problems.append(Problem(text, self._place("groups")))
                continue
            plan = plan_group(desired, current, Directory(), None)
            self.group_runs.append(GroupRun(self._client, desired, current, Directory(), plan))
            if current is None:
                # People can be planned into it all the same; it is created with them.
                groups[fold(desired.name)] = missing_group(desired.name, desired.description)

    def _plan_people(self) -> None:
        try:
            self.planned = plan_roster(
                self._pairs,
                self.everybody,
                self.policy,
                self.around,
                place_of=lambda position: self._rows.place(self._listed[position][0]),
            )
        except InputError as error:
            self.problems += error.problems

    def _directory(self) -> Directory:
        """Return everybody as they will be: whoever is added has a number below 0 until then."""
        wanted = {folded(desired.email): desired for _index, desired in self._listed}
        there = [
            {**record, "status": "active"} if folded(record["email"]) in wanted else record for record in self.everybody
        ]
        known = {folded(record["email"]) for record in self.everybody}
        new = [desired for address, desired in wanted.items() if address not in known]
        return Directory([*there, *({"id": -number, "email": one.email} for number, one in enumerate(new, start=1))])

    def _plan_guests(self, directory: Directory) -> None:
        for desired in self._guests:
            current = self._guest_records.get(folded(desired.email))
            try:
                plan = plan_guest(desired, current, directory)
            except InputError as error:
                place = self._place("guests")
                self.problems += [replace(one, place=place, subject=desired.email) for one in error.problems]
                plan = Plan(desired.email)
            self.guest_runs.append(GuestRun(self._client, desired, current, directory, plan))

    def _plan_processes(self, directory: Directory) -> None:
        currents = {index: current for (index, _one), (_desired, current) in zip(self._listed, self._pairs)}
        wished = [
            (one, desired_process(one, self._general, fields_of_person(one.member, currents[one.index])))
            for one in self._wishes
        ]
        if not wished:
            return
        self.processes, problems = self.launchpad.plan(
            wished,
            rows=self._rows,
            called=self._called,
            directory=directory,
            groups=self.around.groups if self._has_groups else None,
        )
        self.problems += problems


def _with_refused_process(row: Any) -> Any:
    """Return the row with no process where that is what the text says: files of most kinds hold nothing but texts."""
    refuses = isinstance(row, Mapping) and fold(str(row.get("process"))) == "false"
    return {**row, "process": False} if refuses else row


def _without_blanks(row: Mapping[Any, Any] | None) -> dict[Any, Any]:
    return {name: value for name, value in (row or {}).items() if value is not None and not _is_blank_text(value)}


def _is_blank_text(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
