"""Home Assistant's own automations, made from what the docs say."""

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

ROOT = Path(__file__).parents[1]
BLUEPRINTS = sorted((ROOT / "docs" / "blueprints").glob("*.yaml"))
SENSOR = "sensor.iq_gateway_122300000001_"
FLAG = "binary_sensor.iq_gateway_122300000001_"
CHARGE, RESERVE, ABOVE = (SENSOR + name for name in ("state_of_charge", "applied_reserve", "energy_above_reserve"))
SHUTDOWN, COMMISSIONING = (FLAG + name for name in ("shutdown", "commissioning"))


async def automate(hass: HomeAssistant, config: Mapping[str, Any]) -> None:
    """Let Home Assistant run one automation, and nothing stop it."""
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: [dict(config)]})
    await hass.async_block_till_done()
    (state,) = hass.states.async_all(AUTOMATION)
    assert state.state == "on"


async def use_blueprint(hass: HomeAssistant, folder: Path, name: str, **inputs: object) -> None:
    """Make an automation from a blueprint of the docs, as its form does; the folder becomes Home Assistant's."""
    hass.config.config_dir = str(folder)
    copytree(ROOT / "docs" / "blueprints", folder / "blueprints" / AUTOMATION, dirs_exist_ok=True)
    await automate(hass, {"id": "one", "alias": "One", "use_blueprint": {"path": f"{name}.yaml", "input": inputs}})


def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the list that grows with each call of the action `test.tell`."""
    return async_mock_service(hass, "test", "tell")
