"""The sensors and binary sensors in Home Assistant: names, units, classes, and categories, for four payloads."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from tests.conftest import SetUp
from tests.emulator import Gateway


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("scenario", ["legacy_9_keys", "8.1_idle", "8.2_iq_and_acb", "8.3_all_keys"])
async def test_entities(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, snapshot: SnapshotAssertion, scenario: str
) -> None:
    """The state and the registry entry of each entity."""
    gateway.scenario = scenario
    entry = await set_up()
    table = {
        entity.unique_id.removeprefix(f"{gateway.serial}_"): _describe(hass, entity)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.translation_key not in ("token_expires", "last_report")
    }
    assert table == snapshot(extension_class=HomeAssistantSnapshotExtension)


def _describe(hass: HomeAssistant, entity: er.RegistryEntry) -> dict[str, object]:
    """Return what the snapshot holds of an entity."""
    state = hass.states.get(entity.entity_id)
    assert state
    return {
        "entity_id": entity.entity_id,
        "category": entity.entity_category,
        "state": state.state,
        "attributes": {key: str(value) for key, value in sorted(state.attributes.items())},
        "options": {domain: dict(options) for domain, options in entity.options.items()},
    }


async def test_token_expires(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The expiration of the token is a timestamp."""
    await set_up()
    state = hass.states.get(f"sensor.iq_gateway_{gateway.serial}_access_token_expiration")
    assert state
    assert state.attributes["device_class"] == "timestamp"
    assert state.state.startswith("20")
