"""Sequences of 40 steps: the same 30 in each normal run, and 300 random ones with the profile `deep`.

A random sequence may find a gap in the model as well as a fault. That must not fail the tests of an unrelated change.
"""

from collections.abc import Iterator
import logging
from types import SimpleNamespace

from freezegun import api
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.homeassistant import DOMAIN as HOMEASSISTANT_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
import pytest

from tests.clocks import settable_clock
from tests.emulator import Cloud, Gateway

from .machine import EntryMachine
from .world import LogHandler, World

SEQUENCES = {"normal": 30, "deep": 300}


@pytest.fixture
def log() -> Iterator[LogHandler]:
    """The log messages that must never occur."""
    handler = LogHandler()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.fixture
async def world(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    log: LogHandler,
) -> World:
    """A gateway, a cloud, and a Home Assistant without entries."""
    assert await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    hass.loop.set_debug(False)  # it takes a third of the time
    set_clock = settable_clock(freezer, monkeypatch, gateway, cloud)
    return World(hass=hass, gateway=gateway, cloud=cloud, freezer=freezer, set_clock=set_clock, log=log)


@pytest.fixture
def _real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Hypothesis look for a shorter sequence for a minute of the real time, not of the frozen one."""
    clocks = SimpleNamespace(perf_counter=api.real_perf_counter, monotonic=api.real_monotonic)
    monkeypatch.setattr("hypothesis.internal.conjecture.engine.time", clocks)
    monkeypatch.setattr("hypothesis.internal.conjecture.engine.MAX_SHRINKING_SECONDS", 60)


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("_real_time")
def test_sequences(world: World) -> None:
    """Whatever happens, the entry is as the model says."""

    class Machine(EntryMachine):
        def __init__(self) -> None:
            super().__init__(world)

    profile = settings.get_current_profile_name()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=SEQUENCES[profile],
            stateful_step_count=40,
            report_multiple_bugs=False,
            derandomize=profile == "normal",
        ),
    )
