"""Measure the polls and the setup of one config entry, in comparison with a baseline."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import orjson

from custom_components.enphase_secctrl.connection import create_gateway_session
from custom_components.enphase_secctrl.fields import FIELDS
from scripts.lib.process import RunError
from tests.benchmarks.baseline import add_baseline_entry, register_baseline, set_up_baseline
from tests.benchmarks.gateways import INFO, SECCTRL, GatewayState, get_requests
from tests.benchmarks.home_assistant import add_entry, home_assistant, set_up, set_up_coordinator
from tests.benchmarks.measure import Comparison, Operation, Result, compare, cpu_time, profile, ratio

ROUNDS: Final = 30
TIMES: Final = 40
"""Even, so that an alternating gateway returns the payloads in the same order in each round."""

PROFILED_TIMES: Final = 400


async def create_bare_get(hass: HomeAssistant, gateway: GatewayState) -> Operation:
    """Return the baseline of a poll: a GET request in a session, and the parsing of its JSON.

    It uses the same pool of connections as the config entry of the gateway.
    """
    session = create_gateway_session(hass, auto_cleanup=True)
    url = f"https://{gateway['host']}{SECCTRL}"
    bearer = {"Authorization": f"Bearer {gateway['token']}"}
    async with session.get(url, headers=bearer, ssl=False) as first:
        headers = {"Cookie": f"sessionId={first.cookies['sessionId'].value}"}

    async def get() -> object:
        async with session.get(url, headers=headers, ssl=False) as response:
            payload: object = orjson.loads(await response.read())
            return payload

    return get


async def measure_unchanged_poll(gateway: GatewayState, profile_folder: Path | None) -> list[Result]:
    """Measure polls of a gateway that always returns the same payload."""
    async with home_assistant(all_enabled=True) as hass:
        coordinator = await set_up_coordinator(hass, gateway)
        baseline = await create_bare_get(hass, gateway)
        comparison = await compare(coordinator.async_refresh, baseline, rounds=ROUNDS, times=TIMES)
        if profile_folder:
            await profile(coordinator.async_refresh, PROFILED_TIMES, profile_folder / "bench-unchanged.txt")
            await profile(baseline, PROFILED_TIMES, profile_folder / "bench-unchanged-baseline.txt")
    return _results("a  poll, no value changed", comparison, "GET and orjson", 1.45)


async def measure_changed_poll(gateway: GatewayState, profile_folder: Path | None) -> list[Result]:
    """Measure polls of a gateway of which every value changes each time."""
    async with home_assistant(all_enabled=True) as hass:
        coordinator = await set_up_coordinator(hass, gateway)
        await _check_all_change(hass, coordinator.async_refresh)
        get = await create_bare_get(hass, gateway)
        register_baseline(hass)
        entities = await set_up_baseline(hass)
        numbers = cycle((1, 0))

        async def baseline() -> None:
            await get()
            number = next(numbers)
            for entity in entities:
                entity.update(number)

        await _check_all_change(hass, baseline)
        comparison = await compare(coordinator.async_refresh, baseline, rounds=ROUNDS, times=TIMES)
        if profile_folder:
            await profile(coordinator.async_refresh, PROFILED_TIMES, profile_folder / "bench-changed.txt")
            await profile(baseline, PROFILED_TIMES, profile_folder / "bench-changed-baseline.txt")
    return _results("b  poll, all values changed", comparison, f"the same and {len(entities)} states", 1.25)


async def _check_all_change(hass: HomeAssistant, poll: Callable[[], Awaitable[object]]) -> None:
    """Check that a poll writes a new state for every field; raises RunError."""
    before = {state.entity_id: state.last_updated for state in hass.states.async_all()}
    await poll()
    changed = [state for state in hass.states.async_all() if before[state.entity_id] != state.last_updated]
    if len(changed) != len(FIELDS):
        msg = f"bench: {len(changed)} states change in a poll, not {len(FIELDS)}"
        raise RunError(msg)


async def measure_setup(gateways: list[GatewayState]) -> list[Result]:
    """Measure the setup of an entry for each gateway, in comparison with a baseline entry and two GET requests."""
    ours, baseline, gets, polls, counts = [], [], [], [], set()
    async with home_assistant(all_enabled=True) as hass:
        register_baseline(hass)
        for gateway in gateways:
            baseline.append(await _setup_time(hass, add_baseline_entry(hass)))
            gets.append(await cpu_time(partial(_get_twice, hass, gateway)))
            before = len(await get_requests(gateway))
            entry = add_entry(hass, gateway)
            ours.append(await _setup_time(hass, entry))
            counts.add(len(await get_requests(gateway)) - before)
            polls.append(await cpu_time(entry.runtime_data.async_refresh, TIMES))
    # The first one is slower, because it imports the platforms and fills caches
    rounds = list(zip(ours, baseline, gets, polls, strict=True))[1:]
    overhead = median((entry - bare) / poll for entry, bare, _, poll in rounds)
    without_gets = [(entry - bare - get) / poll for entry, bare, get, poll in rounds]
    return [
        Result(name="e  requests of a setup", value=max(counts), kind="count", limit=2, exact=True),
        Result(name="e  setup, CPU", value=median(ours[1:]) * 1e3, unit="ms"),
        Result(name="   baseline: entry with the same entities, CPU", value=median(baseline[1:]) * 1e3, unit="ms"),
        Result(name="   TLS handshake and two GETs, CPU", value=median(gets[1:]) * 1e3, unit="ms"),
        Result(name="e  (setup - baseline) / poll b", value=overhead, unit="x"),
        ratio("e  (setup - baseline - handshake and GETs) / poll b", without_gets, limit=2.0),
    ]


async def _get_twice(hass: HomeAssistant, gateway: GatewayState) -> None:
    """Send the two requests of a setup, on a connection of their own."""
    session = create_gateway_session(hass, auto_cleanup=True)
    bearer = {"Authorization": f"Bearer {gateway['token']}", "Connection": "close"}
    for path, headers in ((INFO, None), (SECCTRL, bearer)):
        async with session.get(f"https://{gateway['host']}{path}", headers=headers, ssl=False) as response:
            await response.read()


async def _setup_time(hass: HomeAssistant, entry: ConfigEntry[Any]) -> float:
    return await cpu_time(lambda: set_up(hass, entry))


def _results(name: str, comparison: Comparison, baseline: str, limit: float) -> list[Result]:
    return [
        Result(name=f"{name}, CPU", value=comparison.seconds * 1e6, unit="µs"),
        Result(name=f"   baseline: {baseline}, CPU", value=comparison.baseline * 1e6, unit="µs"),
        ratio(f"{name} / baseline", comparison.ratios, limit),
    ]
