"""How the table looks in Home Assistant: units, classes, categories, names, of four layouts."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from tests.conftest import SetUp
from tests.gateway import Gateway


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("scenario", ["legacy_9_keys", "8.1_idle", "8.2_iq_and_acb", "8.3_all_keys"])
async def test_table(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, snapshot: SnapshotAssertion, scenario: str
) -> None:
    """Each entity of a layout, as its state and its registry entry show it."""
    gateway.scenario = scenario
    entry = await set_up()
    table = {
        known.unique_id.removeprefix(f"{gateway.serial}_"): _look(hass, known)
        for known in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if known.translation_key != "token_expires"
    }
    assert table == snapshot(extension_class=HomeAssistantSnapshotExtension)


def _look(hass: HomeAssistant, known: er.RegistryEntry) -> dict[str, object]:
    state = hass.states.get(known.entity_id)
    assert state
    return {
        "entity_id": known.entity_id,
        "category": known.entity_category,
        "state": state.state,
        "attributes": {key: str(value) for key, value in sorted(state.attributes.items())},
        "options": {domain: dict(options) for domain, options in known.options.items()},
    }


async def test_token_expires(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The end of the token is a timestamp."""
    await set_up()
    state = hass.states.get(f"sensor.iq_gateway_{gateway.serial}_token_expires")
    assert state
    assert state.attributes["device_class"] == "timestamp"
    assert state.state.startswith("20")
