"""What the steps of a journey share, and how one is taken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
import shutil
import time
from typing import Final

import aiohttp
from playwright.async_api import Page

from scripts.demo import Gateway
from scripts.hass import HomeAssistant, Json, RunError, say

from .network import MOVED
from .pictures import Pictures
from .watch import Watch

SHOT: Final = "failure.png"
LOG: Final = "home-assistant.log"


@dataclass(kw_only=True)
class Journey:
    """A user before a browser, with a Home Assistant and two gateways in the house."""

    hass: HomeAssistant
    page: Page
    watch: Watch
    gateway: Gateway
    second: Gateway
    pictures: Pictures
    folder: Path
    token: str = ""
    """The one that replaced the first."""

    @property
    def moved(self) -> Gateway:
        """The first gateway after its move, with its second token."""
        return {**self.gateway, "host": str(MOVED), "token": self.token}

    async def turn(self, knob: str, **arguments: Json) -> dict[str, str]:
        """Turn a knob of the first gateway; return its answer."""
        url = f"{self.gateway['control']}/{knob}"
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.post(url, json=arguments or None) as answer,
        ):
            told: dict[str, str] = await answer.json()
            return told

    async def polls(self) -> int:
        """Return how often the first gateway was asked for its values."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.gateway['control']}/requests") as answer:
            return [one["path"] for one in await answer.json()].count("/ivp/ensemble/secctrl")

    async def take(self, name: str, step: Callable[[Journey], Awaitable[None]]) -> None:
        """Take a step; raises RunError that says what failed and where to look."""
        began = time.monotonic()
        try:
            await step(self)
            if faults := self.watch.faults():
                raise RunError("\n".join(faults))
        except Exception as err:  # whatever it is, there is a picture of it
            await self.page.screenshot(path=self.folder / SHOT)
            shutil.copy(self.hass.log, self.folder / LOG)
            what = "\n".join([f"{type(err).__name__}: {err}", *self.watch.faults()])
            msg = f"e2e: this step failed: {name}\n{what}\nat {self.page.url}\nSee {SHOT} and {LOG} in {self.folder}"
            raise RunError(msg) from err
        say(f"{name} ({time.monotonic() - began:.1f} s)")
