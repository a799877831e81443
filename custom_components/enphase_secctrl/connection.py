"""Sessions on Home Assistant's connections, and the pinned certificate of a gateway."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from aiohttp import ClientSession, CookieJar, DummyCookieJar
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from .client import GatewayClient
from .const import CONF_CERTIFICATE


def create_gateway_session(hass: HomeAssistant, *, auto_cleanup: bool = False) -> ClientSession:
    """Create a session that accepts any certificate and keeps no cookies; GatewayClient keeps its own."""
    return async_create_clientsession(hass, verify_ssl=False, auto_cleanup=auto_cleanup, cookie_jar=DummyCookieJar())


def create_cloud_session(hass: HomeAssistant) -> ClientSession:
    """Create a session that verifies certificates and keeps the cookies of one sign-in."""
    return async_create_clientsession(hass, auto_cleanup=False, cookie_jar=CookieJar())


@contextmanager
def detach_at_exit(session: ClientSession) -> Generator[ClientSession]:
    """Detach the session at the end; its connections belong to Home Assistant."""
    try:
        yield session
    finally:
        session.detach()


def pinned_certificate(options: Mapping[str, Any]) -> bytes | None:
    """Return the SHA-256 fingerprint of the pinned certificate, or None."""
    fingerprint = options.get(CONF_CERTIFICATE)
    return bytes.fromhex(fingerprint) if fingerprint else None


def format_fingerprint(fingerprint: bytes) -> str:
    """Format a fingerprint as browsers do: AA:BB:..."""
    return fingerprint.hex(":").upper()


async def read_certificate(hass: HomeAssistant, host: str) -> bytes:
    """Return the fingerprint of the certificate at the host; raises SecctrlError."""
    with detach_at_exit(create_gateway_session(hass)) as session:
        return await GatewayClient(session, host).read_certificate()


async def verify_certificate(hass: HomeAssistant, host: str, serial: str | None, certificate: bytes) -> None:
    """Verify that the gateway with this serial number presents this certificate; raises SecctrlError."""
    with detach_at_exit(create_gateway_session(hass)) as session:
        await GatewayClient(session, host, serial=serial, certificate=certificate).read_info()
