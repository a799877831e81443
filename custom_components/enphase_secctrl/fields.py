"""The table of fields: one row per entity, with the paths it is read from and how Home Assistant shows it.

To add a field, add a row here, a name in `translations/en.json` (under `translation_key`, else under the key), an icon
if it has no device class, and a payload of the emulator that contains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfTime,
)

from .client import Report, Source, Term, ValueType, energy, flag, health, number, percent, q5, q8, value_types


@dataclass(frozen=True, kw_only=True)
class SensorField(SensorEntityDescription, Source):
    """A number in the payload, shown by a sensor."""


@dataclass(frozen=True, kw_only=True)
class FlagField(BinarySensorEntityDescription, Source):
    """A flag in the payload, shown by a binary sensor."""


@dataclass(frozen=True, kw_only=True)
class EstimateField(SensorEntityDescription):
    """An estimated time until the stored energy reaches a target, shown by a sensor.

    `energy`, `target`, and `capacity` are in Wh. See `estimates`.
    """

    energy: Source
    target: Source
    capacity: Source
    charging: bool = False


@dataclass(frozen=True, kw_only=True)
class LevelField(BinarySensorEntityDescription):
    """Whether the charge is down to a level, shown by a binary sensor.

    `charge` and `level` are in percent. See `levels`.
    """

    charge: Source
    level: Source


type Field = SensorField | FlagField | EstimateField | LevelField

_diagnostic = partial(SensorField, entity_category=EntityCategory.DIAGNOSTIC)
_disabled = partial(_diagnostic, entity_registry_enabled_default=False)
_threshold = partial(_disabled, value_type=percent, storage=True, native_unit_of_measurement=PERCENTAGE)

_charge = partial(
    SensorField,
    value_type=percent,
    storage=True,
    measured=True,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
)
_reserve = partial(
    SensorField,
    value_type=percent,
    storage=True,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
)
_capacity = partial(
    SensorField,
    value_type=energy,
    storage=True,
    device_class=SensorDeviceClass.ENERGY_STORAGE,
    native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
    suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    suggested_display_precision=2,
)
_disabled_capacity = partial(
    _capacity, entity_category=EntityCategory.DIAGNOSTIC, entity_registry_enabled_default=False
)
_energy = partial(_capacity, measured=True, state_class=SensorStateClass.MEASUREMENT)
_frequency = partial(
    _diagnostic,
    value_type=number,
    device_class=SensorDeviceClass.FREQUENCY,
    native_unit_of_measurement=UnitOfFrequency.HERTZ,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=3,
)
_voltage = partial(
    _diagnostic,
    value_type=number,
    device_class=SensorDeviceClass.VOLTAGE,
    native_unit_of_measurement=UnitOfElectricPotential.VOLT,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=2,
)
_correction = partial(_disabled, value_type=number, state_class=SensorStateClass.MEASUREMENT)

_flag = partial(FlagField, value_type=flag)
_disabled_flag = partial(_flag, entity_category=EntityCategory.DIAGNOSTIC, entity_registry_enabled_default=False)
_progress = partial(_disabled_flag, device_class=BinarySensorDeviceClass.RUNNING)


def _phases(row: partial[SensorField], key: str, *, first_enabled: bool = False) -> tuple[SensorField, ...]:
    """Return three rows of one quantity; the key of phase A has no suffix."""
    return tuple(
        row(
            key=key + suffix,
            paths=(key + suffix,),
            translation_key=key,
            translation_placeholders={"phase": phase},
            entity_registry_enabled_default=first_enabled and not suffix,
        )
        for suffix, phase in (("", "A"), ("_phaseb", "B"), ("_phasec", "C"))
    )


_estimate = partial(
    EstimateField,
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.MINUTES,
    state_class=SensorStateClass.MEASUREMENT,
)
_measured_energy = partial(Source, value_type=energy, storage=True, measured=True)

_STORED_ENERGY: Final = ("agg_avail_energy", "ENC_agg_avail_energy + ACB_agg_energy")
_STORED_IQ_ENERGY: Final = ("ENC_agg_avail_energy", "agg_avail_energy")
_RESERVE_ENERGY: Final = ("agg_backup_energy", "ENC_agg_backup_energy")
_IQ_CAPACITY: Final = ("Enc_max_available_capacity", "Enc_commissioned_capacity")
_SHUTDOWN_ENERGY: Final = Term(
    paths=("VLS_Limit",),
    value_type=percent,
    percentage_of=Term(paths=("Enc_max_available_capacity",), value_type=energy),
)

STATE_OF_CHARGE: Final = _charge(key="agg_soc", paths=("agg_soc",), device_class=SensorDeviceClass.BATTERY)
RESERVE: Final = _reserve(key="adjusted_backup_soc", paths=("adjusted_backup_soc",))
SHUTDOWN_LEVEL: Final = _threshold(key="vls_limit", paths=("VLS_Limit",))
ENERGY_ABOVE_RESERVE: Final = _energy(
    key="energy_above_reserve",
    paths=_STORED_IQ_ENERGY,
    subtrahend=Term(paths=_RESERVE_ENERGY, value_type=energy),
    iq_batteries=True,
)

SENSORS: Final[tuple[SensorField, ...]] = (
    STATE_OF_CHARGE,
    _energy(key="agg_avail_energy", paths=_STORED_ENERGY),
    _energy(key="agg_backup_energy", paths=_RESERVE_ENERGY),
    ENERGY_ABOVE_RESERVE,
    _energy(
        key="energy_above_shutdown", paths=("ENC_agg_avail_energy",), subtrahend=_SHUTDOWN_ENERGY, iq_batteries=True
    ),
    _energy(
        key="energy_to_full",
        paths=("Max_energy",),
        subtrahend=Term(paths=_STORED_ENERGY, value_type=energy),
        negative_is_unknown=True,
        entity_registry_enabled_default=False,
    ),
    _reserve(key="configured_backup_soc", paths=("configured_backup_soc",)),
    RESERVE,
    _capacity(key="max_energy", paths=("Max_energy",), state_class=SensorStateClass.MEASUREMENT),
    _reserve(key="enc_agg_soh", paths=("ENC_agg_soh",), value_type=health, entity_category=EntityCategory.DIAGNOSTIC),
    _charge(key="enc_agg_soc", paths=("ENC_agg_soc",), both_kinds=True),
    _energy(key="enc_agg_avail_energy", paths=("ENC_agg_avail_energy",), both_kinds=True),
    _disabled_capacity(key="enc_commissioned_capacity", paths=("Enc_commissioned_capacity",)),
    _disabled_capacity(
        key="enc_max_available_capacity",
        paths=("Enc_max_available_capacity",),
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _charge(key="acb_agg_soc", paths=("ACB_agg_soc",), measured=False, both_kinds=True),
    _energy(key="acb_agg_energy", paths=("ACB_agg_energy",), measured=False, both_kinds=True),
    SHUTDOWN_LEVEL,
    _threshold(key="recovery_threshold_soc", paths=("Recovery_threshold_soc",)),
    _threshold(key="soc_recovery_entry", paths=("soc_recovery_entry",)),
    _threshold(key="soc_recovery_exit", paths=("soc_recovery_exit",)),
    *_phases(_frequency, "freq_bias_hz", first_enabled=True),
    *_phases(_voltage, "voltage_bias_v", first_enabled=True),
    *_phases(partial(_frequency, value_type=q8), "freq_bias_hz_q8"),
    *_phases(partial(_voltage, value_type=q5), "voltage_bias_v_q5"),
    _correction(key="offgrid_secctrl_f", paths=("offgrid_secctrl.F",)),
    _correction(key="offgrid_secctrl_v", paths=("offgrid_secctrl.V",)),
    _correction(key="offgrid_secctrl_vd_neg", paths=("offgrid_secctrl.Vd_neg",)),
    _correction(key="offgrid_secctrl_vq_neg", paths=("offgrid_secctrl.Vq_neg",)),
    _correction(key="offgrid_secctrl_vd_zero", paths=("offgrid_secctrl.Vd_zero",)),
    _correction(key="offgrid_secctrl_vq_zero", paths=("offgrid_secctrl.Vq_zero",)),
)

FLAGS: Final[tuple[FlagField, ...]] = (
    _disabled_flag(key="offgrid_secctrl_is_active", paths=("offgrid_secctrl.is_active",)),
    _disabled_flag(key="offgrid_secctrl_is_system_balanced", paths=("offgrid_secctrl.is_system_balanced",)),
    _disabled_flag(key="offgrid_secctrl_seq_reset_needed", paths=("offgrid_secctrl.seq_reset_needed",)),
    _flag(
        key="shutdown",
        paths=("shutdown",),
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _disabled_flag(key="soc_rec_enabled", paths=("soc_rec_enabled",), storage=True),
    _progress(key="commission_in_progress", paths=("Commission_in_progress",)),
    _progress(key="ess_in_progress", paths=("ESS_in_progress",)),
    _progress(key="ess_r3_to_r4_in_progress", paths=("ESS_R3_To_R4_in_progress",)),
)

FIELDS: Final[tuple[SensorField | FlagField, ...]] = (*SENSORS, *FLAGS)
"""The rows that are read from the payload."""

ESTIMATES: Final[tuple[EstimateField, ...]] = (
    _estimate(
        key="time_to_reserve",
        energy=_measured_energy(paths=_STORED_IQ_ENERGY, iq_batteries=True),
        target=_measured_energy(paths=_RESERVE_ENERGY, iq_batteries=True),
        capacity=_measured_energy(paths=_IQ_CAPACITY, iq_batteries=True),
    ),
    _estimate(
        key="time_to_shutdown",
        energy=_measured_energy(paths=("ENC_agg_avail_energy",), iq_batteries=True),
        target=Source(
            paths=_SHUTDOWN_ENERGY.paths,
            value_type=_SHUTDOWN_ENERGY.value_type,
            percentage_of=_SHUTDOWN_ENERGY.percentage_of,
            storage=True,
            iq_batteries=True,
        ),
        capacity=_measured_energy(paths=_IQ_CAPACITY, iq_batteries=True),
        entity_registry_enabled_default=False,
    ),
    _estimate(
        key="time_to_full",
        energy=_measured_energy(paths=_STORED_ENERGY),
        target=_measured_energy(paths=("Max_energy",)),
        capacity=_measured_energy(paths=("Max_energy",)),
        charging=True,
    ),
)

AT_RESERVE: Final = LevelField(key="at_reserve", charge=STATE_OF_CHARGE, level=RESERVE)

TOKEN_EXPIRES: Final = SensorEntityDescription(
    key="token_expires",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
)
LAST_REPORT: Final = SensorEntityDescription(
    key="last_report",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

IGNORED: Final[Mapping[str, str]] = {}
"""Paths that are known and have no entity, each with the reason."""


def is_reported(field: Field, report: Report) -> bool:
    """Return whether the report has what the entity shows."""
    if isinstance(field, EstimateField):
        return all(map(report.contains, (field.energy, field.target, field.capacity)))
    if isinstance(field, LevelField):
        return report.contains(field.charge) and report.contains(field.level)
    return report.contains(field)


KNOWN_PATHS: Final[Mapping[str, ValueType]] = value_types(FIELDS)
"""Every path that a row reads, with its value type."""

KNOWN_OR_IGNORED: Final = frozenset(KNOWN_PATHS.keys() | IGNORED.keys())
