"""Every payload, from the emulator through TLS to the entities of Home Assistant, compared with the oracle."""

import json
from math import inf
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.fields import KNOWN_PATHS
from tests.conftest import SetUp
from tests.emulator import SCENARIOS, Gateway
from tests.entity_states import entity_states, entity_values, values_match
from tests.oracle import expected
from tests.polling import fail_until_unavailable, poll

CONSTANT_SCENARIOS = [name for name in SCENARIOS if name != "day"]
# Recorded responses of real gateways aren't part of the repository
CAPTURES = [
    *(Path(__file__).parents[2] / "shared" / "captures").glob("[7-8]*.json"),
    *(Path(__file__).parents[2] / "shared" / "captures").glob("legacy*.json"),
]

ENABLED_BY_DEFAULT = {
    *("agg_soc", "agg_avail_energy", "agg_backup_energy", "energy_above_reserve", "max_energy", "enc_agg_soh"),
    *("energy_above_shutdown", "time_to_reserve", "time_to_full", "at_reserve"),
    *("configured_backup_soc", "adjusted_backup_soc", "freq_bias_hz", "voltage_bias_v", "shutdown", "token_expires"),
}

INVALID_VALUES = {
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
    "fraction": "97.5",
}
AFFECTED_FIELDS = {
    "agg_soc": {"agg_soc", "at_reserve"},
    "Max_energy": {"max_energy", "energy_to_full"},
    "ENC_agg_avail_energy": {
        *(
            "enc_agg_avail_energy",
            "agg_avail_energy",
            "energy_above_reserve",
            "energy_above_shutdown",
            "energy_to_full",
        ),
    },
    "ENC_agg_soh": {"enc_agg_soh"},
    "configured_backup_soc": {"configured_backup_soc"},
    "freq_bias_hz": {"freq_bias_hz"},
    "freq_bias_hz_q8": {"freq_bias_hz_q8"},
    "shutdown": {"shutdown"},
    "VLS_Limit": {"vls_limit", "energy_above_shutdown"},
}

INVALID_BODIES = {
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
@pytest.mark.parametrize("scenario", CONSTANT_SCENARIOS)
async def test_scenarios(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str) -> None:
    """The entities have the values that the oracle derives from the payload of each scenario."""
    gateway.scenario = scenario
    assert values_match(entity_values(hass, await set_up()), expected(gateway.payload))


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
async def test_captures(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, capture: Path) -> None:
    """The entities have the values that the oracle derives from each recorded response."""
    gateway.body = capture.read_bytes()
    assert values_match(entity_values(hass, await set_up()), expected(json.loads(gateway.body)))


@pytest.mark.parametrize(
    ("scenario", "additional"),
    [
        ("8.3_all_keys", set()),
        ("8.2_iq_and_acb", {"acb_agg_soc", "acb_agg_energy", "enc_agg_soc", "enc_agg_avail_energy"}),
        ("8.2_acb_agg_soc_zero", {"acb_agg_soc", "acb_agg_energy", "enc_agg_soc", "enc_agg_avail_energy"}),
    ],
)
async def test_enabled_by_default(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str, additional: set[str]
) -> None:
    """Few entities are enabled by default; with two kinds of batteries, also those of each kind."""
    gateway.scenario = scenario
    assert entity_states(hass, await set_up()).keys() == ENABLED_BY_DEFAULT | additional


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("path", AFFECTED_FIELDS)
@pytest.mark.parametrize("invalid", INVALID_VALUES)
async def test_invalid_value(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    path: str,
    invalid: str,
) -> None:
    """An invalid value is unknown and logged once; other entities keep theirs, and the next valid one is shown."""
    before = entity_values(hass, loaded_entry)
    gateway.body = json.dumps(gateway.payload | {path: "HERE"}).replace('"HERE"', INVALID_VALUES[invalid]).encode()
    await poll(hass, freezer)
    values = entity_values(hass, loaded_entry)
    correct = expected(json.loads(gateway.body, parse_int=_parse_integer))
    assert values_match(values, {key: correct.get(key) for key in before})
    assert {key for key in before if values[key] != before[key]} <= AFFECTED_FIELDS[path]
    gateway.body += b"\n"  # a different response with the same value
    await poll(hass, freezer)
    invalid_paths = loaded_entry.runtime_data.data.invalid_paths({path: KNOWN_PATHS[path]})
    assert caplog.text.count(f"an invalid value for {path};") == len(invalid_paths)
    gateway.body = None
    await poll(hass, freezer)
    assert entity_values(hass, loaded_entry) == before


def _parse_integer(digits: str) -> float:
    """Return the number, or infinity where Python refuses to convert it."""
    return int(digits) if len(digits) < 400 else inf


@pytest.mark.parametrize("body", INVALID_BODIES)
async def test_invalid_body(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory, body: str
) -> None:
    """A body that isn't a payload is a failed poll; the entities become unavailable, and the next payload is shown."""
    before = entity_values(hass, loaded_entry)
    gateway.body = INVALID_BODIES[body]
    await poll(hass, freezer)
    assert entity_values(hass, loaded_entry) == before
    assert loaded_entry.runtime_data.last_exception.translation_key == "unexpected_answer"
    await fail_until_unavailable(hass, freezer)
    assert set(entity_values(hass, loaded_entry).values()) == {STATE_UNAVAILABLE}
    gateway.body = None
    await poll(hass, freezer, 61)
    assert entity_values(hass, loaded_entry) == before


@pytest.mark.usefixtures("all_enabled")
async def test_gateway_restart(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The zeros of a gateway that is discovering its batteries are unknown, even if Home Assistant starts then."""
    before = entity_values(hass, loaded_entry)
    storage = before.keys() - expected(SCENARIOS["8.2_no_storage"].payload).keys()
    gateway.state = "zeros"
    await poll(hass, freezer)
    zeros = entity_values(hass, loaded_entry)
    assert {key for key in before if zeros[key] is None} == storage
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entity_values(hass, loaded_entry) == zeros
    gateway.state = "up"
    await poll(hass, freezer)
    assert entity_values(hass, loaded_entry) == before


async def test_only_ac_batteries(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """With only AC Batteries there is no energy above the reserve, and the other totals are shown."""
    gateway.scenario = "8.3_acb_only"
    del gateway.payload["ENC_agg_avail_energy"]
    gateway.payload.update(agg_avail_energy=410, agg_backup_energy=123)
    found = entity_values(hass, await set_up())
    assert (found["agg_avail_energy"], found["agg_backup_energy"]) == (410, 123)
    assert "energy_above_reserve" not in found
