"""Sensors: the numbers of the table, and when the token ends."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
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
    enable_beside_ac_batteries(entry)


def enable_beside_ac_batteries(entry: SecctrlConfigEntry) -> None:
    """Enable the rows of the IQ Batteries alone when the first AC Battery comes, unless the user has decided."""
    coordinator = entry.runtime_data
    registry = er.async_get(coordinator.hass)
    unique_ids = [f"{coordinator.serial}_{field.key}" for field in SENSORS if field.enabled_beside_ac_batteries]

    @callback
    def look() -> None:
        for unique_id in unique_ids if coordinator.data.ac_batteries else ():
            entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
            known = registry.async_get(entity_id) if entity_id else None
            if known and known.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
                registry.async_update_entity(known.entity_id, disabled_by=None)

    look()
    coordinator.watchers.append(look)


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

    _shown: tuple[datetime, bool] | None = None

    @property
    @override
    def native_value(self) -> datetime:
        """Return the end of the token that is in use."""
        return self.coordinator.sign_in.token.expires

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is new: a report says nothing about the token."""
        if self._shown != (shown := (self.native_value, self.available)):
            self._shown = shown
            super()._handle_coordinator_update()
