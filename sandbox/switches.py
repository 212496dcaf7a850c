# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Every way in which descriptions of the service disagree, as a named switch with the documented default.

A switch is a field here; its metadata carries the kind of value it takes and one sentence for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


class SwitchError(ValueError):
    """A switch that does not exist, or a value it cannot take."""


def _flag(default: bool, doc: str) -> Any:
    return field(default=default, metadata={"kind": "flag", "doc": doc})


def _number(default: int | None, doc: str) -> Any:
    return field(default=default, metadata={"kind": "number", "doc": doc})


def _text(default: str | None, doc: str) -> Any:
    return field(default=default, metadata={"kind": "text", "doc": doc})


def _choice(default: str, choices: tuple[str, ...], doc: str) -> Any:
    return field(default=default, metadata={"kind": "choice", "choices": choices, "doc": doc})


def _words(default: tuple[str, ...], doc: str) -> Any:
    return field(default=default, metadata={"kind": "words", "doc": doc})


@dataclass
class Switches:
    """The behaviour of the sandbox where the public sources leave room."""

    # Tokens and sign-in
    token_paths: tuple[str, ...] = _words(("/oauth/token", "/api/oauth/token"), "token URLs that exist")
    accept_json_token: bool = _flag(False, "the token route also reads a JSON body")
    app_token_on_org_routes: str = _choice(
        "accept",
        ("accept", "deny"),
        "an application token on /organizations: administrator or 401",
    )
    user_token_on_application_routes: str = _choice(
        "401", ("401", "403", "accept"), "answer to a user token on /applications"
    )
    legacy_user_token_route: bool = _flag(
        False, "mint user tokens at POST /applications/{org}/users/token with an e-mail body instead of the path form"
    )
    expires_in_application: int = _number(604800, "seconds an application token lives")
    expires_in_user: int = _number(7776000, "seconds a minted user token lives")
    expires_in_password: int = _number(3600, "seconds a token of the password or code grant lives")
    expires_in_refresh: int = _number(31536000, "seconds a refresh token lives")
    expires_in_implicit: int = _number(840, "seconds a token from /oauth/authorize lives")
    implicit_redirect: str = _choice("query", ("query", "fragment"), "where /oauth/authorize puts the token")
    redirect_uris: tuple[str, ...] = _words((), "redirect URIs registered besides the seeded ones")
    signed_in_user: str | None = _text(
        "alice.smith@example.com", "who is signed in at /oauth/authorize; null shows a sign-in page"
    )
    public_clients: bool = _flag(
        False, "a code that was asked for with PKCE (S256) is exchanged without a client secret"
    )
    unverified_email: bool = _flag(False, "the signed-in user's address is not verified, so /oauth/authorize refuses")
    minted_for_disabled: str = _choice("403", ("200", "403", "404", "422"), "answer to minting for a disabled member")
    minted_for_invited: str = _choice("200", ("200", "403", "404", "422"), "answer to minting for an invited member")
    disable_revokes_tokens: bool = _flag(True, "disabling a member revokes that member's tokens")
    foreign_organization: str = _choice(
        "403", ("403", "404"), "answer to a user token used with another organization of the same user"
    )

    # Every request
    missing_client_header: str = _choice(
        "401", ("401", "403", "404", "accept"), "answer when X-Tallyfy-Client is missing"
    )
    missing_accept: str = _choice("json", ("json", "html"), "form of errors when Accept does not name JSON")
    unauthenticated_body: str = _choice("documented", ("documented", "bare"), "with or without error:true in a 401")
    validation_shape: str = _choice("laravel", ("laravel", "documented"), "envelope of 422 answers")
    trim_strings: bool = _flag(True, "white space around strings in a body is cut")
    plus_is_space: bool = _flag(False, "an unencoded + in the query means a space")
    mixed_dates: bool = _flag(False, "answers spell dates in all the ways ever documented")
    old_error_texts: bool = _flag(False, "member errors in the words (and statuses) of older documentation")
    read_only: bool = _flag(False, "the organization is read-only because of an overdue payment")

    # Lists
    per_page_cap: int | None = _number(None, "largest page of any list, whatever was asked for")
    ignore_per_page: bool = _flag(False, "per_page is ignored; every list has its default page size")
    users_default_per_page: int = _number(9999, "members on a page when per_page is absent")
    users_max_per_page: int = _number(9999, "largest page of members and guests")
    links_shape: str = _choice(
        "default", ("default", "object", "array", "null", "absent"), "what meta.pagination.links looks like"
    )
    bare_includes: bool = _flag(False, "related data arrives bare instead of wrapped in data")
    minimal_list_count: bool = _flag(False, "users-list and guests-list carry a count")
    q_wildcards: bool = _flag(False, "% and _ in q are SQL wildcards")
    q_plus_finds_nothing: bool = _flag(False, "a q that contains + matches nothing")

    # Members
    member_shape: str = _choice(
        "union",
        ("union", "doc", "sdk", "minimal", "minimal_rows"),
        "fields of a member; minimal_rows shortens the rows of lists only",
    )
    role_case: str = _choice("lower", ("lower", "title"), "Standard and MM/DD/YYYY instead of standard and mm/dd/yyyy")
    provision_status: int = _number(201, "status of a successful POST /applications/{org}/users")
    provisioned_status: str = _choice("active", ("active", "invited"), "status a provisioned member starts with")
    provision_default_role: str = _choice(
        "light", ("admin", "standard", "light"), "role of a provisioned member when none is sent"
    )
    provision_accepts_profile: bool = _flag(False, "provisioning stores phone, job_title and the like")
    unwrapped_application_user: bool = _flag(False, "the provisioned user arrives without data")
    lenient_invite: bool = _flag(False, "an invitation needs only e-mail and names; the role becomes light")
    invite_status: int = _number(200, "status of a successful invitation")
    allow_user_invite: bool = _flag(True, "standard members may invite")
    saml_enabled: bool = _flag(False, "single sign-on is enforced: invitations by hand are refused")
    in_trial: bool = _flag(False, "the organization is in trial: ten members, ten guests")
    trial_blocks_applications: bool = _flag(False, "client credentials are refused while in_trial")
    seat_limit_full: int | None = _number(None, "seats for administrators and standard members")
    seat_limit_light: int | None = _number(None, "seats for light members")
    strict_email_dns: bool = _flag(False, "reserved domains (example.com, .test and so on) are refused")
    strict_timezone: bool = _flag(True, "a timezone must be a name of the IANA database")
    disallowed_names: tuple[str, ...] = _words(("tallyfy",), "names no person may have, in lower case")
    case_sensitive_email: bool = _flag(False, "e-mail addresses that differ in case are different people")
    email_in_other_organization: str = _choice(
        "422", ("422", "attach"), "provisioning or inviting somebody who belongs to another organization"
    )
    email_of_disabled_member: str = _choice(
        "422", ("422", "reactivate"), "provisioning or inviting somebody who is disabled here"
    )
    email_of_guest: str = _choice("accept", ("accept", "422"), "provisioning or inviting a guest of the organization")
    member_put_nulls_omitted: bool = _flag(False, "a member PUT nulls the optional fields it does not name")
    member_put_accepts_role: bool = _flag(False, "role in a member PUT is stored instead of ignored")
    invited_member_put: str = _choice("accept", ("accept", "deny"), "answer to a PUT on a member still invited")
    drop_fields: tuple[str, ...] = _words((), "member fields a PUT silently does not store")
    default_admin_auto_transfer: bool = _flag(
        False, "removing the default administrator hands the part to another administrator"
    )
    deleted_suffix_space: bool = _flag(False, "permanent deletion writes Smith (Deleted) with a space")
    remove_hides_member: bool = _flag(False, "DELETE /users/{id} takes the member out of the lists")
    get_removed_member: str = _choice("404", ("404", "200"), "GET of a member hidden by removal or deleted for good")
    repeated_change: str = _choice(
        "accept", ("accept", "400", "404"), "disabling somebody disabled, enabling somebody active"
    )

    # Groups
    allow_manage_groups: bool = _flag(True, "standard members may write groups")
    put_status: int = _number(201, "status of a successful group PUT")
    group_put_requires_all: bool = _flag(False, "a group PUT needs name, members and guests")
    group_put_absent_wipes: bool = _flag(False, "a group PUT empties members or guests it does not name")
    lenient_group_description: bool = _flag(False, "a group can be made without a description")
    group_shape: str = _choice("current", ("current", "legacy"), "legacy: updated_at and deleted_at")
    group_member_ids: str = _choice("integer", ("integer", "string"), "type of the ids in members")
    group_unknown_members: str = _choice("422", ("422", "ignore"), "group writes naming members that do not exist")
    disable_keeps_groups: bool = _flag(False, "a member who is disabled or removed stays in their groups")
    group_disabled_members: str = _choice("422", ("422", "accept"), "group writes naming disabled members")
    group_auto_create_guests: bool = _flag(False, "group writes create guests that do not exist yet")
    case_sensitive_names: bool = _flag(False, "group names and tag titles that differ in case are different")

    # Guests
    guest_get_status: int = _number(201, "status of a guest GET and PUT")
    guest_put_strict: bool = _flag(False, "a guest PUT refuses every key but associated_members and email")
    guest_delete_unknown: str = _choice("422", ("422", "404"), "answer to deleting a guest who does not exist")
    guest_shape: str = _choice("current", ("current", "legacy"), "legacy: names inside details, id as string")
    guest_reattach_updates: bool = _flag(False, "creating a guest who exists stores the new profile values")
    strict_dates: bool = _flag(False, "only YYYY-MM-DD HH:MM:SS is a date in a body")

    # Templates
    checklist_rows: str = _choice("full", ("full", "short"), "short: the rows of the list of templates lack prerun")
    archived_template_launch: str = _choice(
        "404", ("404", "422"), "answer to launching a template that is archived or unknown"
    )

    included_tags: str = _choice(
        "ties", ("tags", "ties"), "with=tags shows the tags, or the ties with id and tag_id beside the tags' fields"
    )

    # Processes and tasks
    launch_name_required: bool = _flag(False, "a launch needs a name")
    launch_status: int = _number(201, "status of a successful launch")
    auto_naming_wins: str = _choice(
        "no",
        ("no", "replaces", "refuses"),
        "the name in a launch from a template with auto_naming: kept, replaced by the template's own, or refused "
        "with 422; allow_launcher_change_name does not matter, since no source says that the API reads it",
    )
    auto_naming_put: str = _choice(
        "accept",
        ("accept", "ignore", "422"),
        "a PUT of the name of a process whose template has auto_naming: stored, dropped or refused",
    )
    auto_naming_everywhere: bool = _flag(
        False, "the two switches above concern every template, as behind a proxy that renames what is launched"
    )
    run_put_prerun: str = _choice(
        "merge", ("merge", "replace", "ignore"), "what the kick-off values in a process PUT do to those that are there"
    )
    completed_kickoff_locked: bool = _flag(
        False, "a PUT of kick-off values is refused until the completed kick-off is reopened"
    )
    run_put_partial: bool = _flag(False, "a process PUT keeps the users and groups it does not name")
    run_prerun_missing: bool = _flag(False, "launch answers and list rows carry no prerun, a GET does")
    run_prerun_list_when_empty: bool = _flag(False, "a process without kick-off values has prerun [] instead of {}")
    drop_prerun_labels: tuple[str, ...] = _words((), "labels of kick-off fields whose values are silently not stored")
    prerun_dates: str = _choice("as_sent", ("as_sent", "iso"), "kick-off dates are kept as sent or as ISO 8601 in UTC")
    run_q_ignored: bool = _flag(False, "q in the list of processes is ignored")
    run_q_finds_values: bool = _flag(False, "q in the list of processes finds texts of kick-off values, too")
    run_values_filter: str = _choice(
        "finds",
        ("finds", "ignored", "finds_nothing"),
        "what form_fields_values in the list of processes does",
    )
    run_sort_ignored: bool = _flag(False, "sort and sort_by in the list of processes are ignored")
    run_checklist_filter_ignored: bool = _flag(False, "checklist_id and blueprint_id in the list are ignored")
    status_archived_ignored: bool = _flag(False, "status=archived in the list of processes is ignored")
    archived_param_ignored: bool = _flag(False, "archived=only and archived=true in the list are ignored")
    progress_int: bool = _flag(False, "progress of a process is a bare percentage")
    run_ids_as_text: bool = _flag(False, "ids of people in processes are strings")
    complete_is_lenient: bool = _flag(
        True, "completing a completed task is accepted, and told to webhooks and by mail once more"
    )
    task_owner_objects: bool = _flag(False, "the users of a task's owners are objects with id and full_name")
    enable_onboarding_template: bool = _flag(False, "accepting an invitation launches onboarding_template_id")
    onboarding_template_id: str | None = _text(None, "the template launched for a member who accepts")

    # Limits
    rate_limit_per_minute: int | None = _number(None, "requests a minute for each user or application")
    rate_limit_organization_per_minute: int | None = _number(None, "requests a minute for each organization")
    rate_limit_organization_per_hour: int | None = _number(None, "requests an hour for each organization")
    burst_per_second: int | None = _number(None, "requests a second; beyond it a 429 without code")
    rate_limit_headers: str = _choice(
        "all",
        ("all", "remaining", "429", "none"),
        "answers with X-RateLimit-Limit and X-RateLimit-Remaining; remaining: the second alone, on all answers",
    )
    guest_invites_per_hour: int | None = _number(None, "new guests an hour for each organization")
    comments_per_hour: int | None = _number(None, "comments and issues an hour for each organization")

    def set(self, name: str, value: Any) -> None:
        """Give one switch a value, from JSON or from the text of the command line; raises ``SwitchError``."""
        described = _FIELDS.get(name)
        if described is None:
            raise SwitchError(f"unknown switch {name!r}; known are: {', '.join(sorted(_FIELDS))}")
        setattr(self, name, _convert(name, described.metadata, described.default, value))

    def as_dict(self) -> dict[str, Any]:
        """Return every switch by name, tuples as lists."""
        return {name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in _FIELDS}


_FIELDS = {described.name: described for described in fields(Switches)}
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}
_NOTHING = {"", "null", "none"}


def describe() -> list[dict[str, Any]]:
    """Return name, default, choices and meaning of every switch."""
    return [
        {
            "name": name,
            "default": list(described.default) if isinstance(described.default, tuple) else described.default,
            "choices": list(described.metadata.get("choices", ())),
            "doc": described.metadata["doc"],
        }
        for name, described in _FIELDS.items()
    ]


def _convert(name: str, metadata: Any, default: Any, value: Any) -> Any:
    kind = metadata["kind"]
    if kind == "flag":
        return _as_flag(name, value)
    if kind == "choice":
        if str(value) not in metadata["choices"]:
            raise SwitchError(f"switch {name} takes one of {', '.join(metadata['choices'])}, not {value!r}")
        return str(value)
    if kind == "words":
        return _as_words(name, value)
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        # Numbers with a default (lifetimes, statuses) fall back to it; limits are switched off.
        return default if kind == "number" else None
    if kind == "text":
        return str(value)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SwitchError(f"switch {name} takes a whole number, not {value!r}") from None


def _as_flag(name: str, value: Any) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise SwitchError(f"switch {name} takes true or false, not {value!r}")
    return word in _TRUE


def _as_words(name: str, value: Any) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value or ()
    if not isinstance(words, (list, tuple)):
        raise SwitchError(f"switch {name} takes a list of words, not {value!r}")
    return tuple(str(word).strip() for word in words if str(word).strip())
