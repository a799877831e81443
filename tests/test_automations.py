"""The automations of the docs: links lead to what they name, and the examples run."""

from pathlib import Path
import re
from typing import Any
from urllib.parse import quote

from homeassistant.components.blueprint.importer import _get_github_import_url
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import parse_yaml
import pytest

from tests.automations import BLUEPRINTS, ROOT, House

PAGE = (ROOT / "docs" / "automations.md").read_text()
BLOCKS: list[str] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
REDIRECT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
AT = "https://github.com/enphase-secctrl/enphase-secctrl/blob/main/"


def example(alias: str) -> dict[str, Any]:
    """Return the automation with this name."""
    (found,) = [block for block in map(parse_yaml, BLOCKS) if isinstance(block, dict) and block["alias"] == alias]
    return found


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


@pytest.mark.parametrize("alias", ["Only the reserve is left", "Heat water with what is left", "Watch the gateway"])
async def test_examples_of_blueprints(house: House, alias: str) -> None:
    """Home Assistant takes them."""
    await house.automate(example(alias))


@pytest.mark.parametrize(
    ("alias", "quiet", "first", "last"),
    [
        ("Reserve reached", 21, 20, "The batteries are down to the reserve."),
        ("Half a kilowatt hour above the reserve", 26, 24, "400 Wh are left above the reserve."),
    ],
)
async def test_examples(house: House, alias: str, quiet: int, first: int, last: str) -> None:
    """They tell it once."""
    house.says(60)
    await house.minutes(1)
    calls = house.calls("notify.notify")
    await house.automate(example(alias))
    for soc, number in ((quiet, 0), (first, 1), (first - 1, 1)):
        house.says(soc)
        await house.minutes(6)
        assert len(calls) == number
    assert calls[0].data["message"] == last
