"""The frontend loads the dashboard strategy, once, while there is an entry."""

from http import HTTPStatus
import json
from pathlib import Path
import re
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.enphase_secctrl.const import DOMAIN
from tests.conftest import SetUp
from tests.emulator import Gateway

FOLDER = Path(__file__).parents[1] / "custom_components" / DOMAIN
MODULE = FOLDER / "frontend" / "dashboard.js"
VERSION = json.loads((FOLDER / "manifest.json").read_text())["version"]


async def loaded_modules(client: TestClient[Any, Any]) -> list[str]:
    """Return the addresses of the modules that a browser loads."""
    async with client.get("/") as response:
        return (await response.text()).split()


@pytest.fixture
async def second_entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """A second entry, whose gateway doesn't respond; not yet set up."""
    gateway = Gateway(serial="122300000002")
    data = {**entry.data, CONF_HOST: "127.0.0.1:9", CONF_TOKEN: gateway.token()}
    second = MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, data=data)
    second.add_to_hass(hass)
    return second


@pytest.mark.usefixtures("frontend_page")
async def test_module(set_up: SetUp, hass_client_no_auth: ClientSessionGenerator) -> None:
    """The module is served at an address with the version and a hash, and browsers cache it."""
    await set_up()
    client = await hass_client_no_auth()
    (address,) = await loaded_modules(client)
    assert re.fullmatch(rf"/{DOMAIN}/{re.escape(VERSION)}-[0-9a-f]{{8}}/dashboard\.js", address)
    async with client.get(address) as response:
        assert response.status == HTTPStatus.OK
        assert response.content_type == "text/javascript"
        assert "max-age=" in response.headers["Cache-Control"]
        assert await response.read() == MODULE.read_bytes()


@pytest.mark.usefixtures("frontend_page")
async def test_entries(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    second_entry: MockConfigEntry,
    set_up: SetUp,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """The module is loaded once for all entries, even if none works, until the last one is removed."""
    gateway.state = "refused"
    await set_up()
    assert {entry.state, second_entry.state} == {ConfigEntryState.SETUP_RETRY}
    client = await hass_client_no_auth()
    modules = await loaded_modules(client)
    assert len(modules) == 1
    gateway.state = "up"
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)
    assert await loaded_modules(client) == modules
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.config_entries.async_set_disabled_by(second_entry.entry_id, ConfigEntryDisabler.USER)
    assert await loaded_modules(client) == modules
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="122300000003").add_to_hass(hass)
    await hass.config_entries.async_remove(second_entry.entry_id)
    assert await loaded_modules(client) == []
    await set_up()
    assert await loaded_modules(client) == modules


@pytest.mark.usefixtures("frontend_page")
async def test_open_browsers(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    second_entry: MockConfigEntry,
    set_up: SetUp,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Browsers that are open are notified once, not for each entry and each reload."""
    socket = await hass_ws_client(hass)
    await socket.send_json_auto_id({"type": "frontend/subscribe_extra_js"})
    await socket.receive_json()
    await set_up()
    await hass.config_entries.async_reload(entry.entry_id)
    for one in (entry, second_entry):
        await hass.config_entries.async_remove(one.entry_id)
    await socket.send_json_auto_id({"type": "ping"})
    messages = [await socket.receive_json() for _ in range(3)]
    assert [message.get("event", {}).get("change_type") for message in messages] == ["added", "removed", None]


async def test_no_frontend(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """The integration works in a Home Assistant without a frontend."""
    assert "frontend" not in hass.config.components
    assert await hass.config_entries.async_remove(loaded_entry.entry_id) == {"require_restart": False}
