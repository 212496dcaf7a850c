# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small stand-in for the API of AWX and Automation Controller, with the rules that the configuration can break.

It answers what the modules of ``awx.awx`` ask, and what ansible-rulebook asks for ``run_job_template`` and
``run_workflow_template``: ``config``, ``unified_job_templates`` by name, ``launch`` and the states of jobs.

    with running_controller() as controller:
        controller.repositories["https://git.example.com/people.git"] = folder
        controller.add("job_templates", name="Hello", ...)      # without a request
        token = controller.add_user("ann", team="Help desk")    # who sees and does what ``access.py`` says
        ...                                                     # requests to controller.url with controller.token
        controller.launches                                     # what was started, with which extra variables
        controller.writes                                       # every request that was no GET

Jobs are over as soon as they are launched, with ``controller.job_status``; a workflow waits at an approval. Where AWX
silently ignores a field that it does not know, the stand-in refuses it: nothing of the configuration may be lost
without a word.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import jinja2
import jinja2.sandbox

from tests.awx.access import IMPLIED_BY, Access

Record = dict[str, Any]
ENCRYPTED = "$encrypted$"
NOW = "2026-11-02T08:00:00.000000Z"
NOT_PROMPTED = "Field is not configured to prompt on launch."

IDENTIFIER = re.compile(r"^[a-zA-Z_]+[a-zA-Z0-9_]*$")
FIELD_KEYS = {"id", "label", "type", "format", "choices", "help_text", "multiline", "secret", "default"}
# awx/main/constants.py, ENV_BLOCKLIST
RESERVED_VARIABLES = {
    *("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID"),
    *("AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION"),
    *("CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH"),
}
SURVEY_TYPES = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}
# awx/main/notifications/webhook_backend.py: the types of its parameters, and what they are when left out.
WEBHOOK_TYPES = {
    "url": str,
    "http_method": str,
    "disable_ssl_verification": bool,
    "username": str,
    "password": str,
    "headers": dict,
}
WEBHOOK_DEFAULTS = {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": ""}
PLAYBOOK_LINE = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?import_playbook):\s*?.*?$")

JOB_PROMPTS = (
    *("diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential"),
    *("execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout", "scm_branch"),
)
WORKFLOW_PROMPTS = ("variables", "labels", "tags", "skip_tags", "inventory", "scm_branch", "limit")
#: A prompt of a launch or a node, and the switch of the template that allows it.
PROMPTS = {
    "diff_mode": "ask_diff_mode_on_launch",
    "limit": "ask_limit_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "job_type": "ask_job_type_on_launch",
    "verbosity": "ask_verbosity_on_launch",
    "inventory": "ask_inventory_on_launch",
    "execution_environment": "ask_execution_environment_on_launch",
    "forks": "ask_forks_on_launch",
    "job_slice_count": "ask_job_slice_count_on_launch",
    "timeout": "ask_timeout_on_launch",
    "scm_branch": "ask_scm_branch_on_launch",
    "credentials": "ask_credential_on_launch",
}
LAUNCH_FIELDS = dict.fromkeys([*PROMPTS], None)
NODE_PROMPTS = {name: None for name in PROMPTS if name != "credentials"}


def _asks(prompts: tuple[str, ...]) -> dict[str, bool]:
    return {f"ask_{name}_on_launch": False for name in prompts}


class Kind(NamedTuple):
    """One listing of the API: which fields can be written, and what they are when they are left out."""

    type: str
    fields: Record
    #: Together they are unique.
    unique: tuple[str, ...] = ("name",)
    required: tuple[str, ...] = ("name",)
    associations: tuple[str, ...] = ()
    #: Other addresses below the record's own.
    related: tuple[str, ...] = ()


_NAMED = {"name": "", "description": ""}
_NOTIFICATIONS = tuple(f"notification_templates_{moment}" for moment in ("started", "success", "error"))
_NODES = ("success_nodes", "failure_nodes", "always_nodes")

KINDS = {
    "organizations": Kind("organization",
        {**_NAMED, "default_environment": None, "max_hosts": 0, "custom_virtualenv": None},
        associations=("galaxy_credentials", "instance_groups", *_NOTIFICATIONS, "notification_templates_approvals")),
    "credential_types": Kind("credential_type",
        {**_NAMED, "kind": "", "inputs": {}, "injectors": {}, "managed": False}, ("name", "kind")),
    "credentials": Kind("credential",
        {**_NAMED, "organization": None, "credential_type": None, "inputs": {}, "user": None, "team": None},
        ("name", "organization", "credential_type"), ("name", "credential_type"), ("input_sources",)),
    # A field of a credential that comes from another one, such as a vault.
    "credential_input_sources": Kind("credential_input_source",
        {"input_field_name": "", "target_credential": None, "source_credential": None}, ()),
    "execution_environments": Kind("execution_environment",
        {**_NAMED, "image": "", "organization": None, "credential": None, "pull": ""}),
    "projects": Kind("project",
        {**_NAMED, "organization": None, "scm_type": "", "scm_url": "", "scm_branch": "", "scm_refspec": "",
         "scm_clean": False, "scm_delete_on_update": False, "scm_track_submodules": False,
         "scm_update_on_launch": False, "scm_update_cache_timeout": 0, "allow_override": False, "timeout": 0,
         "credential": None, "default_environment": None, "local_path": "", "custom_virtualenv": None},
        ("name", "organization"), associations=_NOTIFICATIONS, related=("update",)),
    "inventories": Kind("inventory",
        {**_NAMED, "organization": None, "kind": "", "host_filter": None,
         "variables": "", "prevent_instance_group_fallback": False}, ("name", "organization"), ("name", "organization"),
        associations=("instance_groups",)),
    "hosts": Kind("host", {**_NAMED, "inventory": None, "enabled": True, "variables": ""},
        ("name", "inventory"), ("name", "inventory")),
    "job_templates": Kind("job_template",
        {**_NAMED, "job_type": "run", "inventory": None, "project": None, "playbook": "", "scm_branch": "", "forks": 0,
         "limit": "", "verbosity": 0, "extra_vars": "", "job_tags": "", "force_handlers": False, "skip_tags": "",
         "start_at_task": "", "timeout": 0, "use_fact_cache": False, "organization": None,
         "execution_environment": None, "host_config_key": "", "survey_enabled": False, "become_enabled": False,
         "diff_mode": False, "allow_simultaneous": False, "job_slice_count": 1, "webhook_service": "",
         "webhook_credential": None, "prevent_instance_group_fallback": False, "custom_virtualenv": None,
         **_asks(JOB_PROMPTS)}, ("name", "organization"),
        associations=("credentials", "labels", "instance_groups", *_NOTIFICATIONS),
        related=("launch", "survey_spec", "jobs")),
    "workflow_job_templates": Kind("workflow_job_template",
        {**_NAMED, "organization": None, "extra_vars": "", "inventory": None, "limit": None, "scm_branch": None,
         "survey_enabled": False, "allow_simultaneous": False, "job_tags": None, "skip_tags": None,
         "webhook_service": "", "webhook_credential": None, **_asks(WORKFLOW_PROMPTS)}, ("name", "organization"),
        associations=("labels", *_NOTIFICATIONS, "notification_templates_approvals"),
        related=("launch", "survey_spec", "workflow_jobs")),
    "workflow_job_template_nodes": Kind("workflow_job_template_node",
        {"identifier": "", "workflow_job_template": None, "unified_job_template": None,
         "extra_data": {}, "all_parents_must_converge": False, **NODE_PROMPTS}, ("identifier", "workflow_job_template"),
        ("workflow_job_template",), (*_NODES, "credentials", "labels", "instance_groups")),
    # These cannot be listed.
    "workflow_approval_templates": Kind("workflow_approval_template", {**_NAMED, "timeout": 0}, ()),
    "schedules": Kind("schedule",
        {**_NAMED, "rrule": "", "unified_job_template": None, "enabled": True, "extra_data": {}, **NODE_PROMPTS},
        ("name", "unified_job_template"), ("name", "unified_job_template", "rrule"),
        ("credentials", "labels", "instance_groups")),
    "notification_templates": Kind("notification_template",
        {**_NAMED, "organization": None, "notification_type": "", "notification_configuration": {}, "messages": None},
        ("name", "organization"), ("name", "organization", "notification_type")),
    "labels": Kind("label", {"name": "", "organization": None}, ("name", "organization"), ("name", "organization")),
    "instance_groups": Kind("instance_group", {"name": ""}),
    "teams": Kind("team", {**_NAMED, "organization": None}, ("name", "organization"), ("name", "organization")),
    "users": Kind("user", {"username": "", "password": "", "is_superuser": False}, ("username",), ("username",)),
    "project_updates": Kind("project_update", {}, ()),
    "jobs": Kind("job", {}, (), related=("stdout",)),
    "workflow_jobs": Kind("workflow_job", {}, ()),
    "workflow_approvals": Kind("workflow_approval", {}, (), related=("approve", "deny")),
}  # fmt: skip
READ_ONLY = (
    "credential_input_sources",
    "project_updates",
    "jobs",
    "workflow_jobs",
    "workflow_approvals",
    "workflow_approval_templates",
)
UNIFIED = ("job_templates", "workflow_job_templates", "projects", "workflow_approval_templates")
#: Which listing a field or an association names its records in.
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "inventory": ("inventories",),
    "project": ("projects",),
    "credential": ("credentials",),
    "execution_environment": ("execution_environments",),
    "default_environment": ("execution_environments",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": UNIFIED,
    "galaxy_credentials": ("credentials",),
    "credentials": ("credentials",),
    "input_sources": ("credential_input_sources",),
    "labels": ("labels",),
    "instance_groups": ("instance_groups",),
    **dict.fromkeys([*_NOTIFICATIONS, "notification_templates_approvals"], ("notification_templates",)),
    **dict.fromkeys(_NODES, ("workflow_job_template_nodes",)),
}


class Refusal(Exception):  # noqa: N818 - what the service says, not what went wrong here
    """An answer that is no success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


#: What is there and not for this user.
FORBIDDEN = Refusal(403, {"detail": "You do not have permission to perform this action."})


class Request(NamedTuple):
    """One request as it came, and the state of its answer."""

    method: str
    path: str
    body: Any
    status: int


def playbooks_in(folder: Path) -> list[str]:
    """Return the files that AWX offers as playbooks: awx/main/utils/ansible.py, could_be_playbook, skip_directory."""
    found = []
    for path, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in ("roles", "tasks", "group_vars", "host_vars")
        ]
        for name in files:
            file = Path(path, name)
            if file.suffix in (".yml", ".yaml") and not name.startswith("."):
                lines = file.read_text(encoding="utf-8", errors="ignore").splitlines()
                if any(PLAYBOOK_LINE.match(line) for line in lines) or "".join(lines[:1]).startswith("$ANSIBLE_VAULT;"):
                    found.append(file.relative_to(folder).as_posix())
    return sorted(found)


class Controller:
    """What the stand-in holds: records by listing, and the ledger of the requests."""

    token = "controller-token-not-real"
    username = "admin"
    password = "controller-password-not-real"

    def __init__(self, prefix: str = "/api/") -> None:
        self.prefix = prefix
        self.url = ""
        #: Where projects come from: the address of a repository, and the folder that stands for it.
        self.repositories: dict[str, Path] = {}
        self.job_status = "successful"
        self.ledger: list[Request] = []
        self.records: dict[str, dict[int, Record]] = {kind: {} for kind in KINDS}
        self.associations: dict[tuple[int, str], list[int]] = {}
        self.surveys: dict[int, Record] = {}
        self.secrets: dict[int, Record] = {}
        self._ids = itertools.count(1)
        self.access = Access(self.records, self._ids)
        #: The tokens, and the user of each.
        self._tokens: dict[str, int] = {}
        #: Those that the modules have made for themselves.
        self._made_tokens: dict[int, str] = {}
        self.lock = threading.RLock()
        galaxy = self.add("credential_types", name="Ansible Galaxy/Automation Hub API Token", kind="galaxy")
        galaxy["managed"] = True
        self.add("credentials", name="Ansible Galaxy", credential_type=galaxy["id"])
        self.add("organizations", name="Default")
        admin = self.add("users", username=self.username, password=self.password, is_superuser=True)
        self._tokens[self.token] = admin["id"]
        #: Whose request is being answered.
        self._user = admin

    # For tests

    @property
    def writes(self) -> list[Request]:
        """Every request that was to change something, but for the tokens that the modules get for themselves."""
        return [entry for entry in self.ledger if entry.method != "GET" and "/tokens/" not in entry.path]

    @property
    def launches(self) -> list[tuple[str, Record]]:
        """The names of the templates that were launched, and the extra variables of each job."""
        jobs = {**self.records["jobs"], **self.records["workflow_jobs"]}
        launched = [jobs[record_id] for record_id in sorted(jobs) if jobs[record_id]["launch_type"] == "manual"]
        return [(job["name"], json.loads(job["extra_vars"])) for job in launched]

    def add(self, kind: str, /, **fields: Any) -> Record:
        """Put a record in without a request and without the rules, and return it."""
        record_id = next(self._ids)
        record: Record = {**copy.deepcopy(KINDS[kind].fields), **copy.deepcopy(fields), "id": record_id}
        self.records[kind][record_id] = record
        return record

    def add_user(self, username: str, *, administers: str = "", team: str = "") -> str:
        """Make a user who administers an organization or belongs to a team, and return a token of theirs."""
        user = self.add("users", username=username, password=f"password-of-{username}")
        for kind, name, role in (("organizations", administers, "admin"), ("teams", team, "member")):
            if name:
                role_id = self.access.role_id(kind, self.one(kind, name)["id"], role)
                self.access.granted.add((role_id, "users", user["id"]))
        token = f"token-of-{username}"
        self._tokens[token] = user["id"]
        return token

    def one(self, kind: str, name: str) -> Record:
        """Return the record of that name (or identifier) as the API shows it."""
        named = "identifier" if kind == "workflow_job_template_nodes" else "name"
        (record,) = (record for record in self.records[kind].values() if record.get(named) == name)
        return self.shown(kind, record)

    def associated(self, kind: str, name: str, association: str) -> list[str]:
        """Return the names of what is associated with a record."""
        record = self.one(kind, name)
        found = (
            self._found(REFERENCES[association], record_id)[1] for record_id in self._associated(record, association)
        )
        return [other.get("name") or other["identifier"] for other in found]

    # The answer to a request

    def answer(self, method: str, target: str, body: Any, authorization: str) -> tuple[int, Any]:
        """Return status and body, and note the request in the ledger."""
        with self.lock:
            path = unquote(urlsplit(target).path)
            try:
                status, answer = self._handle(
                    method, path, dict(parse_qsl(urlsplit(target).query, True)), body, authorization
                )
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
            self.ledger.append(Request(method, path, copy.deepcopy(body), status))
            return status, copy.deepcopy(answer)

    def _handle(self, method: str, path: str, query: dict[str, str], body: Any, authorization: str) -> tuple[int, Any]:
        start = f"{self.prefix}v2/"
        if not path.startswith(start) or not path.endswith("/"):
            raise Refusal(404, {"detail": "The requested resource could not be found."})
        words = path[len(start) : -1].split("/")
        if words == ["ping"]:
            return 200, {"version": "24.6.1", "active_node": "awx"}
        self._user = self._authenticate(authorization)
        if words == ["me"]:
            return 200, self._page([self.shown("users", self._user)], {})
        if words == ["config"]:
            return 200, {"version": "24.6.1", "license_info": {"license_type": "open"}}
        if words[0] == "tokens":
            return self._tokens_answer(method, words)
        if words == ["unified_job_templates"] and method == "GET":
            return 200, self._page([template for kind in UNIFIED[:3] for template in self._seen(kind)], query)
        if words[0] == "roles" and len(words) == 3:
            return self._role(method, int(words[1]), words[2], query, body)
        return self._records_answer(method, words, query, body)

    def _records_answer(self, method: str, words: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        kind = words[0]
        if kind not in KINDS or (kind == "workflow_approval_templates" and len(words) == 1):
            raise Refusal(404, {"detail": "The requested resource could not be found."})
        if len(words) == 1:
            return self._listing(method, kind, query, body)
        record = self._named(kind, words[1])
        if not self.access.may_read(self._user, kind, record):
            raise FORBIDDEN
        if len(words) == 2:
            return self._detail(method, kind, record, body)
        return self._below(method, kind, record, words[2], query, body)

    def _authenticate(self, authorization: str) -> Record:
        way, _space, value = authorization.partition(" ")
        if way == "Bearer" and value in self._tokens:
            return self.records["users"][self._tokens[value]]
        for user in self.records["users"].values():
            basic = base64.b64encode(f"{user['username']}:{user['password']}".encode()).decode()
            if way == "Basic" and value == basic:
                return user
        raise Refusal(401, {"detail": "Authentication credentials were not provided."})

    def _tokens_answer(self, method: str, words: list[str]) -> tuple[int, Any]:
        if method == "POST":
            token_id = next(self._ids)
            token = self._made_tokens[token_id] = f"{self.token}-{token_id}"
            self._tokens[token] = self._user["id"]
            return 201, {"id": token_id, "token": token, "type": "o_auth2_access_token"}
        del self._tokens[self._made_tokens.pop(int(words[1]))]
        return 204, None

    def _role(self, method: str, role_id: int, actors: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Say who has a role, or give it to somebody."""
        kind, record_id, _role = self.access.roles[role_id]
        record = self.records[kind][record_id]
        if method == "GET" and self.access.may_read(self._user, kind, record):
            having = [
                actor_id for role, what, actor_id in sorted(self.access.granted) if (role, what) == (role_id, actors)
            ]
            return 200, self._page([self.shown(actors, self.records[actors][actor_id]) for actor_id in having], query)
        if method != "POST" or not self.access.may_change(self._user, kind, record):
            raise FORBIDDEN
        self._found((actors,), body["id"])
        change = self.access.granted.discard if body.get("disassociate") else self.access.granted.add
        change((role_id, actors, body["id"]))
        return 204, None

    def _seen(self, kind: str) -> list[Record]:
        """Return the records of a kind that the user sees."""
        records = self.records[kind].values()
        return [self.shown(kind, record) for record in records if self.access.may_read(self._user, kind, record)]

    def _listing(self, method: str, kind: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self._page(self._seen(kind), query)
        if method != "POST" or kind in READ_ONLY:
            raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})
        desired = {**copy.deepcopy(KINDS[kind].fields), **_known(kind, body)}
        if not self.access.may_change(self._user, kind, desired):
            raise FORBIDDEN
        record = self._checked(kind, desired, body, None)
        record_id = next(self._ids)
        record["id"] = record_id
        self.records[kind][record_id] = record
        shown = self.shown(kind, record)
        if kind == "projects" and record["scm_type"]:
            # AWX begins the first synchronization by itself.
            update = self._synchronize(record)
            shown = self.shown(kind, record)
            shown["summary_fields"]["current_update"] = {"id": update["id"], "status": "pending"}
        return 201, shown

    def _detail(self, method: str, kind: str, record: Record, body: Any) -> tuple[int, Any]:
        if method != "GET" and not self.access.may_change(self._user, kind, record):
            raise FORBIDDEN
        if method == "DELETE" and kind not in READ_ONLY:
            del self.records[kind][record["id"]]
            return 204, None
        if method == "PATCH" and kind == "workflow_approval_templates":
            # The modules send what belongs to the node as well, and AWX ignores that.
            record.update({name: value for name, value in body.items() if name in KINDS[kind].fields})
        elif method == "PATCH" and kind not in READ_ONLY:
            changed = self._checked(kind, {**record, **_known(kind, body)}, body, record)
            record.update(changed)
        elif method != "GET":
            raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})
        return 200, self.shown(kind, record)

    def _below(
        self, method: str, kind: str, record: Record, what: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        record_id = record["id"]
        changes = method != "GET" and what not in ("launch", "approve", "deny")
        if changes and not self.access.may_change(self._user, kind, record):
            raise FORBIDDEN
        if what in KINDS[kind].associations:
            return self._association(method, record, what, query, body)
        if what == "survey_spec" and what in KINDS[kind].related:
            if method == "POST":
                self.surveys[record_id] = _checked_survey(copy.deepcopy(body))
            elif method == "DELETE":
                self.surveys.pop(record_id, None)
            return 200, self._shown_survey(record_id) if method == "GET" else {}
        if what == "update" and kind == "projects" and method == "POST":
            if not record["scm_type"]:
                raise Refusal(405, {"detail": "Cannot update a manual project."})
            update = self._synchronize(record)
            return 202, {**self.shown("project_updates", update), "project_update": update["id"]}
        if what == "create_approval_template" and kind == "workflow_job_template_nodes" and method == "POST":
            fields = {name: value for name, value in body.items() if name in ("name", "description", "timeout")}
            approval = self.add("workflow_approval_templates", **fields)
            record["unified_job_template"] = approval["id"]
            return 201, self.shown("workflow_approval_templates", approval)
        if what in KINDS[kind].related:
            return self._of_jobs(method, kind, record, what, query, body)
        raise Refusal(404, {"detail": "The requested resource could not be found."})

    def _of_jobs(
        self, method: str, kind: str, record: Record, what: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        if what == "launch":
            if method == "POST" and not self.access.has(self._user, kind, record, "execute"):
                raise FORBIDDEN
            return self._launch(method, kind, record, body or {})
        if kind == "workflow_approvals" and method == "POST":
            return self._decide(record, approved=what == "approve")
        if what == "stdout" and method == "GET":
            return 200, {"content": f"{record['job_type']}: {record['name']}"}
        if what in ("jobs", "workflow_jobs") and method == "GET":
            jobs = [job for job in self.records[what].values() if job["unified_job_template"] == record["id"]]
            return 200, self._page([self.shown(what, job) for job in jobs], query)
        raise Refusal(404, {"detail": "The requested resource could not be found."})

    def _association(self, method: str, record: Record, what: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        associated = self._associated(record, what)
        if method == "GET":
            return 200, self._page(
                [self.shown(*self._found(REFERENCES[what], record_id)) for record_id in associated], query
            )
        record_id = body["id"]
        if body.get("disassociate"):
            associated.remove(record_id)
            return 204, None
        kind, other = self._found(REFERENCES[what], record_id)
        if kind == "credentials" and not self.access.has(self._user, kind, other, "use"):
            raise FORBIDDEN
        if what == "credentials":
            self._one_of_a_type(record, other)
        if record_id not in associated:
            associated.append(record_id)
        return 204, None

    def _one_of_a_type(self, record: Record, credential: Record) -> None:
        for record_id in self._associated(record, "credentials"):
            if self.records["credentials"][record_id]["credential_type"] == credential["credential_type"]:
                name = self.records["credential_types"][credential["credential_type"]]["name"]
                raise Refusal(400, {"error": f"Cannot assign multiple {name} credentials."})

    # Records

    def _associated(self, record: Record, what: str) -> list[int]:
        return self.associations.setdefault((record["id"], what), [])

    def _found(self, kinds: tuple[str, ...], record_id: Any) -> tuple[str, Record]:
        for kind in kinds:
            if record_id in self.records[kind]:
                return kind, self.records[kind][record_id]
        raise Refusal(400, {"detail": f'Invalid pk "{record_id}" - object does not exist.'})

    def _named(self, kind: str, word: str) -> Record:
        """Return the record of an address: its ID, or its name and those of what it belongs to, with ++ between."""
        if word.isdigit() and int(word) in self.records[kind]:
            return self.records[kind][int(word)]
        for record in self.records[kind].values():
            if "++" in word and self._named_url(record) == word:
                return record
        raise Refusal(404, {"detail": "Not found."})

    def _named_url(self, record: Record) -> str:
        """awx/main/utils/named_url_graph.py; hosts and nodes have more of them."""
        words = [record.get("name", "")]
        if record.get("credential_type"):
            kind = self.records["credential_types"][record["credential_type"]]
            words.append(f"{kind['name']}+{kind['kind']}")
        words.append(self.records["organizations"].get(record.get("organization") or 0, {}).get("name", ""))
        return "++".join(words)

    def shown(self, kind: str, record: Record) -> Record:
        """Return a record as the API shows it."""
        url = f"{self.prefix}v2/{kind}/{record['id']}/"
        related = {name: f"{url}{name}/" for name in (*KINDS[kind].associations, *KINDS[kind].related)}
        summary: Record = {}
        for field, kinds in REFERENCES.items():
            if isinstance(record.get(field), int):
                other_kind, other = self._found(kinds, record[field])
                related[field] = f"{self.prefix}v2/{other_kind}/{other['id']}/"
                summary[field] = {"id": other["id"], "name": other.get("name", "")}
        shown = {**copy.deepcopy(record), "type": KINDS[kind].type, "url": url, "related": related}
        shown["summary_fields"] = summary
        if kind in IMPLIED_BY:
            roles = {role: self.access.role_id(kind, record["id"], role) for role in IMPLIED_BY[kind]}
            summary["object_roles"] = {f"{role}_role": {"id": role_id} for role, role_id in roles.items()}
        if kind == "organizations":
            summary["user_capabilities"] = {"edit": self.access.may_change(self._user, kind, record)}
        if kind == "users":
            shown["password"] = ENCRYPTED
        if kind == "credentials":
            secret = self.secret_fields(record["credential_type"])
            shown["inputs"] = {name: ENCRYPTED if name in secret else value for name, value in record["inputs"].items()}
        if kind == "notification_templates" and record["notification_configuration"].get("password"):
            shown["notification_configuration"]["password"] = ENCRYPTED
        return shown

    def _shown_survey(self, record_id: int) -> Record:
        survey = copy.deepcopy(self.surveys.get(record_id, {}))
        for question in survey.get("spec", []):
            if question["type"] == "password" and question.get("default"):
                question["default"] = ENCRYPTED
        return survey

    def secret_fields(self, credential_type: int) -> list[str]:
        """Return the names of the inputs that nobody gets to see again."""
        fields = self.records["credential_types"][credential_type]["inputs"].get("fields", [])
        return [field["id"] for field in fields if field.get("secret")]

    @staticmethod
    def _page(shown: list[Record], query: dict[str, str]) -> Record:
        def matches(record: Record) -> bool:
            for name, value in query.items():
                if name in ("page", "page_size", "order_by") or name.startswith("or__"):
                    continue
                if name == "id__in":
                    if str(record["id"]) not in value.split(","):
                        return False
                elif name == "labels__name":
                    return False
                elif name not in record and name != "organization":
                    raise Refusal(400, {"detail": f"{record['type']} has no field named '{name}'"})
                elif str(record.get(name)) != value:
                    return False
            either = {name[4:]: value for name, value in query.items() if name.startswith("or__")}
            return not either or any(str(record.get(name)) == value for name, value in either.items())

        results = [record for record in shown if matches(record)]
        return {"count": len(results), "next": None, "previous": None, "results": results}

    def _synchronize(self, project: Record) -> Record:
        folder = self.repositories.get(project["scm_url"])
        status = "successful" if folder else "failed"
        if folder:
            project["scm_revision"] = "0123456789abcdef0123456789abcdef01234567"
            project["playbook_files"] = playbooks_in(folder)
        project["status"] = status
        return self.add(
            "project_updates",
            name=project["name"],
            unified_job_template=project["id"],
            scm_revision=project["scm_revision"],
            **self._ended(status),
        )

    @staticmethod
    def _ended(status: str) -> Record:
        return {
            "status": status,
            "failed": status != "successful",
            "created": NOW,
            "started": NOW,
            "finished": NOW,
            "elapsed": 1.0,
            "event_processing_finished": True,
            "artifacts": {},
        }

    # The rules of AWX

    def _checked(self, kind: str, record: Record, sent: Record, current: Record | None) -> Record:
        for name in KINDS[kind].required:
            if record[name] in (None, ""):
                raise Refusal(400, {name: ["This field is required."]})
        for name, value in sent.items():
            if name in REFERENCES and value is not None:
                self._found(REFERENCES[name], value)
        # The organization of a job template is that of its project, and cannot be written.
        if kind == "job_templates":
            record["organization"] = self.records["projects"].get(record["project"], {}).get("organization")
        self._checked_unique(kind, record, current)
        check = getattr(self, f"_check_{KINDS[kind].type}", None)
        if check is not None:
            check(record, current)
        return record

    def _checked_unique(self, kind: str, record: Record, current: Record | None) -> None:
        unique = KINDS[kind].unique
        for other in self.records[kind].values():
            if unique and other is not current and all(other[name] == record[name] for name in unique):
                names = " and ".join(name.replace("_", " ").capitalize() for name in unique)
                message = f"{KINDS[kind].type.replace('_', ' ').capitalize()} with this {names} already exists."
                raise Refusal(400, {"__all__": [message]} if len(unique) > 1 else {unique[0]: [message]})

    def _check_credential_type(self, record: Record, current: Record | None) -> None:
        record["managed"] = False
        if record["kind"] not in ("cloud", "net"):
            raise Refusal(400, {"kind": [f"Must be 'cloud' or 'net', not {record['kind']}"]})
        _check_inputs(record["inputs"])
        credentials = self.records["credentials"].values()
        used = current is not None and any(credential["credential_type"] == current["id"] for credential in credentials)
        if current is not None and used and record["inputs"] != current["inputs"]:
            raise Refusal(403, {"detail": "Modifications to inputs are not allowed for types that are in use"})
        _check_injectors(record["injectors"], [field["id"] for field in record["inputs"].get("fields", [])])

    def _check_credential(self, record: Record, current: Record | None) -> None:
        if current is not None and record["credential_type"] != current["credential_type"]:
            raise Refusal(400, {"credential_type": ["You cannot change the credential type of the credential."]})
        fields = self.records["credential_types"][record["credential_type"]]["inputs"].get("fields", [])
        types = {field["id"]: bool if field["type"] == "boolean" else str for field in fields}
        for name, value in record["inputs"].items():
            if name not in types:
                raise Refusal(400, {"inputs": [f"Additional properties are not allowed ('{name}' was unexpected)"]})
            if type(value) is not types[name]:
                raise Refusal(400, {"inputs": {name: [f"{value!r} is not of type '{types[name].__name__}'"]}})
            if value == ENCRYPTED and current is not None:
                record["inputs"][name] = current["inputs"].get(name, "")
        # Everybody of the organization, a user or a team: somebody has to own it.
        if not record["organization"] and not record["user"] and not record["team"]:
            raise Refusal(400, {"detail": "Missing 'user', 'team', or 'organization'."})

    def _check_execution_environment(self, record: Record, _current: Record | None) -> None:
        if not record["image"]:
            raise Refusal(400, {"image": ["This field is required."]})

    def _check_project(self, record: Record, _current: Record | None) -> None:
        record.setdefault("scm_revision", "")
        record.setdefault("playbook_files", [])
        record.setdefault("status", "never updated")
        if record["scm_type"] not in ("", "git", "svn", "insights", "archive"):
            raise Refusal(400, {"scm_type": [f'"{record["scm_type"]}" is not a valid choice.']})
        if record["scm_type"] and not record["scm_url"]:
            raise Refusal(400, {"scm_url": ["SCM URL is required."]})

    def _check_inventory(self, record: Record, _current: Record | None) -> None:
        record["kind"] = record["kind"] or ""
        _check_json(record, "variables")

    def _check_host(self, record: Record, _current: Record | None) -> None:
        _check_json(record, "variables")

    def _check_job_template(self, record: Record, _current: Record | None) -> None:
        _check_json(record, "extra_vars")
        if record["inventory"] is None and not record["ask_inventory_on_launch"]:
            raise Refusal(400, {"inventory": ["Must either set a default value or ask to prompt on launch."]})
        if record["project"] is None:
            raise Refusal(400, {"project": ["Job Templates must have a project assigned."]})
        project = self.records["projects"][record["project"]]
        if not record["playbook"]:
            raise Refusal(400, {"playbook": ["Must select playbook for project."]})
        if not project["allow_override"] and record["playbook"] not in project["playbook_files"]:
            raise Refusal(400, {"playbook": ["Playbook not found for project."]})
        if record["scm_branch"] and not project["allow_override"]:
            raise Refusal(400, {"scm_branch": ["Project does not allow overriding branch."]})
        if record["job_type"] not in ("run", "check"):
            raise Refusal(400, {"job_type": [f'"{record["job_type"]}" is not a valid choice.']})

    def _check_workflow_job_template(self, record: Record, _current: Record | None) -> None:
        _check_json(record, "extra_vars")

    def _check_workflow_job_template_node(self, record: Record, _current: Record | None) -> None:
        # Required answers may come from the workflow's survey or its launch.
        self._check_prompts(record, need_answers=False)

    def _check_schedule(self, record: Record, _current: Record | None) -> None:
        rule = record["rrule"]
        if not re.match(r"^DTSTART(;TZID=[A-Za-z_]+/[A-Za-z_/]+:\d{8}T\d{6}|:\d{8}T\d{6}Z) RRULE:", rule):
            raise Refusal(400, {"rrule": ["Valid DTSTART required in rrule. It should start with: DTSTART:..."]})
        if "INTERVAL" not in rule:
            raise Refusal(400, {"rrule": ["INTERVAL required in rrule."]})
        if "SECONDLY" in rule:
            raise Refusal(400, {"rrule": ["SECONDLY is not supported."]})
        self._check_prompts(record, need_answers=True)

    def _check_notification_template(self, record: Record, current: Record | None) -> None:
        if record["notification_type"] != "webhook":
            raise Refusal(400, {"notification_type": ["Only webhook is known here."]})
        given = {**WEBHOOK_DEFAULTS, **record["notification_configuration"]}
        for name, expected in WEBHOOK_TYPES.items():
            if name not in given:
                raise Refusal(400, {"detail": f"Missing required fields for Notification Configuration: ['{name}']."})
            if type(given[name]) is not expected:
                raise Refusal(400, {"detail": f"Configuration field '{name}' incorrect type."})
        if given["http_method"].lower() not in ("post", "put"):
            raise Refusal(400, {"detail": "HTTP method must be either 'POST' or 'PUT'."})
        if given["password"] == ENCRYPTED and current is not None:
            given["password"] = current["notification_configuration"]["password"]
        record["notification_configuration"] = given
        for event, texts in (record["messages"] or {}).items():
            if event not in ("started", "success", "error", "workflow_approval"):
                raise Refusal(400, {"messages": [f"Event '{event}' invalid."]})
            if texts is not None and event != "workflow_approval":
                _check_message(event, texts)

    def _check_prompts(self, record: Record, *, need_answers: bool) -> None:
        if record["unified_job_template"] is None:
            return
        kind, template = self._found(UNIFIED, record["unified_job_template"])
        errors: Record = {}
        for name, ask in PROMPTS.items():
            # A prompt that says what the template says is neither taken nor refused.
            if record.get(name) not in (None, template.get(name)) and not template.get(ask):
                errors[name] = [NOT_PROMPTED]
        if kind in ("job_templates", "workflow_job_templates"):
            _taken, refused, missing = self._answers(template, record["extra_data"])
            if refused:
                errors["extra_data"] = [_not_allowed(refused)]
            if missing and need_answers:
                errors["variables_needed_to_start"] = missing
        elif record["extra_data"]:
            errors["extra_data"] = [_not_allowed(record["extra_data"])]
        if errors:
            raise Refusal(400, errors)

    # Launches

    def _answers(self, template: Record, given: Record) -> tuple[Record, Record, list[str]]:
        """Return the extra variables that the template takes, those that it does not, and what is wrong with them."""
        questions = self.surveys.get(template["id"], {}).get("spec", []) if template["survey_enabled"] else []
        asked = {question["variable"]: question for question in questions}
        wrong = []
        for variable, question in asked.items():
            if variable not in given:
                # A default does not help: AWX has its form fill it in, and nothing else.
                if question["required"]:
                    wrong.append(f"'{variable}' value missing")
                continue
            wrong.extend(_wrong_with(question, given[variable]))
        every = template["ask_variables_on_launch"]
        taken = {name: value for name, value in given.items() if every or name in asked}
        return taken, {name: value for name, value in given.items() if name not in taken}, wrong

    def _launch(self, method: str, kind: str, template: Record, body: Record) -> tuple[int, Any]:
        if method == "GET":
            return 200, {name: value for name, value in template.items() if name.startswith(("ask_", "survey_"))}
        given = body.get("extra_vars") or {}
        taken, refused, wrong = self._answers(template, json.loads(given) if isinstance(given, str) else given)
        if wrong:
            raise Refusal(400, {"variables_needed_to_start": wrong})
        ignored: Record = {"extra_vars": refused} if refused else {}
        prompts: Record = {}
        for name, value in body.items():
            if name in ("extra_vars", "labels"):
                continue
            if name not in PROMPTS:
                raise Refusal(400, {name: ["Unknown field."]})
            (prompts if template.get(PROMPTS[name]) else ignored)[name] = value
        # A job template takes no notice of what it does not ask; a workflow refuses.
        if ignored and kind == "workflow_job_templates":
            raise Refusal(
                400,
                {
                    name: [_not_allowed(value) if name == "extra_vars" else NOT_PROMPTED]
                    for name, value in ignored.items()
                },
            )
        defaults = {
            question["variable"]: question["default"]
            for question in self.surveys.get(template["id"], {}).get("spec", [])
            if template["survey_enabled"] and question.get("default") not in (None, "")
        }
        jobs = "jobs" if kind == "job_templates" else "workflow_jobs"
        job = self._run(jobs, template, {**defaults, **taken}, prompts=prompts, launch_type="manual")
        if jobs == "workflow_jobs":
            nodes = self._nodes(template)
            followed = {following for node in nodes for way in _NODES for following in self._associated(node, way)}
            self._go_on(job, [node["id"] for node in nodes if node["id"] not in followed])
        return 201, {**self.shown(jobs, job), "ignored_fields": ignored, jobs[:-1]: job["id"]}

    def _run(self, jobs: str, template: Record, extra_vars: Record, **fields: Any) -> Record:
        every = {**json.loads(template["extra_vars"] or "{}"), **extra_vars}
        return self.add(
            jobs,
            name=template["name"],
            unified_job_template=template["id"],
            organization=template["organization"],
            job_type=fields.get("prompts", {}).get("job_type", template.get("job_type")),
            extra_vars=json.dumps(every),
            **{**self._ended(self.job_status), **fields},
        )

    def _nodes(self, workflow: Record) -> list[Record]:
        nodes = self.records["workflow_job_template_nodes"].values()
        return [node for node in nodes if node["workflow_job_template"] == workflow["id"]]

    def _go_on(self, job: Record, node_ids: list[int]) -> None:
        """Run these nodes of a workflow and what follows them, until one of them is an approval."""
        for node_id in node_ids:
            node = self.records["workflow_job_template_nodes"][node_id]
            kind, template = self._found(UNIFIED, node["unified_job_template"])
            if kind == "workflow_approval_templates":
                job.update(status="running", finished=None, event_processing_finished=False)
                fields = {
                    "workflow_job_template": job["unified_job_template"],
                    "workflow_job": job["id"],
                    "node": node_id,
                }
                self.add("workflow_approvals", name=template["name"], status="pending", **fields)
                continue
            ran = self._run("jobs", template, json.loads(job["extra_vars"]), launch_type="workflow")
            self._after(job, node_id, succeeded=ran["status"] == "successful")

    def _after(self, job: Record, node_id: int, *, succeeded: bool) -> None:
        ways = ("success_nodes" if succeeded else "failure_nodes", "always_nodes")
        following = [following_id for way in ways for following_id in self.associations.get((node_id, way), [])]
        if not following:
            job.update(self._ended("successful" if succeeded else "failed"))
        self._go_on(job, following)

    def _decide(self, approval: Record, *, approved: bool) -> tuple[int, Any]:
        workflow = self.records["workflow_job_templates"][approval["workflow_job_template"]]
        if not self.access.has(self._user, "workflow_job_templates", workflow, "approval"):
            raise FORBIDDEN
        if approval["status"] != "pending":
            raise Refusal(400, {"detail": "This workflow step has already been approved or denied."})
        approval["status"] = "successful" if approved else "failed"
        self._after(self.records["workflow_jobs"][approval["workflow_job"]], approval["node"], succeeded=approved)
        return 204, None


def _known(kind: str, body: Any) -> Record:
    fields: Record = copy.deepcopy(body)
    for name in fields:
        if name not in KINDS[kind].fields:
            raise Refusal(400, {name: ["AWX does not know this field, and would ignore it."]})
    return fields


def _not_allowed(variables: Record) -> str:
    return (
        f"Variables {', '.join(sorted(variables))} are not allowed on launch. Check the Prompt on Launch setting on the"
        " Job Template to include Extra Variables."
    )


def _check_json(record: Record, field: str) -> None:
    if record[field]:
        try:
            json.loads(record[field])
        except ValueError:
            raise Refusal(400, {field: ["Cannot parse as JSON."]}) from None


def _check_message(event: str, texts: Record) -> None:
    job = {"id": 1, "name": "Hello", "status": "failed", "url": "/#/jobs/1"}
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    try:
        body = json.loads(sandbox.from_string(texts.get("body") or "{}").render(job=job, url=job["url"]))
    except (jinja2.TemplateError, ValueError) as error:
        raise Refusal(400, {"messages": [f"Webhook body for '{event}': {error}"]}) from None
    if set(texts) - {"message", "body"} or not isinstance(body, dict):
        raise Refusal(400, {"messages": [f"Webhook body for '{event}' should be a json dictionary."]})


def _check_inputs(inputs: Record) -> None:
    def refuse(message: str) -> None:
        raise Refusal(400, {"inputs": [message]})

    if set(inputs) - {"fields", "required"}:
        refuse(f"{sorted(set(inputs) - {'fields', 'required'})} not supported for custom credentials.")
    known = set()
    for field in inputs.get("fields", []):
        if set(field) - FIELD_KEYS or not isinstance(field.get("label"), str):
            refuse(f"{field} has a key that is not allowed, or no label.")
        if not IDENTIFIER.match(field.get("id", "")) or field["id"] == "tower" or field["id"] in known:
            refuse(f"The ID of {field} is missing, reserved or not unique.")
        known.add(field["id"])
        # AWX writes it in.
        field.setdefault("type", "string")
        if field["type"] not in ("string", "boolean") or field.get("format", "url") not in ("url", "ssh_private_key"):
            refuse(f"The type or the format of {field} is not known.")
        if field["type"] == "boolean" and set(field) & {"choices", "multiline", "format", "secret"}:
            refuse(f"{field} is a boolean and has what only texts may have.")
        if "default" in field and type(field["default"]) is not (bool if field["type"] == "boolean" else str):
            refuse(f"{field['default']} is not a {field['type']}")
    if not all(isinstance(name, str) for name in inputs.get("required", [])):
        refuse("required is no list of texts.")


def _check_injectors(injectors: Record, fields: list[str]) -> None:
    def refuse(message: str) -> None:
        raise Refusal(400, {"injectors": [message]})

    if set(injectors) - {"env", "extra_vars", "file"}:
        refuse(f"Additional properties are not allowed: {sorted(injectors)}")
    files = list(injectors.get("file", {}))
    if "template" in files and len(files) > 1:
        refuse("Must use multi-file syntax when injecting multiple files")
    if not all(re.match(r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$", name) for name in files):
        refuse(f"{files} are no names of files.")
    named = {name.partition(".")[2]: "EXAMPLE" for name in files}
    known: Record = dict.fromkeys(fields, "EXAMPLE")
    known["tower"] = {"filename": "EXAMPLE" if files == ["template"] else named}
    for name, value in injectors.get("env", {}).items():
        if not IDENTIFIER.match(name) or name.startswith("ANSIBLE_") or name in RESERVED_VARIABLES:
            refuse(f"Environment variable {name} is not allowed to be used in credentials.")
        if not isinstance(value, str) or not value.isascii():
            refuse(f"{value!r} of {name} is not of type 'string'")
    for kind in injectors.values():
        for name, template in kind.items():
            _check_template(name, str(template), known)


def _check_template(name: str, template: str, known: Record) -> None:
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    try:
        sandbox.from_string(template).render(known)
    except jinja2.TemplateError as error:
        raise Refusal(400, {"injectors": [f"{name} uses an undefined field ({error})"]}) from None


def _checked_survey(survey: Any) -> Record:
    """awx/api/views/__init__.py, JobTemplateSurveySpec."""

    def check(condition: bool, message: str) -> None:
        if not condition:
            raise Refusal(400, {"error": message})

    for name, expected in (("name", str), ("description", str), ("spec", list)):
        check(name in survey, f"Field '{name}' is missing from survey spec.")
        check(isinstance(survey[name], expected), f"Expected {expected.__name__} for field '{name}'.")
    check(bool(survey["spec"]), "'spec' doesn't contain any items.")
    variables = set()
    for number, question in enumerate(survey["spec"]):
        which = f"in survey question {number}"
        for name in ("type", "question_name", "variable", "required"):
            check(name in question, f"'{name}' missing {which}")
            check(isinstance(question[name], bool if name == "required" else str), f"'{name}' has a wrong type {which}")
        check(question["variable"] not in variables, f"'variable' '{question['variable']}' duplicated {which}")
        variables.add(question["variable"])
        check(question["type"] in SURVEY_TYPES, f"'{question['type']}' {which} is not an allowed type.")
        default = question.get("default", "")
        check(default == "" or isinstance(default, SURVEY_TYPES[question["type"]]), f"Default value {which} is wrong.")
        for limit in ("min", "max"):
            check(question.get(limit) is None or isinstance(question[limit], int), f"The {limit} limit {which}")
        if question["type"] in ("multiplechoice", "multiselect"):
            check("choices" in question, f"Survey question {number} must specify choices.")
            if isinstance(question["choices"], str):
                question["choices"] = "\n".join(line for line in question["choices"].splitlines() if line.strip())
            defaults = [line for line in str(default).splitlines() if line.strip()]
            check(question["type"] == "multiselect" or len(defaults) < 2, f"More than one default {which}")
            check(all(one in question["choices"] for one in defaults), f"A default {which} is no choice.")
    answer: Record = survey
    return answer


def _wrong_with(question: Record, value: Any) -> list[str]:
    """awx/main/models/mixins.py, SurveyJobTemplateMixin._survey_element_validation."""
    variable, kind = question["variable"], question["type"]
    least, most = question.get("min"), question.get("max")
    if kind in ("text", "textarea", "password"):
        if not isinstance(value, str):
            return [f"Value {value} for '{variable}' expected to be a string."]
        if least is not None and len(value) < least:
            return [f"'{variable}' value {value} is too small (length is {len(value)} must be at least {least})."]
        if most is not None and len(value) > most:
            return [f"'{variable}' value {value} is too large (must be no more than {most})."]
        return []
    if kind in ("integer", "float"):
        types = (int,) if kind == "integer" else (int, float)
        if type(value) not in types or (least is not None and value < least) or (most is not None and value > most):
            return [f"Value {value} for '{variable}' is no {kind} or not in its limits."]
        return []
    choices = question["choices"] if isinstance(question["choices"], list) else question["choices"].splitlines()
    chosen = value if kind == "multiselect" else [value]
    if not isinstance(chosen, list):
        return [f"'{variable}' value is expected to be a list."]
    # A blank one, too, even when the question is not required: the form leaves such a question out.
    return [f"Value {one} for '{variable}' expected to be one of {choices}." for one in chosen if one not in choices]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two packets, and the second would wait for the answer to the first.
    disable_nagle_algorithm = True
    controller: Controller

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(text) if text else None
        authorization = self.headers.get("Authorization", "")
        status, answer = self.controller.answer(self.command, self.path, body, authorization)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Say nothing: the ledger has it all."""


@contextmanager
def running_controller(prefix: str = "/api/") -> Iterator[Controller]:
    """Serve a controller with nothing but AWX's own records; Automation Controller has the prefix /api/controller/."""
    controller = Controller(prefix)
    handler = type("Handler", (_Handler,), {"controller": controller})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        controller.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield controller
        server.shutdown()
