"""The scenario "day": the payload as a function of the time. A battery charges and discharges, again and again."""

import math
from typing import Final

from .payloads import Payload, build_payload

CAPACITY: Final = 10000  # Wh
RESERVE: Final = 20  # %
DAY_LENGTH: Final = 3600.0  # s of real time, slow enough for the estimates
IDLE_LENGTH: Final = 9.0  # s, short enough that every value changes within a minute
ACTIVE_LENGTH: Final = (DAY_LENGTH - 2 * IDLE_LENGTH) / 2  # s
RIPPLES: Final = 22  # variations of the power while charging or discharging


def day_payload(now: float) -> Payload:
    """Return the payload at a time (s): charging, full, discharging, or at the reserve."""
    soc, command = _soc_and_command(math.floor(now) % DAY_LENGTH)
    return build_payload("8.2", soc=soc, capacity=CAPACITY, reserve=RESERVE, command=command)


def _soc_and_command(second: float) -> tuple[float, int]:
    """Return the state of charge (%) and the command (%) at a second of the simulated day."""
    span = 100 - RESERVE
    if second < ACTIVE_LENGTH:
        part = second / ACTIVE_LENGTH
        return RESERVE + span * _transferred(part), -_command(part)
    if second < ACTIVE_LENGTH + IDLE_LENGTH:
        return 100, -100
    if second < 2 * ACTIVE_LENGTH + IDLE_LENGTH:
        part = (second - ACTIVE_LENGTH - IDLE_LENGTH) / ACTIVE_LENGTH
        return 100 - span * _transferred(part), _command(part)
    return RESERVE, 100


def _command(part: float) -> int:
    """Return the absolute value of the command (%) at a part of the phase, 0 to 1: half a sine wave with ripples."""
    half_wave = 1 + 0.5 * math.sin(math.pi * part)
    return math.trunc(40 * (half_wave + 0.2 * math.cos(2 * math.pi * RIPPLES * part)))


def _transferred(part: float) -> float:
    """Return the part of the energy transferred so far, 0 to 1: the integral of the command."""
    ripple = 0.2 * math.sin(2 * math.pi * RIPPLES * part) / (2 * math.pi * RIPPLES)
    half_wave = part + 0.5 * (1 - math.cos(math.pi * part)) / math.pi
    return (half_wave + ripple) / (1 + 1 / math.pi)
