"""Sensors of values that aren't in the payload: the estimates, the last report, and the token's expiration."""

from collections.abc import Iterator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.conftest import SetUp
from tests.emulator import Gateway, Status
from tests.entity_states import entity_states
from tests.polling import fail_until_unavailable, poll

CAPACITY = 10000
RESERVE = 20
SHUTDOWN_LEVEL = 10
STEP_SECONDS = 100
"""A step of 1 % of the capacity every 100 s is 3.6 kW."""

pytestmark = pytest.mark.usefixtures("all_enabled")


def set_charge(gateway: Gateway, percent: int, *, reserve: int = RESERVE) -> None:
    """Serve this state of charge."""
    gateway.payload.update(
        agg_soc=percent,
        ENC_agg_soc=percent,
        Max_energy=CAPACITY,
        Enc_max_available_capacity=CAPACITY,
        Enc_commissioned_capacity=CAPACITY,
        ENC_agg_avail_energy=percent * CAPACITY // 100,
        ENC_agg_backup_energy=reserve * CAPACITY // 100,
        configured_backup_soc=reserve,
        adjusted_backup_soc=reserve,
        VLS_Limit=SHUTDOWN_LEVEL,
        ENC_agg_soh=100,
    )


async def change_charge(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, charges: Iterator[int] | range
) -> None:
    """Serve one state of charge after the other, each for 100 s."""
    for percent in charges:
        set_charge(gateway, percent)
        for _ in range(STEP_SECONDS // 10):
            await poll(hass, freezer, 10)


@pytest.fixture
async def discharging(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, set_up: SetUp
) -> MockConfigEntry:
    """An entry whose batteries have discharged to 45 %."""
    set_charge(gateway, 50)
    entry = await set_up()
    await change_charge(hass, gateway, freezer, range(50, 44, -1))
    return entry


async def test_discharging(hass: HomeAssistant, discharging: MockConfigEntry) -> None:
    """While the batteries discharge, the times to the reserve and to the shutdown level are estimated."""
    states = entity_states(hass, discharging)
    # 25 % and 35 % of the capacity at 1 % in 100 s, less the 90 s since the last step
    assert float(states["time_to_reserve"]) == pytest.approx((25 * 100 - 90) / 60, abs=1)
    assert float(states["time_to_shutdown"]) == pytest.approx((35 * 100 - 90) / 60, abs=1)
    assert states["time_to_full"] == STATE_UNKNOWN


async def test_at_the_reserve(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, discharging: MockConfigEntry
) -> None:
    """At the reserve the time to it is 0, as long as the energy stays there."""
    await change_charge(hass, gateway, freezer, range(44, 19, -1))
    assert entity_states(hass, discharging)["time_to_reserve"] == "0"
    await change_charge(hass, gateway, freezer, range(20, 19, -1))
    assert entity_states(hass, discharging)["time_to_reserve"] == "0"


async def test_charging(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, discharging: MockConfigEntry
) -> None:
    """While the batteries charge, only the time to full is estimated."""
    await change_charge(hass, gateway, freezer, range(46, 53))
    states = entity_states(hass, discharging)
    assert float(states["time_to_full"]) == pytest.approx((48 * 100 - 90) / 60, abs=1)
    assert (states["time_to_reserve"], states["time_to_shutdown"]) == (STATE_UNKNOWN, STATE_UNKNOWN)


async def test_changed_reserve(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, discharging: MockConfigEntry
) -> None:
    """With a changed reserve the time is calculated again, and 0 if the reserve is above the charge."""
    set_charge(gateway, 45, reserve=35)
    await poll(hass, freezer, 10)
    assert float(entity_states(hass, discharging)["time_to_reserve"]) == pytest.approx((10 * 100 - 100) / 60, abs=1)
    set_charge(gateway, 45, reserve=100)
    await poll(hass, freezer, 10)
    assert entity_states(hass, discharging)["time_to_reserve"] == "0"


async def test_gateway_restart(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, discharging: MockConfigEntry
) -> None:
    """After a restart of the gateway the estimates begin again."""
    normal = dict(gateway.payload)
    gateway.scenario = "8.2_no_storage"
    await poll(hass, freezer, 10)
    assert entity_states(hass, discharging)["time_to_reserve"] == STATE_UNKNOWN
    gateway.scenario = "8.2_charging_low"
    gateway.payload.update(normal)
    await poll(hass, freezer, 10)
    assert entity_states(hass, discharging)["time_to_reserve"] == STATE_UNKNOWN
    await change_charge(hass, gateway, freezer, range(44, 38, -1))
    assert float(entity_states(hass, discharging)["time_to_reserve"]) == pytest.approx((19 * 100 - 90) / 60, abs=1)


async def test_outage(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, discharging: MockConfigEntry
) -> None:
    """The estimates become unavailable with all other values, and return with them."""
    gateway.inject("/ivp/ensemble/secctrl", Status(503))
    await fail_until_unavailable(hass, freezer)
    assert {entity_states(hass, discharging)[key] for key in ("time_to_reserve", "last_report")} == {STATE_UNAVAILABLE}
    gateway.clear_faults()
    await poll(hass, freezer, 61)
    assert STATE_UNAVAILABLE not in entity_states(hass, discharging).values()


async def test_not_created_without_capacity(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The legacy layout has no capacity, so there are no estimates."""
    gateway.scenario = "legacy_9_keys"
    assert not {"time_to_reserve", "time_to_shutdown", "time_to_full"} & entity_states(hass, await set_up()).keys()


async def test_last_report(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, set_up: SetUp
) -> None:
    """The time of the last report is written once a minute, even if the report stays the same."""
    freezer.move_to("2026-12-01T12:00:30+00:00")
    entry = await set_up()
    assert entity_states(hass, entry)["last_report"] == "2026-12-01T12:00:00+00:00"
    changes = async_capture_events(hass, "state_changed")
    for _ in range(12):
        await poll(hass, freezer, 10)
    written = [event.data["new_state"] for event in changes if event.data["entity_id"].endswith("_last_report")]
    assert [state.state for state in written] == ["2026-12-01T12:01:00+00:00", "2026-12-01T12:02:00+00:00"]


async def test_last_report_stays_during_an_outage(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, set_up: SetUp
) -> None:
    """A failed poll is no report."""
    freezer.move_to("2026-12-01T12:00:30+00:00")
    entry = await set_up()
    gateway.inject("/ivp/ensemble/secctrl", Status(503))
    await poll(hass, freezer, 45)
    assert entity_states(hass, entry)["last_report"] == "2026-12-01T12:00:00+00:00"
    gateway.clear_faults()
    await poll(hass, freezer, 45)
    assert entity_states(hass, entry)["last_report"] == "2026-12-01T12:02:00+00:00"
