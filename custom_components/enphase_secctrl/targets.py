"""The gateways that the target of a trigger or a condition refers to.

Home Assistant resolves a target (entities, devices, areas, floors, labels) to entities. One entity of each gateway is
used, so that a gateway counts once.
"""

from collections.abc import Iterable

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .coordinator import SecctrlCoordinator
from .fields import STATE_OF_CHARGE, SensorField


def entities_of_field(hass: HomeAssistant, entity_ids: Iterable[str], field: SensorField) -> set[str]:
    """Return the field's entity of each gateway whose state of charge, or the field itself, is among the entities."""
    registry = er.async_get(hass)
    found = set()
    for entity in map(registry.async_get, entity_ids):
        if entity and entity.platform == DOMAIN:
            serial, _, key = entity.unique_id.partition("_")
            if key in (STATE_OF_CHARGE.key, field.key):
                found.add(registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{serial}_{field.key}"))
    return {entity_id for entity_id in found if entity_id}


def coordinator_of_entity(hass: HomeAssistant, entity_id: str) -> SecctrlCoordinator | None:
    """Return the coordinator of the entity's gateway, or None while its entry isn't set up."""
    entity = er.async_get(hass).async_get(entity_id)
    entry = hass.config_entries.async_get_entry(entity.config_entry_id or "") if entity else None
    # The entry has no coordinator before it is set up and after it was unloaded
    coordinator: SecctrlCoordinator | None = getattr(entry, "runtime_data", None)
    return coordinator
