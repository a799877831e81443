"""Conditions: whether the charge is above the reserve, or at it.

As with `trigger`, nothing else imports this module.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final, Unpack, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .client import Report
from .fields import ENERGY_ABOVE_RESERVE, RESERVE, STATE_OF_CHARGE
from .targets import coordinator_of_entity, entities_of_field

CONF_ENERGY: Final = "energy"

_OPTIONS: Final[dict[Any, Any]] = {
    vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In([BEHAVIOR_ANY, BEHAVIOR_ALL])
}
_ENERGY: Final[dict[Any, Any]] = {vol.Optional(CONF_ENERGY): vol.All(vol.Coerce(float), vol.Range(min=0))}


class _ReserveCondition(Condition):
    """A condition on charge and reserve, which is false while one of them is unknown."""

    _options_schema = _OPTIONS

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the valid configuration; raises vol.Invalid."""
        schema = {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Optional(CONF_OPTIONS, default={}): cls._options_schema,
        }
        return cast(ConfigType, vol.Schema(schema)(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take target and options."""
        super().__init__(hass, config)
        self._target = TargetSelection(config.target or {})
        self._options = config.options or {}

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Return whether any gateway or all gateways of the target meet the condition; false without a gateway."""
        selected = async_extract_referenced_entity_ids(self._hass, self._target, expand_group=False)
        entity_ids = selected.referenced | selected.indirectly_referenced
        results = [
            coordinator is not None and coordinator.availability.is_available and self._is_met(coordinator.data)
            for entity_id in entities_of_field(self._hass, entity_ids, STATE_OF_CHARGE)
            for coordinator in [coordinator_of_entity(self._hass, entity_id)]
        ]
        return bool(results) and (all(results) if self._options[ATTR_BEHAVIOR] == BEHAVIOR_ALL else any(results))

    @abstractmethod
    def _is_met(self, report: Report) -> bool:
        """Return whether the report of a gateway meets the condition."""


class AtReserveCondition(_ReserveCondition):
    """The charge is at or below the reserve."""

    @override
    def _is_met(self, report: Report) -> bool:
        charge, reserve = report.value(STATE_OF_CHARGE), report.value(RESERVE)
        return charge is not None and reserve is not None and charge <= reserve


class AboveReserveCondition(_ReserveCondition):
    """The charge is above the reserve, and at least a number of kWh are left above it."""

    _options_schema = _OPTIONS | _ENERGY

    @override
    def _is_met(self, report: Report) -> bool:
        charge, reserve = report.value(STATE_OF_CHARGE), report.value(RESERVE)
        if charge is None or reserve is None or charge <= reserve:
            return False
        if (least := self._options.get(CONF_ENERGY)) is None:
            return True
        energy = report.value(ENERGY_ABOVE_RESERVE)
        return energy is not None and energy >= least * 1000


CONDITIONS: Final[Mapping[str, type[Condition]]] = {
    "is_above_reserve": AboveReserveCondition,
    "is_at_reserve": AtReserveCondition,
}


async def async_get_conditions(_hass: HomeAssistant) -> Mapping[str, type[Condition]]:
    """Return the conditions of the integration."""
    return CONDITIONS
