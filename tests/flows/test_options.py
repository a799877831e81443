"""The options flow: the update interval, and the pinned certificate."""

import asyncio
from contextlib import suppress

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData, UnknownFlow
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.emulator import Gateway
from tests.faults import Held
from tests.flow_manager import set_options, suggested_values
from tests.polling import poll


async def test_interval(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A new interval is used at once; it must be 5 to 300 s."""
    flow = await set_options(hass, loaded_entry, 60, pin_certificate=False)
    assert flow["data"] == {"scan_interval": 60}
    gateway.requests.clear()
    await poll(hass, freezer, 30)
    assert gateway.requests == []
    await poll(hass, freezer, 31)
    assert len(gateway.requests) == 1
    for out_of_bounds in (4, 4.9, 300.1, 301):
        with pytest.raises(InvalidData):
            await set_options(hass, loaded_entry, out_of_bounds, pin_certificate=False)


async def test_unpin(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Turning off the option deletes the pinned certificate and the issue; other changes keep it."""
    await set_options(hass, loaded_entry, 10, pin_certificate=True)
    pinned = gateway.fingerprint.hex()
    gateway.replace_certificate()
    gateway.listener.close_connections()
    await poll(hass, freezer)
    flow = await set_options(hass, loaded_entry, 20, pin_certificate=True)
    assert flow["data"]["certificate"] == pinned
    assert len(ir.async_get(hass).issues) == 1
    flow = await set_options(hass, loaded_entry, 20, pin_certificate=False)
    assert flow["data"] == {"scan_interval": 20}
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).issues == {}


async def test_pin_fails(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """Only the certificate of the entry's gateway can be pinned."""
    gateway.state = "refused"
    flow = await set_options(hass, loaded_entry, 10, pin_certificate=True)
    assert flow["errors"] == {"base": "cannot_connect"}
    gateway.state = "up"
    gateway.serial = "122300000002"
    user_input = {"scan_interval": 10, "pin_certificate": True}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], user_input)
    assert flow["errors"] == {"base": "wrong_gateway"}
    gateway.serial = str(loaded_entry.unique_id)
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], user_input)
    assert flow["data"]["certificate"] == gateway.fingerprint.hex()
    await hass.async_block_till_done()


async def test_pin_while_the_certificate_changes(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry
) -> None:
    """A certificate is only pinned if the gateway still presents it when it reports its serial number."""
    first = gateway.fingerprint
    gateway.listener.ssl_context.sni_callback = lambda *_: gateway.replace_certificate()  # after one more handshake
    flow = await set_options(hass, loaded_entry, 10, pin_certificate=True)
    assert gateway.fingerprint != first
    assert flow["errors"] == {"base": "certificate_changed"}
    assert dict(loaded_entry.options) == {}
    user_input = {"scan_interval": 10, "pin_certificate": True}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], user_input)
    assert flow["data"]["certificate"] == gateway.fingerprint.hex()
    await hass.async_block_till_done()
    assert loaded_entry.state is ConfigEntryState.LOADED


async def test_form(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """The form shows the current options, and after an error what the user has entered."""
    flow = await hass.config_entries.options.async_init(loaded_entry.entry_id)
    assert suggested_values(flow) == {"scan_interval": 10, "pin_certificate": False}
    gateway.state = "refused"
    flow = await hass.config_entries.options.async_configure(
        flow["flow_id"], {"scan_interval": 20.0, "pin_certificate": True}
    )
    assert flow["errors"] == {"base": "cannot_connect"}
    assert suggested_values(flow) == {"scan_interval": 20, "pin_certificate": True}
    gateway.state = "up"
    flow = await hass.config_entries.options.async_configure(
        flow["flow_id"], {"scan_interval": 20.0, "pin_certificate": True}
    )
    assert isinstance(flow["data"]["scan_interval"], int)
    await hass.async_block_till_done()
    flow = await hass.config_entries.options.async_init(loaded_entry.entry_id)
    assert suggested_values(flow) == {"scan_interval": 20, "pin_certificate": True}


async def test_fractional_interval(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """An interval with a fraction is kept."""
    flow = await set_options(hass, loaded_entry, 7.5, pin_certificate=False)
    assert flow["data"] == {"scan_interval": 7.5}
    flow = await hass.config_entries.options.async_init(loaded_entry.entry_id)
    assert suggested_values(flow) == {"scan_interval": 7.5, "pin_certificate": False}


async def test_form_with_a_stored_interval_out_of_bounds(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """The form shows the interval that is in use, so that it can be submitted."""
    hass.config_entries.async_update_entry(loaded_entry, options={"scan_interval": -5})
    flow = await hass.config_entries.options.async_init(loaded_entry.entry_id)
    assert suggested_values(flow) == {"scan_interval": 5, "pin_certificate": False}


@pytest.mark.parametrize("is_removed", [False, True])
async def test_closed_while_the_certificate_is_read(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    is_removed: bool,
) -> None:
    """A dialog that is closed, or whose entry is removed, while it reads the certificate changes nothing."""
    held = Held()
    gateway.inject("/info", held)
    flow = await hass.config_entries.options.async_init(loaded_entry.entry_id)
    user_input = {"scan_interval": 20, "pin_certificate": True}
    submit = asyncio.create_task(hass.config_entries.options.async_configure(flow["flow_id"], user_input))
    await held.holding.wait()
    if is_removed:
        await hass.config_entries.async_remove(loaded_entry.entry_id)
    else:
        hass.config_entries.options.async_abort(flow["flow_id"])
    gateway.clear_faults()
    with suppress(UnknownFlow):
        await submit
    await hass.async_block_till_done()
    assert dict(loaded_entry.options) == {}
    assert "ERROR" not in caplog.text
