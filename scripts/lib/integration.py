"""The integration in a running Home Assistant: add it, and read its entries and entities."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, TypedDict

from scripts.lib.home_assistant import DOMAIN, HomeAssistant, Json, State
from scripts.lib.process import ROOT, RunError, print_progress, read_log, run_process, wait_for_result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DASHBOARD: Final = "enphase-batteries"
TIMEOUT: Final = 180
"""How long to wait for the values of all entities, in seconds."""

EMULATOR: Final = (sys.executable, "-m", "tests.emulator")
NO_VALUE: Final = (None, "unknown", "unavailable")


class Gateway(TypedDict):
    """The state file of the emulator."""

    host: str
    serial: str
    token: str
    control: str | None


class Entry(TypedDict):
    """A config entry, as returned by the API."""

    entry_id: str
    state: str
    reason: str | None


class _FlowResult(TypedDict, total=False):
    type: str
    flow_id: str
    step_id: str
    reason: str
    errors: dict[str, str] | None
    result: Entry


class _RegistryEntry(TypedDict):
    entity_id: str
    unique_id: str
    platform: str
    original_name: str | None
    disabled_by: str | None


@dataclass(frozen=True, kw_only=True)
class Entity:
    """An entity of the integration. The value is None if it has no state, for example because it is disabled."""

    entity_id: str
    key: str
    name: str
    value: str | None
    unit: str
    enabled: bool

    @property
    def changing_quantity(self) -> str | None:
        """The quantity that it shows, if that changes all the time in the scenario `day`."""
        return "the state of charge" if self.key == "agg_soc" else QUANTITIES.get(self.unit)


QUANTITIES: Final = {
    "Wh": "an energy value",
    "kWh": "an energy value",
    "Hz": "the frequency bias",
    "V": "the voltage bias",
}
CHANGING_QUANTITIES: Final = ("the state of charge", *dict.fromkeys(QUANTITIES.values()))


@asynccontextmanager
async def emulator(*arguments: str) -> AsyncIterator[Gateway]:
    """Run an emulated gateway in its own process; stop it at the end."""
    with TemporaryDirectory(prefix="gateway-") as folder:
        state_file, log = Path(folder, "state.json"), Path(folder, "output.log")

        def read_state() -> Gateway | None:
            with suppress(OSError, json.JSONDecodeError):
                gateway: Gateway = json.loads(state_file.read_text())
                return gateway
            return None

        async with run_process(log, *EMULATOR, *arguments, "--state-file", str(state_file), cwd=ROOT) as process:
            gateway = await wait_for_result(process, read_state, 30)
            if gateway is None:
                msg = f"The emulated gateway did not start:\n{read_log(log)}\nscripts/demo --list lists the scenarios."
                raise RunError(msg)
            print_progress(f"emulated gateway {gateway['serial']} at {gateway['host']} ({' '.join(arguments)})")
            yield gateway


async def add_integration(hass: HomeAssistant, gateway: Gateway) -> None:
    """Add the integration through its config flow, with an access token; raises RunError."""
    url = "/api/config/config_entries/flow"
    result = await hass.request("POST", url, _FlowResult, {"handler": DOMAIN})
    for user_input in ({"host": gateway["host"]}, {"next_step_id": "token"}, {"token": gateway["token"]}):
        if result["type"] not in ("form", "menu") or result.get("errors"):
            break
        result = await hass.request("POST", f"{url}/{result['flow_id']}", _FlowResult, {**user_input})
    if result["type"] != "create_entry":
        reason = result.get("errors") or result.get("reason") or "no reason"
        msg = f"The config flow didn't finish. Last step: {result.get('step_id', result['type'])}, {reason}."
        raise RunError(msg)
    print_progress("the integration is set up")


async def get_entries(hass: HomeAssistant) -> list[Entry]:
    """Return the config entries of the integration."""
    return await hass.call("config_entries/get", list[Entry], domain=DOMAIN)


async def get_entities(hass: HomeAssistant) -> list[Entity]:
    """Return the entities of the integration with their current states, including disabled ones."""
    states = {state["entity_id"]: state for state in await hass.call("get_states", list[State])}
    registry = await hass.call("config/entity_registry/list", list[_RegistryEntry])
    return [_entity(entry, states.get(entry["entity_id"])) for entry in registry if entry["platform"] == DOMAIN]


def _entity(entry: _RegistryEntry, state: State | None) -> Entity:
    attributes = state["attributes"] if state else {}
    return Entity(
        entity_id=entry["entity_id"],
        key=entry["unique_id"].partition("_")[2],
        name=str(attributes.get("friendly_name") or entry["original_name"]),
        value=state["state"] if state else None,
        unit=str(attributes.get("unit_of_measurement") or ""),
        enabled=entry["disabled_by"] is None,
    )


ESTIMATES: Final = ("time_to_reserve", "time_to_shutdown", "time_to_full")
"""Keys of the entities that may be unknown while the values of all others are known."""


async def wait_for_values(hass: HomeAssistant, *, changing: bool) -> None:
    """Wait until every enabled entity has a state; raises RunError after TIMEOUT.

    With `changing`, every state must be known, and each of CHANGING_QUANTITIES must have changed.
    """
    first: dict[str, str | None] = {}
    changed: set[str | None] = set()
    for second in range(TIMEOUT):
        enabled = [one for one in await get_entities(hass) if one.enabled]
        known = [one for one in enabled if one.value not in NO_VALUE]
        changed |= {one.changing_quantity for one in known if first.setdefault(one.entity_id, one.value) != one.value}
        missing = _find_missing(enabled, changed, changing=changing)
        if not missing:
            return
        if second % 10 == 0:
            print_progress(f"waiting: {'; '.join(missing[:3])}{'; ...' if missing[3:] else ''}")
        await asyncio.sleep(1)
    states = [f"{entry['state']} {entry['reason'] or ''}".strip() for entry in await get_entries(hass)]
    msg = f"Still waiting after {TIMEOUT} s (config entry: {', '.join(states)}):\n  " + "\n  ".join(missing)
    msg += "\nTo see the entities in a browser, run the demo without --check."
    raise RunError(msg)


def _find_missing(enabled: list[Entity], changed: set[str | None], *, changing: bool) -> list[str]:
    if not enabled:
        return ["no entities"]
    if not changing:
        return [f"{one.entity_id} has no state" for one in enabled if one.value is None]
    exact = [one for one in enabled if one.key not in ESTIMATES]
    unknown = [f"{one.entity_id} is {one.value}" for one in exact if one.value in NO_VALUE]
    return unknown + [f"{name} has not changed" for name in CHANGING_QUANTITIES if name not in changed]


async def add_dashboard(hass: HomeAssistant) -> str:
    """Add the dashboard of the integration as the default dashboard; return its path."""
    options = {"url_path": DASHBOARD, "title": "Enphase batteries", "icon": "mdi:home-battery"}
    await hass.call("lovelace/dashboards/create", object, **options, mode="storage", require_admin=False)
    config: Json = {"strategy": {"type": "custom:enphase-secctrl"}}
    await hass.call("lovelace/config/save", object, url_path=DASHBOARD, config=config)
    await hass.call("frontend/set_system_data", object, key="core", value={"default_panel": DASHBOARD})
    return f"/{DASHBOARD}"
