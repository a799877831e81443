"""The matrix: each fault of gateway and cloud, when it strikes, what follows, and that the next poll mends it.

A row is a fault; its columns say what it means (an `Outcome`), what is asked for meanwhile (`Asked`), and which
values are unknown. Each row is a case `fault-situation` in each situation: first set-up, running, during the renewal
of an account's token (the gateway fails while the cloud answers), and during a config flow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from functools import partial
import json
import logging
from math import nan
from ssl import SSLContext
from typing import Final, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, async_get_hass
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed_exact

from custom_components.enphase_secctrl.const import (
    CONF_CERTIFICATE,
    CONF_SIGN_IN,
    DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_TOKEN,
    SIZE_LIMIT,
)
from tests.flows import aborts, answer, begin, choose, is_made, stands
from tests.gateway import (
    SCENARIOS,
    Body,
    Chunked,
    Cloud,
    ConnectionClose,
    ContentType,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    NoContentLength,
    Redirect,
    Request,
    Reset,
    Status,
    Truncated,
    payload_bytes,
)
from tests.gateway.certificates import gateway_identity
from tests.gateway.cloud import WALL
from tests.gateway.exchange import Reply, Wire, head_of
from tests.gateway.pages import NOT_FOUND, unauthorized
from tests.gateway.payloads import without_storage
from tests.gateway.tokens import mint
from tests.oracle import Expected, expected
from tests.shown import Shown, agrees, poll, shown
from tests.test_outage import lines
from tests.test_sign_in import issue_keys, reauths

pytestmark = pytest.mark.usefixtures("all_enabled")

DAY: Final = 86400.0
SERIAL: Final = "122300000001"
OTHER_SERIAL: Final = "202200000002"
ACCOUNT: Final = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
HTML: Final = b"<html><body>Sign in</body></html>"
HOME: Final = unauthorized("8.2.127")
LOGIN_PAGE: Final = unauthorized("8.3.5433")

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
LOGIN: Final = "/login/login.json"
ROUTE_A: Final = "/tokens"
ROUTE_B: Final = "/entrez-auth-token"
SEND_CODE: Final = "/app-api/generate_mfa_login_otp"
CHECK_CODE: Final = "/app-api/validate_login_otp"

LETTERS: Final = {
    INFO: "i",
    SECCTRL: "s",
    CHECK_JWT: "c",
    LOGIN: "L",
    ROUTE_A: "A",
    ROUTE_B: "B",
    SEND_CODE: "G",
    CHECK_CODE: "V",
}
"""How the matrix writes a request; polls are parted by |."""

WHOLE: Final = expected(SCENARIOS["8.2_charging_low"].payload)
"""What the gateway says at first means this."""

# -- faults that the emulator does not have: they need the clock of the test


def pass_time(seconds: float) -> None:
    """Let the client's time pass, and not the clock's: it waits no longer."""
    async_fire_time_changed_exact(async_get_hass(), dt_util.utcnow() + timedelta(seconds=seconds))


async def turns() -> None:
    """Let the client read what was written."""
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Slow(Fault):
    """Holds the answer back for longer than the client waits: 10 s for a gateway, 20 s for the cloud."""

    seconds: float = 11

    @override
    async def hold(self, over: asyncio.Event) -> None:
        pass_time(self.seconds)
        await over.wait()


@dataclass(frozen=True)
class SlowBody(Fault):
    """Stops in the body for as long."""

    seconds: float = 11

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        wire.write(head_of(reply) + reply.body[: len(reply.body) // 2])
        await turns()
        pass_time(self.seconds)
        await wire.over.wait()
        wire.close()
        return True


@dataclass(frozen=True)
class ResetInBody(Fault):
    """Resets the connection in the body, when the client has read the headers."""

    @override
    async def send(self, reply: Reply, wire: Wire) -> bool:
        wire.write(head_of(reply) + reply.body[: len(reply.body) // 2])
        await turns()
        wire.reset()
        return True


@dataclass(frozen=True)
class Meanwhile(Fault):
    """Does something before the answer."""

    do: Callable[[], None]

    @override
    async def hold(self, over: asyncio.Event) -> None:
        self.do()


# -- what an outcome is


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Home Assistant shows of a failure, and what it says of it."""

    key: str
    later: str | None = None
    """The key of the polls that follow, if it is another."""
    state: ConfigEntryState = ConfigEntryState.SETUP_RETRY
    """Of an entry that is set up for the first time."""
    kept: bool = True
    """Whether the last values stand for a while; after a minute they are unavailable."""
    issue: str | None = None
    asks: bool = False
    """Whether the user is asked to sign in again."""
    log: tuple[int, ...] = (logging.ERROR, logging.INFO)
    """Our lines in the log, of an outage and of its end."""
    refusals: str = "siciscisc"
    """What a gateway that refuses the token is asked for in three polls."""

    def meanwhile(self, values: Shown) -> Shown:
        """Return what is shown of the last values in the first minute."""
        return values if self.kept else gone(values)


AWAY = Outcome(key="cannot_connect")
STRANGE = Outcome(key="unexpected_answer")
NO_DATA = Outcome(key="no_secctrl", issue="no_secctrl")
TOO_OLD = Outcome(key="unsupported_firmware")
OTHER = Outcome(key="wrong_gateway")
OTHER_CERTIFICATE = Outcome(key="certificate_changed", issue="certificate_changed")
REFUSED = Outcome(
    key="invalid_auth", state=ConfigEntryState.SETUP_ERROR, kept=False, asks=True, log=(logging.ERROR,), refusals="sic"
)
NO_CLOUD = Outcome(key="cloud_unavailable", later="renewal_paused")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the gateway is asked for, and in which form of a flow the fault strikes."""

    set_up: str
    running: str
    renewal: str
    form: str
    flow: str


NOBODY = Asked(set_up="", running="||", renewal="", form="user", flow="")
PINNED = Asked(set_up="", running="||", renewal="", form="reconfigure", flow="")
ALL = Asked(set_up="i", running="s|i|i", renewal="i", form="user", flow="i")
ALL_DROPPED = Asked(set_up="ii", running="ss|ii|ii", renewal="ii", form="user", flow="ii")
"""aiohttp repeats a request by itself, once, when the connection ends without an answer."""
WHO = Asked(set_up="i", running="|i|i", renewal="i", form="user", flow="i")
WHO_KNOWN = Asked(set_up="i", running="|i|i", renewal="i", form="token", flow="i")
"""`/info` is asked again after an outage: the first of these polls finds nobody."""
REPORT = Asked(set_up="is", running="s|is|is", renewal="is", form="token", flow="is")
CHECK = Asked(set_up="isc", running="sic||", renewal="isc", form="token", flow="isc")
CHECK_AGAIN = Asked(set_up="iscs", running="sics||", renewal="iscs", form="token", flow="iscs")
CHECK_BUSY = Asked(set_up="isc", running="sic|isc|isc", renewal="isc", form="token", flow="isc")
WHO_AT_ONCE = Asked(set_up="i", running="si|i|i", renewal="i", form="token", flow="i")
WELL = Asked(set_up="is", running="s|s|s", renewal="is", form="token", flow="is")
WELL_AFTER_RESTART = Asked(set_up="is", running="|is|s", renewal="is", form="token", flow="is")

# -- how a gateway is spoiled, and mended

type Spoil = Callable[[Gateway], None]


def everywhere(*faults: Fault) -> Spoil:
    """Spoil each answer."""
    return lambda gateway: gateway.answer("*", *faults)


def at(path: str, *faults: Fault) -> Spoil:
    """Spoil the answers of one path."""
    return lambda gateway: gateway.answer(path, *faults)


def refusing(path: str, *faults: Fault) -> Spoil:
    """Spoil the answers of one path, after a refusal of secctrl."""

    def spoil(gateway: Gateway) -> None:
        gateway.answer(SECCTRL, Status(401, body=HOME))
        gateway.answer(path, *faults)

    return spoil


def says(content: bytes) -> Spoil:
    """Answer something else on secctrl."""
    return at(SECCTRL, Body(content))


def edited(old: bytes, new: bytes) -> Spoil:
    """Change the text of the payload."""
    return lambda gateway: setattr(gateway, "body", payload_bytes(gateway.payload).replace(old, new))


def changed(**values: object) -> Spoil:
    """Change some values."""
    return lambda gateway: setattr(gateway, "body", json.dumps({**gateway.payload, **values}).encode())


def dropped(*keys: str) -> Spoil:
    """Leave some keys out."""

    def spoil(gateway: Gateway) -> None:
        gateway.body = json.dumps({key: gateway.payload[key] for key in gateway.payload.keys() - {*keys}}).encode()

    return spoil


def legacy(gateway: Gateway) -> None:
    """Speak the oldest layout."""
    gateway.body = payload_bytes(SCENARIOS["legacy_9_keys"].payload)


def down(gateway: Gateway) -> None:
    """Answer nobody."""
    gateway.state = "refused"


def restarted(*spoils: Spoil) -> Spoil:
    """Be up again, without sessions, and otherwise."""

    def spoil(gateway: Gateway) -> None:
        gateway.forget_sessions()
        gateway.state = "up"
        for each in spoils:
            each(gateway)

    return spoil


def become(**attributes: str) -> Spoil:
    """Change what the gateway is."""

    def spoil(gateway: Gateway) -> None:
        for name, value in attributes.items():
            setattr(gateway, name, value)

    return spoil


def replaced(gateway: Gateway) -> None:
    """Let another gateway have the address from one poll to the next."""
    restarted(become(serial=OTHER_SERIAL))(gateway)
    gateway.listener.drop()


def certificate(*, expired: bool = False) -> Spoil:
    """Show another certificate, which the open connections do not."""

    def spoil(gateway: Gateway) -> None:
        gateway.new_certificate(expired=expired)
        gateway.listener.drop()

    return spoil


def first_certificate(gateway: Gateway) -> None:
    """Show the first certificate again."""
    gateway.first_certificate()
    gateway.listener.drop()


def plain(gateway: Gateway) -> None:
    """Speak no TLS."""
    gateway.plain_http(on=True)


def mute(gateway: Gateway) -> None:
    """Accept, and never shake hands: for longer than the client waits."""
    gateway.listener.on_silence = partial(pass_time, 11)
    gateway.stall_tls(on=True)


def speaking(gateway: Gateway) -> None:
    """Speak TLS again."""
    gateway.plain_http(on=False)


def nothing(_gateway: Gateway) -> None:
    """Leave the gateway as it is."""


# -- the matrix, first half: the gateway


@dataclass(frozen=True)
class Row:
    """A fault of the gateway."""

    fault: str
    spoil: Spoil
    outcome: Outcome | None
    """None: everything goes on."""
    asked: Asked
    _: KW_ONLY
    unknown: frozenset[str] = frozenset()
    """The entities that are unknown meanwhile."""
    warnings: int = 0
    first: Spoil | None = None
    """What happens to a running gateway one poll earlier."""
    mend: Spoil = nothing
    """What ends the fault, besides what ends them all."""
    pinned: bool = False
    """Whether the entry talks to its first certificate only."""

    @property
    def stages(self) -> tuple[Spoil, Spoil, Spoil]:
        """Return what happens before each of three polls."""
        return (self.first, self.spoil, nothing) if self.first else (self.spoil, nothing, nothing)

    @property
    def outage(self) -> tuple[int, ...]:
        """Return our lines of what happens one poll earlier."""
        return AWAY.log if self.first else ()

    @property
    def failure(self) -> Outcome:
        """Return the outcome of a row that has one."""
        assert self.outcome
        return self.outcome

    def end(self, gateway: Gateway) -> None:
        """End the fault; a new value tells what is asked now from what was kept."""
        gateway.clear()
        gateway.body = None
        gateway.serial = SERIAL
        gateway.state = "up"
        gateway.scenario = "8.2_charging_low"
        gateway.payload["agg_soc"] = 99
        self.mend(gateway)


AGG_SOC = frozenset({"agg_soc"})
STORAGE = frozenset(WHOLE.keys() - expected(without_storage(SCENARIOS["8.2_charging_low"].payload)).keys())
OLD = expected(SCENARIOS["legacy_9_keys"].payload)
NEW_KEYS = frozenset(WHOLE.keys() - OLD.keys())

GATEWAY: Final = [
    # fault                        what happens                                       outcome  requests
    Row("301", everywhere(Redirect("/home")), STRANGE, ALL),
    Row("301_report", at(SECCTRL, Redirect("/home")), STRANGE, REPORT),
    Row("401_info", restarted(at(INFO, Status(401, body=HOME))), STRANGE, WHO, first=down),
    Row("401_home", refusing(CHECK_JWT, Status(401, body=HOME)), REFUSED, CHECK),
    Row("401_login", refusing(CHECK_JWT, Status(401, body=LOGIN_PAGE)), REFUSED, CHECK),
    Row("401_of_a_valid_token", at(SECCTRL, Status(401, body=HOME)), REFUSED, CHECK_AGAIN),
    Row("403", at(SECCTRL, Status(403)), REFUSED, CHECK_AGAIN),
    Row("404", at(SECCTRL, Status(404, body=NOT_FOUND)), NO_DATA, REPORT),
    Row("404_info", restarted(at(INFO, Status(404))), STRANGE, WHO, first=down),
    *(Row(f"{code}", everywhere(Status(code)), AWAY, ALL) for code in (429, 500, 502, 503, 504)),
    *(
        Row(f"{code}_retry_after", everywhere(Status(code, retry_after=30)), AWAY, ALL)
        for code in (429, 500, 502, 503, 504)
    ),
    *(Row(f"{code}_check", refusing(CHECK_JWT, Status(code)), AWAY, CHECK_BUSY) for code in (429, 502, 503, 504)),
    Row("slow", everywhere(Slow()), AWAY, ALL),
    Row("slow_report", at(SECCTRL, Slow()), AWAY, REPORT),
    Row("stall", everywhere(SlowBody()), AWAY, ALL),
    Row("stall_report", at(SECCTRL, SlowBody()), AWAY, REPORT),
    Row("truncated", everywhere(Truncated(20)), AWAY, ALL),
    Row("truncated_report", at(SECCTRL, Truncated(20)), AWAY, REPORT),
    Row("reset", everywhere(Reset()), AWAY, ALL_DROPPED),
    Row("reset_in_body", everywhere(ResetInBody()), AWAY, ALL),
    Row("early_close", everywhere(EarlyClose()), AWAY, ALL_DROPPED),
    Row("garbage", everywhere(Garbage()), AWAY, ALL),
    Row("chunked", everywhere(Chunked()), None, WELL),
    Row("no_length", everywhere(NoContentLength()), None, WELL),
    Row("connection_close", everywhere(ConnectionClose()), None, WELL),
    Row("type_none", everywhere(ContentType(None)), None, WELL),
    Row("type_html", everywhere(ContentType("text/html")), None, WELL),
    Row("type_json", everywhere(ContentType("application/json")), None, WELL),
    Row("empty", says(b""), STRANGE, REPORT),
    Row("html", says(HTML), STRANGE, REPORT),
    Row("too_long", says(b" " * (SIZE_LIMIT + 1)), STRANGE, REPORT),
    Row("trailing_comma", edited(b"\n}", b",\n}"), STRANGE, REPORT),
    Row("missing_value", edited(b'"agg_soc": 23', b'"agg_soc": '), STRANGE, REPORT),
    Row("list", says(b"[" + payload_bytes(SCENARIOS["8.2_charging_low"].payload) + b"]"), STRANGE, REPORT),
    Row("nan", changed(agg_soc=nan), None, WELL, unknown=AGG_SOC, warnings=1),
    Row("null", changed(agg_soc=None), None, WELL, unknown=AGG_SOC, warnings=1),
    Row("huge", changed(agg_soc=10**400), None, WELL, unknown=AGG_SOC, warnings=1),
    Row("types", changed(agg_soc="23", shutdown=1), None, WELL, unknown=AGG_SOC | {"shutdown"}, warnings=2),
    Row("dropped_keys", dropped("agg_soc", "shutdown"), None, WELL, unknown=AGG_SOC | {"shutdown"}),
    Row("extra_keys", changed(agg_mood="fine", more={"agg_soc": 1}), None, WELL),
    Row("legacy_keys", legacy, None, WELL, unknown=NEW_KEYS),
    Row("new_certificate", certificate(), None, WELL, mend=first_certificate),
    Row("expired_certificate", certificate(expired=True), None, WELL, mend=first_certificate),
    Row("other_than_pinned", certificate(), OTHER_CERTIFICATE, PINNED, mend=first_certificate, pinned=True),
    Row(
        "expired_not_pinned", certificate(expired=True), OTHER_CERTIFICATE, PINNED, mend=first_certificate, pinned=True
    ),
    Row("plain_http", plain, AWAY, NOBODY, mend=speaking),
    Row("stalled_tls", mute, AWAY, NOBODY, mend=speaking),
    Row("refused", down, AWAY, NOBODY),
    Row("overloaded", become(state="overloaded"), AWAY, ALL),
    Row("bad_gateway", become(state="bad_gateway"), AWAY, ALL),
    Row("other_serial", restarted(become(serial=OTHER_SERIAL)), OTHER, WHO_KNOWN, first=down),
    Row("other_serial_at_once", replaced, OTHER, WHO_AT_ONCE),
    Row("firmware_6", restarted(become(firmware="6.2.1")), TOO_OLD, WHO, first=down),
    Row("firmware_8.3", restarted(become(firmware="8.3.5433")), None, WELL_AFTER_RESTART, first=down),
    Row("info_html", restarted(at(INFO, Body(HTML))), STRANGE, WHO, first=down),
    Row("info_empty", restarted(at(INFO, Body(b""))), STRANGE, WHO, first=down),
    Row("info_without_device", restarted(at(INFO, Body(b"<envoy_info/>"))), STRANGE, WHO, first=down),
    Row("zeros", restarted(become(state="zeros")), None, WELL_AFTER_RESTART, unknown=STORAGE, first=down),
]
FAILING: Final = [row for row in GATEWAY if row.outcome]
HARMLESS: Final = [row for row in GATEWAY if not row.outcome]


def each(situation: str, rows: Iterable[Row | CloudRow | CodeRow]) -> pytest.MarkDecorator:
    """Make a case of each row, named fault-situation."""
    named = [(row, f"{row.fault}-{situation}") for row in rows]
    return pytest.mark.parametrize("row", [pytest.param(row, id=name) for row, name in named])


# -- what is looked at


def asked(requests: list[Request]) -> str:
    """Return what was asked for and forget it; `/info` is asked without, the rest of a gateway with the token."""
    letters = "".join(LETTERS[request.path] for request in requests)
    assert [(one.bearer, one.cookie) for one in requests if one.path == INFO] == [(False, False)] * letters.count("i")
    assert all(one.bearer for one in requests if one.path in (SECCTRL, CHECK_JWT))
    requests.clear()
    return letters


def said(hass: HomeAssistant) -> tuple[list[str | None], int]:
    """Return our repair issues, and how often the user is asked to sign in again."""
    return issue_keys(hass), len(reauths(hass))


def told(outcome: Outcome) -> tuple[list[str | None], int]:
    """Return the same of an outcome."""
    return [key for key in (outcome.issue,) if key], int(outcome.asks)


def unknowns(shown: Shown) -> set[str]:
    """Return the keys of what is unknown."""
    return {key for key, value in shown.items() if value is None}


def gone(values: Mapping[str, object]) -> Shown:
    """Return the same, unavailable."""
    return dict.fromkeys(values, STATE_UNAVAILABLE)


def now(gateway: Gateway) -> dict[str, Expected]:
    """Return what the gateway's answer of now means."""
    return expected(json.loads(gateway.content()))


def why(entry: MockConfigEntry) -> str | None:
    """Return the key of what an entry's coordinator has run into."""
    err = entry.runtime_data.last_exception
    assert isinstance(err, HomeAssistantError)
    return err.translation_key


def new_entry(
    hass: HomeAssistant, gateway: Gateway, *, pinned: bool = False, account: bool = False, lifetime: float = 365 * DAY
) -> MockConfigEntry:
    """Return an entry with a pasted token, or an account, that is not set up yet."""
    sign_in = {CONF_SIGN_IN: SIGN_IN_CLOUD, **ACCOUNT} if account else {CONF_SIGN_IN: SIGN_IN_TOKEN}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=f"IQ Gateway {gateway.serial}",
        unique_id=gateway.serial,
        data={CONF_HOST: gateway.host, CONF_TOKEN: gateway.token(lifetime=lifetime), **sign_in},
        options={CONF_CERTIFICATE: gateway.fingerprint.hex()} if pinned else {},
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the entry up."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def start(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> Shown:
    """Set the entry up while all is well, and return what is shown."""
    await set_up(hass, entry)
    values = shown(hass, entry)
    assert agrees(values, now(gateway))
    gateway.requests.clear()
    return values


async def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory, _gateway: Gateway) -> None:
    """Wait for the next poll."""
    await poll(hass, freezer, 61)


async def sign_in(hass: HomeAssistant, _freezer: FrozenDateTimeFactory, gateway: Gateway) -> None:
    """Answer the form that asks to sign in again."""
    (reauth,) = reauths(hass)
    flow = await answer(hass, await hass.config_entries.flow.async_configure(reauth), host=gateway.host)
    flow = await answer(hass, await choose(hass, flow, "token"), token=gateway.token())
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()


AGAIN: Final = {False: wait, True: sign_in}
"""How it goes on when the fault has ended, unless the user is asked or if so."""


# -- first set-up


@each("set_up", FAILING)
async def test_set_up(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    """A first set-up that fails says why, and is tried again."""
    entry, outcome = new_entry(hass, gateway, pinned=row.pinned), row.failure
    row.spoil(gateway)
    await set_up(hass, entry)
    assert (entry.state, entry.error_reason_translation_key) == (outcome.state, outcome.key)
    assert asked(gateway.requests) == row.asked.set_up
    assert said(hass) == told(outcome)
    assert shown(hass, entry) == {}
    row.end(gateway)
    await AGAIN[outcome.asks](hass, freezer, gateway)
    assert entry.state is ConfigEntryState.LOADED
    assert agrees(shown(hass, entry), now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == []


@each("set_up", HARMLESS)
async def test_set_up_all_the_same(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    """A first set-up does not mind; what is not known yet appears when it is."""
    entry = new_entry(hass, gateway)
    row.spoil(gateway)
    await set_up(hass, entry)
    assert agrees(shown(hass, entry), now(gateway))
    assert asked(gateway.requests) == row.asked.set_up
    row.end(gateway)
    await poll(hass, freezer)
    assert agrees(shown(hass, entry), dict.fromkeys(shown(hass, entry), None) | now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == [logging.WARNING] * row.warnings


# -- running


@each("running", FAILING)
async def test_running(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    """The values stand for a while, then they are gone; the first good poll brings new ones."""
    entry, outcome = new_entry(hass, gateway, pinned=row.pinned), row.failure
    before = await start(hass, entry, gateway)
    requests, seen = [], []
    for stage in row.stages:
        stage(gateway)
        await poll(hass, freezer, 61)
        requests.append(asked(gateway.requests))
        seen.append(shown(hass, entry))
    assert "|".join(requests) == row.asked.running
    assert seen == [outcome.meanwhile(before)] * 2 + [gone(before)]
    assert why(entry) == outcome.key
    assert said(hass) == told(outcome)
    assert lines(caplog) == [logging.ERROR]
    row.end(gateway)
    await AGAIN[outcome.asks](hass, freezer, gateway)
    assert agrees(shown(hass, entry), now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == [*outcome.log]


@each("running", HARMLESS)
async def test_running_on(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    """Every poll shows what is answered, and the rest as unknown."""
    entry = new_entry(hass, gateway)
    before = await start(hass, entry, gateway)
    requests = []
    for stage in row.stages:
        stage(gateway)
        await poll(hass, freezer, 61)
        requests.append(asked(gateway.requests))
    assert "|".join(requests) == row.asked.running
    assert agrees(shown(hass, entry), dict.fromkeys(before, None) | now(gateway))
    assert unknowns(shown(hass, entry)) == row.unknown
    row.end(gateway)
    await poll(hass, freezer, 61)
    assert agrees(shown(hass, entry), dict.fromkeys(shown(hass, entry), None) | now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == [*row.outage, *[logging.WARNING] * row.warnings]


# -- during the renewal of an account's token: the gateway refuses the old one, and fails while a new one is made


@each("renewal", FAILING)
async def test_renewal(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: Row,
) -> None:
    """The new token is kept, and asked for once; it opens the gateway as soon as that answers."""
    entry, outcome = new_entry(hass, gateway, pinned=row.pinned, account=True), row.failure
    before = await start(hass, entry, gateway)
    old = entry.data[CONF_TOKEN]
    gateway.revoke(old)
    cloud.answer(ROUTE_A, Meanwhile(partial(row.spoil, gateway)), times=1)
    await poll(hass, freezer, 61)
    assert asked(gateway.requests) == "sic" + row.asked.renewal
    assert asked(cloud.requests) == "LA"
    assert entry.data[CONF_TOKEN] != old
    assert shown(hass, entry) == outcome.meanwhile(before)
    for _ in range(2):
        await poll(hass, freezer, 61)
    assert shown(hass, entry) == gone(before)
    assert why(entry) == outcome.key
    assert said(hass) == told(outcome)
    assert lines(caplog) == [logging.ERROR]
    row.end(gateway)
    await AGAIN[outcome.asks](hass, freezer, gateway)
    assert agrees(shown(hass, entry), now(gateway))
    assert asked(cloud.requests) == ""
    assert said(hass) == ([], 0)
    assert lines(caplog) == [*outcome.log]


@each("renewal", HARMLESS)
async def test_renewal_all_the_same(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: Row,
) -> None:
    """The new token is in use within the same poll."""
    entry = new_entry(hass, gateway, account=True)
    before = await start(hass, entry, gateway)
    gateway.revoke(entry.data[CONF_TOKEN])
    cloud.answer(ROUTE_A, Meanwhile(partial(row.spoil, gateway)), times=1)
    await poll(hass, freezer, 61)
    assert asked(gateway.requests) == "sic" + row.asked.renewal
    assert asked(cloud.requests) == "LA"
    assert agrees(shown(hass, entry), dict.fromkeys(before, None) | now(gateway))
    assert unknowns(shown(hass, entry)) == row.unknown
    row.end(gateway)
    await poll(hass, freezer, 61)
    assert agrees(shown(hass, entry), dict.fromkeys(shown(hass, entry), None) | now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == [logging.WARNING] * row.warnings


# -- during a flow: the fault strikes when a form is submitted, and ends before it is again

type Filled = tuple[ConfigFlowResult, dict[str, str]]


async def _user(hass: HomeAssistant, gateway: Gateway) -> Filled:
    return await begin(hass), {CONF_HOST: gateway.host}


async def _token(hass: HomeAssistant, gateway: Gateway) -> Filled:
    flow = await answer(hass, await begin(hass), host=gateway.host)
    return await choose(hass, flow, "token"), {CONF_TOKEN: gateway.token()}


async def _reconfigure(hass: HomeAssistant, gateway: Gateway) -> Filled:
    entry = new_entry(hass, gateway, pinned=True)
    await set_up(hass, entry)
    return await begin(hass, "reconfigure", entry.entry_id), {CONF_HOST: gateway.host}


FORMS: Final[dict[str, Callable[[HomeAssistant, Gateway], Awaitable[Filled]]]] = {
    "user": _user,
    "token": _token,
    "reconfigure": _reconfigure,
}


async def _ends_made(hass: HomeAssistant, gateway: Gateway, flow: ConfigFlowResult) -> None:
    assert is_made(flow)


async def _ends_at_token(hass: HomeAssistant, gateway: Gateway, flow: ConfigFlowResult) -> None:
    assert is_made(await answer(hass, await choose(hass, flow, "token"), token=gateway.token()))


async def _ends_mended(hass: HomeAssistant, gateway: Gateway, flow: ConfigFlowResult) -> None:
    assert aborts(await choose(hass, flow, "keep"), "reconfigure_successful")


ENDS: Final[dict[str, Callable[[HomeAssistant, Gateway, ConfigFlowResult], Awaitable[None]]]] = {
    "user": _ends_at_token,
    "token": _ends_made,
    "reconfigure": _ends_mended,
}


@each("flow", FAILING)
async def test_flow(hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, row: Row) -> None:
    """The form says what is wrong; submitted again, it leads on."""
    form = row.asked.form
    flow, answers = await FORMS[form](hass, gateway)
    gateway.requests.clear()
    row.spoil(gateway)
    flow = await answer(hass, flow, **answers)
    assert stands(flow, form, row.failure.key)
    assert asked(gateway.requests) == row.asked.flow
    row.end(gateway)
    await ENDS[form](hass, gateway, await answer(hass, flow, **answers))
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    assert agrees(shown(hass, entry), now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == []


@each("flow", HARMLESS)
async def test_flow_all_the_same(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    """The form makes an entry, once it is submitted."""
    flow, answers = await FORMS[row.asked.form](hass, gateway)
    gateway.requests.clear()
    row.spoil(gateway)
    assert is_made(await answer(hass, flow, **answers))
    await hass.async_block_till_done()
    assert asked(gateway.requests) == row.asked.flow * 2
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert agrees(shown(hass, entry), now(gateway))
    row.end(gateway)
    await poll(hass, freezer)
    assert agrees(shown(hass, entry), dict.fromkeys(shown(hass, entry), None) | now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == [logging.WARNING] * row.warnings


# -- the matrix, second half: the cloud

type SpoilCloud = Callable[[Cloud], None]


def cloud_at(path: str, *faults: Fault) -> SpoilCloud:
    """Spoil the answers of one path."""
    return lambda cloud: cloud.answer(path, *faults)


def cloud_says(path: str, status: int = 200, **members: object) -> SpoilCloud:
    """Answer something else."""
    return cloud_at(path, Status(status, body=json.dumps(members).encode(), content_type="application/json"))


def on_both(*faults: Fault) -> SpoilCloud:
    """Spoil both ways to a token."""

    def spoil(cloud: Cloud) -> None:
        cloud.answer(ROUTE_A, *faults)
        cloud.answer(ROUTE_B, *faults)

    return spoil


def gives(serial: str = SERIAL, lifetime: float = DAY) -> SpoilCloud:
    """Give a token that is of no use; it is of the time when the fault begins."""
    return lambda cloud: on_both(
        Body(mint(serial=serial, now=cloud.clock(), role="owner", lifetime=lifetime).encode())
    )(cloud)


def account(password: str = ACCOUNT[CONF_PASSWORD], serial: str = SERIAL, *, mfa: bool = False) -> SpoilCloud:
    """Change the account."""
    return lambda cloud: cloud.add_account("owner@example.com", password, serials=(serial,), mfa=mfa)


def cloud_is(**attributes: object) -> SpoilCloud:
    """Change how the cloud is."""

    def spoil(cloud: Cloud) -> None:
        for name, value in attributes.items():
            setattr(cloud, name, value)

    return spoil


def away(cloud: Cloud) -> None:
    """Answer nobody."""
    cloud.listener.close()


def untrusted(cloud: Cloud) -> None:
    """Show a certificate that nobody vouches for."""
    cloud.listener.context = gateway_identity(now=cloud.clock()).context()


def ended(cloud: Cloud, trusted: SSLContext, *, mfa: bool = False) -> None:
    """End all faults."""
    cloud.clear()
    account(mfa=mfa)(cloud)
    cloud_is(login="ok", route_a="text", code_blocked=False, csrf=False)(cloud)
    cloud.listener.context = trusted
    cloud.listener.open()


@dataclass(frozen=True)
class CloudRow:
    """A fault of the cloud."""

    fault: str
    spoil: SpoilCloud
    key: str | None
    """What a form says; None: everything goes on."""
    asked: str

    @property
    def outcome(self) -> Outcome:
        """Return what it is for a token that the gateway refuses: for later, or the user's matter."""
        return {NO_CLOUD.key: NO_CLOUD}.get(str(self.key), REFUSED)


CLOUD: Final = [
    # fault                            what happens                                         key in forms         asked
    CloudRow("wrong_password", account("changed"), "invalid_auth", "L"),
    CloudRow("too_many_sessions", cloud_is(login="too_many"), "too_many_sessions", "L"),
    CloudRow("too_many_429", cloud_says(LOGIN, 429, message="Too many active sessions.."), "too_many_sessions", "L"),
    CloudRow("blocked", cloud_is(login="blocked"), "account_blocked", "L"),
    CloudRow("login_wall", cloud_is(login="wall"), "account_blocked", "L"),
    CloudRow("login_wall_403", cloud_at(LOGIN, Status(403, body=WALL)), "account_blocked", "L"),
    *(
        CloudRow(f"login_{code}", cloud_at(LOGIN, Status(code)), "cloud_unavailable", "L")
        for code in (400, 403, 404, 406, 429, 500, 502, 503, 504)
    ),
    CloudRow("login_html", cloud_at(LOGIN, Body(HTML, "text/html")), "cloud_unavailable", "L"),
    CloudRow("login_empty", cloud_at(LOGIN, Body(b"")), "cloud_unavailable", "L"),
    CloudRow("login_no_session", cloud_says(LOGIN, message="success"), "cloud_unavailable", "L"),
    CloudRow("login_list", cloud_at(LOGIN, Body(b"[]")), "cloud_unavailable", "L"),
    CloudRow("login_redirect", cloud_at(LOGIN, Redirect("/login")), "cloud_unavailable", "L"),
    CloudRow("login_too_long", cloud_at(LOGIN, Body(b" " * (SIZE_LIMIT + 1))), "cloud_unavailable", "L"),
    CloudRow("login_slow", cloud_at(LOGIN, Slow(21)), "cloud_unavailable", "L"),
    CloudRow("login_stall", cloud_at(LOGIN, SlowBody(21)), "cloud_unavailable", "L"),
    CloudRow("login_truncated", cloud_at(LOGIN, Truncated(20)), "cloud_unavailable", "L"),
    CloudRow("login_reset", cloud_at(LOGIN, Reset()), "cloud_unavailable", "L"),
    CloudRow("login_early_close", cloud_at(LOGIN, EarlyClose()), "cloud_unavailable", "L"),
    CloudRow("login_garbage", cloud_at(LOGIN, Garbage()), "cloud_unavailable", "L"),
    CloudRow("away", away, "cloud_unavailable", ""),
    CloudRow("untrusted", untrusted, "cloud_unavailable", ""),
    CloudRow("a_json", cloud_is(route_a="json"), None, "LA"),
    CloudRow("a_400", cloud_is(route_a="400"), None, "LAB"),
    CloudRow("a_403", cloud_is(route_a="403"), None, "LAB"),
    CloudRow("a_503", cloud_at(ROUTE_A, Status(503)), None, "LAB"),
    CloudRow("a_error_text", cloud_is(route_a="error_text"), None, "LAB"),
    CloudRow("a_html", cloud_at(ROUTE_A, Body(HTML, "text/html")), None, "LAB"),
    CloudRow("a_slow", cloud_at(ROUTE_A, Slow(21)), None, "LAB"),
    CloudRow("b_503", on_both(Status(503)), "cloud_unavailable", "LAB"),
    CloudRow("b_redirect", on_both(Redirect("/login")), "cloud_unavailable", "LAB"),
    CloudRow("b_401", on_both(Status(401)), "not_a_token", "LAB"),
    CloudRow("b_html", on_both(Body(HTML, "text/html")), "not_a_token", "LAB"),
    CloudRow("b_error_text", on_both(Body(b"Error in generating Token")), "not_a_token", "LAB"),
    CloudRow("not_your_gateway", account(serial=OTHER_SERIAL), "not_a_token", "LAB"),
    CloudRow("token_of_another", gives(serial=OTHER_SERIAL), "wrong_gateway", "LAB"),
    CloudRow("token_expired", gives(lifetime=-60), "token_expired", "LAB"),
]
CODE_WANTED: Final = CloudRow("code_wanted", account(mfa=True), "mfa_required", "L")
"""Nobody is there to type it during a renewal; a flow goes on with the form for it."""
CLOUD_FAILING: Final = [row for row in CLOUD if row.key]
CLOUD_HARMLESS: Final = [row for row in CLOUD if not row.key]


@dataclass(frozen=True)
class CodeRow:
    """A fault of the cloud with an account that signs in with a code."""

    fault: str
    form: str
    """In which form of a flow it strikes."""
    spoil: SpoilCloud
    key: str
    shows: str
    """The form that says so."""
    asked: str
    _: KW_ONLY
    spent: bool = False
    """Whether the cloud has taken the code, and only its answer is lost."""

    @property
    def again(self) -> str:
        """Return how it goes on."""
        return "spent" if self.spent else self.shows


WRONG_CODE: Final = {"isValid": False, "isBlocked": False}

CODE: Final = [
    # fault              form     what happens                                    key in the form      form    asked
    CodeRow("send_503", "cloud", cloud_at(SEND_CODE, Status(503)), "cloud_unavailable", "cloud", "LG"),
    CodeRow("send_html", "cloud", cloud_at(SEND_CODE, Body(HTML)), "cloud_unavailable", "cloud", "LG"),
    CodeRow("send_lost", "cloud", cloud_at(SEND_CODE, Status(401)), "sign_in_lost", "cloud", "LG"),
    CodeRow("send_blocked", "cloud", cloud_is(code_blocked=True), "account_blocked", "cloud", "LG"),
    CodeRow("send_slow", "cloud", cloud_at(SEND_CODE, Slow(21)), "cloud_unavailable", "cloud", "LG"),
    CodeRow("wrong", "code", cloud_says(CHECK_CODE, **WRONG_CODE), "invalid_code", "code", "V"),
    CodeRow("wrong_401", "code", cloud_says(CHECK_CODE, 401, **WRONG_CODE), "invalid_code", "code", "V"),
    CodeRow("blocked", "code", cloud_is(code_blocked=True), "account_blocked", "cloud", "V"),
    CodeRow("lost", "code", Cloud.forget_sessions, "sign_in_lost", "cloud", "V"),
    CodeRow("503", "code", cloud_at(CHECK_CODE, Status(503)), "cloud_unavailable", "code", "V"),
    CodeRow("html", "code", cloud_at(CHECK_CODE, Status(200, body=HTML)), "cloud_unavailable", "code", "V"),
    CodeRow("slow", "code", cloud_at(CHECK_CODE, Slow(21)), "cloud_unavailable", "code", "V", spent=True),
    CodeRow("reset", "code", cloud_at(CHECK_CODE, Reset()), "cloud_unavailable", "code", "V", spent=True),
    CodeRow("away", "code", away, "cloud_unavailable", "code", ""),
]


@pytest.fixture
def trusted(cloud: Cloud) -> SSLContext:
    """What the cloud shows when all is well."""
    return cloud.listener.context


# -- the gateway refuses the token, and the cloud fails


async def wait_long(hass: HomeAssistant, freezer: FrozenDateTimeFactory, _gateway: Gateway) -> None:
    """Wait for the poll after the pause that the cloud is left."""
    await poll(hass, freezer, 3600)


async def sign_in_with_account(hass: HomeAssistant, _freezer: FrozenDateTimeFactory, gateway: Gateway) -> None:
    """Answer the form that asks to sign in again, with the account."""
    (reauth,) = reauths(hass)
    flow = await answer(hass, await hass.config_entries.flow.async_configure(reauth), host=gateway.host)
    flow = await answer(hass, await choose(hass, flow, "cloud"), **ACCOUNT)
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()


CLOUD_AGAIN: Final = {False: wait_long, True: sign_in_with_account}


@each("renewal", [*CLOUD_FAILING, CODE_WANTED])
async def test_cloud_renewal(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    trusted: SSLContext,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: CloudRow,
) -> None:
    """The cloud is asked once; it is tried again after an hour, or the user is asked."""
    entry, outcome = new_entry(hass, gateway, account=True), row.outcome
    before = await start(hass, entry, gateway)
    old = entry.data[CONF_TOKEN]
    gateway.revoke(old)
    row.spoil(cloud)
    keys, seen = [], []
    for _ in range(3):
        await poll(hass, freezer, 61)
        keys.append(why(entry))
        seen.append(shown(hass, entry))
    assert keys == [outcome.key] + [outcome.later or outcome.key] * 2
    assert seen == [outcome.meanwhile(before)] * 2 + [gone(before)]
    assert asked(gateway.requests) == outcome.refusals
    assert asked(cloud.requests) == row.asked
    assert said(hass) == told(outcome)
    assert entry.data[CONF_TOKEN] == old
    ended(cloud, trusted)
    await CLOUD_AGAIN[outcome.asks](hass, freezer, gateway)
    assert agrees(shown(hass, entry), now(gateway))
    assert asked(cloud.requests) == "LA"
    assert said(hass) == ([], 0)
    assert lines(caplog) == [*outcome.log]


@each("renewal", CLOUD_HARMLESS)
async def test_cloud_renewal_all_the_same(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: CloudRow,
) -> None:
    """The other way to a token leads there within the same poll."""
    entry = new_entry(hass, gateway, account=True)
    await start(hass, entry, gateway)
    gateway.revoke(entry.data[CONF_TOKEN])
    row.spoil(cloud)
    await poll(hass, freezer, 61)
    assert asked(gateway.requests) == "sicis"
    assert asked(cloud.requests) == row.asked
    assert agrees(shown(hass, entry), now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == []


# -- the token is good for a day more, and the cloud fails


@each("ahead", [*CLOUD_FAILING, CODE_WANTED])
async def test_cloud_ahead(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    trusted: SSLContext,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: CloudRow,
) -> None:
    """The values go on, the user is told when the token ends, and the next renewal settles that."""
    entry = new_entry(hass, gateway, account=True, lifetime=20 * DAY)
    before = await start(hass, entry, gateway)
    old = entry.data[CONF_TOKEN]
    row.spoil(cloud)
    await poll(hass, freezer, 19 * DAY)
    await poll(hass, freezer)
    assert asked(cloud.requests) == row.asked
    assert said(hass) == (["token_ends"], 0)
    assert shown(hass, entry) == before
    ended(cloud, trusted)
    await poll(hass, freezer, 3600)
    await poll(hass, freezer)
    assert asked(cloud.requests) == "LA"
    assert entry.data[CONF_TOKEN] != old
    assert said(hass) == ([], 0)
    assert agrees(shown(hass, entry), now(gateway))
    assert lines(caplog) == []


@each("ahead", CLOUD_HARMLESS)
async def test_cloud_ahead_all_the_same(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: CloudRow,
) -> None:
    """The other way to a token leads there, and nobody notices."""
    entry = new_entry(hass, gateway, account=True, lifetime=20 * DAY)
    before = await start(hass, entry, gateway)
    old = entry.data[CONF_TOKEN]
    row.spoil(cloud)
    await poll(hass, freezer, 19 * DAY)
    await poll(hass, freezer)
    assert asked(cloud.requests) == row.asked
    assert entry.data[CONF_TOKEN] != old
    assert shown(hass, entry) == before
    assert said(hass) == ([], 0)
    assert lines(caplog) == []


# -- the cloud fails during a flow


async def at_cloud(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    """Return a flow that asks for the account."""
    return await choose(hass, await answer(hass, await begin(hass), host=gateway.host), "cloud")


@each("flow", CLOUD_FAILING)
async def test_cloud_flow(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    trusted: SSLContext,
    caplog: pytest.LogCaptureFixture,
    row: CloudRow,
) -> None:
    """The form says what is wrong, and the gateway is not asked; submitted again, it makes an entry."""
    flow = await at_cloud(hass, gateway)
    gateway.requests.clear()
    row.spoil(cloud)
    flow = await answer(hass, flow, **ACCOUNT)
    assert stands(flow, "cloud", row.key)
    assert asked(cloud.requests) == row.asked
    assert asked(gateway.requests) == ""
    ended(cloud, trusted)
    assert is_made(await answer(hass, flow, **ACCOUNT))
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert agrees(shown(hass, entry), now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == []


@each("flow", CLOUD_HARMLESS)
async def test_cloud_flow_all_the_same(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, caplog: pytest.LogCaptureFixture, row: CloudRow
) -> None:
    """The other way to a token makes the same entry."""
    flow = await at_cloud(hass, gateway)
    row.spoil(cloud)
    assert is_made(await answer(hass, flow, **ACCOUNT))
    await hass.async_block_till_done()
    assert asked(cloud.requests) == row.asked
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert agrees(shown(hass, entry), now(gateway))
    assert lines(caplog) == []


async def _at_code(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    flow = await answer(hass, await at_cloud(hass, gateway), **ACCOUNT)
    assert stands(flow, "code")
    return flow


async def _account_then_code(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    flow = await answer(hass, flow, **ACCOUNT)
    assert stands(flow, "code")
    return await _code(hass, cloud, flow)


async def _code(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    return await answer(hass, flow, code=cloud.code("owner@example.com"))


async def _code_then_account(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    flow = await _code(hass, cloud, flow)
    assert stands(flow, "cloud", "sign_in_lost")
    return await _account_then_code(hass, cloud, flow)


AT_FORM: Final = {"cloud": at_cloud, "code": _at_code}
SUBMIT: Final[Mapping[str, Callable[[HomeAssistant, Cloud, ConfigFlowResult], Awaitable[ConfigFlowResult]]]] = {
    "cloud": lambda hass, _, flow: answer(hass, flow, **ACCOUNT),
    "code": _code,
}
TO_THE_END: Final = {"cloud": _account_then_code, "code": _code, "spent": _code_then_account}


@each("code", CODE)
async def test_code_flow(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    trusted: SSLContext,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    row: CodeRow,
) -> None:
    """The form that can mend it says what is wrong; submitted (half a minute later) it leads to an entry."""
    account(mfa=True)(cloud)
    flow = await AT_FORM[row.form](hass, gateway)
    cloud.requests.clear()
    gateway.requests.clear()
    row.spoil(cloud)
    flow = await SUBMIT[row.form](hass, cloud, flow)
    assert stands(flow, row.shows, row.key)
    assert asked(cloud.requests) == row.asked
    assert asked(gateway.requests) == ""
    ended(cloud, trusted, mfa=True)
    freezer.tick(31)
    assert is_made(await TO_THE_END[row.again](hass, cloud, flow))
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert agrees(shown(hass, entry), now(gateway))
    assert said(hass) == ([], 0)
    assert lines(caplog) == []
