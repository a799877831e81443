"""Tests of the emulated gateway: what is true of real gateways."""

import asyncio
import json
import ssl

import aiohttp
import pytest

from tests.emulator import Gateway, payload_bytes
from tests.emulator.gateway import CHECK_JWT, INFO, SECCTRL

from .conftest import Get


async def read_raw_response(gateway: Gateway) -> bytes:
    """Return a response of /ivp/ensemble/secctrl including its headers, as received."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context)
    headers = f"Host: x\r\nConnection: close\r\nAuthorization: Bearer {gateway.token()}\r\n"
    writer.write(f"GET {SECCTRL} HTTP/1.1\r\n{headers}\r\n".encode())
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response


async def test_secctrl(gateway: Gateway) -> None:
    """The response has a length and no content type, and the JSON is indented."""
    head, _, body = (await read_raw_response(gateway)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-type" not in head.lower()
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Server: openresty/1.17.8.1" in head
    assert body == payload_bytes(gateway.payload)
    assert body.startswith(b'{\n    "shutdown": false,\n    "freq_bias_hz": -0.067411')
    assert body.endswith(b"}")


@pytest.mark.parametrize(
    ("firmware", "indented", "content_type"),
    [("8.2.127", "\n  <device>", "text/xml"), ("8.3.5433", "\n\t<device>", None)],
)
async def test_info(
    gateway: Gateway,
    client_session: aiohttp.ClientSession,
    firmware: str,
    indented: str,
    content_type: str | None,
) -> None:
    """/info requires no token. Firmware 8.3 and later indents with tabs and sends no content type."""
    gateway.firmware = firmware
    async with client_session.get(f"https://{gateway.host}{INFO}", ssl=False) as response:
        text = await response.text()
        assert response.headers.get("Content-Type") == content_type
    assert all(part in text for part in (indented, f"<sn>{gateway.serial}</sn>", f"<software>D{firmware}</software>"))
    assert 1100 < len(text) < 2400


async def test_session_timeout(gateway: Gateway, get: Get) -> None:
    """A token opens a session, which expires 600 s after its last use."""
    now = 1_800_000_000.0
    gateway.clock = lambda: now
    assert (await get())[0] == 401
    assert (await get(token=gateway.token()))[0] == 200
    now += 599
    assert (await get())[0] == 200
    now += 599
    assert (await get())[0] == 200
    now += 600
    assert (await get())[0] == 401
    assert [(request.bearer, request.cookie, request.status) for request in gateway.requests] == [
        (False, False, 401),
        (True, False, 200),
        (False, True, 200),
        (False, True, 200),
        (False, True, 401),
    ]
    assert {request.connection for request in gateway.requests} == {1}


async def test_session_without_cookies(gateway: Gateway, get: Get, client_session: aiohttp.ClientSession) -> None:
    """A client that ignores cookies opens a session with each request."""
    for _ in range(3):
        assert (await get(token=gateway.token()))[0] == 200
        client_session.cookie_jar.clear()
    assert len(gateway.sessions) == 3


async def test_invalid_tokens(gateway: Gateway, get: Get) -> None:
    """Tokens with a wrong serial number, role, or signature are rejected, and so are expired and revoked tokens."""
    revoked, signature = gateway.token(), gateway.token().rpartition(".")[2]
    gateway.revoke(revoked)
    for token in (
        gateway.token(serial="122300000002"),
        gateway.token(lifetime=-1),
        gateway.token(role="guest"),
        f"{gateway.token().rpartition('.')[0]}.{signature}",
        revoked,
        "nonsense",
    ):
        assert (await get(CHECK_JWT, token))[0] == 401
    status, page = await get(token=revoked)
    assert status == 401
    assert b"'/home'" in page
    assert page.count(b"\r\n") == page.count(b"\n")
    assert (await get(CHECK_JWT, gateway.token(role="installer")))[0] == 200
    assert (await get())[0] == 200


async def test_revoked_session(gateway: Gateway, get: Get) -> None:
    """Revoking a token deletes its sessions."""
    token = gateway.token()
    assert (await get(token=token))[0] == 200
    gateway.revoke(token)
    assert (await get(token=token))[0] == 401
    assert (await get(token=gateway.token()))[0] == 200
    gateway.clear_sessions()
    assert (await get())[0] == 401


async def test_old_firmware(gateway: Gateway, get: Get) -> None:
    """Firmware before version 7 has no secctrl and no web tokens."""
    gateway.firmware = "5.0.62"
    assert await get(token=gateway.token()) == (404, b'{ "error" : "404 - Not Found" }')
    assert b"web-tokens" not in (await get(INFO))[1]


async def test_reboot(gateway: Gateway, get: Get) -> None:
    """During a reboot, a gateway refuses connections, responds with status 502, and then reports no batteries."""
    await gateway.reboot("8.2.4345")
    with pytest.raises(aiohttp.ClientConnectorError):
        await get()
    gateway.state = "bad_gateway"
    assert (await get(INFO))[0] == 502
    gateway.state = "zeros"
    payload = json.loads((await get(token=gateway.token()))[1])
    assert [payload[key] for key in ("agg_soc", "Max_energy", "ENC_agg_soh", "VLS_Limit")] == [0, 0, 0, 10]
    gateway.state = "overloaded"
    assert await get() == (503, b"Resource busy, please retry after 30 seconds")
    gateway.state = "up"
    assert json.loads((await get())[1]) == gateway.payload
    assert gateway.firmware == "8.2.4345"
