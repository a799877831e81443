"""Tests of the emulated Enphase cloud: login, verification codes, and access tokens."""

import base64
from collections.abc import AsyncGenerator, Mapping
import json
import socket
import ssl
from typing import override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest
from yarl import URL

from tests.emulator import (
    Cloud,
    Gateway,
    LoginResponse,
    MfaResponse,
    RouteAResponse,
    SendCodeResponse,
    Status,
    SuccessResponse,
)
from tests.emulator.cloud import ENLIGHTEN, ENTREZ
from tests.emulator.gateway import CHECK_JWT

from .conftest import Get

EMAIL, PASSWORD, SERIAL = "owner@example.com", "secret", "122300000001"


class LoopbackResolver(AbstractResolver):
    """A resolver that returns 127.0.0.1 for every host."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    @override
    async def close(self) -> None:
        """Close nothing."""


class CloudClient:
    """The requests of a browser or app. It accepts the certificate authority of the cloud."""

    def __init__(self, cloud: Cloud, session: aiohttp.ClientSession) -> None:
        """Initialize without a login."""
        self.cloud, self.session = cloud, session

    async def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Return the status and the text of the response."""
        url = f"https://{host}:{self.cloud.port}{path}"
        async with self.session.request(method, url, data=form, json=json, headers=headers) as response:
            return response.status, await response.text()

    async def login(self, password: str = PASSWORD, **headers: str) -> tuple[int, str]:
        """Log in with the password."""
        form = {"user[email]": EMAIL, "user[password]": password}
        return await self.request("POST", ENLIGHTEN, "/login/login.json", form=form, headers=headers)

    async def send_code(self, **headers: str) -> tuple[int, str]:
        """Request a verification code."""
        path, form = "/app-api/generate_mfa_login_otp", {"locale": "en"}
        return await self.request("POST", ENLIGHTEN, path, form=form, headers=headers)

    async def verify_code(self, code: str) -> tuple[int, str]:
        """Send the verification code."""
        form = {
            "email": base64.b64encode(EMAIL.encode()).decode(),
            "otp": base64.b64encode(code.encode()).decode(),
            "xhrFields[withCredentials]": "true",
        }
        return await self.request("POST", ENLIGHTEN, "/app-api/validate_login_otp", form=form)

    async def route_a(self, session_id: str) -> tuple[int, str]:
        """Request a token with the session ID."""
        body = {"session_id": session_id, "serial_num": SERIAL, "username": EMAIL}
        return await self.request("POST", ENTREZ, "/tokens", json=body)

    async def route_b(self, serial: str = SERIAL) -> tuple[int, str]:
        """Request a token with the session cookie."""
        return await self.request("GET", ENLIGHTEN, f"/entrez-auth-token?serial_num={serial}")


@pytest.fixture
async def client(cloud: Cloud) -> AsyncGenerator[CloudClient]:
    """A client that verifies the certificate of the cloud."""
    context = ssl.create_default_context(cadata=cloud.ca_pem.decode())
    connector = aiohttp.TCPConnector(ssl=context, resolver=LoopbackResolver())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield CloudClient(cloud, session)


async def test_login(gateway: Gateway, get: Get, client: CloudClient) -> None:
    """With a password, both routes return tokens that the gateway accepts."""
    status, text = await client.login()
    assert (status, json.loads(text)["message"]) == (200, "success")
    _, token_a = await client.route_a(json.loads(text)["session_id"])
    token_b = json.loads((await client.route_b())[1])["token"]
    for token in (token_a, token_b):
        assert (await get(CHECK_JWT, token))[0] == 200
    assert (await client.route_b("122300000009"))[0] == 403


@pytest.mark.parametrize(
    ("response", "status", "start"),
    [
        ("text", 200, "eyJ"),
        ("json", 200, '{"generation_time"'),
        ("400", 400, "<html>"),
        ("403", 403, "<html>"),
        ("error_text", 200, "Error in generating Token"),
    ],
)
async def test_route_a(cloud: Cloud, client: CloudClient, response: RouteAResponse, status: int, start: str) -> None:
    """Route A returns a token as text or as JSON, or an error with or without an error status."""
    session_id = json.loads((await client.login())[1])["session_id"]
    cloud.route_a_response = response
    actual_status, text = await client.route_a(session_id)
    assert actual_status == status
    assert text.startswith(start)


async def test_verification_code(cloud: Cloud, client: CloudClient) -> None:
    """With multi-factor authentication, a login requires the last verification code sent."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    assert await client.login() == (200, '{"requires_mfa": true}')
    with pytest.raises(LookupError):
        cloud.last_code(EMAIL)
    assert (await client.route_b())[0] == 401
    await client.send_code()
    first = cloud.last_code(EMAIL)
    await client.send_code()
    assert await client.verify_code(first) == (200, '{"isValid": false, "isBlocked": false}')
    status, text = await client.verify_code(cloud.last_code(EMAIL))
    assert (status, json.loads(text)["isValidMobileNumber"]) == (200, True)
    assert (await client.route_a(json.loads(text)["session_id"]))[0] == 200
    assert (await client.route_b())[0] == 200


@pytest.mark.parametrize(
    ("response", "text"),
    [("requires_mfa", '{"requires_mfa": true}'), ("success", '{"success": true, "isBlocked": false}')],
)
async def test_mfa_response(cloud: Cloud, client: CloudClient, response: MfaResponse, text: str) -> None:
    """The response to a login that requires a code has two shapes."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    cloud.mfa_response = response
    assert await client.login() == (200, text)
    assert (await client.send_code())[0] == 200


@pytest.mark.parametrize(
    ("response", "start"),
    [
        ("full", '{"message": "success", "session_id": '),
        ("sessionId", '{"sessionId": '),
        ("message", '{"message": "success"}'),
        ("isValid", '{"isValid": true}'),
        ("object", "{}"),
        ("empty", ""),
    ],
)
@pytest.mark.parametrize("mfa", [False, True])
async def test_success_response(
    cloud: Cloud, client: CloudClient, response: SuccessResponse, start: str, *, mfa: bool
) -> None:
    """Whatever the body, the session ID is the value of the cookie."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=mfa)
    cloud.success_response = response
    status, text = await client.login()
    if mfa:
        await client.send_code()
        status, text = await client.verify_code(cloud.last_code(EMAIL))
    assert status == 200
    assert text.startswith(start)
    assert bool(text) == bool(start)
    cookie = client.session.cookie_jar.filter_cookies(URL(f"https://{ENLIGHTEN}"))["_enlighten_4_session"].value
    assert (await client.route_a(cookie))[0] == 200
    assert (await client.route_b())[0] == 200


@pytest.mark.parametrize(
    ("response", "status", "text", "is_sent"),
    [
        ("ok", 200, '{"success": true, "isBlocked": false}', True),
        ("no_content", 204, "", True),
        ("empty", 200, "", True),
        ("refused", 200, '{"success": false, "isBlocked": false}', False),
    ],
)
async def test_send_code_response(
    cloud: Cloud, client: CloudClient, response: SendCodeResponse, status: int, text: str, *, is_sent: bool
) -> None:
    """A code may be sent although the response is empty."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    cloud.send_code_response = response
    await client.login()
    assert await client.send_code() == (status, text)
    if is_sent:
        assert (await client.verify_code(cloud.last_code(EMAIL)))[0] == 200
        return
    with pytest.raises(LookupError):
        cloud.last_code(EMAIL)
    cloud.send_code_response = "429"
    assert (await client.send_code())[0] == 429


@pytest.mark.parametrize("status", [200, 400, 404, 409, 422])
async def test_wrong_code_status(cloud: Cloud, client: CloudClient, status: int) -> None:
    """A wrong code may have an error status. The correct code is still valid."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    cloud.wrong_code_status = status
    await client.login()
    await client.send_code()
    assert await client.verify_code("wrong") == (status, '{"isValid": false, "isBlocked": false}')
    assert (await client.verify_code(cloud.last_code(EMAIL)))[0] == 200


async def test_expired_and_blocked_code(cloud: Cloud, client: CloudClient) -> None:
    """A verification code expires after 300 s, may be blocked, and requires its login session."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    now = 1_800_000_000.0
    cloud.clock = lambda: now
    await client.login()
    await client.send_code()
    cloud.code_blocked = True
    assert await client.verify_code("1") == (200, '{"isValid": false, "isBlocked": true}')
    cloud.code_blocked = False
    now += 300
    assert (await client.verify_code(cloud.last_code(EMAIL)))[0] == 401
    await client.login()
    assert (await client.send_code())[0] == 200
    cloud.clear_sessions()
    assert (await client.verify_code(cloud.last_code(EMAIL)))[0] == 401


async def test_csrf(cloud: Cloud, client: CloudClient) -> None:
    """If the cloud sets an XSRF-TOKEN cookie, it requires its value in a header."""
    cloud.add_account(EMAIL, PASSWORD, mfa=True)
    cloud.requires_csrf = True
    await client.login()
    assert (await client.send_code())[0] == 401
    cookie = client.session.cookie_jar.filter_cookies(URL(f"https://{ENLIGHTEN}"))["XSRF-TOKEN"]
    assert (await client.send_code(**{"X-CSRF-Token": cookie.value}))[0] == 200


@pytest.mark.parametrize(
    ("response", "start"),
    [
        ("blocked", '{"success": false, "isBlocked": true}'),
        ("too_many", '{"message": "Too many active sessions.."}'),
        ("too_many_nested", '{"errors": {"base": ["Too many active sessions"]}}'),
        ("too_many_text", "Too many active sessions"),
        ("login_form", "<!DOCTYPE html>"),
    ],
)
async def test_rejected_login(cloud: Cloud, client: CloudClient, response: LoginResponse, start: str) -> None:
    """A rejected login has status 200, 401, 406, 422, or 429. A later login succeeds."""
    cloud.login_response = response
    assert (await client.login())[1].startswith(start)
    cloud.login_response = "ok"
    assert await client.login("wrong") == (401, '{"message": "Invalid"}')
    assert (await client.login(**{"User-Agent": "HomeAssistant/2026.1"}))[0] == 406
    cloud.inject("/login/login.json", Status(429), times=1)
    assert [(await client.login())[0] for _ in range(2)] == [429, 200]


async def test_hosts(client: CloudClient) -> None:
    """Each host has its own paths."""
    assert (await client.request("POST", ENLIGHTEN, "/tokens"))[0] == 404
    assert (await client.request("GET", ENTREZ, f"/entrez-auth-token?serial_num={SERIAL}"))[0] == 404
