"""One TCP port that can be closed, reopened, and changed below its protocol."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
import socket
import ssl
from typing import Final

HOME: Final = "127.0.0.1"
GOODBYE: Final = 1.0  # s a client may take to end TLS properly

type Peer = tuple[str, int]


class Speech(Enum):
    """What the port speaks to whoever connects."""

    TLS = auto()
    PLAIN = auto()
    NOTHING = auto()


class Listener:
    """Accepts connections, on 127.0.0.1 unless told otherwise, counts them, and can end them all at once."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext) -> None:
        """Prepare for connections that protocol serves behind context."""
        self.context = context
        self.speech = Speech.TLS
        self.on_silence: Callable[[], None] = lambda: None
        self.address = HOME
        self.port = 0
        self._protocol = protocol
        self._socket: socket.socket | None = None
        self._numbers: dict[Peer, int] = {}
        self._count = 0
        self._stopped = False
        self._transports: set[asyncio.Transport] = set()
        self._silent: set[socket.socket] = set()
        self._starting: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Listen on the port, or on any free one (which is kept) if it is 0."""
        if self._socket is not None or self._stopped:
            return
        self._socket = socket.create_server((self.address, self.port), backlog=16)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        self.drop()

    def drop(self) -> None:
        """Drop every connection."""
        for task in self._starting:
            task.cancel()
        for transport in self._transports:
            transport.abort()
        self._transports.clear()
        for silent in self._silent:
            silent.close()
        self._silent.clear()

    async def stop(self) -> None:
        """Close, and return when nothing is left."""
        self._stopped = True
        self.close()
        await asyncio.gather(*self._starting, return_exceptions=True)
        # Transports tell their protocols of the end in the loop's next rounds.
        for _ in range(3):
            await asyncio.sleep(0)

    def number(self, peer: Peer) -> int:
        """Return which connection, counted from 1, the peer's is."""
        return self._numbers[peer]

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, peer = listening.accept()
        except OSError:
            return  # The client went away before its turn.
        self._count += 1
        self._numbers[peer] = self._count
        connection.setblocking(False)
        if self.speech is Speech.NOTHING:
            self._silent.add(connection)
            self.on_silence()
            return
        task = asyncio.create_task(self._serve(connection))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _serve(self, connection: socket.socket) -> None:
        """Shake hands and let the protocol take over."""
        context = self.context if self.speech is Speech.TLS else None
        loop = asyncio.get_running_loop()
        # Clients that pin or verify end the handshake: that is their right.
        with suppress(OSError):
            transport, _ = await loop.connect_accepted_socket(
                self._protocol, connection, ssl=context, ssl_shutdown_timeout=GOODBYE if context else None
            )
            self._transports = {t for t in self._transports if not t.is_closing()}
            self._transports.add(transport)
