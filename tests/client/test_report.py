"""Reports: known, unknown, and invalid keys. Values are tested in test_contract.py."""

import json
from typing import Final

import pytest

from custom_components.enphase_secctrl.client.exceptions import UnexpectedResponse
from custom_components.enphase_secctrl.client.report import parse_report
from custom_components.enphase_secctrl.client.response import SIZE_LIMIT
from custom_components.enphase_secctrl.client.values import Source, Term, energy, percent
from custom_components.enphase_secctrl.fields import FIELDS, IGNORED, KNOWN_PATHS
from tests.emulator import SCENARIOS, payload_bytes
from tests.emulator.payloads import Json

KEYS: Final = {field.key: field for field in FIELDS}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_known_keys(scenario: str) -> None:
    """Every key of every scenario is known, and every value is valid."""
    report = parse_report(payload_bytes(SCENARIOS[scenario].payload))
    assert report.unknown_paths(KNOWN_PATHS.keys() | IGNORED.keys()) == ()
    assert report.invalid_paths(KNOWN_PATHS) == ()


def test_size_limit() -> None:
    """A payload can have 64 kB and no more."""
    body = payload_bytes(SCENARIOS["8.3_all_keys"].payload)
    padding = b" " * (SIZE_LIMIT - len(body))
    assert parse_report(body + padding).payload
    with pytest.raises(UnexpectedResponse):
        parse_report(body + padding + b" ")


@pytest.mark.parametrize("invalid", [[], None, 5, "F", True], ids=repr)
def test_invalid_object(invalid: object) -> None:
    """If an object is something else, its name is an invalid path, and other values aren't affected."""
    payload = SCENARIOS["8.3_all_keys"].payload
    report = parse_report(json.dumps({**payload, "offgrid_secctrl": invalid}).encode())
    assert report.invalid_paths(KNOWN_PATHS) == ("offgrid_secctrl",)
    assert report.unknown_paths(KNOWN_PATHS) == ()
    assert not report.contains(KEYS["offgrid_secctrl_f"])
    assert report.value(KEYS["agg_soc"]) == payload["agg_soc"]


def test_unknown_keys() -> None:
    """Unknown keys are listed by path; a key that contains a dot isn't a path."""
    payload = SCENARIOS["8.2_charging_low"].payload | {"offgrid_secctrl": {"W": 1.0}, "new": {"F": 1}}
    report = parse_report(json.dumps(payload | {"offgrid_secctrl.F": 9.0}).encode())
    assert report.unknown_paths(KNOWN_PATHS) == ("new", "offgrid_secctrl.F", "offgrid_secctrl.W")
    assert report.value(KEYS["offgrid_secctrl_f"]) is None


def test_equality_is_of_bytes() -> None:
    """Two reports are equal if their bytes are: 1 and true aren't."""
    assert parse_report(b'{"agg_soc": 1}') != parse_report(b'{"agg_soc": true}')
    assert parse_report(b'{"agg_soc": 1}') == parse_report(b'{"agg_soc": 1}')


ABOVE_LEVEL: Final = Source(
    paths=("stored",),
    value_type=energy,
    subtrahend=Term(paths=("level",), value_type=percent, percentage_of=Term(paths=("capacity",), value_type=energy)),
)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, 2500.0),
        ({"stored": 500}, 0),
        ({"stored": 400}, 0),
        ({"level": 0}, 3000),
        ({"level": "10"}, None),
        ({"level": 101}, None),
        ({"capacity": -1}, None),
        ({"stored": 2**31}, None),
        ({"stored": -0.0, "level": 0}, 0),
    ],
)
def test_percentage_of_an_energy(changes: dict[str, object], value: float | None) -> None:
    """A subtrahend can be a percentage of another value; if one of the three is invalid, the difference is unknown."""
    payload = {"agg_soc": 50, "stored": 3000, "level": 10, "capacity": 5000, **changes}
    report = parse_report(json.dumps(payload).encode())
    assert report.contains(ABOVE_LEVEL)
    assert report.value(ABOVE_LEVEL) == value


@pytest.mark.parametrize("missing", ["stored", "level", "capacity"])
def test_percentage_without_a_part(missing: str) -> None:
    """A difference is reported only if each of its parts is."""
    payload = {"agg_soc": 50, "stored": 3000, "level": 10, "capacity": 5000}
    del payload[missing]
    report = parse_report(json.dumps(payload).encode())
    assert not report.contains(ABOVE_LEVEL)
    assert report.value(ABOVE_LEVEL) is None


@pytest.mark.parametrize(
    ("changes", "is_measured"),
    [
        ({"ENC_agg_soh": 0}, False),
        ({"ENC_agg_soh": 100}, True),
        ({"ENC_agg_soh": False}, True),
        ({"ENC_agg_soh": 0, "Enc_max_available_capacity": 0, "Enc_commissioned_capacity": 0}, True),
        ({"ENC_agg_soh": 0, "Enc_max_available_capacity": 0}, False),
    ],
)
def test_capacity_before_health(changes: dict[str, Json], is_measured: bool) -> None:
    """With an IQ capacity and a health of 0, charge and energy are unknown, and capacities are known."""
    report = parse_report(payload_bytes({**SCENARIOS["8.3_all_keys"].payload, **changes}))
    assert report.is_measured is is_measured
    charge = report.value(KEYS["agg_soc"])
    assert (charge is not None) is (is_measured and report.has_storage)
    assert report.value(KEYS["max_energy"]) == SCENARIOS["8.3_all_keys"].payload["Max_energy"]


@pytest.mark.parametrize(
    ("available", "commissioned", "has_ac_batteries"), [(5000, 10000, False), (10000, 10000, False), (5000, 5000, True)]
)
def test_ac_batteries(available: int, commissioned: int, has_ac_batteries: bool) -> None:
    """AC Batteries are recognized by the commissioned capacity: an IQ Battery that is down isn't an AC Battery."""
    changes = {
        "Max_energy": 10000,
        "Enc_max_available_capacity": available,
        "Enc_commissioned_capacity": commissioned,
    }
    report = parse_report(payload_bytes({**SCENARIOS["8.3_all_keys"].payload, **changes}))
    assert report.has_ac_batteries is has_ac_batteries
