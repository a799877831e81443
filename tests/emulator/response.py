"""Responses, and the ways to send them: by aiohttp, or directly to the connection."""

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
import socket
import struct
from typing import Final

from aiohttp import web

# SO_LINGER enabled with a timeout of 0 s: closing the socket sends RST instead of FIN.
_LINGER_ZERO: Final = struct.pack("ii", 1, 0)


class Framing(Enum):
    """How a response marks the end of its body."""

    CONTENT_LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response. If content_type is None, it has no Content-Type header."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    framing: Framing = Framing.CONTENT_LENGTH
    close: bool = False


class _WithoutContentType(web.Response):
    """A response that is sent without the default Content-Type header of aiohttp."""


async def remove_default_content_type(_: web.Request, response: web.StreamResponse) -> None:
    """Remove the Content-Type header that aiohttp adds (on_response_prepare signal)."""
    if isinstance(response, _WithoutContentType):
        response.headers.popall("Content-Type", None)


def to_aiohttp(response: Response) -> web.Response:
    """Return the response as an aiohttp response."""
    response_class = web.Response if response.content_type else _WithoutContentType
    result = response_class(status=response.status, body=response.body)
    for name, value in _headers(response):
        result.headers.add(name, value)
    if response.framing is Framing.CHUNKED:
        result.enable_chunked_encoding()
    if response.close:
        result.force_close()
    return result


def encode_head(response: Response) -> bytes:
    """Return the status line and the headers of a response that is written directly to the connection."""
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in _headers(response)]
    if response.framing is Framing.CONTENT_LENGTH:
        lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def _headers(response: Response) -> list[tuple[str, str]]:
    content_type = response.content_type
    return [*response.headers, *([("Content-Type", content_type)] if content_type else [])]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The connection of one request, for faults that send invalid HTTP."""

    transport: asyncio.Transport
    cleared: asyncio.Event
    """Set when the faults of the request are cleared or the server stops."""

    def write(self, chunk: bytes) -> None:
        """Send bytes unchanged."""
        self.transport.write(chunk)

    def close(self) -> None:
        """Close the connection once everything has been sent."""
        self.transport.close()

    def reset(self) -> None:
        """Reset the connection (RST)."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()
