"""Fixtures of the client's tests."""

from collections.abc import Callable
from types import SimpleNamespace

from aiohttp import ClientSession, DummyCookieJar, TraceConfig, TraceRequestHeadersSentParams
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from multidict import CIMultiDict
import pytest

from custom_components.enphase_secctrl.client.gateway import GatewayClient
from tests.emulator import Gateway

type Connect = Callable[..., GatewayClient]
type SentHeaders = list[CIMultiDict[str]]


@pytest.fixture
def sent_headers() -> SentHeaders:
    """The headers of each request that was sent by a client of `connect`."""
    return []


@pytest.fixture
def connect(hass: HomeAssistant, gateway: Gateway, sent_headers: SentHeaders) -> Connect:
    """A function that returns a client of the gateway, by default with its serial number and a token."""

    def connect(
        host: str = gateway.host,
        serial: str | None = gateway.serial,
        token: str = gateway.token(),
        certificate: bytes | None = None,
    ) -> GatewayClient:
        session = async_create_clientsession(hass, verify_ssl=False, cookie_jar=DummyCookieJar(), trace_configs=[trace])
        return GatewayClient(session, host, serial=serial, token=token, certificate=certificate)

    async def record_headers(_: ClientSession, __: SimpleNamespace, request: TraceRequestHeadersSentParams) -> None:
        sent_headers.append(CIMultiDict(request.headers))

    trace = TraceConfig()
    trace.on_request_headers_sent.append(record_headers)
    return connect
