"""The scenarios: what a gateway of some firmware says in some situation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .day import day
from .payloads import Json, Payload, build, legacy


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A firmware version, its payload, and what is going on."""

    firmware: str
    payload: Payload
    description: str
    # The payload at a time (s), where it moves.
    at: Callable[[float], Payload] | None = None


def _with(payload: Payload, **changes: Json) -> Payload:
    return payload | changes


def _sequence(payload: Payload) -> Payload:
    """Return the payload with the flag that only the newest firmware has."""
    match payload["offgrid_secctrl"]:
        case dict() as numbers:
            return _with(payload, offgrid_secctrl=numbers | {"seq_reset_needed": False})
        case _:
            raise ValueError(payload)


_ROWS: Final[list[tuple[str, str, str, Payload]]] = [
    (
        "legacy_9_keys",
        "7.0.120",
        "the oldest layout: nine keys, no capacity",
        legacy(soc=64, capacity=10080, reserve=30, command=-25),
    ),
    (
        "7.3_charging",
        "7.3.517",
        "charging at 52 %",
        build("7.3", soc=93, capacity=10080, reserve=25, command=-52),
    ),
    (
        "7.3_full_idle",
        "7.3.517",
        "full and idle: the command is at its end, nothing flows",
        build("7.3", soc=100, capacity=6720, reserve=100, command=-100),
    ),
    (
        "7.6_at_reserve",
        "7.6.185",
        "idle at the reserve with the command at its other end",
        build("7.6", soc=35, capacity=3500, reserve=35, command=100),
    ),
    (
        "7.6_discharging",
        "7.6.175",
        "discharging at 14 %, no reserve",
        build("7.6", soc=77, capacity=10500, reserve=0, command=14),
    ),
    (
        "7.6_no_storage",
        "7.6.175",
        "a site without batteries: zeros and a meaningless reserve",
        build("7.6", soc=0, capacity=0, reserve=10),
    ),
    (
        "8.1_idle",
        "8.1.41",
        "full, the command at its end",
        build("8.1", soc=100, capacity=5000, reserve=10, command=-100),
    ),
    (
        "8.2_charging_low",
        "8.2.127",
        "charging slowly just above the reserve",
        build("8.2", soc=23, capacity=20000, reserve=20, command=-5),
    ),
    (
        "8.2_charging_high",
        "8.2.4286",
        "charging below a reserve of 100 %",
        build("8.2", soc=47, capacity=15000, reserve=100, command=-35),
    ),
    (
        "8.2_outage",
        "8.2.127",
        "islanded, a generator charges",
        build("8.2", soc=97.5, capacity=3360, reserve=50, bias=(-1.32, -15.7)),
    ),
    (
        "8.2_unit_down",
        "8.2.4345",
        "one of two units is down: less capacity than commissioned",
        _with(
            build("8.2", soc=40, capacity=5000, reserve=20, command=8),
            Enc_commissioned_capacity=10000,
        ),
    ),
    (
        "8.2_29_keys",
        "8.2.4264",
        "the short layout of 8.2: nothing about commissioning",
        build("8.2 without progress", soc=66, capacity=10000, reserve=15, command=21),
    ),
    (
        "8.2_iq_and_acb",
        "8.2.4382",
        "IQ Batteries and AC Batteries",
        build(
            "8.2",
            soc=58,
            capacity=5000,
            reserve=10,
            command=-3,
            acb_energy=1240,
            acb_capacity=3720,
            vls_limit=5,
        ),
    ),
    (
        "8.2_acb_agg_soc_zero",
        "8.2.4382",
        "empty AC Batteries: their 0 is a real 0",
        build(
            "8.2",
            soc=10,
            capacity=3500,
            reserve=0,
            command=2,
            acb_capacity=3720,
            vls_limit=5,
        ),
    ),
    (
        "8.2_no_storage",
        "8.2.4345",
        "a site without batteries: zeros and a meaningless reserve",
        build("8.2", soc=0, capacity=0, reserve=30),
    ),
    (
        "8.3_full",
        "8.3.5167",
        "full; no bias, as on every 8.3 on grid",
        build("8.3", soc=100, capacity=5000, reserve=30),
    ),
    (
        "8.3_charging",
        "8.3.5286",
        "charging, which the bias of 8.3 does not show",
        build("8.3", soc=55.5, capacity=10000, reserve=20),
    ),
    (
        "8.3_acb_only",
        "8.3.5169",
        "AC Batteries alone, nearly empty",
        build(
            "8.3",
            soc=0,
            capacity=0,
            reserve=0,
            acb_energy=49,
            acb_capacity=3720,
            vls_limit=5,
        ),
    ),
    (
        "8.3_split_phase",
        "8.3.5289",
        "phases A and B with the same bias",
        build("8.3", soc=71, capacity=15000, reserve=20, command=12, split_phase=True),
    ),
    (
        "8.3_islanded",
        "8.3.5433",
        "an hour into an outage: off-grid numbers, is_active still false",
        _sequence(
            build(
                "8.3 with R4",
                soc=62,
                capacity=10000,
                reserve=20,
                bias=(0.205, 2.26),
                offgrid_bias=(0.205, 2.26),
            )
        ),
    ),
    (
        "8.3_after_outage",
        "8.3.5433",
        "just back on the grid: the bias is still at its end",
        _sequence(build("8.3 with R4", soc=81.5, capacity=5000, reserve=100, command=-100)),
    ),
    (
        "8.3_no_storage",
        "8.3.5289",
        "a site without batteries: zeros and a meaningless reserve",
        build("8.3", soc=0, capacity=0, reserve=43),
    ),
    (
        "8.3_reserve_0",
        "8.3.5289",
        "a reserve of 0 %: the whole charge can be used",
        build("8.3", soc=48, capacity=10000, reserve=0),
    ),
    (
        "8.3_r4_migration",
        "8.3.1598",
        "33 keys, without seq_reset_needed",
        build("8.3 with R4", soc=88, capacity=5000, reserve=20),
    ),
    (
        "8.3_all_keys",
        "8.3.6086",
        "33 keys, and seq_reset_needed",
        _sequence(build("8.3 with R4", soc=33, capacity=20000, reserve=15)),
    ),
]

SCENARIOS: Final[dict[str, Scenario]] = {
    name: Scenario(firmware=firmware, payload=payload, description=description)
    for name, firmware, description, payload in _ROWS
} | {
    "day": Scenario(
        firmware="8.2.4345",
        payload=day(0),
        description="moves: charging, full, discharging, at the reserve in 15 minutes",
        at=day,
    )
}
