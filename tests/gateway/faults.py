"""Everything that can go wrong with one answer.

Faults of one plan act together, in this order: they hold the answer back, change it,
and the first that wants to sends it its own way.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, override

from .exchange import Framing, Reply, Wire, head_of
from .pages import error_page

# Long enough for the client to have read what came before a reset (s).
_READ = 0.05


@dataclass(frozen=True)
class Fault:
    """A way to go wrong."""

    # The server does nothing for the request: the fault answers in its place.
    instead: ClassVar[bool] = False
    # No status line reaches the client: the log shows status 0.
    silent: ClassVar[bool] = False

    async def hold(self, over: asyncio.Event) -> None:
        """Wait before the headers, until over at the latest."""

    def change(self, reply: Reply) -> Reply:
        """Return the reply as it will be sent."""
        return reply

    async def send(self, _reply: Reply, _wire: Wire) -> bool:
        """Send the reply and return True, or leave that to others."""
        return False


@dataclass(frozen=True)
class Status(Fault):
    """Answers a status with a short page (or body), whoever asks."""

    instead: ClassVar[bool] = True

    code: int
    retry_after: int | None = None
    body: bytes | None = None
    content_type: str | None = "text/html"

    @override
    def change(self, reply: Reply) -> Reply:
        wait = self.retry_after
        return Reply(
            status=self.code,
            body=error_page(self.code) if self.body is None else self.body,
            content_type=self.content_type,
            headers=() if wait is None else (("Retry-After", str(wait)),),
        )


@dataclass(frozen=True)
class Redirect(Fault):
    """Sends the client elsewhere."""

    instead: ClassVar[bool] = True

    location: str
    code: int = 301

    @override
    def change(self, reply: Reply) -> Reply:
        location = (("Location", self.location),)
        return Reply(status=self.code, headers=location, content_type="text/html")


@dataclass(frozen=True)
class Body(Fault):
    """Answers 200 with any body; who would get 401 still does."""

    content: bytes
    content_type: str | None = None

    @override
    def change(self, reply: Reply) -> Reply:
        if reply.status == 401:
            return reply
        return replace(reply, status=200, body=self.content, content_type=self.content_type)


@dataclass(frozen=True)
class ContentType(Fault):
    """Gives the answer another Content-Type, or none."""

    value: str | None

    @override
    def change(self, reply: Reply) -> Reply:
        return replace(reply, content_type=self.value)


@dataclass(frozen=True)
class Chunked(Fault):
    """Sends the body in chunks."""

    @override
    def change(self, reply: Reply) -> Reply:
        return replace(reply, framing=Framing.CHUNKED)


@dataclass(frozen=True)
class NoContentLength(Fault):
    """Sends the body without its length; it ends with the connection."""

    @override
    def change(self, reply: Reply) -> Reply:
        return replace(reply, framing=Framing.UNTIL_CLOSE)


@dataclass(frozen=True)
class ConnectionClose(Fault):
    """Answers Connection: close and closes."""

    @override
    def change(self, reply: Reply) -> Reply:
        return replace(reply, close=True)


@dataclass(frozen=True)
class Delay(Fault):
    """Waits (s) before the headers."""

    seconds: float

    @override
    async def hold(self, over: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), self.seconds)


@dataclass(frozen=True)
class Stall(Fault):
    """Stops after some bytes of the body, and goes on when cleared."""

    after_bytes: int = 0

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        wire.write(head_of(reply) + reply.body[: self.after_bytes])
        await wire.over.wait()
        wire.write(reply.body[self.after_bytes :])
        wire.close()
        return True


@dataclass(frozen=True)
class Truncated(Fault):
    """Announces the whole length and closes after some bytes of the body."""

    after_bytes: int

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        wire.write(head_of(reply) + reply.body[: self.after_bytes])
        wire.close()
        return True


@dataclass(frozen=True)
class EarlyClose(Fault):
    """Closes the connection without a word."""

    silent: ClassVar[bool] = True

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        wire.close()
        return True


@dataclass(frozen=True)
class Garbage(Fault):
    """Answers something that is not HTTP."""

    silent: ClassVar[bool] = True

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        wire.write(b"\x00\xffEnvoy? 200 perhaps\r\n\r\n")
        wire.close()
        return True


@dataclass(frozen=True)
class Reset(Fault):
    """Resets the connection, before the headers or in the middle of the body."""

    before: bool = True

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        if not self.before:
            wire.write(head_of(reply) + reply.body[: len(reply.body) // 2])
            await asyncio.sleep(_READ)
        wire.reset()
        return True
