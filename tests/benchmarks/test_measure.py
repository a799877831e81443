"""Tests of the calculations of scripts/bench."""

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.measure import Kind, Result, percentile, ratio, summarize


def test_summarize() -> None:
    """The ratio is the median of the ratios of the rounds, not the ratio of the medians."""
    comparison = summarize([(2.0, 1.0), (90.0, 1.0), (30.0, 10.0)])
    assert (ratio("", comparison.ratios, 1).value, comparison.seconds, comparison.baseline) == (3.0, 30.0, 1.0)


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_percentile(percent: float, value: float) -> None:
    """At least that many percent of the values don't exceed the percentile."""
    assert percentile([*range(100, 0, -1)], percent) == value


@pytest.mark.parametrize(
    ("value", "limit", "exact", "ok"),
    [
        (1.35, 1.35, False, True),
        (1.36, 1.35, False, False),
        (1, 2, True, False),
        (2, 2, True, True),
        (9, None, False, True),
    ],
)
def test_limit(value: float, limit: float | None, exact: bool, ok: bool) -> None:
    """A value must not exceed its limit; an exact count must be equal to it."""
    assert Result(name="", value=value, limit=limit, exact=exact).ok is ok


@pytest.mark.parametrize(
    ("kind", "value", "within"), [("ratio", 1.3, True), ("ratio", 1.4, False), ("count", 1.3, False)]
)
def test_noise(kind: Kind, value: float, within: bool) -> None:
    """A ratio may exceed its limit by the noise, a count may not."""
    assert Result(name="", value=value, limit=1.25, kind=kind).within(1.1) is within


def create_part(*runs: list[Result]) -> bench.Part:
    """Return a part with these results, one list for each run."""
    remaining = iter(runs)

    async def part() -> list[Result]:
        return next(remaining)

    return part


@pytest.mark.parametrize(
    ("runs", "value"),
    [
        ([(1, 1, 1)], 1),  # within its limit at once
        ([(3, 3, 3), (1, 1, 1, 1)], 1),  # most rounds are within the limit
        ([(3, 3, 3, 3), (1, 1, 1), (1, 1, 3)], 2),  # the median of ten rounds
        ([(3, 3, 3), (2, 2, 2), (3, 3, 3)], 3),
    ],
)
async def test_retries(runs: list[tuple[float, ...]], value: float) -> None:
    """A part with a ratio above its limit runs again, and all rounds count. Other results are from the first run."""
    absolute = Result(name="", value=7)
    part = create_part(*([absolute, ratio("", rounds, 1)] for rounds in runs), [])
    results = await bench.run_parts({bench.FIRST_PART: create_part([]), "other": part}, retries=2)
    assert [result.value for result in results] == [7, value]
    assert await part() == []  # exactly these runs


async def test_order() -> None:
    """The part that measures memory runs first, and its results keep their place."""
    runs: list[str] = []

    def named(name: str) -> bench.Part:
        async def part() -> list[Result]:
            runs.append(name)
            return [Result(name=name, value=0)]

        return part

    parts = {name: named(name) for name in ("one", bench.FIRST_PART, "two")}
    assert [result.name for result in await bench.run_parts(parts, retries=0)] == [*parts]
    assert runs == [bench.FIRST_PART, "one", "two"]
