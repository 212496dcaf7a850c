# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The command line and the server behind ``python -m sandbox``."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import TRANSPORT, build
from .control import reset
from .first_steps import first_steps
from .state import Options, World
from .switches import SwitchError, Switches

BACKLOG = 2048
# Thousands of records are planted at once, and looking through them for garbage costs as much as making them.
COLLECT_AFTER = 100_000
PARENT_POLL_SECONDS = 0.5


class Protocol(HttpToolsProtocol):
    """Leaves the connection in the scope: faults cut it, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions


class Server(uvicorn.Server):
    """Announces its address once it listens."""

    def __init__(self, config: uvicorn.Config, url: str, ready_file: Path | None, greeting: str) -> None:
        super().__init__(config)
        self._url = url
        self._ready_file = ready_file
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._ready_file is not None:
            partial = self._ready_file.with_name(f"{self._ready_file.name}.{os.getpid()}")
            partial.write_text(self._url + "\n", encoding="utf-8")
            partial.replace(self._ready_file)
        print(f"sandbox listening on {self._url}\n\n{self._greeting}", end="", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    switches = []
    for pair in chosen.switch:
        name, equals, value = pair.partition("=")
        try:
            Switches().set(name, value if equals else "true")
        except SwitchError as error:
            parser.error(str(error))
        switches.append((name, value if equals else "true"))
    options = Options(chosen.members, chosen.organizations, chosen.latency, tuple(switches))
    world = World(options)
    reset(world, options, {})
    listener = _listen(chosen.host, chosen.port)
    scheme = "https" if chosen.tls else "http"
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    url = f"{scheme}://{host}:{listener.getsockname()[1]}"
    tls: dict[str, Any] = {"ssl_certfile": chosen.tls[0], "ssl_keyfile": chosen.tls[1]} if chosen.tls else {}
    config = uvicorn.Config(
        build(world),
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
        **tls,
    )
    organization = next(iter(world.organizations.values()))
    greeting = first_steps(url, organization, ca_file=chosen.tls[0] if chosen.tls else None)
    server = Server(config, url, chosen.ready_file, greeting)
    if chosen.exit_with_parent:
        threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()

    def stop(number: int, frame: object) -> None:
        server.should_exit = True

    # uvicorn hands a signal on to these once it has shut down; without them the exit status would tell of a crash.
    for desired in (signal.SIGINT, signal.SIGTERM):
        signal.signal(desired, stop)
    gc.set_threshold(COLLECT_AFTER)
    server.run(sockets=[listener])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A stateful stand-in for the Tallyfy API. Without options, it prints the variables to use it by.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--members", type=int, default=0, help="generated members besides the seeded people")
    parser.add_argument("--organizations", type=int, default=0, help="further organizations, each with its own client")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="delay of every API answer")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see README.md")
    parser.add_argument("--ready-file", type=Path, help="receives the URL once the sandbox listens")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="serve HTTPS with these PEM files")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process is gone")
    return parser


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _watch_parent(parent: int) -> None:
    """Stop when this process was handed to another parent: nobody is left to stop it."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
