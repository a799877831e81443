"""Properties that hold for any response of a gateway, any pasted token, and any host."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from math import inf
import re
import threading
from time import perf_counter
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.diagnostics import DOMAIN as DIAGNOSTICS
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import assume, example, given, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.enphase_secctrl.client import (
    AccessToken,
    GatewayInfo,
    InvalidHost,
    NotAToken,
    Report,
    TokenExpired,
    UnexpectedResponse,
    UnsupportedFirmware,
    Value,
    WrongGateway,
    gateway_url,
    parse_info,
    parse_report,
    parse_token,
    parse_valid_token,
)
from custom_components.enphase_secctrl.fields import FIELDS, IGNORED, KNOWN_PATHS
from tests import oracle, strategies
from tests.emulator import SCENARIOS, Gateway, payload_bytes
from tests.polling import poll
from tests.strategies import NAME, OFF_GRID, SERIAL, SIZE_LIMIT

COMPLETE: Final = payload_bytes(SCENARIOS["8.3_all_keys"].payload)

# The keys of the payload by type, independent of the integration's table
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


def try_parse_report(body: bytes) -> Report | None:
    """Return the report, or None if the body is rejected with a description that contains nothing of it."""
    try:
        return parse_report(body)
    except UnexpectedResponse as err:
        description = err.placeholders["answer"]
    assert re.fullmatch(r"[\w >]{1,50}( \(\w+\))?", description, re.ASCII)
    return None


def parse_independently(body: bytes) -> dict[str, object] | None:
    """Return what Python reads from the body, or None if it isn't a payload."""
    try:
        payload = json.loads(body.decode(), parse_int=_parse_integer)
    except ValueError, RecursionError:
        return None
    valid = len(body) <= SIZE_LIMIT and isinstance(payload, dict) and {"agg_soc", "freq_bias_hz"} & payload.keys()
    return payload if valid else None


def _parse_integer(digits: str) -> float:
    """Return the number, or infinity where Python refuses to convert it."""
    return int(digits) if len(digits) < 4000 else inf


def leaves(payload: dict[str, object]) -> dict[str, object]:
    """Return {path: value} of everything that a field could read."""
    inner = payload.get(OFF_GRID)
    below = {f"{OFF_GRID}.{name}": value for name, value in inner.items()} if isinstance(inner, dict) else {}
    return {name: value for name, value in payload.items() if "." not in name and name != OFF_GRID} | below


def is_valid_value(path: str, value: object) -> bool:
    """Return whether the value is valid for its key."""
    is_number = type(value) in (int, float) and isinstance(value, int | float) and -(2**53) < value < 2**53
    is_valid = [
        path in FLAGS and isinstance(value, bool),
        path in PERCENTS and is_number and isinstance(value, int | float) and 0 <= value <= 100,
        path in ENERGIES and is_number and isinstance(value, int | float) and 0 <= value < 2**31,
        path in FIXED_POINT and is_number and isinstance(value, int),
        path in NUMBERS and is_number,
    ]
    return any(is_valid)


def is_same(value: Value | None, expected: oracle.Expected) -> bool:
    """Return whether both are unknown, the same flag, or, within rounding errors, the same number."""
    return value is expected or (
        type(value) in (int, float) and type(expected) in (int, float) and value == pytest.approx(expected, rel=1e-12)
    )


@given(strategies.bodies)
@example(COMPLETE)
@example(b'{"agg_soc": 1, "agg_soc": "2"}')
@example(b'{"freq_bias_hz": ' + b"1" * 5000 + b"}")
def test_payloads(body: bytes) -> None:
    """A body is a report if and only if it is a payload, and no unexpected exception is raised."""
    report, payload = try_parse_report(body), parse_independently(body)
    assert (report is None) == (payload is None)


@given(strategies.mutated_payloads() | strategies.large_payloads())
@example(COMPLETE)
@example(b'{"agg_soc": 50, "offgrid_secctrl.F": 1, "offgrid_secctrl": {"F.x": 1, "": 2}, "": 3}')
@example(b'{"agg_soc": 50, "offgrid_secctrl.F": {"a": 1}}')
@example(b'{"agg_soc": 50, "offgrid_secctrl": null, "Max_energy": NaN, "agg_soc": 51}')
@example(b'{"agg_soc": 50, "Max_energy": 2147483648, "Enc_max_available_capacity": 2147483647}')
def test_fields(body: bytes) -> None:
    """Each field is correct or unknown, and exactly the unknown keys and invalid values are listed."""
    report, payload = try_parse_report(body), parse_independently(body)
    assume(report)
    assert report
    assert payload
    correct = oracle.expected_fields(payload)
    values = {field.key: report.value(field) for field in FIELDS if report.contains(field)}
    assert [key for key, value in values.items() if not is_same(value, correct.get(key))] == []
    assert values.keys() == correct.keys()

    paths = leaves(payload)
    invalid = [path for path, value in paths.items() if path in KNOWN and not is_valid_value(path, value)]
    invalid += [name for name in (OFF_GRID,) if not isinstance(payload.get(name, {}), dict)]
    assert Counter(report.invalid_paths(KNOWN_PATHS)) == Counter(invalid)
    unknown = [path for path in paths if path not in KNOWN] + [name for name in payload if "." in name]
    assert Counter(report.unknown_paths(KNOWN_PATHS.keys() | IGNORED.keys())) == Counter(unknown)


@pytest.mark.parametrize("content", strategies.LARGE_BODIES)
def test_time(content: str) -> None:
    """A large body takes at most as many times longer to parse as its size explains, whatever its content."""

    def parse_time(body: bytes) -> float:
        times = []
        for _ in range(5):
            start = perf_counter()
            report = try_parse_report(body)
            _ = report and [report.value(field) for field in FIELDS]
            _ = report and (report.invalid_paths(KNOWN_PATHS), report.unknown_paths(KNOWN_PATHS))
            times.append(perf_counter() - start)
        return min(times)

    body = strategies.LARGE_BODIES[content](60_000).encode()
    assert len(body) <= SIZE_LIMIT
    assert parse_time(body) < 400 * parse_time(COMPLETE)


@pytest.fixture
def small_stack() -> Iterator[ThreadPoolExecutor]:
    """A thread with a small stack, like on some systems, so that deep recursion fails early."""
    previous = threading.stack_size(256 * 1024)
    with ThreadPoolExecutor(1) as executor:
        yield executor
    threading.stack_size(previous)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth(small_stack: ThreadPoolExecutor, opening: str) -> None:
    """A body that is nested too deeply is rejected."""
    body = '{"agg_soc":' + opening * (60_000 // len(opening))
    assert small_stack.submit(try_parse_report, body.encode()).result() is None


def try_parse_info(body: bytes) -> GatewayInfo | None:
    """Return the gateway's info, or None if the page is rejected with a constant description."""
    try:
        return parse_info(body)
    except UnexpectedResponse as err:
        description = err.placeholders["answer"]
    except UnsupportedFirmware:
        return None
    assert description in ("not XML", "XML without a serial number or software version")
    return None


@given(strategies.pages() | strategies.st.binary(max_size=200))
def test_info(body: bytes) -> None:
    """Serial number, firmware, and part number consist of the expected characters only."""
    info = try_parse_info(body)
    assume(info)
    assert info
    assert re.fullmatch(r"[0-9]{1,20}", info.serial)
    assert re.fullmatch(r"([7-9]|[0-9]{2,4})\.[0-9.]{1,20}", info.firmware)
    assert re.fullmatch(r"[\w.-]{0,32}", info.part_number, re.ASCII)


@given(strategies.pages())
def test_document_types(body: bytes) -> None:
    """A page with a document type is rejected, so no entity is expanded and nothing is fetched."""
    assert try_parse_info(body.replace(b"<envoy_info", b"<!DOCTYPE x [<!ENTITY s '1'>]><envoy_info", 1)) is None or (
        b"<envoy_info" not in body
    )


@pytest.mark.parametrize("depth", [1, 100, 10_000, 21_000])
def test_deep_info(depth: int) -> None:
    """A deeply nested page is either parsed or rejected."""
    page = "<envoy_info>" + "<a>" * depth + "</a>" * depth + "<device><sn>1</sn><software>8.1</software></device>"
    info = try_parse_info(f"{page}</envoy_info>".encode())
    assert info in (None, GatewayInfo(serial="1", firmware="8.1", part_number=""))


def try_parse_token(parse: Callable[[str, str], AccessToken], text: str) -> AccessToken | None:
    """Return the token, or None if it is rejected with an exception that contains nothing of it."""
    try:
        return parse(text, SERIAL)
    except (NotAToken, WrongGateway, TokenExpired) as err:
        attributes, key = (err.placeholders, err.args), err.translation_key
    assert attributes == ({}, (key,))
    return None


VALID_TOKEN: Final = strategies.jwt_of('{"alg":"ES256"}', f'{{"aud":"{SERIAL}","exp":{strategies.EXPIRES}}}')


@given(strategies.token_texts)
@example(VALID_TOKEN)
def test_tokens(text: str) -> None:
    """A valid token is one for this gateway that hasn't expired, and it can be sent in a header."""
    parsed, valid = try_parse_token(parse_token, text), try_parse_token(parse_valid_token, text)
    assert valid in (None, parsed)
    assume(valid)
    assert valid
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", valid.text)
    claims = json.loads(strategies.claims_of(valid.text))
    assert claims["aud"] == SERIAL or SERIAL in list(claims["aud"])
    assert claims["exp"] == pytest.approx(valid.expires.timestamp(), abs=1e-3)
    assert valid.expires > datetime.now(UTC)
    assert valid.role in ("", "owner", "installer")
    assert valid.expires - valid.renewal_due <= timedelta(days=30)


def try_parse_host(text: str) -> URL | None:
    """Return the URL of a host, or None if it is rejected."""
    try:
        return gateway_url(text)
    except InvalidHost:
        return None


@given(strategies.hosts)
@example("::1%\x80")
def test_addresses(text: str) -> None:
    """A valid host is the root of an https URL, and its short form means the same."""
    url = try_parse_host(text)
    assume(url)
    assert url
    assert (url.scheme, url.path, url.query_string, url.fragment) == ("https", "/", "", "")
    assert (url.user, url.password) == (None, None)
    host = url.host_port_subcomponent
    assert host
    assert host.isascii()
    assert gateway_url(host).host_port_subcomponent == host
    assert gateway_url(str(url)) == url


type Download = Callable[[bytes], Awaitable[tuple[int, str]]]


@pytest.fixture
async def download(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,  # before the entry: otherwise the jump of the clock starts a poll
    loaded_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> Download:
    """A function that lets the gateway respond with a body, and downloads the diagnostics: status and text."""
    assert await async_setup_component(hass, DIAGNOSTICS, {})
    client = await hass_client()

    async def download(body: bytes) -> tuple[int, str]:
        gateway.body = body
        await poll(hass, freezer)
        assert loaded_entry.runtime_data.availability.polls[-1]["outcome"] in ("ok", "unexpected_answer")
        response = await client.get(f"/api/diagnostics/config_entry/{loaded_entry.entry_id}")
        return response.status, await response.text()

    return download


@settings(max_examples=settings().max_examples // 10)
@given(body=strategies.mutated_payloads())
@example(body=b'{"agg_soc": 50, "b\\ud800d": "Jane Roe", "name": ["Jane Roe"], "sn": 122300000001, "x": NaN}')
async def test_diagnostics(download: Download, body: bytes) -> None:
    """Whatever the gateway reports, the diagnostics can be downloaded, and contain no text of it."""
    status, text = await download(body)
    assert status == HTTPStatus.OK
    assert NAME not in text
    assert SERIAL not in text


@pytest.mark.parametrize("depth", [10, 300, 900, 1100, 3000, 9000])
async def test_deep_diagnostics(download: Download, depth: int) -> None:
    """A deeply nested report has diagnostics (Hypothesis would raise Python's recursion limit)."""
    body = '{"agg_soc": 50, "x": ' + strategies.nested('{"a":', "}", depth) + "}"
    assert (await download(body.encode()))[0] == HTTPStatus.OK
