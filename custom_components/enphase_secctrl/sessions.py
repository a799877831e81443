"""Sessions on Home Assistant's connections: one kind for gateways, one for the cloud."""

from collections.abc import Generator
from contextlib import contextmanager

from aiohttp import ClientSession, CookieJar, DummyCookieJar
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession


def gateway_session(hass: HomeAssistant, *, auto_cleanup: bool = False) -> ClientSession:
    """Return a session that takes any certificate and keeps no cookie: Gateway keeps its own."""
    return async_create_clientsession(hass, verify_ssl=False, auto_cleanup=auto_cleanup, cookie_jar=DummyCookieJar())


def cloud_session(hass: HomeAssistant) -> ClientSession:
    """Return a session that verifies certificates and keeps the cookies of one sign-in."""
    return async_create_clientsession(hass, auto_cleanup=False, cookie_jar=CookieJar())


@contextmanager
def detached(session: ClientSession) -> Generator[ClientSession]:
    """Let go of the session at the end; its connections belong to Home Assistant."""
    try:
        yield session
    finally:
        session.detach()
