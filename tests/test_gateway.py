"""The LAN side: addresses, what each answer means, and what is sent to whom."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
import logging
from typing import Final, override

from aiohttp import DummyCookieJar
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed_exact

from custom_components.enphase_secctrl.const import LOGGER, SIZE_LIMIT
from custom_components.enphase_secctrl.failures import (
    CannotConnect,
    CertificateChanged,
    Failure,
    InvalidAuth,
    InvalidHost,
    NoSecctrl,
    UnexpectedAnswer,
    UnsupportedFirmware,
    WrongGateway,
)
from custom_components.enphase_secctrl.gateway import CHECK_JWT, INFO, SECCTRL, Gateway as Client, base_url
from tests.conftest import Internet
from tests.gateway import (
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
    State,
    Status,
    Truncated,
    payload_bytes,
)
from tests.gateway.exchange import Reply, Wire

type Connect = Callable[..., Client]

SOON: Final = timedelta(seconds=9)
TOO_LONG: Final = timedelta(seconds=11)
"""Ten, and as aiohttp rounds them up to a whole second of its clock."""


@dataclass(frozen=True)
class Headers(Fault):
    """Adds headers to the answer."""

    added: tuple[tuple[str, str], ...]

    @override
    def change(self, reply: Reply) -> Reply:
        """Return the reply with them, and without its own cookie."""
        return replace(reply, headers=self.added)


@dataclass(frozen=True)
class Held(Fault):
    """Holds the answer back, and says so."""

    holding: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def hold(self, over: asyncio.Event) -> None:
        """Wait until the fault is cleared."""
        self.holding.set()
        await over.wait()


@dataclass(frozen=True)
class Halted(Held):
    """Stops in the body, and says so."""

    @override
    async def hold(self, over: asyncio.Event) -> None:
        """Wait for nothing yet."""

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        """Send half of the answer."""
        self.holding.set()
        return await Stall(len(reply.body) // 2).send(reply, wire)


@dataclass(frozen=True)
class Crowd(Delay):
    """Takes a gateway's time for each answer, and counts who waits."""

    waiting: list[int] = field(default_factory=list)
    most: list[int] = field(default_factory=list)

    @override
    async def hold(self, over: asyncio.Event) -> None:
        """Wait, and note how many do."""
        self.waiting.append(1)
        self.most.append(len(self.waiting))
        await super().hold(over)
        self.waiting.pop()


@pytest.fixture
def connect(hass: HomeAssistant, gateway: Gateway) -> Connect:
    """Make a client for the gateway, as the coordinator does; it knows the serial and a token."""

    def connect(
        host: str = gateway.host,
        serial: str | None = gateway.serial,
        token: str = gateway.token(),
        certificate: bytes | None = None,
    ) -> Client:
        session = async_create_clientsession(hass, verify_ssl=False, cookie_jar=DummyCookieJar())
        return Client(session, host, serial=serial, token=token, certificate=certificate)

    return connect


def asked(gateway: Gateway) -> list[tuple[str, bool, bool, int]]:
    """Return path, bearer?, cookie? and status of each request, and forget them."""
    requests = [(each.path, each.bearer, each.cookie, each.status) for each in gateway.requests]
    gateway.requests.clear()
    return requests


def failure(expected: Failure) -> pytest.RaisesExc[Failure]:
    """Expect exactly this failure, with what it carries."""
    return pytest.raises(type(expected), check=lambda err: vars(err) == vars(expected))


def report(gateway: Gateway) -> bytes:
    """Return what the gateway answers on secctrl."""
    return payload_bytes(gateway.payload)


# -- addresses


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("envoy.local", "https://envoy.local"),
        ("  Envoy.local\n", "https://envoy.local"),
        ("envoy_1", "https://envoy_1"),
        ("192.168.1.20", "https://192.168.1.20"),
        ("192.168.1.20:8443", "https://192.168.1.20:8443"),
        ("HTTPS://Envoy.local", "https://envoy.local"),
        ("envoy.local:443", "https://envoy.local"),
        ("envoy.local:80", "https://envoy.local"),
        ("http://envoy.local", "https://envoy.local"),
        ("http://192.168.1.20:80/home#overview", "https://192.168.1.20"),
        ("https://envoy.local:8443/ivp/ensemble/secctrl?x=1", "https://envoy.local:8443"),
        ("https://user:secret@envoy.local/", "https://envoy.local"),
        ("fe80::1", "https://[fe80::1]"),
        ("fe80::1%eth0", "https://[fe80::1%eth0]"),
        ("[fe80::1]", "https://[fe80::1]"),
        ("[fe80::1]:8443", "https://[fe80::1]:8443"),
        ("http://[2001:db8::1]:80/home", "https://[2001:db8::1]"),
    ],
)
def test_base_url(host: str, url: str) -> None:
    """However somebody says it, it is the host's HTTPS."""
    assert str(base_url(host)) == url


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "my envoy",
        "<script>",
        "envoy,local",
        "envoy\\home",
        "/home",
        "?x",
        "user@",
        "https://",
        "://envoy",
        "ftp://envoy.local",
        "javascript://envoy.local",
        "http://http://envoy.local",
        "envoy:port",
        "envoy:99999",
        "envoy:-1",
        "envoy:80:80",
        "[fe80::1",
        "[envoy]",
        "fe80::1/home",
        "fe80::12345",
        "https:/envoy",
        "en\nvoy",
        "envoy%41",
        "a..b",
        ".",
        "x" * 64 + ".local",
        ".".join(["x" * 60] * 5),
    ],
)
def test_invalid_host(host: str) -> None:
    """What names no host is refused before anybody is asked."""
    with pytest.raises(InvalidHost):
        base_url(host)


@pytest.mark.parametrize("host", ["envoy.local", "192.168.1.20:8443", "fe80::1", "[fe80::1]:8443"])
def test_what_is_kept_means_the_same(host: str) -> None:
    """The short form that an entry keeps leads to the same gateway."""
    url = base_url(host)
    assert base_url(url.host_port_subcomponent or "") == url


# -- what an answer means

BUSY = [
    *((Status(code), CannotConnect()) for code in (429, 500, 502, 503, 504)),
    (Status(503, retry_after=30), CannotConnect(retry_after=30)),
    (Status(429, retry_after=5), CannotConnect(retry_after=5)),
    (Status(502, retry_after=0), CannotConnect(retry_after=0)),
]
BROKEN = [
    (Reset(), CannotConnect()),
    (Reset(before=False), CannotConnect()),
    (EarlyClose(), CannotConnect()),
    (Garbage(), CannotConnect()),
    (Truncated(20), CannotConnect()),
    (Headers((("Content-Encoding", "gzip"),)), CannotConnect()),
    (Headers((("Retry-After", "9" * 70_000),)), CannotConnect()),
]
STRANGE = [
    *((Status(code), UnexpectedAnswer(f"HTTP {code}")) for code in (400, 406, 418)),
    (Status(204, body=b""), UnexpectedAnswer("HTTP 204")),
    (Redirect("https://127.0.0.1/home"), UnexpectedAnswer("HTTP 301")),
    (Redirect("/home", 302), UnexpectedAnswer("HTTP 302")),
    (Body(b" " * (SIZE_LIMIT + 1)), UnexpectedAnswer("> 64 kB")),
]
WHOLE_STATUS = b'{"counters": {}, "secctrl": {"agg_soc": 50, "freq_bias_hz": 0.5}, "relay": {}}'
NO_REPORT = [
    (b"<html><body>Sign in</body></html>", "HTML"),
    (b"", "0 bytes"),
    (b"Resource busy, please retry after 30 seconds", "not JSON"),
    (b'{"agg_soc": 50,}', "not JSON"),
    (b'{"agg_soc": 5', "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[" * 60_000, "not JSON"),
    (b'[{"agg_soc": 50}]', "JSON (list)"),
    (b"null", "JSON (NoneType)"),
    (b'{ "error" : "404 - Not Found" }', "JSON without agg_soc and freq_bias_hz"),
    (WHOLE_STATUS, "JSON without agg_soc and freq_bias_hz"),
]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *BUSY,
        *BROKEN,
        *STRANGE,
        *((Status(code), UnexpectedAnswer(f"HTTP {code}")) for code in (401, 403, 404)),
        (Body(b"<html><body>Sign in</body></html>"), UnexpectedAnswer("XML without serial and software")),
        (Body(b""), UnexpectedAnswer("no XML")),
        (Body(b"<envoy_info/>"), UnexpectedAnswer("XML without serial and software")),
    ],
    ids=repr,
)
async def test_info_fails(gateway: Gateway, connect: Connect, fault: Fault, expected: Failure) -> None:
    """Each way for `/info` to fail is its own failure, and none sends a token."""
    client = connect()
    gateway.answer(INFO, fault)
    with failure(expected):
        await client.secctrl()
    assert {request[:3] for request in asked(gateway)} == {(INFO, False, False)}
    gateway.clear()
    assert (await client.secctrl()).body == report(gateway)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *BUSY,
        *BROKEN,
        *STRANGE,
        (Status(404), NoSecctrl()),
        *((Body(body), UnexpectedAnswer(answer)) for body, answer in NO_REPORT),
    ],
    ids=repr,
)
async def test_secctrl_fails(gateway: Gateway, connect: Connect, fault: Fault, expected: Failure) -> None:
    """Each way for secctrl to fail is its own failure; the next poll begins with `/info`."""
    client = connect()
    await client.secctrl()
    gateway.answer(SECCTRL, fault)
    with failure(expected):
        await client.secctrl()
    gateway.clear()
    asked(gateway)
    assert (await client.secctrl()).body == report(gateway)
    assert asked(gateway) == [(INFO, False, False, 200), (SECCTRL, True, True, 200)]


@pytest.mark.parametrize("header", ["soon", "-1", "1.5", "", "9" * 10, "Wed, 21 Oct 2026 07:28:00 GMT", "٣"])
async def test_odd_retry_after(gateway: Gateway, connect: Connect, header: str) -> None:
    """A wait that is not said in seconds is none."""
    client = connect()
    gateway.answer("*", Status(503), Headers((("Retry-After", header),)))
    with failure(CannotConnect()):
        await client.secctrl()
    gateway.clear()
    assert await client.secctrl()


@pytest.mark.parametrize("state", ["refused", "bad_gateway"])
async def test_restart(gateway: Gateway, connect: Connect, state: State) -> None:
    """A gateway that restarts is asked again until it answers, with its new firmware."""
    client = connect()
    await client.secctrl()
    await gateway.reboot("8.3.5433")
    gateway.state = state
    with failure(CannotConnect()):
        await client.secctrl()
    gateway.state = "up"
    assert await client.secctrl()
    assert client.identity
    assert client.identity.firmware == "8.3.5433"


async def test_overloaded(gateway: Gateway, connect: Connect) -> None:
    """A gateway says for how long it wants to be left alone."""
    client = connect()
    gateway.state = "overloaded"
    with failure(CannotConnect(retry_after=30)):
        await client.secctrl()
    gateway.state = "up"
    assert await client.secctrl()


async def test_plain_http(gateway: Gateway, connect: Connect) -> None:
    """What speaks no TLS gets no request."""
    client = connect()
    gateway.plain_http(True)
    with failure(CannotConnect()):
        await client.secctrl()
    gateway.plain_http(False)
    assert gateway.requests == []
    assert await client.secctrl()


async def test_name(internet: Internet, gateway: Gateway, connect: Connect) -> None:
    """A name that nobody knows is as good as a gateway that is off, until somebody does."""
    client = connect(host="envoy.local")
    with failure(CannotConnect()):
        await client.secctrl()
    internet.ports["envoy.local"] = (gateway.port,)
    await client.secctrl()
    await client.secctrl()
    assert asked(gateway)[-1] == (SECCTRL, True, True, 200)


async def test_debug_log(gateway: Gateway, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The log says what kind of failure it was, and no more."""
    caplog.set_level(logging.DEBUG, LOGGER.name)
    with failure(CannotConnect()):
        await connect(host="nobody.local").secctrl()
    await gateway.pause()
    with failure(CannotConnect()):
        await connect().secctrl()
    await gateway.resume()
    gateway.answer(INFO, EarlyClose())
    with failure(CannotConnect()):
        await connect().secctrl()
    kinds = ("ClientConnectorDNSError", "ClientConnectorError", "ServerDisconnectedError")
    said = [record.getMessage() for record in caplog.records if record.name == LOGGER.name]
    assert said == [f"No answer to /info: {kind}" for kind in kinds]
    gateway.clear()
    assert await connect().secctrl()


@pytest.mark.parametrize("fault", [Held, Halted])
@pytest.mark.parametrize("path", [INFO, SECCTRL])
async def test_too_slow(
    hass: HomeAssistant, gateway: Gateway, connect: Connect, path: str, fault: Callable[[], Held]
) -> None:
    """Ten seconds are the longest wait, for the headers or in the body."""
    client, held = connect(), fault()
    gateway.answer(path, held)
    poll = asyncio.create_task(client.secctrl())
    await held.holding.wait()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + SOON)
    await asyncio.sleep(0)
    assert not poll.done()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + TOO_LONG)
    with failure(CannotConnect()):
        await asyncio.wait_for(poll, 2)
    gateway.clear()
    assert await client.secctrl()


async def test_stalled_handshake(hass: HomeAssistant, gateway: Gateway, connect: Connect) -> None:
    """The same holds for a gateway that accepts and never shakes hands."""
    client = connect()
    gateway.stall_tls(on=True)
    poll = asyncio.create_task(client.secctrl())
    for _ in range(10):
        await asyncio.sleep(0)  # it gets its turns to connect
    async_fire_time_changed_exact(hass, dt_util.utcnow() + TOO_LONG)
    with failure(CannotConnect()):
        await asyncio.wait_for(poll, 2)
    gateway.stall_tls(on=False)
    assert await client.secctrl()


@pytest.mark.parametrize(
    "fault", [Chunked(), NoContentLength(), ConnectionClose(), ContentType("text/html"), Delay(0.02)]
)
async def test_harmless(gateway: Gateway, connect: Connect, fault: Fault) -> None:
    """How an answer travels, and what it says it is, does not matter."""
    client = connect()
    gateway.answer("*", fault)
    assert (await client.secctrl()).body == report(gateway)
    assert (await client.secctrl()).body == report(gateway)


async def test_unsupported_firmware(gateway: Gateway, connect: Connect) -> None:
    """Old firmware is told by `/info`; an update mends it."""
    client = connect()
    gateway.firmware = "5.0.62"
    with failure(UnsupportedFirmware()):
        await client.secctrl()
    assert asked(gateway) == [(INFO, False, False, 200)]
    gateway.firmware = "7.0.120"
    assert await client.secctrl()


# -- what is sent, and to whom


async def test_requests(gateway: Gateway, connect: Connect) -> None:
    """Two requests at first, one for each poll, on one connection, in one session."""
    client = connect()
    for _ in range(3):
        await client.secctrl()
    assert len({each.connection for each in gateway.requests}) == 1
    assert asked(gateway) == [
        (INFO, False, False, 200),
        (SECCTRL, True, False, 200),
        (SECCTRL, True, True, 200),
        (SECCTRL, True, True, 200),
    ]
    assert len(gateway.door.sessions) == 1


async def test_same_report(gateway: Gateway, connect: Connect) -> None:
    """The same bytes are the same report; other ones are not."""
    client = connect()
    first = await client.secctrl()
    assert await client.secctrl() is first
    gateway.payload["agg_soc"] = 99
    assert (await client.secctrl()).payload["agg_soc"] == 99


async def test_learns_who_it_is(gateway: Gateway, connect: Connect) -> None:
    """A client that knows no serial takes the first one, and then keeps to it."""
    client = connect(serial=None)
    found = await client.identify()
    assert (found.serial, found.firmware, found.part_number) == (gateway.serial, "8.2.127", "800-00654-r08")
    gateway.serial = "202200000002"
    with failure(WrongGateway()):
        await client.secctrl()
    assert asked(gateway) == [(INFO, False, False, 200)] * 2
    gateway.serial = found.serial
    assert await client.secctrl()


async def test_other_gateway_at_the_address(gateway: Gateway, connect: Connect) -> None:
    """Another gateway gets neither token nor cookie, and the cookie is not used again."""
    client, serial = connect(), gateway.serial
    await client.secctrl()
    gateway.answer(SECCTRL, Status(502))
    with failure(CannotConnect()):
        await client.secctrl()
    gateway.clear()
    asked(gateway)
    gateway.serial = "202200000002"
    with failure(WrongGateway()):
        await client.secctrl()
    gateway.serial = serial
    await client.secctrl()
    assert asked(gateway) == [(INFO, False, False, 200), (INFO, False, False, 200), (SECCTRL, True, False, 200)]


async def test_session_ends(gateway: Gateway, connect: Connect) -> None:
    """The token opens a new session when the old one is forgotten."""
    client = connect()
    await client.secctrl()
    gateway.forget_sessions()
    await client.secctrl()
    await client.secctrl()
    assert len(gateway.requests) == 4
    assert len(gateway.door.sessions) == 1


async def test_token_taken_elsewhere(gateway: Gateway, connect: Connect) -> None:
    """Firmware 7.0.88 takes a bare token on check_jwt only, and its cookie from then on."""
    client = connect()
    gateway.firmware = "7.0.88"
    await client.secctrl()
    await client.secctrl()
    gateway.forget_sessions()
    await client.secctrl()
    assert asked(gateway) == [
        (INFO, False, False, 200),
        (SECCTRL, True, False, 401),
        (CHECK_JWT, True, False, 200),
        (SECCTRL, True, True, 200),
        (SECCTRL, True, True, 200),
        (SECCTRL, True, True, 401),
        (INFO, False, False, 200),
        (CHECK_JWT, True, False, 200),
        (SECCTRL, True, True, 200),
    ]


async def test_revoked_token(gateway: Gateway, connect: Connect) -> None:
    """A token that check_jwt refuses too is no longer good; a new one is."""
    client = connect()
    await client.secctrl()
    gateway.revoke(client.token)
    asked(gateway)
    with failure(InvalidAuth()):
        await client.secctrl()
    assert asked(gateway) == [
        (SECCTRL, True, True, 401),
        (INFO, False, False, 200),
        (CHECK_JWT, True, False, 401),
    ]
    client.token = gateway.token()
    assert await client.secctrl()


@pytest.mark.parametrize("refusal", [401, 403])
async def test_refused_in_spite_of_a_valid_token(gateway: Gateway, connect: Connect, refusal: int) -> None:
    """A token that is good elsewhere can still be refused here."""
    client = connect()
    gateway.answer(SECCTRL, Status(refusal))
    with failure(InvalidAuth()):
        await client.secctrl()
    assert [request[0] for request in asked(gateway)] == [INFO, SECCTRL, CHECK_JWT, SECCTRL]
    gateway.clear()
    assert await client.secctrl()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *BUSY,
        *BROKEN,
        *((Status(code), InvalidAuth()) for code in (401, 403, 404, 418)),
        (Redirect("/login.html", 302), InvalidAuth()),
    ],
    ids=repr,
)
async def test_check_jwt_fails(gateway: Gateway, connect: Connect, fault: Fault, expected: Failure) -> None:
    """A gateway too busy to check the token has not refused it."""
    client = connect()
    gateway.firmware = "7.0.88"
    gateway.answer(CHECK_JWT, fault)
    with failure(expected):
        await client.secctrl()
    gateway.clear()
    assert await client.secctrl()


@pytest.mark.parametrize("cookie", ['"a b"', '"a;b"', '"é"', "x" * 4097, ""])
async def test_odd_cookie(gateway: Gateway, connect: Connect, cookie: str) -> None:
    """A cookie that could break the next request is not sent back; the token still is."""
    client = connect()
    gateway.answer(SECCTRL, Headers((("Set-Cookie", f"sessionId={cookie}; path=/"),)))
    await client.secctrl()
    await client.secctrl()
    assert [request[1:3] for request in asked(gateway)[1:]] == [(True, False), (True, False)]
    gateway.clear()
    await client.secctrl()
    await client.secctrl()
    assert asked(gateway)[-1] == (SECCTRL, True, True, 200)


async def test_cookie_of_strangers(gateway: Gateway, connect: Connect) -> None:
    """What `/info` or a refusal set is no session."""
    client = connect()
    stranger = Headers((("Set-Cookie", "sessionId=stranger"),))
    gateway.answer(INFO, stranger)
    gateway.answer(SECCTRL, Status(502), stranger, times=1)
    with failure(CannotConnect()):
        await client.secctrl()
    await client.secctrl()
    assert not any(cookie for _, _, cookie, _ in asked(gateway))


@pytest.mark.parametrize("spelling", ["{}", "https://{}/home", "http://{}"])
async def test_one_request_in_flight(gateway: Gateway, connect: Connect, spelling: str) -> None:
    """Two clients of one gateway take turns, however its address is written."""
    crowd = Crowd(0.02)
    gateway.answer("*", crowd)
    reports = await asyncio.gather(connect().secctrl(), connect(host=spelling.format(gateway.host)).secctrl())
    assert reports[0] == reports[1]
    assert crowd.most == [1, 1, 1, 1]


async def test_turn_after_a_failure(hass: HomeAssistant, gateway: Gateway, connect: Connect) -> None:
    """Who gives up, or is told to, leaves the turn to the next."""
    held = Held()
    gateway.answer(INFO, held, times=1)
    given_up = asyncio.create_task(connect().secctrl())
    await held.holding.wait()
    given_up.cancel()
    assert await connect().secctrl()


# -- the pinned certificate


async def test_pinned_certificate(gateway: Gateway, connect: Connect) -> None:
    """Another certificate than the pinned one gets nothing at all."""
    client = connect(certificate=gateway.fingerprint)
    assert await connect().certificate() == gateway.fingerprint
    await client.secctrl()
    gateway.new_certificate()
    await gateway.pause()
    await gateway.resume()
    asked(gateway)
    with failure(CertificateChanged(gateway.fingerprint)):
        await client.secctrl()
    assert asked(gateway) == []
    assert await connect(certificate=gateway.fingerprint).secctrl()


async def test_pinned_certificate_of_a_name(gateway: Gateway, connect: Connect, internet: Internet) -> None:
    """Another certificate at one address of a name is told of, though nobody answers at the next one."""
    internet.ports["envoy.local"] = (gateway.port, 1)
    client = connect("envoy.local", certificate=gateway.fingerprint)
    assert await connect("envoy.local").certificate() == gateway.fingerprint
    assert await client.secctrl()
    gateway.new_certificate()
    await gateway.pause()
    with failure(CannotConnect()):
        await client.secctrl()
    await gateway.resume()
    with failure(CertificateChanged(gateway.fingerprint)):
        await client.secctrl()
    await gateway.pause()
    with failure(CannotConnect()):
        await client.secctrl()
    await gateway.resume()
    gateway.first_certificate()
    assert await client.secctrl()


async def test_certificate_of_nobody(gateway: Gateway, connect: Connect) -> None:
    """Who does not speak TLS shows no certificate, and is sent nothing."""
    client = connect()
    gateway.plain_http(True)
    with failure(CannotConnect()):
        await client.certificate()
    gateway.plain_http(False)
    assert await client.certificate() == gateway.fingerprint
    assert asked(gateway) == []


async def test_expired_certificate(gateway: Gateway, connect: Connect) -> None:
    """Who pins nothing does not care for names and dates: gateways sign their own."""
    gateway.new_certificate(expired=True)
    assert await connect().secctrl()
