# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Start a sandbox for tests and drive it. Needs the standard library only and runs on every Python of the collection.

The server is a process of its own, because it needs a newer Python than the oldest one the collection runs on: the
environment variable ``TALLYFY_SANDBOX_PYTHON`` names an interpreter that has ``sandbox/requirements.txt`` installed.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

ORGANIZATION_ID = "25f66ae8cd27630803af1f25fe015a1a"
CLIENT_ID = "1111"
CLIENT_SECRET = "sandbox-secret-not-real/+="
START_SECONDS = 30.0
STOP_SECONDS = 10.0
REPOSITORY_ROOT = Path(__file__).resolve().parent.parent


def _there(record: dict[str, Any] | None, name: str) -> dict[str, Any]:
    assert record is not None, f"there is no {name}"
    return record


class SandboxError(Exception):
    """The sandbox did not start, or refused what a test asked of its control plane."""


class Sandbox:
    """A running sandbox: where it is, what is in it, and the levers of its control plane."""

    org_id = ORGANIZATION_ID
    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET

    def __init__(self, url: str, ca_file: str | None = None, pid: int | None = None) -> None:
        self.url = url.rstrip("/")
        self.api_url = f"{self.url}/api"
        self.token_url = f"{self.url}/oauth/token"
        self.authorize_url = f"{self.url}/oauth/authorize"
        self.pid = pid
        self._control_url = f"{self.url}/_sandbox"
        # A proxy of the environment must not come between a test and the loopback interface.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if ca_file is not None:
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file)))
        self._opener = urllib.request.build_opener(*handlers)

    # Setting the scene

    def reset(self, **options: Any) -> dict[str, Any]:
        """Plant a fresh seed; takes ``members``, ``organizations``, ``switches`` and ``latency_ms``."""
        return self._control("POST", "/reset", options)

    def switch(self, **switches: Any) -> dict[str, Any]:
        """Set switches by name; return all of them."""
        return self._control("PATCH", "/switches", switches)

    def fault(self, **fault: Any) -> int:
        """Put a fault in force; return its id."""
        return int(self._control("POST", "/faults", fault)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults in force with their hit counts."""
        return list(self._control("GET", "/faults")["faults"])

    def clear_faults(self) -> None:
        self._control("DELETE", "/faults")

    def carry_out_late(self) -> list[int]:
        """Carry out what faults with ``apply_late`` put off, in order; return the statuses nobody was told."""
        return list(self._control("POST", "/late")["statuses"])

    def patch_member(self, email: str, /, **fields: Any) -> dict[str, Any]:
        """Set raw fields of a member behind the API's back."""
        return self._control("PATCH", f"/members/{quote(email, safe='')}", fields)

    def insert_members(self, *members: dict[str, Any]) -> list[dict[str, Any]]:
        """Insert raw members; each needs an ``email``."""
        return list(self._control("POST", "/members", list(members))["members"])

    def patch_group(self, name: str, /, **fields: Any) -> dict[str, Any]:
        return self._control("PATCH", f"/groups/{quote(name, safe='')}", fields)

    def patch_guest(self, email: str, **fields: Any) -> dict[str, Any]:
        return self._control("PATCH", f"/guests/{quote(email, safe='')}", fields)

    def insert_template(self, title: str, **fields: Any) -> dict[str, Any]:
        """Insert a template; ``prerun`` and ``steps`` are lists of definitions, the rest raw fields."""
        return self._control("POST", "/templates", dict(fields, title=title))

    def patch_template(self, template_id: str, /, **fields: Any) -> dict[str, Any]:
        """Set raw fields of a template, ``steps`` and ``permissions`` (such as ``process_launch``) among them."""
        return self._control("PATCH", f"/templates/{template_id}", fields)

    def insert_runs(self, *runs: dict[str, Any]) -> list[str]:
        """Insert processes without any check and return their ids; raw fields, with ``checklist_id`` and ``prerun``."""
        return list(self._control("POST", "/runs", list(runs))["runs"])

    def patch_run(self, run_id: str, /, **fields: Any) -> dict[str, Any]:
        return self._control("PATCH", f"/runs/{run_id}", fields)

    def delete_run(self, run_id: str) -> None:
        """Delete a process for good behind the API's back."""
        self._control("DELETE", f"/runs/{run_id}")

    def patch_task(self, task_id: str, /, **fields: Any) -> dict[str, Any]:
        return self._control("PATCH", f"/tasks/{task_id}", fields)

    def accept(self, email: str) -> dict[str, Any]:
        """Accept an invitation as the invited person would; ``run_id`` is the onboarding process, if one began."""
        return self._control("POST", f"/members/{quote(email, safe='')}/accept")

    def issue_token(self, email: str | None = None, **options: Any) -> str:
        """Hand out a token without a sign-in: a person's, or the application's when no e-mail is given."""
        requested = dict(options, email=email) if email is not None else options
        return str(self._control("POST", "/tokens", requested)["access_token"])

    def revoke_tokens(self, kind: str | None = None) -> int:
        return int(self._control("POST", "/tokens/revoke", {} if kind is None else {"kind": kind})["revoked"])

    def expire_tokens(self) -> None:
        self._control("POST", "/tokens/expire")

    def advance(self, seconds: float) -> None:
        """Move the server's clock forward."""
        self._control("POST", "/clock", {"advance_seconds": seconds})

    def stop_clock(self, now: float | None = None) -> float:
        """Stop the server's clock, at a moment if one is given, so that all happens in one second; return the time."""
        requested: dict[str, Any] = {"stop": True} if now is None else {"stop": True, "now": now}
        return float(self._control("POST", "/clock", requested)["now"])

    def start_clock(self) -> None:
        """Let the server's clock run on from where it stands."""
        self._control("POST", "/clock", {"stop": False})

    def plan_ids(self, kind: str, *ids: str) -> None:
        """Say which ids the next records of a kind get, such as ``run`` or ``task``."""
        self._control("POST", "/ids", {kind: list(ids)})

    # Reading what happened

    def ledger(self, **filters: Any) -> list[dict[str, Any]]:
        """Return the requests so far; filters are ``method``, ``route``, ``since`` and ``write``."""
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in filters.items()}
        return list(self._control("GET", f"/ledger?{urlencode(query)}")["requests"])

    def writes(self) -> list[dict[str, Any]]:
        return self.ledger(write=True)

    def launches(self) -> list[dict[str, Any]]:
        """Return the requests that asked for a process."""
        return self.ledger(route="processes.launch")

    def sign_ins(self) -> list[dict[str, Any]]:
        """Return the requests that obtained, or tried to obtain, a token."""
        return [entry for entry in self.ledger() if entry["route"] in ("oauth.token", "applications.token")]

    def clear_ledger(self) -> None:
        self._control("DELETE", "/ledger")

    def events(self, **filters: Any) -> list[dict[str, Any]]:
        """Return what webhooks and mails told so far; filters are ``event``, ``run``, ``task`` and ``since``."""
        return list(self._control("GET", f"/events?{urlencode(filters)}")["events"])

    def clear_events(self) -> None:
        self._control("DELETE", "/events")

    def state(self, organization: str | None = None, only: str | None = None) -> dict[str, Any]:
        """Return everything the sandbox holds: members, groups, guests, tags, templates, runs, tasks, folders.

        ``only`` names the kinds that are wanted, with commas between them: thousands of tasks take their time.
        """
        query = {"organization": organization, "only": only}
        return self._control("GET", f"/state?{urlencode({name: value for name, value in query.items() if value})}")

    def member(self, email: str) -> dict[str, Any]:
        """Return the raw record of a member of the seeded organization, who must be there."""
        return _there(self.find_member(email), email)

    def find_member(self, email: str) -> dict[str, Any] | None:
        for record in self.state(self.org_id, "members")["members"]:
            if record["email"].lower() == email.lower() and not record["deleted"]:
                return dict(record)
        return None

    def group(self, name: str) -> dict[str, Any]:
        return _there(self.find_group(name), name)

    def find_group(self, name: str) -> dict[str, Any] | None:
        for record in self.state(self.org_id, "groups")["groups"]:
            if record["name"] == name:
                return dict(record)
        return None

    def runs(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the raw processes of the seeded organization, archived ones too; all, or those of one name."""
        return [run for run in self.state(self.org_id, "runs")["runs"] if name is None or run["name"] == name]

    def template(self, title: str) -> dict[str, Any]:
        templates = self.state(self.org_id, "templates")["templates"]
        return _there(next((dict(record) for record in templates if record["title"] == title), None), title)

    def switches(self) -> dict[str, Any]:
        return self._control("GET", "/switches")

    def health(self) -> dict[str, Any]:
        return self._control("GET", "/health")

    def _control(self, method: str, path: str, document: Any = None) -> dict[str, Any]:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self._control_url + path, data=body, method=method)
        try:
            with self._opener.open(request, timeout=30) as answer:
                parsed: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            raise SandboxError(f"{method} {path}: {error.read().decode()}") from None
        return parsed


@contextmanager
def running_sandbox(**options: Any) -> Iterator[Sandbox]:
    """Start a sandbox, yield it, and stop it.

    Options are those of the command line: ``host``, ``port``, ``members``, ``organizations``, ``latency``,
    ``switches`` (a mapping) and ``tls`` (the files of a certificate for the host and of its key; the control plane
    then speaks HTTPS as well, and trusts that certificate).
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        ready_file = Path(folder) / "url"
        process = subprocess.Popen(_command(options, ready_file), cwd=REPOSITORY_ROOT, stdout=subprocess.DEVNULL)
        try:
            ca_file = str(options["tls"][0]) if "tls" in options else None
            yield Sandbox(_await_url(process, ready_file), ca_file=ca_file, pid=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _command(options: dict[str, Any], ready_file: Path) -> list[str]:
    interpreter = os.environ.get("TALLYFY_SANDBOX_PYTHON") or sys.executable
    command = [interpreter, "-m", "sandbox", "--exit-with-parent", "--ready-file", str(ready_file)]
    for name, value in options.items():
        if name == "switches":
            for switch, setting in value.items():
                command += ["--switch", f"{switch}={_switch_text(setting)}"]
        elif name == "tls":
            command += ["--tls", str(value[0]), str(value[1])]
        else:
            command += [f"--{name.replace('_', '-')}", str(value)]
    return command


def _switch_text(setting: Any) -> str:
    if isinstance(setting, (list, tuple)):
        return ",".join(str(word) for word in setting)
    return "null" if setting is None else str(setting)


def _await_url(process: subprocess.Popen[bytes], ready_file: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None:
            raise SandboxError(
                f"the sandbox ended with status {process.returncode} before it listened; does the interpreter "
                "(TALLYFY_SANDBOX_PYTHON) have sandbox/requirements.txt installed?"
            )
        if time.monotonic() > deadline:
            raise SandboxError(f"the sandbox did not listen within {START_SECONDS:.0f} seconds")
        time.sleep(0.02)
    return ready_file.read_text(encoding="utf-8").strip()
