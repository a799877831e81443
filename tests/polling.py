"""Polls in virtual time."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_fire_time_changed


async def poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 11) -> None:
    """Advance the clock, and wait until everything that is due by then is done: by default, one poll."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def fail_until_unavailable(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let as many polls fail as it takes until the entities are unavailable."""
    for _ in range(3):
        await poll(hass, freezer, 61)


async def reject_until_final(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let as many polls or setups fail as it takes until the rejection of an unexpired token is final."""
    for _ in range(4):
        await poll(hass, freezer, 101)
