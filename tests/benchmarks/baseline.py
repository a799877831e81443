"""A minimal integration as a baseline: the same entities, with their values prepared in advance."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_integration,
    mock_platform,
)

from custom_components.enphase_secctrl.client import Source, parse_report
from custom_components.enphase_secctrl.fields import AT_RESERVE, ESTIMATES, FLAGS, LAST_REPORT, SENSORS, TOKEN_EXPIRES
from tests.benchmarks.gateways import payloads
from tests.benchmarks.home_assistant import set_up

DOMAIN: Final = "baseline"
PLATFORMS: Final = (Platform.BINARY_SENSOR, Platform.SENSOR)
REPORTS: Final = tuple(map(parse_report, payloads()))


class BaselineEntity(Entity):
    """An entity with one of our descriptions and two known values."""

    _attr_should_poll = False
    _attr_has_entity_name = True

    def __init__(self, owner: str, field: EntityDescription) -> None:
        """Look up the values in both reports, and set the first one."""
        self.entity_description = field
        self._attr_unique_id = f"{owner}_{field.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner)}, name=f"Baseline {owner}")
        self.values = [report.value(field) if isinstance(field, Source) else None for report in REPORTS]
        self.set_value(0)

    def set_value(self, number: int) -> None:
        """Set the value of the report with this number."""

    def update(self, number: int) -> None:
        """Set the value of the report with this number, and write the state."""
        self.set_value(number)
        self.async_write_ha_state()


class BaselineSensor(BaselineEntity, SensorEntity):
    """A sensor."""

    @override
    def set_value(self, number: int) -> None:
        self._attr_native_value = self.values[number]


class BaselineBinarySensor(BaselineEntity, BinarySensorEntity):
    """A binary sensor."""

    @override
    def set_value(self, number: int) -> None:
        self._attr_is_on = self.values[number] is True


class BaselineFlow(ConfigFlow, domain=DOMAIN):
    """Home Assistant requires a config flow to set up an entry."""


async def _setup_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    entry.runtime_data = []
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def _unload_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def _setup_sensors(_: HomeAssistant, entry: ConfigEntry[Any], add: AddEntitiesCallback) -> None:
    _add(
        entry,
        [BaselineSensor(entry.entry_id, field) for field in (*SENSORS, *ESTIMATES, TOKEN_EXPIRES, LAST_REPORT)],
        add,
    )


async def _setup_binary_sensors(_: HomeAssistant, entry: ConfigEntry[Any], add: AddEntitiesCallback) -> None:
    _add(entry, [BaselineBinarySensor(entry.entry_id, field) for field in (*FLAGS, AT_RESERVE)], add)


def _add(entry: ConfigEntry[Any], entities: list[BaselineEntity], add: AddEntitiesCallback) -> None:
    entry.runtime_data += entities
    add(entities)


def register_baseline(hass: HomeAssistant) -> None:
    """Register the integration in Home Assistant."""
    mock_integration(hass, MockModule(DOMAIN, async_setup_entry=_setup_entry, async_unload_entry=_unload_entry))
    mock_platform(hass, f"{DOMAIN}.config_flow")
    mock_platform(hass, f"{DOMAIN}.sensor", MockPlatform(async_setup_entry=_setup_sensors))
    mock_platform(hass, f"{DOMAIN}.binary_sensor", MockPlatform(async_setup_entry=_setup_binary_sensors))


def add_baseline_entry(hass: HomeAssistant) -> ConfigEntry[list[BaselineEntity]]:
    """Return a new config entry of the integration, not yet set up."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    return entry


async def set_up_baseline(hass: HomeAssistant) -> list[BaselineEntity]:
    """Set up a new config entry of the integration; return its entities, one for each field of the payload."""
    entry = add_baseline_entry(hass)
    await set_up(hass, entry)
    return entry.runtime_data
