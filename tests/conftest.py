"""Fixtures of all tests: an emulated gateway, the emulated cloud, and a config entry for the gateway."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from pathlib import Path
import ssl
from typing import Any
from unittest.mock import PropertyMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import aiohttp_client
from homeassistant.setup import async_setup_component
from homeassistant.util import ssl as ssl_util
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN
from tests.automation_harness import AutomationHarness
from tests.emulator import Cloud, Gateway
from tests.network import FakeNetwork, FakeResolver

MAX_ID_LENGTH = 60

# In CI, Hypothesis would load its profile "ci", which always tests the same examples. scripts/test sets a random seed
for _profile, _examples in (("normal", 500), ("deep", 10_000)):
    settings.register_profile(
        _profile,
        max_examples=_examples,
        deadline=None,
        database=None,
        print_blob=True,
        derandomize=False,
        suppress_health_check=list(HealthCheck),  # autouse fixtures, and large examples
    )
settings.load_profile("normal")  # --hypothesis-profile selects the other one

type SetUp = Callable[[], Coroutine[None, None, MockConfigEntry]]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Use the argument's name as ID of a long value: tokens are different in each run."""
    return argname if isinstance(val, str | bytes) and len(val) > MAX_ID_LENGTH else None


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None, socket_enabled: None) -> None:
    """Load custom integrations, and allow connections to 127.0.0.1."""


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable all entities by default."""
    name = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(name, new_callable=PropertyMock(return_value=True)):
        yield


@pytest.fixture
async def gateway(socket_enabled: None) -> AsyncGenerator[Gateway]:
    """A running gateway."""
    gateway = Gateway()
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
def entry(gateway: Gateway) -> MockConfigEntry:
    """An entry with a pasted token for the gateway, not yet added to Home Assistant."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"IQ Gateway {gateway.serial}",
        unique_id=gateway.serial,
        data={CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()},
    )


@pytest.fixture
def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> SetUp:
    """A function that sets up the entry and returns it, in whatever state it is then."""

    async def set_up() -> MockConfigEntry:
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    return set_up


@pytest.fixture
async def loaded_entry(set_up: SetUp) -> MockConfigEntry:
    """The entry, set up and loaded."""
    entry = await set_up()
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
async def other_gateway(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> AsyncGenerator[tuple[Gateway, MockConfigEntry]]:
    """A second gateway with its own entry."""
    gateway = Gateway(serial="122300000002")
    await gateway.start()
    data = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()}
    entry = MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield gateway, entry
    await gateway.stop()


@pytest.fixture
async def frontend_page(hass: HomeAssistant, hass_storage: dict[str, Any], tmp_path: Path) -> None:
    """The frontend, with a page that only contains the addresses of additional modules."""
    hass_storage["onboarding"] = {"version": 4, "data": {"done": ["user", "core_config", "analytics", "integration"]}}
    folder = tmp_path / "hass_frontend"
    folder.mkdir()
    (folder / "index.html").write_text("{{ extra_modules | join(' ') }}")
    assert await async_setup_component(hass, "frontend", {"frontend": {"development_repo": str(tmp_path)}})
    # Like Home Assistant's own server, that of the tests accepts addresses after its start
    hass.http.app.router.freeze = lambda: None  # type: ignore[method-assign]


@pytest.fixture
async def harness(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> AsyncGenerator[AutomationHarness]:
    """A harness for one automation, which is turned off at the end so that no run of it is left waiting."""
    yield AutomationHarness(hass=hass, gateway=gateway, entry=loaded_entry, freezer=freezer, config_dir=tmp_path)
    assert await async_setup_component(hass, "automation", {})
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    """A network without hostnames and without trusted certificate authorities."""
    network = FakeNetwork(ports={}, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    monkeypatch.setattr(aiohttp_client, "_async_make_resolver", lambda _: FakeResolver(network.ports))
    monkeypatch.setattr(ssl_util, "client_context", lambda *_: network.ssl_context)
    return network


@pytest.fixture
async def cloud(socket_enabled: None, network: FakeNetwork) -> AsyncGenerator[Cloud]:
    """The cloud with one account, at its two real hostnames."""
    cloud = Cloud()
    cloud.add_account("owner@example.com", "secret")
    await cloud.start()
    hostnames = ("enlighten.enphaseenergy.com", "entrez.enphaseenergy.com")
    network.ports.update(dict.fromkeys(hostnames, (cloud.port,)))
    network.ssl_context.load_verify_locations(cadata=cloud.ca_pem.decode())
    yield cloud
    await cloud.stop()
