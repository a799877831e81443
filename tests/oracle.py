"""The oracle: what the entities must show for a payload, written a second time from the specification.

It is independent of the integration and uses nothing of it.
"""

from collections.abc import Mapping
from math import pi
from typing import Final

type Expected = bool | float | None

UNKNOWN: Final = None
PERCENTS: Final = (
    *("agg_soc", "configured_backup_soc", "adjusted_backup_soc", "soc_recovery_entry", "soc_recovery_exit"),
    *("VLS_Limit", "Recovery_threshold_soc"),
)
FLAGS: Final = ("shutdown", "Commission_in_progress", "ESS_in_progress", "ESS_R3_To_R4_in_progress")
PHASES: Final = ("", "_phaseb", "_phasec")
MEASURED_FIELDS: Final = {
    *(
        "agg_soc",
        "agg_avail_energy",
        "agg_backup_energy",
        "energy_above_reserve",
        "energy_above_shutdown",
        "energy_to_full",
        "enc_agg_soc",
        "enc_agg_avail_energy",
    ),
}
"""Fields that include IQ Batteries, and are unknown until the gateway has heard from them."""

OFF_GRID_NUMBERS: Final = ("F", "V", "Vd_neg", "Vq_neg", "Vd_zero", "Vq_zero")
OFF_GRID_FLAGS: Final = ("is_active", "is_system_balanced", "seq_reset_needed")


def expected(payload: Mapping[str, object]) -> dict[str, Expected]:
    """Return {key: value, or None for unknown} of each entity that exists after a first payload."""
    values = expected_fields(payload)
    return values | _at_reserve(values)


def expected_fields(payload: Mapping[str, object]) -> dict[str, Expected]:
    """Return {key: value, or None for unknown} of each field that is read from the payload."""
    storage, iq, ac = _present(payload)
    ready = not (iq and _has_iq_capacity(payload) and _is_zero(payload.get("ENC_agg_soh")))
    values: dict[str, Expected] = {}
    for suffix in PHASES:
        values |= _if(payload, f"freq_bias_hz{suffix}", _number)
        values |= _if(payload, f"voltage_bias_v{suffix}", _number)
        values |= _if(payload, f"freq_bias_hz_q8{suffix}", lambda raw: _scaled(raw, 2 * pi * 256))
        values |= _if(payload, f"voltage_bias_v_q5{suffix}", lambda raw: _scaled(raw, 32))
    for name in FLAGS:
        values |= _if(payload, name, _flag)
    match payload.get("offgrid_secctrl"):
        case dict() as inner:
            for name in OFF_GRID_NUMBERS:
                values |= _if(inner, name, _number, prefix="offgrid_secctrl_")
            for name in OFF_GRID_FLAGS:
                values |= _if(inner, name, _flag, prefix="offgrid_secctrl_")
    if storage:
        values |= _storage_fields(payload, iq=iq, ac=ac, ready=ready)
    return values


def _storage_fields(payload: Mapping[str, object], *, iq: bool, ac: bool, ready: bool) -> dict[str, Expected]:
    values: dict[str, Expected] = {}
    for name in PERCENTS:
        values |= _if(payload, name, _percent)
    values |= _if(payload, "Max_energy", _energy)
    values |= _if(payload, "soc_rec_enabled", _flag)
    if "agg_avail_energy" in payload:
        values["agg_avail_energy"] = _energy(payload["agg_avail_energy"])
    elif parts := [payload[name] for name in ("ENC_agg_avail_energy", "ACB_agg_energy") if name in payload]:
        values["agg_avail_energy"] = _sum([_energy(part) for part in parts])
    reserve = next((name for name in ("agg_backup_energy", "ENC_agg_backup_energy") if name in payload), None)
    if reserve == "agg_backup_energy" or (reserve and iq):
        values["agg_backup_energy"] = _energy(payload[reserve])
        stored = next((name for name in ("ENC_agg_avail_energy", "agg_avail_energy") if name in payload), None)
        if stored and iq:
            above = _sum([_energy(payload[stored]), _negative(values["agg_backup_energy"])])
            values["energy_above_reserve"] = None if above is None else max(0, above)
    if iq:
        values |= _if(payload, "ENC_agg_soh", lambda raw: _percent(raw) or UNKNOWN)
        for name in ("Enc_commissioned_capacity", "Enc_max_available_capacity"):
            values |= _if(payload, name, _energy)
        values |= _energy_above_shutdown(payload)
    if iq and ac:
        values |= _if(payload, "ENC_agg_soc", _percent)
        values |= _if(payload, "ENC_agg_avail_energy", _energy)
        values |= _if(payload, "ACB_agg_soc", _percent)
        values |= _if(payload, "ACB_agg_energy", _energy)
    values |= _energy_to_full(payload, values)
    if not ready:
        values |= dict.fromkeys(MEASURED_FIELDS & values.keys(), UNKNOWN)
    return values


def _energy_to_full(payload: Mapping[str, object], values: Mapping[str, Expected]) -> dict[str, Expected]:
    if "Max_energy" not in payload or "agg_avail_energy" not in values:
        return {}
    to_full = _sum([_energy(payload["Max_energy"]), _negative(values["agg_avail_energy"])])
    return {"energy_to_full": to_full if to_full is None or to_full >= 0 else UNKNOWN}


def _at_reserve(values: Mapping[str, Expected]) -> dict[str, Expected]:
    """Return whether the charge of a first payload is at or below the reserve; later ones have hysteresis."""
    if not {"agg_soc", "adjusted_backup_soc"} <= values.keys():
        return {}
    charge, reserve = values["agg_soc"], values["adjusted_backup_soc"]
    return {"at_reserve": UNKNOWN if charge is None or reserve is None else charge <= reserve}


def _energy_above_shutdown(payload: Mapping[str, object]) -> dict[str, Expected]:
    """Return what is left above the shutdown level; only called if there are IQ Batteries."""
    names = ("ENC_agg_avail_energy", "VLS_Limit", "Enc_max_available_capacity")
    if not all(name in payload for name in names):
        return {}
    stored, level, capacity = _energy(payload[names[0]]), _percent(payload[names[1]]), _energy(payload[names[2]])
    if stored is None or level is None or capacity is None:
        return {"energy_above_shutdown": UNKNOWN}
    return {"energy_above_shutdown": max(0, stored - level * capacity / 100)}


def _present(payload: Mapping[str, object]) -> tuple[bool, bool, bool]:
    """Return whether there is any storage, whether there are IQ Batteries, and whether there are AC Batteries."""
    iq_names = ("Enc_max_available_capacity", "Enc_commissioned_capacity")
    iq_sizes = [_energy(payload[name]) or 0 for name in iq_names if name in payload]
    ac_sizes = [_energy(payload["ACB_agg_energy"]) or 0] if "ACB_agg_energy" in payload else []
    ac_sizes += [_percent(payload["ACB_agg_soc"]) or 0] if "ACB_agg_soc" in payload else []
    total = [_energy(payload["Max_energy"]) or 0] if "Max_energy" in payload else []
    sizes = iq_sizes + ac_sizes + total
    commissioned = next((name for name in ("Enc_commissioned_capacity", iq_names[0]) if name in payload), "")
    both = [_energy(payload.get(name)) for name in ("Max_energy", commissioned)]
    exceeds_iq = both[0] is not None and both[1] is not None and both[0] > both[1]
    return (not sizes or any(sizes), not iq_sizes or any(iq_sizes), any(ac_sizes) or exceeds_iq)


def _has_iq_capacity(payload: Mapping[str, object]) -> bool:
    names = ("Enc_max_available_capacity", "Enc_commissioned_capacity")
    return any(_energy(payload.get(name)) for name in names)


def _is_zero(raw: object) -> bool:
    return _number(raw) == 0


def _if(payload: Mapping[str, object], name: str, convert: object, prefix: str = "") -> dict[str, Expected]:
    return {prefix + name.lower(): convert(payload[name])} if name in payload and callable(convert) else {}


def _number(raw: object) -> float | None:
    usable = type(raw) in (int, float) and isinstance(raw, int | float) and -(2**53) < raw < 2**53
    return raw + 0 if usable and isinstance(raw, int | float) else UNKNOWN


def _between(raw: object, maximum: float) -> float | None:
    number = _number(raw)
    return number if number is not None and 0 <= number <= maximum else UNKNOWN


def _percent(raw: object) -> float | None:
    return _between(raw, 100)


def _energy(raw: object) -> float | None:
    number = _between(raw, 2**31)
    return UNKNOWN if number == 2**31 else number


def _scaled(raw: object, divisor: float) -> float | None:
    return raw / divisor if type(raw) is int and _number(raw) is not None else UNKNOWN


def _flag(raw: object) -> bool | None:
    return raw if isinstance(raw, bool) else UNKNOWN


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _sum(values: list[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return sum(numbers) if len(numbers) == len(values) else UNKNOWN
