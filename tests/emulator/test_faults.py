"""Tests of the faults: what a client receives. Without them, tests of the integration could pass without a fault."""

import asyncio

import aiohttp
import pytest

from tests.emulator import (
    Body,
    Chunked,
    ConnectionClose,
    ContentType,
    Delay,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    NoContentLength,
    Redirect,
    Reset,
    Stall,
    Status,
    Truncated,
)
from tests.emulator.gateway import INFO, SECCTRL

from .conftest import Get


@pytest.mark.parametrize(
    ("fault", "exception"),
    [
        (Truncated(10), aiohttp.ClientPayloadError),
        (Reset(before=False), aiohttp.ClientPayloadError),
        (Reset(), aiohttp.ClientOSError),
        (EarlyClose(), aiohttp.ServerDisconnectedError),
        (Garbage(), aiohttp.ClientResponseError),
        (Stall(5), TimeoutError),
        (Delay(10), TimeoutError),
    ],
    ids=str,
)
async def test_no_response(gateway: Gateway, get: Get, fault: Fault, exception: type[Exception]) -> None:
    """The client receives no complete response until the fault is cleared."""
    gateway.inject(INFO, fault)
    with pytest.raises(exception):
        async with asyncio.timeout(0.3):
            await get(INFO)
    gateway.clear_faults()
    assert (await get(INFO))[0] == 200


@pytest.mark.parametrize(
    ("fault", "status", "header", "value"),
    [
        (Status(503, retry_after=30), 503, "Retry-After", "30"),
        (Redirect("/home"), 301, "Location", "/home"),
        (Chunked(), 200, "Transfer-Encoding", "chunked"),
        (NoContentLength(), 200, "Content-Length", None),
        (ConnectionClose(), 200, "Connection", "close"),
        (ContentType("text/plain"), 200, "Content-Type", "text/plain"),
        (ContentType(None), 200, "Content-Type", None),
        (Body(b"<html>", "text/html"), 200, "Content-Type", "text/html"),
        (Body(b""), 200, "Content-Length", "0"),
        (Delay(0.01), 200, "Content-Type", "text/xml"),
    ],
    ids=str,
)
async def test_modified_response(
    gateway: Gateway,
    get: Get,
    client_session: aiohttp.ClientSession,
    fault: Fault,
    status: int,
    header: str,
    value: str | None,
) -> None:
    """The client receives one modified response."""
    gateway.inject(INFO, fault, times=1)
    async with client_session.get(f"https://{gateway.host}{INFO}", ssl=False, allow_redirects=False) as response:
        await response.read()
        assert response.status == status
        assert response.headers.get(header) == value
    assert (await get(INFO))[0] == 200


async def test_body_requires_token(gateway: Gateway, get: Get) -> None:
    """Body changes only the responses to clients with a valid token."""
    gateway.inject(SECCTRL, Body(b"[]"))
    assert (await get())[0] == 401
    assert await get(token=gateway.token()) == (200, b"[]")
