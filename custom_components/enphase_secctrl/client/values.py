"""What a raw value in the payload means (value types), and where a value is in the payload (sources).

A value type is a function. It takes the raw JSON value and returns the value in the unit that is shown, or None
where the gateway reports "not ready". It raises ValueError if the raw value is invalid.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import pi
from typing import Final

type Value = bool | int | float
type ValueType = Callable[[object], Value | None]

_EXACT_FLOAT: Final = 2**53
"""From here on a float can't represent every integer; no gateway measures such values."""

_MAX_ENERGY: Final = 2**31
"""Wh. Gateways were seen to add 2^32 to other counters."""

_MAX_PERCENT: Final = 100


def number(raw: object) -> int | float:
    """Return a finite number; bool and str are invalid."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not abs(raw) < _EXACT_FLOAT:
        raise ValueError
    return raw + 0  # -0.0 becomes 0.0


def percent(raw: object) -> int | float:
    """Return 0 to 100 %."""
    if not 0 <= (value := number(raw)) <= _MAX_PERCENT:
        raise ValueError
    return value


def health(raw: object) -> int | float | None:
    """Return a percentage above 0; a gateway reports 0 until it has discovered its batteries."""
    return percent(raw) or None


def energy(raw: object) -> int | float:
    """Return Wh, 0 to 2^31."""
    if not 0 <= (value := number(raw)) < _MAX_ENERGY:
        raise ValueError
    return value


def q8(raw: object) -> float:
    """Return Hz; the raw value is an angular frequency in rad/s with 8 fractional bits."""
    return _fixed_point(raw) / (512 * pi)


def q5(raw: object) -> float:
    """Return V; the raw value is in volts with 5 fractional bits."""
    return _fixed_point(raw) / 32


def flag(raw: object) -> bool:
    """Return a bool; 0 and 1 are invalid."""
    if not isinstance(raw, bool):
        raise ValueError  # noqa: TRY004 - every invalid value is handled as a ValueError
    return raw


def _fixed_point(raw: object) -> int:
    if not isinstance(value := number(raw), int):
        raise ValueError  # noqa: TRY004 - as in flag
    return value


@dataclass(frozen=True, kw_only=True)
class Term:
    """A value in the payload.

    `paths`: the first one present is used. "a + b" is the sum of those present, "a.b" is b in the object a.
    `percentage_of`: the value is a percentage of this energy; the term is then an energy.
    """

    paths: tuple[str, ...] = ()
    value_type: ValueType
    percentage_of: Term | None = None


@dataclass(frozen=True, kw_only=True)
class Source(Term):
    """A value in the payload, or the difference of two.

    `subtrahend` is subtracted. A negative difference is 0, or unknown where `negative_is_unknown`.
    `storage`: the value means nothing while the gateway reports no storage.
    `measured`: the value means nothing until the gateway has heard from its IQ Batteries.
    `iq_batteries`: the value only exists where there are IQ Batteries.
    `both_kinds`: the value is the same as the total unless there are IQ and AC Batteries.
    """

    subtrahend: Term | None = None
    negative_is_unknown: bool = False
    storage: bool = False
    measured: bool = False
    iq_batteries: bool = False
    both_kinds: bool = False

    @property
    def terms(self) -> Iterator[Term]:
        """Yield the source itself and every term that it is derived from."""
        for first in (self, self.subtrahend):
            term: Term | None = first
            while term:
                yield term
                term = term.percentage_of


@cache
def split_paths(paths: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return (summands, prefix) of each path; the prefixes "ENC" and "ACB" mean IQ and AC Batteries alone."""
    return tuple((tuple(path.split(" + ")), "" if " + " in path else path[:3].upper()) for path in paths)


@cache
def object_names(paths: frozenset[str]) -> frozenset[str]:
    """Return the names of the JSON objects that the paths lead into."""
    return frozenset(path.partition(".")[0] for path in paths if "." in path)


def value_types(sources: Iterable[Source]) -> dict[str, ValueType]:
    """Return every path that a source reads, with its value type."""
    return {
        summand: term.value_type
        for source in sources
        for term in source.terms
        for summands, _ in split_paths(term.paths)
        for summand in summands
    }
