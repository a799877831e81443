"""A TCP listener that can be closed and reopened, and that can use plain HTTP, or stall, instead of TLS."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
import socket
import ssl
from typing import Final

DEFAULT_ADDRESS: Final = "127.0.0.1"
TLS_SHUTDOWN_TIMEOUT: Final = 1.0  # s

type Peer = tuple[str, int]


class ListenerMode(Enum):
    """What the listener does with a new connection."""

    TLS = auto()
    PLAIN_HTTP = auto()
    STALL_TLS = auto()
    """Accept the connection and never start the TLS handshake."""


class Listener:
    """A TCP listener. It counts its connections and can close all of them at once."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol], ssl_context: ssl.SSLContext) -> None:
        """Initialize without listening."""
        self.ssl_context = ssl_context
        self.mode = ListenerMode.TLS
        self.on_stalled_connection: Callable[[], None] = lambda: None
        self.address = DEFAULT_ADDRESS
        self.port = 0
        self._protocol = protocol
        self._socket: socket.socket | None = None
        self._connection_numbers: dict[Peer, int] = {}
        self._connection_count = 0
        self._stopped = False
        self._transports: set[asyncio.Transport] = set()
        self._stalled: set[socket.socket] = set()
        self._handshakes: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Listen on the port. If it is 0, select a free port and keep it."""
        if self._socket is not None or self._stopped:
            return
        self._socket = socket.create_server((self.address, self.port), backlog=16)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def close(self) -> None:
        """Stop listening and close all connections."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        self.close_connections()

    def close_connections(self) -> None:
        """Close all connections."""
        for task in self._handshakes:
            task.cancel()
        for transport in self._transports:
            transport.abort()
        self._transports.clear()
        for connection in self._stalled:
            connection.close()
        self._stalled.clear()

    async def stop(self) -> None:
        """Stop listening permanently, and wait until all connections are closed."""
        self._stopped = True
        self.close()
        await asyncio.gather(*self._handshakes, return_exceptions=True)
        # Transports call connection_lost of their protocols in the next iterations of the event loop.
        for _ in range(3):
            await asyncio.sleep(0)

    def connection_number(self, peer: Peer) -> int:
        """Return the number of the peer's connection, starting at 1."""
        return self._connection_numbers[peer]

    def _accept(self, listening_socket: socket.socket) -> None:
        try:
            connection, peer = listening_socket.accept()
        except OSError:
            return  # The client has closed the connection.
        self._connection_count += 1
        self._connection_numbers[peer] = self._connection_count
        connection.setblocking(False)
        if self.mode is ListenerMode.STALL_TLS:
            self._stalled.add(connection)
            self.on_stalled_connection()
            return
        task = asyncio.create_task(self._start_protocol(connection))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _start_protocol(self, connection: socket.socket) -> None:
        """Do the TLS handshake and start the protocol."""
        ssl_context = self.ssl_context if self.mode is ListenerMode.TLS else None
        loop = asyncio.get_running_loop()
        # A client that rejects the certificate ends the handshake.
        with suppress(OSError):
            transport, _ = await loop.connect_accepted_socket(
                self._protocol,
                connection,
                ssl=ssl_context,
                ssl_shutdown_timeout=TLS_SHUTDOWN_TIMEOUT if ssl_context else None,
            )
            self._transports = {t for t in self._transports if not t.is_closing()}
            self._transports.add(transport)
