"""The LAN client: which exception each response is, and what is sent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed_exact

from custom_components.enphase_secctrl.client.exceptions import (
    CannotConnect,
    CertificateChanged,
    InvalidAuth,
    NoSecctrl,
    SecctrlError,
    UnexpectedResponse,
    UnsupportedFirmware,
    WrongGateway,
)
from custom_components.enphase_secctrl.client.gateway import CHECK_JWT, INFO, SECCTRL
from custom_components.enphase_secctrl.client.response import SIZE_LIMIT
from custom_components.enphase_secctrl.const import LOGGER
from tests.client.conftest import Connect, SentHeaders
from tests.emulator import (
    Body,
    Chunked,
    ConnectionClose,
    ContentType,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    NoContentLength,
    OperatingState,
    Redirect,
    Reset,
    Status,
    Truncated,
)
from tests.faults import Headers, Held, HeldBody, run_client
from tests.network import FakeNetwork

BEFORE_TIMEOUT: Final = timedelta(seconds=9)
AFTER_TIMEOUT: Final = timedelta(seconds=11)
"""The timeout is 10 s, and aiohttp rounds up to whole seconds."""


@dataclass(frozen=True)
class ConcurrencyCounter(Fault):
    """Counts how many requests are being processed, whenever one arrives."""

    active: list[None] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    @override
    async def before_response(self, cleared: asyncio.Event) -> None:
        """Count, and give other requests the time to arrive."""
        self.active.append(None)
        self.counts.append(len(self.active))
        for _ in range(200):
            await asyncio.sleep(0)
        self.active.pop()


def take_requests(gateway: Gateway) -> list[tuple[str, bool, bool, int]]:
    """Return the path, whether there was a token and a cookie, and the status of each request, and clear the log."""
    requests = [(each.path, each.bearer, each.cookie, each.status) for each in gateway.requests]
    gateway.requests.clear()
    return requests


def raises(expected: SecctrlError) -> pytest.RaisesExc[SecctrlError]:
    """Expect an exception of the same class with the same attributes."""
    return pytest.raises(type(expected), check=lambda err: vars(err) == vars(expected))


# --- Responses

BUSY_ERRORS = [
    *((Status(code), CannotConnect()) for code in (429, 500, 502, 503, 504)),
    (Status(503, retry_after=30), CannotConnect(retry_after=30)),
    (Status(429, retry_after=5), CannotConnect(retry_after=5)),
    (Status(502, retry_after=0), CannotConnect(retry_after=0)),
]
CONNECTION_ERRORS = [
    (Reset(), CannotConnect()),
    (Reset(before=False), CannotConnect()),
    (EarlyClose(), CannotConnect()),
    (Garbage(), CannotConnect()),
    (Truncated(20), CannotConnect()),
    (Headers((("Content-Encoding", "gzip"),)), CannotConnect()),
    (Headers((("Retry-After", "9" * 70_000),)), CannotConnect()),
]
UNEXPECTED_RESPONSES = [
    *((Status(code), UnexpectedResponse(f"HTTP {code}")) for code in (400, 406, 418)),
    (Status(204, body=b""), UnexpectedResponse("HTTP 204")),
    (Redirect("https://127.0.0.1/home"), UnexpectedResponse("HTTP 301")),
    (Redirect("/home", 302), UnexpectedResponse("HTTP 302")),
    (Body(b" " * (SIZE_LIMIT + 1)), UnexpectedResponse("> 64 kB")),
]
STATUS_BODY = b'{"counters": {}, "secctrl": {"agg_soc": 50, "freq_bias_hz": 0.5}, "relay": {}}'
INVALID_REPORTS = [
    (b"<html><body>Sign in</body></html>", "HTML"),
    (b"", "0 bytes"),
    (b"Resource busy, please retry after 30 seconds", "not JSON"),
    (b'{"agg_soc": 50,}', "not JSON"),
    (b'{"agg_soc": 5', "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[" * 60_000, "not JSON"),
    (b'[{"agg_soc": 50}]', "JSON (list)"),
    (b"null", "JSON (NoneType)"),
    (b'{ "error" : "404 - Not Found" }', "JSON with neither agg_soc nor freq_bias_hz"),
    (STATUS_BODY, "JSON with neither agg_soc nor freq_bias_hz"),
]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *BUSY_ERRORS,
        *CONNECTION_ERRORS,
        *UNEXPECTED_RESPONSES,
        *((Status(code), UnexpectedResponse(f"HTTP {code}")) for code in (401, 403, 404)),
        (
            Body(b"<html><body>Sign in</body></html>"),
            UnexpectedResponse("XML without a serial number or software version"),
        ),
        (Body(b""), UnexpectedResponse("not XML")),
        (Body(b"<envoy_info/>"), UnexpectedResponse("XML without a serial number or software version")),
    ],
    ids=repr,
)
async def test_info_fails(gateway: Gateway, connect: Connect, fault: Fault, expected: SecctrlError) -> None:
    """Each way in which `/info` fails has its own exception, and no token is sent."""
    client = connect()
    gateway.inject(INFO, fault)
    with raises(expected):
        await client.read_report()
    assert {request[:3] for request in take_requests(gateway)} == {(INFO, False, False)}
    gateway.clear_faults()
    assert (await client.read_report()).body == gateway.secctrl_body()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *BUSY_ERRORS,
        *CONNECTION_ERRORS,
        *UNEXPECTED_RESPONSES,
        (Status(404), NoSecctrl()),
        *((Body(body), UnexpectedResponse(description)) for body, description in INVALID_REPORTS),
    ],
    ids=repr,
)
async def test_secctrl_fails(gateway: Gateway, connect: Connect, fault: Fault, expected: SecctrlError) -> None:
    """Each way in which secctrl fails has its own exception, and the next poll begins with `/info`."""
    client = connect()
    await client.read_report()
    gateway.inject(SECCTRL, fault)
    with raises(expected):
        await client.read_report()
    gateway.clear_faults()
    take_requests(gateway)
    assert (await client.read_report()).body == gateway.secctrl_body()
    assert take_requests(gateway) == [(INFO, False, False, 200), (SECCTRL, True, True, 200)]


@pytest.mark.parametrize("state", ["refused", "bad_gateway"])
async def test_restart(gateway: Gateway, connect: Connect, state: OperatingState) -> None:
    """A gateway that restarts is polled until it responds; its new firmware is known then."""
    client = connect()
    await client.read_report()
    await gateway.reboot("8.3.5433")
    gateway.state = state
    with raises(CannotConnect()):
        await client.read_report()
    gateway.state = "up"
    assert await client.read_report()
    assert client.info
    assert client.info.firmware == "8.3.5433"


async def test_overloaded(gateway: Gateway, connect: Connect) -> None:
    """The exception has the Retry-After header of an overloaded gateway."""
    client = connect()
    gateway.state = "overloaded"
    with raises(CannotConnect(retry_after=30)):
        await client.read_report()
    gateway.state = "up"
    assert await client.read_report()


async def test_plain_http(gateway: Gateway, connect: Connect) -> None:
    """A server without TLS receives no request."""
    client = connect()
    gateway.set_plain_http(True)
    with raises(CannotConnect()):
        await client.read_report()
    gateway.set_plain_http(False)
    assert gateway.requests == []
    assert await client.read_report()


async def test_unknown_hostname(network: FakeNetwork, gateway: Gateway, connect: Connect) -> None:
    """A hostname that can't be resolved is an error until it can."""
    client = connect(host="envoy.local")
    with raises(CannotConnect()):
        await client.read_report()
    network.ports["envoy.local"] = (gateway.port,)
    await client.read_report()
    await client.read_report()
    assert take_requests(gateway)[-1] == (SECCTRL, True, True, 200)


async def test_debug_log(gateway: Gateway, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The debug log has the class of aiohttp's exception, and nothing more."""
    caplog.set_level(logging.DEBUG, LOGGER.name)
    with raises(CannotConnect()):
        await connect(host="nobody.local").read_report()
    await gateway.pause()
    with raises(CannotConnect()):
        await connect().read_report()
    await gateway.resume()
    gateway.inject(INFO, EarlyClose())
    with raises(CannotConnect()):
        await connect().read_report()
    kinds = ("ClientConnectorDNSError", "ClientConnectorError", "ServerDisconnectedError")
    messages = [record.getMessage() for record in caplog.records if record.name.startswith(LOGGER.name)]
    assert messages == [f"Request for /info failed: {kind}" for kind in kinds]
    gateway.clear_faults()
    assert await connect().read_report()


@pytest.mark.parametrize("fault", [Held, HeldBody])
@pytest.mark.parametrize("path", [INFO, SECCTRL])
async def test_timeout(
    hass: HomeAssistant, gateway: Gateway, connect: Connect, path: str, fault: Callable[[], Held]
) -> None:
    """A request times out after 10 seconds, waiting for the headers or for the body."""
    client, held = connect(), fault()
    gateway.inject(path, held)
    poll = asyncio.create_task(client.read_report())
    await held.holding.wait()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + BEFORE_TIMEOUT)
    await asyncio.sleep(0)
    assert not poll.done()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + AFTER_TIMEOUT)
    with raises(CannotConnect()):
        await asyncio.wait_for(poll, 2)
    gateway.clear_faults()
    assert await client.read_report()


async def test_timeout_of_handshake(hass: HomeAssistant, gateway: Gateway, connect: Connect) -> None:
    """A TLS handshake that never finishes times out too."""
    client = connect()
    gateway.set_stall_tls(on=True)
    poll = asyncio.create_task(client.read_report())
    await run_client()
    async_fire_time_changed_exact(hass, dt_util.utcnow() + AFTER_TIMEOUT)
    with raises(CannotConnect()):
        await asyncio.wait_for(poll, 2)
    gateway.set_stall_tls(on=False)
    assert await client.read_report()


@pytest.mark.parametrize(
    "fault",
    [Chunked(), NoContentLength(), ConnectionClose(), ContentType("text/html")],
)
async def test_other_framing(gateway: Gateway, connect: Connect, fault: Fault) -> None:
    """The framing and the content type of a response make no difference."""
    client = connect()
    gateway.inject("*", fault)
    assert (await client.read_report()).body == gateway.secctrl_body()
    assert (await client.read_report()).body == gateway.secctrl_body()


async def test_unsupported_firmware(gateway: Gateway, connect: Connect) -> None:
    """Firmware before version 7 is an error until it is updated."""
    client = connect()
    gateway.firmware = "5.0.62"
    with raises(UnsupportedFirmware()):
        await client.read_report()
    assert take_requests(gateway) == [(INFO, False, False, 200)]
    gateway.firmware = "7.0.120"
    assert await client.read_report()


# --- Requests


async def test_requests(gateway: Gateway, connect: Connect) -> None:
    """The first poll is two requests, each later one is one, all in one connection and session."""
    client = connect()
    for _ in range(3):
        await client.read_report()
    assert len({each.connection for each in gateway.requests}) == 1
    assert take_requests(gateway) == [
        (INFO, False, False, 200),
        (SECCTRL, True, False, 200),
        (SECCTRL, True, True, 200),
        (SECCTRL, True, True, 200),
    ]
    assert len(gateway.sessions) == 1


async def test_encoding(connect: Connect, sent_headers: SentHeaders) -> None:
    """The gateway is asked not to compress its responses."""
    await connect().read_report()
    assert [headers.getall("Accept-Encoding") for headers in sent_headers] == [["identity"], ["identity"]]


async def test_same_report(gateway: Gateway, connect: Connect) -> None:
    """The same bytes are the same report object."""
    client = connect()
    first = await client.read_report()
    assert await client.read_report() is first
    gateway.payload["agg_soc"] = 99
    assert (await client.read_report()).payload["agg_soc"] == 99


async def test_unknown_serial(gateway: Gateway, connect: Connect) -> None:
    """A client that wasn't given a serial number takes the first one, and accepts no other later."""
    client = connect(serial=None)
    info = await client.read_info()
    assert (info.serial, info.firmware, info.part_number) == (gateway.serial, "8.2.127", "800-00654-r08")
    gateway.serial = "202200000002"
    with raises(WrongGateway()):
        await client.read_report()
    assert take_requests(gateway) == [(INFO, False, False, 200)] * 2
    gateway.serial = info.serial
    assert await client.read_report()


async def test_wrong_gateway(gateway: Gateway, connect: Connect) -> None:
    """A different gateway receives neither token nor cookie, and the cookie isn't used again."""
    client, serial = connect(), gateway.serial
    await client.read_report()
    gateway.inject(SECCTRL, Status(502))
    with raises(CannotConnect()):
        await client.read_report()
    gateway.clear_faults()
    take_requests(gateway)
    gateway.serial = "202200000002"
    with raises(WrongGateway()):
        await client.read_report()
    gateway.serial = serial
    await client.read_report()
    assert take_requests(gateway) == [(INFO, False, False, 200), (INFO, False, False, 200), (SECCTRL, True, False, 200)]


async def test_session_expired(gateway: Gateway, connect: Connect) -> None:
    """When the session has expired, the token opens a new one."""
    client = connect()
    await client.read_report()
    gateway.clear_sessions()
    await client.read_report()
    await client.read_report()
    assert len(gateway.requests) == 4
    assert len(gateway.sessions) == 1


async def test_firmware_with_check_jwt(gateway: Gateway, connect: Connect) -> None:
    """Firmware 7.0.88 accepts a token only at check_jwt, and its cookie afterwards."""
    client = connect()
    gateway.firmware = "7.0.88"
    await client.read_report()
    await client.read_report()
    gateway.clear_sessions()
    await client.read_report()
    assert take_requests(gateway) == [
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
    """A token that check_jwt rejects too is an error, until there is a new one."""
    client = connect()
    await client.read_report()
    gateway.revoke(client.token)
    take_requests(gateway)
    with raises(InvalidAuth()):
        await client.read_report()
    assert take_requests(gateway) == [
        (SECCTRL, True, True, 401),
        (INFO, False, False, 200),
        (CHECK_JWT, True, False, 401),
    ]
    client.token = gateway.token()
    assert await client.read_report()


@pytest.mark.parametrize("status", [401, 403])
async def test_rejected_valid_token(gateway: Gateway, connect: Connect, status: int) -> None:
    """A token that check_jwt accepts and secctrl rejects is an error."""
    client = connect()
    gateway.inject(SECCTRL, Status(status))
    with raises(InvalidAuth()):
        await client.read_report()
    assert [request[0] for request in take_requests(gateway)] == [INFO, SECCTRL, CHECK_JWT, SECCTRL]
    gateway.clear_faults()
    assert await client.read_report()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *BUSY_ERRORS,
        *CONNECTION_ERRORS,
        *((Status(code), InvalidAuth()) for code in (401, 403, 404, 418)),
        (Redirect("/login.html", 302), InvalidAuth()),
    ],
    ids=repr,
)
async def test_check_jwt_fails(gateway: Gateway, connect: Connect, fault: Fault, expected: SecctrlError) -> None:
    """A gateway that is too busy to check the token hasn't rejected it."""
    client = connect()
    gateway.firmware = "7.0.88"
    gateway.inject(CHECK_JWT, fault)
    with raises(expected):
        await client.read_report()
    gateway.clear_faults()
    assert await client.read_report()


@pytest.mark.parametrize("cookie", ['"a b"', '"a;b"', '"a,b"', r'"a\\b"', '"é"', "x" * 4097, ""])
async def test_invalid_cookie(gateway: Gateway, connect: Connect, cookie: str) -> None:
    """A cookie with invalid characters isn't sent back; the token still is."""
    client = connect()
    gateway.inject(SECCTRL, Headers((("Set-Cookie", f"sessionId={cookie}; path=/"),)))
    await client.read_report()
    await client.read_report()
    assert [request[1:3] for request in take_requests(gateway)[1:]] == [(True, False), (True, False)]
    gateway.clear_faults()
    await client.read_report()
    await client.read_report()
    assert take_requests(gateway)[-1] == (SECCTRL, True, True, 200)


@pytest.mark.parametrize(("length", "is_sent"), [(4086, True), (4097, False)])
async def test_length_of_the_cookie(gateway: Gateway, connect: Connect, length: int, is_sent: bool) -> None:
    """A cookie of more than 4,096 characters isn't sent back; aiohttp itself may have a limit just below."""
    client = connect()
    gateway.inject(SECCTRL, Headers((("Set-Cookie", f"sessionId={'x' * length}; path=/"),)), times=1)
    await client.read_report()
    take_requests(gateway)
    await client.read_report()
    assert take_requests(gateway)[0][2] is is_sent


async def test_invalid_cookie_after_a_valid_one(gateway: Gateway, connect: Connect) -> None:
    """A cookie with invalid characters ends the use of the previous one."""
    client = connect()
    await client.read_report()
    gateway.inject(SECCTRL, Headers((("Set-Cookie", 'sessionId="a b"; path=/'),)), times=1)
    await client.read_report()
    await client.read_report()
    await client.read_report()
    assert [request[2] for request in take_requests(gateway)] == [False, False, True, False, True]


@pytest.mark.parametrize(
    "cookie", ["0", "x" * 4087, "!#$%&'()*+-./09:<=>?@AZ[]^_`az{|}~"], ids=["short", "long", "special characters"]
)
async def test_cookie(gateway: Gateway, connect: Connect, sent_headers: SentHeaders, cookie: str) -> None:
    """A session cookie is sent back as it was received; aiohttp drops those whose name and value exceed 4,096 bytes."""
    client = connect()
    gateway.inject(SECCTRL, Headers((("Set-Cookie", f"sessionId={cookie}; path=/"),)))
    await client.read_report()
    await client.read_report()
    assert sent_headers[-1]["Cookie"] == f"sessionId={cookie}"


async def test_cookie_of_other_responses(gateway: Gateway, connect: Connect) -> None:
    """The cookies of `/info` and of errors are ignored."""
    client = connect()
    cookie = Headers((("Set-Cookie", "sessionId=cookie"),))
    gateway.inject(INFO, cookie)
    gateway.inject(SECCTRL, Status(502), cookie, times=1)
    with raises(CannotConnect()):
        await client.read_report()
    await client.read_report()
    assert not any(cookie for _, _, cookie, _ in take_requests(gateway))


@pytest.mark.parametrize("spelling", ["{}", "https://{}/home", "http://{}"])
async def test_one_request_in_flight(gateway: Gateway, connect: Connect, spelling: str) -> None:
    """Two clients of a gateway send one request at a time, however the host is written."""
    counter = ConcurrencyCounter()
    gateway.inject("*", counter)
    reports = await asyncio.gather(connect().read_report(), connect(host=spelling.format(gateway.host)).read_report())
    assert reports[0] == reports[1]
    assert counter.counts == [1, 1, 1, 1]


async def test_cancelled_request(hass: HomeAssistant, gateway: Gateway, connect: Connect) -> None:
    """A request that is cancelled lets the next one be sent."""
    held = Held()
    gateway.inject(INFO, held, times=1)
    cancelled = asyncio.create_task(connect().read_report())
    await held.holding.wait()
    cancelled.cancel()
    assert await connect().read_report()


# --- The pinned certificate


async def test_pinned_certificate(gateway: Gateway, connect: Connect) -> None:
    """Nothing is sent if the certificate isn't the pinned one."""
    client = connect(certificate=gateway.fingerprint)
    assert await connect().read_certificate() == gateway.fingerprint
    await client.read_report()
    gateway.replace_certificate()
    await gateway.pause()
    await gateway.resume()
    take_requests(gateway)
    with raises(CertificateChanged(gateway.fingerprint)):
        await client.read_report()
    assert take_requests(gateway) == []
    assert await connect(certificate=gateway.fingerprint).read_report()


async def test_pinned_certificate_of_a_hostname(gateway: Gateway, connect: Connect, network: FakeNetwork) -> None:
    """A changed certificate at one address of a hostname is reported, even if the next address fails."""
    network.ports["envoy.local"] = (gateway.port, 1)
    client = connect("envoy.local", certificate=gateway.fingerprint)
    assert await connect("envoy.local").read_certificate() == gateway.fingerprint
    assert await client.read_report()
    gateway.replace_certificate()
    await gateway.pause()
    with raises(CannotConnect()):
        await client.read_report()
    await gateway.resume()
    with raises(CertificateChanged(gateway.fingerprint)):
        await client.read_report()
    await gateway.pause()
    with raises(CannotConnect()):
        await client.read_report()
    await gateway.resume()
    gateway.restore_certificate()
    assert await client.read_report()


async def test_pinned_certificate_at_the_next_address(gateway: Gateway, connect: Connect, network: FakeNetwork) -> None:
    """If the next address of a hostname presents the pinned certificate, its errors are not those of a certificate."""
    other = Gateway(serial=gateway.serial)
    await other.start()
    network.ports["envoy.local"] = (other.port, gateway.port)
    client = connect("envoy.local", certificate=gateway.fingerprint)
    gateway.inject(INFO, EarlyClose())
    with raises(CannotConnect()):
        await client.read_report()
    gateway.clear_faults()
    assert await client.read_report()
    assert other.requests == []
    await other.stop()


async def test_certificate_without_tls(gateway: Gateway, connect: Connect) -> None:
    """The certificate of a server without TLS can't be read, and nothing is sent."""
    client = connect()
    gateway.set_plain_http(True)
    with raises(CannotConnect()):
        await client.read_certificate()
    gateway.set_plain_http(False)
    assert await client.read_certificate() == gateway.fingerprint
    assert take_requests(gateway) == []


async def test_expired_certificate(gateway: Gateway, connect: Connect) -> None:
    """Without a pinned certificate, any certificate is accepted: gateways sign their own."""
    gateway.replace_certificate(expired=True)
    assert await connect().read_report()
