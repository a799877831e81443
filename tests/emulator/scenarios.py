"""The scenarios: payloads of different firmware versions in different situations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .day import day_payload
from .payloads import Payload, build_legacy_payload, build_payload


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A firmware version, a payload, and a description of the situation."""

    firmware: str
    payload: Payload
    description: str
    payload_at: Callable[[float], Payload] | None = None
    """The payload at a time (s), if it changes over time."""


def _with_seq_reset_needed(payload: Payload) -> Payload:
    """Return the payload with seq_reset_needed in offgrid_secctrl, which only the latest firmware has."""
    match payload["offgrid_secctrl"]:
        case dict() as offgrid_secctrl:
            return payload | {"offgrid_secctrl": offgrid_secctrl | {"seq_reset_needed": False}}
        case _:
            raise ValueError(payload)


SCENARIOS: Final[dict[str, Scenario]] = {
    "legacy_9_keys": Scenario(
        firmware="7.0.120",
        description="the oldest layout: nine keys, no capacity",
        payload=build_legacy_payload(soc=64, capacity=10080, reserve=30, command=-25),
    ),
    "7.3_charging": Scenario(
        firmware="7.3.517",
        description="charging, with the command at 52% of its limit",
        payload=build_payload("7.3", soc=93, capacity=10080, reserve=25, command=-52),
    ),
    "7.3_full_idle": Scenario(
        firmware="7.3.517",
        description="full and idle: the command is at its limit, but no power flows",
        payload=build_payload("7.3", soc=100, capacity=6720, reserve=100, command=-100),
    ),
    "7.6_at_reserve": Scenario(
        firmware="7.6.185",
        description="idle at the reserve, with the command at the opposite limit",
        payload=build_payload("7.6", soc=35, capacity=3500, reserve=35, command=100),
    ),
    "7.6_discharging": Scenario(
        firmware="7.6.175",
        description="discharging, with the command at 14% of its limit and no reserve",
        payload=build_payload("7.6", soc=77, capacity=10500, reserve=0, command=14),
    ),
    "7.6_no_storage": Scenario(
        firmware="7.6.175",
        description="no batteries: zeros and a meaningless reserve",
        payload=build_payload("7.6", soc=0, capacity=0, reserve=10),
    ),
    "8.1_idle": Scenario(
        firmware="8.1.41",
        description="full, with the command at its limit",
        payload=build_payload("8.1", soc=100, capacity=5000, reserve=10, command=-100),
    ),
    "8.2_charging_low": Scenario(
        firmware="8.2.127",
        description="charging slowly just above the reserve",
        payload=build_payload("8.2", soc=23, capacity=20000, reserve=20, command=-5),
    ),
    "8.2_charging_high": Scenario(
        firmware="8.2.4286",
        description="charging below a reserve of 100%",
        payload=build_payload("8.2", soc=47, capacity=15000, reserve=100, command=-35),
    ),
    "8.2_outage": Scenario(
        firmware="8.2.127",
        description="islanded, charging from a generator",
        payload=build_payload("8.2", soc=97.5, capacity=3360, reserve=50, bias=(-1.32, -15.7)),
    ),
    "8.2_unit_down": Scenario(
        firmware="8.2.4345",
        description="one of two batteries is down: less capacity than commissioned",
        payload=build_payload("8.2", soc=40, capacity=5000, reserve=20, command=8)
        | {"Enc_commissioned_capacity": 10000},
    ),
    "8.2_29_keys": Scenario(
        firmware="8.2.4264",
        description="the short layout of 8.2, without commissioning flags",
        payload=build_payload("8.2 without progress", soc=66, capacity=10000, reserve=15, command=21),
    ),
    "8.2_iq_and_acb": Scenario(
        firmware="8.2.4382",
        description="IQ Batteries and AC Batteries",
        payload=build_payload(
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
    "8.2_acb_agg_soc_zero": Scenario(
        firmware="8.2.4382",
        description="empty AC Batteries: 0% is a real value",
        payload=build_payload(
            "8.2",
            soc=10,
            capacity=3500,
            reserve=0,
            command=2,
            acb_capacity=3720,
            vls_limit=5,
        ),
    ),
    "8.2_no_storage": Scenario(
        firmware="8.2.4345",
        description="no batteries: zeros and a meaningless reserve",
        payload=build_payload("8.2", soc=0, capacity=0, reserve=30),
    ),
    "8.3_full": Scenario(
        firmware="8.3.5167",
        description="full and on grid: no bias",
        payload=build_payload("8.3", soc=100, capacity=5000, reserve=30),
    ),
    "8.3_charging": Scenario(
        firmware="8.3.5286",
        description="charging, although the bias is 0",
        payload=build_payload("8.3", soc=55.5, capacity=10000, reserve=20),
    ),
    "8.3_acb_only": Scenario(
        firmware="8.3.5169",
        description="only AC Batteries, nearly empty",
        payload=build_payload(
            "8.3",
            soc=0,
            capacity=0,
            reserve=0,
            acb_energy=49,
            acb_capacity=3720,
            vls_limit=5,
        ),
    ),
    "8.3_split_phase": Scenario(
        firmware="8.3.5289",
        description="split phase: the same bias on phases A and B",
        payload=build_payload("8.3", soc=71, capacity=15000, reserve=20, command=12, split_phase=True),
    ),
    "8.3_islanded": Scenario(
        firmware="8.3.5433",
        description="one hour into an outage: off-grid values are set, but is_active is false",
        payload=_with_seq_reset_needed(
            build_payload(
                "8.3 with R4",
                soc=62,
                capacity=10000,
                reserve=20,
                bias=(0.205, 2.26),
                offgrid_bias=(0.205, 2.26),
            )
        ),
    ),
    "8.3_after_outage": Scenario(
        firmware="8.3.5433",
        description="just reconnected to the grid: the bias is still at its limit",
        payload=_with_seq_reset_needed(
            build_payload("8.3 with R4", soc=81.5, capacity=5000, reserve=100, command=-100)
        ),
    ),
    "8.3_no_storage": Scenario(
        firmware="8.3.5289",
        description="no batteries: zeros and a meaningless reserve",
        payload=build_payload("8.3", soc=0, capacity=0, reserve=43),
    ),
    "8.3_reserve_0": Scenario(
        firmware="8.3.5289",
        description="a reserve of 0%: all stored energy can be used",
        payload=build_payload("8.3", soc=48, capacity=10000, reserve=0),
    ),
    "8.3_r4_migration": Scenario(
        firmware="8.3.1598",
        description="33 keys, without seq_reset_needed",
        payload=build_payload("8.3 with R4", soc=88, capacity=5000, reserve=20),
    ),
    "8.3_all_keys": Scenario(
        firmware="8.3.6086",
        description="33 keys, with seq_reset_needed",
        payload=_with_seq_reset_needed(build_payload("8.3 with R4", soc=33, capacity=20000, reserve=15)),
    ),
    "day": Scenario(
        firmware="8.2.4345",
        description="changes over time: charging, full, discharging, and at the reserve within 15 minutes",
        payload=day_payload(0),
        payload_at=day_payload,
    ),
}
