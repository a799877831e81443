"""The cycles and the set-up of one entry, each against what nobody could do without."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import orjson

from custom_components.enphase_secctrl.fields import FIELDS
from custom_components.enphase_secctrl.gateway import INFO, SECCTRL
from custom_components.enphase_secctrl.sessions import gateway_session
from scripts.bench_bare import bare_entities, bare_entry, know_bare
from scripts.bench_gateways import Reach, requests
from scripts.bench_home import coordinator_of, entry_for, home, set_up
from scripts.bench_measure import Compared, Measure, compare, cost, profile, ratio
from scripts.hass import RunError

ROUNDS: Final = 30
TIMES: Final = 40  # even: a turning gateway's turns go on where the work left them
PROFILED: Final = 400


async def bare_get(hass: HomeAssistant, gateway: Reach) -> Callable[[], Awaitable[object]]:
    """Return the barest poll of the gateway, on the connection that its entry uses too."""
    session = gateway_session(hass, auto_cleanup=True)
    url = f"https://{gateway['host']}{SECCTRL}"
    bearer = {"Authorization": f"Bearer {gateway['token']}"}
    async with session.get(url, headers=bearer, ssl=False) as first:
        headers = {"Cookie": f"sessionId={first.cookies['sessionId'].value}"}

    async def get() -> object:
        async with session.get(url, headers=headers, ssl=False) as response:
            payload: object = orjson.loads(await response.read())
            return payload

    return get


async def unchanged(gateway: Reach, profile_folder: Path | None) -> list[Measure]:
    """Poll a gateway that says the same again and again."""
    async with home(all_enabled=True) as hass:
        coordinator = await coordinator_of(hass, gateway)
        floor = await bare_get(hass, gateway)
        result = await compare(coordinator.async_refresh, floor, rounds=ROUNDS, times=TIMES)
        if profile_folder:
            await profile(coordinator.async_refresh, PROFILED, profile_folder / "bench-unchanged.txt")
            await profile(floor, PROFILED, profile_folder / "bench-floor.txt")
    return _measures("a  cycle, nothing changed", result, "GET + orjson", 1.35)


async def changed(gateway: Reach, profile_folder: Path | None) -> list[Measure]:
    """Poll a gateway that says something else in every respect each time."""
    async with home(all_enabled=True) as hass:
        coordinator = await coordinator_of(hass, gateway)
        await _all_change(hass, coordinator.async_refresh)
        get = await bare_get(hass, gateway)
        know_bare(hass)
        bare = await bare_entities(hass)
        turns = cycle((1, 0))

        async def floor() -> None:
            await get()
            turn = next(turns)
            for entity in bare:
                entity.show(turn)

        await _all_change(hass, floor)
        result = await compare(coordinator.async_refresh, floor, rounds=ROUNDS, times=TIMES)
        if profile_folder:
            await profile(coordinator.async_refresh, PROFILED, profile_folder / "bench-changed.txt")
            await profile(floor, PROFILED, profile_folder / "bench-changed-floor.txt")
    return _measures("b  cycle, all values changed", result, f"the same + {len(bare)} writes", 1.25)


async def _all_change(hass: HomeAssistant, poll: Callable[[], Awaitable[object]]) -> None:
    """Prove that a poll writes a new state of every field; raises RunError."""
    before = {state.entity_id: state.last_updated for state in hass.states.async_all()}
    await poll()
    changed = [state for state in hass.states.async_all() if before[state.entity_id] != state.last_updated]
    if len(changed) != len(FIELDS):
        msg = f"bench: {len(changed)} states change in a poll, not {len(FIELDS)}"
        raise RunError(msg)


async def setting_up(gateways: list[Reach]) -> list[Measure]:
    """Set up a new entry for each gateway, beside each one as many bare entities, and two bare calls."""
    ours, bare, calls, polls, asked = [], [], [], [], set()
    async with home(all_enabled=True) as hass:
        know_bare(hass)
        for gateway in gateways:
            bare.append(await _cost_of_set_up(hass, bare_entry(hass)))
            calls.append(await cost(partial(_two_calls, hass, gateway)))
            before = len(await requests(gateway))
            entry = entry_for(hass, gateway)
            ours.append(await _cost_of_set_up(hass, entry))
            asked.add(len(await requests(gateway)) - before)
            polls.append(await cost(entry.runtime_data.async_refresh, TIMES))
    # The first one loads the platforms, and what else Home Assistant keeps
    rounds = list(zip(ours, bare, calls, polls, strict=True))[1:]
    beyond = median((entry - bare) / poll for entry, bare, _, poll in rounds)
    without_calls = [(entry - bare - call) / poll for entry, bare, call, poll in rounds]
    return [
        Measure(name="e  requests of a set-up", value=max(asked), kind="count", bound=2, less=False),
        Measure(name="e  set-up, CPU", value=median(ours[1:]) * 1e3, unit="ms"),
        Measure(name="   of as many bare entities, CPU", value=median(bare[1:]) * 1e3, unit="ms"),
        Measure(name="   a TLS connection and two bare GETs, CPU", value=median(calls[1:]) * 1e3, unit="ms"),
        Measure(name="e  (set-up - bare set-up) / cycle b", value=beyond, unit="x", bound=3),
        ratio("e  the same without connection and GETs", without_calls, bound=1.5),
    ]


async def _two_calls(hass: HomeAssistant, gateway: Reach) -> None:
    """Ask what a set-up asks, in the barest way and on a connection that ends with it."""
    session = gateway_session(hass, auto_cleanup=True)
    bearer = {"Authorization": f"Bearer {gateway['token']}", "Connection": "close"}
    for path, headers in ((INFO, None), (SECCTRL, bearer)):
        async with session.get(f"https://{gateway['host']}{path}", headers=headers, ssl=False) as response:
            await response.read()


async def _cost_of_set_up(hass: HomeAssistant, entry: ConfigEntry[Any]) -> float:
    return await cost(lambda: set_up(hass, entry))


def _measures(name: str, result: Compared, floor: str, bound: float) -> list[Measure]:
    return [
        Measure(name=f"{name}, CPU", value=result.seconds * 1e6, unit="µs"),
        Measure(name=f"   floor: {floor}, CPU", value=result.floor * 1e6, unit="µs"),
        ratio(f"{name} / floor", result.ratios, bound),
    ]
