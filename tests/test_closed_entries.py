"""After an entry is unloaded, disabled, removed, or reloaded, nothing of it goes on."""

import asyncio
from collections.abc import Callable, Coroutine
import json
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.homeassistant import DOMAIN as HOMEASSISTANT_DOMAIN, SERVICE_UPDATE_ENTITY
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD
from tests.emulator import Body, Cloud, Fault, Gateway, Status
from tests.entity_states import entity_states
from tests.faults import Held
from tests.flow_manager import reauth_flows
from tests.issues import issue_keys
from tests.polling import poll

SECCTRL = "/ivp/ensemble/secctrl"
LOGIN = "/login/login.json"

type Close = Callable[[HomeAssistant, MockConfigEntry], Coroutine[None, None, None]]


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload the entry."""
    await hass.config_entries.async_unload(entry.entry_id)


async def disable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Disable the entry."""
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


async def remove(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Remove the entry."""
    await hass.config_entries.async_remove(entry.entry_id)


each_close = pytest.mark.parametrize("close", [unload, disable, remove])
each_response = pytest.mark.parametrize(
    "faults",
    [(), (Status(404),), (Status(401),), (Status(502),), (Body(json.dumps({"agg_soc": 7, "new_key": 1}).encode()),)],
    ids=["200", "404", "401", "502", "new_report"],
)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the errors in the log, of whatever integration."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def start_refresh(hass: HomeAssistant) -> asyncio.Task[ServiceResponse]:
    """Request a refresh, as an automation does; return the service call."""
    assert await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    target = {ATTR_ENTITY_ID: "sensor.iq_gateway_122300000001_state_of_charge"}
    return asyncio.create_task(
        hass.services.async_call(HOMEASSISTANT_DOMAIN, SERVICE_UPDATE_ENTITY, target, blocking=True)
    )


@each_close
@each_response
async def test_close_during_a_refresh(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    close: Close,
    faults: tuple[Fault, ...],
) -> None:
    """A refresh of an entry that is closed meanwhile ends quietly, whatever the gateway responds."""
    held = Held()
    gateway.inject(SECCTRL, held, *faults)
    refresh = await start_refresh(hass)
    await held.holding.wait()
    closing = asyncio.create_task(close(hass, loaded_entry))
    await asyncio.sleep(0)
    requests = len(gateway.requests)
    gateway.clear_faults()
    await closing
    await refresh
    await hass.async_block_till_done(wait_background_tasks=True)
    await poll(hass, freezer, 61)
    assert len(gateway.requests) == requests
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])
    assert errors(caplog) == []


@each_response
async def test_reload_during_a_refresh(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    faults: tuple[Fault, ...],
) -> None:
    """A refresh of an entry that is reloaded meanwhile ends quietly, and has no effect on the new poll."""
    held = Held()
    gateway.inject(SECCTRL, held, *faults, times=1)
    refresh = await start_refresh(hass)
    await held.holding.wait()
    reload = asyncio.create_task(hass.config_entries.async_reload(loaded_entry.entry_id))
    await asyncio.sleep(0)
    gateway.clear_faults()
    await reload
    await refresh
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])
    assert errors(caplog) == []
    gateway.requests.clear()
    await poll(hass, freezer)
    assert [request.path for request in gateway.requests] == [SECCTRL]


@each_response
async def test_disable_during_setup(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    faults: tuple[Fault, ...],
) -> None:
    """The setup of an entry that is disabled meanwhile ends quietly, whatever the gateway responds."""
    held = Held()
    gateway.inject(SECCTRL, held, *faults)
    entry.add_to_hass(hass)
    setup = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await held.holding.wait()
    disabling = asyncio.create_task(disable(hass, entry))
    await asyncio.sleep(0)
    gateway.clear_faults()
    await asyncio.gather(setup, disabling)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.requests.clear()
    await poll(hass, freezer, 601)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert (gateway.requests, reauth_flows(hass), issue_keys(hass)) == ([], [], [])
    assert errors(caplog) == []


@each_close
async def test_close_during_a_renewal(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    close: Close,
) -> None:
    """A renewal during a refresh ends quietly when the entry is closed."""
    account = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
    data = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_CLOUD, CONF_TOKEN: gateway.token(), **account}
    entry = MockConfigEntry(domain=DOMAIN, title="IQ Gateway 122300000001", unique_id=gateway.serial, data=data)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    held = Held()
    cloud.inject(LOGIN, held)
    gateway.revoke(data[CONF_TOKEN])
    refresh = await start_refresh(hass)
    await held.holding.wait()
    requests = len(gateway.requests)
    await close(hass, entry)
    cloud.clear_faults()
    await refresh
    await hass.async_block_till_done(wait_background_tasks=True)
    await poll(hass, freezer, 61)
    assert len(gateway.requests) == requests
    assert entry.data == data
    assert [request.path for request in cloud.requests] == [LOGIN]
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])
    assert errors(caplog) == []


@each_response
async def test_unload_during_a_direct_refresh(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    faults: tuple[Fault, ...],
) -> None:
    """A refresh that Home Assistant doesn't cancel has no effect on an entry that is unloaded meanwhile."""
    held = Held()
    gateway.inject(SECCTRL, held, *faults)
    refresh = hass.async_create_task(loaded_entry.runtime_data.async_refresh())
    await held.holding.wait()
    assert await hass.config_entries.async_unload(loaded_entry.entry_id)
    gateway.clear_faults()
    await refresh
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])
    assert errors(caplog) == []
