# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks, run by ansible-rulebook: which events start which jobs, with which extra variables."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible_rulebook.util import substitute_variables

from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.pages import Command, File, read_page
from tests.acceptance.running import Playbooks
from tests.awx.controller import Controller, playbooks_in, running_controller
from tests.eda.rulebooks import SIGNATURE, Rulebook, free_port, post, running_rulebook, signature

ROOT = Path(__file__).parents[2]
RULEBOOKS = ROOT / "extensions/eda/rulebooks"
SURVEYS = ROOT / "playbooks/awx/surveys"
SAMPLE = json.loads((ROOT / "tests/eda/samples/webhook-task.json").read_text())
LAUNCHED = json.loads((ROOT / "tests/eda/samples/webhook-process.json").read_text())

# All digits, as a number would be read; the shortest that is taken.
SECRET = "01234567890123456789012345678901"
PATH = "98765432109876543210987654321098"
ONBOARD = "Tallyfy - onboard a person"
APPROVAL = "Tallyfy - onboard with approval"
CONFIRM = "Tallyfy - confirm a completed task"
TEMPLATES = (
    ("job_templates", ONBOARD, "onboard_person"),
    ("workflow_job_templates", APPROVAL, "onboard_person"),
    ("job_templates", CONFIRM, "confirm_task"),
)
HIRE = {"type": "employee.hired", "email": "jo@example.com", "first_name": "Jo", "last_name": "Rivera"}


class Events:
    """What the tests of this file share: ansible-rulebook, listening, and what it has launched."""

    def __init__(self, controller: Controller, sandbox: Sandbox) -> None:
        self.controller = controller
        self.sandbox = sandbox
        self.hires, self.approvals, self.tasks = free_port(), free_port(), free_port()
        self.rulebooks: list[Rulebook] = []

    def hire(self, *, port: int | None = None, secret: str = SECRET, **event: Any) -> int:
        body = json.dumps({**HIRE, **event}).encode()
        return post(port or self.hires, body, **{SIGNATURE: signature(secret, body)})

    def complete(self, event: Any, *, path: str = PATH, header: str = "X-Tallyfy-orgID", **headers: str) -> int:
        return post(self.tasks, event, path, **(headers or {header: self.sandbox.org_id}))

    def launched(self, name: str) -> list[dict[str, Any]]:
        return [extra_vars for template, extra_vars in self.controller.launches if template == name]

    def await_launch(self, name: str, **answers: str) -> dict[str, Any]:
        """Return the extra variables of the one job that was launched with these among them."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.launched(name) if answers.items() <= one.items()]

        self.rulebooks[0].wait(lambda: bool(found()))
        (only,) = found()
        return only


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Events]:
    """Three rulesets in two processes, because each takes seconds to start."""
    folder = tmp_path_factory.mktemp("eda")
    with running_controller() as controller, running_sandbox() as sandbox:
        _add_templates(controller)
        shared = Events(controller, sandbox)
        # The rulebook of tasks, and that of hires once more with variables of its own, for the way with approval.
        onboard = (RULEBOOKS / "onboard.yml").read_text()
        rulesets = [
            *yaml.safe_load((RULEBOOKS / "task_completed.yml").read_text()),
            *yaml.safe_load(
                onboard.replace("tallyfy_hire", "approved_hire").replace("whom HR", "with approval whom HR")
            ),
        ]
        both = folder / "rulebook.yml"
        both.write_text(json.dumps(rulesets))
        hires = {"tallyfy_hire_secret": SECRET, "tallyfy_hire_port": shared.hires, "tallyfy_hire_process": "Onboarding"}
        others = {
            "approved_hire_secret": SECRET,
            "approved_hire_port": shared.approvals,
            "approved_hire_approval": True,
            "tallyfy_webhook_path": PATH,
            "tallyfy_webhook_port": shared.tasks,
            "tallyfy_webhook_steps": "^(Create accounts|Welcome call)$",
            "tallyfy_org_id": sandbox.org_id,
        }
        with (
            running_rulebook("tallyfy.platform.onboard", controller, folder / "onboard", hires) as first,
            running_rulebook(str(both), controller, folder / "both", others) as second,
        ):
            shared.rulebooks = [first, second]
            first.listening(shared.hires)
            second.listening(shared.approvals)
            second.listening(shared.tasks)
            yield shared


def _add_templates(controller: Controller) -> None:
    organization = controller.add("organizations", name="Tallyfy")["id"]
    for kind, name, survey in TEMPLATES:
        record = controller.add(kind, name=name, organization=organization, survey_enabled=True)
        controller.surveys[record["id"]] = yaml.safe_load((SURVEYS / f"{survey}.yml").read_text())


# --- hires ------------------------------------------------------------------------------------------------------------


def test_a_signed_hire_starts_one_job_with_the_answers_of_the_survey(events: Events) -> None:
    for _ in range(2):
        assert events.hire(role="admin", onboarding_person_role="admin") == 200
    # After both of them in the queue.
    assert events.hire(email="second@example.com") == 200
    events.await_launch(ONBOARD, onboarding_person_email="second@example.com")
    assert events.await_launch(ONBOARD, onboarding_person_email="jo@example.com") == {
        "onboarding_person_email": "jo@example.com",
        "onboarding_person_first_name": "Jo",
        "onboarding_person_last_name": "Rivera",
        "onboarding_person_job_title": "",
        "onboarding_person_team": "",
        "onboarding_person_timezone": "",
        "onboarding_person_groups": "",
        "onboarding_person_process": "Onboarding",
        "onboarding_person_kickoff": "",
    }


def test_texts_arrive_unharmed(events: Events) -> None:
    nasty = {
        "first_name": "{{ 7*7 }}",
        "last_name": "{% if %}",
        "job_title": "1e3",
        "team": 'it\'s "\\" 🦉\nNaïve',
        "timezone": "None",
        "process": "[1, 2]",
        "groups": ["Sales", "007", "{{ x }}"],
        "kickoff": {"Start date": "2026-12-01", "Notes": "one\nAdmin: yes", "Number": 7, "{{ a }}": "{{ b }}"},
    }
    assert events.hire(email="nasty@example.com", **nasty) == 200
    assert events.await_launch(ONBOARD, onboarding_person_email="nasty@example.com") == {
        "onboarding_person_email": "nasty@example.com",
        **{f"onboarding_person_{name}": value for name, value in nasty.items()},
        "onboarding_person_groups": "Sales\n007\n{{ x }}",
        "onboarding_person_kickoff": "Start date: 2026-12-01\nNotes: one Admin: yes\nNumber: 7\n{{ a }}: {{ b }}",
    }


def test_texts_of_several_lines_are_taken_as_they_are(events: Events) -> None:
    assert events.hire(email="lines@example.com", groups="A\nB", kickoff="Start date: 2026-12-01\nX: y") == 200
    answers = events.await_launch(ONBOARD, onboarding_person_email="lines@example.com")
    assert answers["onboarding_person_groups"] == "A\nB"
    assert answers["onboarding_person_kickoff"] == "Start date: 2026-12-01\nX: y"


def test_nothing_else_starts_a_job(events: Events) -> None:
    before = len(events.controller.launches)
    body = json.dumps({**HIRE, "email": "forged@example.com"}).encode()
    for secret in ("", "x" * 32):
        assert post(events.hires, body, **{SIGNATURE: signature(secret, body)}) == 401
    assert post(events.hires, body, **{SIGNATURE: signature(SECRET, body + b" ")}) == 401
    assert post(events.hires, body) == 400
    broken = b'{"type": "employee.hired", '
    assert post(events.hires, broken, **{SIGNATURE: signature(SECRET, broken)}) == 400
    for odd in (b"[1]", b"7", b'"employee.hired"', b"null", b'[{"type": "employee.hired"}]', b"{}"):
        assert post(events.hires, odd, **{SIGNATURE: signature(SECRET, odd)}) == 200
    for kind in ("employee.left", "employee.hired.not", "(?!)", "", None, 7):
        assert events.hire(type=kind, email="kind@example.com") == 200
    # After all of these in the queue.
    assert events.hire(email="sentinel@example.com") == 200
    events.await_launch(ONBOARD, onboarding_person_email="sentinel@example.com")
    assert len(events.controller.launches) == before + 1


def forged(body: bytes) -> dict[str, str]:
    """Return what somebody without the secret may write as the signature of a body."""
    right = signature(SECRET, body)
    other = signature(SECRET, json.dumps({**HIRE, "email": "other@example.com"}).encode())
    digest = right.removeprefix("sha256=")
    return {
        "of another event": other,
        "of another algorithm": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest(),
        "named another algorithm": f"sha512={digest}",
        "in base64": "sha256=" + base64.b64encode(bytes.fromhex(digest)).decode(),
        "in capitals": f"sha256={digest.upper()}",
        "cut": right[:-1],
        "longer": f"{right}0",
        "quoted": f'"{right}"',
        "twice": f"sha256={right}",
        "two": f"{other}, {right}",
        "zeros": "sha256=" + "0" * 64,
        "no digest": "sha256=",
        "nothing": "",
        "the secret itself": SECRET,
        "no ASCII": "sha256=é",
    }


def test_a_forged_signature_starts_nothing(events: Events) -> None:
    before = len(events.controller.launches)
    body = json.dumps({**HIRE, "email": "forged@example.com"}).encode()
    answers = {name: post(events.hires, body, **{SIGNATURE: value}) for name, value in forged(body).items()}
    # What cannot even be compared is an error of the source's own.
    assert answers == {**dict.fromkeys(answers, 401), "no ASCII": 500}
    for other in ("X-Hub-Signature", "X-Signature-256", "Authorization"):
        assert post(events.hires, body, **{other: signature(SECRET, body)}) == 400
    assert events.hire(email="after-forged@example.com") == 200
    events.await_launch(ONBOARD, onboarding_person_email="after-forged@example.com")
    assert len(events.controller.launches) == before + 1


#: Bodies that are no event, and what the source answers when they are signed.
MALFORMED = {
    b"": 400,
    b"{": 400,
    b"type=employee.hired": 400,
    b"\xef\xbb\xbf{}": 400,
    b'{"a": "\xe9"}': 500,
    b"[" * 100_000 + b"]" * 100_000: 500,
    b'{"a": ' + b"9" * 5000 + b"}": 500,
    b'{"a": "' + b"x" * (2 << 20) + b'"}': 413,
    b'{"a": NaN}': 200,
    b'{"a": 1e999}': 200,
    b'{"a": "\\ud800"}': 200,
    b'{"a\\u0000": "\\u0000"}': 200,
    b'{"a": ' * 900 + b"1" + b"}" * 900: 200,
    b'{"a.b": 1, "a[0]": 2, "\\"": 3, " ": 4}': 200,
    b'{"": 1}': 200,
    b'[{"": 1}, [[{"a": {"": {"": 2}}}]]]': 200,
}


def test_a_body_that_is_no_event_stops_nothing(events: Events) -> None:
    before = len(events.controller.launches)
    for number, (body, status) in enumerate(MALFORMED.items()):
        # From somebody who knows the secret, and from strangers.
        assert post(events.hires, body, **{SIGNATURE: signature(SECRET, body)}) == status, body[:40]
        assert post(events.hires, body) in {400, 413, 500}, body[:40]
        for path in ("", PATH):
            assert post(events.tasks, body, path, **{"X-Tallyfy-orgID": events.sandbox.org_id}) == status, body[:40]
        # Both go on.
        assert events.hire(email=f"malformed{number}@example.com") == 200
        assert events.complete(completion(f"{number:032x}")) == 200
        events.await_launch(ONBOARD, onboarding_person_email=f"malformed{number}@example.com")
        events.await_launch(CONFIRM, confirm_task_id=f"{number:032x}")
    assert len(events.controller.launches) == before + 2 * len(MALFORMED)


def test_what_is_too_long_for_the_survey_starts_nothing(events: Events) -> None:
    before = len(events.controller.launches)
    assert events.hire(email="long@example.com", first_name="x" * 900_000) == 200
    assert events.hire(email="after-long@example.com") == 200
    events.await_launch(ONBOARD, onboarding_person_email="after-long@example.com")
    assert len(events.controller.launches) == before + 1


def test_a_hire_that_is_posted_again_later_changes_nothing(events: Events, tmp_path: Path) -> None:
    """A signature does not expire; the process of a hire is launched once by its reference all the same."""
    sandbox = events.sandbox
    kickoff = {
        "New hire name": "Re Play", "Personal email": "replay@example.net", "Start date": "2026-12-01",
        "Contract type": "Full-time", "Department": "Sales",
    }  # fmt: skip
    event = {"email": "replay@example.com", "process": "New hire onboarding", "kickoff": kickoff}
    assert events.hire(**event) == 200
    answers = events.await_launch(ONBOARD, onboarding_person_email="replay@example.com")
    # Within the five minutes that ansible-rulebook remembers it.
    assert events.hire(**event) == 200
    assert events.hire(email="after-replay@example.com") == 200
    events.await_launch(ONBOARD, onboarding_person_email="after-replay@example.com")
    assert events.await_launch(ONBOARD, onboarding_person_email="replay@example.com") == answers
    # Later it starts a job once more.
    playbooks = Playbooks(sandbox, tmp_path)
    for changed in (True, False):
        before = len(sandbox.state(sandbox.org_id)["runs"])
        run = playbooks.run("tallyfy.platform.onboard", "-e", json.dumps(answers))
        assert run.returncode == 0, run.stdout
        assert ("changed=0" not in run.stdout) is changed, run.stdout
        assert len(sandbox.state(sandbox.org_id)["runs"]) == before + changed


def test_a_hire_that_cannot_be_used_is_reported(events: Events) -> None:
    before = len(events.controller.launches)
    reported = events.rulebooks[0].output.count("onboarded nobody")
    lacking: list[dict[str, Any]] = [
        *({"email": email} for email in (None, "", 7, {"a": 1}, "Jo", "a b@example.com")),
        *({"first_name": name} for name in (None, "", "  ")),
        {"last_name": None},
    ]
    for fields in lacking:
        assert events.hire(**{"email": "lacking@example.com", **fields}) == 200
    for name in ("email", "first_name", "last_name"):
        body = json.dumps({key: value for key, value in HIRE.items() if key != name}).encode()
        assert post(events.hires, body, **{SIGNATURE: signature(SECRET, body)}) == 200
    count = reported + len(lacking) + 3
    events.rulebooks[0].wait(lambda: events.rulebooks[0].output.count("onboarded nobody") == count)
    assert "The keys of the event are email, first_name, type." in " ".join(events.rulebooks[0].output.split())
    assert len(events.controller.launches) == before
    # A list of one address is for AWX to refuse.
    assert events.hire(email=["jo@example.com"]) == 200
    events.rulebooks[0].wait(lambda: "expected to be a string" in events.rulebooks[0].output)
    assert len(events.controller.launches) == before
    # It goes on.
    assert events.hire(email="after@example.com") == 200
    events.await_launch(ONBOARD, onboarding_person_email="after@example.com")


def test_with_approval_the_workflow_is_started(events: Events) -> None:
    before = len(events.launched(ONBOARD))
    for _ in range(2):
        assert events.hire(port=events.approvals, email="approve@example.com") == 200
    assert events.hire(port=events.approvals, type="(?!)", email="approve@example.org") == 200
    assert events.hire(port=events.approvals, email="approve@example.net", first_name="{{ 7*7 }}") == 200
    answers = events.await_launch(APPROVAL, onboarding_person_email="approve@example.net")
    assert answers["onboarding_person_first_name"] == "{{ 7*7 }}"
    assert len(events.launched(APPROVAL)) == 2
    assert len(events.launched(ONBOARD)) == before


# --- completed tasks --------------------------------------------------------------------------------------------------


def completion(task_id: str, **this_task: Any) -> dict[str, Any]:
    event = copy.deepcopy(SAMPLE)
    event["this_task"] |= {"id": task_id, **this_task}
    return event


def test_each_completion_starts_one_job_with_ids_only(events: Events) -> None:
    # Of digits alone, with an e among them: Python reads a number.
    task_id = "1234567890123456789012345678e100"[-32:]
    first, again = completion(task_id, completed_at="2026-02-21T17:00:00Z"), completion(task_id)
    again["this_task"]["completed_at"] = "21/02/2026 05:30 PM UTC"
    again["next_task"] = []
    for event in (first, {**first, "next_task": {}}, again, again):
        assert events.complete(event) == 200
    assert events.complete(completion("d" * 32)) == 200
    events.await_launch(CONFIRM, confirm_task_id="d" * 32)
    ids = {
        "confirm_task_organization": events.sandbox.org_id,
        "confirm_task_process": SAMPLE["process"]["id"],
        "confirm_task_id": task_id,
    }
    for at in ("2026-02-21T17:00:00Z", "21/02/2026 05:30 PM UTC"):
        at_once = {"confirm_task_id": task_id, "confirm_task_completed_at": at}
        assert events.await_launch(CONFIRM, **at_once) == {**ids, "confirm_task_completed_at": at}


@pytest.mark.parametrize("header", ["X-Tallyfy-Orgid", "x-tallyfy-orgid"])
def test_the_name_of_the_header_may_have_gone_through_a_proxy(header: str, events: Events) -> None:
    task_id = "a" * 31 + str(len(header.replace("X", "")) % 10)
    assert events.complete(completion(task_id), header=header) == 200
    events.await_launch(CONFIRM, confirm_task_id=task_id)


def test_no_other_post_starts_a_job(events: Events) -> None:
    before = len(events.launched(CONFIRM))
    task_id = "b" * 32
    event = completion(task_id)
    assert events.complete(event, path="") == 200
    assert events.complete(event, path=PATH[:-1]) == 200
    assert events.complete(event, header="X-Other") == 200
    assert events.complete(event, X_Tallyfy_orgID="0" * 32) == 200
    foreign = copy.deepcopy(event)
    foreign["process"]["organization_id"] = "0" * 32
    odd: list[Any] = [foreign, LAUNCHED, {}, [event], "text", None, {"this_task": [], "process": 7}]
    odd += [
        completion(task_id, **{name: value})
        for name, value in (
            ("status", "in-progress"),
            ("title", "Another step"),
            ("title", None),
            ("id", "B" * 32),
            ("id", "{{ 7*7 }}"),
            ("id", 7),
            ("completed_at", None),
            ("completed_at", "{{ 7*7 }}"),
        )
    ]
    for one in odd:
        assert events.complete(one) == 200
    assert events.complete(completion("c" * 32)) == 200
    events.await_launch(CONFIRM, confirm_task_id="c" * 32)
    assert len(events.launched(CONFIRM)) == before + 1


def test_the_job_confirms_what_is_true_and_nothing_else(events: Events, tmp_path: Path) -> None:
    sandbox = events.sandbox
    template = sandbox.template("New hire onboarding")
    process = sandbox.insert_runs({"checklist_id": template["id"], "name": "Onboarding of Jo"})[0]
    tasks = [task for task in sandbox.state(sandbox.org_id)["tasks"] if task["run_id"] == process]
    done, still_open = (task["id"] for task in sorted(tasks, key=lambda task: int(task["position"]))[:2])
    sandbox.patch_task(done, status="completed", completed_at=SAMPLE["this_task"]["completed_at"])
    # One start of the playbook for both, so what AWX gives it as extra variables belongs to a host each.
    hosts: dict[str, dict[str, Any]] = {}
    for host, task_id in (("true", done), ("invented", still_open)):
        event = completion(task_id)
        event["process"]["id"] = process
        assert events.complete(event) == 200
        hosts[host] = {"tallyfy_org_id": sandbox.org_id, **events.await_launch(CONFIRM, confirm_task_id=task_id)}
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": {"ansible_connection": "local"}}}))
    options = ("-i", str(inventory), "-e", "tallyfy_hosts=all confirm_task_delay=0")
    run = Playbooks(sandbox, tmp_path).run("tallyfy.platform.confirm_task", *options)
    outcome = {
        line.split()[0]: "failed=0" in line for line in run.stdout.partition("PLAY RECAP")[2].splitlines()[1:] if line
    }
    assert outcome == {"true": True, "invented": False}, run.stdout
    assert "was completed at 2026-02-21 17:00:00 UTC." in run.stdout
    assert "Not confirmed: " in run.stdout


def test_a_completion_is_confirmed_once_however_it_is_posted_again(events: Events) -> None:
    before = len(events.launched(CONFIRM))
    event = completion("f" * 32, completed_at="2026-02-22T17:00:00Z")
    # Nothing of it is signed: what else stands in it may differ, and still it is the same completion.
    headers = {"X-Tallyfy-orgID": events.sandbox.org_id, SIGNATURE: "sha256=0"}
    for more in ({}, {}, {"next_task": {}}, {"event": "task.completed"}):
        assert post(events.tasks, {**event, **more}, PATH, **headers) == 200
    assert events.complete(completion("9" * 31 + "f", completed_at="2026-02-22T17:00:00Z")) == 200
    for task_id in ("9" * 31 + "f", "f" * 32):
        events.await_launch(CONFIRM, confirm_task_id=task_id)
    assert len(events.launched(CONFIRM)) == before + 2


# --- around them ------------------------------------------------------------------------------------------------------


def test_the_commands_of_the_tutorial_sign_a_hire(events: Events, tmp_path: Path) -> None:
    parts = read_page("tutorial_hire_events")
    (hire,) = (part.text for part in parts if isinstance(part, File) and part.name == "hire.json")
    (tmp_path / "hire.json").write_text(hire.replace("jo@example.com", "shell@example.com"))
    signing, posting = (part.text for part in parts if isinstance(part, Command) and "signature" in part.text)
    values = {"TALLYFY_HIRE_SECRET": SECRET, "address": f"http://127.0.0.1:{events.hires}"}
    subprocess.run(
        ["/bin/sh", "-euc", f"{signing}\n{posting}"],
        env={"PATH": "/usr/bin:/bin", **values}, cwd=tmp_path, check=True,
    )  # fmt: skip
    answers = events.await_launch(ONBOARD, onboarding_person_email="shell@example.com")
    assert answers["onboarding_person_kickoff"].splitlines() == [
        "New hire name: Jo Rivera",
        "Personal email: jo@example.net",
        "Start date: 2026-12-01",
        "Contract type: Full-time",
        "Department: Sales",
    ]
    assert (answers["onboarding_person_groups"], answers["onboarding_person_team"]) == ("Engineering", "Sales")


@pytest.mark.parametrize(
    ("rulebook", "variable", "option"),
    [("onboard", "tallyfy_hire_secret", "hmac_secret"), ("task_completed", "tallyfy_webhook_path", "host")],
)
def test_what_could_be_guessed_is_refused(rulebook: str, variable: str, option: str) -> None:
    """As ansible-rulebook does it before it listens; an error there ends it."""
    source = yaml.safe_load((RULEBOOKS / f"{rulebook}.yml").read_text())[0]["sources"][0]["eda.builtin.webhook"]
    for values in ({}, {variable: ""}, {variable: None}, {variable: "x" * 31}):
        with pytest.raises(jinja2.UndefinedError, match=f"{variable}_needs_32_characters"):
            substitute_variables(source, values)
    rendered = substitute_variables(source, {variable: SECRET})
    assert rendered[option] == {"hmac_secret": SECRET, "host": "127.0.0.1"}[option]


def test_awx_offers_no_rulebook_as_a_playbook() -> None:
    assert not playbooks_in(RULEBOOKS)
