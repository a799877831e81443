"""The report by itself: what the whole path does not show."""

import json
from typing import Final

import pytest

from custom_components.enphase_secctrl.const import SIZE_LIMIT
from custom_components.enphase_secctrl.coordinator import CLAIMS
from custom_components.enphase_secctrl.failures import UnexpectedAnswer
from custom_components.enphase_secctrl.fields import FIELDS, IGNORED
from custom_components.enphase_secctrl.model import parse
from tests.gateway import SCENARIOS, payload_bytes

KEYS: Final = {field.key: field for field in FIELDS}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_key_is_claimed(scenario: str) -> None:
    """Nobody's key would be news; nothing of ours is bad."""
    report = parse(payload_bytes(SCENARIOS[scenario].payload))
    assert report.unknown(CLAIMS.keys() | IGNORED.keys()) == ()
    assert report.bad(CLAIMS) == ()


def test_size() -> None:
    """A body may fill its limit, not a byte more."""
    body = payload_bytes(SCENARIOS["8.3_all_keys"].payload)
    padding = b" " * (SIZE_LIMIT - len(body))
    assert parse(body + padding).payload
    with pytest.raises(UnexpectedAnswer):
        parse(body + padding + b" ")


@pytest.mark.parametrize("wrong", [[], None, 5, "F", True], ids=repr)
def test_no_object(wrong: object) -> None:
    """What should be an object and is none is bad by its own name, and harms nobody else."""
    payload = SCENARIOS["8.3_all_keys"].payload
    report = parse(json.dumps({**payload, "offgrid_secctrl": wrong}).encode())
    assert report.bad(CLAIMS) == ("offgrid_secctrl",)
    assert report.unknown(CLAIMS) == ()
    assert not report.reports(KEYS["offgrid_secctrl_f"])
    assert report.value(KEYS["agg_soc"]) == payload["agg_soc"]


def test_news() -> None:
    """Unknown keys are named where they stand; one that looks like a path is no path."""
    payload = SCENARIOS["8.2_charging_low"].payload | {"offgrid_secctrl": {"W": 1.0}, "new": {"F": 1}}
    report = parse(json.dumps(payload | {"offgrid_secctrl.F": 9.0}).encode())
    assert report.unknown(CLAIMS) == ("new", "offgrid_secctrl.F", "offgrid_secctrl.W")
    assert report.value(KEYS["offgrid_secctrl_f"]) is None


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        ("freq_bias_hz_q8", -2123, -1.31987),
        ("freq_bias_hz_q8", 2235, 1.38950),
        ("voltage_bias_v_q5", -512, -16.0),
        ("voltage_bias_v_q5", 540, 16.875),
    ],
)
def test_fixed_point(key: str, raw: int, value: float) -> None:
    """The Q numbers, decoded."""
    report = parse(json.dumps({"agg_soc": 50, key: raw}).encode())
    assert report.value(KEYS[key]) == pytest.approx(value, abs=5e-6)


def test_equality_is_of_bytes() -> None:
    """1 and true are equal in Python, and not on a gateway."""
    assert parse(b'{"agg_soc": 1}') != parse(b'{"agg_soc": true}')
    assert parse(b'{"agg_soc": 1}') == parse(b'{"agg_soc": 1}')
