"""What all entities share: identity, device, the value of a field, and when a field becomes one."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .device import device_of
from .fields import Field


class SecctrlEntity(CoordinatorEntity[SecctrlCoordinator]):
    """One row of the table."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SecctrlCoordinator, description: EntityDescription) -> None:
        """Name the entity after its row."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.translation_key or description.key
        self._attr_unique_id = f"{coordinator.serial}_{description.key}"
        self._attr_device_info = device_of(coordinator.serial)

    @property
    @override
    def available(self) -> bool:
        """Whether the last report still stands: one failed poll says nothing about the batteries."""
        return not self.coordinator.outage.is_total


def add_when_reported[FieldT: Field](
    entry: SecctrlConfigEntry,
    fields: Iterable[FieldT],
    entity: Callable[[SecctrlCoordinator, FieldT], SecctrlEntity],
    add: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for each field that was ever reported, now or as soon as it first is."""
    coordinator = entry.runtime_data
    registry = er.async_get(coordinator.hass)
    registered = {known.unique_id for known in er.async_entries_for_config_entry(registry, entry.entry_id)}
    waiting = list(fields)

    def is_due(field: FieldT) -> bool:
        return coordinator.data.reports(field) or f"{coordinator.serial}_{field.key}" in registered

    @callback
    def look() -> None:
        due = [field for field in waiting if is_due(field)]
        for field in due:
            waiting.remove(field)
        if due:
            add(entity(coordinator, field) for field in due)

    look()
    coordinator.watchers.append(look)
