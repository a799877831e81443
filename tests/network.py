"""The network of the tests: Home Assistant's HTTP clients only reach emulators, by hostnames that a test adds."""

from collections.abc import Mapping
from dataclasses import dataclass
import socket
import ssl
from typing import override

from aiohttp.abc import AbstractResolver, ResolveResult


class FakeResolver(AbstractResolver):
    """Resolves hostnames to ports of 127.0.0.1, and no others."""

    def __init__(self, ports: Mapping[str, tuple[int, ...]]) -> None:
        """Take {hostname: one port for each of its addresses}; more can be added later."""
        self._ports = ports

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a hostname; raises OSError if it is unknown."""
        if host not in self._ports:
            raise OSError(f"unknown host {host}")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=family or socket.AF_INET,
                proto=0,
                flags=0,
            )
            for port in self._ports[host]
        ]

    @override
    async def close(self) -> None:
        """Do nothing; there is nothing to close."""

    async def real_close(self) -> None:
        """Do nothing; Home Assistant's resolver has this method too."""


@dataclass(frozen=True, kw_only=True)
class FakeNetwork:
    """The hostnames that can be resolved, and the certificate authorities that are trusted.

    `ports`: {hostname: one port of 127.0.0.1 for each of its addresses}.
    """

    ports: dict[str, tuple[int, ...]]
    ssl_context: ssl.SSLContext
