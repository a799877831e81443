"""A day in a battery's life as a pure function of time: it never ends."""

import math
from typing import Final

from .payloads import Payload, build

CAPACITY: Final = 10000  # Wh
RESERVE: Final = 20  # %
LENGTH: Final = 900.0  # s of real time in one simulated day
# The still phases are short, so that whoever watches for 30 s sees the charge change.
STILL: Final = 9.0  # s
MOVING: Final = (LENGTH - 2 * STILL) / 2  # s
RIPPLES: Final = 22  # clouds and kettles that pass while charging or discharging


def day(now: float) -> Payload:
    """Return the payload at a time (s): charging, full, discharging, at the reserve."""
    soc, command = _state(math.floor(now) % LENGTH)
    return build("8.2", soc=soc, capacity=CAPACITY, reserve=RESERVE, command=command)


def _state(second: float) -> tuple[float, int]:
    """Return the charge (%) and the command (%) at a second of the simulated day."""
    span = 100 - RESERVE
    if second < MOVING:
        part = second / MOVING
        return RESERVE + span * _moved(part), -_command(part)
    if second < MOVING + STILL:
        return 100, -100
    if second < 2 * MOVING + STILL:
        part = (second - MOVING - STILL) / MOVING
        return 100 - span * _moved(part), _command(part)
    return RESERVE, 100


def _command(part: float) -> int:
    """Return the strength of the command (%): a hump with ripples."""
    hump = 1 + 0.5 * math.sin(math.pi * part)
    return math.trunc(40 * (hump + 0.2 * math.cos(2 * math.pi * RIPPLES * part)))


def _moved(part: float) -> float:
    """Return the part of the energy moved so far, 0..1: the integral of the command."""
    ripple = 0.2 * math.sin(2 * math.pi * RIPPLES * part) / (2 * math.pi * RIPPLES)
    hump = part + 0.5 * (1 - math.cos(math.pi * part)) / math.pi
    return (hump + ripple) / (1 + 1 / math.pi)
