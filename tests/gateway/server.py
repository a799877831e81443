"""What gateway and cloud share: a TLS listener, a request log, and faults."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
import time
from typing import Final

from aiohttp import web

from .certificates import Identity
from .exchange import Framing, Reply, Wire, head_of, leave_bare, response_of
from .faults import Fault
from .listener import HOME, Listener
from .plan import Plan, Step


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as the log keeps it; status 0: no status line was sent."""

    method: str
    path: str
    bearer: bool
    cookie: bool
    connection: int
    status: int


def wall_clock() -> float:
    """Return the time (s); looked up at each call, so that frozen time works."""
    return time.time()


class Server(ABC):
    """An HTTP server over TLS whose answers can be spoiled."""

    # How it signs its answers; None leaves aiohttp's.
    banner: str | None = None

    def __init__(self, identity: Identity) -> None:
        """Prepare; nothing listens before start."""
        self.clock: Callable[[], float] = wall_clock
        self.requests: Final[list[Request]] = []
        self._identity = identity
        self._plan = Plan()
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    @property
    def listener(self) -> Listener:
        """Return the port; raises RuntimeError before start."""
        if self._listener is None:
            raise RuntimeError("not started")
        return self._listener

    @property
    def port(self) -> int:
        """Return the TCP port."""
        return self.listener.port

    @property
    def host(self) -> str:
        """Return "127.0.0.1:<port>", or wherever else it listens."""
        return f"{self.listener.address}:{self.port}"

    async def start(self, port: int = 0, address: str = HOME) -> None:
        """Listen on the port, on any free one if it is 0."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        app.on_response_prepare.append(leave_bare)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        if (protocol := self._runner.server) is None:
            raise RuntimeError("aiohttp made no server")
        self._listener = Listener(protocol, self._identity.context())
        self._listener.address, self._listener.port = address, port
        self._listener.open()

    async def stop(self) -> None:
        """End every connection and task."""
        self.clear()
        if self._listener is not None:
            await self._listener.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    def answer(self, path: str, *faults: Fault, times: int | None = None) -> None:
        """Spoil the path's answers (all paths: "*"), so many times or until clear."""
        self._plan.add(path, faults, times)

    def clear(self) -> None:
        """End all faults; stalled answers go on."""
        self._plan.clear()

    @abstractmethod
    async def reply(self, request: web.Request) -> Reply:
        """Answer a request as the real thing does."""

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Answer through the faults of the path."""
        step = self._plan.take(request.path)
        instead = any(fault.instead for fault in step.faults)
        reply = Reply() if instead else await self.reply(request)
        for fault in step.faults:
            reply = fault.change(reply)
        if self.banner:
            signed = ("Server", self.banner)
            reply = replace(reply, headers=(signed, *reply.headers))
        silent = any(fault.silent for fault in step.faults)
        self._log(request, 0 if silent else reply.status)
        for fault in step.faults:
            await fault.hold(step.over)
        return await self._send(request, reply, step)

    async def _send(self, request: web.Request, reply: Reply, step: Step) -> web.StreamResponse:
        """Send by hand what is not regular; aiohttp drops what it returns then."""
        if request.transport is None:
            return web.Response()
        wire = Wire(transport=request.transport, over=step.over)
        for fault in step.faults:
            if await fault.send(reply, wire):
                return web.Response()
        if reply.framing is Framing.UNTIL_CLOSE:
            wire.write(head_of(reply) + reply.body)
            wire.close()
            return web.Response()
        return response_of(reply)

    def _log(self, request: web.Request, status: int) -> None:
        peer = request.get_extra_info("peername")
        self.requests.append(
            Request(
                method=request.method,
                path=request.path,
                bearer="Authorization" in request.headers,
                cookie="Cookie" in request.headers,
                connection=self.listener.number((peer[0], peer[1])),
                status=status,
            )
        )
