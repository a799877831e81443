"""Set up the integration in the latest Home Assistant, and remove it: .venv-hass/bin/python -m scripts.lib.smoke."""

import sys
from typing import Final

import aiohttp

from scripts.lib.home_assistant import HomeAssistant, Json, home_assistant
from scripts.lib.integration import Gateway, add_integration, emulator, get_entities, get_entries, wait_for_values
from scripts.lib.process import RunError, run_main

SCENARIO: Final = "8.3_all_keys"


async def read_payload(gateway: Gateway) -> dict[str, Json]:
    """Return the secctrl payload that the emulated gateway serves."""
    url = f"https://{gateway['host']}/ivp/ensemble/secctrl"
    bearer = {"Authorization": f"Bearer {gateway['token']}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=bearer, ssl=False) as response:
        payload: dict[str, Json] = await response.json(content_type=None)
        return payload


async def check_loaded(hass: HomeAssistant, gateway: Gateway) -> str:
    """Check that the entry is loaded and has the gateway's state of charge; return its ID. Raises RunError."""
    (entry,) = await get_entries(hass)
    soc = {entity.key: entity.value for entity in await get_entities(hass)}.get("agg_soc")
    expected = str((await read_payload(gateway))["agg_soc"])
    if entry["state"] != "loaded":
        msg = f"smoke: the entry is {entry['state']}, not loaded: {entry['reason']}"
        raise RunError(msg)
    if soc != expected:
        msg = f"smoke: the state of charge is {soc}, but the gateway reports {expected}"
        raise RunError(msg)
    return entry["entry_id"]


async def check_removal(hass: HomeAssistant, entry_id: str) -> None:
    """Remove the entry, and check that its entities and devices are removed; raises RunError."""
    await hass.request("DELETE", f"/api/config/config_entries/entry/{entry_id}", object)
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    remaining = [entity.entity_id for entity in await get_entities(hass)]
    remaining += [f"device {device['id']}" for device in devices if device["config_entry_id"] == entry_id]
    if remaining:
        msg = f"smoke: not removed with the entry: {', '.join(remaining)}"
        raise RunError(msg)


async def smoke() -> None:
    """Add the integration, check it, and remove it; raises RunError."""
    async with emulator("--scenario", SCENARIO) as gateway, home_assistant() as hass:
        await add_integration(hass, gateway)
        await wait_for_values(hass, changing=False)
        number = len(await get_entities(hass))
        await check_removal(hass, await check_loaded(hass, gateway))
        if errors := hass.logged_errors():
            msg = "smoke: errors in the log:\n" + "\n".join(errors)
            raise RunError(msg)
        print(f"smoke: set up in Home Assistant {hass.version} ({number} entities), checked, and removed")


if __name__ == "__main__":
    sys.exit(run_main(smoke()))
