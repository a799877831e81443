"""The emulator itself: its numbers agree, and it answers as gateways and the cloud do."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
import json
import math
from pathlib import Path
import socket
import ssl
import subprocess
import sys
from typing import override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest
from yarl import URL

from tests import gateway as emulator
from tests.gateway import SCENARIOS, Cloud, Fault, Gateway, payload_bytes
from tests.gateway.control import Control
from tests.gateway.day import LENGTH, day
from tests.gateway.payloads import Json, without_storage

SECCTRL = "/ivp/ensemble/secctrl"
ENLIGHTEN = "enlighten.enphaseenergy.com"
ENTREZ = "entrez.enphaseenergy.com"
EMAIL, PASSWORD, SERIAL = "owner@example.com", "secret", "122300000001"
ROOT = Path(__file__).parent.parent
KEYS = {
    "legacy_9_keys": 9,
    "7.3_charging": 24,
    "7.3_full_idle": 24,
    "7.6_at_reserve": 25,
    "7.6_discharging": 25,
    "7.6_no_storage": 25,
    "8.1_idle": 28,
    "8.2_charging_low": 31,
    "8.2_charging_high": 31,
    "8.2_outage": 31,
    "8.2_unit_down": 31,
    "8.2_29_keys": 29,
    "8.2_iq_and_acb": 31,
    "8.2_acb_agg_soc_zero": 31,
    "8.2_no_storage": 31,
    "8.3_full": 32,
    "8.3_charging": 32,
    "8.3_acb_only": 32,
    "8.3_split_phase": 32,
    "8.3_islanded": 33,
    "8.3_after_outage": 33,
    "8.3_no_storage": 32,
    "8.3_reserve_0": 32,
    "8.3_r4_migration": 33,
    "8.3_all_keys": 33,
    "day": 31,
}
PAYLOADS = {name: each.payload for name, each in SCENARIOS.items()} | {
    f"day at {second} s": day(second) for second in range(0, int(LENGTH), 60)
}
every_payload = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


def number(payload: Mapping[str, Json], key: str) -> float:
    """Return a payload's number; raises AssertionError for anything else."""
    value = payload[key]
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)
    return value


# -- payloads ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_key_count(name: str) -> None:
    """Every layout has its number of keys, and a gateway without storage loses none."""
    payload = SCENARIOS[name].payload
    assert len(payload) == KEYS[name]
    assert list(without_storage(payload)) == list(payload)


@every_payload
@pytest.mark.parametrize(("mark", "scale"), [("_q8", 2 * math.pi * 256), ("_q5", 32)])
def test_fixed_point(payload: Mapping[str, Json], mark: str, scale: float) -> None:
    """The fixed point numbers say the same as the floats beside them."""
    keys = [key for key in payload if mark in key]
    assert len(keys) in (1, 3)
    for key in keys:
        assert payload[key] == math.trunc(number(payload, key.replace(mark, "")) * scale)


@pytest.mark.parametrize("name", sorted(PAYLOADS.keys() - {"8.3_islanded"}))
def test_bias_ratio(name: str) -> None:
    """On grid, voltage and frequency bias are 11.89 to 12.16 V/Hz apart."""
    hertz, volts = number(PAYLOADS[name], "freq_bias_hz"), number(PAYLOADS[name], "voltage_bias_v")
    assert min(hertz * 11.89, hertz * 12.16) <= volts <= max(hertz * 11.89, hertz * 12.16)


@pytest.mark.parametrize("name", sorted(PAYLOADS.keys() - {"legacy_9_keys"}))
def test_storage_agrees(name: str) -> None:
    """Charge, energy, reserve and capacity follow from each other."""
    payload = PAYLOADS[name]
    energy = number(payload, "ENC_agg_avail_energy")
    capacity = number(payload, "Enc_max_available_capacity")
    everything = number(payload, "Max_energy")
    reserve = number(payload, "configured_backup_soc")
    assert number(payload, "agg_soc") == 100 * (energy + number(payload, "ACB_agg_energy")) // max(everything, 1)
    assert number(payload, "ENC_agg_soc") == 100 * energy // max(capacity, 1)
    assert number(payload, "ENC_agg_backup_energy") == reserve * capacity // 100
    assert number(payload, "adjusted_backup_soc") == reserve
    assert 0 <= energy <= capacity <= everything
    assert capacity <= number(payload, "Enc_commissioned_capacity")


@every_payload
def test_types(payload: Mapping[str, Json]) -> None:
    """Biases are floats (single precision), flags booleans, the rest integers."""
    scalars = {key: value for key, value in payload.items() if key != "offgrid_secctrl"}
    floats = {key for key in scalars if "_bias_" in key and "_q" not in key}
    flags = {key for key in scalars if key.endswith("_progress")} | ({"shutdown", "soc_rec_enabled"} & scalars.keys())
    assert {key for key, value in scalars.items() if type(value) is float} == floats
    assert {key for key, value in scalars.items() if type(value) is bool} == flags
    assert {key for key, value in scalars.items() if type(value) is int} == scalars.keys() - floats - flags


def test_special_scenarios() -> None:
    """Some scenarios are about one number."""
    empty = SCENARIOS["8.2_acb_agg_soc_zero"].payload
    assert [empty[key] for key in ("agg_soc", "ENC_agg_soc", "ACB_agg_soc")] == [4, 10, 0]
    split = SCENARIOS["8.3_split_phase"].payload
    assert split["freq_bias_hz"] == split["freq_bias_hz_phaseb"] != 0 == split["freq_bias_hz_phasec"]
    islanded = SCENARIOS["8.3_islanded"].payload["offgrid_secctrl"]
    assert isinstance(islanded, dict)
    assert islanded["is_active"] is False
    assert 0.0 not in [islanded[key] for key in ("F", "V", "Vd_neg", "Vq_neg", "Vd_zero", "Vq_zero")]
    everything = SCENARIOS["8.3_all_keys"].payload["offgrid_secctrl"]
    assert isinstance(everything, dict)
    assert "seq_reset_needed" in everything


@pytest.mark.parametrize("key", ["agg_soc", "ENC_agg_avail_energy", "freq_bias_hz", "voltage_bias_v"])
def test_day_moves(key: str) -> None:
    """Whoever watches the day for 30 s, at any time of it, sees every value change."""
    values = [number(day(second), key) for second in range(int(LENGTH) + 30)]
    assert all(len(set(values[second : second + 30])) > 1 for second in range(int(LENGTH)))


def test_day_repeats() -> None:
    """The day is a function of time: full at noon, at the reserve at its end."""
    assert day(1.0) == day(1.9) == day(1.0 + LENGTH)
    levels = [number(day(second), "agg_soc") for second in range(int(LENGTH))]
    assert (min(levels), max(levels)) == (20, 100)


# -- the gateway ---------------------------------------------------------------------


@pytest.fixture
async def gw(socket_enabled: None) -> AsyncIterator[Gateway]:
    """Return a running gateway."""
    gateway = Gateway(serial=SERIAL)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client that keeps the gateway's cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(2)) as client:
        yield client


async def get(session: aiohttp.ClientSession, gw: Gateway, path: str = SECCTRL, token: str = "") -> tuple[int, bytes]:
    """Return status and body of a GET."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with session.get(f"https://{gw.host}{path}", headers=headers, ssl=False, allow_redirects=False) as answer:
        return answer.status, await answer.read()


async def talk(gw: Gateway, token: str) -> bytes:
    """Return a whole answer as it is on the wire."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", gw.port, ssl=context)
    writer.write(
        f"GET {SECCTRL} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_payload_on_the_wire(gw: Gateway) -> None:
    """A 200 has a length and no content type; the JSON is pretty."""
    head, _, body = (await talk(gw, gw.token())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-type" not in head.lower()
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Server: openresty/1.17.8.1" in head
    assert body == payload_bytes(gw.payload)
    assert body.startswith(b'{\n    "shutdown": false,\n    "freq_bias_hz": -0.067411')
    assert body.endswith(b"}")


@pytest.mark.parametrize(
    ("firmware", "indent", "kind"), [("8.2.127", "\n  <device>", "text/xml"), ("8.3.5433", "\n\t<device>", None)]
)
async def test_info(gw: Gateway, session: aiohttp.ClientSession, firmware: str, indent: str, kind: str | None) -> None:
    """Nobody signs in for /info, which looks different since 8.3."""
    gw.firmware = firmware
    async with session.get(f"https://{gw.host}/info", ssl=False) as answer:
        text = await answer.text()
        assert answer.headers.get("Content-Type") == kind
    assert all(part in text for part in (indent, f"<sn>{SERIAL}</sn>", f"<software>D{firmware}</software>"))
    assert 1100 < len(text) < 2400


async def test_sessions(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """A token opens a session, which ends 600 s after its last use."""
    now = 1_800_000_000.0
    gw.clock = lambda: now
    token = gw.token()
    assert (await get(session, gw))[0] == 401
    assert (await get(session, gw, token=token))[0] == 200
    now += 599
    assert (await get(session, gw))[0] == 200
    now += 599
    assert (await get(session, gw))[0] == 200
    now += 600
    assert (await get(session, gw))[0] == 401
    assert [(log.bearer, log.cookie, log.status) for log in gw.requests] == [
        (False, False, 401),
        (True, False, 200),
        (False, True, 200),
        (False, True, 200),
        (False, True, 401),
    ]
    assert {log.connection for log in gw.requests} == {1}


async def test_bare_tokens_open_sessions(gw: Gateway) -> None:
    """A client without cookies leaves a session behind with each request."""
    async with aiohttp.ClientSession() as forgetful:
        assert [(await get(forgetful, gw, token=gw.token()))[0] for _ in range(3)] == [200] * 3
    assert len(gw.door.sessions) == 3


async def test_bad_tokens(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """Tokens of others, too old, of no role, signed by nobody and revoked are refused."""
    revoked, signature = gw.token(), gw.token().rpartition(".")[2]
    gw.revoke(revoked)
    for token in (
        gw.token(serial="122300000002"),
        gw.token(lifetime=-1),
        gw.token(role="guest"),
        f"{gw.token().rpartition('.')[0]}.{signature}",
        revoked,
        "nonsense",
    ):
        assert (await get(session, gw, "/auth/check_jwt", token))[0] == 401
    status, page = await get(session, gw, token=revoked)
    assert status == 401
    assert b"'/home'" in page
    assert page.count(b"\r\n") == page.count(b"\n")
    assert (await get(session, gw, "/auth/check_jwt", gw.token(role="installer")))[0] == 200
    assert (await get(session, gw))[0] == 200


async def test_revoking_ends_sessions(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """A revoked token's sessions end with it."""
    token = gw.token()
    assert (await get(session, gw, token=token))[0] == 200
    gw.revoke(token)
    assert (await get(session, gw, token=token))[0] == 401
    assert (await get(session, gw, token=gw.token()))[0] == 200
    gw.forget_sessions()
    assert (await get(session, gw))[0] == 401


async def test_old_firmware(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """Before version 7 there is no secctrl."""
    gw.firmware = "5.0.62"
    assert await get(session, gw, token=gw.token()) == (404, b'{ "error" : "404 - Not Found" }')
    assert b"web-tokens" not in (await get(session, gw, "/info"))[1]


async def test_payload_can_be_changed(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """The payload is a dict, bytes replace it, and a scenario resets it."""
    assert (await get(session, gw, token=gw.token()))[0] == 200
    gw.payload["agg_soc"] = float("nan")
    assert b'"agg_soc": NaN' in (await get(session, gw))[1]
    gw.body = b"{,}"
    assert (await get(session, gw))[1] == b"{,}"
    gw.body = None
    gw.scenario = "7.3_charging"
    assert json.loads((await get(session, gw))[1]) == SCENARIOS["7.3_charging"].payload
    assert gw.firmware == "7.3.517"
    gw.scenario, gw.clock = "day", lambda: 100.0
    assert (await get(session, gw, token=gw.token()))[1] == payload_bytes(day(100))


async def test_states(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """A gateway reboots by way of refused, bad gateway and zeros."""
    await gw.reboot("8.2.4345")
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(session, gw)
    gw.state = "bad_gateway"
    assert (await get(session, gw, "/info"))[0] == 502
    gw.state = "zeros"
    zeros = json.loads((await get(session, gw, token=gw.token()))[1])
    assert [zeros[key] for key in ("agg_soc", "Max_energy", "ENC_agg_soh", "VLS_Limit")] == [0, 0, 0, 10]
    gw.state = "overloaded"
    assert await get(session, gw) == (503, b"Resource busy, please retry after 30 seconds")
    gw.state = "up"
    assert json.loads((await get(session, gw))[1]) == gw.payload
    assert gw.firmware == "8.2.4345"


async def test_pause_and_certificate(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """A gateway comes back on its port, perhaps with another certificate."""
    port, pinned = gw.port, aiohttp.Fingerprint(gw.fingerprint)
    async with session.get(f"https://{gw.host}/info", ssl=pinned) as answer:
        assert answer.status == 200
    await gw.pause()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(session, gw, "/info")
    await gw.resume()
    gw.new_certificate()
    with pytest.raises(aiohttp.ServerFingerprintMismatch):
        await session.get(f"https://{gw.host}/info", ssl=pinned)
    assert (await get(session, gw, "/info"))[0] == 200
    assert gw.port == port
    assert len(gw.requests) == 2


async def test_below_tls(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """The port can speak plain HTTP, or nothing at all."""
    gw.plain_http(True)
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(session, gw, "/info")
    async with session.get(f"http://{gw.host}/info") as answer:
        assert answer.status == 200
    gw.plain_http(False)
    gw.stall_tls(True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await get(session, gw, "/info")
    gw.stall_tls(False)
    assert (await get(session, gw, "/info"))[0] == 200


# -- faults --------------------------------------------------------------------------

CLOSED = aiohttp.ServerDisconnectedError
CUT = aiohttp.ClientPayloadError


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (emulator.Truncated(10), CUT),
        (emulator.Reset(before=False), CUT),
        (emulator.Reset(), aiohttp.ClientOSError),
        (emulator.EarlyClose(), CLOSED),
        (emulator.Garbage(), aiohttp.ClientResponseError),
        (emulator.Stall(5), TimeoutError),
        (emulator.Delay(10), TimeoutError),
    ],
    ids=str,
)
async def test_failing_answers(
    gw: Gateway, session: aiohttp.ClientSession, fault: Fault, failure: type[Exception]
) -> None:
    """Some answers never arrive; the next one does."""
    gw.answer("/info", fault)
    with pytest.raises(failure):
        async with asyncio.timeout(0.3):
            await get(session, gw, "/info")
    gw.clear()
    assert (await get(session, gw, "/info"))[0] == 200


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        (emulator.Status(503, retry_after=30), 503, ("Retry-After", "30")),
        (emulator.Redirect("/home"), 301, ("Location", "/home")),
        (emulator.Chunked(), 200, ("Transfer-Encoding", "chunked")),
        (emulator.NoContentLength(), 200, ("Content-Length", None)),
        (emulator.ConnectionClose(), 200, ("Connection", "close")),
        (emulator.ContentType("text/plain"), 200, ("Content-Type", "text/plain")),
        (emulator.ContentType(None), 200, ("Content-Type", None)),
        (emulator.Body(b"<html>", "text/html"), 200, ("Content-Type", "text/html")),
        (emulator.Body(b""), 200, ("Content-Length", "0")),
        (emulator.Delay(0.01), 200, ("Content-Type", "text/xml")),
    ],
    ids=str,
)
async def test_odd_answers(
    gw: Gateway, session: aiohttp.ClientSession, fault: Fault, status: int, header: tuple[str, str | None]
) -> None:
    """Some answers are odd, once."""
    gw.answer("/info", fault, times=1)
    async with session.get(f"https://{gw.host}/info", ssl=False, allow_redirects=False) as answer:
        await answer.read()
        assert answer.status == status
        assert answer.headers.get(header[0]) == header[1]
    assert (await get(session, gw, "/info"))[0] == 200


async def test_faults_let_nobody_in(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """A body is for those who have a token."""
    gw.answer(SECCTRL, emulator.Body(b"[]"))
    assert (await get(session, gw))[0] == 401
    assert await get(session, gw, token=gw.token()) == (200, b"[]")


async def test_faults_follow_each_other(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """Counted faults come in their order, an uncounted one gives way."""
    gw.answer("/info", emulator.Status(502), times=2)
    gw.answer("/info", emulator.Status(503))
    gw.answer("/info", emulator.Status(504))
    assert [(await get(session, gw, "/info"))[0] for _ in range(4)] == [502, 502, 504, 504]
    gw.clear()
    gw.answer("*", emulator.Status(500), times=1)
    assert [(await get(session, gw, "/info"))[0] for _ in range(2)] == [500, 200]


async def test_a_stall_goes_on(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """A stalled answer arrives when the fault is cleared."""
    gw.answer("/info", emulator.Stall(9))
    async with session.get(f"https://{gw.host}/info", ssl=False) as answer:
        assert await answer.content.readexactly(9) == b"<?xml ver"
        gw.clear()
        assert (await answer.read()).endswith(b"</envoy_info>\n")


# -- the cloud -----------------------------------------------------------------------


class Here(AbstractResolver):
    """Finds every host on 127.0.0.1."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    @override
    async def close(self) -> None:
        """Keep nothing."""


class Visitor:
    """A browser that trusts the cloud's authority."""

    def __init__(self, cloud: Cloud, client: aiohttp.ClientSession) -> None:
        """Prepare to visit."""
        self.cloud, self.client = cloud, client

    async def ask(self, method: str, host: str, path: str, **content: Mapping[str, str]) -> tuple[int, str]:
        """Return status and text."""
        url = f"https://{host}:{self.cloud.port}{path}"
        async with self.client.request(
            method, url, data=content.get("form"), json=content.get("json"), headers=content.get("headers")
        ) as answer:
            return answer.status, await answer.text()

    async def sign_in(self, password: str = PASSWORD, **headers: str) -> tuple[int, str]:
        """Send the password."""
        form = {"user[email]": EMAIL, "user[password]": password}
        return await self.ask("POST", ENLIGHTEN, "/login/login.json", form=form, headers=headers)

    async def send_code(self, **headers: str) -> tuple[int, str]:
        """Ask for a code."""
        path, form = "/app-api/generate_mfa_login_otp", {"locale": "en"}
        return await self.ask("POST", ENLIGHTEN, path, form=form, headers=headers)

    async def enter(self, code: str) -> tuple[int, str]:
        """Enter a code."""
        form = {
            "email": base64.b64encode(EMAIL.encode()).decode(),
            "otp": base64.b64encode(code.encode()).decode(),
            "xhrFields[withCredentials]": "true",
        }
        return await self.ask("POST", ENLIGHTEN, "/app-api/validate_login_otp", form=form)

    async def route_a(self, session_id: str, serial: str = SERIAL) -> tuple[int, str]:
        """Ask entrez for a token."""
        wanted = {"session_id": session_id, "serial_num": serial, "username": EMAIL}
        return await self.ask("POST", ENTREZ, "/tokens", json=wanted)

    async def route_b(self, serial: str = SERIAL) -> tuple[int, str]:
        """Ask enlighten for a token."""
        return await self.ask("GET", ENLIGHTEN, f"/entrez-auth-token?serial_num={serial}")


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncIterator[Cloud]:
    """Return a running cloud with one account."""
    running = Cloud()
    await running.start()
    running.add_account(EMAIL, PASSWORD, serials=(SERIAL,))
    yield running
    await running.stop()


@pytest.fixture
async def visitor(cloud: Cloud) -> AsyncIterator[Visitor]:
    """Return a visitor who verifies certificates."""
    context = ssl.create_default_context(cadata=cloud.ca_pem.decode())
    connector = aiohttp.TCPConnector(ssl=context, resolver=Here())
    async with aiohttp.ClientSession(connector=connector) as client:
        yield Visitor(cloud, client)


async def test_sign_in(gw: Gateway, session: aiohttp.ClientSession, visitor: Visitor) -> None:
    """A password gives tokens on both routes, and the gateway takes them."""
    status, text = await visitor.sign_in()
    assert (status, json.loads(text)["message"]) == (200, "success")
    _, token_a = await visitor.route_a(json.loads(text)["session_id"])
    token_b = json.loads((await visitor.route_b())[1])["token"]
    for token in (token_a, token_b):
        assert (await get(session, gw, "/auth/check_jwt", token))[0] == 200
    assert (await visitor.route_b("122300000009"))[0] == 403


@pytest.mark.parametrize(
    ("route", "status", "start"),
    [
        ("text", 200, "eyJ"),
        ("json", 200, '{"generation_time"'),
        ("400", 400, "<html>"),
        ("403", 403, "<html>"),
        ("error_text", 200, "Error in generating Token"),
    ],
)
async def test_route_a(cloud: Cloud, visitor: Visitor, route: emulator.RouteA, status: int, start: str) -> None:
    """Route A answers in many ways."""
    session_id = json.loads((await visitor.sign_in())[1])["session_id"]
    cloud.route_a = route
    answer = await visitor.route_a(session_id)
    assert answer[0] == status
    assert answer[1].startswith(start)


async def test_codes(cloud: Cloud, visitor: Visitor) -> None:
    """An account with codes signs in in three steps."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    assert await visitor.sign_in() == (200, '{"success": true, "isBlocked": false}')
    with pytest.raises(LookupError):
        cloud.code(EMAIL)
    assert (await visitor.route_b())[0] == 401
    await visitor.send_code()
    first = cloud.code(EMAIL)
    await visitor.send_code()
    assert await visitor.enter(first) == (200, '{"isValid": false, "isBlocked": false}')
    status, text = await visitor.enter(cloud.code(EMAIL))
    assert (status, json.loads(text)["isValidMobileNumber"]) == (200, True)
    assert (await visitor.route_a(json.loads(text)["session_id"]))[0] == 200
    assert (await visitor.route_b())[0] == 200


async def test_lost_and_blocked_codes(cloud: Cloud, visitor: Visitor) -> None:
    """A code waits 300 s; a blocked account says so; a lost session starts again."""
    cloud.add_account(EMAIL, PASSWORD, serials=(SERIAL,), mfa=True)
    now = 1_800_000_000.0
    cloud.clock = lambda: now
    await visitor.sign_in()
    await visitor.send_code()
    cloud.code_blocked = True
    assert await visitor.enter("1") == (200, '{"isValid": false, "isBlocked": true}')
    cloud.code_blocked = False
    now += 300
    assert (await visitor.enter(cloud.code(EMAIL)))[0] == 401
    await visitor.sign_in()
    assert (await visitor.send_code())[0] == 200
    cloud.forget_sessions()
    assert (await visitor.enter(cloud.code(EMAIL)))[0] == 401


async def test_csrf(cloud: Cloud, visitor: Visitor) -> None:
    """Where the cloud sets an XSRF-TOKEN, it wants it back."""
    cloud.add_account(EMAIL, PASSWORD, mfa=True)
    cloud.csrf = True
    await visitor.sign_in()
    assert (await visitor.send_code())[0] == 401
    cookie = visitor.client.cookie_jar.filter_cookies(URL(f"https://{ENLIGHTEN}"))["XSRF-TOKEN"]
    assert (await visitor.send_code(**{"X-CSRF-Token": cookie.value}))[0] == 200


@pytest.mark.parametrize(
    ("login", "start"),
    [
        ("blocked", '{"success": false, "isBlocked": true}'),
        ("too_many", '{"message": "Too many active sessions.."}'),
        ("wall", "<!DOCTYPE html>"),
    ],
)
async def test_login_refused(cloud: Cloud, visitor: Visitor, login: emulator.Login, start: str) -> None:
    """The cloud has many ways to say no; then it says yes."""
    cloud.login = login
    assert (await visitor.sign_in())[1].startswith(start)
    cloud.login = "ok"
    assert await visitor.sign_in("wrong") == (401, '{"message": "Invalid"}')
    assert (await visitor.sign_in(**{"User-Agent": "HomeAssistant/2026.1"}))[0] == 406
    cloud.answer("/login/login.json", emulator.Status(429), times=1)
    assert [(await visitor.sign_in())[0] for _ in range(2)] == [429, 200]


async def test_hosts(visitor: Visitor) -> None:
    """Each host has its own paths."""
    assert (await visitor.ask("POST", ENLIGHTEN, "/tokens"))[0] == 404
    assert (await visitor.ask("GET", ENTREZ, f"/entrez-auth-token?serial_num={SERIAL}"))[0] == 404


async def test_stop_leaves_nothing(socket_enabled: None, session: aiohttp.ClientSession) -> None:
    """A gateway that stops in the middle of everything leaves no task and no socket."""
    before = asyncio.all_tasks()
    gateway = Gateway()
    await gateway.start()
    gateway.answer("/info", emulator.Stall())
    hanging = asyncio.create_task(get(session, gateway, "/info"))
    _, half_open = await asyncio.open_connection("127.0.0.1", gateway.port)
    await asyncio.wait({hanging}, timeout=0.2)
    await gateway.stop()
    await asyncio.wait({hanging})
    assert hanging.exception() is None or isinstance(hanging.exception(), aiohttp.ClientError)
    half_open.close()
    assert asyncio.all_tasks() == before


# -- from outside --------------------------------------------------------------------


async def test_control(gw: Gateway, session: aiohttp.ClientSession) -> None:
    """Another process turns the knobs over HTTP."""
    control = Control(gw)
    await control.start(0)

    async def turn(knob: str, body: str = "") -> int:
        async with session.post(f"http://127.0.0.1:{control.port}/{knob}", data=body) as answer:
            return answer.status

    assert await turn("fault", '{"path": "/info", "fault": "Body", "content": "x", "times": 1}') == 200
    assert (await get(session, gw, "/info"))[1] == b"x"
    assert await turn("fault", '{"path": "/info", "fault": "Status", "code": "x"}') == 400
    assert await turn("fault", '{"path": "/info", "fault": "Sulk"}') == 400
    assert await turn("scenario", '{"name": "8.3_full"}') == 200
    assert await turn("scenario", '{"name": "8.9"}') == 400
    assert await turn("payload", "{}") == 200
    assert await get(session, gw, token=gw.token()) == (200, b"{}")
    assert await turn("payload") == 200
    assert await get(session, gw) == (200, payload_bytes(SCENARIOS["8.3_full"].payload))
    assert await turn("state", '{"state": "bad_gateway"}') == 200
    assert (await get(session, gw))[0] == 502
    assert await turn("state", '{"state": "up"}') == 200
    assert await turn("move", '{"address": "127.0.0.2"}') == 200
    assert gw.host == f"127.0.0.2:{gw.port}"
    socket.create_server(("127.0.0.1", gw.port)).close()  # which it has left
    assert await turn("move", '{"address": "127.0.0.1"}') == 200
    assert (await get(session, gw))[0] == 200
    assert await turn("token", '{"age": "old"}') == 400
    assert await turn("token", '{"age": 86400}') == 200
    async with session.post(f"http://127.0.0.1:{control.port}/token") as answer:
        assert (await get(session, gw, token=(await answer.json())["token"]))[0] == 200
    assert await turn("nonsense") == 404
    async with session.get(f"http://127.0.0.1:{control.port}/requests") as answer:
        assert [log["status"] for log in await answer.json()] == [200, 200, 200, 502, 200, 200]
    await control.stop()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Return the finished command."""
    command = [sys.executable, "-m", "tests.gateway", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


def test_command_line_help() -> None:
    """The help documents every scenario and every fault; a wrong name is told what is near."""
    text = run("--help").stdout
    assert all(name in text for name in [*SCENARIOS, "Truncated", "after_bytes: int"])
    wrong = run("--scenario", "8.2_charging")
    assert wrong.returncode == 2
    assert "8.2_charging_low" in wrong.stderr


@pytest.mark.parametrize(
    ("file", "served"),
    [
        (b'{"agg_soc": 1}\n\n', b'{"agg_soc": 1}\n\n'),
        (b"no JSON", b"no JSON"),
        (b'{"home_assistant": {}, "data": {"report": {"agg_soc": 1}}}', b'{\n    "agg_soc": 1\n}'),
    ],
    ids=["payload", "anything", "diagnostics"],
)
async def test_command_line_serves(tmp_path: Path, session: aiohttp.ClientSession, file: bytes, served: bytes) -> None:
    """The command serves a file's bytes, or the report in diagnostics, and writes down how to reach it."""
    (tmp_path / "payload").write_bytes(file)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.gateway", "--payload", str(tmp_path / "payload")),
        *("--state-file", str(tmp_path / "state"), "--control-port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(3)]
    assert lines[0].startswith(b"gateway on https://127.0.0.1:")
    assert lines[2].startswith(b"token eyJ")
    state = json.loads((tmp_path / "state").read_bytes())
    async with session.get(
        f"https://{state['host']}{SECCTRL}", headers={"Authorization": f"Bearer {state['token']}"}, ssl=False
    ) as answer:
        assert await answer.read() == served
    process.terminate()
    assert await process.wait() == 0
