"""Fixtures for the tests of the emulators: HTTP clients that are independent of the integration."""

from collections.abc import AsyncGenerator
from typing import Protocol

import aiohttp
import pytest

from tests.emulator import Gateway
from tests.emulator.gateway import SECCTRL


class Get(Protocol):
    """Return the status and the body of a GET request to the gateway."""

    async def __call__(self, path: str = SECCTRL, token: str = "") -> tuple[int, bytes]:
        """Send the token in an Authorization header, unless it is empty."""


@pytest.fixture
async def client_session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """A client session that accepts cookies from IP addresses."""
    cookie_jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=cookie_jar, timeout=aiohttp.ClientTimeout(2)) as session:
        yield session


@pytest.fixture
def get(client_session: aiohttp.ClientSession, gateway: Gateway) -> Get:
    """A function that sends GET requests to the gateway, with the cookies of earlier responses."""

    async def get(path: str = SECCTRL, token: str = "") -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"https://{gateway.host}{path}"
        async with client_session.get(url, headers=headers, ssl=False, allow_redirects=False) as response:
            return response.status, await response.read()

    return get
