"""A gateway that answers over TLS, a Home Assistant beside it, and an entry between the two."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from unittest.mock import PropertyMock, patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN
from tests.gateway import Gateway

type SetUp = Callable[[], Coroutine[None, None, MockConfigEntry]]


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None, socket_enabled: None) -> None:
    """Load custom integrations, and let them talk to 127.0.0.1."""


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable every entity from the start (Home Assistant's own switch)."""
    name = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(name, new_callable=PropertyMock(return_value=True)):
        yield


@pytest.fixture
async def gateway(socket_enabled: None) -> AsyncGenerator[Gateway]:
    """A gateway that has just started to listen."""
    gateway = Gateway()
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
def entry(gateway: Gateway) -> MockConfigEntry:
    """An entry with a pasted token for the gateway, not yet added."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"IQ Gateway {gateway.serial}",
        unique_id=gateway.serial,
        data={CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()},
    )


@pytest.fixture
def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> SetUp:
    """Set the entry up; whether it worked is in its state."""

    async def set_up() -> MockConfigEntry:
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    return set_up


@pytest.fixture
async def loaded(set_up: SetUp) -> MockConfigEntry:
    """The entry, set up well."""
    entry = await set_up()
    assert entry.state is ConfigEntryState.LOADED
    return entry
