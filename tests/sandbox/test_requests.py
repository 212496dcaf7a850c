# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What holds for every request: prefixes, headers, encoding, pages, sign-in; and the levers of the control plane."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from sandbox.testing import REPOSITORY_ROOT, Sandbox, SandboxError, running_sandbox
from tests.sandbox.caller import INVITATION, PERSON, PROFILE, TOUR_LAUNCH, Api, sign_in


def test_with_and_without_prefix(api: Api) -> None:
    path = f"/organizations/{api.organization}/users/12345"
    prefixed = api.get(path, root=True)
    bare = api.session.get(api.sandbox.url + path, timeout=10)
    assert prefixed.json() == bare.json()
    assert api.session.get(api.sandbox.url + "/api/api/me", timeout=10).status_code == 404
    for wrong in ("/organization/x/users", "/organizations/x/members", "/templates", "/"):
        assert api.get(wrong, root=True).json()["code"] == "ENDPOINT_NOT_FOUND"
    assert {entry["path"] for entry in api.sandbox.ledger(route="members.get")} == {path}


def test_authorization_needs_one_space(api: Api) -> None:
    token = api.session.headers["Authorization"].partition(" ")[2]
    for value in (f"Bearer  {token}", f"bearer {token}", token):
        assert api.get("/users", headers={"Authorization": value}).status_code == 401


def test_bodies_that_are_not_parsed(api: Api) -> None:
    for options in (
        {"data": "first_name=A", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": '{"first_name": "A"}'},
        {"data": "{broken", "headers": {"Content-Type": "application/json"}},
        {"data": "[1]", "headers": {"Content-Type": "application/json"}},
    ):
        answer = api.call("PUT", "/users/12345", **options)
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"first_name", "last_name", "timezone"})
        assert api.sandbox.ledger()[-1]["warnings"]


def test_encoding_of_addresses(api: Api) -> None:
    assert api.provision({**PERSON, "email": "nina+hr@example.com"}).status_code == 201
    assert api.mint("nina+hr@example.com").status_code == 200
    assert api.mint("NINA+HR@example.com").status_code == 200
    assert len(api.get("/users?q=nina%2Bhr%40example.com").json()["data"]) == 1
    assert api.sandbox.ledger()[-1]["warnings"] == []
    api.get("/users?q=nina+hr")
    assert api.sandbox.ledger()[-1]["warnings"] == ["unencoded + in the query"]


def test_pages(api: Api) -> None:
    first = api.get("/users?per_page=4").json()
    total = first["meta"]["pagination"]["total"]
    assert total == 10
    last = api.get("/users?per_page=4&page=3").json()
    assert last["meta"]["pagination"] | {"links": 0} == {
        "total": 10,
        "count": 2,
        "per_page": 4,
        "current_page": 3,
        "total_pages": 3,
        "links": 0,
    }
    assert set(first["meta"]["pagination"]["links"]) == {"next"}
    assert set(last["meta"]["pagination"]["links"]) == {"previous"}
    assert urlsplit(first["meta"]["pagination"]["links"]["next"]).hostname.endswith(".invalid")
    beyond = api.get("/users?per_page=4&page=9").json()
    assert (beyond["data"], beyond["meta"]["pagination"]["total"]) == ([], 10)
    assert api.get("/groups?per_page=500").json()["meta"]["pagination"]["per_page"] == 100
    assert api.get("/users?limit=3").json()["meta"]["pagination"]["count"] == 10
    assert "meta" not in api.get("/guests?without_pagination=true").json()


def test_search_and_sort(api: Api) -> None:
    found = api.get("/users?q=SMITH").json()["data"]
    assert {row["id"] for row in found} == {1001, 12345}
    emails = [row["email"] for row in api.get("/users?sort=-email").json()["data"]]
    assert emails == sorted(emails, reverse=True)
    assert [row["name"] for row in api.get("/groups?sort_by=name").json()["data"]] == [
        "Engineering",
        "Legacy Team",
        "People",
    ]
    assert [row["name"] for row in api.get("/groups?q=hiring").json()["data"]] == ["People"]
    assert [row["email"] for row in api.get("/guests?q=NORA").json()["data"]] == ["nora@example.net"]


def test_includes(api: Api) -> None:
    row = api.get("/users?q=john&with=groups,stats,organizations,country,preferences,nonsense").json()["data"][0]
    assert row["organizations"]["data"][0]["name"] == "Globex Corporation"
    assert row["country"]["data"]["iso2"] == "US"
    assert "nonsense" not in row
    assert api.sandbox.ledger()[-1]["warnings"] == ["unknown include nonsense"]
    group = api.get("/groups/97e95e53bf25476dfbf55dd84fcda0b4?with=users,assets").json()["data"]
    assert [user["id"] for user in group["users"]["data"]] == [1001, 12345]


def test_implicit_sign_in(api: Api) -> None:
    query = {
        "client_id": "1111",
        "response_type": "token",
        "redirect_uri": "https://app.example.com/auth/callback",
        "state": "a b&c",
    }
    url = f"{api.sandbox.url}/oauth/authorize"
    location = requests.get(url, params=query, allow_redirects=False, timeout=10).headers["Location"]
    answer = parse_qs(urlsplit(location).query)
    assert (answer["state"], answer["expires_in"]) == (["a b&c"], ["840"])
    assert Api(api.sandbox, answer["access_token"][0]).get("/me").json()["data"]["id"] == 1001
    wrong = {**query, "redirect_uri": query["redirect_uri"] + "/"}
    assert requests.get(url, params=wrong, allow_redirects=False, timeout=10).status_code == 401


def test_code_sign_in_with_pkce(api: Api) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect = "http://localhost:8765/callback"
    query = {
        "client_id": "1111",
        "response_type": "code",
        "redirect_uri": redirect,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    for sent, status in (("wrong", 400), (verifier, 200)):
        location = requests.get(
            f"{api.sandbox.url}/oauth/authorize", params=query, allow_redirects=False, timeout=10
        ).headers["Location"]
        code = parse_qs(urlsplit(location).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": sent}
        answer = sign_in(api.sandbox, **form)
        assert answer.status_code == status
    held = answer.json()["refresh_token"]
    again = sign_in(api.sandbox, grant_type="refresh_token", refresh_token=held)
    assert again.status_code == 200
    assert sign_in(api.sandbox, grant_type="refresh_token", refresh_token=held).status_code == 401
    mine = Api(api.sandbox, answer.json()["access_token"])
    assert mine.get("/me").status_code == 200
    assert sign_in(api.sandbox, **form).status_code == 400, "a code works once"
    assert mine.get("/me").status_code == 401, "and the second time ends the token of the first"


def asked(sandbox: Sandbox, **query: str) -> str:
    """Return the address of the sign-in page of an application."""
    redirect = "https://app.example.com/auth/callback"
    desired = {"client_id": "1111", "response_type": "token", "redirect_uri": redirect, "state": "s t", **query}
    return f"{sandbox.url}/oauth/authorize?{urlencode(desired)}"


def test_the_sign_in_page(api: Api) -> None:
    api.sandbox.switch(signed_in_user=None)
    page = requests.get(asked(api.sandbox), allow_redirects=False, timeout=10)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert "This is a sandbox, not Tallyfy." in page.text
    form = {"email": "Alice.Smith@example.com", "password": "sandbox-password", "consent": "allow"}

    def post(**values: str) -> requests.Response:
        return requests.post(asked(api.sandbox), data={**form, **values}, allow_redirects=False, timeout=10)

    for wrong in ({"password": "guess"}, {"email": '"><b>nobody'}, {"email": "ivy.stone@example.net"}):
        page = post(**wrong)
        assert page.status_code == 200
        assert "The e-mail address or the password is wrong." in page.text
        assert "<b>" not in page.text
    answer = parse_qs(urlsplit(post().headers["Location"]).query)
    assert answer["state"] == ["s t"]
    assert Api(api.sandbox, answer["access_token"][0]).get("/me").json()["data"]["id"] == 1001
    denied = post(consent="deny").headers["Location"]
    assert parse_qs(urlsplit(denied).query) == {"error": ["access_denied"], "state": ["s t"]}
    denied = post(email="dana.lee@example.com").headers["Location"]
    assert "error=access_denied" in denied
    assert api.sandbox.writes() == []
    assert "sandbox-password" not in str(api.sandbox.ledger())


def test_a_public_client_needs_its_verifier(api: Api) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect = "http://localhost:8765/callback"

    def exchange(asked_with: dict[str, str], sent: str) -> int:
        query = {"response_type": "code", "redirect_uri": redirect, **asked_with}
        answer = requests.get(asked(api.sandbox, **query), allow_redirects=False, timeout=10)
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "client_id": "1111", "code": code, "redirect_uri": redirect}
        form["code_verifier"] = sent
        return requests.post(api.sandbox.token_url, data=form, timeout=10).status_code

    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert exchange(pkce, verifier) == 401
    api.sandbox.switch(public_clients=True)
    assert exchange(pkce, verifier) == 200
    assert exchange(pkce, "w" * 50) == 400
    assert exchange({}, verifier) == 401
    assert exchange({"code_challenge": verifier, "code_challenge_method": "plain"}, verifier) == 401
    assert sign_in(api.sandbox, client_secret=None).status_code == 401


def test_ledger(api: Api) -> None:
    sign_in(api.sandbox)
    api.mint("bob@example.com")
    api.post("/users/invite", INVITATION)
    api.get("/users?per_page=2")
    Api(api.sandbox, "x").get("/users")
    entries = api.sandbox.ledger()
    assert [entry["n"] for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry["route"] for entry in entries[:3]] == ["oauth.token", "applications.token", "members.invite"]
    assert [entry["token"] for entry in entries] == ["none", "application", "application", "application", "invalid"]
    assert entries[0]["body"]["client_secret"] == "***"
    assert entries[2]["body"] == INVITATION
    assert (entries[3]["query"], entries[3]["status"]) == ({"per_page": "2"}, 200)
    assert [entry["route"] for entry in api.sandbox.writes()] == ["members.invite"]
    assert len(api.sandbox.sign_ins()) == 2
    assert len({entry["connection"] for entry in entries[1:4]}) == 1, "one keep-alive connection"
    assert [entry["n"] for entry in api.sandbox.ledger(since=3, route="members.list", method="get")] == [4, 5]
    api.sandbox.clear_ledger()
    assert api.sandbox.ledger() == []


def test_control_plane(api: Api) -> None:
    sandbox = api.sandbox
    with pytest.raises(SandboxError, match=r"known are: .*read_only"):
        sandbox.switch(reed_only=True)
    with pytest.raises(SandboxError):
        sandbox.switch(read_only=True, member_shape="round")
    assert sandbox.switches()["read_only"] is False, "a refused request changes nothing"
    sandbox.patch_member("john.smith@example.com", timezone=None, team="Moved")
    row = api.get("/users/12345").json()["data"]
    assert (row["timezone"], row["UTC_offset"], row["team"]) == (None, None, "Moved")
    sandbox.insert_members({"email": "raw@example.com", "role": "admin", "status": "disabled", "id": 77})
    assert api.get("/users/77").json()["data"]["status"] == "disabled"
    sandbox.patch_group("People", members=[12345])
    assert api.get("/users/12345?with=groups").json()["data"]["groups"]["data"][1]["name"] == "People"
    with pytest.raises(SandboxError):
        sandbox.patch_member("john.smith@example.com", shoe_size=42)
    with pytest.raises(SandboxError):
        sandbox.accept("john.smith@example.com")
    sandbox.reset()
    assert sandbox.find_member("raw@example.com") is None
    assert sandbox.group("People")["members"] == [1003, 1002]
    assert api.get("/users").status_code == 401, "a reset forgets the tokens"


def test_a_clock_that_stands_still(api: Api) -> None:
    moment = float(int(time.time()) + 60)
    assert api.sandbox.stop_clock(moment) == moment
    created = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert [api.post("/runs", TOUR_LAUNCH).json()["data"]["created_at"] for _ in range(2)] == [created, created]
    assert api.sandbox.health()["now"] == moment
    api.sandbox.advance(60)
    assert api.sandbox.stop_clock() == moment + 60
    api.sandbox.start_clock()
    assert 0 < api.sandbox.health()["now"] - moment - 60 < 5
    api.sandbox.reset()
    assert abs(api.sandbox.health()["now"] - time.time()) < 5


def test_the_state_of_some_kinds(sandbox: Sandbox) -> None:
    everything = sandbox.state()
    assert sandbox.state(only="runs,tasks") == {name: everything[name] for name in ("runs", "tasks", "tokens")}
    with pytest.raises(SandboxError):
        sandbox.state(only="shoes")


def test_planned_ids(api: Api) -> None:
    ids = [f"{number:032x}" for number in (2, 1)]
    api.sandbox.plan_ids("run", *ids)
    assert [api.post("/runs", TOUR_LAUNCH).json()["data"]["id"] for _ in range(3)][:2] == ids
    with pytest.raises(SandboxError):
        api.sandbox.plan_ids("run", "1")
    assert api.sandbox.insert_runs({"id": "f" * 32, "created_at": "2030-01-02T03:04:05.000Z"}) == ["f" * 32]
    assert api.get(f"/runs/{'f' * 32}").json()["data"]["created_at"] == "2030-01-02T03:04:05.000Z"


def test_every_switch_and_route_is_in_the_manual(sandbox: Sandbox) -> None:
    manual = (REPOSITORY_ROOT / "sandbox" / "README.md").read_text(encoding="utf-8")
    missing = [name for name in sandbox.switches() if f"| `{name}` |" not in manual]
    assert missing == []


def test_further_organizations_and_members(sandbox: Sandbox) -> None:
    sandbox.reset(members=2500, organizations=2)
    api = Api(sandbox, sandbox.issue_token())
    assert api.get("/users?per_page=1000&page=3").json()["meta"]["pagination"]["count"] == 510
    first = api.get("/users?per_page=9999").json()["data"]
    assert len({row["email"] for row in first}) == len({row["id"] for row in first}) == 2510
    extra = sandbox.state()["organizations"][2]
    answer = sign_in(sandbox, client_id=extra["client_id"], client_secret="org-1-secret")
    assert Api(sandbox, answer.json()["access_token"], extra["id"]).get("/users").status_code == 200
    assert Api(sandbox, answer.json()["access_token"]).get("/users").json()["message"].startswith("You don't have")


def test_command_line(tmp_path: Path) -> None:
    with running_sandbox(members=5, organizations=1, latency=1, switches={"read_only": True, "per_page_cap": 3}) as own:
        api = Api(own, own.issue_token())
        assert api.put("/users/12345", PROFILE).status_code == 403
        assert api.get("/users").json()["meta"]["pagination"]["per_page"] == 3
        own.reset()
        assert own.switches()["read_only"] is True, "the command line's switches are the baseline"
        assert own.health()["status"] == "ok"
        os.kill(own.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(own.pid, 0)


def test_start_message_and_signals(tmp_path: Path) -> None:
    interpreter = os.environ.get("TALLYFY_SANDBOX_PYTHON") or sys.executable
    for stop in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(
            [interpreter, "-m", "sandbox"], cwd=REPOSITORY_ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("sandbox listening on http://127.0.0.1:")
        assert any("Ctrl-C" in line for line in process.stdout)
        process.send_signal(stop)
        rest, _ = process.communicate(timeout=10)
        assert rest == ""
        assert process.returncode == 0
    wrong = subprocess.run(
        [interpreter, "-m", "sandbox", "--switch", "nonsense=1"], cwd=REPOSITORY_ROOT, capture_output=True, check=False
    )
    assert (wrong.returncode, b"known are" in wrong.stderr) == (2, True)


def test_exit_with_parent(tmp_path: Path) -> None:
    ready = tmp_path / "url"
    program = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([sys.argv[1], '-m', 'sandbox', '--exit-with-parent', '--ready-file', sys.argv[2]],"
        " stdout=subprocess.DEVNULL)\n"
        "while not os.path.exists(sys.argv[2]): time.sleep(0.02)\n"
    )
    interpreter = os.environ.get("TALLYFY_SANDBOX_PYTHON") or sys.executable
    subprocess.run([interpreter, "-c", program, interpreter, str(ready)], cwd=REPOSITORY_ROOT, check=True, timeout=30)
    orphan = Sandbox(ready.read_text().strip())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            orphan.health()
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError("the sandbox outlived its parent")
