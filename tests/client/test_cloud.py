"""The cloud client: from an account to an access token, and which exception each response is."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import timedelta
import json
from types import SimpleNamespace
from typing import Final

from aiohttp import ClientSession, CookieJar, TraceConfig, TraceRequestHeadersSentParams
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import SERVER_SOFTWARE, async_create_clientsession
from homeassistant.util import dt as dt_util
from multidict import CIMultiDict
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed_exact
from yarl import URL

from custom_components.enphase_secctrl.client.cloud import (
    CHECK_CODE,
    LOGIN,
    ROUTE_A,
    ROUTE_B,
    SEND_CODE,
    EnlightenClient,
)
from custom_components.enphase_secctrl.client.exceptions import (
    AccountBlocked,
    CloudUnavailable,
    InvalidAuth,
    InvalidCode,
    MfaRequired,
    NotAToken,
    SecctrlError,
    SignInLost,
    TokenExpired,
    TooManySessions,
    WrongGateway,
)
from custom_components.enphase_secctrl.client.response import SIZE_LIMIT
from tests.emulator import (
    Body,
    Cloud,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    LoginResponse,
    MfaResponse,
    Redirect,
    Reset,
    RouteAResponse,
    SendCodeResponse,
    SessionCookie,
    Status,
    SuccessResponse,
    Truncated,
)
from tests.emulator.certificates import create_gateway_certificate
from tests.emulator.cloud import ERROR_TEXT, LOGIN_PAGES
from tests.emulator.tokens import LIFETIMES
from tests.faults import Held

type Step = Callable[[EnlightenClient], Coroutine[None, None, None]]
type SentRequests = list[tuple[str, CIMultiDict[str]]]

SERIAL: Final = "122300000001"
EMAIL: Final = "owner@example.com"
MFA_EMAIL: Final = "code@example.com"
AFTER_TIMEOUT: Final = timedelta(seconds=21)
"""The timeout is 20 s, and aiohttp rounds up to whole seconds."""
SESSION_COOKIES: Final = ("_enlighten_4_session", "enlighten_session", "_enlighten_session")
TOO_MANY_TEXT: Final = b"Too many active sessions"
HTML: Final = b"<!DOCTYPE html><html><body>We are down for maintenance</body></html>"


def path(url: str) -> str:
    """Return the path of one of the cloud's URLs."""
    return "/" + url.split("/", 3)[3]


def json_response(status: int = 200, **fields: object) -> Status:
    """Return a fault that responds with a JSON object."""
    return Status(status, body=json.dumps(fields).encode(), content_type="application/json")


@pytest.fixture
def sent_requests() -> SentRequests:
    """The host and the headers of each request."""
    return []


@pytest.fixture
async def session(hass: HomeAssistant, cloud: Cloud, sent_requests: SentRequests) -> AsyncGenerator[ClientSession]:
    """A session like those of the flows, which records what it sends."""

    async def record_headers(_: ClientSession, __: SimpleNamespace, request: TraceRequestHeadersSentParams) -> None:
        sent_requests.append((str(request.url.host), CIMultiDict(request.headers)))

    trace = TraceConfig()
    trace.on_request_headers_sent.append(record_headers)
    session = async_create_clientsession(hass, verify_ssl=True, cookie_jar=CookieJar(), trace_configs=[trace])
    cloud.add_account(MFA_EMAIL, "secret", mfa=True)
    yield session
    session.detach()


@pytest.fixture
def client(session: ClientSession) -> EnlightenClient:
    """A client with an account that needs no verification code."""
    return EnlightenClient(session, EMAIL, "secret")


@pytest.fixture
async def logged_in(client: EnlightenClient) -> EnlightenClient:
    """A client that has logged in."""
    await client.log_in()
    return client


@pytest.fixture
async def code_required(session: ClientSession) -> EnlightenClient:
    """A client whose account needs a verification code; none has been sent."""
    client = EnlightenClient(session, MFA_EMAIL, "secret")
    with pytest.raises(MfaRequired):
        await client.log_in()
    return client


@pytest.fixture
async def code_sent(code_required: EnlightenClient) -> EnlightenClient:
    """A client whose verification code has been sent."""
    await code_required.send_code()
    return code_required


async def sign_in_with_code(cloud: Cloud, client: EnlightenClient) -> None:
    """Sign in again with password and verification code."""
    with pytest.raises(MfaRequired):
        await client.log_in()
    await client.send_code()
    await client.check_code(cloud.last_code(MFA_EMAIL))


UNAVAILABLE: Final = [
    *(Status(code) for code in (406, 500, 502, 503, 504)),
    Status(503, retry_after=30),
    Redirect("https://enlighten.enphaseenergy.com/login", 302),
    Redirect("http://127.0.0.1/"),
    Body(HTML, "text/html"),
    Body(b"null"),
    Body(b"[" * 60_000),
    Body(b'["session_id"]'),
    Body(b"\xff\xfe"),
    Body(b'{"message": "success"'),
    Body(b" " * (SIZE_LIMIT + 1)),
    Reset(),
    Reset(before=False),
    EarlyClose(),
    Garbage(),
    Truncated(5),
]
"""Outages at every step. A body replaces that of a success, whose cookies remain."""


def short_repr(value: object) -> str:
    """Return a short test ID."""
    return repr(value)[:60]


# --- Log in


async def test_log_in(cloud: Cloud, client: EnlightenClient, sent_requests: SentRequests) -> None:
    """Email address and password are enough for a token; the user agent isn't Home Assistant's."""
    await client.log_in()
    token = await client.fetch_token(SERIAL)
    assert (token.role, token.expires - token.issued) == ("owner", timedelta(days=365))
    assert [(request.method, request.path) for request in cloud.requests] == [
        ("POST", path(LOGIN)),
        ("POST", path(ROUTE_A)),
    ]
    assert [host for host, _ in sent_requests] == ["enlighten.enphaseenergy.com", "entrez.enphaseenergy.com"]
    assert {headers["User-Agent"] for _, headers in sent_requests} == {"enphase-secctrl"}
    assert {headers["Accept"] for _, headers in sent_requests} == {"application/json, text/plain"}


async def test_session_without_code(cloud: Cloud, client: EnlightenClient) -> None:
    """A response with a session needs no verification code, whatever else it contains."""
    cloud.inject(path(LOGIN), json_response(success=True, session_id="5"), times=1)
    await client.log_in()
    await client.log_in()
    assert await client.fetch_token(SERIAL)


async def test_default_user_agent(session: ClientSession) -> None:
    """The cloud rejects Home Assistant's default user agent."""
    async with session.post(LOGIN) as response:
        assert response.status == 406
    assert session.headers["User-Agent"] == SERVER_SOFTWARE


async def test_wrong_password(session: ClientSession, client: EnlightenClient) -> None:
    """A wrong password raises InvalidAuth."""
    with pytest.raises(InvalidAuth):
        await EnlightenClient(session, EMAIL, "wrong").log_in()
    await client.log_in()
    assert await client.fetch_token(SERIAL)


async def test_unknown_account(session: ClientSession) -> None:
    """An unknown account raises InvalidAuth."""
    with pytest.raises(InvalidAuth):
        await EnlightenClient(session, "nobody@example.com", "secret").log_in()
    await EnlightenClient(session, EMAIL, "secret").log_in()


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("blocked", AccountBlocked),
        ("login_form", AccountBlocked),
        ("too_many", TooManySessions),
        ("too_many_nested", TooManySessions),
        ("too_many_text", TooManySessions),
    ],
)
async def test_blocked_account(
    cloud: Cloud, client: EnlightenClient, login: LoginResponse, expected: type[SecctrlError]
) -> None:
    """A blocked account has its own exception."""
    cloud.login_response = login
    with pytest.raises(expected):
        await client.log_in()
    cloud.login_response = "ok"
    await client.log_in()
    assert await client.fetch_token(SERIAL)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (json_response(isBlocked=True), AccountBlocked),
        (json_response(401, message="Invalid", isBlocked=True), AccountBlocked),
        *((Body(page, "text/html"), AccountBlocked) for page in LOGIN_PAGES),
        *((Status(403, body=b"\n" + page), AccountBlocked) for page in LOGIN_PAGES),
        (json_response(401, message="Too many active sessions.."), TooManySessions),
        (json_response(429, message="TOO MANY ACTIVE SESSIONS"), TooManySessions),
        (json_response(401, errors={"base": ["Too many active sessions"]}), TooManySessions),
        (json_response(error={"detail": [{"text": "Too many active sessions"}]}), TooManySessions),
        (Status(429, body=TOO_MANY_TEXT, content_type="text/plain"), TooManySessions),
        (json_response(401, message="Invalid"), InvalidAuth),
        (Status(401), InvalidAuth),
        (json_response(success=True, isBlocked=False), MfaRequired),
        (json_response(success=True, isBlocked="no"), MfaRequired),
        (json_response(requires_mfa=True), MfaRequired),
        (json_response(requires_mfa=True, success=True, isBlocked=False), MfaRequired),
        (json_response(requires_mfa="true"), CloudUnavailable),
        (json_response(success=False, isBlocked=False), CloudUnavailable),
        (json_response(success=1), CloudUnavailable),
        (Status(200, body=b""), CloudUnavailable),
        (json_response(), CloudUnavailable),
        (json_response(isValid=True), CloudUnavailable),
        (json_response(message="success"), CloudUnavailable),
        (json_response(message=["success"], session_id=None), CloudUnavailable),
        (json_response(message="success", session_id=""), CloudUnavailable),
        (json_response(message="success", session_id=5), CloudUnavailable),
        (json_response(500, success=True), CloudUnavailable),
    ],
    ids=repr,
)
async def test_login_responses(
    cloud: Cloud, client: EnlightenClient, fault: Fault, expected: type[SecctrlError]
) -> None:
    """Each response to the login has its own exception, whatever its status. No session means no success."""
    cloud.inject(path(LOGIN), fault)
    with pytest.raises(expected):
        await client.log_in()
    cloud.clear_faults()
    await client.log_in()


@pytest.mark.parametrize("success", ["full", "sessionId", "message", "isValid", "object", "empty"])
async def test_session_in_cookie(cloud: Cloud, client: EnlightenClient, success: SuccessResponse) -> None:
    """The session ID is the value of the cookie if the body reports success without it."""
    cloud.success_response = success
    await client.log_in()
    assert await client.fetch_token(SERIAL)
    assert [request.path for request in cloud.requests] == [path(LOGIN), path(ROUTE_A)]


@pytest.mark.parametrize("name", SESSION_COOKIES)
@pytest.mark.parametrize("body", [b"", b" {}\n", b'{"isValid": true}', b'{"message": "success"}'])
async def test_session_cookies(
    cloud: Cloud, session: ClientSession, client: EnlightenClient, name: str, body: bytes
) -> None:
    """The cookie has one of three names."""
    await EnlightenClient(session, EMAIL, "secret").log_in()
    jar, url = session.cookie_jar, URL(LOGIN)
    session_id = jar.filter_cookies(url)["_enlighten_4_session"].value
    jar.clear()
    jar.update_cookies({name: session_id}, url)
    cloud.inject(path(LOGIN), Status(200, body=body))
    await client.log_in()
    assert await client.fetch_token(SERIAL)
    assert cloud.requests[-1].path == path(ROUTE_A)


async def test_outage_with_cookie(cloud: Cloud, session: ClientSession, client: EnlightenClient) -> None:
    """A page with status 200 and a session cookie isn't a success."""
    cloud.inject(path(LOGIN), Body(HTML, "text/html"))
    with pytest.raises(CloudUnavailable):
        await client.log_in()
    assert session.cookie_jar.filter_cookies(URL(LOGIN)).keys() == {"_enlighten_4_session"}
    cloud.clear_faults()
    await client.log_in()


@pytest.mark.parametrize(
    "fault",
    [*UNAVAILABLE, *(Status(code) for code in (400, 403, 404, 429)), Status(204, body=b"")],
    ids=short_repr,
)
async def test_login_unavailable(cloud: Cloud, client: EnlightenClient, fault: Fault) -> None:
    """An error of the cloud raises CloudUnavailable, and no redirect is followed."""
    cloud.inject(path(LOGIN), fault)
    with pytest.raises(CloudUnavailable):
        await client.log_in()
    assert {request.path for request in cloud.requests} == {path(LOGIN)}
    cloud.clear_faults()
    await client.log_in()


async def test_connection_refused(cloud: Cloud, client: EnlightenClient) -> None:
    """A refused connection raises CloudUnavailable."""
    cloud.listener.close()
    with pytest.raises(CloudUnavailable):
        await client.log_in()
    cloud.listener.open()
    await client.log_in()


async def test_timeout(hass: HomeAssistant, cloud: Cloud, client: EnlightenClient) -> None:
    """A request times out after 20 seconds."""
    held = Held()
    cloud.inject(path(LOGIN), held)
    login = asyncio.create_task(client.log_in())
    await held.holding.wait()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + AFTER_TIMEOUT)
    with pytest.raises(CloudUnavailable):
        await asyncio.wait_for(login, 2)
    cloud.clear_faults()
    await client.log_in()


async def test_untrusted_certificate(cloud: Cloud, client: EnlightenClient) -> None:
    """Nothing is sent to a server without a trusted certificate."""
    ssl_context = cloud.listener.ssl_context
    cloud.listener.ssl_context = create_gateway_certificate(now=dt_util.utcnow().timestamp()).create_ssl_context()
    with pytest.raises(CloudUnavailable):
        await client.log_in()
    assert cloud.requests == []
    cloud.listener.ssl_context = ssl_context
    await client.log_in()


# --- Verification code


@pytest.mark.parametrize("mfa", ["requires_mfa", "success"])
@pytest.mark.parametrize("success", ["full", "sessionId", "message", "isValid", "object", "empty"])
async def test_code_responses_of_cloud(
    cloud: Cloud, session: ClientSession, mfa: MfaResponse, success: SuccessResponse
) -> None:
    """The sign-in works with each response that asks for a code, and with each that accepts it."""
    cloud.mfa_response, cloud.success_response = mfa, success
    client = EnlightenClient(session, MFA_EMAIL, "secret")
    await sign_in_with_code(cloud, client)
    assert await client.fetch_token(SERIAL)
    assert cloud.requests[-1].path == path(ROUTE_A)


@pytest.mark.parametrize("csrf", [False, True])
async def test_code(cloud: Cloud, code_required: EnlightenClient, sent_requests: SentRequests, *, csrf: bool) -> None:
    """The verification code finishes the sign-in; the XSRF cookie is repeated in a header if there is one."""
    cloud.requires_csrf = csrf
    with pytest.raises(MfaRequired):
        await code_required.log_in()
    await code_required.send_code()
    await code_required.check_code(f" {cloud.last_code(MFA_EMAIL)}\n")
    assert await code_required.fetch_token(SERIAL)
    assert ["X-CSRF-Token" in headers for _, headers in sent_requests] == [False, False, csrf, csrf, csrf]


async def test_send_code(cloud: Cloud, code_required: EnlightenClient) -> None:
    """The login sends no verification code; each request for one sends a new one."""
    with pytest.raises(LookupError):
        cloud.last_code(MFA_EMAIL)
    await code_required.send_code()
    first = cloud.last_code(MFA_EMAIL)
    await code_required.send_code()
    with pytest.raises(InvalidCode):
        await code_required.check_code(first)
    await code_required.check_code(cloud.last_code(MFA_EMAIL))


@pytest.mark.parametrize("cookie", SESSION_COOKIES)
@pytest.mark.parametrize("response", ["empty", "object", "isValid", "message"])
async def test_new_session_cookie(
    cloud: Cloud, code_sent: EnlightenClient, cookie: SessionCookie, response: SuccessResponse
) -> None:
    """The session ID is that of the cookie which the code was answered with, not that of the pending login."""
    cloud.session_cookie, cloud.success_response = cookie, response
    await code_sent.check_code(cloud.last_code(MFA_EMAIL))
    assert await code_sent.fetch_token(SERIAL)
    assert cloud.requests[-1].path == path(ROUTE_A)


@pytest.mark.parametrize("code", ["", "wrong", "0" * 100, "½", "\u202e1"])
@pytest.mark.parametrize("status", [200, 400, 404, 409, 422])
async def test_wrong_code(cloud: Cloud, code_sent: EnlightenClient, code: str, status: int) -> None:
    """After a wrong code, the correct one is still valid, whatever the status of the response was."""
    cloud.wrong_code_status = status
    with pytest.raises(InvalidCode):
        await code_sent.check_code(code)
    await code_sent.check_code(cloud.last_code(MFA_EMAIL))
    assert await code_sent.fetch_token(SERIAL)


@pytest.mark.parametrize("code", ["", " ", "\t\n"])
async def test_blank_code(cloud: Cloud, code_sent: EnlightenClient, code: str) -> None:
    """A blank code is rejected without a request."""
    cloud.requests.clear()
    with pytest.raises(InvalidCode):
        await code_sent.check_code(code)
    assert cloud.requests == []
    await code_sent.check_code(cloud.last_code(MFA_EMAIL))


@pytest.mark.parametrize("step", [EnlightenClient.send_code, lambda code_required: code_required.check_code("123456")])
async def test_sign_in_lost(cloud: Cloud, code_sent: EnlightenClient, step: Step) -> None:
    """If the cloud has forgotten the sign-in, it must be repeated from the password."""
    cloud.clear_sessions()
    with pytest.raises(SignInLost):
        await step(code_sent)
    await sign_in_with_code(cloud, code_sent)


@pytest.mark.parametrize("response", ["ok", "no_content", "empty"])
async def test_code_sent(cloud: Cloud, code_required: EnlightenClient, response: SendCodeResponse) -> None:
    """A code is sent although the response is empty."""
    cloud.send_code_response = response
    await code_required.send_code()
    await code_required.check_code(cloud.last_code(MFA_EMAIL))
    assert await code_required.fetch_token(SERIAL)


@pytest.mark.parametrize("step", [EnlightenClient.send_code, lambda code_sent: code_sent.check_code("123456")])
async def test_blocked_codes(cloud: Cloud, code_sent: EnlightenClient, step: Step) -> None:
    """An account that is blocked by too many codes raises AccountBlocked."""
    cloud.code_blocked = True
    with pytest.raises(AccountBlocked):
        await step(code_sent)
    cloud.code_blocked = False
    await code_sent.check_code(cloud.last_code(MFA_EMAIL))


async def test_code_expired(cloud: Cloud, code_sent: EnlightenClient) -> None:
    """The cookie of a verification code is valid for five minutes; a new code has a new cookie."""
    code, now = cloud.last_code(MFA_EMAIL), cloud.clock()
    cloud.clock = lambda: now + 301
    with pytest.raises(SignInLost):
        await code_sent.check_code(code)
    await sign_in_with_code(cloud, code_sent)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (json_response(401, isValid=False, isBlocked=False), InvalidCode),
        *((Status(status), InvalidCode) for status in (400, 404, 409, 422)),
        *((json_response(status, message="Invalid"), InvalidCode) for status in (400, 404, 409, 422)),
        (json_response(isValid=False, isBlocked=True), AccountBlocked),
        (json_response(422, isValid=False, isBlocked=True), AccountBlocked),
        (Status(429), AccountBlocked),
        (json_response(429, message="Too many attempts"), AccountBlocked),
        *((Status(200, body=page), AccountBlocked) for page in LOGIN_PAGES),
        *((Status(404, body=page), AccountBlocked) for page in LOGIN_PAGES),
        (json_response(401, message="Unauthorized"), SignInLost),
        (Status(403), SignInLost),
        (json_response(message="Too many active sessions.."), TooManySessions),
        (json_response(422, errors={"base": ["Too many active sessions"]}), TooManySessions),
        (Status(429, body=TOO_MANY_TEXT, content_type="text/plain"), TooManySessions),
        (Status(204, body=b""), CloudUnavailable),
        (json_response(500, session_id="5"), CloudUnavailable),
    ],
    ids=repr,
)
async def test_code_responses(
    cloud: Cloud, code_sent: EnlightenClient, fault: Fault, expected: type[SecctrlError]
) -> None:
    """Each response to the verification code has its own exception."""
    cloud.inject(path(CHECK_CODE), fault)
    with pytest.raises(expected):
        await code_sent.check_code(cloud.last_code(MFA_EMAIL))
    cloud.clear_faults()
    await code_sent.check_code(cloud.last_code(MFA_EMAIL))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (json_response(429, message="Too many requests"), AccountBlocked),
        (json_response(429, success=True), AccountBlocked),
        (Status(429, body=b""), AccountBlocked),
        (json_response(success=True, isBlocked=True), AccountBlocked),
        *((Body(page, "text/html"), AccountBlocked) for page in LOGIN_PAGES),
        (Status(429, body=TOO_MANY_TEXT, content_type="text/plain"), TooManySessions),
        (json_response(errors={"base": ["Too many active sessions"]}), TooManySessions),
        (Status(401), SignInLost),
        (Status(403), SignInLost),
        (Status(400), CloudUnavailable),
        (Status(404), CloudUnavailable),
        (Status(500, body=b""), CloudUnavailable),
        (json_response(), CloudUnavailable),
    ],
    ids=repr,
)
async def test_send_code_responses(
    cloud: Cloud, code_required: EnlightenClient, fault: Fault, expected: type[SecctrlError]
) -> None:
    """Each response to the request for a code has its own exception."""
    cloud.inject(path(SEND_CODE), fault)
    with pytest.raises(expected):
        await code_required.send_code()
    cloud.clear_faults()
    await code_required.send_code()


@pytest.mark.parametrize("success", [False, None, "true", 1])
async def test_code_not_sent(cloud: Cloud, code_required: EnlightenClient, success: object) -> None:
    """Any response but success raises CloudUnavailable."""
    cloud.inject(path(SEND_CODE), json_response(success=success))
    with pytest.raises(CloudUnavailable):
        await code_required.send_code()
    cloud.clear_faults()
    await code_required.send_code()


@pytest.mark.parametrize("fault", UNAVAILABLE, ids=short_repr)
@pytest.mark.parametrize("step", [EnlightenClient.send_code, lambda code_sent: code_sent.check_code("123456")])
async def test_code_unavailable(cloud: Cloud, code_sent: EnlightenClient, step: Step, fault: Fault) -> None:
    """After an error of the cloud, the sign-in can be repeated from the password."""
    cloud.inject("*", fault)
    with pytest.raises(CloudUnavailable):
        await step(code_sent)
    cloud.clear_faults()
    await sign_in_with_code(cloud, code_sent)


# --- Token


NO_TOKENS: Final[list[tuple[Fault, type[SecctrlError]]]] = [
    (Body(HTML, "text/html"), CloudUnavailable),
    (Body(ERROR_TEXT, "text/plain"), CloudUnavailable),
    (json_response(message=ERROR_TEXT.decode()), CloudUnavailable),
    (Body(b""), CloudUnavailable),
    (Body(b"null"), CloudUnavailable),
    (json_response(), CloudUnavailable),
    (json_response(token=None), CloudUnavailable),
    (json_response(token=""), CloudUnavailable),
    (json_response(token=HTML.decode()), CloudUnavailable),
    (json_response(token=["eyJ"]), CloudUnavailable),
    (json_response(message="success"), CloudUnavailable),
    *((Body(b"\n " + page, "text/html"), AccountBlocked) for page in LOGIN_PAGES),
    *((Status(403, body=page), AccountBlocked) for page in LOGIN_PAGES),
    (json_response(401, isBlocked=True), AccountBlocked),
    (json_response(401, message="Too many active sessions.."), TooManySessions),
    (json_response(403, errors={"base": ["Too many active sessions"]}), TooManySessions),
    (Status(429, body=TOO_MANY_TEXT, content_type="text/plain"), TooManySessions),
    (json_response(token=Gateway().token(serial="202200000002")), WrongGateway),
    (Body(Gateway().token(serial="202200000002").encode()), WrongGateway),
    (Body(Gateway().token(lifetime=-1).encode()), TokenExpired),
    (json_response(401, message="Unauthorized"), NotAToken),
    (Status(403), NotAToken),
    (Status(404), NotAToken),
    *((Status(code), CloudUnavailable) for code in (400, 409, 422, 429, 500, 503)),
    (Status(503, body=ERROR_TEXT), CloudUnavailable),
    (Status(201, body=Gateway().token().encode()), CloudUnavailable),
    (Redirect("https://enlighten.enphaseenergy.com/login", 302), CloudUnavailable),
    (Body(b" " * (SIZE_LIMIT + 1)), CloudUnavailable),
    (Reset(), CloudUnavailable),
    (Truncated(30), CloudUnavailable),
]
no_tokens = pytest.mark.parametrize(("fault", "expected"), NO_TOKENS, ids=short_repr)


@pytest.mark.parametrize("route_a", ["text", "json"])
async def test_route_a(cloud: Cloud, logged_in: EnlightenClient, route_a: RouteAResponse) -> None:
    """The response of route A is the token, or a JSON object that contains it."""
    cloud.route_a_response = route_a
    assert (await logged_in.fetch_token(SERIAL)).role == "owner"
    assert [request.path for request in cloud.requests] == [path(LOGIN), path(ROUTE_A)]


@pytest.mark.parametrize("route_a", ["400", "403", "error_text"])
async def test_route_b(cloud: Cloud, logged_in: EnlightenClient, route_a: RouteAResponse) -> None:
    """If route A fails, route B is used."""
    cloud.route_a_response = route_a
    assert (await logged_in.fetch_token(SERIAL)).role == "owner"
    assert [request.path for request in cloud.requests] == [path(LOGIN), path(ROUTE_A), path(ROUTE_B)]
    assert cloud.requests[-1].cookie


@no_tokens
async def test_no_token_on_route_a(
    cloud: Cloud, logged_in: EnlightenClient, fault: Fault, expected: type[SecctrlError]
) -> None:
    """Route B is used whatever route A responds."""
    cloud.inject(path(ROUTE_A), fault)
    assert (await logged_in.fetch_token(SERIAL)).role == "owner"


@no_tokens
async def test_no_token(cloud: Cloud, logged_in: EnlightenClient, fault: Fault, expected: type[SecctrlError]) -> None:
    """If both routes fail, the exception is that of route B, without any text from the cloud."""
    cloud.inject("*", fault)
    with pytest.raises(expected) as raised:
        await logged_in.fetch_token(SERIAL)
    assert (raised.value.placeholders, raised.value.args) == ({}, (raised.value.translation_key,))
    cloud.clear_faults()
    assert await logged_in.fetch_token(SERIAL)


@pytest.mark.parametrize(
    ("blocked", "expected"),
    [
        (Body(LOGIN_PAGES[0], "text/html"), AccountBlocked),
        (json_response(401, isBlocked=True), AccountBlocked),
        (json_response(403, errors={"base": ["Too many active sessions"]}), TooManySessions),
    ],
    ids=short_repr,
)
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_block_on_route_a(
    cloud: Cloud, logged_in: EnlightenClient, blocked: Fault, expected: type[SecctrlError], status: int
) -> None:
    """If route A says that the account is blocked, a rejection on route B doesn't mean that it has no gateway."""
    cloud.inject(path(ROUTE_A), blocked)
    cloud.inject(path(ROUTE_B), Status(status))
    with pytest.raises(expected):
        await logged_in.fetch_token(SERIAL)
    assert [request.path for request in cloud.requests[-2:]] == [path(ROUTE_A), path(ROUTE_B)]
    cloud.inject(path(ROUTE_B), Status(503))
    with pytest.raises(CloudUnavailable):
        await logged_in.fetch_token(SERIAL)
    cloud.clear_faults()
    assert await logged_in.fetch_token(SERIAL)


async def test_installer(cloud: Cloud, session: ClientSession) -> None:
    """An installer's token is valid for 12 hours."""
    cloud.add_account("installer@example.com", "secret", "installer")
    client = EnlightenClient(session, "installer@example.com", "secret")
    await client.log_in()
    token = await client.fetch_token(SERIAL)
    assert (token.role, token.expires - token.issued) == ("installer", timedelta(seconds=LIFETIMES["installer"]))


async def test_gateway_of_other_account(client: EnlightenClient, logged_in: EnlightenClient) -> None:
    """There is no token for a gateway of a different account."""
    with pytest.raises(NotAToken):
        await logged_in.fetch_token("202200000002")
    assert await logged_in.fetch_token(SERIAL)


async def test_token_without_login(cloud: Cloud, client: EnlightenClient) -> None:
    """There is no token without a login, or after the cloud has forgotten it."""
    with pytest.raises(NotAToken):
        await client.fetch_token(SERIAL)
    await client.log_in()
    cloud.clear_sessions()
    with pytest.raises(NotAToken):
        await client.fetch_token(SERIAL)
    await client.log_in()
    assert await client.fetch_token(SERIAL)


async def test_closed_session(cloud: Cloud, session: ClientSession, client: EnlightenClient) -> None:
    """After the flow was closed, nothing more is sent to the cloud."""
    session.detach()
    with pytest.raises(CloudUnavailable):
        await client.log_in()
    assert cloud.requests == []
