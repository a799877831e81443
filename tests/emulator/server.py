"""Base class of gateway and cloud: an HTTPS server with a request log and faults."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
import time
from typing import Final

from aiohttp import web

from .certificates import Certificate
from .faults import Fault
from .listener import DEFAULT_ADDRESS, Listener
from .response import (
    Connection,
    Framing,
    Response,
    encode_head,
    remove_default_content_type,
    to_aiohttp,
)
from .schedule import FaultSchedule, ScheduledFaults


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """An entry of the request log. Status 0: the client received no status line."""

    method: str
    path: str
    bearer: bool
    """The request had an Authorization header."""
    cookie: bool
    """The request had a Cookie header."""
    connection: int
    """The number of the connection, starting at 1."""
    status: int


def current_time() -> float:
    """Return the time (s). time.time is looked up at each call, because tests replace it to freeze the time."""
    return time.time()


class Server(ABC):
    """An HTTPS server with a request log and scheduled faults."""

    server_header: str | None = None
    """The value of the Server header. If None, aiohttp's own."""

    def __init__(self, certificate: Certificate) -> None:
        """Initialize without listening."""
        self.clock: Callable[[], float] = current_time
        self.requests: Final[list[LoggedRequest]] = []
        self.most_in_flight = 0
        """The largest number of requests that were being processed at the same time."""
        self._in_flight = 0
        self._certificate = certificate
        self._schedule = FaultSchedule()
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    @property
    def listener(self) -> Listener:
        """Return the listener; raises RuntimeError before start()."""
        if self._listener is None:
            raise RuntimeError("not started")
        return self._listener

    @property
    def port(self) -> int:
        """Return the TCP port."""
        return self.listener.port

    @property
    def host(self) -> str:
        """Return the address and the port, for example 127.0.0.1:8443."""
        return f"{self.listener.address}:{self.port}"

    async def start(self, port: int = 0, address: str = DEFAULT_ADDRESS) -> None:
        """Listen on the port, or on any free port if it is 0."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_response_prepare.append(remove_default_content_type)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        if (protocol := self._runner.server) is None:
            raise RuntimeError("aiohttp created no server")
        self._listener = Listener(protocol, self._certificate.create_ssl_context())
        self._listener.address, self._listener.port = address, port
        self._listener.open()

    async def stop(self) -> None:
        """Close all connections and stop all tasks."""
        self.clear_faults()
        if self._listener is not None:
            await self._listener.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    def inject(self, path: str, *faults: Fault, times: int | None = None) -> None:
        """Inject faults, which act together, into the next responses of a path ("*": all paths).

        They act on a number of responses, or until they are cleared. Earlier faults of the path with a number come
        first, earlier faults without a number are replaced.
        """
        self._schedule.add(path, faults, times)

    def clear_faults(self) -> None:
        """Remove all faults, and send the responses that they delay."""
        self._schedule.clear()

    @abstractmethod
    async def respond(self, request: web.Request) -> Response:
        """Return the response to a request, without faults."""

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Respond to a request, and count it while it is being processed."""
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            return await self._respond_with_faults(request)
        finally:
            self._in_flight -= 1

    async def _respond_with_faults(self, request: web.Request) -> web.StreamResponse:
        """Respond to a request, with the faults of its path."""
        scheduled = self._schedule.take(request.path)
        replaced = any(fault.replaces_response for fault in scheduled.faults)
        response = Response() if replaced else await self.respond(request)
        for fault in scheduled.faults:
            response = fault.modify(response)
        if self.server_header:
            header = ("Server", self.server_header)
            response = replace(response, headers=(header, *response.headers))
        has_no_status = any(fault.has_no_status for fault in scheduled.faults)
        self._log(request, 0 if has_no_status else response.status)
        for fault in scheduled.faults:
            await fault.before_response(scheduled.cleared)
        return await self._send(request, response, scheduled)

    async def _send(self, request: web.Request, response: Response, scheduled: ScheduledFaults) -> web.StreamResponse:
        """Send the response, or return it for aiohttp to send.

        Once the connection is closed, aiohttp ignores the returned response.
        """
        if request.transport is None:
            return web.Response()
        connection = Connection(transport=request.transport, cleared=scheduled.cleared)
        for fault in scheduled.faults:
            if await fault.send(response, connection):
                return web.Response()
        if response.framing is Framing.UNTIL_CLOSE:
            connection.write(encode_head(response) + response.body)
            connection.close()
            return web.Response()
        return to_aiohttp(response)

    def _log(self, request: web.Request, status: int) -> None:
        peer = request.get_extra_info("peername")
        self.requests.append(
            LoggedRequest(
                method=request.method,
                path=request.path,
                bearer="Authorization" in request.headers,
                cookie="Cookie" in request.headers,
                connection=self.listener.connection_number((peer[0], peer[1])),
                status=status,
            )
        )
