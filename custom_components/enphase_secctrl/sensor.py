"""Sensors: the numbers of the table, and when the token expires."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SecctrlConfigEntry
from .entity import SecctrlEntity, add_reported_fields
from .fields import SENSORS, TOKEN_EXPIRES, SensorField

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant, entry: SecctrlConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the sensors of one gateway."""
    async_add_entities([TokenExpiresSensor(entry.runtime_data, TOKEN_EXPIRES)])
    add_reported_fields(entry, SENSORS, SecctrlSensor, async_add_entities)


class SecctrlSensor(SecctrlEntity, SensorEntity):
    """A number of the report."""

    entity_description: SensorField

    @property
    @override
    def native_value(self) -> float | None:
        """The value in the unit of the row, None while it is unknown."""
        return self.coordinator.data.value(self.entity_description)


class TokenExpiresSensor(SecctrlEntity, SensorEntity):
    """When the access token expires."""

    _written: tuple[datetime, bool] | None = None

    @property
    @override
    def native_value(self) -> datetime:
        """The expiration of the token that is in use."""
        return self.coordinator.authentication.token.expires

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only if it has changed: most reports come with the same token."""
        if self._written != (current := (self.native_value, self.available)):
            self._written = current
            super()._handle_coordinator_update()
