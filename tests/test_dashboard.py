"""The dashboard of the docs shows entities that there are, and only cards of Home Assistant's own."""

from collections.abc import Iterable
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from scripts import docs
from scripts.dashboard import FILE, LANGUAGES, WRITTEN_FOR, dashboard
from tests.conftest import SetUp
from tests.gateway import Gateway
from tests.shown import poll

ENTITY = re.compile(r"\b(?:binary_)?sensor\.\w+")
PLAIN = {"heading", "markdown", "tile"}
HIDES_WHAT_IS_NOT_THERE = {"distribution", "entity-filter", "history-graph", "statistics-graph"}
WITH_STORAGE = ["day", "7.3_charging", "8.1_idle", "8.2_iq_and_acb", "8.3_acb_only", "8.3_all_keys", "legacy_9_keys"]
WITHOUT_STORAGE = ["7.6_no_storage", "8.2_no_storage", "8.3_no_storage"]

type Card = dict[str, Any]


def sections() -> list[Card]:
    """Return the sections of all views."""
    config = parse_yaml(FILE.read_text())
    assert isinstance(config, dict)
    return [section for view in config["views"] for section in view["sections"]]


def named(node: object) -> set[str]:
    """Return the entities that a part of the dashboard names."""
    return set(ENTITY.findall(str(node)))


def always(parts: Iterable[Card]) -> list[Card]:
    """Return those that no condition hides."""
    return [part for part in parts if "visibility" not in part]


def needed(some: Iterable[Card]) -> set[str]:
    """Return the entities without which a card in these sections would show an error."""
    cards = [card for section in some for card in always(section["cards"])]
    return {one for card in cards if card["type"] == "tile" for one in named(card)}


@pytest.mark.parametrize("scenario", WITH_STORAGE)
async def test_with_storage(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str) -> None:
    """Where there are batteries, a default set-up has what the cards need."""
    gateway.scenario = scenario
    await set_up()
    assert needed(sections())
    assert needed(sections()) - set(hass.states.async_entity_ids()) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("all_enabled")
async def test_in_every_language(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, language: str) -> None:
    """The generator names the entities as a set-up in the language does."""
    hass.config.language = language
    gateway.scenario = "8.2_iq_and_acb"
    await set_up()
    there = set(hass.states.async_entity_ids())
    assert len(there) > len(needed(sections()))
    assert there - named(dashboard(gateway.serial, language)) == set()


@pytest.mark.parametrize("scenario", WITHOUT_STORAGE)
async def test_without_storage(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, scenario: str) -> None:
    """Without batteries there is no state of charge, and what would need it hides."""
    gateway.scenario = scenario
    await set_up()
    there = set(hass.states.async_entity_ids())
    assert needed(always(sections())) - there == set()
    charge = f"sensor.iq_gateway_{WRITTEN_FOR}_state_of_charge"
    assert charge not in there
    assert [section for section in sections() if needed([section]) and charge not in named(section["visibility"])] == []


@pytest.mark.usefixtures("all_enabled")
async def test_every_entity(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """No name is misspelt, and nothing that a gateway can report is left out."""
    assert gateway.serial == WRITTEN_FOR
    for scenario in WITH_STORAGE:
        gateway.scenario = scenario
        await poll(hass, freezer)
    assert named(FILE.read_text()) == {one for one in hass.states.async_entity_ids() if "iq_gateway" in one}


def test_cards() -> None:
    """Each card is known to hide what is not there or to be tested above; one that hides looks at its own entity."""
    cards = [card for section in sections() for card in section["cards"]]
    assert {card["type"] for card in cards} == PLAIN | HIDES_WHAT_IS_NOT_THERE
    tiles = [card for card in cards if card["type"] == "tile" and "visibility" in card]
    assert tiles
    assert [card for card in tiles if named(card["visibility"]) != {card["entity"]}] == []


def test_for_another_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    """The generator replaces the serial, everywhere and nothing else; and takes only a serial."""
    assert docs.main(["dashboard", "202012345678"]) == 0
    assert (said := capsys.readouterr().out).replace("202012345678", WRITTEN_FOR) == FILE.read_text()
    assert WRITTEN_FOR not in said
    with pytest.raises(SystemExit):
        docs.main(["dashboard", "iq_gateway"])
    assert "12 digits" in capsys.readouterr().err
