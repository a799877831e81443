"""What all entities share: unique ID, device, availability, and when a field becomes an entity."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .fields import Field, is_reported


class SecctrlEntity(CoordinatorEntity[SecctrlCoordinator]):
    """One row of the table."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SecctrlCoordinator, description: EntityDescription) -> None:
        """Take the unique ID and the translation key from the row."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.translation_key or description.key
        self._attr_unique_id = _unique_id(coordinator, description)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.serial)})

    @property
    @override
    def available(self) -> bool:
        """Whether the last report is still valid: one failed poll says nothing about the batteries."""
        return self.coordinator.availability.is_available


def add_reported_fields[FieldT: Field](
    entry: SecctrlConfigEntry,
    fields: Iterable[FieldT],
    create_entity: Callable[[SecctrlCoordinator, FieldT], SecctrlEntity],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for each field that has ever been reported, now or when it is first reported."""
    coordinator = entry.runtime_data
    registry = er.async_get(coordinator.hass)
    registered = {known.unique_id for known in er.async_entries_for_config_entry(registry, entry.entry_id)}
    missing = list(fields)

    @callback
    def add_new_fields() -> None:
        new = [
            field
            for field in missing
            if _unique_id(coordinator, field) in registered or is_reported(field, coordinator.data)
        ]
        for field in new:
            missing.remove(field)
        if new:
            async_add_entities(create_entity(coordinator, field) for field in new)

    add_new_fields()
    coordinator.report_listeners.append(add_new_fields)


def _unique_id(coordinator: SecctrlCoordinator, description: EntityDescription) -> str:
    return f"{coordinator.serial}_{description.key}"
