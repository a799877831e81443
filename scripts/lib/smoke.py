"""Set up the integration in the latest Home Assistant, use its triggers and conditions, and remove it.

.venv-hass/bin/python -m scripts.lib.smoke
"""

import asyncio
import sys
from typing import Final

import aiohttp

from scripts.lib.home_assistant import DOMAIN, HomeAssistant, Json, home_assistant
from scripts.lib.integration import Gateway, add_integration, emulator, get_entities, get_entries, wait_for_values
from scripts.lib.process import RunError, run_main

SCENARIO: Final = "8.3_all_keys"
INTERVAL: Final = 5  # s, the shortest
TIMEOUT: Final = 60  # s
TRIGGERS: Final = ("fully_charged", "reserve_changed", "reserve_reached", "shutdown_level_reached")
SEQUENCE: Final = (
    (46, 20, None),
    (46, 100, "reserve_changed at the reserve"),
    (46, 20, "reserve_changed above the reserve"),
    (20, 20, "reserve_reached at the reserve"),
    (10, 20, "shutdown_level_reached at the reserve"),
    (100, 20, "fully_charged above the reserve"),
)
"""Charge and reserve that the gateway reports in turn, and which automation runs. The shutdown level is 10%."""


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


async def check_triggers(hass: HomeAssistant, gateway: Gateway, entry_id: str) -> None:
    """Let one automation per trigger follow a sequence of reports; raises RunError if other ones run."""
    url = "/api/config/config_entries/options/flow"
    form = await hass.request("POST", url, dict[str, Json], {"handler": entry_id})
    options: dict[str, Json] = {"scan_interval": INTERVAL, "pin_certificate": False}
    await hass.request("POST", f"{url}/{form['flow_id']}", object, options)
    payload = await read_payload(gateway)
    sensors = {entity.key: entity.entity_id for entity in await get_entities(hass)}
    expected: list[str] = []
    for charge, reserve, run in SEQUENCE:
        changes = {"agg_soc": charge, "adjusted_backup_soc": reserve, "VLS_Limit": 10}
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.post(f"{gateway['control']}/payload", json=payload | changes),
        ):
            await _wait_for_values(hass, {"agg_soc": str(charge), "adjusted_backup_soc": str(reserve)})
        if run is None:
            for trigger in TRIGGERS:
                config = _automation(trigger, sensors["agg_soc"])
                await hass.request("POST", f"/api/config/automation/config/{trigger}", object, config)
        else:
            expected.append(run)
    notifications = await hass.call("persistent_notification/get", list[dict[str, str]])
    messages = sorted(notification["message"] for notification in notifications)
    if messages != sorted(expected):
        msg = f"smoke: these automations ran: {messages}; expected: {sorted(expected)}"
        raise RunError(msg)


def _automation(trigger: str, sensor: str) -> dict[str, Json]:
    """Return an automation that sends a notification with the name of the trigger, and a condition that passes."""
    target: Json = {"entity_id": sensor}

    def notify(text: str) -> Json:
        return {"action": "persistent_notification.create", "data": {"message": f"{trigger} {text} the reserve"}}

    at_reserve: Json = {"condition": f"{DOMAIN}.is_at_reserve", "target": target}
    above_reserve: Json = {"condition": f"{DOMAIN}.is_above_reserve", "target": target}
    return {
        "alias": trigger,
        "mode": "queued",
        "triggers": [{"trigger": f"{DOMAIN}.{trigger}", "target": target}],
        "actions": [
            {
                "choose": [
                    {"conditions": [at_reserve], "sequence": [notify("at")]},
                    {"conditions": [above_reserve], "sequence": [notify("above")]},
                ]
            }
        ],
    }


async def _wait_for_values(hass: HomeAssistant, expected: dict[str, str]) -> None:
    """Wait until the entities have these values; raises RunError."""
    for _ in range(TIMEOUT):
        values = {entity.key: entity.value for entity in await get_entities(hass)}
        if expected.items() <= values.items():
            return
        await asyncio.sleep(1)
    msg = f"smoke: the entities didn't get the values {expected} within {TIMEOUT} s"
    raise RunError(msg)


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
    async with emulator("--scenario", SCENARIO, "--control-port", "0") as gateway, home_assistant() as hass:
        await add_integration(hass, gateway)
        await wait_for_values(hass, changing=False)
        number = len(await get_entities(hass))
        entry_id = await check_loaded(hass, gateway)
        await check_triggers(hass, gateway, entry_id)
        await check_removal(hass, entry_id)
        if errors := hass.logged_errors():
            msg = "smoke: errors in the log:\n" + "\n".join(errors)
            raise RunError(msg)
        print(f"smoke: passed; set up in Home Assistant {hass.version} with {number} entities, and removed")


if __name__ == "__main__":
    sys.exit(run_main(smoke()))
