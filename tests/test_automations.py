"""The automations of the docs: links lead to what they name, and each example runs and tells what it should."""

from pathlib import Path
import re
from typing import Any
from urllib.parse import quote

from homeassistant.components.blueprint.importer import _get_github_import_url
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest

from tests.automations import AUTHOR, BLUEPRINTS, ROOT, House

PAGE = (ROOT / "docs" / "automations.md").read_text()
REDIRECT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
AT = f"https://github.com/{AUTHOR}/enphase-secctrl/blob/main/"


def examples(path: Path) -> dict[str, dict[str, Any]]:
    """Return the automations that a page shows, by what they are called there."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    automations = [block for block in map(parse_yaml, blocks) if isinstance(block, dict) and "alias" in block]
    return {f"{path.name}: {automation['alias']}": automation for automation in automations}


PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
EXAMPLES = {name: automation for path in PAGES for name, automation in examples(path).items()}
SURPLUS = "automations.md: Heat water with what is left"
WATCH = "automations.md: Watch the gateway"
RESERVES = {
    "README.md: Only the reserve is left": (21, 20, "The batteries are at the reserve of 20 %."),
    "automations.md: Only the reserve is left": (21, 20, "The batteries are at 20 %, the reserve is 20 %."),
    "automations.md: Reserve reached": (21, 20, "The batteries are down to the reserve."),
    "automations.md: Half a kilowatt hour above the reserve": (26, 24, "400 Wh are left above the reserve."),
}
"""The last charge at which an example tells nothing, the first at which it does, and what."""


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_addresses(path: Path) -> None:
    """A blueprint knows its address, the page links to it, and the importer finds the file there."""
    address = AT + path.relative_to(ROOT).as_posix()
    assert f"  source_url: {address}\n" in path.read_text()
    assert f"[Import it]({REDIRECT}{quote(address, safe='')})" in PAGE
    assert f"[read it](blueprints/{path.name})" in PAGE
    assert str(_get_github_import_url(address)).endswith(f"/main/docs/blueprints/{path.name}")


def test_links() -> None:
    """The page links to no other blueprint than those that there are."""
    assert len(BLUEPRINTS) == PAGE.count(REDIRECT) == 3
    assert {path.name for path in BLUEPRINTS} == set(re.findall(r"\(blueprints/([^)]+)\)", PAGE))


@pytest.mark.usefixtures("loaded")
def test_entities(hass: HomeAssistant) -> None:
    """The page names entities that a default set-up has."""
    named = set(re.findall(r"\b(?:binary_)?sensor\.iq_gateway\w+", PAGE))
    assert len(named) == 4
    assert named - set(hass.states.async_entity_ids()) == set()


def test_every_example_is_run() -> None:
    """There are no others than those below."""
    assert EXAMPLES.keys() == {*RESERVES, SURPLUS, WATCH}


@pytest.mark.parametrize("name", RESERVES)
async def test_reserve(house: House, name: str) -> None:
    """It is told once, and once more the next time."""
    quiet, first, message = RESERVES[name]
    house.says(60)
    await house.minutes(1)
    calls = house.calls("notify.notify")
    await house.automate(EXAMPLES[name])
    for soc, number in ((quiet, 0), (first, 1), (first - 1, 1), (60, 1), (first, 2)):
        house.says(soc)
        await house.minutes(6)
        assert len(calls) == number, soc
    assert [call.data["message"] for call in calls] == [message] * 2


async def test_surplus(house: House) -> None:
    """The boiler is switched at the levels of the example, which are not those of the form."""
    assert await async_setup_component(house.hass, "homeassistant", {})
    boiler = {"name": "Boiler", "turn_on": [], "turn_off": []}
    assert await async_setup_component(house.hass, "template", {"template": {"switch": boiler}})
    await house.hass.async_block_till_done()
    await house.hass.services.async_call("switch", "turn_off", {"entity_id": "switch.boiler"}, blocking=True)
    await house.automate(EXAMPLES[SURPLUS])
    for soc, state in ((94, "off"), (95, "on"), (81, "on"), (80, "off"), (94, "off"), (95, "on")):
        house.says(soc)
        await house.minutes(2)
        assert house.hass.states.is_state("switch.boiler", state), soc


async def test_watch(house: House) -> None:
    """Each reason makes a message that reads well."""
    calls = house.calls("notify.notify")
    await house.automate(EXAMPLES[WATCH])
    house.gateway.state = "refused"
    await house.minutes(30)
    assert [call.data["message"] for call in calls] == ["IQ Gateway: The gateway is silent."]
    house.gateway.state = "up"
    await house.minutes(2)
    house.says(50, shutdown=True)
    await house.minutes(2)
    assert [call.data["message"] for call in calls[1:]] == ["IQ Gateway: Shutdown."]
