"""Every payload we have, through TLS into Home Assistant, against the oracle."""

import json
from math import inf
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import DOMAIN
from custom_components.enphase_secctrl.coordinator import CLAIMS
from tests.conftest import SetUp
from tests.gateway import SCENARIOS, Gateway
from tests.oracle import expected
from tests.shown import agrees, outlast, poll, shown, states

STILL = [name for name in SCENARIOS if name != "day"]
CAPTURES = [
    *(Path(__file__).parents[2] / "shared" / "captures").glob("[7-8]*.json"),
    *(Path(__file__).parents[2] / "shared" / "captures").glob("legacy*.json"),
]

ENABLED = {
    *("agg_soc", "agg_avail_energy", "agg_backup_energy", "energy_above_reserve", "max_energy", "enc_agg_soh"),
    *("configured_backup_soc", "adjusted_backup_soc", "freq_bias_hz", "voltage_bias_v", "shutdown", "token_expires"),
}

WRONG = {
    "text": '"12"',
    "empty text": '""',
    "true": "true",
    "false": "false",
    "null": "null",
    "list": "[1]",
    "object": '{"value": 1}',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "beyond float": "1e400",
    "huge": "9" * 30,
    "longer than Python converts": "1" * 5000,
    "negative": "-1",
    "over 100": "101",
    "fraction": "12.5",
}
SPOILED = {
    "agg_soc": {"agg_soc"},
    "Max_energy": {"max_energy"},
    "ENC_agg_avail_energy": {"enc_agg_avail_energy", "agg_avail_energy", "energy_above_reserve"},
    "ENC_agg_soh": {"enc_agg_soh"},
    "configured_backup_soc": {"configured_backup_soc"},
    "freq_bias_hz": {"freq_bias_hz"},
    "freq_bias_hz_q8": {"freq_bias_hz_q8"},
    "shutdown": {"shutdown"},
    "VLS_Limit": {"vls_limit"},
}

NO_PAYLOAD = {
    "empty": b"",
    "blank": b" \n",
    "HTML": b"<!DOCTYPE html><html><title>Redirecting</title></html>",
    "text": b"Resource busy, please retry after 30 seconds",
    "error": b'{ "error" : "404 - Not Found" }',
    "status": b'{"inventory": {}, "secctrl": {"agg_soc": 50, "freq_bias_hz": 0.0}, "relay": {}}',
    "list": b"[]",
    "number": b"42",
    "null": b"null",
    "truncated": b'{"agg_soc": 50, "freq_bi',
    "trailing comma": b'{"agg_soc": 50, "freq_bias_hz": 0.0,}',
    "missing value": b'{"agg_soc": , "freq_bias_hz": 0.0}',
    "no UTF-8": b'{"agg_soc": 50, "\xff": 1}',
    "deep": b'{"agg_soc":' + b"[" * 30000,
    "large": b'{"agg_soc": 50, "x": "' + b"x" * 70000 + b'"}',
}


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("scenario", STILL)
async def test_scenarios(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str) -> None:
    """A payload of our own is shown as the oracle reads it."""
    gateway.scenario = scenario
    assert agrees(shown(hass, await set_up()), expected(gateway.payload))


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
async def test_captures(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, capture: Path) -> None:
    """A real gateway's answer is shown as the oracle reads it."""
    gateway.body = capture.read_bytes()
    assert agrees(shown(hass, await set_up()), expected(json.loads(gateway.body)))


@pytest.mark.parametrize(
    ("scenario", "more"),
    [
        ("8.3_all_keys", set()),
        ("8.2_iq_and_acb", {"acb_agg_soc", "acb_agg_energy", "enc_agg_soc", "enc_agg_avail_energy"}),
        ("8.2_acb_agg_soc_zero", {"acb_agg_soc", "acb_agg_energy", "enc_agg_soc", "enc_agg_avail_energy"}),
    ],
)
async def test_enabled(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str, more: set[str]) -> None:
    """What a new user sees is the short list, and each kind of battery where there are two."""
    gateway.scenario = scenario
    assert states(hass, await set_up()).keys() == ENABLED | more


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("path", SPOILED)
@pytest.mark.parametrize("wrong", WRONG)
async def test_bad_value(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    path: str,
    wrong: str,
) -> None:
    """A wrong value is unknown, said once; the other entities keep theirs, and the next answer is whole again."""
    good = shown(hass, loaded)
    gateway.body = json.dumps(gateway.payload | {path: "HERE"}).replace('"HERE"', WRONG[wrong]).encode()
    await poll(hass, freezer)
    spoiled = shown(hass, loaded)
    wanted = expected(json.loads(gateway.body, parse_int=_integer))
    assert agrees(spoiled, {key: wanted.get(key) for key in good})
    assert {key for key in good if spoiled[key] != good[key]} <= SPOILED[path]
    gateway.body += b"\n"
    await poll(hass, freezer)
    assert caplog.text.count(f"answers {path} with") == len(loaded.runtime_data.data.bad({path: CLAIMS[path]}))
    gateway.body = None
    await poll(hass, freezer)
    assert shown(hass, loaded) == good


def _integer(digits: str) -> float:
    """Return the number, infinite where Python refuses to convert."""
    return int(digits) if len(digits) < 400 else inf


@pytest.mark.parametrize("body", NO_PAYLOAD)
async def test_no_payload(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory, body: str
) -> None:
    """What is no payload fails the poll; the last report stands for a while, and the next good answer is shown."""
    good = shown(hass, loaded)
    gateway.body = NO_PAYLOAD[body]
    await poll(hass, freezer)
    assert shown(hass, loaded) == good
    assert loaded.runtime_data.last_exception.translation_key == "unexpected_answer"
    await outlast(hass, freezer)
    assert set(shown(hass, loaded).values()) == {STATE_UNAVAILABLE}
    gateway.body = None
    await poll(hass, freezer, 61)
    assert shown(hass, loaded) == good


@pytest.mark.usefixtures("all_enabled")
async def test_restart_of_the_gateway(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The zeros of a gateway that looks for its batteries are unknown, also when Home Assistant starts meanwhile."""
    good = shown(hass, loaded)
    storage = good.keys() - expected(SCENARIOS["8.2_no_storage"].payload).keys()
    gateway.state = "zeros"
    await poll(hass, freezer)
    zeros = shown(hass, loaded)
    assert {key for key in good if zeros[key] is None} == storage
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    assert shown(hass, loaded) == zeros
    gateway.state = "up"
    await poll(hass, freezer)
    assert shown(hass, loaded) == good


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("8.2_no_storage", "8.2_charging_low"),
        ("8.2_no_storage", "8.3_acb_only"),
        ("8.2_charging_low", "8.2_iq_and_acb"),
        ("7.3_charging", "8.3_all_keys"),
        ("8.3_acb_only", "8.3_full"),
        ("8.3_all_keys", "legacy_9_keys"),
        ("8.2_iq_and_acb", "8.2_no_storage"),
    ],
)
async def test_fields_come_and_go(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, before: str, after: str
) -> None:
    """A field becomes an entity when it is first reported, and is unknown when it no longer is."""
    gateway.scenario = before
    entry = await set_up()
    known = shown(hass, entry)
    gateway.scenario = after
    await poll(hass, freezer)
    new = expected(gateway.payload)
    assert agrees(shown(hass, entry), {key: new.get(key) for key in known.keys() | new.keys()})


async def test_reserve_of_ac_batteries_alone(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """On a site of AC Batteries reserve and stored energy are those of all storage; nothing is above the reserve."""
    gateway.scenario = "8.3_acb_only"
    del gateway.payload["ENC_agg_avail_energy"]
    gateway.payload.update(agg_avail_energy=410, agg_backup_energy=123)
    found = shown(hass, await set_up())
    assert (found["agg_avail_energy"], found["agg_backup_energy"]) == (410, 123)
    assert "energy_above_reserve" not in found


async def test_first_ac_battery(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The first AC Battery enables the rows of the IQ Batteries alone, unless the user has disabled them."""
    registry = er.async_get(hass)
    unwanted = registry.async_get_entity_id("sensor", DOMAIN, f"{gateway.serial}_enc_agg_avail_energy")
    assert unwanted
    registry.async_update_entity(unwanted, disabled_by=er.RegistryEntryDisabler.USER)
    gateway.scenario = "8.2_iq_and_acb"
    await poll(hass, freezer)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    assert states(hass, loaded).keys() == ENABLED | {"acb_agg_soc", "acb_agg_energy", "enc_agg_soc"}


async def test_one_request_per_poll(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Ten polls are ten requests."""
    gateway.requests.clear()
    for soc in range(10):
        gateway.payload["agg_soc"] = soc
        await poll(hass, freezer)
        assert states(hass, loaded)["agg_soc"] == str(soc)
    assert [request.path for request in gateway.requests] == ["/ivp/ensemble/secctrl"] * 10
