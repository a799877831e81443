"""The dashboard of the docs works for each kind of system, and uses only cards of Home Assistant."""

from collections.abc import Iterable
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.template import Template
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from scripts.lib import docs
from scripts.lib.dashboard import FILE, FILE_SERIAL, LANGUAGES, dashboard
from tests.conftest import SetUp
from tests.emulator import Gateway
from tests.polling import poll

ENTITY = re.compile(r"\b(?:binary_)?sensor\.\w+")
SIMPLE_CARDS = {"heading", "markdown", "tile"}
HIDE_MISSING_ENTITIES = {"distribution", "entity-filter", "history-graph", "statistics-graph"}
WITH_STORAGE = ["day", "7.3_charging", "8.1_idle", "8.2_iq_and_acb", "8.3_acb_only", "8.3_all_keys", "legacy_9_keys"]
WITHOUT_STORAGE = ["7.6_no_storage", "8.2_no_storage", "8.3_no_storage"]

type Card = dict[str, Any]


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Load custom integrations, unlike in the other modules of this folder."""


def sections() -> list[Card]:
    """Return the sections of all views."""
    config = parse_yaml(FILE.read_text())
    assert isinstance(config, dict)
    return [section for view in config["views"] for section in view["sections"]]


def entities_in(node: object) -> set[str]:
    """Return the entities that a part of the dashboard contains."""
    return set(ENTITY.findall(str(node)))


def without_condition(parts: Iterable[Card]) -> list[Card]:
    """Return the sections or cards that are always visible."""
    return [part for part in parts if "visibility" not in part]


def required_entities(sections: Iterable[Card]) -> set[str]:
    """Return the entities without which a card in these sections would show an error."""
    cards = [card for section in sections for card in without_condition(section["cards"])]
    return {one for card in cards if card["type"] == "tile" for one in entities_in(card)}


@pytest.mark.parametrize("scenario", WITH_STORAGE)
async def test_with_storage(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str) -> None:
    """A default setup of a system with batteries has all entities that the cards require."""
    gateway.scenario = scenario
    await set_up()
    assert required_entities(sections())
    assert required_entities(sections()) - set(hass.states.async_entity_ids()) == set()


@pytest.mark.parametrize("unit", ["Wh", "kWh"])
async def test_unit(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, unit: str) -> None:
    """The header shows the energy in kWh, whatever unit the user has chosen."""
    gateway.scenario = "7.3_charging"
    await set_up()
    energy = f"sensor.iq_gateway_{FILE_SERIAL}_energy_above_reserve"
    er.async_get(hass).async_update_entity_options(energy, "sensor", {"unit_of_measurement": unit})
    await hass.async_block_till_done()
    state = hass.states.get(energy)
    assert state
    assert state.attributes["unit_of_measurement"] == unit
    config = parse_yaml(FILE.read_text())
    assert isinstance(config, dict)
    header = Template(config["views"][0]["header"]["card"]["content"], hass).async_render()
    kilowatt_hours = float(state.state) / (1000 if unit == "Wh" else 1)
    assert kilowatt_hours > 0
    assert f"**{kilowatt_hours:.1f} kWh** can be used" in header


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("all_enabled")
async def test_languages(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, language: str) -> None:
    """scripts/docs dashboard uses the entity IDs of a setup in the language."""
    hass.config.language = language
    gateway.scenario = "8.2_iq_and_acb"
    await set_up()
    existing = set(hass.states.async_entity_ids())
    assert len(existing) > len(required_entities(sections()))
    assert existing - entities_in(dashboard(gateway.serial, language)) == set()


@pytest.mark.parametrize("scenario", WITHOUT_STORAGE)
async def test_without_storage(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str) -> None:
    """In a system without batteries, the sections that require a state of charge are hidden."""
    gateway.scenario = scenario
    await set_up()
    existing = set(hass.states.async_entity_ids())
    assert required_entities(without_condition(sections())) - existing == set()
    charge = f"sensor.iq_gateway_{FILE_SERIAL}_state_of_charge"
    assert charge not in existing
    assert [
        section
        for section in sections()
        if required_entities([section]) and charge not in entities_in(section["visibility"])
    ] == []


@pytest.mark.usefixtures("all_enabled")
async def test_every_entity(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The dashboard contains exactly the entities that gateways can report."""
    assert gateway.serial == FILE_SERIAL
    for scenario in WITH_STORAGE:
        gateway.scenario = scenario
        await poll(hass, freezer)
    assert entities_in(FILE.read_text()) == {one for one in hass.states.async_entity_ids() if "iq_gateway" in one}


def test_cards() -> None:
    """All card types are tested or hide missing entities, and the condition of a tile is about its own entity."""
    cards = [card for section in sections() for card in section["cards"]]
    assert {card["type"] for card in cards} == SIMPLE_CARDS | HIDE_MISSING_ENTITIES
    tiles = [card for card in cards if card["type"] == "tile" and "visibility" in card]
    assert tiles
    assert [card for card in tiles if entities_in(card["visibility"]) != {card["entity"]}] == []


def test_serial_number(capsys: pytest.CaptureFixture[str]) -> None:
    """scripts/docs dashboard replaces only the serial number, and rejects anything else."""
    assert docs.main(["dashboard", "202012345678"]) == 0
    output = capsys.readouterr().out
    assert output.replace("202012345678", FILE_SERIAL) == FILE.read_text()
    assert FILE_SERIAL not in output
    with pytest.raises(SystemExit):
        docs.main(["dashboard", "iq_gateway"])
    assert "12 digits" in capsys.readouterr().err
