# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what planning processes needs, and carrying out one process's plan. Private to the collection.

Source: API reference, "Processes" and "Recipes".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._answers import told_moment
from ansible_collections.tallyfy.platform.plugins.module_utils._client import PER_PAGE, Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    BusyError,
    ForbiddenError,
    InputError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    NotStoredError,
    ServerError,
    TallyfyError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._groups import Groups, list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._kickoff import Assignees, choices, shown_value
from ansible_collections.tallyfy.platform.plugins.module_utils._lists import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._members import find_member, folded, list_everybody
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._processes import (
    DesiredProcess,
    Found,
    Known,
    Launch,
    compare_kickoff,
    find_active,
    find_processes,
    is_same_name,
    list_runs,
    names_in,
    plan_process,
    prepare_launch,
    problems_with_names,
    problems_with_process,
    reference_field_of,
    shape_process,
    shown_fields,
    values_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._templates import (
    Template,
    find_template_id,
    get_template,
    is_archived,
    is_searchable,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._writes import bring_about, rewrite

#: What the service calls the states of a process.
STATUSES = ("active", "complete", "problem", "issue", "improvement", "delayed", "archived")
#: Every status of a process that is neither complete nor archived.
RUNNING = "running"
#: After these a write may have been carried out.
LOST = (LostAnswerError, ServerError, UnreadableAnswerError)
#: A gateway has given up waiting, which says nothing about the service behind it.
GATEWAY_TIMEOUT = 504
LOCK_SUBJECT = "launches of the template {}"
STATE_UNKNOWN = (
    "Whether it was launched is not known. It is not tried again by itself, since that could launch it twice; run it "
    "again: it looks first."
)


# --- reading ----------------------------------------------------------------------------------------------------------


def look_up(
    client: Client,
    wanted: Sequence[tuple[DesiredProcess, Launch | None]],
    *,
    directory: Directory | None = None,
    groups: Groups | None = None,
) -> Known:
    """Return whom and what the processes name, with as few requests as there are kinds of them.

    ``directory`` and ``groups`` are what somebody has read already.
    """
    assignees = [one for _desired, launch in wanted if launch is not None for one in _assignees_of(launch)]
    emails = {folded(desired.owner) for desired, _launch in wanted if desired.owner}
    emails |= {folded(email) for one in assignees for email in one.users}
    if directory is None:
        directory = _directory_of(client, sorted(emails))
    if groups is None:
        groups = list_groups(client) if any(one.groups for one in assignees) else Groups()
    return Known(
        directory=directory,
        groups=groups,
        tags=_list_tags(client) if any(desired.tags for desired, _launch in wanted) else {},
        folders=_list_folders(client) if any(desired.folders for desired, _launch in wanted) else {},
    )


def _assignees_of(launch: Launch) -> list[Assignees]:
    overridden = [one.assignees for one in launch.overrides.values() if one.assignees is not None]
    return [*launch.kickoff.assignees, *overridden]


def _directory_of(client: Client, emails: Sequence[str]) -> Directory:
    if len(emails) > 1:
        return Directory(list_everybody(client))
    found = [find_member(client, email) for email in emails]
    return Directory(record for record in found if record is not None)


def _list_tags(client: Client) -> dict[str, list[Any]]:
    # Without all=true the service leaves out the tags that it made for processes by itself.
    rows = client.records(client.path("tags"), query={"all": True})
    return _ids_by_name((row.get("title"), row["id"]) for row in rows)


def _list_folders(client: Client) -> dict[str, list[Any]]:
    query = {"pagination": False, "folder_type": "run", "with": "children"}
    rows = client.records(client.path("folders"), query=query, is_paged=False)
    return _ids_by_name((row.get("name"), row["id"]) for row in _with_children(rows))


def _with_children(rows: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for row in rows:
        yield row
        children = row.get("children")
        if isinstance(children, Mapping):
            children = children.get("data")
        yield from _with_children(children or ())


def _ids_by_name(rows: Iterable[tuple[Any, Any]]) -> dict[str, list[Any]]:
    found: dict[str, dict[Any, None]] = {}
    for name, number in rows:
        found.setdefault(fold(str(name or "")), {})[number] = None
    return {name: list(ids) for name, ids in found.items()}


def warning_of_automatic_launch(organization: Mapping[str, Any], template: Template) -> str | None:
    """Return a warning when the organization launches the template by itself for everybody who joins."""
    is_on = organization.get("enable_onboarding_template")
    if not is_on or str(organization.get("onboarding_template_id")) != template.id:
        return None
    return (
        f"The organization itself launches {template.title} for everybody who accepts an invitation, so they may get "
        f"it twice. Switch that off in the settings of the organization, or leave the launch to it."
    )


def read_organization(client: Client) -> Record:
    """Return the record of the organization, an empty one for who may not see it."""
    with contextlib.suppress(ForbiddenError, NotFoundError):
        return client.get()
    return {}


# --- running ----------------------------------------------------------------------------------------------------------


class ProcessRun(PlanRun):
    """Carries out one process's plan and keeps the record as the service last told it.

    ``find_again`` looks for an active process that carries the reference. ``is_alone`` says that the caller holds the
    lock of the template, and has looked since it does.
    """

    def __init__(
        self,
        client: Client,
        desired: DesiredProcess,
        plan: Plan,
        known: Known,
        *,
        current: Mapping[str, Any] | None,
        launch: Launch | None,
        find_again: Callable[[], Record | None],
        is_alone: bool = False,
    ) -> None:
        super().__init__(plan)
        self.desired = desired
        self.known = known
        self.launch = launch
        self.record: Record = dict(current or {})
        self.notes: list[str] = list(plan.warnings)
        self._client = client
        self._find_again = find_again
        self._is_alone = is_alone

    def carry_out(self, step: Step) -> bool:
        """Send what the step says and check that the service stored it; return whether it was done."""
        acts: dict[str, Callable[[Step], bool | None]] = {
            "launch": lambda _step: self._launch_once(),
            "archive": lambda _step: self._archive(),
            "reactivate": lambda _step: self._reactivate(),
            "update": self._update,
            "add_tag": self._add_tag,
            "add_to_folder": self._add_to_folder,
        }
        return acts[step.action](step) is not False

    # --- launching ----------------------------------------------------------------------------------------------------

    def _launch_once(self) -> bool:
        if self.launch is None:
            raise AssertionError("a launch is carried out without being prepared")
        if self._is_alone:
            return self._launch(self.launch)
        with self._client.exclusively(LOCK_SUBJECT.format(self.launch.template.id)):
            # Somebody may have been quicker since this process looked.
            found = self._find_again()
            if found is not None:
                self.record = found
                return False
            return self._launch(self.launch)

    def _launch(self, launch: Launch) -> bool:
        late = self._await_late_launch(launch)
        if late is not None:
            self.record = late
            return False
        body = launch.body(self.desired, self.known)
        path = self._client.path("runs")
        try:
            # The service would launch a second one without a word, so the request is never repeated.
            self.record = self._client.create(path, body, find=self._find_again, attempts=1)
        except LOST as error:
            if error.facts.get("is_late") or error.status == GATEWAY_TIMEOUT:
                self._client.late_launches.add(self._mark(launch), self._client.now())
            raise LostAnswerError(error.request, error.answer, advice=STATE_UNKNOWN, status=error.status) from error
        if not self.desired.is_carried_by(self.record):
            self._rename(launch)
        self._prove(launch, body)
        return True

    def _mark(self, launch: Launch) -> str:
        return "\n".join((self._client.connection.api_url, launch.template.id, *map(str, sorted(self.desired.marks()))))

    def _await_late_launch(self, launch: Launch) -> Record | None:
        """Return the process that an earlier run asked for in vain, if that was lately and it has shown up since.

        Raises ``BusyError`` when the service may still be at work on it for longer than this task may wait.
        """
        client, now = self._client, self._client.now()
        asked = client.late_launches.since(self._mark(launch), now)
        if asked is None:
            return None
        until = asked + client.late_launches.seconds
        if not client.wait(max(0.0, until - now)):
            not_before = told_moment(until)
            raise BusyError(
                f"Tallyfy was asked to launch {launch.name} a short time ago and did not answer; it may still do so. "
                f"Nothing was sent. Run it again after {not_before}, or allow a longer max_wait.",
                not_before=not_before,
            )
        return self._find_again()

    def _rename(self, launch: Launch) -> None:
        """Give the process the name that it was to have: templates may name theirs, and no run would find it again."""
        try:
            self._put({"name": launch.name})
        except (ApiError, NotStoredError) as error:
            # Whatever the reason is, only this message keeps the next run from launching another one.
            reason = error.answer if isinstance(error, ApiError) else error.message
            raise NotStoredError(
                f"{launch.name} was launched, but Tallyfy named it {self.record.get('name')} and did not let it be "
                f"renamed ({reason}). Rename it, or the next run launches another one.",
                process=shape_process(self.record),
                not_stored=["name"],
            ) from error

    def named_members(self) -> list[str]:
        """Return the addresses of the members whom the process names."""
        assignees = _assignees_of(self.launch) if self.launch is not None else []
        owner = [self.desired.owner] if self.desired.owner else []
        return [*owner, *(email for one in assignees for email in one.users)]

    def named_groups(self) -> list[str]:
        """Return the names of the groups that the launch names."""
        assignees = _assignees_of(self.launch) if self.launch is not None else []
        return [name for one in assignees for name in one.groups]

    @property
    def is_unknown(self) -> bool:
        """Whether the answer to the launch got lost and the process has not shown up."""
        return self.failed_step is not None and self.failed_step.action == "launch" and isinstance(self.error, LOST)

    def settle_launch(self, found: Mapping[str, Any]) -> None:
        """Take note that the process whose launch was in doubt has shown up, and of what was stored of it."""
        step, launch = self.failed_step, self.launch
        if step is None or launch is None:
            return
        self.record = dict(found)
        self.reopen()
        self.finish(step)
        try:
            self._prove(launch, launch.body(self.desired, self.known))
        except TallyfyError as error:
            self.fail(step, error)

    def _prove(self, launch: Launch, body: Mapping[str, Any]) -> None:
        """Raise ``NotStoredError`` for what the launch sent and the service dropped; a 2xx does not prove anything."""
        sent = body["prerun"]
        if sent and any(field_id not in values_of(self.record) for field_id in sent):
            # The answer to the launch may be a short one.
            try:
                self.record.update(self._client.get("runs", self.record["id"]))
            except ApiError as error:
                # The launch itself has been done, so it has neither failed nor is it deferred.
                raise NotStoredError(
                    f"{self.record.get('name')} was launched, but what Tallyfy stored of it could not be read "
                    f"({error.answer}). Run it again: it compares the values.",
                    process=shape_process(self.record),
                ) from error
        lost = launch.not_stored(self.record, sent)
        wrong_owner = (
            "owner_id" in body and "owner_id" in self.record and str(self.record["owner_id"]) != str(body["owner_id"])
        )
        if not lost and not wrong_owner:
            return
        stored = values_of(self.record)
        texts = [f"{one.label} (stored: {shown_value(one, stored.get(one.id))!r})" for one in lost]
        texts += ["owner"] * wrong_owner
        raise NotStoredError(
            f"{self.record.get('name')} was launched, but Tallyfy did not store {choices(texts)}. Set that in Tallyfy; "
            f"a launch cannot be repeated.",
            process=shape_process(self.record),
            not_stored=[one.label for one in lost] + ["owner_id"] * wrong_owner,
        )

    # --- changing -----------------------------------------------------------------------------------------------------

    def _archive(self) -> None:
        path = self._client.path("runs", self.record["id"])
        try:
            answer = self._client.call("DELETE", path)
        except NotFoundError:
            # Repeated after a lost answer, or somebody was quicker; or the address is wrong.
            if self._find_again() is not None:
                raise
            self.record["status"] = "archived"
            return
        self._learn(answer.record)
        self._expect(is_archived(self.record), f"DELETE {path}", "the process is still active")

    def _reactivate(self) -> None:
        path = self._client.path("runs", self.record["id"], "activate")
        number = self.record["id"]
        try:
            answer = bring_about(
                self._client,
                "runs",
                number,
                "activate",
                read=lambda: self._client.get("runs", number),
                is_so=lambda run: not is_archived(run),
            )
            self._learn(answer)
        except InvalidError:
            # An active one cannot be reactivated, and somebody may have been quicker.
            self._learn({})
            if is_archived(self.record):
                raise
        self._expect(not is_archived(self.record), f"PUT {path}", "the process is still archived")

    def _update(self, step: Step) -> bool:
        wanted = {name: value for name, value in step.values.items() if name == "name"}
        if "owner" in step.values:
            wanted["owner_id"] = self.known.member_id(self.desired.owner or "")
        return self._put(wanted)

    def _put(self, wanted: Mapping[str, Any]) -> bool:
        """Write fields that differ and leave the rest as it is; return whether there was anything to write."""

        def differing(run: Record) -> Record:
            return {name: value for name, value in wanted.items() if not is_same_name(run.get(name), value)}

        def body(run: Record, fields: Record) -> Record:
            # What a PUT leaves out of these is detached. A name may be shown with escapes and is not written back.
            kept = {name: [_id_of(one) for one in run[name]] for name in ("users", "groups")}
            return {**kept, **fields}

        run, is_written = rewrite(
            self._client,
            "runs",
            self.record["id"],
            differing=differing,
            body=body,
            unseen=lambda run: [name for name in ("users", "groups") if not isinstance(run.get(name), list)],
        )
        self.record.update(run)
        return is_written

    def _add_tag(self, step: Step) -> None:
        title = str(step.target)
        body = {
            "subject_id": self.record["id"],
            "subject_type": "Run",
            "tag_id": self.known.tags[fold(title)][0],
            "tag_type": "private",
        }
        self._attach(self._client.path("checklists", "tags"), body, "tags", title)

    def _add_to_folder(self, step: Step) -> None:
        name = str(step.target)
        body = {
            "folder_id": self.known.folders[fold(name)][0],
            "subject_id": self.record["id"],
            "subject_type": "Run",
        }
        self._attach(self._client.path("folders", "add-object"), body, "folders", name)

    def _attach(self, path: str, body: Mapping[str, Any], kind: str, name: str) -> None:
        def find() -> Record | None:
            run = self._client.get("runs", self.record["id"], query={"with": kind})
            self.record.update(run)
            return run if fold(name) in map(fold, names_in(run, kind) or ()) else None

        try:
            # The answer is the number of the association, and no record.
            self._client.call("POST", path, body=body)
        except LOST:
            if find() is None:
                raise
            return
        self._expect(find() is not None, f"POST {path}", f"the process does not have {name} among its {kind}")

    def _learn(self, record: Mapping[str, Any]) -> None:
        if not record:
            record = self._client.get("runs", self.record["id"])
        self.record.update(record)

    def _expect(self, is_so: bool, request: str, answer: str) -> None:
        if not is_so:
            raise NotStoredError(f"{request}: the service answered with success, but {answer}. Run it again.")


def _id_of(one: Any) -> Any:
    if not isinstance(one, Mapping):
        return one
    return next((one[name] for name in ("id", "user_id", "group_id") if name in one), one)


# --- one process ------------------------------------------------------------------------------------------------------


def ensure_process(
    client: Client, params: Mapping[str, Any], *, check_mode: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Bring one process into the wanted state and return the result of ``tallyfy_process``."""
    desired = DesiredProcess.from_params(params)
    problems = problems_with_process(desired)
    if problems:
        raise InputError(problems)
    template_id = find_template_id(client, desired.template)
    templates: list[Template] = []

    def template() -> Template:
        # Read when it is needed, and once.
        if not templates:
            templates.append(get_template(client, template_id, desired.template))
        return templates[0]

    def field_of_reference() -> str | None:
        return reference_field_of(desired, template())

    def find_again() -> Record | None:
        return next(iter(find_active(client, desired, template_id, field_of_reference)), None)

    found = find_processes(client, desired, template_id, field_of_reference)
    current = found.current
    launch, known, notes = _considered(client, desired, current, template)
    plan = plan_process(desired, found, launch, known)
    fixed, remarks = _compared(desired, current, template) if desired.state == "present" else ([], [])
    run = ProcessRun(client, desired, plan, known, current=current, launch=launch, find_again=find_again)
    run.notes += notes + remarks
    run.complete(run.carry_out, check_mode=check_mode)
    for note in run.notes:
        warn(note)
    run.raise_failure()
    process = _process_after(run, found, check_mode=check_mode)
    return {**run.result(), "process": process, "unchangeable": fixed, "notes": run.notes}


def _considered(
    client: Client, desired: DesiredProcess, current: Mapping[str, Any] | None, template: Callable[[], Template]
) -> tuple[Launch | None, Known, list[str]]:
    """Return what a launch would send, if there is to be one, whom and what the process names, and what to warn of.

    Raises ``InputError`` with everything that is wrong.
    """
    if desired.state == "archived":
        return None, Known(), []
    launch: Launch | None = None
    problems: list[str] = []
    notes: list[str] = []
    if current is None:
        launch, problems = prepare_launch(desired, template())
        note = warning_of_automatic_launch(read_organization(client), template())
        notes += [note] if note is not None else []
    lacking = desired.lacking(current)
    known = look_up(client, [(lacking, launch)])
    problems += problems_with_names(lacking, launch, known)
    if problems:
        raise InputError(problems)
    return launch, known, notes


def _compared(
    desired: DesiredProcess, current: Mapping[str, Any] | None, template: Callable[[], Template]
) -> tuple[list[Record], list[str]]:
    if current is None or not desired.kickoff:
        return [], []
    try:
        return compare_kickoff(desired, current, shown_fields(current) or template().fields)
    except InputError:
        # The template has been archived since; what was launched from it goes on.
        return [], []


def _process_after(run: ProcessRun, found: Found, *, check_mode: bool) -> Record | None:
    """Return the process as it is after the run, or, in check mode, as far as the plan can tell."""
    current = found.current
    if current is None and not run.plan.steps:
        return None
    if not check_mode:
        return shape_process(run.record)
    planned: Record = {name: run.plan.after[name] for name in ("name", "status") if name in run.plan.after}
    if run.launch is not None:
        title, number = run.launch.template.title, run.launch.template.id
        planned.update(checklist_title=title, checklist_id=number, prerun=run.launch.sent(run.known))
    if run.desired.owner:
        planned["owner_id"] = run.known.member_id(run.desired.owner)
    shaped = shape_process({**(current or {}), **planned})
    if run.plan.after.get("status") == "active":
        shaped.update(status="active", archived_at=None)
    return shaped


def list_processes(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped processes that match, sorted by name.

    ``template``, ``name``, ``reference``, ``query``, ``owner`` (a list) and ``status`` narrow the list down.
    ``kickoff`` adds the values by the labels that people see, for which each template is read once.
    """
    template_id = find_template_id(client, filters["template"]) if filters.get("template") else None
    desired = DesiredProcess.from_params({name: filters.get(name) for name in ("name", "reference")})
    text = str(filters.get("query") or "").strip()
    status = filters.get("status")
    # What the search of the service may not find is looked for in all processes.
    query = next((one for one in (desired.key, text) if one and is_searchable(one)), None)
    rows = []
    owners = _numbers_of_owners(client, filters.get("owner") or ())
    # More numbers than that would make too long an address.
    narrowed = {"owners": ",".join(owners)} if 0 < len(owners) <= PER_PAGE else None
    if status != "archived":
        rows += list_runs(client, template_id, query=query, filters=narrowed)
    if status in (None, "archived"):
        rows += list_runs(client, template_id, query=query, archived=True, filters=narrowed)
    if desired.key:
        rows = [row for row in rows if desired.is_carried_by(row)]
    rows = [row for row in rows if fold(text) in fold(str(row.get("name") or ""))]
    if status == RUNNING:
        rows = [row for row in rows if row.get("status") != "complete" and not row.get("completed_at")]
    elif status not in (None, "archived"):
        rows = [row for row in rows if str(row.get("status")) == status]
    if owners:
        rows = [row for row in rows if str(row.get("owner_id")) in owners]
    shaped = [shape_process(row) for row in rows]
    if filters.get("kickoff"):
        _add_labels(client, shaped)
    return sorted(shaped, key=lambda one: (str(one["name"]).casefold(), str(one["id"])))


def _numbers_of_owners(client: Client, owners: Sequence[str]) -> list[str]:
    """Return the numbers of members, spelled as texts, who are given by address or by number."""
    emails = [owner for owner in owners if not owner.strip().isdigit()]
    directory = _directory_of(client, emails) if emails else Directory()
    found = {owner: directory.find(owner) for owner in emails}
    unknown = [owner for owner, record in found.items() if record is None]
    if unknown:
        raise InputError([f"owner {owner} is not a member of the organization" for owner in unknown])
    numbers = {owner: str(record["id"]) for owner, record in found.items() if record is not None}
    return list(dict.fromkeys(numbers.get(owner, owner.strip()) for owner in owners))


def _add_labels(client: Client, processes: Iterable[Record]) -> None:
    templates: dict[str, Template | None] = {}
    for process in processes:
        number = str(process["template_id"])
        if number not in templates:
            templates[number] = None
            # An archived template is not shown; its processes are told without labels.
            with contextlib.suppress(InputError):
                templates[number] = get_template(client, number)
        template = templates[number]
        values = process["prerun"]
        process["kickoff"] = (
            {one.label: shown_value(one, values.get(one.id)) for one in template.fields} if template else None
        )
