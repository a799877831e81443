"""The faults of responses.

The faults of one request act together: first each may delay the response, then each may modify it, and the first one
that can sends it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Final, override

from .pages import error_page
from .response import Connection, Framing, Response, encode_head

READ_TIME: Final = 0.05
"""Long enough for the client to read what was sent before a reset, in seconds."""


@dataclass(frozen=True)
class Fault:
    """Base class of all faults. Without overrides, it changes nothing."""

    replaces_response: ClassVar[bool] = False
    """The server doesn't process the request: the fault makes the whole response."""
    has_no_status: ClassVar[bool] = False
    """The client receives no status line: the request log has status 0."""

    async def before_response(self, cleared: asyncio.Event) -> None:
        """Do something before the headers are sent. The event is set when the fault is cleared."""

    def modify(self, response: Response) -> Response:
        """Return the response to send."""
        return response

    async def send(self, _response: Response, _connection: Connection) -> bool:
        """Send the response and return True, or return False so that it is sent normally."""
        return False


@dataclass(frozen=True)
class Status(Fault):
    """Respond to every request with a status, and with a short page or the given body."""

    replaces_response: ClassVar[bool] = True

    code: int
    retry_after: int | None = None
    body: bytes | None = None
    content_type: str | None = "text/html"

    @override
    def modify(self, response: Response) -> Response:
        retry_after = self.retry_after
        return Response(
            status=self.code,
            body=error_page(self.code) if self.body is None else self.body,
            content_type=self.content_type,
            headers=() if retry_after is None else (("Retry-After", str(retry_after)),),
        )


@dataclass(frozen=True)
class Redirect(Fault):
    """Redirect the client to a different location."""

    replaces_response: ClassVar[bool] = True

    location: str
    code: int = 301

    @override
    def modify(self, response: Response) -> Response:
        location = (("Location", self.location),)
        return Response(status=self.code, headers=location, content_type="text/html")


@dataclass(frozen=True)
class Body(Fault):
    """Respond with status 200 and the given body. A response with status 401 is left unchanged."""

    content: bytes
    content_type: str | None = None

    @override
    def modify(self, response: Response) -> Response:
        if response.status == 401:
            return response
        return replace(response, status=200, body=self.content, content_type=self.content_type)


@dataclass(frozen=True)
class ContentType(Fault):
    """Send a different Content-Type header, or none."""

    value: str | None

    @override
    def modify(self, response: Response) -> Response:
        return replace(response, content_type=self.value)


@dataclass(frozen=True)
class Chunked(Fault):
    """Send the body with chunked transfer encoding."""

    @override
    def modify(self, response: Response) -> Response:
        return replace(response, framing=Framing.CHUNKED)


@dataclass(frozen=True)
class NoContentLength(Fault):
    """Send no Content-Length header: the end of the connection is the end of the body."""

    @override
    def modify(self, response: Response) -> Response:
        return replace(response, framing=Framing.UNTIL_CLOSE)


@dataclass(frozen=True)
class ConnectionClose(Fault):
    """Send the header Connection: close, and close the connection."""

    @override
    def modify(self, response: Response) -> Response:
        return replace(response, close=True)


@dataclass(frozen=True)
class Delay(Fault):
    """Wait for a number of seconds before sending the headers."""

    seconds: float

    @override
    async def before_response(self, cleared: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), self.seconds)


@dataclass(frozen=True)
class Stall(Fault):
    """Stop after some bytes of the body, and send the rest when the fault is cleared."""

    after_bytes: int = 0

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        connection.write(encode_head(response) + response.body[: self.after_bytes])
        await connection.cleared.wait()
        connection.write(response.body[self.after_bytes :])
        connection.close()
        return True


@dataclass(frozen=True)
class Truncated(Fault):
    """Send the Content-Length of the whole body, but close the connection after some bytes of it."""

    after_bytes: int

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        connection.write(encode_head(response) + response.body[: self.after_bytes])
        connection.close()
        return True


@dataclass(frozen=True)
class EarlyClose(Fault):
    """Close the connection without a response."""

    has_no_status: ClassVar[bool] = True

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        connection.close()
        return True


@dataclass(frozen=True)
class Garbage(Fault):
    """Send bytes that are not HTTP."""

    has_no_status: ClassVar[bool] = True

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        connection.write(b"\x00\xffEnvoy? 200 perhaps\r\n\r\n")
        connection.close()
        return True


@dataclass(frozen=True)
class Reset(Fault):
    """Reset the connection, before the headers or in the middle of the body."""

    before: bool = True

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        if not self.before:
            connection.write(encode_head(response) + response.body[: len(response.body) // 2])
            await asyncio.sleep(READ_TIME)
        connection.reset()
        return True
