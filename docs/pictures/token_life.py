# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a token: what tasks ask of the service, as the sandbox saw it."""

from __future__ import annotations

import re
from typing import Any

from .canvas import Canvas
from .scenes import Scenes

TASK = "tallyfy_organization_info"


def draw(scenes: Scenes) -> str:
    sandbox = scenes.sandbox
    modules = scenes.modules("token_life")
    canvas = Canvas("The life of a token", "What each task asks of Tallyfy, from top to bottom.")

    def show(head: str, line: str, kind: str, note: str, result: dict[str, Any]) -> None:
        mono = [_request(entry) for entry in sandbox.ledger()]
        signs_in = any("/oauth/token" in request for request in mono)
        expected = {"sign-in": signs_in, "no sign-in": bool(mono) and not signs_in, "no request": not mono}
        if not expected.get(note, True) or (note == "fails") != bool(result.get("failed")):
            raise RuntimeError(f"{head}: {note} is not what happens: {mono}, {result.get('msg')}")
        canvas.box(head, [line], kind=kind, note=note, mono=mono)
        sandbox.clear_ledger()

    show("First task", "No token yet. The new one is kept encrypted.", "info", "sign-in", modules.run(TASK))
    canvas.arrow()
    show("All that follow", "Other tasks, plays and forks use it.", "good", "no sign-in", modules.run(TASK))
    canvas.arrow()
    lifetime = int(sandbox.switches()["expires_in_application"])
    modules.let_pass(lifetime * 0.91)
    sandbox.clear_ledger()
    show("In the last tenth of its life", "It is renewed before it expires.", "info", "sign-in", modules.run(TASK))
    canvas.arrow()
    sandbox.revoke_tokens()
    show("Revoked in between", "One answer 401 is survived: sign in, repeat.", "wait", "sign-in", modules.run(TASK))
    canvas.arrow()
    fault = {"route": "organization.get", "status": 401, "times": None}
    sandbox.fault(**fault)
    show("Refused again", "A second 401 fails the task and says why.", "bad", "fails", modules.run(TASK))
    sandbox.clear_faults()
    canvas.arrow()
    absent = modules.run("tallyfy_token", state="absent")
    show("tallyfy_token with state: absent", "It is forgotten here.", "plain", "no request", absent)
    return canvas.svg()


def _request(entry: dict[str, Any]) -> str:
    path = re.sub(r"[0-9a-f]{32}", "…", entry["path"])
    return f"{entry['method']:<4} {path} → {entry['status']}"
