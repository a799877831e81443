"""When a field becomes an entity."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import DOMAIN
from tests.conftest import SetUp
from tests.emulator import Gateway
from tests.entity_states import entity_states, entity_values, values_match
from tests.oracle import expected
from tests.polling import poll

ONE_KIND = {"acb_agg_soc", "acb_agg_energy", "enc_agg_soc", "enc_agg_avail_energy"}
"""The fields of one kind of battery, which only exist where there are both."""


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("8.2_no_storage", "8.2_charging_low"),
        ("8.2_no_storage", "8.3_acb_only"),
        ("8.2_charging_low", "8.2_iq_and_acb"),
        ("7.3_charging", "8.3_all_keys"),
        ("8.3_acb_only", "8.3_full"),
        ("8.3_all_keys", "legacy_9_keys"),
        ("8.2_iq_and_acb", "8.2_no_storage"),
    ],
)
async def test_new_and_missing_fields(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, before: str, after: str
) -> None:
    """A field becomes an entity when it is first reported, and is unknown when it no longer is."""
    gateway.scenario = before
    entry = await set_up()
    values = entity_values(hass, entry)
    gateway.scenario = after
    await poll(hass, freezer)
    new = expected(gateway.payload)
    assert values_match(entity_values(hass, entry), {key: new.get(key) for key in values.keys() | new.keys()})


async def test_first_ac_battery(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The entities of each kind are added with the first AC Battery: enabled, and without a reload."""
    coordinator = loaded_entry.runtime_data
    before = entity_states(hass, loaded_entry).keys()
    assert not before & ONE_KIND
    gateway.scenario = "8.2_iq_and_acb"
    await poll(hass, freezer)
    assert entity_states(hass, loaded_entry).keys() == before | ONE_KIND
    await poll(hass, freezer, 31)
    assert loaded_entry.runtime_data is coordinator


async def test_disabled_by_the_user(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An entity of one kind of battery that the user has disabled stays disabled."""
    gateway.scenario = "8.2_iq_and_acb"
    await poll(hass, freezer)
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{gateway.serial}_acb_agg_soc")
    assert entity_id
    registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    for scenario in ("8.3_all_keys", "8.2_iq_and_acb"):
        gateway.scenario = scenario
        await poll(hass, freezer)
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        await hass.async_block_till_done()
        assert "acb_agg_soc" not in entity_states(hass, loaded_entry)
