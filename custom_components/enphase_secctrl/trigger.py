"""Triggers: the charge reaches a level, and the reserve changes.

Home Assistant calls this interface unfinished. So nothing else imports this module, and the integration loads
without it.
"""

from abc import abstractmethod
from asyncio import Task
from collections.abc import Mapping
from typing import Any, ClassVar, Final, override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    Trigger,
    TriggerActionRunner,
    TriggerNotTriggeredReporter,
)

from .fields import ENERGY_ABOVE_RESERVE, RESERVE, STATE_OF_CHARGE, SensorField
from .levels import BatteryLevels, LevelTracker
from .targets import coordinator_of_entity, entities_of_field


class _GatewayTrigger(EntityTriggerBase):
    """A trigger on the entity of one field.

    The base class ignores changes from and to unknown and unavailable, and the first state of an entity.
    """

    _domain_specs: Mapping[str, DomainSpec] = {SENSOR_DOMAIN: DomainSpec()}
    _field: ClassVar[SensorField]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the field's entity of each gateway of the target."""
        return entities_of_field(self._hass, entities, self._field)

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action with the values of the gateway as variables."""

        def run_action_with_values(
            extra_trigger_payload: dict[str, Any], description: str, context: Context | None = None
        ) -> Task[Any]:
            return run_action(extra_trigger_payload | self._values(extra_trigger_payload), description, context)

        return await super().async_attach_runner(run_action_with_values, did_not_trigger)

    def _values(self, payload: Mapping[str, Any]) -> dict[str, float | None]:
        """Return charge and reserve in percent, and the energy above the reserve in kWh; None is unknown."""
        coordinator = coordinator_of_entity(self._hass, payload[ATTR_ENTITY_ID])
        charge, reserve, energy = (
            coordinator.data.value(field) if coordinator else None
            for field in (STATE_OF_CHARGE, RESERVE, ENERGY_ABOVE_RESERVE)
        )
        in_kwh = None if energy is None else energy / 1000
        return {"charge": charge, "reserve": reserve, "energy_above_reserve": in_kwh}


class _LevelTrigger(_GatewayTrigger):
    """The charge reaches a level; the coordinator compares the two after each report."""

    _field = STATE_OF_CHARGE

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return whether the charge is at the level."""
        tracker = self._tracker_of_entity(state.entity_id)
        return tracker is not None and tracker.is_at is True

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether the charge has just reached the level with this report."""
        tracker = self._tracker_of_entity(to_state.entity_id)
        return from_state.state != to_state.state and tracker is not None and tracker.has_come_down

    def _tracker_of_entity(self, entity_id: str) -> LevelTracker | None:
        coordinator = coordinator_of_entity(self._hass, entity_id)
        return self._tracker(coordinator.levels) if coordinator else None

    @staticmethod
    @abstractmethod
    def _tracker(levels: BatteryLevels) -> LevelTracker:
        """Return the tracker of the level."""


class ReserveReachedTrigger(_LevelTrigger):
    """The charge came down to the reserve; never because the reserve was raised."""

    @staticmethod
    @override
    def _tracker(levels: BatteryLevels) -> LevelTracker:
        return levels.reserve


class ShutdownLevelReachedTrigger(_LevelTrigger):
    """The charge came down to the shutdown level."""

    @staticmethod
    @override
    def _tracker(levels: BatteryLevels) -> LevelTracker:
        return levels.shutdown_level


class FullyChargedTrigger(_LevelTrigger):
    """The charge rose to 100 %."""

    @staticmethod
    @override
    def _tracker(levels: BatteryLevels) -> LevelTracker:
        return levels.full


class ReserveChangedTrigger(_GatewayTrigger):
    """The reserve changed, from one known percentage to a different one."""

    _field = RESERVE
    _schema = ENTITY_STATE_TRIGGER_SCHEMA

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether the percentage changed: 30 and 30.0 are the same."""
        return float(from_state.state) != float(to_state.state)

    @override
    def _values(self, payload: Mapping[str, Any]) -> dict[str, float | None]:
        """Return the previous reserve, too."""
        previous = float(payload["from_state"].state)
        return super()._values(payload) | {"previous_reserve": int(previous) if previous.is_integer() else previous}


TRIGGERS: Final[Mapping[str, type[Trigger]]] = {
    "fully_charged": FullyChargedTrigger,
    "reserve_changed": ReserveChangedTrigger,
    "reserve_reached": ReserveReachedTrigger,
    "shutdown_level_reached": ShutdownLevelReachedTrigger,
}


async def async_get_triggers(_hass: HomeAssistant) -> Mapping[str, type[Trigger]]:
    """Return the triggers of the integration."""
    return TRIGGERS
