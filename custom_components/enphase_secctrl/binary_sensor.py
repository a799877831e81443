"""Binary sensors: the flags of the table, and whether the charge is at the reserve."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SecctrlConfigEntry
from .entity import SecctrlEntity, add_reported_fields
from .fields import AT_RESERVE, FLAGS, FlagField

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant, entry: SecctrlConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the binary sensors of one gateway."""
    add_reported_fields(entry, FLAGS, SecctrlBinarySensor, async_add_entities)
    add_reported_fields(entry, [AT_RESERVE], AtReserveBinarySensor, async_add_entities)


class SecctrlBinarySensor(SecctrlEntity, BinarySensorEntity):
    """A flag from the report."""

    entity_description: FlagField

    @property
    @override
    def is_on(self) -> bool | None:
        """The flag, None while it is unknown."""
        value = self.coordinator.data.value(self.entity_description)
        return None if value is None else bool(value)


class AtReserveBinarySensor(SecctrlEntity, BinarySensorEntity):
    """Whether the charge is at or below the reserve, with hysteresis."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the reserve is reached, None while charge or reserve is unknown."""
        return self.coordinator.levels.reserve.is_at
