# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a client and a server: a proxy that keeps what it sees, and what speaks TLS before a server."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_HEAD = re.compile(rb"CONNECT ([^ :]+):[0-9]+ ")


class Proxy:
    """A proxy that knows its own names, and no others. ``seen`` is all that clients have sent, tunnels included."""

    def __init__(self, names: Mapping[str, int]) -> None:
        self._names = names
        self.url = ""
        self.seen = bytearray()

    def treat(self, client: socket.socket) -> None:
        """Treat one connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(65536)
            if not more:
                return
            head += more
        self.seen += head
        found = _HEAD.match(head)
        port = self._names.get(found[1].decode()) if found else None
        if port is None:
            client.sendall(b"HTTP/1.1 502 Unknown Host\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(client, server, self.seen.extend)


@contextmanager
def running_proxy(names: Mapping[str, int] | None = None) -> Iterator[Proxy]:
    """Run a proxy; ``names`` are hosts and the ports of this machine that they are."""
    proxy = Proxy(names or {})
    with _listening(proxy.treat) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy


@contextmanager
def speaking_tls(certificate: tuple[Path, Path], port: int) -> Iterator[int]:
    """Take TLS with a certificate in front of what listens at ``port`` of this machine; return the port of that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def treat(client: socket.socket) -> None:
        secured = context.wrap_socket(client, server_side=True)
        with secured, socket.create_connection(("127.0.0.1", port)) as server:
            _join(secured, server, lambda _sent: None)

    with _listening(treat) as front:
        yield front


@contextmanager
def _listening(treat: Callable[[socket.socket], None]) -> Iterator[int]:
    """Treat each connection in a thread of its own; what breaks off is for the client to tell."""

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            treat(client)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            # A thread that waits in accept() would keep the socket.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _join(client: socket.socket, server: socket.socket, heard: Callable[[bytes], None]) -> None:
    """Carry over what both send until the first of them ends."""

    def answers() -> None:
        with contextlib.suppress(OSError):
            while True:
                more = server.recv(65536)
                if not more:
                    break
                client.sendall(more)
            client.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=answers, daemon=True)
    back.start()
    with contextlib.suppress(OSError):
        while True:
            more = client.recv(65536)
            if not more:
                break
            heard(more)
            server.sendall(more)
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    back.join(5)
