"""Payloads of GET /ivp/ensemble/secctrl. The values of one payload are consistent with each other."""

from collections.abc import Mapping
import json
import math
import struct
from typing import Final

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Payload = dict[str, Json]

_R4: Final = {"ESS_R3_To_R4_in_progress"}
_8_3: Final = _R4 | {"Recovery_threshold_soc"}
_8_2: Final = _8_3 | {"offgrid_secctrl"}
_PROGRESS: Final = {"Commission_in_progress", "ESS_in_progress"}
_RECOVERY: Final = {"soc_rec_enabled", "soc_recovery_entry", "soc_recovery_exit"}
_8_1: Final = _R4 | _RECOVERY | {"offgrid_secctrl", "ESS_in_progress"}
_7_6: Final = _8_2 | _PROGRESS | _RECOVERY | {"VLS_Limit"}
MISSING_KEYS: Final[dict[str, set[str]]] = {
    "7.3": _7_6 | {"ENC_agg_soh"},
    "7.6": _7_6,
    "8.1": _8_1,
    "8.2": _8_2,
    "8.2 without progress": _8_2 | _PROGRESS,
    "8.3": _8_3,
    "8.3 with R4": {"Recovery_threshold_soc"},
}
"""The keys that each layout lacks, compared with all 34 keys."""
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
# The biases (Hz, V) of a command of -100% and of 100%.
_FULL_SCALE_7: Final = ((1.32, 16.0), (1.39, 16.9))
_FULL_SCALE_8: Final = ((1.34823, 16.19011), (1.34823, 16.19011))


def float32(value: float) -> float:
    """Return the value rounded to single precision, as gateways send it."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def bias_keys(frequency: float, voltage: float, phase: str = "") -> Payload:
    """Return the four bias keys of a phase ("", "_phaseb", or "_phasec") for biases in Hz and V."""
    hertz, volts = float32(frequency), float32(voltage)
    return {
        f"freq_bias_hz{phase}": hertz,
        f"voltage_bias_v{phase}": volts,
        f"freq_bias_hz_q8{phase}": math.trunc(hertz * 2 * math.pi * 256),
        f"voltage_bias_v_q5{phase}": math.trunc(volts * 32),
    }


def bias_of_command(percent: float, layout: str) -> tuple[float, float]:
    """Return the biases (Hz, V) of a command, from -100% (charge) to 100% (discharge)."""
    full_scale = _FULL_SCALE_7 if layout.startswith("7") else _FULL_SCALE_8
    hertz, volts = full_scale[percent > 0]
    return hertz * percent / 100, volts * percent / 100


def offgrid_secctrl(*, frequency: float = 0.0, voltage: float = 0.0) -> dict[str, Json]:
    """Return the value of offgrid_secctrl for biases in Hz and V."""
    return {
        "F": float32(frequency),
        "V": float32(voltage),
        "Vd_neg": float32(voltage / 16),
        "Vq_neg": float32(-voltage / 32),
        "Vd_zero": float32(voltage / 64),
        "Vq_zero": float32(-voltage / 128),
        # Not an off-grid flag: it was false one hour into a real outage.
        "is_active": False,
        "is_system_balanced": True,
    }


def storage_keys(*, soc: float, capacity: int, reserve: int, acb_energy: int, acb_capacity: int) -> Payload:
    """Return the keys about reserve, IQ Batteries, and AC Batteries (%, Wh)."""
    energy = int(capacity * soc / 100)
    total_capacity = capacity + acb_capacity
    return {
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": _percent(energy + acb_energy, total_capacity),
        "Max_energy": total_capacity,
        "ENC_agg_soc": _percent(energy, capacity),
        "ENC_agg_soh": 100 if capacity else 0,
        "ENC_agg_backup_energy": capacity * reserve // 100,
        "ENC_agg_avail_energy": energy,
        "Enc_commissioned_capacity": capacity,
        "Enc_max_available_capacity": capacity,
        "ACB_agg_soc": _percent(acb_energy, acb_capacity),
        "ACB_agg_energy": acb_energy,
    }


def build_payload(
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
    """Return a payload of a layout. By default, the bias (Hz, V) results from the command (%)."""
    hertz, volts = bias or bias_of_command(command, layout)
    phase_b = (hertz, volts) if split_phase else (0.0, 0.0)
    all_keys: Payload = {
        "shutdown": False,
        **bias_keys(hertz, volts),
        **bias_keys(*phase_b, "_phaseb"),
        **bias_keys(0.0, 0.0, "_phasec"),
        "offgrid_secctrl": offgrid_secctrl(frequency=offgrid_bias[0], voltage=offgrid_bias[1]),
        **storage_keys(
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
    return {key: value for key, value in all_keys.items() if key not in MISSING_KEYS[layout]}


def build_legacy_payload(*, soc: int, capacity: int, reserve: int, command: float) -> Payload:
    """Return a payload of the oldest layout, which has 9 keys and no capacity."""
    values: Payload = {
        **bias_keys(*bias_of_command(command, "7")),
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": soc,
        "agg_backup_energy": capacity * reserve // 100,
        "agg_avail_energy": capacity * soc // 100,
    }
    return {key: values[key] for key in LEGACY_KEYS}


def without_storage(payload: Mapping[str, Json]) -> Payload:
    """Return the payload as a gateway sends it without batteries, or before it has found them."""
    empty = build_payload("8.3 with R4", soc=0, capacity=0, reserve=10) | {
        "agg_backup_energy": 0,
        "agg_avail_energy": 0,
    }
    del empty["offgrid_secctrl"]
    return {key: empty.get(key, value) for key, value in payload.items()}


def payload_bytes(payload: Mapping[str, Json]) -> bytes:
    """Return the payload as gateways send it: indented by 4 spaces, with LF, and without a newline at the end."""
    return json.dumps(payload, indent=4).encode()


def _percent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 0
