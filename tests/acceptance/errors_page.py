# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages "When it goes wrong" of the documentation: every class of error with a message, its cause and its remedy.

Cause and remedy are the docstring of the class. The message comes from a module that meets the error in the sandbox.
``python tests/acceptance/errors_page.py`` writes the pages anew; ``TALLYFY_SANDBOX_PYTHON`` names the sandbox's Python.
"""

from __future__ import annotations

import inspect
import os
import re
import socket
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.tallyfy.platform.plugins.module_utils import _errors
from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.opening import open_client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    RefusedByServiceError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http import budget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS, connection_from
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import LOCK_SUBJECT
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import HeldError
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.documented import REPOSITORY_ROOT
from tests.acceptance.running import Modules
from tests.certificates import self_signed
from tests.people import ALICE, BOB, MARY

RST = REPOSITORY_ROOT / "docs" / "docsite" / "rst"
#: The page of each family of errors, with where its reader goes next.
PAGES: dict[str, tuple[type[TallyfyError], str]] = {
    "reference_errors": (TallyfyError, "reference_errors_answers"),
    "reference_errors_answers": (ApiError, "reference_errors_refusals"),
    "reference_errors_refusals": (RefusedByServiceError, "reference_sign_in"),
}
WIDTH = 120
HEAD = """\
..
  Copyright (c) 2026 the tallyfy.platform authors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  Made by tests/acceptance/errors_page.py from the docstrings of plugins/module_utils/_errors.py.

.. _ansible_collections.tallyfy.platform.docsite.{page}:
"""
#: What differs from one run to the next, and what stands for it on the page.
CHANGING = tuple(
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"https?://127\.0\.0\.1:\d+", "https://go.tallyfy.com"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-03-02T10:00:00Z"),
        (r"request sandbox-\d+", "request 8f14e45f"),
        (r"process \d+ of \S+ on \S+", "process 4711 of ansible on controller,"),
        (r"since [-\d]+ [:\d]+ UTC", "since 2026-03-02 10:00:00 UTC"),
        (r"by process \d+", "by process 4711"),
        (r"self.signed", "self-signed"),  # OpenSSL 1.1 has no hyphen
    )
)


class Scene:
    """A sandbox, modules that are signed in to it, and a folder."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.state_dir = folder / "state"
        self.modules = Modules(sandbox, self.state_dir)

    def client(self) -> Client:
        """Return the client of another task."""
        given = self.modules.options
        connection = connection_from({name: given.get(name, option[0]) for name, option in OPTIONS.items()})
        return open_client(connection, SecretKeeper(), lambda _text: None)

    def call(self, **arguments: Any) -> dict[str, Any]:
        return self.modules.run("tallyfy_api", **{"path": "/organizations/{org_id}", **arguments})


def _option(scene: Scene) -> None:
    scene.modules.use(client_secret=None)
    scene.call()


def _input(scene: Scene) -> None:
    people = [{"email": "jo.example.com"}, {"email": BOB, "role": "owner"}]
    scene.modules.run("tallyfy_roster", people=people)


def _refused(scene: Scene) -> None:
    scene.modules.run("tallyfy_user", email=ALICE, state="disabled")


def _not_stored(scene: Scene) -> None:
    scene.sandbox.switch(drop_fields=["job_title"])
    scene.modules.run("tallyfy_user", email=BOB, job_title="Lead")


def _busy(scene: Scene) -> None:
    scene.modules.use(max_wait=0)
    with scene.client().alone(LOCK_SUBJECT.format(scene.sandbox.org_id)):
        scene.modules.run("tallyfy_roster", people=[MARY])


def _state_dir(scene: Scene) -> None:
    scene.state_dir.mkdir(mode=0o755)
    scene.state_dir.chmod(0o755)
    scene.modules.run("tallyfy_group", name="Sales")


def _authorization(scene: Scene) -> None:
    scene.modules.run(
        "tallyfy_authorization",
        redirect_response="https://app.example.com/auth/callback?state=another&access_token=x",
        redirect_uri="https://app.example.com/auth/callback",
        expected_state="a-state-of-32-characters-at-least",
    )


def _roster(scene: Scene) -> None:
    body = {"message": "The given data was invalid.", "errors": {"phone": ["The phone format is invalid."]}}
    scene.sandbox.fault(method="PUT", status=422, body=body)
    scene.modules.run("tallyfy_roster", people=[{"email": BOB, "phone": "+1 555 0100"}, MARY])


def _drift(scene: Scene) -> None:
    scene.modules.run("tallyfy_roster_drift", people=[{"email": BOB, "job_title": "Lead"}, MARY], fail=True)


def _unreachable(scene: Scene) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        scene.modules.use(max_wait=0, token_url=f"http://127.0.0.1:{nobody.getsockname()[1]}/oauth/token")
        scene.call()


def _certificate(scene: Scene) -> None:
    with running_sandbox(tls=self_signed(scene.folder)) as trusted_by_nobody:
        scene.modules.use(token_url=trusted_by_nobody.token_url, max_wait=0)
        scene.call()


def _busy_request(scene: Scene) -> None:
    held = HeldError(scene.state_dir / "budget", budget.STATE_LOCK_SECONDS, f"process {os.getpid()}")
    with mock.patch.object(RequestBudget, "take", side_effect=held):
        scene.call()


def _lost_answer(scene: Scene) -> None:
    scene.sandbox.fault(method="POST", route="groups.create", cut="after")
    scene.call(method="POST", path="/organizations/{org_id}/groups", body={"name": "Sales"})


def _unreadable(scene: Scene) -> None:
    scene.sandbox.fault(method="GET", times=None, body="<html><title>Welcome</title></html>", content_type="text/html")
    scene.call()


def _redirected(scene: Scene) -> None:
    scene.sandbox.fault(method="GET", status=301, headers={"Location": "https://www.example.com/login"})
    scene.call()


def _refused_by_service(scene: Scene) -> None:
    scene.sandbox.fault(method="GET", status=402, body={"message": "The trial of this organization has ended."})
    scene.call()


def _unauthorized(scene: Scene) -> None:
    scene.modules.use(client_id=None, client_secret=None, access_token="revoked-token")
    scene.call()


def _forbidden(scene: Scene) -> None:
    scene.sandbox.reset(organizations=1)
    ids = [str(organization["id"]) for organization in scene.sandbox.state()["organizations"]]
    scene.modules.use(org_id=next(one for one in ids if one != scene.sandbox.org_id))
    scene.call()


def _not_found(scene: Scene) -> None:
    scene.call(path="/organizations/{org_id}/users/4711")


def _seat_pool(scene: Scene) -> None:
    scene.sandbox.switch(seat_limit_full=1)
    scene.modules.run("tallyfy_user", **MARY, role="standard")


def _invalid(scene: Scene) -> None:
    scene.call(method="POST", path="/organizations/{org_id}/groups", body={"name": ""})


def _rate_limit(scene: Scene) -> None:
    scene.sandbox.fault(method="GET", status=429, headers={"Retry-After": "3600"})
    scene.call()


def _paused(scene: Scene) -> None:
    scene.client()._transport._budget.pause(60)
    scene.call()


def _server(scene: Scene) -> None:
    scene.sandbox.fault(method="GET", status=500, times=None)
    scene.call()


def _sign_in(scene: Scene) -> None:
    scene.modules.use(client_secret="a-secret-of-yesterday")
    scene.call()


def _inconsistent(scene: Scene) -> None:
    scene.sandbox.fault(method="GET", route="groups.list", times=None, listing="total_off")
    scene.modules.run("tallyfy_group", name="Sales")


#: How each error is met. One that is raised by no scene is a base of others.
SCENES: dict[type[TallyfyError], Callable[[Scene], None]] = {
    _errors.OptionError: _option,
    _errors.InputError: _input,
    _errors.RefusedError: _refused,
    _errors.NotStoredError: _not_stored,
    _errors.BusyError: _busy,
    _errors.StateDirError: _state_dir,
    _errors.AuthorizationError: _authorization,
    _errors.RosterError: _roster,
    _errors.DriftError: _drift,
    _errors.UnreachableError: _unreachable,
    _errors.CertificateError: _certificate,
    _errors.BusyRequestError: _busy_request,
    _errors.LostAnswerError: _lost_answer,
    _errors.UnreadableAnswerError: _unreadable,
    _errors.RedirectedError: _redirected,
    _errors.RefusedByServiceError: _refused_by_service,
    _errors.UnauthorizedError: _unauthorized,
    _errors.ForbiddenError: _forbidden,
    _errors.NotFoundError: _not_found,
    _errors.SeatPoolError: _seat_pool,
    _errors.InvalidError: _invalid,
    _errors.RateLimitError: _rate_limit,
    _errors.PausedError: _paused,
    _errors.ServerError: _server,
    _errors.SignInError: _sign_in,
    _errors.InconsistentListError: _inconsistent,
}


def classes() -> list[type[TallyfyError]]:
    """Return every class of error that the collection has, wherever it stands, a base before those of it."""
    return [TallyfyError, *_below(TallyfyError)]


def _below(kind: type[TallyfyError]) -> list[type[TallyfyError]]:
    found = [one for child in kind.__subclasses__() for one in (child, *_below(child))]
    return list(dict.fromkeys(found))


def messages(sandbox: Sandbox) -> dict[type[TallyfyError], str]:
    """Return the message of each error, as the module shows it that meets the error."""
    with tempfile.TemporaryDirectory() as folder:
        return {kind: _message(kind, act, sandbox, Path(folder) / kind.__name__) for kind, act in SCENES.items()}


def _message(kind: type[TallyfyError], act: Callable[[Scene], None], sandbox: Sandbox, folder: Path) -> str:
    met: list[tuple[type[BaseException] | None, str]] = []
    failure = ModuleSpec.failure

    def noted(spec: ModuleSpec, message: str, facts: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
        # The module is handling the error.
        met.append((sys.exc_info()[0], message))
        return failure(spec, message, facts, check_mode=check_mode)

    folder.mkdir()
    sandbox.reset()
    scene = Scene(sandbox, folder)
    with mock.patch.object(ModuleSpec, "failure", noted):
        act(scene)
    assert [error for error, _message in met] == [kind], f"{kind.__name__} was to be met, not {met}"
    message = met[0][1].replace(str(scene.state_dir), "/home/ansible/.cache/tallyfy-platform")
    for pattern, shown in CHANGING:
        message = pattern.sub(shown, message)
    return message


def pages(message_of: Mapping[type[TallyfyError], str]) -> dict[Path, str]:
    """Return the text of each page."""
    families = [family for family, _next in PAGES.values()]
    found: dict[type[TallyfyError], list[str]] = {family: [] for family in families}
    # A class of two families may come before the one that is the title of its page.
    for kind in sorted(classes(), key=lambda kind: kind not in families):
        family = next(one for one in reversed(families) if issubclass(kind, one))
        found[family] += _entry(kind, message_of.get(kind, ""), is_page=kind is family)
    return {
        RST / f"{page}.rst": "\n".join([HEAD.format(page=page), *found[family], _next(following)])
        for page, (family, following) in PAGES.items()
    }


def _entry(kind: type[TallyfyError], message: str, *, is_page: bool) -> list[str]:
    title, *paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    title = title.rstrip(".")
    quoted = [f"  ``{message}``", ""] if message else []
    texts = [line for text in paragraphs for line in (*_wrapped(text.replace("Remedy:", "**Remedy:**")), "")]
    return [title, ("=" if is_page else "-") * len(title), "", *(texts + quoted if is_page else quoted + texts)]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def _next(page: str) -> str:
    return f"Next: :ref:`ansible_collections.tallyfy.platform.docsite.{page}`.\n"


if __name__ == "__main__":
    with running_sandbox() as running:
        made = pages(messages(running))
    for file, text in made.items():
        file.write_text(text, encoding="utf-8")
