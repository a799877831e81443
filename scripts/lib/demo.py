"""Run a temporary Home Assistant with the integration: scripts/demo.

Starts an emulated IQ Gateway and a new Home Assistant, adds the integration through its config flow, and prints all
entities and then every state change, until you press Ctrl+C. Everything is temporary.
"""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory
from textwrap import fill

from scripts.lib.demo_options import CHANGING_SCENARIO, Options, parse_options
from scripts.lib.history import add_history
from scripts.lib.home_assistant import DOMAIN, PASSWORD, USERNAME, HomeAssistant, home_assistant
from scripts.lib.integration import (
    EMULATOR,
    TIMEOUT,
    Entity,
    add_dashboard,
    add_integration,
    emulator,
    get_entities,
    wait_for_values,
)
from scripts.lib.process import ROOT, print_progress, read_log, run_main, run_process


def format_state(value: str | None) -> str:
    """Return the state with at most three decimals."""
    if value is None:
        return "-"
    return f"{float(value):.3f}" if re.fullmatch(r"-?\d+\.\d{4,}(e-?\d+)?", value) else value


def print_table(entities: list[Entity]) -> None:
    """Print a table of the enabled entities, and the names of the disabled ones."""
    rows = [
        (one.entity_id, one.name, f"{format_state(one.value)} {one.unit}".rstrip()) for one in entities if one.enabled
    ]
    first, second = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    print()
    for entity_id, name, value in sorted(rows):
        print(f"  {entity_id:{first}}  {name:{second}}  {value}")
    disabled = sorted(one.name for one in entities if not one.enabled)
    summary = f"{len(rows)} entities; {len(disabled)} more are disabled by default: {', '.join(disabled) or 'none'}"
    print(f"\n{fill(summary, 110, initial_indent='  ', subsequent_indent='  ')}\n")


async def print_state_changes(hass: HomeAssistant) -> None:
    """Print every state change of the integration; runs until it is canceled."""
    ours: set[str] = set()
    others: set[str] = set()
    async for change in hass.state_changes():
        old, new, entity_id = change["old_state"], change["new_state"], change["entity_id"]
        if entity_id not in ours | others:
            ours |= {one.entity_id for one in await get_entities(hass)}
            others |= {entity_id} - ours
        if new and entity_id in ours and (old is None or old["state"] != new["state"]):
            attributes, before = new["attributes"], format_state(old["state"] if old else None)
            unit = attributes.get("unit_of_measurement") or ""
            now = datetime.now().astimezone()
            text = f"{now:%X}  {attributes.get('friendly_name')}  {before} → {format_state(new['state'])} {unit}"
            print(text.rstrip(), flush=True)


async def serve(hass: HomeAssistant, path: str = "") -> None:
    """Print the address of Home Assistant and its state changes until Ctrl+C."""
    print(f"  {hass.url}{path}\n  User {USERNAME}, password {PASSWORD}. Press Ctrl+C to stop.\n", flush=True)
    with suppress(asyncio.CancelledError):
        await print_state_changes(hass)
    print_progress("stopping ...")


async def demo(options: Options) -> None:
    """Run the demo; raises RunError."""
    if options.gateway:
        async with home_assistant(options.port) as hass:
            print(f"\n  Add your gateway, {options.gateway}, here:")
            await serve(hass, f"/config/integrations/dashboard/add?domain={DOMAIN}")
        return
    source = ("--payload", str(options.payload)) if options.payload else ("--scenario", options.scenario)
    async with emulator(*source) as gateway, home_assistant(options.port) as hass:
        await add_integration(hass, gateway)
        path = await add_dashboard(hass)
        await wait_for_values(hass, changing=options.check and source[1] == CHANGING_SCENARIO)
        await add_history(hass, await get_entities(hass))
        print_table(await get_entities(hass))
        if options.check:
            print_progress("check: passed")
        else:
            await serve(hass, path)


async def list_scenarios() -> None:
    """Print the scenarios of the emulator."""
    with TemporaryDirectory(prefix="gateway-") as folder:
        log = Path(folder, "output.log")
        async with run_process(log, *EMULATOR, "--list", cwd=ROOT) as process:
            await process.wait()
        print(read_log(log))


if __name__ == "__main__":
    chosen = parse_options(__doc__.partition("\n\n")[2] if __doc__ else "", TIMEOUT)
    sys.exit(run_main(list_scenarios() if chosen.list else demo(chosen)))
