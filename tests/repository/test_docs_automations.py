"""The automations in the README and docs: links to the blueprints are correct, and each example works."""

from datetime import timedelta
from pathlib import Path
import re
from typing import Any
from urllib.parse import quote

from homeassistant.components.blueprint.importer import _get_github_import_url
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from tests.automation_harness import AUTHOR, BLUEPRINTS, ROOT, AutomationHarness

PAGE = (ROOT / "docs" / "automations.md").read_text()
REDIRECT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
BLUEPRINTS_URL = f"https://github.com/{AUTHOR}/enphase-secctrl/blob/main/"


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Load custom integrations, unlike in the other modules of this folder."""


def find_automations(path: Path) -> dict[str, dict[str, Any]]:
    """Return the automations on a page, by file name and alias."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    automations = [block for block in map(parse_yaml, blocks) if isinstance(block, dict) and "alias" in block]
    return {f"{path.name}: {automation['alias']}": automation for automation in automations}


PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
EXAMPLES = {name: automation for path in PAGES for name, automation in find_automations(path).items()}
SURPLUS = "automations.md: Heat water with what is left"
ALERT = "automations.md: Gateway alert"
EVENING = "automations.md: Heat water in the evening if enough is left"
RESERVES = {
    "README.md: Battery reserve reached": (21, 20, "The batteries are at the reserve of 20%."),
    "automations.md: Battery reserve reached": (21, 20, "The batteries are at 20%. The reserve is 20%."),
    "automations.md: Half a kilowatt-hour above the reserve": (26, 24, "0.40 kWh is left above the reserve."),
}
"""The last state of charge without a notification, the first one with it, and its message."""


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_urls(path: Path) -> None:
    """Each blueprint contains its URL, the page links to it, and Home Assistant imports the file from there."""
    url = BLUEPRINTS_URL + path.relative_to(ROOT).as_posix()
    assert f"  source_url: {url}\n" in path.read_text()
    assert f"[Import it]({REDIRECT}{quote(url, safe='')})" in PAGE
    assert f"[read it](blueprints/{path.name})" in PAGE
    assert str(_get_github_import_url(url)).endswith(f"/main/docs/blueprints/{path.name}")


def test_links() -> None:
    """The page links to all blueprints and to nothing else."""
    assert len(BLUEPRINTS) == PAGE.count(REDIRECT) == 4
    assert {path.name for path in BLUEPRINTS} == set(re.findall(r"\(blueprints/([^)]+)\)", PAGE))


@pytest.mark.usefixtures("loaded_entry")
def test_entities(hass: HomeAssistant) -> None:
    """The page uses entities that exist by default."""
    named = set(re.findall(r"\b(?:binary_)?sensor\.iq_gateway\w+", PAGE))
    assert len(named) == 3
    assert named - set(hass.states.async_entity_ids()) == set()


def test_all_examples_are_tested() -> None:
    """The tests below cover all examples."""
    assert EXAMPLES.keys() == {*RESERVES, SURPLUS, ALERT, EVENING}


@pytest.mark.parametrize("name", RESERVES)
async def test_reserve(harness: AutomationHarness, name: str) -> None:
    """One notification is sent each time the reserve is reached."""
    quiet, first, message = RESERVES[name]
    harness.set_charge(60)
    await harness.advance(1)
    calls = harness.record_calls("notify.notify")
    await harness.set_up_automation(EXAMPLES[name])
    for soc, number in ((quiet, 0), (first, 1), (first - 1, 1), (60, 1), (first, 2)):
        harness.set_charge(soc)
        await harness.advance(6)
        assert len(calls) == number, soc
    assert [call.data["message"] for call in calls] == [message] * 2


async def test_unit(harness: AutomationHarness) -> None:
    """The examples with an energy work in Wh, too."""
    harness.set_charge(60)
    await harness.advance(1)
    harness.choose_unit("sensor.iq_gateway_122300000001_energy_above_reserve", "Wh")
    calls = harness.record_calls("notify.notify")
    await harness.set_up_automation(EXAMPLES["automations.md: Half a kilowatt-hour above the reserve"])
    for soc, number in ((26, 0), (24, 1)):
        harness.set_charge(soc)
        await harness.advance(6)
        assert len(calls) == number, soc
    value, _, text = calls[0].data["message"].partition(" ")
    assert (float(value), text) == (400, "Wh is left above the reserve.")


@pytest.mark.parametrize(("soc", "expected"), [(45, 1), (44, 0)])
async def test_evening(harness: AutomationHarness, soc: int, expected: int) -> None:
    """The water heater is turned on at 19:00 if 2.5 kWh are left above the reserve."""
    harness.set_charge(soc)
    await harness.advance(1)
    calls = harness.record_calls("switch.turn_on")
    await harness.set_up_automation(EXAMPLES[EVENING])
    evening = dt_util.now().replace(hour=19, minute=0, second=1, microsecond=0)
    harness.freezer.move_to(evening if evening > dt_util.now() else evening + timedelta(days=1))
    async_fire_time_changed(harness.hass)
    await harness.hass.async_block_till_done(wait_background_tasks=True)
    assert len(calls) == expected


async def test_surplus(harness: AutomationHarness) -> None:
    """The water heater is switched at the levels of the example, which differ from the defaults of the blueprint."""
    assert await async_setup_component(harness.hass, "homeassistant", {})
    boiler = {"name": "Boiler", "turn_on": [], "turn_off": []}
    assert await async_setup_component(harness.hass, "template", {"template": {"switch": boiler}})
    await harness.hass.async_block_till_done()
    await harness.hass.services.async_call("switch", "turn_off", {"entity_id": "switch.boiler"}, blocking=True)
    await harness.set_up_automation(EXAMPLES[SURPLUS])
    for soc, state in ((94, "off"), (95, "on"), (81, "on"), (80, "off"), (94, "off"), (95, "on")):
        harness.set_charge(soc)
        await harness.advance(2)
        assert harness.hass.states.is_state("switch.boiler", state), soc


async def test_watch(harness: AutomationHarness) -> None:
    """Each reason sends its message."""
    calls = harness.record_calls("notify.notify")
    await harness.set_up_automation(EXAMPLES[ALERT])
    harness.gateway.state = "refused"
    await harness.advance(30)
    assert [call.data["message"] for call in calls] == ["IQ Gateway: The gateway is unavailable."]
    harness.gateway.state = "up"
    await harness.advance(2)
    harness.set_charge(50, shutdown=True)
    await harness.advance(2)
    assert [call.data["message"] for call in calls[1:]] == ["IQ Gateway: System shutdown."]
