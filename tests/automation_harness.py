"""A harness for the automations of the docs: it runs one in Home Assistant, with a gateway, in virtual time."""

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
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from tests.emulator import Gateway
from tests.emulator.payloads import Json, build_payload
from tests.polling import poll

ROOT: Final = Path(__file__).parents[1]
BLUEPRINTS: Final = sorted((ROOT / "docs" / "blueprints").glob("*.yaml"))
AUTHOR: Final = "enphase-secctrl"
"""The folder into which Home Assistant imports the blueprints."""


async def run_ready_tasks() -> None:
    """Run everything that doesn't wait for time to pass.

    `async_block_till_done` would wait forever for an automation that is in a `wait_template`. One iteration of the
    event loop is enough with the supported versions of Home Assistant; five take no longer.
    """
    for _ in range(5):
        await asyncio.sleep(0)


@dataclass(frozen=True, kw_only=True)
class AutomationHarness:
    """Home Assistant with one automation, and the gateway and entry that it gets its values from."""

    hass: HomeAssistant
    gateway: Gateway
    entry: MockConfigEntry
    freezer: FrozenDateTimeFactory
    config_dir: Path

    def set_charge(self, soc: float, reserve: int = 20, /, **changes: Json) -> None:
        """Set the state of charge and the reserve that the gateway reports (% of 10 kWh), and other payload keys."""
        self.gateway.payload.clear()
        self.gateway.payload.update(build_payload("8.2", soc=soc, capacity=10000, reserve=reserve) | changes)

    def choose_unit(self, entity_id: str, unit: str) -> None:
        """Choose the unit of a sensor, as in its settings."""
        er.async_get(self.hass).async_update_entity_options(entity_id, "sensor", {"unit_of_measurement": unit})

    async def set_up_automation(self, config: Mapping[str, Any]) -> None:
        """Set up an automation from its configuration; the blueprints are imported."""
        self.hass.config.config_dir = str(self.config_dir)
        copytree(ROOT / "docs" / "blueprints", self.config_dir / "blueprints" / AUTOMATION / AUTHOR, dirs_exist_ok=True)
        assert await async_setup_component(self.hass, AUTOMATION, {AUTOMATION: [{"id": "one", **config}]})
        await self.hass.async_block_till_done()
        (state,) = self.hass.states.async_all(AUTOMATION)
        assert state.state == "on"

    async def set_up_blueprint(self, name: str, **inputs: object) -> None:
        """Set up an automation from a blueprint and its inputs."""
        blueprint = {"path": f"{AUTHOR}/{name}.yaml", "input": inputs}
        await self.set_up_automation({"alias": "One", "use_blueprint": blueprint})

    def record_calls(self, action: str) -> list[ServiceCall]:
        """Return a list to which each call of the action will be appended."""
        domain, name = action.split(".")
        return async_mock_service(self.hass, domain, name)

    async def finish_startup(self) -> None:
        """Finish a startup of Home Assistant that a test began with `set_state(CoreState.not_running)`."""
        await self.hass.async_start()
        await run_ready_tasks()

    async def advance(self, minutes: float) -> None:
        """Advance the clock, with a poll every 30 seconds. The entry must be loaded."""
        for _ in range(round(minutes * 2)):
            self.freezer.tick(timedelta(seconds=30))
            await self.entry.runtime_data.async_refresh()
            async_fire_time_changed(self.hass)
            await run_ready_tasks()

    async def advance_unloaded(self, minutes: float) -> None:
        """Advance the clock while the entry may not be loaded. The automation must not be in a `wait_template`."""
        for _ in range(round(minutes * 2)):
            await poll(self.hass, self.freezer, 30)
