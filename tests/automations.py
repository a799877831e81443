"""A house where the automations of the docs run: Home Assistant, a gateway, and time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from tests.gateway import Gateway
from tests.gateway.payloads import Json, build
from tests.shown import poll

ROOT: Final = Path(__file__).parents[1]
BLUEPRINTS: Final = sorted((ROOT / "docs" / "blueprints").glob("*.yaml"))
SENSOR: Final = "sensor.iq_gateway_122300000001_"
FLAG: Final = "binary_sensor.iq_gateway_122300000001_"
CHARGE, RESERVE, ABOVE = (SENSOR + name for name in ("state_of_charge", "applied_reserve", "energy_above_reserve"))
SHUTDOWN, COMMISSIONING = (FLAG + name for name in ("shutdown", "commissioning"))

AUTHOR: Final = "enphase-secctrl"
"""The folder into which Home Assistant imports our blueprints."""

without_values: Final = pytest.mark.parametrize(
    ("mood", "shown"), [("refused", "unavailable"), ("zeros", "unknown"), ("overloaded", "unavailable")]
)
"""The ways of a gateway not to tell its charge, and what Home Assistant shows then."""

without_one_value: Final = pytest.mark.parametrize(
    ("key", "entity"), [("agg_soc", CHARGE), ("adjusted_backup_soc", RESERVE)], ids=["charge", "reserve"]
)
"""What a gateway may leave out that answers well."""


async def settled() -> None:
    """Let all that needs no time come to its end.

    A run that waits for the batteries is pending work, so `async_block_till_done` would wait with it, for ever. What is
    ready gets its turns instead: one is enough on the Home Assistants that we test, five are no slower.
    """
    for _ in range(5):
        await asyncio.sleep(0)


@dataclass(frozen=True, kw_only=True)
class House:
    """Home Assistant with one automation, the gateway beside it, and the time that passes for both."""

    hass: HomeAssistant
    gateway: Gateway
    entry: MockConfigEntry
    freezer: FrozenDateTimeFactory
    folder: Path

    def says(self, soc: float, reserve: int = 20, /, **changes: Json) -> None:
        """Let the gateway say another charge and reserve (% of 10 kWh), and what else is changed in its payload."""
        self.gateway.payload.clear()
        self.gateway.payload.update(build("8.2", soc=soc, capacity=10000, reserve=reserve) | changes)

    async def automate(self, config: Mapping[str, Any]) -> None:
        """Let Home Assistant run this automation, with our blueprints imported, and nothing stop it."""
        self.hass.config.config_dir = str(self.folder)
        copytree(ROOT / "docs" / "blueprints", self.folder / "blueprints" / AUTOMATION / AUTHOR, dirs_exist_ok=True)
        assert await async_setup_component(self.hass, AUTOMATION, {AUTOMATION: [{"id": "one", **config}]})
        await self.hass.async_block_till_done()
        (state,) = self.hass.states.async_all(AUTOMATION)
        assert state.state == "on"

    async def use_blueprint(self, name: str, **inputs: object) -> None:
        """Make an automation from a blueprint, as its form does."""
        await self.automate({"alias": "One", "use_blueprint": {"path": f"{AUTHOR}/{name}.yaml", "input": inputs}})

    def calls(self, action: str) -> list[ServiceCall]:
        """Return the list that grows with each call of an action."""
        domain, name = action.split(".")
        return async_mock_service(self.hass, domain, name)

    async def start(self) -> None:
        """End the start of Home Assistant, which a test begins with `set_state(CoreState.not_running)`."""
        await self.hass.async_start()
        await settled()

    async def minutes(self, number: float) -> None:
        """Let minutes pass, with a poll each half of one; a run may wait."""
        for _ in range(round(number * 2)):
            self.freezer.tick(timedelta(seconds=30))
            await self.entry.runtime_data.async_refresh()
            async_fire_time_changed(self.hass)
            await settled()

    async def minutes_of_retries(self, number: float) -> None:
        """Let minutes pass in which the entry is perhaps not loaded: Home Assistant tries again. No run may wait."""
        for _ in range(round(number * 2)):
            await poll(self.hass, self.freezer, 30)
