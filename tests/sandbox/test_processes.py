# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Processes: what a launch takes and refuses, how they are found, changed, archived and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import SandboxError
from tests.people import ENGINEERING, FOLDER, HIRE_ID, TOUR_ID, URGENT_TAG
from tests.sandbox.caller import ARCHIVED_RUN, RUN, TASK, TOUR_LAUNCH, Api, sample

NAME, NOTES, EMAIL, START, CONTRACT, DEPARTMENT, SOFTWARE, HARDWARE, BUDDY, LETTER = (
    one["id"] for one in sample("checklist")["data"]["prerun"]
)
STEP, CALL_STEP, APPROVAL_STEP = (one["id"] for one in sample("checklist")["data"]["steps"]["data"])
ONBOARDING_TAG = "a9a53a2ae1e6dd36db693399d5332e7b"
ARCHIVED_TEMPLATE, DRAFT = "8d0f6a3b5c7e19248b0d6f4a2c9e7153", "b2e4d6f8091a3c5e7b9d1f3a5c7e9b0d"
JORDAN, CASEY, ROBIN = (
    "Onboarding: Jordan Rivera (HR-10293)",
    "Onboarding: Casey Lane (HR-10201)",
    "Welcome tour: Robin Hale",
)


def launch(api: Api, values: Any = None, /, **body: Any) -> Any:
    """Launch the seeded template with all its values, changed by ``values``."""
    request = sample("launch-request")
    request["prerun"] = {**request["prerun"], **(values or {})}
    return api.post("/runs", {**request, **body})


def names(api: Api, query: str) -> list[str]:
    return [row["name"] for row in api.get(f"/runs{query}").json()["data"]]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (NAME, 7, "New hire name must be a string"),
        (NAME, "x" * 201, "New hire name may not be greater than 200 characters"),
        (NOTES, ["x"], "Notes must be a string"),
        (NOTES, "x" * 30001, "Notes may not be greater than 30000 characters"),
        (EMAIL, "nobody", "Personal email must be a valid email address"),
        (START, 1772442000, "Start date is not a valid date"),
        (START, "tomorrow", "Start date is not a valid date"),
        (CONTRACT, 1, "The selected Contract type is invalid."),
        (CONTRACT, {"id": 1, "text": "Full-time"}, "The selected Contract type is invalid."),
        (CONTRACT, "full-time", "The selected Contract type is invalid."),
        (DEPARTMENT, "Engineering", "Invalid dropdown choice selected."),
        (DEPARTMENT, {"id": 2, "text": "Engineering"}, "Invalid dropdown choice selected."),
        (DEPARTMENT, {"id": 1, "text": "engineering"}, "Invalid dropdown choice selected."),
        (DEPARTMENT, {"id": "1", "text": "Engineering"}, "Invalid dropdown choice selected."),
        (DEPARTMENT, {"text": "Engineering"}, "Invalid dropdown choice selected."),
        (SOFTWARE, "Slack", "Invalid multiselect choice selected."),
        (SOFTWARE, [{"id": 9, "text": "Slack"}], "Invalid multiselect choice selected."),
        (HARDWARE, "Laptop", "Invalid table field"),
        (HARDWARE, ["Laptop"], "Number of columns does not match required columns"),
        (HARDWARE, [], "Number of columns does not match required columns"),
        (BUDDY, [12345], "Buddy must be an array"),
        (BUDDY, {"users": [999]}, "The selected users is invalid."),
        (BUDDY, {"users": [2]}, "The selected users is invalid."),
        (BUDDY, {"users": 12345}, "The users must be an array."),
        (BUDDY, {"guests": ["nobody"]}, "The selected guests is invalid."),
        (BUDDY, {"groups": ["Engineering"]}, "The selected groups is invalid."),
        (LETTER, "letter.pdf", "The selected Offer letter is invalid."),
        (LETTER, [{"filename": "letter.pdf", "url": "https://example.com/l"}], "The selected Offer letter is invalid."),
        (NAME, None, "New hire name is required"),
        (NAME, "", "New hire name is required"),
        (NAME, "  ", "New hire name is required"),
        (DEPARTMENT, {}, "Department is required"),
    ],
)
def test_refused_value(field: str, value: Any, message: str, api: Api) -> None:
    answer = launch(api, {field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"prerun": [{field: [message]}]}
    assert len(api.sandbox.runs()) == 4, "nothing was launched"


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        (NAME, " Jo ", "Jo"),
        (NAME, "x" * 200, "x" * 200),
        (NOTES, "y" * 30000, "y" * 30000),
        (NOTES, "", None),
        (EMAIL, {"value": "jo@example.net"}, {"value": "jo@example.net"}),
        (START, "2026-03-02 09:00:00", "2026-03-02 09:00:00"),
        (START, "2026-03-02", "2026-03-02"),
        (CONTRACT, "Part-time", "Part-time"),
        (DEPARTMENT, {"id": 2, "text": "Sales"}, {"id": 2, "text": "Sales", "value": None}),
        (SOFTWARE, [{"id": 1, "text": "Slack"}], [{"id": 1, "text": "Slack"}]),
        (SOFTWARE, [], []),
        (HARDWARE, ["Laptop", ""], ["Laptop", None]),
        (
            BUDDY,
            {"users": ["12345", 12345], "guests": ["partner@example.org"], "groups": [ENGINEERING]},
            {"users": [12345], "guests": ["partner@example.org"], "groups": [ENGINEERING]},
        ),
        (BUDDY, {}, {"users": [], "guests": [], "groups": []}),
        (LETTER, {"filename": "l.pdf", "url": "https://example.com/l", "source": "url"}, ...),
        (LETTER, [{"id": "1", "filename": "l.pdf", "url": "https://example.com/l"}], ...),
    ],
)
def test_stored_value(field: str, value: Any, stored: Any, api: Api) -> None:
    answer = launch(api, {field: value})
    assert answer.status_code == 201, answer.text
    run = answer.json()["data"]
    assert run["prerun"][field] == (value if stored is ... else stored)
    assert api.get(f"/runs/{run['id']}").json()["data"]["prerun"] == run["prerun"]


def test_required_values_are_reported_at_once(api: Api) -> None:
    for prerun in (None, [], {}, [{"id": NAME, "value": "Jo"}], {"new-hire-name-100201": "Jo"}):
        answer = api.post("/runs", {"checklist_id": HIRE_ID, "prerun": prerun})
        assert answer.status_code == 422
        labels = [text for one in answer.json()["errors"]["prerun"] for texts in one.values() for text in texts]
        assert labels == [f"{label} is required" for label in
                          ("New hire name", "Personal email", "Start date", "Contract type", "Department")]  # fmt: skip


def test_unknown_keys_and_lists_are_dropped(api: Api) -> None:
    alias = api.get(f"/checklists/{TOUR_ID}").json()["data"]["prerun"][0]["alias"]
    for prerun in ({alias: "HR-1", "0" * 32: "x"}, [{"id": alias, "value": "HR-1"}], "HR-1"):
        answer = api.post("/runs", {**TOUR_LAUNCH, "prerun": prerun, "shoe_size": 42})
        assert (answer.status_code, answer.json()["data"]["prerun"]) == (201, {})


def test_defaults(api: Api, alice: Api) -> None:
    run = alice.post("/runs", {"checklist_id": TOUR_ID}).json()["data"]
    assert run["name"] == f"Welcome tour - {run['created_at'][:10]}"
    assert (run["started_by"], run["owner_id"], run["status"]) == (1001, 1001, "active")
    assert run["progress"] == {"complete": 0, "total": 3, "percent": 0}
    run = api.post("/runs", {"checklist_id": TOUR_ID}).json()["data"]
    assert (run["started_by"], run["owner_id"]) == (None, 1001), "an application is nobody; the template's owner owns"


def test_everything_a_launch_may_name(api: Api) -> None:
    owners = {"users": [1003], "guests": ["partner@example.org"], "groups": [ENGINEERING]}
    answer = launch(
        api,
        owner_id=1003,
        user_id=12345,
        users=[1002],
        groups=[ENGINEERING],
        folders=[FOLDER],
        starred=True,
        parent_id=RUN,
        tasks={
            STEP: {"deadline": "2027-03-01 17:00:00", "owners": owners, "max_assignable": 2},
            CALL_STEP: {"owners": {"users": [1003]}},
            "0" * 32: {"deadline": "never"},
        },
    )
    assert answer.status_code == 201, answer.text
    run = api.get(f"/runs/{answer.json()['data']['id']}?with=tags,folders,tasks").json()["data"]
    assert (run["owner_id"], run["started_by"], run["users"], run["groups"]) == (1003, 12345, [1002], [ENGINEERING])
    assert (run["starred"], run["parent_id"], run["due_date"]) == (True, RUN, "2027-03-01T17:00:00.000Z")
    assert [tag["title"] for tag in run["tags"]["data"]] == ["Onboarding"]
    assert [folder["name"] for folder in run["folders"]["data"]] == ["HR"]
    first, second, third = run["tasks"]["data"]
    assert first["owners"] == {**owners, "taskUrls": []}
    assert (first["deadline"], first["max_assignable"]) == ("2027-03-01T17:00:00.000Z", 2)
    assert second["owners"]["users"] == [1003]
    assert second["owners"]["groups"] == [], "an override replaces all buckets"
    assert third["owners"]["users"] == [1001], "the step's own assignee"


def test_who_gets_a_task_nobody_was_named_for(alice: Api) -> None:
    run = alice.post("/runs", TOUR_LAUNCH).json()["data"]
    owners = [task["owners"]["users"] for task in alice.get(f"/runs/{run['id']}/tasks").json()["data"]]
    assert owners == [[1003], [1001], [1003]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"checklist_id": None}, "checklist_id"),
        ({"checklist_id": DRAFT}, "checklist_id"),
        ({"name": "x" * 551}, "name"),
        ({"owner_id": 999}, "owner_id"),
        ({"user_id": 999}, "user_id"),
        ({"users": [999]}, "users.0"),
        ({"groups": ["x"]}, "groups.0"),
        ({"tags": ["x"]}, "tags.0"),
        ({"folders": ["x"]}, "folders.0"),
        ({"parent_id": "x"}, "parent_id"),
        ({"tasks": {STEP: {"owners": {"users": [999]}}}}, "tasks"),
        ({"tasks": {STEP: {"deadline": 5}}}, "tasks"),
    ],
)
def test_refused_launch(body: dict[str, Any], field: str, api: Api) -> None:
    before = api.sandbox.state()
    answer = launch(api, **body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert api.sandbox.state() == before


def test_archived_template_and_permission(api: Api, bob: Api) -> None:
    for template_id in (ARCHIVED_TEMPLATE, "0" * 32):
        assert api.post("/runs", {"checklist_id": template_id}).json() == sample("error-404-resource")
    refused = bob.post("/runs", TOUR_LAUNCH)
    assert (refused.status_code, refused.json()) == (403, sample("error-403-launch"))
    missing = api.post("/runs", {**sample("launch-request"), "prerun": {}}).json()["errors"]["prerun"]
    assert {"d94210940113aa88d27d73abafc1f539": ["New hire name is required"]} in missing
    assert missing[0] == sample("error-422-launch-required")["errors"]["prerun"][0]


def test_no_deduplication(api: Api) -> None:
    ids = {api.post("/runs", TOUR_LAUNCH).json()["data"]["id"] for _ in range(3)}
    assert len(ids) == 3
    assert len(api.sandbox.runs(TOUR_LAUNCH["name"])) == len(api.sandbox.launches()) == 3
    assert api.get(f"/checklists/{TOUR_ID}").json()["data"]["started_processes"] == 5


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [JORDAN, ROBIN, ROBIN]),
        ("?q=hr-10293", [JORDAN]),
        ("?q=HR-10201", []),
        ("?q=HR-10201&archived=only", [CASEY]),
        ("?archived=only", [CASEY]),
        ("?status=archived", [CASEY]),
        ("?archived=true", [JORDAN, CASEY, ROBIN, ROBIN]),
        (f"?checklist_id={HIRE_ID}", [JORDAN]),
        (f"?blueprint_id={TOUR_ID}", [ROBIN, ROBIN]),
        ("?checklist_id=" + "0" * 32, []),
        ("?status=active", [JORDAN, ROBIN, ROBIN]),
        ("?status=complete", []),
        ("?status=problem", []),
        ("?status=starred", []),
        ("?status=delayed", [JORDAN, ROBIN, ROBIN]),
        ("?owners=1003,5", [ROBIN, ROBIN]),
        ("?type=form", []),
        ("?type=procedure&starred=true", []),
        (f"?tag={ONBOARDING_TAG}", [JORDAN]),
        (f"?tag_ids={ONBOARDING_TAG},{URGENT_TAG}", [JORDAN]),
        ("?untagged=true", [ROBIN, ROBIN]),
        (f"?folder={FOLDER}", [JORDAN]),
        (f"?groups={ENGINEERING}", []),
        ("?task_status=completed", []),
        ("?form_fields_values=rivera", [JORDAN]),
        ("?sort=-name", [ROBIN, ROBIN, JORDAN]),
        ("?sort_by=created_at&q=tour", [ROBIN, ROBIN]),
        ("?without_pagination=true", [JORDAN, ROBIN, ROBIN]),
    ],
)
def test_list(query: str, expected: list[str], api: Api) -> None:
    assert names(api, query) == expected


def test_includes(api: Api) -> None:
    desired = "checklist,next_task,permissions,tasks_meta,ko_form_fields,form_fields,stages,assets,nonsense"
    run = api.get(f"/runs/{RUN}?with={desired}").json()["data"]
    assert run["checklist"]["data"]["id"] == HIRE_ID
    assert [one["id"] for one in run["next_task"]["data"]] == [TASK]
    assert run["tasks_meta"]["data"] == {"total": 3, "completed": 0}
    assert [one["label"] for one in run["form_fields"]["data"]] == ["Laptop serial", "Software suite"]
    assert len(run["ko_form_fields"]["data"]) == 10
    assert "nonsense" not in run


def test_put_wipes_what_it_does_not_name(api: Api) -> None:
    api.sandbox.patch_run(RUN, users=[1002], groups=[ENGINEERING])
    changed = api.put(f"/runs/{RUN}", {"name": "Renamed", "users": [1002]}).json()["data"]
    assert (changed["name"], changed["users"], changed["groups"]) == ("Renamed", [1002], [])
    assert changed["summary"] == "Requested by the HR system, reference HR-10293."
    changed = api.put(f"/runs/{RUN}", {"prerun": {NOTES: "", NAME: "Jo"}, "owner_id": 1003}).json()["data"]
    assert (changed["users"], changed["prerun"][NOTES], changed["prerun"][NAME]) == ([], None, "Jo")
    assert (changed["owner_id"], changed["prerun"][CONTRACT]) == (1003, "Full-time")
    assert names(api, "?q=renamed") == ["Renamed"]
    for body in ({"name": ""}, {"owner_id": 5}, {"users": [5]}, {"prerun": {CONTRACT: "None"}}):
        assert api.put(f"/runs/{RUN}", body).status_code == 422
    assert api.put(f"/runs/{ARCHIVED_RUN}", {"name": "x"}).json()["message"] == "Cannot update archived processes."


def test_archive_activate_delete(api: Api) -> None:
    path = f"/runs/{RUN}"
    assert api.delete(f"{path}/delete").status_code == 422
    assert api.put(f"{path}/activate").status_code == 422
    archived = api.delete(path).json()["data"]
    assert archived["status"] == "archived"
    assert api.delete(path).json()["data"]["archived_at"] == archived["archived_at"], "once more changes nothing"
    assert api.get(f"{path}/tasks").json()["data"] == [], "its tasks go too"
    assert api.get(f"/tasks/{TASK}").status_code == 404
    active = api.put(f"{path}/activate").json()["data"]
    assert (active["status"], active["archived_at"]) == ("active", None)
    assert len(api.get(f"{path}/tasks").json()["data"]) == 3, "and come back"
    api.delete(path)
    gone = api.delete(f"{path}/delete")
    assert (gone.status_code, gone.content) == (200, b"")
    assert api.get(path).status_code == api.delete(f"{path}/delete").status_code == 404
    assert names(api, f"?checklist_id={HIRE_ID}&archived=true") == [CASEY]


def test_kickoff_can_be_reopened(api: Api) -> None:
    path = f"/runs/{RUN}/complete-prerun"
    assert api.delete(path).json()["data"]["prerun_completed_at"] is None
    assert api.post(path).json()["data"]["prerun_status"] == "complete"


def test_onboarding_template_of_the_organization(api: Api) -> None:
    sandbox = api.sandbox
    sandbox.switch(onboarding_template_id=TOUR_ID)
    sandbox.accept("charlie.brown@example.com")
    assert len(sandbox.runs()) == 4, "naming a template does not switch it on"
    sandbox.reset(switches={"enable_onboarding_template": True, "onboarding_template_id": TOUR_ID})
    accepted = sandbox.accept("charlie.brown@example.com")
    [run] = [run for run in sandbox.runs() if run["id"] == accepted["run_id"]]
    assert (run["checklist_id"], run["started_by"]) == (TOUR_ID, 1005)
    assert sandbox.launches() == [], "no request asked for it"
    settings = Api(sandbox, sandbox.issue_token()).get("").json()["data"]
    assert (settings["enable_onboarding_template"], settings["onboarding_template_id"]) == (True, TOUR_ID)


def test_dues_follow_the_clock(api: Api) -> None:
    run = api.post("/runs", TOUR_LAUNCH).json()["data"]
    assert (run["due_soon"], run["due_date_passed"], run["late_tasks"]) == (False, False, 0)
    api.sandbox.advance(4.5 * 86400)
    run = api.get(f"/runs/{run['id']}").json()["data"]
    assert (run["due_soon"], run["due_date_passed"], run["late_tasks"]) == (True, False, 0)
    api.sandbox.advance(86400)
    run = api.get(f"/runs/{run['id']}").json()["data"]
    assert (run["due_date_passed"], run["late_tasks"]) == (True, 3)


def test_many_processes(api: Api) -> None:
    ids = api.sandbox.insert_runs(*({"name": f"Run {number:04}", "checklist_id": TOUR_ID} for number in range(5000)))
    walked = [row["id"] for page in range(1, 52) for row in api.get(f"/runs?per_page=100&page={page}").json()["data"]]
    assert walked[3:] == ids
    assert names(api, f"?checklist_id={TOUR_ID}&q=run%204999") == ["Run 4999"]


def test_levers(api: Api) -> None:
    sandbox = api.sandbox
    made = sandbox.insert_template(
        "Own", prerun=[{"label": "A", "field_type": "text", "required": True}], steps=[{"title": "Do it"}]
    )
    [run_id] = sandbox.insert_runs(
        {"checklist_id": made["id"], "prerun": {made["prerun"][0]["id"]: "x"}, "starred": True}
    )
    assert api.get(f"/runs/{run_id}").json()["data"]["prerun"] == {made["prerun"][0]["id"]: "x"}
    sandbox.patch_run(run_id, name="Raw")
    assert names(api, "?q=raw") == ["Raw"]
    sandbox.delete_run(run_id)
    assert api.get(f"/runs/{run_id}").status_code == 404
    sandbox.patch_task(TASK, status="completed")
    assert api.get(f"/runs/{RUN}").json()["data"]["progress"]["complete"] == 1
    assert sandbox.template("Own")["steps"][0]["title"] == "Do it"
    for refused in (
        lambda: sandbox.patch_run(RUN, shoe_size=42),
        lambda: sandbox.patch_run(run_id, name="x"),
        lambda: sandbox.patch_template("0" * 32, title="x"),
        lambda: sandbox.patch_task("0" * 32, title="x"),
        lambda: sandbox.insert_runs({"checklist_id": "0" * 32}),
    ):
        with pytest.raises(SandboxError):
            refused()
