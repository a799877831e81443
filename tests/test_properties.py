"""What holds for everything that may arrive: bytes of a gateway, pages, tokens, addresses."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
import json
from math import inf
import os
import re
import threading
from time import perf_counter
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.diagnostics import DOMAIN as DIAGNOSTICS
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import HealthCheck, assume, example, given, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.enphase_secctrl.address import base_url
from custom_components.enphase_secctrl.const import SIZE_LIMIT
from custom_components.enphase_secctrl.coordinator import CLAIMS
from custom_components.enphase_secctrl.failures import (
    InvalidHost,
    NotAToken,
    TokenExpired,
    UnexpectedAnswer,
    UnsupportedFirmware,
    WrongGateway,
)
from custom_components.enphase_secctrl.fields import FIELDS, IGNORED
from custom_components.enphase_secctrl.identity import Identity, identity
from custom_components.enphase_secctrl.kinds import Value
from custom_components.enphase_secctrl.model import Report, parse
from custom_components.enphase_secctrl.token import Token, read_token, usable_token
from tests import oracle, strategies
from tests.gateway import SCENARIOS, Gateway, payload_bytes
from tests.shown import poll
from tests.strategies import OFF_GRID, PAYLOADS, SERIAL, SOMEBODY

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "normal")
"""`normal`, or `deep` for 10,000 examples of each property."""

for name, examples in (("normal", 500), ("deep", 10_000)):
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        database=None,
        print_blob=True,
        derandomize=os.environ.get("CI") == "true",
        suppress_health_check=list(HealthCheck),  # fixtures that every test of the folder has; large examples
    )
settings.load_profile(PROFILE)

WHOLE: Final = payload_bytes(SCENARIOS["8.3_all_keys"].payload)

# What the keys of the contract are, written down without our table
FLAGS: Final = {*oracle.FLAGS, "soc_rec_enabled", *(f"{OFF_GRID}.{name}" for name in oracle.OFF_GRID_FLAGS)}
PERCENTS: Final = {*oracle.PERCENTS, "ENC_agg_soh", "ENC_agg_soc", "ACB_agg_soc"}
ENERGIES: Final = {
    *("agg_avail_energy", "ENC_agg_avail_energy", "agg_backup_energy", "ENC_agg_backup_energy", "ACB_agg_energy"),
    *("Max_energy", "Enc_commissioned_capacity", "Enc_max_available_capacity"),
}
FIXED_POINT: Final = {f"{name}{phase}" for name in ("freq_bias_hz_q8", "voltage_bias_v_q5") for phase in oracle.PHASES}
NUMBERS: Final = {
    *(f"{name}{phase}" for name in ("freq_bias_hz", "voltage_bias_v") for phase in oracle.PHASES),
    *(f"{OFF_GRID}.{name}" for name in oracle.OFF_GRID_NUMBERS),
}
KNOWN: Final = FLAGS | PERCENTS | ENERGIES | FIXED_POINT | NUMBERS


def readable(body: bytes) -> Report | None:
    """Return the report, or None for what is refused in our own words."""
    try:
        return parse(body)
    except UnexpectedAnswer as refused:
        said = refused.placeholders["answer"]
    assert re.fullmatch(r"[\w >]{1,50}( \(\w+\))?", said, re.ASCII)
    return None


def witnessed(body: bytes) -> dict[str, object] | None:
    """Return what Python reads in the bytes, or None where the contract says there is no payload."""
    try:
        payload = json.loads(body.decode(), parse_int=_integer)
    except ValueError, RecursionError:
        return None
    usable = len(body) <= SIZE_LIMIT and isinstance(payload, dict) and {"agg_soc", "freq_bias_hz"} & payload.keys()
    return payload if usable else None


def _integer(digits: str) -> float:
    """Return the number, infinite where Python refuses to convert."""
    return int(digits) if len(digits) < 4000 else inf


def leaves(payload: dict[str, object]) -> dict[str, object]:
    """Return {path: value} of what a row of the contract could be about."""
    inner = payload.get(OFF_GRID)
    below = {f"{OFF_GRID}.{name}": value for name, value in inner.items()} if isinstance(inner, dict) else {}
    return {name: value for name, value in payload.items() if "." not in name and name != OFF_GRID} | below


def is_of_its_kind(path: str, value: object) -> bool:
    """Return whether the contract takes the value."""
    fits = type(value) in (int, float) and isinstance(value, int | float) and -(2**53) < value < 2**53
    kinds = [
        path in FLAGS and isinstance(value, bool),
        path in PERCENTS and fits and isinstance(value, int | float) and 0 <= value <= 100,
        path in ENERGIES and fits and isinstance(value, int | float) and value >= 0,
        path in FIXED_POINT and fits and isinstance(value, int),
        path in NUMBERS and fits,
    ]
    return any(kinds)


def same(value: Value | None, wanted: oracle.Expected) -> bool:
    """Return whether both are unknown, the same flag, or the same number within a float's last digits."""
    return value is wanted or (
        type(value) in (int, float) and type(wanted) in (int, float) and value == pytest.approx(wanted, rel=1e-12)
    )


@given(strategies.bodies)
@example(WHOLE)
@example(b'{"agg_soc": 1, "agg_soc": "2"}')
@example(b'{"freq_bias_hz": ' + b"1" * 5000 + b"}")
def test_payloads(body: bytes) -> None:
    """A payload is a report exactly where the contract has one, and nothing but a refusal is raised."""
    report, payload = readable(body), witnessed(body)
    assert (report is None) == (payload is None)


def test_witness() -> None:
    """The keys written down here are those of our payloads."""
    assert {path for payload in PAYLOADS for path in leaves(dict(payload))} == KNOWN


@given(strategies.mutated_payloads() | strategies.large_payloads())
@example(WHOLE)
@example(b'{"agg_soc": 50, "offgrid_secctrl.F": 1, "offgrid_secctrl": {"F.x": 1, "": 2}, "": 3}')
@example(b'{"agg_soc": 50, "offgrid_secctrl.F": {"a": 1}}')
@example(b'{"agg_soc": 50, "offgrid_secctrl": null, "Max_energy": NaN, "agg_soc": 51}')
def test_fields(body: bytes) -> None:
    """Each row is right or unknown; unknown keys and bad values are named, all of them and no others."""
    report, payload = readable(body), witnessed(body)
    assume(report)
    assert report
    assert payload
    wanted = oracle.expected(payload)
    values = {field.key: report.value(field) for field in FIELDS}
    assert [key for key, value in values.items() if not same(value, wanted.get(key))] == []
    assert {field.key for field in FIELDS if report.reports(field)} == wanted.keys()

    paths = leaves(payload)
    bad = [path for path, value in paths.items() if path in KNOWN and not is_of_its_kind(path, value)]
    bad += [name for name in (OFF_GRID,) if not isinstance(payload.get(name, {}), dict)]
    assert Counter(report.bad(CLAIMS)) == Counter(bad)
    news = [path for path in paths if path not in KNOWN] + [name for name in payload if "." in name]
    assert Counter(report.unknown(CLAIMS.keys() | IGNORED.keys())) == Counter(news)


@pytest.mark.parametrize("growing", strategies.GROWING)
def test_time(growing: str) -> None:
    """Fifty times the bytes take at most some hundred times the time of an ordinary answer, whatever they are."""

    def seconds(body: bytes) -> float:
        times = []
        for _ in range(5):
            began = perf_counter()
            report = readable(body)
            _ = report and [report.value(field) for field in FIELDS]
            _ = report and (report.bad(CLAIMS), report.unknown(CLAIMS))
            times.append(perf_counter() - began)
        return min(times)

    body = strategies.GROWING[growing](60_000).encode()
    assert len(body) <= SIZE_LIMIT
    assert seconds(body) < 400 * seconds(WHOLE)


@pytest.fixture
def small_stack() -> Iterator[ThreadPoolExecutor]:
    """A thread where Python's limits are near, as they are on some systems."""
    before = threading.stack_size(256 * 1024)
    with ThreadPoolExecutor(1) as executor:
        yield executor
    threading.stack_size(before)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth(small_stack: ThreadPoolExecutor, opening: str) -> None:
    """What is too deep to be read is refused."""
    body = '{"agg_soc":' + opening * (60_000 // len(opening))
    assert small_stack.submit(readable, body.encode()).result() is None


def who(body: bytes) -> Identity | None:
    """Return who it is, or None for what is refused."""
    try:
        return identity(body)
    except UnexpectedAnswer as refused:
        said = refused.placeholders["answer"]
    except UnsupportedFirmware:
        return None
    assert said in ("no XML", "XML without serial and software")
    return None


@given(strategies.pages() | strategies.st.binary(max_size=200))
def test_info(body: bytes) -> None:
    """A page says who it is in digits and dots, or nothing."""
    found = who(body)
    assume(found)
    assert found
    assert re.fullmatch(r"[0-9]{1,20}", found.serial)
    assert re.fullmatch(r"([7-9]|[0-9]{2,4})\.[0-9.]{1,20}", found.firmware)
    assert re.fullmatch(r"[\w.-]{0,32}", found.part_number, re.ASCII)


@given(strategies.pages())
def test_document_types(body: bytes) -> None:
    """Where there is a document type there is no identity: nothing is expanded, nothing fetched."""
    assert who(body.replace(b"<envoy_info", b"<!DOCTYPE x [<!ENTITY s '1'>]><envoy_info", 1)) is None or (
        b"<envoy_info" not in body
    )


@pytest.mark.parametrize("depth", [1, 100, 10_000, 21_000])
def test_deep_info(depth: int) -> None:
    """However deep a page is, it is read or refused."""
    page = "<envoy_info>" + "<a>" * depth + "</a>" * depth + "<device><sn>1</sn><software>8.1</software></device>"
    found = who(f"{page}</envoy_info>".encode())
    assert found in (None, Identity(serial="1", firmware="8.1", part_number=""))


def token_of(text: str, *, usable: bool) -> Token | None:
    """Return the token, or None for what is refused."""
    try:
        return usable_token(text, SERIAL) if usable else read_token(text, SERIAL)
    except (NotAToken, WrongGateway, TokenExpired) as err:
        said = (err.placeholders, err.args, err.key)
    assert said == ({}, (said[-1],), said[-1])
    return None


GOOD: Final = strategies.jwt_of('{"alg":"ES256"}', f'{{"aud":"{SERIAL}","exp":{strategies.LATER}}}')


@given(strategies.token_texts)
@example(GOOD)
def test_tokens(text: str) -> None:
    """What passes opens this gateway, is not over, and can stand in a header."""
    read, usable = token_of(text, usable=False), token_of(text, usable=True)
    assert usable in (None, read)
    assume(usable)
    assert usable
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", usable.text)
    claims = json.loads(strategies.claims_of(usable.text))
    assert claims["aud"] == SERIAL or SERIAL in list(claims["aud"])
    assert claims["exp"] == pytest.approx(usable.expires.timestamp(), abs=1e-3)
    assert usable.expires > datetime.now(UTC)
    assert usable.role in ("", "owner", "installer")
    assert usable.margin.days <= 30


def url_of(text: str) -> URL | None:
    """Return where the text leads, or None for what is refused."""
    try:
        return base_url(text)
    except InvalidHost:
        return None


@given(strategies.addresses)
@example("::1%\x80")
def test_addresses(text: str) -> None:
    """An address is none, or the root of an https URL that can be entered again."""
    url = url_of(text)
    assume(url)
    assert url
    assert (url.scheme, url.path, url.query_string, url.fragment) == ("https", "/", "", "")
    assert (url.user, url.password) == (None, None)
    host = url.host_port_subcomponent
    assert host
    assert host.isascii()
    assert base_url(host).host_port_subcomponent == host
    assert base_url(str(url)) == url


type Download = Callable[[bytes], Awaitable[tuple[int, str]]]


@pytest.fixture
async def download(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,  # before the entry: the clock's leap would let a poll begin
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> Download:
    """What the download of the diagnostics answers after the gateway has answered a body."""
    assert await async_setup_component(hass, DIAGNOSTICS, {})
    client = await hass_client()

    async def download(body: bytes) -> tuple[int, str]:
        gateway.body = body
        await poll(hass, freezer)
        assert loaded.runtime_data.polls[-1]["outcome"] in ("ok", "unexpected_answer")
        response = await client.get(f"/api/diagnostics/config_entry/{loaded.entry_id}")
        return response.status, await response.text()

    return download


@settings(max_examples=settings.get_profile(PROFILE).max_examples // 10)
@given(body=strategies.mutated_payloads())
@example(body=b'{"agg_soc": 50, "b\\ud800d": "Jane Roe", "name": ["Jane Roe"], "sn": 122300000001, "x": NaN}')
async def test_diagnostics(download: Download, body: bytes) -> None:
    """Whatever was reported, the diagnostics can be downloaded, and hold no text of it."""
    status, text = await download(body)
    assert status == HTTPStatus.OK
    assert SOMEBODY not in text
    assert SERIAL not in text


@pytest.mark.parametrize("depth", [10, 300, 900, 1100, 3000, 9000])
async def test_deep_diagnostics(download: Download, depth: int) -> None:
    """However deep a report is, its diagnostics can be downloaded (hypothesis would raise Python's limit)."""
    body = '{"agg_soc": 50, "x": ' + strategies.nested('{"a":', "}", depth) + "}"
    assert (await download(body.encode()))[0] == HTTPStatus.OK
