"""Sensors: the numbers of the table, and when the token ends."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .entity import SecctrlEntity, add_when_reported
from .fields import SENSORS, TOKEN_EXPIRES, SensorField

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant, entry: SecctrlConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Hand over the numbers of the table."""
    async_add_entities([TokenExpiresSensor(entry.runtime_data, TOKEN_EXPIRES)])
    add_when_reported(entry, SENSORS, SecctrlSensor, async_add_entities)


class SecctrlSensor(SecctrlEntity, SensorEntity):
    """A number of the report."""

    entity_description: SensorField

    def __init__(self, coordinator: SecctrlCoordinator, field: SensorField) -> None:
        """Enable what says more than the aggregate only where it does."""
        super().__init__(coordinator, field)
        if field.enabled_beside_ac_batteries and coordinator.data.ac_batteries:
            self._attr_entity_registry_enabled_default = True

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value in the row's unit, None while it is unknown."""
        return self.coordinator.data.value(self.entity_description)


class TokenExpiresSensor(SecctrlEntity, SensorEntity):
    """When the access token ends."""

    @property
    @override
    def native_value(self) -> datetime:
        """Return the end of the token that is in use."""
        return self.coordinator.sign_in.token.expires
