"""Payloads of GET /ivp/ensemble/secctrl, built so that every number agrees."""

from collections.abc import Mapping
import json
import math
import struct
from typing import Final

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Payload = dict[str, Json]

# What each layout lacks of the longest one, 33 keys in their order on the wire.
_R4: Final = {"ESS_R3_To_R4_in_progress"}
_8_3: Final = _R4 | {"Recovery_threshold_soc"}
_8_2: Final = _8_3 | {"offgrid_secctrl"}
_PROGRESS: Final = {"Commission_in_progress", "ESS_in_progress"}
_RECOVERY: Final = {"soc_rec_enabled", "soc_recovery_entry", "soc_recovery_exit"}
_8_1: Final = _R4 | _RECOVERY | {"offgrid_secctrl", "ESS_in_progress"}
_7_6: Final = _8_2 | _PROGRESS | _RECOVERY | {"VLS_Limit"}
LACKS: Final[dict[str, set[str]]] = {
    "7.3": _7_6 | {"ENC_agg_soh"},
    "7.6": _7_6,
    "8.1": _8_1,
    "8.2": _8_2,
    "8.2 without progress": _8_2 | _PROGRESS,
    "8.3": _8_3,
    "8.3 with R4": {"Recovery_threshold_soc"},
}
LEGACY_KEYS: Final = (
    "freq_bias_hz",
    "voltage_bias_v",
    "freq_bias_hz_q8",
    "voltage_bias_v_q5",
    "configured_backup_soc",
    "adjusted_backup_soc",
    "agg_soc",
    "agg_backup_energy",
    "agg_avail_energy",
)
# Full scale of the command: Hz and V at -100 % and at +100 %.
_OLD_SCALE: Final = ((1.32, 16.0), (1.39, 16.9))
_NEW_SCALE: Final = ((1.34823, 16.19011), (1.34823, 16.19011))


def float32(value: float) -> float:
    """Return the value as a gateway prints it: single precision, widened again."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def biases(frequency: float, voltage: float, phase: str = "") -> Payload:
    """Return the four bias keys of a phase ("", "_phaseb", "_phasec"), Hz and V."""
    hertz, volts = float32(frequency), float32(voltage)
    return {
        f"freq_bias_hz{phase}": hertz,
        f"voltage_bias_v{phase}": volts,
        f"freq_bias_hz_q8{phase}": math.trunc(hertz * 2 * math.pi * 256),
        f"voltage_bias_v_q5{phase}": math.trunc(volts * 32),
    }


def commanded(percent: float, layout: str) -> tuple[float, float]:
    """Return the bias (Hz, V) of a command, -100 (charge) to 100 (discharge) %."""
    scale = _OLD_SCALE if layout.startswith("7") else _NEW_SCALE
    hertz, volts = scale[percent > 0]
    return hertz * percent / 100, volts * percent / 100


def offgrid(*, frequency: float = 0.0, voltage: float = 0.0) -> dict[str, Json]:
    """Return offgrid_secctrl, all numbers 0 or none of them."""
    return {
        "F": float32(frequency),
        "V": float32(voltage),
        "Vd_neg": float32(voltage / 16),
        "Vq_neg": float32(-voltage / 32),
        "Vd_zero": float32(voltage / 64),
        "Vq_zero": float32(-voltage / 128),
        # Not an off-grid flag: it was read false an hour into a real outage.
        "is_active": False,
        "is_system_balanced": True,
    }


def storage(*, soc: float, capacity: int, reserve: int, acb_energy: int, acb_capacity: int) -> Payload:
    """Return the keys from the reserve to the AC Batteries (%, Wh)."""
    energy = int(capacity * soc / 100)
    everything = capacity + acb_capacity
    return {
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": _percent(energy + acb_energy, everything),
        "Max_energy": everything,
        "ENC_agg_soc": _percent(energy, capacity),
        "ENC_agg_soh": 100 if capacity else 0,
        "ENC_agg_backup_energy": capacity * reserve // 100,
        "ENC_agg_avail_energy": energy,
        "Enc_commissioned_capacity": capacity,
        "Enc_max_available_capacity": capacity,
        "ACB_agg_soc": _percent(acb_energy, acb_capacity),
        "ACB_agg_energy": acb_energy,
    }


def build(
    layout: str,
    *,
    soc: float,
    capacity: int,
    reserve: int,
    command: float = 0.0,
    bias: tuple[float, float] | None = None,
    split_phase: bool = False,
    acb_energy: int = 0,
    acb_capacity: int = 0,
    offgrid_bias: tuple[float, float] = (0.0, 0.0),
    vls_limit: int = 10,
) -> Payload:
    """Return a payload of a layout; the bias (Hz, V) follows the command (%)."""
    hertz, volts = bias or commanded(command, layout)
    second = (hertz, volts) if split_phase else (0.0, 0.0)
    longest: Payload = {
        "shutdown": False,
        **biases(hertz, volts),
        **biases(*second, "_phaseb"),
        **biases(0.0, 0.0, "_phasec"),
        "offgrid_secctrl": offgrid(frequency=offgrid_bias[0], voltage=offgrid_bias[1]),
        **storage(
            soc=soc,
            capacity=capacity,
            reserve=reserve,
            acb_energy=acb_energy,
            acb_capacity=acb_capacity,
        ),
        "VLS_Limit": vls_limit,
        "Recovery_threshold_soc": 10,
        "soc_rec_enabled": not capacity,
        "soc_recovery_entry": 0,
        "soc_recovery_exit": 10,
        "Commission_in_progress": False,
        "ESS_in_progress": False,
        "ESS_R3_To_R4_in_progress": False,
    }
    return {key: longest[key] for key in longest if key not in LACKS[layout]}


def legacy(*, soc: int, capacity: int, reserve: int, command: float) -> Payload:
    """Return the oldest layout: 9 keys and no capacity among them."""
    values: Payload = {
        **biases(*commanded(command, "7")),
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": soc,
        "agg_backup_energy": capacity * reserve // 100,
        "agg_avail_energy": capacity * soc // 100,
    }
    return {key: values[key] for key in LEGACY_KEYS}


def without_storage(payload: Mapping[str, Json]) -> Payload:
    """Return what a gateway says that has not found its batteries (yet)."""
    nothing = build("8.3 with R4", soc=0, capacity=0, reserve=10) | {"agg_backup_energy": 0, "agg_avail_energy": 0}
    del nothing["offgrid_secctrl"]
    return {key: nothing.get(key, value) for key, value in payload.items()}


def payload_bytes(payload: Mapping[str, Json]) -> bytes:
    """Return the payload as it is on the wire: 4 spaces, LF, no newline at the end."""
    return json.dumps(payload, indent=4).encode()


def _percent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 0
