"""What no integration can do without: bare entities that are told the values which ours look up."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_integration,
    mock_platform,
)

from custom_components.enphase_secctrl.fields import FLAGS, SENSORS, Field
from custom_components.enphase_secctrl.model import parse
from scripts.bench_gateways import answers
from scripts.bench_home import set_up

DOMAIN: Final = "bare"
PLATFORMS: Final = (Platform.BINARY_SENSOR, Platform.SENSOR)
TURNS: Final = tuple(map(parse, answers()))


class Bare(Entity):
    """An entity of a device with one of our descriptions."""

    _attr_should_poll = False
    _attr_has_entity_name = True

    def __init__(self, owner: str, field: Field) -> None:
        """Know the values of both turns."""
        self.entity_description = field
        self._attr_unique_id = f"{owner}_{field.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner)}, name=f"Bare {owner}")
        self.values = [report.value(field) for report in TURNS]
        self.take(0)

    def take(self, turn: int) -> None:
        """Take the value of a turn."""

    def show(self, turn: int) -> None:
        """Write the state of a turn."""
        self.take(turn)
        self.async_write_ha_state()


class BareSensor(Bare, SensorEntity):
    """A sensor that is told its value."""

    @override
    def take(self, turn: int) -> None:
        self._attr_native_value = self.values[turn]


class BareFlag(Bare, BinarySensorEntity):
    """A binary sensor that is told its value."""

    @override
    def take(self, turn: int) -> None:
        self._attr_is_on = self.values[turn] is True


class BareFlow(ConfigFlow, domain=DOMAIN):
    """Home Assistant sets up no entry without one."""


async def _forward(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    entry.runtime_data = []
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def _unload(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def _sensors(_: HomeAssistant, entry: ConfigEntry[Any], add: AddEntitiesCallback) -> None:
    _keep(entry, [BareSensor(entry.entry_id, field) for field in SENSORS], add)


async def _flags(_: HomeAssistant, entry: ConfigEntry[Any], add: AddEntitiesCallback) -> None:
    _keep(entry, [BareFlag(entry.entry_id, field) for field in FLAGS], add)


def _keep(entry: ConfigEntry[Any], entities: list[Bare], add: AddEntitiesCallback) -> None:
    entry.runtime_data += entities
    add(entities)


def know_bare(hass: HomeAssistant) -> None:
    """Let Home Assistant know the integration of bare entities."""
    mock_integration(hass, MockModule(DOMAIN, async_setup_entry=_forward, async_unload_entry=_unload))
    mock_platform(hass, f"{DOMAIN}.config_flow")
    mock_platform(hass, f"{DOMAIN}.sensor", MockPlatform(async_setup_entry=_sensors))
    mock_platform(hass, f"{DOMAIN}.binary_sensor", MockPlatform(async_setup_entry=_flags))


def bare_entry(hass: HomeAssistant) -> ConfigEntry[list[Bare]]:
    """Return an entry of bare entities, added but not set up."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    return entry


async def bare_entities(hass: HomeAssistant) -> list[Bare]:
    """Return as many bare entities as ours that follow the payload."""
    entry = bare_entry(hass)
    await set_up(hass, entry)
    return entry.runtime_data
