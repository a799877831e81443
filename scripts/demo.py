"""A Home Assistant to look at: scripts/demo.

Starts an emulated IQ Gateway and a fresh Home Assistant, adds the integration through its own
config flow, prints the live entities and then every change, until Ctrl-C. Nothing is kept.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
import json
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory
from textwrap import fill
from typing import TYPE_CHECKING, Final, TypedDict

from homeassistant.util.yaml import parse_yaml

from scripts.dashboard import dashboard
from scripts.hass import (
    DOMAIN,
    LOGIN,
    ROOT,
    HomeAssistant,
    Json,
    RunError,
    State,
    home_assistant,
    output,
    ready,
    run,
    running,
    say,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOVING: Final = "day"
PAGE: Final = "energy-system"
PATIENCE: Final = 180
EMULATOR: Final = (sys.executable, "-m", "tests.gateway")
NO_VALUE: Final = (None, "unknown", "unavailable")


class Gateway(TypedDict):
    """What the emulator says of itself."""

    host: str
    serial: str
    token: str
    control: str | None


class Entry(TypedDict):
    """A config entry as the API tells it."""

    entry_id: str
    state: str
    reason: str | None


class _FlowAnswer(TypedDict, total=False):
    type: str
    flow_id: str
    step_id: str
    reason: str
    errors: dict[str, str] | None
    result: Entry


class _RegistryRow(TypedDict):
    entity_id: str
    unique_id: str
    platform: str
    original_name: str | None
    disabled_by: str | None


class Options(Namespace):
    """What the command line asks for."""

    check: bool
    scenario: str
    payload: Path | None
    gateway: str | None
    list: bool
    port: int


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One of our entities; its value is None when it has no state, as disabled ones have none."""

    entity_id: str
    key: str
    name: str
    value: str | None
    unit: str
    enabled: bool

    @property
    def moves(self) -> str | None:
        """Which of the quantities that move all day it shows, if any."""
        return "the state of charge" if self.key == "agg_soc" else MOVES.get(self.unit)


MOVES: Final = {"Wh": "an energy", "kWh": "an energy", "Hz": "the frequency bias", "V": "the voltage bias"}
ALL_MOVES: Final = ("the state of charge", *dict.fromkeys(MOVES.values()))


@asynccontextmanager
async def emulator(*arguments: str) -> AsyncIterator[Gateway]:
    """Give an emulated gateway in its own process; end it afterwards."""
    with TemporaryDirectory(prefix="gateway-") as folder:
        told, log = Path(folder, "state.json"), Path(folder, "output.log")

        def look() -> Gateway | None:
            with suppress(OSError, json.JSONDecodeError):
                gateway: Gateway = json.loads(told.read_text())
                return gateway
            return None

        async with running(log, *EMULATOR, *arguments, "--state-file", str(told), cwd=ROOT) as process:
            gateway = await ready(process, look, 30)
            if gateway is None:
                msg = f"The emulated gateway did not start:\n{output(log)}\nscripts/demo --list shows the scenarios."
                raise RunError(msg)
            say(f"emulated gateway {gateway['serial']} at {gateway['host']} ({' '.join(arguments)})")
            yield gateway


async def set_up(hass: HomeAssistant, gateway: Gateway) -> None:
    """Add the integration as a user does: address, then a token."""
    flow = "/api/config/config_entries/flow"
    answer = await hass.request("POST", flow, _FlowAnswer, {"handler": DOMAIN})
    for given in ({"host": gateway["host"]}, {"next_step_id": "token"}, {"token": gateway["token"]}):
        if answer["type"] not in ("form", "menu") or answer.get("errors"):
            break
        answer = await hass.request("POST", f"{flow}/{answer['flow_id']}", _FlowAnswer, {**given})
    if answer["type"] != "create_entry":
        why = answer.get("errors") or answer.get("reason") or "no reason"
        msg = f"The config flow did not get to its end. Last step: {answer.get('step_id', answer['type'])}, {why}."
        raise RunError(msg)
    say("the integration is set up")


async def entries(hass: HomeAssistant) -> list[Entry]:
    """Return the config entries of the integration."""
    return await hass.call("config_entries/get", list[Entry], domain=DOMAIN)


async def entities(hass: HomeAssistant) -> list[Entity]:
    """Return our entities, disabled ones too, as registry and states show them now."""
    states = {state["entity_id"]: state for state in await hass.call("get_states", list[State])}
    rows = await hass.call("config/entity_registry/list", list[_RegistryRow])
    return [_entity(row, states.get(row["entity_id"])) for row in rows if row["platform"] == DOMAIN]


def _entity(row: _RegistryRow, state: State | None) -> Entity:
    shown = state["attributes"] if state else {}
    return Entity(
        entity_id=row["entity_id"],
        key=row["unique_id"].partition("_")[2],
        name=str(shown.get("friendly_name") or row["original_name"]),
        value=state["state"] if state else None,
        unit=str(shown.get("unit_of_measurement") or ""),
        enabled=row["disabled_by"] is None,
    )


def short(value: str | None) -> str:
    """Return a state with no more than three decimals, as its card shows it."""
    if value is None:
        return "-"
    return f"{float(value):.3f}" if re.fullmatch(r"-?\d+\.\d{4,}(e-?\d+)?", value) else value


def print_table(found: list[Entity]) -> None:
    """Print the live entities, and name those that are disabled by default."""
    rows = [(one.entity_id, one.name, f"{short(one.value)} {one.unit}".rstrip()) for one in found if one.enabled]
    first, second = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    print()
    for entity_id, name, value in sorted(rows):
        print(f"  {entity_id:{first}}  {name:{second}}  {value}")
    disabled = sorted(one.name for one in found if not one.enabled)
    more = f"{len(rows)} entities; {len(disabled)} more are disabled by default: {', '.join(disabled) or 'none'}"
    print(f"\n{fill(more, 110, initial_indent='  ', subsequent_indent='  ')}\n")


async def check(hass: HomeAssistant, *, moving: bool) -> None:
    """Wait until every enabled entity has a value, and on a moving gateway the three moves were seen."""
    first: dict[str, str | None] = {}
    moved: set[str | None] = set()
    for second in range(PATIENCE):
        found = [one for one in await entities(hass) if one.enabled]
        known = [one for one in found if one.value not in NO_VALUE]
        moved |= {one.moves for one in known if first.setdefault(one.entity_id, one.value) != one.value}
        missing = _missing(found, moved, moving=moving)
        if not missing:
            return
        if second % 10 == 0:
            say(f"waiting: {'; '.join(missing[:3])}{'; ...' if missing[3:] else ''}")
        await asyncio.sleep(1)
    state = [f"{entry['state']} {entry['reason'] or ''}".strip() for entry in await entries(hass)]
    msg = f"After {PATIENCE} s this is missing (the entry: {', '.join(state)}):\n  " + "\n  ".join(missing)
    msg += "\nTo look at it in a browser, run it without --check."
    raise RunError(msg)


def _missing(found: list[Entity], moved: set[str | None], *, moving: bool) -> list[str]:
    if not found:
        return ["any entity"]
    if not moving:
        return [f"{one.entity_id} has no state" for one in found if one.value is None]
    without = [f"{one.entity_id} is {one.value}" for one in found if one.value in NO_VALUE]
    return without + [f"{name} has not changed" for name in ALL_MOVES if name not in moved]


async def watch(hass: HomeAssistant) -> None:
    """Print every change of a state of ours, for ever."""
    ours: set[str] = set()
    others: set[str] = set()
    async for change in hass.changes():
        old, new, entity_id = change["old_state"], change["new_state"], change["entity_id"]
        if entity_id not in ours | others:
            ours |= {one.entity_id for one in await entities(hass)}
            others |= {entity_id} - ours
        if new and entity_id in ours and (old is None or old["state"] != new["state"]):
            shown, before = new["attributes"], short(old["state"] if old else None)
            unit = shown.get("unit_of_measurement") or ""
            now = datetime.now().astimezone()
            print(f"{now:%X}  {shown.get('friendly_name')}  {before} → {short(new['state'])} {unit}", flush=True)


async def show(hass: HomeAssistant, page: str = "") -> None:
    """Say where Home Assistant is, and print its changes until Ctrl-C."""
    print(f"  {hass.url}{page}\n  user {LOGIN[0]}, password {LOGIN[1]}. Ctrl-C ends it.\n", flush=True)
    with suppress(asyncio.CancelledError):
        await watch(hass)
    say("ending ...")


async def add_dashboard(hass: HomeAssistant, serial: str) -> str:
    """Add the dashboard of the docs, make it the page that Home Assistant opens with, and return its address."""
    config: Json = json.loads(json.dumps(parse_yaml(dashboard(serial))))
    page = {"url_path": PAGE, "title": "Energy system", "icon": "mdi:home-battery"}
    await hass.call("lovelace/dashboards/create", object, **page, mode="storage", require_admin=False)
    await hass.call("lovelace/config/save", object, url_path=PAGE, config=config)
    await hass.call("frontend/set_system_data", object, key="core", value={"default_panel": PAGE})
    return f"/{PAGE}"


async def demo(options: Options) -> None:
    """Start what the options ask for, and show it."""
    if options.gateway:
        async with home_assistant(options.port) as hass:
            print(f"\n  Add your gateway, {options.gateway}, here:")
            await show(hass, f"/config/integrations/dashboard/add?domain={DOMAIN}")
        return
    source = ("--payload", str(options.payload)) if options.payload else ("--scenario", options.scenario)
    async with emulator(*source) as gateway, home_assistant(options.port) as hass:
        await set_up(hass, gateway)
        page = await add_dashboard(hass, gateway["serial"])
        await check(hass, moving=options.check and source[1] == MOVING)
        print_table(await entities(hass))
        if options.check:
            say("check: passed")
        else:
            await show(hass, page)


async def list_scenarios() -> None:
    """Print what the emulator can be."""
    with TemporaryDirectory(prefix="gateway-") as folder:
        log = Path(folder, "output.log")
        async with running(log, *EMULATOR, "--list", cwd=ROOT) as process:
            await process.wait()
        print(output(log))


def parse() -> Options:
    """Return what the command line asks for."""
    parser = ArgumentParser(prog="scripts/demo", description=__doc__.partition("\n\n")[2] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help=f"end when all works and moves; fail after {PATIENCE} s")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--scenario", default=MOVING, metavar="NAME", help=f"what the gateway is (default: {MOVING})")
    source.add_argument("--payload", type=Path, metavar="FILE", help="serve this answer of a real gateway")
    source.add_argument("--gateway", metavar="HOST", help="no emulator: add your own gateway in the browser")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument("--port", type=int, default=0, help="of Home Assistant (default: a free one)")
    options = parser.parse_args(namespace=Options())
    if options.payload:
        options.payload = options.payload.resolve()
        if not options.payload.is_file():
            parser.error(f"there is no file {options.payload}")
    if options.gateway and options.check:
        parser.error("--check needs the emulator: leave out --gateway")
    return options


if __name__ == "__main__":
    chosen = parse()
    sys.exit(run(list_scenarios() if chosen.list else demo(chosen)))
