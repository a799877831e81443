"""The arithmetic of scripts/bench."""

import pytest

from custom_components.enphase_secctrl.fields import FIELDS
from custom_components.enphase_secctrl.model import parse
from scripts import bench
from scripts.bench_gateways import answers
from scripts.bench_measure import Kind, Measure, compared, percentile, ratio


def test_a_disturbed_round_counts_for_nothing() -> None:
    """The ratio is the median of the rounds' own ratios, not that of the medians."""
    result = compared([(2.0, 1.0), (90.0, 1.0), (30.0, 10.0)])
    assert (ratio("", result.ratios, 1).value, result.seconds, result.floor) == (3.0, 30.0, 1.0)


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


def part(*times: list[Measure]) -> bench.Part:
    """Return a part that measures this, each time it is done the next."""
    left = iter(times)

    async def measure() -> list[Measure]:
        return next(left)

    return measure


@pytest.mark.parametrize(
    ("times", "value"),
    [
        ([(1, 1, 1)], 1),  # well at once
        ([(3, 3, 3), (1, 1, 1, 1)], 1),  # the other rounds are more
        ([(3, 3, 3, 3), (1, 1, 1), (1, 1, 3)], 2),  # not the smallest: the median of ten
        ([(3, 3, 3), (2, 2, 2), (3, 3, 3)], 3),
    ],
)
async def test_over_its_bound(times: list[tuple[float, ...]], value: float) -> None:
    """A part over its bound is measured again, and all of its rounds count; what is no ratio is measured once."""
    once = Measure(name="", value=7)
    first = part([])
    again = part(*([once, ratio("", rounds, 1)] for rounds in times), [])
    found = await bench.measure_all({bench.MEASURED_FIRST: first, "other": again}, patience=2)
    assert [each.value for each in found] == [7, value]
    assert await again() == []  # nothing is left to measure, or too much was


async def test_order() -> None:
    """Memory is measured first, and shown in its place."""
    measured: list[str] = []

    def named(name: str) -> bench.Part:
        async def measure() -> list[Measure]:
            measured.append(name)
            return [Measure(name=name, value=0)]

        return measure

    parts = {name: named(name) for name in ("one", bench.MEASURED_FIRST, "two")}
    assert [each.name for each in await bench.measure_all(parts, patience=0)] == [*parts]
    assert measured == [bench.MEASURED_FIRST, "one", "two"]


def test_everything_changes() -> None:
    """The turning gateway reports every field in both turns, each time another value."""
    first, second = map(parse, answers())
    assert [field.key for field in FIELDS if first.value(field) is None or second.value(field) is None] == []
    assert [field.key for field in FIELDS if first.value(field) == second.value(field)] == []
