# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Measure the sandbox: requests a second over keep-alive connections, and the time of long lists.

Run from the repository root: ``python benchmarks/sandbox_throughput.py``. The exit status is 1 below the goals.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, os.fspath(Path(__file__).resolve().parent.parent))

from sandbox.testing import Sandbox, running_sandbox

GOAL_REQUESTS_PER_SECOND = 1000
GOAL_LIST_SECONDS = 1.0
LISTED_MEMBERS = 10_000


class Connection:
    """A keep-alive HTTP/1.1 connection that costs the measuring process as little as possible."""

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        parts = urlsplit(sandbox.url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = (
            f" HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n"
            "X-Tallyfy-Client: APIClient\r\nContent-Type: application/json\r\n"
        )

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=2**25)

    async def send(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Send one request and return the body of its answer; raises on a status of 400 or more."""
        self._writer.write(f"{method} {path}{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if int(head[9:12]) >= 400:
            raise RuntimeError(head.decode())
        start = head.index(b"content-length: ") + 16
        return await self._reader.readexactly(int(head[start : head.index(b"\r\n", start)]))

    def close(self) -> None:
        self._writer.close()


async def throughput(sandbox: Sandbox, token: str, path: str, *, seconds: float, connections: int) -> float:
    """Return the requests a second that the connections together get answered."""
    deadline = time.perf_counter() + seconds
    count = 0

    async def worker() -> None:
        nonlocal count
        connection = Connection(sandbox, token)
        await connection.open()
        while time.perf_counter() < deadline:
            await connection.send("GET", path)
            count += 1
        connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return count / (time.perf_counter() - started)


async def seconds_of(sandbox: Sandbox, token: str, path: str) -> tuple[float, int]:
    """Return how long one request takes, and how many bytes its answer has."""
    connection = Connection(sandbox, token)
    await connection.open()
    started = time.perf_counter()
    body = await connection.send("GET", path)
    elapsed = time.perf_counter() - started
    connection.close()
    return elapsed, len(body)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of load for each kind of request")
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    print(f"{'measured':<52}{'result':>16}")
    met = True
    with running_sandbox(members=LISTED_MEMBERS) as sandbox:
        base = f"/api/organizations/{sandbox.org_id}"
        token = sandbox.issue_token()
        for path in (f"{base}/users/1001", f"{base}/groups", f"{base}/users?q=john.smith%40example.com&per_page=100"):
            rate = asyncio.run(throughput(sandbox, token, path, seconds=chosen.seconds, connections=chosen.connections))
            shown = path.removeprefix(base)
            met &= "?q=" in path or rate >= GOAL_REQUESTS_PER_SECOND
            print(f"{'GET ' + shown:<52}{rate:>10.0f} req/s")
            sandbox.clear_ledger()
        for path in ("/users?per_page=9999", "/users?per_page=9999", "/users?per_page=1000&page=5"):
            elapsed, size = asyncio.run(seconds_of(sandbox, token, base + path))
            met &= elapsed < GOAL_LIST_SECONDS
            print(f"{f'GET {path} ({size / 1e6:.1f} MB)':<52}{elapsed * 1000:>13.0f} ms")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
