"""Kinds of value: what a raw JSON value of the payload means, in the unit that is shown.

Each takes the raw value and returns the value, or None where a gateway says "not ready";
ValueError for what is not of the kind.
"""

from collections.abc import Callable
from math import pi
from typing import Final

type Value = bool | int | float
type Kind = Callable[[object], Value | None]

_EXACT: Final = 2**53
"""Beyond this a float skips integers: no gateway measures such numbers."""

_FULL: Final = 100


def number(raw: object) -> int | float:
    """Return a finite number; bool and text are none."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not abs(raw) < _EXACT:
        raise ValueError
    return raw


def percent(raw: object) -> int | float:
    """Return 0 to 100 %."""
    if not 0 <= (value := number(raw)) <= _FULL:
        raise ValueError
    return value


def health(raw: object) -> int | float | None:
    """Return % above 0: a gateway says 0 until it has heard of the batteries."""
    return percent(raw) or None


def energy(raw: object) -> int | float:
    """Return Wh, never negative."""
    if (value := number(raw)) < 0:
        raise ValueError
    return value


def q8(raw: object) -> float:
    """Return Hz; on the wire angular frequency in rad/s with 8 fractional bits."""
    return _fixed_point(raw) / (512 * pi)


def q5(raw: object) -> float:
    """Return V; on the wire volts with 5 fractional bits."""
    return _fixed_point(raw) / 32


def flag(raw: object) -> bool:
    """Return true or false; 0 and 1 are neither."""
    if not isinstance(raw, bool):
        raise ValueError  # noqa: TRY004 - a bad value is one kind of failure, whatever its type
    return raw


def _fixed_point(raw: object) -> int:
    if not isinstance(value := number(raw), int):
        raise ValueError  # noqa: TRY004 - as in flag
    return value
