"""A gateway that answers over TLS, a Home Assistant beside it, and an entry between the two."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
import socket
import ssl
from typing import override
from unittest.mock import PropertyMock, patch

from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import aiohttp_client
from homeassistant.setup import async_setup_component
from homeassistant.util import ssl as ssl_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN
from tests.automations import House
from tests.gateway import Cloud, Gateway

LONG_NAME = 60

type SetUp = Callable[[], Coroutine[None, None, MockConfigEntry]]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long parameter after its argument: tokens are new each time, and no names."""
    return argname if isinstance(val, str | bytes) and len(val) > LONG_NAME else None


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


@pytest.fixture
async def house(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> AsyncGenerator[House]:
    """A house for one automation; what that waits for ends with the test."""
    yield House(hass=hass, gateway=gateway, entry=loaded, freezer=freezer, folder=tmp_path)
    assert await async_setup_component(hass, "automation", {})
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


class Names(AbstractResolver):
    """Finds some names on ports of 127.0.0.1, and no others."""

    def __init__(self, ports: Mapping[str, tuple[int, ...]]) -> None:
        """Take the names; more may be added later."""
        self._ports = ports

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where the name is; raises OSError."""
        if host not in self._ports:
            raise OSError(f"no name {host}")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=family or socket.AF_INET,
                proto=0,
                flags=0,
            )
            for port in self._ports[host]
        ]

    @override
    async def close(self) -> None:
        """Keep nothing."""

    async def real_close(self) -> None:
        """Home Assistant's name for it."""


@dataclass(frozen=True, kw_only=True)
class Internet:
    """What Home Assistant's connectors find and trust: names with the ports of their addresses, and authorities."""

    ports: dict[str, tuple[int, ...]]
    trust: ssl.SSLContext


@pytest.fixture(autouse=True)
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    """An internet with nobody in it."""
    internet = Internet(ports={}, trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    monkeypatch.setattr(aiohttp_client, "_async_make_resolver", lambda _: Names(internet.ports))
    monkeypatch.setattr(ssl_util, "client_context", lambda *_: internet.trust)
    return internet


@pytest.fixture
async def cloud(socket_enabled: None, internet: Internet) -> AsyncGenerator[Cloud]:
    """A cloud with one account, in the internet under its two real names."""
    cloud = Cloud()
    cloud.add_account("owner@example.com", "secret")
    await cloud.start()
    internet.ports.update(dict.fromkeys(("enlighten.enphaseenergy.com", "entrez.enphaseenergy.com"), (cloud.port,)))
    internet.trust.load_verify_locations(cadata=cloud.ca_pem.decode())
    yield cloud
    await cloud.stop()
