# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Every switch: what the default does, and what the other position does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.testing import Sandbox
from tests.people import HIRE_ID, TOUR_ID
from tests.sandbox.caller import INVITATION, PERSON, PROFILE, RUN, TASK, TOUR_LAUNCH, Api, sample, sign_in

JOHN, GROUP, GUEST = "/users/12345", "/groups/97e95e53bf25476dfbf55dd84fcda0b4", "/guests/partner%40example.org"
REDIRECT = "https://app.example.com/auth/callback"


def status(answer: Any) -> int:
    return int(answer.status_code)


def rate_headers(answer: Any) -> dict[str, str]:
    named = ((name, answer.headers.get(f"X-RateLimit-{name.title()}")) for name in ("limit", "remaining"))
    return {name: text for name, text in named if text is not None}


def user(api: Api, email: str = "alice.smith@example.com", **options: Any) -> Api:
    return Api(api.sandbox, api.sandbox.issue_token(email, **options))


def authorize(api: Api, **query: str) -> Any:
    desired = {"client_id": "1111", "response_type": "token", "redirect_uri": REDIRECT, "state": "s t", **query}
    return requests.get(f"{api.sandbox.url}/oauth/authorize", params=desired, allow_redirects=False, timeout=10)


def public_exchange(api: Api) -> int:
    """Exchange a code without a secret: what stands for it is the verifier of RFC 7636, appendix B."""
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    location = authorize(api, response_type="code", code_challenge=challenge, code_challenge_method="S256").headers
    form = {
        "grant_type": "authorization_code",
        "client_id": "1111",
        "code": parse_qs(urlsplit(location["Location"]).query)["code"][0],
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "redirect_uri": REDIRECT,
    }
    return status(requests.post(api.sandbox.token_url, data=form, timeout=10))


def json_sign_in(api: Api) -> int:
    body = {"grant_type": "client_credentials", "client_id": "1111", "client_secret": api.sandbox.client_secret}
    return status(requests.post(api.sandbox.token_url, json=body, timeout=10))


def without_header(api: Api, name: str, path: str = "/users/999") -> Any:
    return api.get(path, headers={name: None})


def minted_for(email: str) -> Callable[[Api], int]:
    return lambda api: status(api.mint(email))


def prefixed_sign_in(api: Api) -> int:
    return status(requests.post(f"{api.sandbox.api_url}/oauth/token", data={}, timeout=10))


def put_member(field: str, **body: Any) -> Callable[[Api], Any]:
    return lambda api: api.put(JOHN, {**PROFILE, **body}).json()["data"][field]


def after(act: Callable[[Api], Any], read: Callable[[Api], Any]) -> Callable[[Api], Any]:
    def run(api: Api) -> Any:
        act(api)
        return read(api)

    return run


def pagination(path: str, name: str) -> Callable[[Api], Any]:
    return lambda api: api.get(path).json()["meta"]["pagination"].get(name, "absent")


def calls(number: int, path: str = "/groups") -> Callable[[Api], Any]:
    return lambda api: [status(api.get(path)) for _ in range(number)]


def old_user_token_works(api: Api) -> int:
    john = user(api, "john.smith@example.com")
    api.delete(f"{JOHN}/disable")
    return status(john.get("/groups"))


def lifetime(**form: str) -> Callable[[Api], Any]:
    return lambda api: sign_in(api.sandbox, **form).json()["expires_in"]


PASSWORD = {"grant_type": "password", "username": "alice.smith@example.com", "password": "sandbox-password"}


def refresh_after(seconds: int) -> Callable[[Api], int]:
    def run(api: Api) -> int:
        held = sign_in(api.sandbox, **PASSWORD).json()["refresh_token"]
        api.sandbox.advance(seconds)
        return status(sign_in(api.sandbox, grant_type="refresh_token", refresh_token=held))

    return run


def legacy_mint(api: Api) -> tuple[int, int]:
    by_body = api.call("POST", f"/applications/{api.organization}/users/token", {"email": "bob@example.com"}, root=True)
    return status(by_body), status(api.mint("bob@example.com"))


def invite(**changes: Any) -> Callable[[Api], int]:
    def run(api: Api) -> int:
        body = {**INVITATION, **changes}
        return status(api.post("/users/invite", {name: value for name, value in body.items() if value is not None}))

    return run


def group_write(**body: Any) -> Callable[[Api], Any]:
    return lambda api: status(api.post("/groups", {"name": "New", "description": "New", **body}))


def query_found(text: str) -> Callable[[Api], Any]:
    return lambda api: api.get(f"/users?q={text}").json()["meta"]["pagination"]["total"]


def trial(act: Callable[[Api], Any]) -> Callable[[Api], Any]:
    def run(api: Api) -> Any:
        for number in range(3):
            api.provision({**PERSON, "email": f"trial{number}@example.com"})
        return act(api)

    return run


def provisioned(field: str, **changes: Any) -> Callable[[Api], Any]:
    def run(api: Api) -> Any:
        api.provision({**PERSON, **changes})
        return api.sandbox.member(PERSON["email"])[field]

    return run


def unknown_group_member(api: Api) -> Any:
    answer = api.post("/groups", {"name": "N", "description": "D", "members": [1001, 424242]})
    return answer.json()["data"]["members"] if answer.status_code == 201 else answer.status_code


PARTNER = "9c1b6d5a04e84b7fa3d2c0e95f7a6b18"
FIRST_DATE = "2024-06-01T08:00:00"


def run_field(name: str, path: str = f"/runs/{RUN}") -> Callable[[Api], Any]:
    return lambda api: api.get(path).json()["data"][name]


def run_names(query: str) -> Callable[[Api], list[str]]:
    return lambda api: [row["name"][:4] for row in api.get(f"/runs{query}").json()["data"]]


def launched(field: str, **changes: Any) -> Callable[[Api], Any]:
    """Launch the seeded template and return one kick-off value as it reads afterwards."""

    def act(api: Api) -> Any:
        request = sample("launch-request")
        made = api.post("/runs", {**request, "prerun": {**request["prerun"], **changes}}).json()["data"]
        return api.get(f"/runs/{made['id']}").json()["data"]["prerun"].get(field)

    return act


def launched_by_itself(**body: Any) -> Callable[[Api], Any]:
    """Launch from a template that names its processes itself; return the status and the name."""

    def act(api: Api) -> Any:
        reference, notes = (one["id"] for one in api.get(f"/checklists/{TOUR_ID}").json()["data"]["prerun"])
        api.put(
            f"/checklists/{TOUR_ID}",
            {
                "title": "Welcome tour",
                "auto_naming": True,
                "default_process_name_format": "Tour of {{ notes }} ({{REFERENCE}}){{unknown}}",
            },
        )
        values = {"prerun": {reference: "N-1", notes: "Robin"}}
        answer = api.post("/runs", {"checklist_id": TOUR_ID, **values, **body})
        reported = answer.json()
        return answer.status_code, reported["data"]["name"] if "data" in reported else sorted(reported["errors"])

    return act


def renamed_by_itself(api: Api) -> tuple[int, str]:
    api.sandbox.patch_template(TOUR_ID, auto_naming=True)
    run = api.post("/runs", {"checklist_id": TOUR_ID, "name": "Mine"}).json()["data"]
    answer = api.put(f"/runs/{run['id']}", {"name": "Other"})
    return answer.status_code, api.get(f"/runs/{run['id']}").json()["data"]["name"]


def corrected(api: Api) -> list[Any]:
    """Send one kick-off value in a PUT; return it and one that was not sent, as they are afterwards."""
    api.put(f"/runs/{RUN}", {"prerun": {NAME: "Jo"}})
    prerun = api.get(f"/runs/{RUN}").json()["data"]["prerun"]
    return [prerun.get(NAME), prerun.get(CONTRACT)]


def completed_twice(api: Api) -> int:
    api.sandbox.patch_task(TASK, taskdata={"97fa6c95a7399ed9ea5f997be085fc28": "SN-1"})
    body = {"task_id": TASK}
    api.post(f"/runs/{RUN}/completed-tasks", body)
    return status(api.post(f"/runs/{RUN}/completed-tasks", body))


def prerun_shown(api: Api) -> list[bool]:
    made = api.post("/runs", TOUR_LAUNCH).json()["data"]
    rows = api.get("/runs").json()["data"]
    return ["prerun" in made, any("prerun" in row for row in rows), "prerun" in api.get(f"/runs/{RUN}").json()["data"]]


def onboarding_runs(api: Api) -> int:
    api.sandbox.accept("charlie.brown@example.com")
    return len(api.sandbox.runs()) - 4


NOTES, START = "89f6f391a05e236f8d8a08ffe5a7173a", "64ed1afe45162647309b013f55ebce99"
NAME, CONTRACT = "d94210940113aa88d27d73abafc1f539", "7185be635b195ece3332e99e914f5bed"
ARCHIVED_TEMPLATE = "8d0f6a3b5c7e19248b0d6f4a2c9e7153"

#: The switches, of which the first one is meant, the deed, the default's result, the other result.
CASES: list[tuple[dict[str, Any], Callable[[Api], Any], Any, Any]] = [
    ({"token_paths": ["/oauth/token"]}, prefixed_sign_in, 400, 404),
    ({"accept_json_token": True}, json_sign_in, 400, 200),
    ({"app_token_on_org_routes": "deny"}, lambda api: status(api.get("/users")), 200, 401),
    ({"user_token_on_application_routes": "403"}, lambda api: status(user(api).provision(PERSON)), 401, 403),
    ({"user_token_on_application_routes": "accept"}, lambda api: status(user(api).provision(PERSON)), 401, 201),
    ({"legacy_user_token_route": True}, legacy_mint, (404, 200), (200, 404)),
    ({"expires_in_application": 60}, lifetime(), 604800, 60),
    ({"expires_in_user": 61}, lambda api: api.mint("bob@example.com").json()["expires_in"], 7776000, 61),
    ({"expires_in_password": 62}, lifetime(**PASSWORD), 3600, 62),
    ({"expires_in_refresh": 10}, refresh_after(11), 200, 401),
    ({"expires_in_implicit": 15778800},
     lambda api: parse_qs(urlsplit(authorize(api).headers["Location"]).query)["expires_in"], ["840"], ["15778800"]),
    ({"implicit_redirect": "fragment"},
     lambda api: authorize(api).headers["Location"].partition(REDIRECT)[2][0], "?", "#"),
    ({"redirect_uris": ["https://other.example.com/x"]},
     lambda api: status(authorize(api, redirect_uri="https://other.example.com/x")), 401, 302),
    ({"signed_in_user": None}, lambda api: status(authorize(api)), 302, 200),
    ({"public_clients": True}, public_exchange, 401, 200),
    ({"unverified_email": True}, lambda api: "access_denied" in authorize(api).headers["Location"], False, True),
    ({"minted_for_disabled": 200}, minted_for("dana.lee@example.com"), 403, 200),
    ({"minted_for_disabled": 422}, minted_for("dana.lee@example.com"), 403, 422),
    ({"minted_for_invited": 403}, minted_for("charlie.brown@example.com"), 200, 403),
    ({"minted_for_invited": 404}, minted_for("charlie.brown@example.com"), 200, 404),
    ({"disable_revokes_tokens": False}, old_user_token_works, 401, 200),
    ({"foreign_organization": "404"},
     lambda api: status(Api(api.sandbox, api.sandbox.issue_token("grace.kim@example.net"), PARTNER).get("/users")), 403,
     404),
    *(
        ({"missing_client_header": value},
         lambda api: status(without_header(api, "X-Tallyfy-Client", "/users")), 401, reported)
        for value, reported in (("403", 403), ("404", 404), ("accept", 200))
    ),
    ({"missing_accept": "html"}, lambda api: without_header(api, "Accept").headers["Content-Type"].partition(";")[0],
     "application/json", "text/html"),
    ({"unauthenticated_body": "bare"}, lambda api: "error" in Api(api.sandbox, None).get("/users").json(), True, False),
    ({"validation_shape": "documented"}, lambda api: set(api.put(JOHN, {}).json()),
     {"message", "errors"}, {"error", "errors"}),
    ({"trim_strings": False}, put_member("team", team=" A "), "A", " A "),
    ({"plus_is_space": True}, lambda api: len(api.get("/groups?q=Legacy+Team").json()["data"]), 0, 1),
    ({"mixed_dates": True},
     lambda api: {len(row[name]) for row in api.get("/users").json()["data"] for name in ("created_at", "updated_at")},
     {24}, {24, 25, 20, 27, 19}),
    ({"old_error_texts": True}, lambda api: api.get("/users/999").json()["error"], True, "User not found"),
    ({"read_only": True}, lambda api: status(api.put(JOHN, PROFILE)), 200, 403),
    ({"per_page_cap": 4}, pagination("/users?per_page=9999", "per_page"), 9999, 4),
    ({"ignore_per_page": True}, pagination("/groups?per_page=50", "per_page"), 50, 10),
    ({"users_default_per_page": 50}, pagination("/users", "per_page"), 9999, 50),
    ({"users_max_per_page": 100}, pagination("/users?per_page=500", "per_page"), 500, 100),
    *(({"links_shape": shape}, pagination("/users", "links"), [], links) for shape,
        links in (("object", {}), ("array", []), ("null", None), ("absent", "absent"))),
    ({"bare_includes": True}, lambda api: type(api.get(f"{JOHN}?with=groups").json()["data"]["groups"]), dict, list),
    ({"minimal_list_count": True}, lambda api: "count" in api.get("/users-list").json(), False, True),
    ({"q_wildcards": True}, query_found("j_hn"), 0, 1),
    ({"q_plus_finds_nothing": True},
     after(lambda api: api.provision({**PERSON, "email": "nina+hr@example.com"}), query_found("nina%2Bhr")), 1, 0),
    ({"member_shape": "doc"}, lambda api: "active" in api.get(JOHN).json()["data"], True, False),
    ({"member_shape": "sdk"}, lambda api: "is_active" in api.get(JOHN).json()["data"], True, False),
    ({"member_shape": "minimal"}, lambda api: len(api.get(JOHN).json()["data"]), 38, 6),
    ({"member_shape": "minimal_rows"},
     lambda api: (len(api.get(JOHN).json()["data"]), len(api.get("/users").json()["data"][0])), (38, 38), (38, 6)),
    ({"role_case": "title"}, lambda api: api.get(JOHN).json()["data"]["role"], "standard", "Standard"),
    ({"role_case": "title"}, put_member("date_format"), "mm/dd/yyyy", "MM/DD/YYYY"),
    ({"provision_status": 200}, lambda api: status(api.provision(PERSON)), 201, 200),
    ({"provisioned_status": "invited"}, provisioned("status"), "active", "invited"),
    ({"provision_default_role": "standard"}, provisioned("role"), "light", "standard"),
    ({"provision_accepts_profile": True}, provisioned("team", team="HR"), None, "HR"),
    ({"unwrapped_application_user": True}, lambda api: "data" in api.provision(PERSON).json(), True, False),
    ({"lenient_invite": True}, invite(role=None, message=None), 422, 200),
    ({"invite_status": 201}, invite(), 200, 201),
    ({"allow_user_invite": False}, lambda api: invite()(user(api, "bob@example.com")), 200, 403),
    ({"saml_enabled": True}, invite(), 200, 403),
    ({"saml_enabled": True}, lambda api: status(api.post("/guests", {"email": "g@example.com"})), 201, 422),
    ({"in_trial": True}, trial(invite()), 200, 403),
    ({"trial_blocks_applications": True, "in_trial": True}, lambda api: status(sign_in(api.sandbox)), 200, 401),
    ({"seat_limit_full": 6}, invite(), 200, 409),
    ({"seat_limit_light": 1}, invite(role="light"), 200, 409),
    ({"strict_email_dns": True}, invite(), 200, 422),
    ({"strict_email_dns": True}, invite(email="nina@mail.test"), 200, 422),
    ({"strict_email_dns": True}, invite(email="nina@tallyfy.com"), 200, 200),
    ({"strict_timezone": False}, lambda api: status(api.put(JOHN, {**PROFILE, "timezone": "CST"})), 422, 200),
    ({"disallowed_names": ["nina"]}, invite(), 200, 422),
    ({"case_sensitive_email": True}, invite(email="John.Smith@example.com"), 422, 200),
    ({"case_sensitive_names": True}, group_write(name="engineering"), 422, 201),
    ({"email_in_other_organization": "attach"}, invite(email="ivy.stone@example.net"), 422, 200),
    ({"email_of_disabled_member": "reactivate"}, invite(email="dana.lee@example.com"), 422, 200),
    ({"email_of_guest": "422"}, invite(email="partner@example.org"), 200, 422),
    ({"member_put_nulls_omitted": True}, put_member("team"), "Operations", None),
    ({"member_put_accepts_role": True}, put_member("role", role="light"), "standard", "light"),
    ({"invited_member_put": "deny"}, lambda api: status(api.put("/users/1005", PROFILE)), 200, 400),
    ({"drop_fields": ["team", "phone"]}, put_member("team", team="New"), "New", "Operations"),
    ({"default_admin_auto_transfer": True},
     after(lambda api: api.delete("/users/1001"),
         lambda api: api.sandbox.member("erin.walker@example.com")["is_default_admin"]), False, True),
    ({"deleted_suffix_space": True}, lambda api: api.delete("/users/1007/delete").json()["data"]["last_name"],
     "Lee(Deleted)", "Lee (Deleted)"),
    ({"remove_hides_member": True}, after(lambda api: api.delete(JOHN), query_found("john.smith")), 1, 0),
    ({"get_removed_member": "200"},
     after(lambda api: api.delete("/users/1007/delete"), lambda api: status(api.get("/users/1007"))), 404, 200),
    ({"repeated_change": "400"}, lambda api: status(api.delete("/users/1007/disable")), 200, 400),
    ({"repeated_change": "404"}, lambda api: status(api.put(f"{JOHN}/enable")), 200, 404),
    ({"allow_manage_groups": False}, lambda api: group_write()(user(api, "bob@example.com")), 201, 403),
    ({"put_status": 200}, lambda api: status(api.put(GROUP, {"name": "Engineering"})), 201, 200),
    ({"group_put_requires_all": True}, lambda api: status(api.put(GROUP, {"name": "E"})), 201, 422),
    ({"group_put_absent_wipes": True},
     lambda api: api.put(GROUP, {"name": "E"}).json()["data"]["members"], [1001, 12345], []),
    ({"lenient_group_description": True}, group_write(description=""), 422, 201),
    ({"group_shape": "legacy"}, lambda api: "updated_at" in api.get(GROUP).json()["data"], False, True),
    ({"group_member_ids": "string"}, lambda api: api.get(GROUP).json()["data"]["members"],
     [1001, 12345], ["1001", "12345"]),
    ({"group_unknown_members": "ignore"}, unknown_group_member, 422, [1001]),
    ({"disable_keeps_groups": True},
     after(lambda api: api.delete(f"{JOHN}/disable"), lambda api: 12345 in api.get(GROUP).json()["data"]["members"]),
     False, True),
    ({"group_disabled_members": "accept"}, group_write(members=[1007]), 422, 201),
    ({"group_auto_create_guests": True}, group_write(guests=["g@example.org"]), 422, 201),
    ({"guest_get_status": 200}, lambda api: status(api.get(GUEST)), 201, 200),
    ({"guest_put_strict": True}, lambda api: status(api.put(GUEST, {"first_name": "X"})), 201, 422),
    ({"guest_delete_unknown": "404"}, lambda api: status(api.delete("/guests/nobody%40example.org")), 422, 404),
    ({"guest_shape": "legacy"},
     lambda api: (api.get(GUEST).json()["data"]["id"], "first_name" in api.get(GUEST).json()["data"]["details"]),
     (4523, False), ("4523", True)),
    ({"guest_reattach_updates": True},
        lambda api: api.post("/guests", {"email": "partner@example.org", "first_name": "New"}).json()["data"][
            "first_name"
        ],
        "External",
        "New",
    ),
    ({"strict_dates": True},
     lambda api: status(api.post("/guests",
                            {"email": "g@example.org", "external_date_creation": "2025-01-20T17:00:00Z"})), 201, 422),
    ({"checklist_rows": "short"},
        lambda api: (
            ["prerun" in api.get(path).json()["data"] for path in (f"/checklists/{HIRE_ID}",)]
            + ["prerun" in row for row in api.get("/checklists?q=hire").json()["data"]]
        ),
        [True, True],
        [True, False],
    ),
    ({"archived_template_launch": "422"},
     lambda api: [status(api.post("/runs", {"checklist_id": one})) for one in (ARCHIVED_TEMPLATE, "0" * 32)],
     [404, 404], [422, 422]),
    ({"included_tags": "tags"}, run_field("tags", f"/runs/{RUN}?with=tags"),
     {"data": [sample("run")["data"]["tags"]["data"][0] | {"id": 302,
                   "tag_id": "a9a53a2ae1e6dd36db693399d5332e7b", "created_at": "2025-01-15T10:00:00.000Z"}]},
     {"data": [sample("run")["data"]["tags"]["data"][0] | {"created_at": "2025-01-15T10:00:00.000Z"}]}),
    ({"launch_name_required": True}, lambda api: status(api.post("/runs", {"checklist_id": TOUR_ID})), 201, 422),
    ({"launch_status": 200}, lambda api: status(api.post("/runs", TOUR_LAUNCH)), 201, 200),
    ({"run_put_partial": True},
     after(lambda api: [api.sandbox.patch_run(RUN, users=[1002]), api.put(f"/runs/{RUN}", {"name": "x"})],
         run_field("users")), [], [1002]),
    ({"run_prerun_missing": True}, prerun_shown, [True, True, True], [False, False, True]),
    ({"run_prerun_list_when_empty": True}, run_field("prerun", "/runs/5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b"), {}, []),
    ({"drop_prerun_labels": ["Notes"]}, launched(NOTES), "Needs a quiet desk.", None),
    ({"prerun_dates": "iso"}, launched(START, **{START: "2026-03-02 09:00:00"}),
     "2026-03-02 09:00:00", "2026-03-02T09:00:00.000Z"),
    ({"auto_naming_wins": "replaces"}, launched_by_itself(name="Mine"), (201, "Mine"), (201, "Tour of Robin (N-1)")),
    ({"auto_naming_wins": "refuses"}, launched_by_itself(name="Mine"), (201, "Mine"), (422, ["name"])),
    ({"auto_naming_wins": "refuses"}, launched_by_itself(), (201, "Tour of Robin (N-1)"), (201, "Tour of Robin (N-1)")),
    ({"auto_naming_put": "422"}, renamed_by_itself, (200, "Other"), (422, "Mine")),
    ({"auto_naming_put": "ignore"}, renamed_by_itself, (200, "Other"), (200, "Mine")),
    ({"auto_naming_everywhere": True, "auto_naming_wins": "refuses", "auto_naming_put": "422"},
     lambda api: [status(api.post("/runs", TOUR_LAUNCH)), status(api.put(f"/runs/{RUN}", {"name": "Other"}))],
     [201, 200], [422, 422]),
    ({"run_put_prerun": "replace"}, corrected, ["Jo", "Full-time"], ["Jo", None]),
    ({"run_put_prerun": "ignore"}, corrected, ["Jo", "Full-time"], ["Jordan Rivera", "Full-time"]),
    ({"drop_prerun_labels": ["New hire name"]}, corrected, ["Jo", "Full-time"], ["Jordan Rivera", "Full-time"]),
    ({"completed_kickoff_locked": True},
     lambda api: [status(api.put(f"/runs/{RUN}", {"prerun": {NAME: "Jo"}})),
         status(api.put(f"/runs/{RUN}", {"name": "Other"})), status(api.delete(f"/runs/{RUN}/complete-prerun")),
         *corrected(api)], [200, 200, 200, "Jo", "Full-time"], [422, 200, 200, "Jo", "Full-time"]),
    ({"run_q_finds_values": True}, run_names("?q=quiet%20DESK"), [], ["Onbo"]),
    ({"run_values_filter": "ignored"}, run_names("?form_fields_values=quiet%20DESK"),
     ["Onbo"], ["Onbo", "Welc", "Welc"]),
    ({"run_values_filter": "finds_nothing"}, run_names("?form_fields_values=quiet%20DESK"), ["Onbo"], []),
    ({"run_sort_ignored": True}, run_names("?sort=-name"), ["Welc", "Welc", "Onbo"], ["Onbo", "Welc", "Welc"]),
    ({"run_q_ignored": True}, run_names("?q=jordan"), ["Onbo"], ["Onbo", "Welc", "Welc"]),
    ({"run_checklist_filter_ignored": True}, run_names(f"?checklist_id={HIRE_ID}"), ["Onbo"], ["Onbo", "Welc", "Welc"]),
    ({"status_archived_ignored": True}, run_names(f"?status=archived&checklist_id={TOUR_ID}"), [], ["Welc", "Welc"]),
    ({"archived_param_ignored": True}, run_names(f"?archived=only&checklist_id={TOUR_ID}"), [], ["Welc", "Welc"]),
    ({"progress_int": True}, run_field("progress"), {"complete": 0, "total": 3, "percent": 0}, 0),
    ({"run_ids_as_text": True},
     lambda api: [run_field(name)(api) for name in ("owner_id", "started_by", "collaborators")], [1001, 1001, [12345]],
     ["1001", "1001", ["12345"]]),
    ({"complete_is_lenient": False}, completed_twice, 200, 422),
    ({"task_owner_objects": True}, lambda api: api.get(f"/tasks/{TASK}").json()["data"]["owners"]["users"],
     [12345], [{"id": 12345, "full_name": "John Smith", "profile_pic": None}]),
    ({"enable_onboarding_template": True, "onboarding_template_id": TOUR_ID}, onboarding_runs, 0, 1),
    ({"onboarding_template_id": TOUR_ID},
     lambda api: api.get("").json()["data"]["onboarding_template_id"], None, TOUR_ID),
    ({"rate_limit_per_minute": 2}, calls(3), [200, 200, 200], [200, 200, 429]),
    ({"rate_limit_organization_per_minute": 1},
     lambda api: [status(api.get("/groups")), status(user(api).get("/groups"))], [200, 200], [200, 429]),
    ({"rate_limit_organization_per_hour": 1}, calls(2), [200, 200], [200, 429]),
    ({"burst_per_second": 1}, calls(2), [200, 200], [200, 429]),
    ({"rate_limit_headers": "remaining", "rate_limit_per_minute": 2},
     lambda api: rate_headers(api.get("/groups")), {}, {"remaining": "1"}),
    ({"comments_per_hour": 1}, lambda api: [status(api.post(f"/tasks/{TASK}/comment", {"content": "Hello"}))
                                           for _ in range(2)], [201, 201], [201, 429]),
    ({"guest_invites_per_hour": 0}, lambda api: status(api.post("/guests", {"email": "g@example.org"})), 201, 429),
]  # fmt: skip


@pytest.mark.parametrize(
    ("switches", "act", "default", "other"),
    CASES,
    ids=[f"{next(iter(case[0]))}-{number}" for number, case in enumerate(CASES)],
)
def test_switch(switches: dict[str, Any], act: Callable[[Api], Any], default: Any, other: Any, api: Api) -> None:
    assert act(api) == default
    api.sandbox.reset(switches=switches)
    assert act(Api(api.sandbox, api.sandbox.issue_token())) == other


def test_every_switch_has_a_case(sandbox: Sandbox) -> None:
    assert {next(iter(case[0])) for case in CASES} == set(sandbox.switches())


@pytest.mark.parametrize(
    ("shown", "taken", "refused"),
    [
        ("all", {"limit": "1", "remaining": "0"}, {"limit": "1", "remaining": "0"}),
        ("remaining", {"remaining": "0"}, {"remaining": "0"}),
        ("429", {}, {"limit": "1", "remaining": "0"}),
        ("none", {}, {}),
    ],
)
def test_answers_tell_the_limit_of_the_minute(
    api: Api, shown: str, taken: dict[str, str], refused: dict[str, str]
) -> None:
    api.sandbox.switch(rate_limit_per_minute=1, rate_limit_organization_per_minute=9, rate_limit_headers=shown)
    assert rate_headers(api.get("/users/0")) == taken, "on refusals for other reasons, too"
    assert rate_headers(api.get("/groups")) == refused


def test_answers_tell_nothing_of_the_limits_of_an_hour_or_a_second(api: Api) -> None:
    api.sandbox.switch(rate_limit_organization_per_hour=9, burst_per_second=9)
    assert rate_headers(api.get("/groups")) == {}
    api.sandbox.switch(burst_per_second=0)
    assert rate_headers(api.get("/groups")) == {"remaining": "0"}
    api.sandbox.switch(burst_per_second=None, guest_invites_per_hour=0)
    assert rate_headers(api.post("/guests", {"email": "g@example.org"})) == {"limit": "0", "remaining": "0"}


def test_rate_limit_is_a_rolling_minute_for_each_caller(api: Api) -> None:
    api.sandbox.switch(rate_limit_per_minute=1)
    assert api.get("/groups").headers["X-RateLimit-Remaining"] == "0"
    refused = api.get("/groups")
    assert refused.status_code == 429
    assert 55 <= int(refused.headers["Retry-After"]) <= 60
    assert user(api).get("/groups").status_code == 200, "another caller has a window of their own"
    api.sandbox.advance(61)
    assert api.get("/groups").status_code == 200
