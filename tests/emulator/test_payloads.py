"""Tests of the payloads of all scenarios: what is true of the payloads of real gateways."""

from collections.abc import Mapping
import math

import pytest

from tests.emulator import SCENARIOS
from tests.emulator.day import DAY_LENGTH, day_payload
from tests.emulator.payloads import Json, without_storage

KEY_COUNTS = {"7.0": {9}, "7.3": {24}, "7.6": {25}, "8.1": {28}, "8.2": {29, 31}, "8.3": {32, 33}}
PAYLOADS = {name: scenario.payload for name, scenario in SCENARIOS.items()} | {
    f"day at {second} s": day_payload(second) for second in range(0, int(DAY_LENGTH), 60)
}
every_payload = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


def get_number(payload: Mapping[str, Json], key: str) -> float:
    """Return the value of a key, which must be a number."""
    value = payload[key]
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)
    return value


@pytest.mark.parametrize("name", SCENARIOS)
def test_key_count(name: str) -> None:
    """The firmware version determines the number of keys."""
    scenario = SCENARIOS[name]
    assert len(scenario.payload) in KEY_COUNTS[scenario.firmware[:3]]


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_storage(name: str) -> None:
    """A gateway that hasn't found its batteries sends the same keys in the same order."""
    payload = SCENARIOS[name].payload
    assert list(without_storage(payload)) == list(payload)


@every_payload
@pytest.mark.parametrize(("suffix", "scale"), [("_q8", 2 * math.pi * 256), ("_q5", 32)])
def test_fixed_point(payload: Mapping[str, Json], suffix: str, scale: float) -> None:
    """The fixed-point biases are the truncated products of the float biases and a scale."""
    keys = [key for key in payload if suffix in key]
    assert len(keys) in (1, 3)
    for key in keys:
        assert payload[key] == math.trunc(get_number(payload, key.replace(suffix, "")) * scale)


@pytest.mark.parametrize("name", sorted(PAYLOADS.keys() - {"8.3_islanded"}))
def test_bias_ratio(name: str) -> None:
    """On grid, the ratio of voltage bias to frequency bias is 11.89 to 12.16 V/Hz."""
    hertz, volts = get_number(PAYLOADS[name], "freq_bias_hz"), get_number(PAYLOADS[name], "voltage_bias_v")
    assert min(hertz * 11.89, hertz * 12.16) <= volts <= max(hertz * 11.89, hertz * 12.16)


@pytest.mark.parametrize("name", sorted(PAYLOADS.keys() - {"legacy_9_keys"}))
def test_storage(name: str) -> None:
    """State of charge, energy, reserve, and capacity are consistent with each other."""
    payload = PAYLOADS[name]
    energy = get_number(payload, "ENC_agg_avail_energy")
    capacity = get_number(payload, "Enc_max_available_capacity")
    total_capacity = get_number(payload, "Max_energy")
    total_energy = energy + get_number(payload, "ACB_agg_energy")
    reserve = get_number(payload, "configured_backup_soc")
    assert get_number(payload, "agg_soc") == 100 * total_energy // max(total_capacity, 1)
    assert get_number(payload, "ENC_agg_soc") == 100 * energy // max(capacity, 1)
    assert get_number(payload, "ENC_agg_backup_energy") == reserve * capacity // 100
    assert get_number(payload, "adjusted_backup_soc") == reserve
    assert 0 <= energy <= capacity <= total_capacity
    assert capacity <= get_number(payload, "Enc_commissioned_capacity")


@every_payload
def test_types(payload: Mapping[str, Json]) -> None:
    """Biases are floats, flags are booleans, and all other values are integers."""
    scalars = {key: value for key, value in payload.items() if key != "offgrid_secctrl"}
    floats = {key for key in scalars if "_bias_" in key and "_q" not in key}
    flags = {key for key in scalars if key.endswith("_progress")} | ({"shutdown", "soc_rec_enabled"} & scalars.keys())
    assert {key for key, value in scalars.items() if type(value) is float} == floats
    assert {key for key, value in scalars.items() if type(value) is bool} == flags
    assert {key for key, value in scalars.items() if type(value) is int} == scalars.keys() - floats - flags
