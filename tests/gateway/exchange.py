"""One answer on its way to the client: as aiohttp sends it, or byte by byte."""

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
import socket
import struct
from typing import Final

from aiohttp import web

# SO_LINGER on, 0 s: closing the socket sends RST instead of FIN.
_LINGER_NOTHING: Final = struct.pack("ii", 1, 0)


class Framing(Enum):
    """How the client learns where the body ends."""

    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A status, a body, and how they are sent; no content type means no such header."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    framing: Framing = Framing.LENGTH
    close: bool = False


class _Bare(web.Response):
    """A response without the Content-Type that aiohttp adds."""


async def leave_bare(_: web.Request, response: web.StreamResponse) -> None:
    """Take the default Content-Type out again (an on_response_prepare signal)."""
    if isinstance(response, _Bare):
        response.headers.popall("Content-Type", None)


def response_of(reply: Reply) -> web.Response:
    """Return the reply as aiohttp sends it."""
    response = (web.Response if reply.content_type else _Bare)(status=reply.status, body=reply.body)
    for name, value in _headers(reply):
        response.headers.add(name, value)
    if reply.framing is Framing.CHUNKED:
        response.enable_chunked_encoding()
    if reply.close:
        response.force_close()
    return response


def head_of(reply: Reply) -> bytes:
    """Return the status line and headers of a reply that is sent by hand."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in _headers(reply)]
    if reply.framing is Framing.LENGTH:
        lines.append(f"Content-Length: {len(reply.body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def _headers(reply: Reply) -> list[tuple[str, str]]:
    kind = reply.content_type
    return [*reply.headers, *([("Content-Type", kind)] if kind else [])]


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The connection below one exchange, for answers no HTTP server would give."""

    transport: asyncio.Transport
    over: asyncio.Event  # set when the fault is cleared or the server stops

    def write(self, chunk: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(chunk)

    def close(self) -> None:
        """Close the connection, after what has been written."""
        self.transport.close()

    def reset(self) -> None:
        """Drop the connection with RST."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOTHING)
        self.transport.abort()
