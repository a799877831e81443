"""The cloud side: from an account to a token, and every way in which the cloud says no."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
import json
from types import SimpleNamespace
from typing import Final, override

from aiohttp import ClientSession, CookieJar, TraceConfig, TraceRequestHeadersSentParams
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import SERVER_SOFTWARE, async_create_clientsession
from homeassistant.util import dt as dt_util
from multidict import CIMultiDict
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed_exact

from custom_components.enphase_secctrl.const import SIZE_LIMIT
from custom_components.enphase_secctrl.enlighten import CHECK_CODE, LOGIN, ROUTE_A, ROUTE_B, SEND_CODE, Enlighten
from custom_components.enphase_secctrl.failures import (
    AccountBlocked,
    CloudUnavailable,
    Failure,
    InvalidAuth,
    InvalidCode,
    MfaRequired,
    NotAToken,
    SignInLost,
    TokenExpired,
    TooManySessions,
    WrongGateway,
)
from tests.gateway import (
    Body,
    Cloud,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    Login,
    Redirect,
    Reset,
    RouteA,
    Status,
    Truncated,
)
from tests.gateway.certificates import gateway_identity
from tests.gateway.tokens import LIFETIMES

type Step = Callable[[Enlighten], Coroutine[None, None, None]]
type Sent = list[tuple[str, CIMultiDict[str]]]

SERIAL: Final = "122300000001"
EMAIL: Final = "owner@example.com"
WITH_CODE: Final = "code@example.com"
TOO_LONG: Final = timedelta(seconds=21)
"""Twenty, and as aiohttp rounds them up to a whole second of its clock."""
LOGIN_PAGE: Final = b'<!DOCTYPE html><form action="/login/login"><input name="user[password]" type="password"></form>'
HTML: Final = b"<!DOCTYPE html><html><body>We are down for maintenance</body></html>"


@dataclass(frozen=True)
class Held(Fault):
    """Holds the answer back, and says so."""

    holding: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def hold(self, over: asyncio.Event) -> None:
        """Wait until the fault is cleared."""
        self.holding.set()
        await over.wait()


def path(url: str) -> str:
    """Return the path of one of the cloud's addresses."""
    return "/" + url.split("/", 3)[3]


def said(status: int = 200, **members: object) -> Status:
    """Let the cloud answer a JSON object."""
    return Status(status, body=json.dumps(members).encode(), content_type="application/json")


@pytest.fixture
def sent() -> Sent:
    """What was really sent: host and headers of each request."""
    return []


@pytest.fixture
async def session(hass: HomeAssistant, cloud: Cloud, sent: Sent) -> AsyncGenerator[ClientSession]:
    """A session as the flow makes it, that notes what it sends."""

    async def note(_: ClientSession, __: SimpleNamespace, request: TraceRequestHeadersSentParams) -> None:
        sent.append((str(request.url.host), CIMultiDict(request.headers)))

    trace = TraceConfig()
    trace.on_request_headers_sent.append(note)
    session = async_create_clientsession(hass, verify_ssl=True, cookie_jar=CookieJar(), trace_configs=[trace])
    cloud.add_account(WITH_CODE, "secret", mfa=True)
    yield session
    session.detach()


@pytest.fixture
def owner(session: ClientSession) -> Enlighten:
    """A sign-in of the owner."""
    return Enlighten(session, EMAIL)


@pytest.fixture
async def signed_in(owner: Enlighten) -> Enlighten:
    """The owner, signed in."""
    await owner.log_in("secret")
    return owner


@pytest.fixture
async def half_way(session: ClientSession) -> Enlighten:
    """A sign-in that waits for a code; none was sent yet."""
    enlighten = Enlighten(session, WITH_CODE)
    with pytest.raises(MfaRequired):
        await enlighten.log_in("secret")
    return enlighten


@pytest.fixture
async def code_sent(half_way: Enlighten) -> Enlighten:
    """A sign-in to which a code was sent."""
    await half_way.send_code()
    return half_way


async def start_again(cloud: Cloud, enlighten: Enlighten) -> None:
    """Sign in from the password to the code."""
    with pytest.raises(MfaRequired):
        await enlighten.log_in("secret")
    await enlighten.send_code()
    await enlighten.check_code(cloud.code(WITH_CODE))


OUTAGES = [
    *(Status(code) for code in (400, 403, 404, 406, 429, 500, 502, 503, 504)),
    Status(503, retry_after=30),
    Status(204, body=b""),
    Redirect("https://enlighten.enphaseenergy.com/login", 302),
    Redirect("http://127.0.0.1/"),
    Body(HTML, "text/html"),
    Body(b""),
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
outages = pytest.mark.parametrize("fault", OUTAGES, ids=lambda fault: repr(fault)[:60])


# -- the password


async def test_log_in(cloud: Cloud, owner: Enlighten, sent: Sent) -> None:
    """E-mail address and password are enough for a token; nobody hears of Home Assistant."""
    await owner.log_in("secret")
    token = await owner.fetch_token(SERIAL)
    assert (token.role, token.expires - token.issued) == ("owner", timedelta(days=365))
    assert [(each.method, each.path) for each in cloud.requests] == [("POST", path(LOGIN)), ("POST", path(ROUTE_A))]
    assert [host for host, _ in sent] == ["enlighten.enphaseenergy.com", "entrez.enphaseenergy.com"]
    assert {headers["User-Agent"] for _, headers in sent} == {"enphase-secctrl"}


async def test_success_with_session(cloud: Cloud, owner: Enlighten) -> None:
    """Who has a session needs no code, whatever else is said."""
    cloud.answer(path(LOGIN), said(success=True, session_id="5"), times=1)
    await owner.log_in("secret")
    await owner.log_in("secret")
    assert await owner.fetch_token(SERIAL)


async def test_usual_user_agent(session: ClientSession) -> None:
    """Home Assistant's own name would be refused."""
    async with session.post(LOGIN) as response:
        assert response.status == 406
    assert session.headers["User-Agent"] == SERVER_SOFTWARE


async def test_wrong_password(owner: Enlighten) -> None:
    """A wrong password is the user's to mend."""
    with pytest.raises(InvalidAuth):
        await owner.log_in("wrong")
    await owner.log_in("secret")
    assert await owner.fetch_token(SERIAL)


async def test_unknown_account(session: ClientSession) -> None:
    """So is an account that does not exist."""
    with pytest.raises(InvalidAuth):
        await Enlighten(session, "nobody@example.com").log_in("secret")
    await Enlighten(session, EMAIL).log_in("secret")


@pytest.mark.parametrize(("login", "expected"), [("blocked", AccountBlocked), ("too_many", TooManySessions)])
async def test_not_let_in(cloud: Cloud, owner: Enlighten, login: Login, expected: type[Failure]) -> None:
    """The cloud may keep an account out for a while."""
    cloud.login = login
    with pytest.raises(expected):
        await owner.log_in("secret")
    cloud.login = "ok"
    await owner.log_in("secret")
    assert await owner.fetch_token(SERIAL)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (said(isBlocked=True), AccountBlocked),
        (said(401, message="Invalid", isBlocked=True), AccountBlocked),
        (Body(LOGIN_PAGE, "text/html"), AccountBlocked),
        (Status(403, body=b"\n" + LOGIN_PAGE), AccountBlocked),
        (said(401, message="Too many active sessions.."), TooManySessions),
        (said(429, message="TOO MANY ACTIVE SESSIONS"), TooManySessions),
        (said(401, message="Invalid"), InvalidAuth),
        (Status(401), InvalidAuth),
        (said(success=True, isBlocked=False), MfaRequired),
        (said(success=False, isBlocked=False), CloudUnavailable),
        (said(success=1), CloudUnavailable),
        (said(message="success"), CloudUnavailable),
        (said(message=["success"], session_id=None), CloudUnavailable),
        (said(message="success", session_id=""), CloudUnavailable),
        (said(message="success", session_id=5), CloudUnavailable),
        (said(500, success=True), CloudUnavailable),
    ],
    ids=repr,
)
async def test_answers_to_the_password(cloud: Cloud, owner: Enlighten, fault: Fault, expected: type[Failure]) -> None:
    """Each answer to the login is its own failure, whatever its status."""
    cloud.answer(path(LOGIN), fault)
    with pytest.raises(expected):
        await owner.log_in("secret")
    cloud.clear()
    await owner.log_in("secret")


@outages
async def test_login_in_an_outage(cloud: Cloud, owner: Enlighten, fault: Fault) -> None:
    """An outage is not the user's fault, and nobody is led elsewhere."""
    cloud.answer(path(LOGIN), fault)
    with pytest.raises(CloudUnavailable):
        await owner.log_in("secret")
    assert {each.path for each in cloud.requests} == {path(LOGIN)}
    cloud.clear()
    await owner.log_in("secret")


async def test_cloud_down(cloud: Cloud, owner: Enlighten) -> None:
    """A cloud that refuses connections is one in an outage."""
    cloud.listener.close()
    with pytest.raises(CloudUnavailable):
        await owner.log_in("secret")
    cloud.listener.open()
    await owner.log_in("secret")


async def test_cloud_too_slow(hass: HomeAssistant, cloud: Cloud, owner: Enlighten) -> None:
    """Twenty seconds are the longest wait."""
    held = Held()
    cloud.answer(path(LOGIN), held)
    login = asyncio.create_task(owner.log_in("secret"))
    await held.holding.wait()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + TOO_LONG)
    with pytest.raises(CloudUnavailable):
        await asyncio.wait_for(login, 2)
    cloud.clear()
    await owner.log_in("secret")


async def test_false_certificate(cloud: Cloud, owner: Enlighten) -> None:
    """A password is sent to nobody but the cloud."""
    right = cloud.listener.context
    cloud.listener.context = gateway_identity(now=dt_util.utcnow().timestamp()).context()
    with pytest.raises(CloudUnavailable):
        await owner.log_in("secret")
    assert cloud.requests == []
    cloud.listener.context = right
    await owner.log_in("secret")


# -- the code


@pytest.mark.parametrize("csrf", [False, True])
async def test_code(cloud: Cloud, half_way: Enlighten, sent: Sent, *, csrf: bool) -> None:
    """A code finishes the sign-in; the XSRF cookie is repeated where there is one, and only there."""
    cloud.csrf = csrf
    with pytest.raises(MfaRequired):
        await half_way.log_in("secret")
    await half_way.send_code()
    await half_way.check_code(f" {cloud.code(WITH_CODE)}\n")
    assert await half_way.fetch_token(SERIAL)
    assert ["X-CSRF-Token" in headers for _, headers in sent] == [False, False, csrf, csrf, csrf]


async def test_login_sends_no_code(cloud: Cloud, half_way: Enlighten) -> None:
    """A code is sent on request, and again on request."""
    with pytest.raises(LookupError):
        cloud.code(WITH_CODE)
    await half_way.send_code()
    first = cloud.code(WITH_CODE)
    await half_way.send_code()
    with pytest.raises(InvalidCode):
        await half_way.check_code(first)
    await half_way.check_code(cloud.code(WITH_CODE))


@pytest.mark.parametrize("code", ["", "wrong", "0" * 100, "½", "\u202e1"])
async def test_wrong_code(cloud: Cloud, code_sent: Enlighten, code: str) -> None:
    """A wrong code can be mended without a new one."""
    with pytest.raises(InvalidCode):
        await code_sent.check_code(code)
    await code_sent.check_code(cloud.code(WITH_CODE))
    assert await code_sent.fetch_token(SERIAL)


@pytest.mark.parametrize("step", [Enlighten.send_code, lambda half_way: half_way.check_code("123456")])
async def test_sign_in_lost(cloud: Cloud, code_sent: Enlighten, step: Step) -> None:
    """A cloud that has forgotten the sign-in wants the password again."""
    cloud.forget_sessions()
    with pytest.raises(SignInLost):
        await step(code_sent)
    await start_again(cloud, code_sent)


@pytest.mark.parametrize("step", [Enlighten.send_code, lambda code_sent: code_sent.check_code("123456")])
async def test_code_blocked(cloud: Cloud, code_sent: Enlighten, step: Step) -> None:
    """Too many codes block the account."""
    cloud.code_blocked = True
    with pytest.raises(AccountBlocked):
        await step(code_sent)
    cloud.code_blocked = False
    await code_sent.check_code(cloud.code(WITH_CODE))


async def test_code_too_late(cloud: Cloud, code_sent: Enlighten) -> None:
    """The cookie that goes with a code lives for five minutes; another code brings another cookie."""
    code, now = cloud.code(WITH_CODE), cloud.clock()
    cloud.clock = lambda: now + 301
    with pytest.raises(SignInLost):
        await code_sent.check_code(code)
    await start_again(cloud, code_sent)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (said(401, isValid=False, isBlocked=False), InvalidCode),
        (said(isValid=False, isBlocked=True), AccountBlocked),
        (said(401, message="Unauthorized"), SignInLost),
        (said(message="Too many active sessions.."), TooManySessions),
        (said(isValid=True), CloudUnavailable),
        (said(message="success"), CloudUnavailable),
        (said(500, session_id="5"), CloudUnavailable),
    ],
    ids=repr,
)
async def test_answers_to_the_code(cloud: Cloud, code_sent: Enlighten, fault: Fault, expected: type[Failure]) -> None:
    """Each answer to the code is its own failure."""
    cloud.answer(path(CHECK_CODE), fault)
    with pytest.raises(expected):
        await code_sent.check_code(cloud.code(WITH_CODE))
    cloud.clear()
    await code_sent.check_code(cloud.code(WITH_CODE))


@pytest.mark.parametrize("success", [False, None, "true", 1])
async def test_no_code_sent(cloud: Cloud, half_way: Enlighten, success: object) -> None:
    """Anything but success is none."""
    cloud.answer(path(SEND_CODE), said(success=success))
    with pytest.raises(CloudUnavailable):
        await half_way.send_code()
    cloud.clear()
    await half_way.send_code()


@outages
@pytest.mark.parametrize("step", [Enlighten.send_code, lambda code_sent: code_sent.check_code("123456")])
async def test_code_in_an_outage(cloud: Cloud, code_sent: Enlighten, step: Step, fault: Fault) -> None:
    """A lost answer can have held the newest cookie, so the way back is the password."""
    cloud.answer("*", fault)
    with pytest.raises(CloudUnavailable):
        await step(code_sent)
    cloud.clear()
    await start_again(cloud, code_sent)


# -- the token


NO_TOKENS: Final[list[tuple[Fault, type[Failure]]]] = [
    (Body(HTML, "text/html"), NotAToken),
    (Body(b"\n " + LOGIN_PAGE, "text/html"), NotAToken),
    (Body(b"Error in generating Token", "text/plain"), NotAToken),
    (Body(b""), NotAToken),
    (Body(b"null"), NotAToken),
    (said(), NotAToken),
    (said(token=None), NotAToken),
    (said(token=""), NotAToken),
    (said(token=HTML.decode()), NotAToken),
    (said(token=["eyJ"]), NotAToken),
    (said(message="success"), NotAToken),
    (said(token=Gateway().token(serial="202200000002")), WrongGateway),
    (Body(Gateway().token(serial="202200000002").encode()), WrongGateway),
    (Body(Gateway().token(lifetime=-1).encode()), TokenExpired),
    (said(401, message="Unauthorized"), NotAToken),
    (Status(403), NotAToken),
    (Status(503), CloudUnavailable),
    (Status(201, body=Gateway().token().encode()), CloudUnavailable),
    (Redirect("https://enlighten.enphaseenergy.com/login", 302), CloudUnavailable),
    (Body(b" " * (SIZE_LIMIT + 1)), CloudUnavailable),
    (Reset(), CloudUnavailable),
    (Truncated(30), CloudUnavailable),
]
no_tokens = pytest.mark.parametrize(("fault", "expected"), NO_TOKENS, ids=lambda each: repr(each)[:60])


@pytest.mark.parametrize("route_a", ["text", "json"])
async def test_route_a(cloud: Cloud, signed_in: Enlighten, route_a: RouteA) -> None:
    """The token is the answer, or stands in it."""
    cloud.route_a = route_a
    assert (await signed_in.fetch_token(SERIAL)).role == "owner"
    assert [each.path for each in cloud.requests] == [path(LOGIN), path(ROUTE_A)]


@pytest.mark.parametrize("route_a", ["400", "403", "error_text"])
async def test_route_b(cloud: Cloud, signed_in: Enlighten, route_a: RouteA) -> None:
    """Where the first way leads nowhere, the other one is taken."""
    cloud.route_a = route_a
    assert (await signed_in.fetch_token(SERIAL)).role == "owner"
    assert [each.path for each in cloud.requests] == [path(LOGIN), path(ROUTE_A), path(ROUTE_B)]
    assert cloud.requests[-1].cookie


@no_tokens
async def test_no_token_on_route_a(cloud: Cloud, signed_in: Enlighten, fault: Fault, expected: type[Failure]) -> None:
    """Whatever the first way answers, the other one is taken."""
    cloud.answer(path(ROUTE_A), fault)
    assert (await signed_in.fetch_token(SERIAL)).role == "owner"


@no_tokens
async def test_no_token(cloud: Cloud, signed_in: Enlighten, fault: Fault, expected: type[Failure]) -> None:
    """When both ways fail, the second one says why; the sign-in can be used again."""
    cloud.answer("*", fault)
    with pytest.raises(expected):
        await signed_in.fetch_token(SERIAL)
    cloud.clear()
    assert await signed_in.fetch_token(SERIAL)


async def test_installer(cloud: Cloud, session: ClientSession) -> None:
    """An installer's token ends after half a day; the cloud decides."""
    cloud.add_account("installer@example.com", "secret", "installer")
    enlighten = Enlighten(session, "installer@example.com")
    await enlighten.log_in("secret")
    token = await enlighten.fetch_token(SERIAL)
    assert (token.role, token.expires - token.issued) == ("installer", timedelta(seconds=LIFETIMES["installer"]))


async def test_gateway_of_others(owner: Enlighten, signed_in: Enlighten) -> None:
    """The cloud gives out no token for a gateway that is not the account's."""
    with pytest.raises(NotAToken):
        await signed_in.fetch_token("202200000002")
    assert await signed_in.fetch_token(SERIAL)


async def test_token_without_sign_in(cloud: Cloud, owner: Enlighten) -> None:
    """Nor without a sign-in, or with one that it has forgotten."""
    with pytest.raises(NotAToken):
        await owner.fetch_token(SERIAL)
    await owner.log_in("secret")
    cloud.forget_sessions()
    with pytest.raises(NotAToken):
        await owner.fetch_token(SERIAL)
    await owner.log_in("secret")
    assert await owner.fetch_token(SERIAL)


@pytest.mark.parametrize("fault", [fault for fault, _ in NO_TOKENS], ids=lambda each: repr(each)[:60])
async def test_says_nothing(cloud: Cloud, signed_in: Enlighten, fault: Fault) -> None:
    """No failure repeats what the cloud said or what was sent."""
    cloud.answer("*", fault)
    with pytest.raises(Failure) as refused:
        await signed_in.fetch_token(SERIAL)
    assert (refused.value.placeholders, refused.value.args) == ({}, (refused.value.key,))
