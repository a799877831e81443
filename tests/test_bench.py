"""The arithmetic of scripts/bench."""

import pytest

from custom_components.enphase_secctrl.fields import FIELDS
from custom_components.enphase_secctrl.model import parse
from scripts.bench_gateways import answers
from scripts.bench_measure import Kind, Measure, compared, percentile


def test_a_disturbed_round_counts_for_nothing() -> None:
    """The ratio is the median of the rounds' own ratios, not that of the medians."""
    result = compared([(2.0, 1.0), (90.0, 1.0), (30.0, 10.0)])
    assert (result.ratio, result.seconds, result.floor) == (3.0, 30.0, 1.0)


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_percentile(percent: float, value: float) -> None:
    """So many percent of the values are not above it."""
    assert percentile([*range(100, 0, -1)], percent) == value


@pytest.mark.parametrize(
    ("value", "bound", "less", "ok"),
    [
        (1.35, 1.35, True, True),
        (1.36, 1.35, True, False),
        (1, 2, False, False),
        (2, 2, False, True),
        (9, None, True, True),
    ],
)
def test_bound(value: float, bound: float | None, less: bool, ok: bool) -> None:
    """A number may be at its bound, a count must be; without a bound all is well."""
    assert Measure(name="", value=value, bound=bound, less=less).ok is ok


@pytest.mark.parametrize(
    ("kind", "value", "within"), [("ratio", 1.3, True), ("ratio", 1.4, False), ("count", 1.3, False)]
)
def test_noise(kind: Kind, value: float, within: bool) -> None:
    """A ratio may be over its bound by the noise, a count may not."""
    assert Measure(name="", value=value, bound=1.25, kind=kind).within(1.1) is within


def test_everything_changes() -> None:
    """The turning gateway reports every field in both turns, each time another value."""
    first, second = map(parse, answers())
    assert [field.key for field in FIELDS if first.value(field) is None or second.value(field) is None] == []
    assert [field.key for field in FIELDS if first.value(field) == second.value(field)] == []
