# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The OAuth side: the token endpoint, and the sign-in page of third-party applications."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from .calls import Call, Route
from .envelopes import RefusalError, Reply, json_reply
from .records import AuthorizationCode, Member, Organization
from .sign_in_page import sign_in_page
from .tokens import issue, issue_refresh, token_answer


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client asks the token endpoint for."""

    call: Call
    form: dict[str, str]
    organization: Organization


_MALFORMED = (
    "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than "
    "once, or is otherwise malformed."
)
_UNSUPPORTED = "The authorization grant type is not supported by the authorization server."
_INVALID_GRANT = (
    "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is "
    "invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued "
    "to another client."
)
CODE_SECONDS = 600


def token(call: Call) -> Reply:
    """Answer a grant. Errors have the shapes of Laravel Passport."""
    form = _form(call)
    grant = form.get("grant_type")
    if grant not in _GRANTS:
        raise _unsupported()
    organization = _client(call, form)
    scope = form.get("scope", "")
    if scope not in ("", "*"):
        description = "The requested scope is invalid, unknown, or malformed"
        raise _error(400, "invalid_scope", description, f"Check the `{scope}` scope")
    return _GRANTS[grant](Grant(call, form, organization))


@dataclass(frozen=True, slots=True)
class Application:
    """Who asks for a person's consent, and where they are sent back to."""

    organization: Organization
    redirect_uri: str


def authorize(call: Call) -> Reply:
    """Send the person who is signed in back to the application, with a token or a code, or show the sign-in page."""
    application = _application(call)
    email = call.world.switches.signed_in_user
    member = call.world.member_of(application.organization, email) if email else None
    return _sign_in_page(application) if member is None else _consented(call, application, member)


def sign_in(call: Call) -> Reply:
    """Take the form of the sign-in page."""
    application = _application(call)
    form = _form(call)
    if form.get("consent") != "allow":
        return _denied(call, application)
    email = form.get("email", "").strip()
    member = call.world.member_of(application.organization, email)
    if member is None or form.get("password") != member.account.password:
        return _sign_in_page(application, email, "The e-mail address or the password is wrong.")
    return _consented(call, application, member)


def _application(call: Call) -> Application:
    """Return the application of the query; without one there is nowhere to redirect to."""
    world, query = call.world, call.query
    organization = world.clients.get(query.get("client_id", ""))
    redirect_uri = query.get("redirect_uri", "")
    if organization is None or redirect_uri not in (*organization.redirect_uris, *world.switches.redirect_uris):
        raise _invalid_client()
    if query.get("response_type") not in ("token", "code"):
        raise _unsupported()
    return Application(organization, redirect_uri)


def _consented(call: Call, application: Application, member: Member) -> Reply:
    world, query = call.world, call.query
    organization, redirect_uri = application.organization, application.redirect_uri
    if world.switches.unverified_email or world.switches.in_trial or member.status != "active":
        return _denied(call, application)
    if query["response_type"] == "code":
        code = secrets.token_hex(20)
        world.codes[code] = AuthorizationCode(
            organization,
            member,
            redirect_uri,
            world.now() + CODE_SECONDS,
            query.get("code_challenge"),
            query.get("code_challenge_method", "plain"),
        )
        return _redirect(redirect_uri, _with_state(call, {"code": code}), fragment=False)
    lifetime = world.switches.expires_in_implicit
    value = issue(world, "user", organization, lifetime, user_id=member.id)
    parameters = {"access_token": value, "token_type": "Bearer", "expires_in": str(lifetime)}
    return _redirect(
        redirect_uri, _with_state(call, parameters), fragment=world.switches.implicit_redirect == "fragment"
    )


def _denied(call: Call, application: Application) -> Reply:
    return _redirect(application.redirect_uri, _with_state(call, {"error": "access_denied"}), fragment=False)


def _sign_in_page(application: Application, email: str = "", mistake: str = "") -> Reply:
    """Return the form, which is sent to the address it was got from, with the query of the application."""
    page = sign_in_page(
        application.organization.name, urlsplit(application.redirect_uri).netloc, email=email, mistake=mistake
    )
    return Reply(200, page.encode(), "text/html; charset=UTF-8", {"Cache-Control": "no-store"})


def _client_credentials(grant: Grant) -> Reply:
    switches = grant.call.world.switches
    if switches.in_trial and switches.trial_blocks_applications:
        raise _invalid_client()
    lifetime = switches.expires_in_application
    return token_answer(issue(grant.call.world, "application", grant.organization, lifetime), lifetime)


def _password(grant: Grant) -> Reply:
    for name in ("username", "password"):
        if not grant.form.get(name):
            raise _missing(name)
    member = grant.call.world.member_of(grant.organization, grant.form["username"])
    if member is None or member.status != "active" or grant.form["password"] != member.account.password:
        raise _error(400, "invalid_grant", "The user credentials were incorrect.")
    return _user_answer(grant, member)


def _refresh(grant: Grant) -> Reply:
    if not grant.form.get("refresh_token"):
        raise _missing("refresh_token")
    held = grant.call.world.tokens.get(grant.form["refresh_token"])
    usable = held is not None and held.refresh and not held.revoked and held.expires_at > grant.call.world.now()
    member = grant.organization.members.get(held.user_id or 0) if held is not None else None
    if not usable or held is None or held.client_id != grant.organization.client_id or member is None:
        raise _error(401, "invalid_request", "The refresh token is invalid.", "Token has been revoked")
    # A refresh token works once: the answer carries its successor.
    held.revoked = True
    return _user_answer(grant, member)


def _authorization_code(grant: Grant) -> Reply:
    if not grant.form.get("code"):
        raise _missing("code")
    world = grant.call.world
    code = world.codes.get(grant.form["code"])
    if code is not None and code.is_used:
        # RFC 6749, section 4.1.2: a code that comes twice may have been stolen.
        for value in code.issued:
            world.tokens[value].revoked = True
    if (
        code is None
        or code.is_used
        or code.organization is not grant.organization
        or code.expires_at <= world.now()
        or code.redirect_uri != grant.form.get("redirect_uri")
        or not _verified(code, grant.form.get("code_verifier", ""))
    ):
        if code is not None:
            code.is_used = True
        raise _error(400, "invalid_grant", _INVALID_GRANT)
    code.is_used = True
    return _user_answer(grant, code.member, code.issued)


_GRANTS = {
    "client_credentials": _client_credentials,
    "password": _password,
    "refresh_token": _refresh,
    "authorization_code": _authorization_code,
}


def _user_answer(grant: Grant, member: Member, issued: list[str] | None = None) -> Reply:
    """Answer with a new token and its refresh token, which are noted in ``issued``."""
    world = grant.call.world
    lifetime = world.switches.expires_in_password
    value = issue(world, "user", grant.organization, lifetime, user_id=member.id)
    refresh_token = issue_refresh(world, grant.organization, member.id)
    if issued is not None:
        issued += [value, refresh_token]
    return token_answer(value, lifetime, refresh_token)


def _form(call: Call) -> dict[str, str]:
    """Return the parameters of the body; a JSON body has none unless the switch reads it."""
    content_type = call.headers.get("content-type", "")
    if "form-urlencoded" in content_type:
        return dict(parse_qsl(call.raw_body.decode("utf-8", "replace"), keep_blank_values=True))
    if call.world.switches.accept_json_token and "json" in content_type:
        try:
            document = orjson.loads(call.raw_body)
        except orjson.JSONDecodeError:
            return {}
        return {str(name): str(value) for name, value in document.items()} if isinstance(document, dict) else {}
    call.warnings.append("token request is not form-encoded")
    return {}


def _client(call: Call, form: dict[str, str]) -> Organization:
    client_id, secret = form.get("client_id"), form.get("client_secret")
    authorization = call.headers.get("authorization", "")
    if client_id is None and authorization.lower().startswith("basic "):
        try:
            client_id, _, secret = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _invalid_client() from None
    if not client_id:
        raise _missing("client_id")
    organization = call.world.clients.get(client_id)
    if organization is None:
        raise _invalid_client()
    if secret is None and call.world.switches.public_clients and _is_pkce(call, form):
        return organization
    if not secrets.compare_digest((secret or "").encode(), organization.client_secret.encode()):
        raise _invalid_client()
    return organization


def _is_pkce(call: Call, form: dict[str, str]) -> bool:
    """Say whether the form exchanges a code that only the holder of a verifier can."""
    code = call.world.codes.get(form.get("code", ""))
    is_exchange = form.get("grant_type") == "authorization_code"
    return is_exchange and code is not None and code.challenge is not None and code.challenge_method == "S256"


def _verified(code: AuthorizationCode, verifier: str) -> bool:
    if code.challenge is None:
        return True
    if code.challenge_method != "S256":
        return secrets.compare_digest(verifier.encode(), code.challenge.encode())
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return secrets.compare_digest(digest, code.challenge.encode())


def _with_state(call: Call, parameters: dict[str, str]) -> dict[str, str]:
    state = call.query.get("state")
    return {**parameters, "state": state} if state is not None else parameters


def _redirect(uri: str, parameters: dict[str, str], *, fragment: bool) -> Reply:
    mark = "#" if fragment else "&" if "?" in uri else "?"
    return Reply(302, b"", "text/html; charset=UTF-8", {"Location": f"{uri}{mark}{urlencode(parameters)}"})


def _missing(name: str) -> RefusalError:
    return _error(400, "invalid_request", _MALFORMED, f"Check the `{name}` parameter")


def _unsupported() -> RefusalError:
    hint = "Check that all required parameters have been provided"
    return _error(400, "unsupported_grant_type", _UNSUPPORTED, hint)


def _invalid_client() -> RefusalError:
    return _error(401, "invalid_client", "Client authentication failed")


def _error(status: int, error: str, description: str, hint: str | None = None) -> RefusalError:
    body: dict[str, Any] = {"error": error, "error_description": description}
    if hint is not None:
        body["hint"] = hint
    return RefusalError(json_reply({**body, "message": description}, status))


ROUTES = (
    Route("oauth.token", "POST", "/oauth/token", token, caller="anyone", sign_in=True),
    Route("oauth.authorize", "GET", "/oauth/authorize", authorize, caller="anyone", sign_in=True),
    Route("oauth.sign_in", "POST", "/oauth/authorize", sign_in, caller="anyone", sign_in=True),
)
