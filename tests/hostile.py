# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that wants to hold its clients up, to fill their memory, or to write on their terminals.

The first segment of an address says how it answers; see ``ANSWERS`` for the kinds.

    with running_hostile() as hostile:
        hostile.url("drip-body")            # every request below this address gets a body that comes byte by byte
        hostile.url("429-flood")            # the same with a body without end and another status than 200
        hostile.url("flood", to="PUT")      # PUTs only; every other request gets an ordinary answer
        hostile.behind = sandbox.url        # that ordinary answer is the sandbox's, which carries hostile ones out, too
        hostile.requests                    # what arrived: "PUT /flood.PUT/api/organizations/..."
        hostile.sent                        # how many bytes of answers went out
        hostile.connect = "drip-headers"    # how CONNECT is answered, where it is somebody's proxy

Nothing of it waits for longer than ``DRIP_SECONDS``, and all of it ends with the client's connection.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

#: Between two bytes of a drip: no single read of them is late.
DRIP_SECONDS = 0.05
BLOCK = b"x" * 65536
#: What a small bomb becomes.
BOMB_BYTES = 1 << 28
#: Clears a screen, forges a line, turns the direction around, and ends an HTML element.
ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m\u202eevil\u2028ok: [localhost]</td><script>alert(1)</script>"
#: What can stand in a header: no line breaks, and nothing beyond Latin-1.
HEADER_ESCAPES = "\x1b[2J\x1b]0;title\x07\x08\x9b31m\x0bok: [localhost]"
USER, PASSWORD = "hostile-user", "hostile-pass/word"


class Request(NamedTuple):
    """What arrived: ``kind`` and ``status`` are how it is to be answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    kind: str = "ordinary"
    status: int = 200


class Line:
    """One connection, as the answers use it."""

    def __init__(self, server: HostileServer, connection: socket.socket) -> None:
        self._server = server
        self._connection = connection

    def send(self, text: bytes) -> None:
        if self._server.is_closing:
            raise ConnectionAbortedError
        self._connection.sendall(text)
        self._server.count(len(text))

    def drip(self, text: bytes) -> None:
        for position in range(len(text)):
            self.send(text[position : position + 1])
            time.sleep(DRIP_SECONDS)

    def repeat(self, text: bytes) -> None:
        """Send it until the client has had enough."""
        while True:
            self.send(text)

    def drip_on(self, text: bytes) -> None:
        while True:
            self.drip(text)


Answer = Callable[[Line, Request], None]
#: The kinds of answers, by name.
ANSWERS: dict[str, Answer] = {}


def answer(name: str) -> Callable[[Answer], Answer]:
    def add(function: Answer) -> Answer:
        ANSWERS[name] = function
        return function

    return add


def head(status: int, **headers: object) -> bytes:
    """Return the first part of an answer; ``_`` in a name stands for ``-``."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Text"
    lines = [f"HTTP/1.1 {status} {phrase}"]
    headers = {"Content_Type": "application/json", "Connection": "close", **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def whole(status: int, body: bytes, **headers: object) -> bytes:
    return head(status, Content_Length=len(body), **headers) + body


def squeezed(size: int, window: int = 31) -> bytes:
    """Return so many blanks, compressed to a thousandth. 31 makes gzip, 15 zlib, -15 bare deflate.

    The end is left out: a decoder misses nothing before it has made all of it.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    block = b" " * (1 << 20)
    begin = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush, the same block is packed in the same way each time.
    return begin + (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)) * ((size >> 20) - 1)


def gzipped(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


@answer("ordinary")
def _ordinary(line: Line, request: Request) -> None:
    token = {"access_token": "hostile-token", "token_type": "Bearer", "expires_in": 3600}
    body = token if "token" in request.path else {"data": {"id": "1", "name": "one"}}
    line.send(whole(request.status, json.dumps(body).encode()))


@answer("silence")
def _silence(line: Line, request: Request) -> None:
    while True:
        time.sleep(DRIP_SECONDS)
        line.send(b"")


# --- too slow ---------------------------------------------------------------------------------------------------------


@answer("drip-status")
def _drip_status(line: Line, request: Request) -> None:
    line.drip(f"HTTP/1.1 {request.status} ".encode())
    line.drip_on(b"O")


@answer("drip-headers")
def _drip_headers(line: Line, request: Request) -> None:
    line.send(f"HTTP/1.1 {request.status} OK\r\n".encode())
    line.drip_on(b"X: y\r\n")


@answer("drip-body")
def _drip_body(line: Line, request: Request) -> None:
    line.send(head(request.status, Content_Length=1 << 30))
    line.drip_on(b" ")


@answer("drip-endless-body")
def _drip_endless_body(line: Line, request: Request) -> None:
    line.send(head(request.status))
    line.drip_on(b" ")


@answer("drip-chunks")
def _drip_chunks(line: Line, request: Request) -> None:
    line.send(head(request.status, Transfer_Encoding="chunked"))
    line.drip_on(b"1\r\n \r\n")


@answer("drip-chunk-size")
def _drip_chunk_size(line: Line, request: Request) -> None:
    line.send(head(request.status, Transfer_Encoding="chunked"))
    line.drip_on(b"0")


@answer("drip-gzip")
def _drip_gzip(line: Line, request: Request) -> None:
    """Every byte of it is one that makes a decoder wait for the next."""
    line.send(head(request.status, Content_Encoding="gzip", Content_Length=1 << 30))
    line.drip_on(gzipped(b" " * (1 << 20)))


@answer("endless-100")
def _endless_100(line: Line, request: Request) -> None:
    line.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")


@answer("drip-100")
def _drip_100(line: Line, request: Request) -> None:
    while True:
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(DRIP_SECONDS)


# --- too much ---------------------------------------------------------------------------------------------------------


@answer("flood")
def _flood(line: Line, request: Request) -> None:
    line.send(head(request.status))
    line.repeat(BLOCK)


@answer("flood-json")
def _flood_json(line: Line, request: Request) -> None:
    line.send(head(request.status) + b'{"data": [')
    line.repeat(b'{"id": 1, "name": "one"}, ' * 2000)


@answer("flood-length")
def _flood_length(line: Line, request: Request) -> None:
    line.send(head(request.status, Content_Length=10**12))
    line.repeat(BLOCK)


@answer("flood-chunked")
def _flood_chunked(line: Line, request: Request) -> None:
    line.send(head(request.status, Transfer_Encoding="chunked"))
    line.repeat(b"10000\r\n" + BLOCK + b"\r\n")


@answer("flood-one-chunk")
def _flood_one_chunk(line: Line, request: Request) -> None:
    line.send(head(request.status, Transfer_Encoding="chunked") + b"FFFFFFFFFFFF\r\n")
    line.repeat(BLOCK)


@answer("flood-trailers")
def _flood_trailers(line: Line, request: Request) -> None:
    line.send(head(request.status, Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\n")
    line.repeat(b"X-Trailer: y\r\n" * 1000)


@answer("gzip-bomb")
def _gzip_bomb(line: Line, request: Request) -> None:
    line.send(whole(request.status, squeezed(BOMB_BYTES), Content_Encoding="gzip"))


@answer("gzip-bomb-chunked")
def _gzip_bomb_chunked(line: Line, request: Request) -> None:
    bomb = squeezed(BOMB_BYTES)
    line.send(head(request.status, Content_Encoding="gzip", Transfer_Encoding="chunked"))
    line.send(f"{len(bomb):x}\r\n".encode() + bomb + b"\r\n0\r\n\r\n")


@answer("gzip-bomb-of-many")
def _gzip_bomb_of_many(line: Line, request: Request) -> None:
    """Many members, one after the other, each of them small."""
    line.send(whole(request.status, gzipped(b" " * (1 << 20)) * (BOMB_BYTES >> 20), Content_Encoding="gzip"))


@answer("gzip-bomb-stacked")
def _gzip_bomb_stacked(line: Line, request: Request) -> None:
    line.send(whole(request.status, gzipped(squeezed(BOMB_BYTES)), Content_Encoding="gzip, gzip"))


@answer("zlib-bomb")
def _zlib_bomb(line: Line, request: Request) -> None:
    line.send(whole(request.status, squeezed(BOMB_BYTES, 15), Content_Encoding="deflate"))


@answer("deflate-bomb")
def _deflate_bomb(line: Line, request: Request) -> None:
    line.send(whole(request.status, squeezed(BOMB_BYTES, -15), Content_Encoding="deflate"))


# --- too deep, too long -----------------------------------------------------------------------------------------------


def _nested(depth: int) -> Answer:
    def send(line: Line, request: Request) -> None:
        line.send(whole(request.status, b'{"data": ' + b"[" * depth + b"]" * depth + b"}"))

    return send


def _nested_objects(depth: int) -> Answer:
    def send(line: Line, request: Request) -> None:
        line.send(whole(request.status, b'{"data": ' + b'{"a": ' * depth + b"1" + b"}" * depth + b"}"))

    return send


for levels in (90, 110, 500, 5000, 100_000):
    ANSWERS[f"depth-{levels}"] = _nested(levels)
    ANSWERS[f"depth-{levels}-objects"] = _nested_objects(levels)


@answer("depth-unclosed")
def _depth_unclosed(line: Line, request: Request) -> None:
    line.send(whole(request.status, b"[" * 1_000_000))


@answer("huge-number")
def _huge_number(line: Line, request: Request) -> None:
    line.send(whole(request.status, b'{"data": {"id": ' + b"9" * 1_000_000 + b"}}"))


@answer("huge-fraction")
def _huge_fraction(line: Line, request: Request) -> None:
    line.send(whole(request.status, b'{"data": {"id": 1, "share": 0.' + b"9" * 1_000_000 + b"}}"))


@answer("infinity")
def _infinity(line: Line, request: Request) -> None:
    line.send(whole(request.status, b'{"data": {"id": 1, "share": 1e999999, "other": NaN, "last": -Infinity}}'))


# --- headers ----------------------------------------------------------------------------------------------------------


@answer("header-escapes")
def _header_escapes(line: Line, request: Request) -> None:
    """No JSON, so that the content type is told; with a status of refusal the request id is."""
    headers = {"X_Request_Id": HEADER_ESCAPES, "Content_Type": f"text/{HEADER_ESCAPES}"}
    line.send(whole(request.status, b"<p>" + ESCAPES.encode(), **headers))


@answer("text-escapes")
def _text_escapes(line: Line, request: Request) -> None:
    """What a refusal says about itself, and a record that was not asked for it."""
    body = {"error": True, "message": ESCAPES, "code": ESCAPES, "errors": {ESCAPES: [ESCAPES]}}
    reported = {**body, "data": {"id": "1", "name": ESCAPES}}
    line.send(whole(request.status, json.dumps(reported).encode(), X_Request_Id=HEADER_ESCAPES))


@answer("redirect-escapes")
def _redirect_escapes(line: Line, request: Request) -> None:
    line.send(whole(302, b"", Location=f"https://elsewhere.example.com/{HEADER_ESCAPES}"))


@answer("redirect-user")
def _redirect_user(line: Line, request: Request) -> None:
    line.send(whole(302, b"", Location=f"https://{USER}:{PASSWORD}@elsewhere.example.com/there?code=secret#token"))


@answer("redirect-loop")
def _redirect_loop(line: Line, request: Request) -> None:
    line.send(whole(302, b"", Location=request.path))


@answer("redirect-flood")
def _redirect_flood(line: Line, request: Request) -> None:
    line.send(head(302, Location="https://elsewhere.example.com/"))
    line.repeat(BLOCK)


@answer("many-headers")
def _many_headers(line: Line, request: Request) -> None:
    line.send(whole(request.status, b'{"data": {}}', **{f"X_{number}": number for number in range(5000)}))


@answer("endless-headers")
def _endless_headers(line: Line, request: Request) -> None:
    line.send(f"HTTP/1.1 {request.status} OK\r\n".encode())
    line.repeat(b"X: y\r\n" * 1000)


@answer("long-header")
def _long_header(line: Line, request: Request) -> None:
    line.send(f"HTTP/1.1 {request.status} OK\r\nX: ".encode())
    line.repeat(BLOCK)


@answer("long-status")
def _long_status(line: Line, request: Request) -> None:
    line.send(f"HTTP/1.1 {request.status} ".encode())
    line.repeat(BLOCK)


@answer("no-http")
def _no_http(line: Line, request: Request) -> None:
    line.send(f"SSH-2.0-{ESCAPES}\r\n".encode())


# --- lies -------------------------------------------------------------------------------------------------------------


@answer("length-too-long")
def _length_too_long(line: Line, request: Request) -> None:
    line.send(head(request.status, Content_Length=1000) + b'{"data": {}}')


@answer("length-too-short")
def _length_too_short(line: Line, request: Request) -> None:
    """What is left over looks like the answer to the next request."""
    forged = whole(200, b'{"data": {"id": "forged"}}', Connection="keep-alive")
    line.send(whole(request.status, b'{"data": {}}', Connection="keep-alive") + forged)


@answer("length-negative")
def _length_negative(line: Line, request: Request) -> None:
    line.send(head(request.status, Content_Length=-1) + b'{"data": {}}')


@answer("length-word")
def _length_word(line: Line, request: Request) -> None:
    line.send(head(request.status, Content_Length="many") + b'{"data": {}}')


@answer("lengths-differ")
def _lengths_differ(line: Line, request: Request) -> None:
    line.send(head(request.status, Content_Length="5, 12") + b'{"data": {}}')


@answer("chunk-size-word")
def _chunk_size_word(line: Line, request: Request) -> None:
    line.send(head(request.status, Transfer_Encoding="chunked") + b"many\r\n{}\r\n0\r\n\r\n")


@answer("no-gzip")
def _no_gzip(line: Line, request: Request) -> None:
    line.send(whole(request.status, b'{"data": {}}', Content_Encoding="gzip"))


@answer("half-gzip")
def _half_gzip(line: Line, request: Request) -> None:
    line.send(whole(request.status, gzipped(b" " * (1 << 20))[:-20], Content_Encoding="gzip"))


for encoding in ("br", "zstd", "compress", "identity", "x-gzip"):

    def _encoded(line: Line, request: Request, encoding: str = encoding) -> None:
        line.send(whole(request.status, b'{"data": {}}', Content_Encoding=encoding))

    ANSWERS[f"encoding-{encoding}"] = _encoded


# --- the server -------------------------------------------------------------------------------------------------------

_FIRST_SEGMENT = re.compile(r"/(?:(?P<status>\d{3})-)?(?P<kind>[^/.?]+)(?:\.(?P<method>[A-Z]+))?(?P<rest>[/?].*|$)")


class HostileServer:
    """Answers as the first segment of an address says; one thread for each connection."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None) -> None:
        self.behind: str | None = None
        self.connect = "ordinary"
        self.requests: list[str] = []
        self.sent = 0
        self.is_closing = False
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.origin = f"{'https' if certificate else 'http'}://127.0.0.1:{self._socket.getsockname()[1]}"
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def url(self, kind: str, to: str = "") -> str:
        """Return the address below which requests (of the method ``to``) are answered in this way."""
        found = _FIRST_SEGMENT.fullmatch(f"/{kind}")
        if found is None or found["kind"] not in ANSWERS:
            raise ValueError(f"no kind of answer: {kind}")
        return f"{self.origin}/{kind}" + (f".{to}" if to else "")

    def count(self, sent: int) -> None:
        with self._lock:
            self.sent += sent

    def close(self) -> None:
        self.is_closing = True
        with contextlib.suppress(OSError):
            socket.create_connection(self._socket.getsockname()).close()
        self._listener.join(5)
        self._socket.close()
        with self._lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        while True:
            connection, _address = self._socket.accept()
            if self.is_closing:
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            with contextlib.suppress(OSError, ssl.SSLError):
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
                with contextlib.closing(connection):
                    self._answer(Line(self, connection), connection)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _answer(self, line: Line, connection: socket.socket) -> None:
        """Answer one request after the other, until a side closes the connection."""
        stream = connection.makefile("rb")
        while True:
            request = self._read(stream)
            if request is None:
                return
            if request.kind == "ordinary" and self.behind is not None:
                line.send(self._passed_on(request))
            else:
                if self.behind is not None and request.method != "CONNECT":
                    self._passed_on(request)
                ANSWERS[request.kind](line, request)
                if request.kind != "length-too-short":
                    return

    def _read(self, stream: Any) -> Request | None:
        words = stream.readline().decode("latin-1").split()
        if len(words) != 3:
            return None
        method, path = words[:2]
        headers: dict[str, str] = {}
        while True:
            name, colon, value = stream.readline().decode("latin-1").partition(":")
            if not colon:
                break
            headers[name.strip().lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        with self._lock:
            self.requests.append(f"{method} {path}")
        if method == "CONNECT":
            return Request(method, path, headers, body, self.connect)
        target = urlsplit(path)
        found = _FIRST_SEGMENT.fullmatch(target.path + (f"?{target.query}" if target.query else ""))
        if found is None or found["kind"] not in ANSWERS:
            return Request(method, path, headers, body)
        is_meant = found["method"] in {None, method}
        status = int(found["status"] or 200) if is_meant else 200
        return Request(method, found["rest"] or "/", headers, body, found["kind"] if is_meant else "ordinary", status)

    def _passed_on(self, request: Request) -> bytes:
        """Let the service behind carry it out, and return its answer in one piece."""
        behind = http.client.HTTPConnection(urlsplit(self.behind or "").netloc, timeout=30)
        with contextlib.closing(behind):
            kept = {name: value for name, value in request.headers.items() if name not in {"host", "accept-encoding"}}
            behind.request(request.method, request.path, request.body, kept)
            response = behind.getresponse()
            body = response.read()
            shown = [(name, value) for name, value in response.getheaders() if name.lower() in _PASSED_ON]
        lines = [f"HTTP/1.1 {response.status} {response.reason}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in shown]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


_PASSED_ON = {"content-type", "date", "retry-after", "x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining"}


@contextmanager
def running_hostile(certificate: Path | None = None, key: Path | None = None) -> Iterator[HostileServer]:
    """Run the server; with the files of a certificate and its key it speaks TLS."""
    server = HostileServer(certificate, key)
    try:
        yield server
    finally:
        server.close()
