"""Prove that the newest Home Assistant takes the integration and lets it go: .venv-hass/bin/python -m scripts.smoke."""

import sys
from typing import Final

import aiohttp

from scripts.demo import Gateway, check, emulator, entities, entries, set_up
from scripts.hass import HomeAssistant, Json, RunError, home_assistant, run

SCENARIO: Final = "8.3_all_keys"


async def answered(gateway: Gateway) -> dict[str, Json]:
    """Return what the emulated gateway answers to its token's owner."""
    url = f"https://{gateway['host']}/ivp/ensemble/secctrl"
    bearer = {"Authorization": f"Bearer {gateway['token']}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=bearer, ssl=False) as response:
        payload: dict[str, Json] = await response.json(content_type=None)
        return payload


async def runs(hass: HomeAssistant, gateway: Gateway) -> str:
    """Check that the integration is loaded and shows what the gateway says; return the entry's id."""
    (entry,) = await entries(hass)
    soc = {entity.key: entity.value for entity in await entities(hass)}.get("agg_soc")
    expected = str((await answered(gateway))["agg_soc"])
    if entry["state"] != "loaded":
        msg = f"smoke: the entry is {entry['state']}, not loaded: {entry['reason']}"
        raise RunError(msg)
    if soc != expected:
        msg = f"smoke: the state of charge is {soc}, the gateway says {expected}"
        raise RunError(msg)
    return entry["entry_id"]


async def goes(hass: HomeAssistant, entry_id: str) -> None:
    """Remove the entry, and check that nothing of ours stays."""
    await hass.request("DELETE", f"/api/config/config_entries/entry/{entry_id}", object)
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    kept = [entity.entity_id for entity in await entities(hass)]
    kept += [f"device {device['id']}" for device in devices if device["config_entry_id"] == entry_id]
    if kept:
        msg = f"smoke: the removed entry leaves behind {', '.join(kept)}"
        raise RunError(msg)


async def smoke() -> None:
    """Go once through the life of an entry."""
    async with emulator("--scenario", SCENARIO) as gateway, home_assistant() as hass:
        await set_up(hass, gateway)
        await check(hass, moving=False)
        number = len(await entities(hass))
        await goes(hass, await runs(hass, gateway))
        if errors := hass.errors():
            msg = "smoke: errors in the log:\n" + "\n".join(errors)
            raise RunError(msg)
        print(f"smoke: HA {hass.version} loads it ({number} entities), shows the gateway's value and forgets it")


if __name__ == "__main__":
    sys.exit(run(smoke()))
