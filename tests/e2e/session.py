"""The objects that all steps share, and the execution of a step."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
import shutil
import time
from typing import Final

import aiohttp
from playwright.async_api import Page

from scripts.lib.home_assistant import HomeAssistant, Json
from scripts.lib.integration import Entity, Gateway, get_entities
from scripts.lib.process import RunError, print_progress
from tests.emulator.cloud import Cloud

from .monitor import Monitor
from .network import NEW_GATEWAY_ADDRESS
from .screenshots import Screenshots

SCREENSHOT: Final = "failure.png"
LOG: Final = "home-assistant.log"


@dataclass(kw_only=True)
class BrowserSession:
    """A browser page, the Home Assistant that it shows, two emulated gateways, and the emulated cloud."""

    hass: HomeAssistant
    page: Page
    monitor: Monitor
    gateway: Gateway
    second_gateway: Gateway
    cloud: Cloud
    screenshots: Screenshots
    folder: Path
    """For the profile of the browser, the screenshots, the log, and the certificate of the cloud."""
    new_token: str = ""
    """The access token that replaces the first gateway's first one; empty until the reauth step."""

    @property
    def moved_gateway(self) -> Gateway:
        """The first gateway, with its new address and its new access token."""
        return {**self.gateway, "host": str(NEW_GATEWAY_ADDRESS), "token": self.new_token}

    async def control_gateway(self, command: str, **arguments: Json) -> dict[str, str]:
        """Send a command to the control server of the first gateway; return the response."""
        url = f"{self.gateway['control']}/{command}"
        async with (
            aiohttp.ClientSession(raise_for_status=True) as client,
            client.post(url, json=arguments or None) as response,
        ):
            content: dict[str, str] = await response.json()
            return content

    async def count_polls(self) -> int:
        """Return how many requests for its values the first gateway has received."""
        async with aiohttp.ClientSession() as client, client.get(f"{self.gateway['control']}/requests") as response:
            return [request["path"] for request in await response.json()].count("/ivp/ensemble/secctrl")

    async def enabled_entities(self, gateway: Gateway) -> list[Entity]:
        """Return the enabled entities of a gateway."""
        entities = await get_entities(self.hass)
        return [entity for entity in entities if entity.enabled and gateway["serial"] in entity.entity_id]

    async def run_step(self, name: str, step: Callable[[BrowserSession], Awaitable[None]]) -> None:
        """Run a step; raises RunError if it fails or if the monitor has detected a problem."""
        start = time.monotonic()
        try:
            await step(self)
            if problems := self.monitor.take_problems():
                raise RunError("\n".join(problems))
        except Exception as err:  # every exception gets a screenshot
            await self.page.screenshot(path=self.folder / SCREENSHOT)
            shutil.copy(self.hass.log, self.folder / LOG)
            details = "\n".join([f"{type(err).__name__}: {err}", *self.monitor.take_problems()])
            files = f"{SCREENSHOT} and {LOG} in {self.folder}"
            msg = f"e2e: step failed: {name}\n{details}\nURL: {self.page.url}\nSee {files}"
            raise RunError(msg) from err
        print_progress(f"{name} ({time.monotonic() - start:.1f} s)")
