"""The forms, from an address to an entry: what is asked, refused, mended and kept."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import json
from pathlib import Path
import socket
from typing import Final, override

from aiohttp.abc import ResolveResult
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import aiohttp_client
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD, SIGN_IN_TOKEN
from tests.conftest import Names
from tests.gateway import Body, Cloud, Fault, Gateway, Redirect, Status
from tests.gateway.certificates import gateway_identity

type Spoil = Callable[[Gateway], object]
type SpoilCloud = Callable[[Cloud], object]

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
FIRST: Final = [INFO]
LAST: Final = [INFO, SECCTRL]
OTHER: Final = "202200000002"
ACCOUNT: Final = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
HTML: Final = b"<html><body>Sign in</body></html>"
ENGLISH: Final = Path(__file__).parent.parent / "custom_components" / DOMAIN / "translations" / "en.json"


class Flow:
    """One flow, answered like somebody in front of it would."""

    def __init__(self, hass: HomeAssistant, result: ConfigFlowResult) -> None:
        """Begin with what is shown first."""
        self.hass, self.result = hass, result

    async def answer(self, **answers: str) -> ConfigFlowResult:
        """Send a form, or choose from the menu (next_step_id=…); return what is shown then."""
        flow = self.hass.config_entries.flow
        self.result = await flow.async_configure(self.result["flow_id"], answers)
        await self.hass.async_block_till_done()
        return self.result

    @property
    def suggested(self) -> dict[str, str]:
        """What the form shows as already filled in."""
        schema = self.result["data_schema"]
        assert schema
        return {key.schema: key.description["suggested_value"] for key in schema.schema if key.description}

    def refused(self, step: str, key: str) -> None:
        """Expect a form again, with a failure whose text has all it needs, and without secrets."""
        assert (self.result["type"], self.result["step_id"]) == (FlowResultType.FORM, step)
        assert self.result["errors"] == {"base": key}
        assert self.suggested.keys().isdisjoint({CONF_TOKEN, CONF_PASSWORD})
        texts = json.loads(ENGLISH.read_text(encoding="utf-8"))["config"]
        placeholders = self.result["description_placeholders"]
        assert placeholders
        assert "()" not in texts["error"][key].format(**placeholders)
        assert texts["step"][step]["description"].format(**placeholders)


def asked(gateway: Gateway) -> list[str]:
    """Return the paths that were asked for, and forget them."""
    paths = [request.path for request in gateway.requests]
    gateway.requests.clear()
    return paths


def mend(gateway: Gateway) -> None:
    """Make all well again."""
    gateway.clear()
    gateway.state, gateway.serial, gateway.firmware = "up", "122300000001", "8.2.127"


@pytest.fixture
async def flow(hass: HomeAssistant) -> Flow:
    """Somebody who adds a gateway."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "user", {})
    return Flow(hass, result)


@pytest.fixture
async def at_menu(flow: Flow, gateway: Gateway) -> Flow:
    """And has entered its address."""
    result = await flow.answer(host=gateway.host)
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "sign_in")
    assert asked(gateway) == FIRST
    return flow


@pytest.fixture
async def at_token(at_menu: Flow) -> Flow:
    """And pastes a token."""
    result = await at_menu.answer(next_step_id="token")
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "token", {})
    return at_menu


@pytest.fixture
async def at_cloud(at_menu: Flow, cloud: Cloud) -> Flow:
    """Or signs in with an account."""
    result = await at_menu.answer(next_step_id="cloud")
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "cloud", {})
    return at_menu


# -- all goes well


async def test_token(hass: HomeAssistant, gateway: Gateway, at_token: Flow) -> None:
    """A pasted token makes an entry, which then reads the gateway; nothing else is kept."""
    token = gateway.token()
    result = await at_token.answer(token=f" {token}\n")
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "IQ Gateway 122300000001")
    assert result["data"] == {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: token}
    assert (result["result"].unique_id, result["result"].state) == (gateway.serial, ConfigEntryState.LOADED)
    assert asked(gateway) == LAST + LAST
    assert hass.config_entries.flow.async_progress() == []


async def test_cloud(gateway: Gateway, cloud: Cloud, at_cloud: Flow) -> None:
    """An account makes an entry that can renew its token."""
    result = await at_cloud.answer(**ACCOUNT)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "IQ Gateway 122300000001")
    token = result["data"][CONF_TOKEN]
    assert result["data"] == {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_CLOUD, CONF_TOKEN: token, **ACCOUNT}
    assert (result["result"].unique_id, result["result"].state) == (gateway.serial, ConfigEntryState.LOADED)
    assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"]
    assert asked(gateway) == LAST + LAST


@pytest.mark.parametrize("spelling", ["  {}\n", "https://{}", "http://{}/home?x=1#overview", "https://u:p@{}/"])
async def test_host_is_kept_short(gateway: Gateway, flow: Flow, spelling: str) -> None:
    """Whatever is pasted, the entry has the host."""
    await flow.answer(host=spelling.format(gateway.host))
    await flow.answer(next_step_id="token")
    result = await flow.answer(token=gateway.token())
    assert result["data"][CONF_HOST] == gateway.host


async def test_menu_says_which_gateway(gateway: Gateway, at_menu: Flow) -> None:
    """Before signing in one sees which gateway was found."""
    assert at_menu.result["menu_options"] == ["cloud", "token"]
    placeholders = at_menu.result["description_placeholders"]
    assert placeholders
    assert (placeholders["serial"], placeholders["host"]) == (gateway.serial, gateway.host)


# -- the address


@pytest.mark.parametrize("host", ["", "my envoy", "ftp://envoy.local", "envoy:99999"])
async def test_invalid_host(gateway: Gateway, flow: Flow, host: str) -> None:
    """What is no host is shown again, to be mended."""
    await flow.answer(host=host)
    flow.refused("user", "invalid_host")
    assert flow.suggested == {CONF_HOST: host}
    assert (await flow.answer(host=gateway.host))["type"] is FlowResultType.MENU
    assert asked(gateway) == FIRST


GATEWAY_FAILURES: Final[list[tuple[Spoil, str]]] = [
    (lambda gateway: gateway.answer(INFO, Status(503, retry_after=30)), "cannot_connect"),
    (lambda gateway: setattr(gateway, "state", "bad_gateway"), "cannot_connect"),
    (lambda gateway: setattr(gateway, "state", "refused"), "cannot_connect"),
    (lambda gateway: gateway.answer(INFO, Body(HTML)), "unexpected_answer"),
    (lambda gateway: gateway.answer(INFO, Status(404)), "unexpected_answer"),
    (lambda gateway: gateway.answer(INFO, Redirect("https://127.0.0.1/")), "unexpected_answer"),
    (lambda gateway: setattr(gateway, "firmware", "5.0.62"), "unsupported_firmware"),
]
LAST_FAILURES: Final[list[tuple[Spoil, str]]] = [
    *GATEWAY_FAILURES,
    (lambda gateway: setattr(gateway, "serial", OTHER), "wrong_gateway"),
    (lambda gateway: gateway.answer(SECCTRL, Status(404)), "no_secctrl"),
    (lambda gateway: gateway.answer(SECCTRL, Status(401)), "invalid_auth"),
    (lambda gateway: gateway.answer(SECCTRL, Status(502)), "cannot_connect"),
    (lambda gateway: gateway.answer(SECCTRL, Body(HTML)), "unexpected_answer"),
]


@pytest.mark.parametrize(("spoil", "key"), GATEWAY_FAILURES)
async def test_gateway_is_not_found(gateway: Gateway, flow: Flow, spoil: Spoil, key: str) -> None:
    """A failure stands on the form of the address, and the address is still there."""
    spoil(gateway)
    await flow.answer(host=gateway.host)
    flow.refused("user", key)
    assert flow.suggested == {CONF_HOST: gateway.host}
    mend(gateway)
    assert (await flow.answer(host=gateway.host))["type"] is FlowResultType.MENU


async def test_unknown_name(gateway: Gateway, flow: Flow) -> None:
    """So does a name that nobody knows."""
    await flow.answer(host="envoy.invalid")
    flow.refused("user", "cannot_connect")
    assert (await flow.answer(host=gateway.host))["type"] is FlowResultType.MENU


class NoNames(Names):
    """Is broken in a way that nobody has thought of."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Never return."""
        raise ZeroDivisionError


async def test_unexpected(
    gateway: Gateway,
    flow: Flow,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody has thought of is logged, and does not end the flow."""
    monkeypatch.setattr(aiohttp_client, "_async_make_resolver", lambda _: NoNames({}))
    await flow.answer(host="envoy.local")
    flow.refused("user", "unknown")
    assert "Unexpected failure in the step user" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert (await flow.answer(host=gateway.host))["type"] is FlowResultType.MENU


async def test_already_configured(hass: HomeAssistant, gateway: Gateway, flow: Flow, entry: MockConfigEntry) -> None:
    """The same gateway is not set up twice, and gets no token."""
    entry.add_to_hass(hass)
    result = await flow.answer(host=gateway.host)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert asked(gateway) == FIRST


async def test_two_at_once(hass: HomeAssistant, gateway: Gateway, at_token: Flow) -> None:
    """When two people add the same gateway, the first one to finish does."""
    second = Flow(hass, await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
    assert (await second.answer(host=gateway.host))["type"] is FlowResultType.MENU
    assert (await at_token.answer(token=gateway.token()))["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


# -- the token


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Error in generating Token", "not_a_token"),
        ("<html>", "not_a_token"),
        (Gateway().token()[:-90], "not_a_token"),
        (Gateway().token(lifetime=-1), "token_expired"),
        (Gateway().token(serial=OTHER), "wrong_gateway"),
    ],
)
async def test_token_is_no_use(gateway: Gateway, at_token: Flow, text: str, key: str) -> None:
    """A token that cannot be the gateway's is refused before anybody is asked."""
    await at_token.answer(token=text)
    at_token.refused("token", key)
    assert at_token.suggested == {}
    assert asked(gateway) == []
    assert (await at_token.answer(token=gateway.token()))["type"] is FlowResultType.CREATE_ENTRY


async def test_revoked_token(gateway: Gateway, at_token: Flow) -> None:
    """A token that the gateway refuses makes no entry."""
    token = gateway.token()
    gateway.revoke(token)
    await at_token.answer(token=token)
    at_token.refused("token", "invalid_auth")
    assert (await at_token.answer(token=gateway.token()))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("spoil", "key"), LAST_FAILURES)
async def test_gateway_fails_the_token(gateway: Gateway, at_token: Flow, spoil: Spoil, key: str) -> None:
    """A gateway that fails at the last step can be tried again with the same form."""
    token = gateway.token()
    spoil(gateway)
    await at_token.answer(token=token)
    at_token.refused("token", key)
    mend(gateway)
    assert (await at_token.answer(token=token))["type"] is FlowResultType.CREATE_ENTRY


# -- the account

CLOUD_FAILURES: Final[list[tuple[SpoilCloud, str]]] = [
    (lambda cloud: cloud.add_account("owner@example.com", "other"), "invalid_auth"),
    (lambda cloud: cloud.add_account("owner@example.com", "secret", serials=(OTHER,)), "not_a_token"),
    (lambda cloud: setattr(cloud, "login", "blocked"), "account_blocked"),
    (lambda cloud: setattr(cloud, "login", "wall"), "account_blocked"),
    (lambda cloud: setattr(cloud, "login", "too_many"), "too_many_sessions"),
    (lambda cloud: cloud.answer("*", Status(503)), "cloud_unavailable"),
    (lambda cloud: cloud.answer("/login/login.json", Body(HTML, "text/html")), "cloud_unavailable"),
    (lambda cloud: cloud.listener.close(), "cloud_unavailable"),
    (lambda cloud: setattr(cloud.listener, "context", gateway_identity(now=0).context()), "cloud_unavailable"),
]
TOKEN_FAILURES: Final = [
    (HTML, "not_a_token"),
    (b"Error in generating Token", "not_a_token"),
    (Gateway().token(serial=OTHER).encode(), "wrong_gateway"),
    (Gateway().token(lifetime=-1).encode(), "token_expired"),
]


@pytest.mark.parametrize(("spoil", "key"), CLOUD_FAILURES)
async def test_cloud_says_no(gateway: Gateway, cloud: Cloud, at_cloud: Flow, spoil: SpoilCloud, key: str) -> None:
    """What the cloud says stands on the form; the address is kept there, the password is not."""
    right = cloud.listener.context
    spoil(cloud)
    await at_cloud.answer(**ACCOUNT)
    at_cloud.refused("cloud", key)
    assert at_cloud.suggested == {CONF_USERNAME: ACCOUNT[CONF_USERNAME]}
    assert asked(gateway) == []
    cloud.clear()
    cloud.login = "ok"
    cloud.listener.context = right
    cloud.listener.open()
    cloud.add_account("owner@example.com", "secret")
    assert (await at_cloud.answer(**ACCOUNT))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("body", "key"), TOKEN_FAILURES)
async def test_cloud_gives_no_token(gateway: Gateway, cloud: Cloud, at_cloud: Flow, body: bytes, key: str) -> None:
    """What the cloud gives is looked at like what somebody pastes."""
    cloud.answer("/tokens", Body(body))
    cloud.answer("/entrez-auth-token", Body(body))
    await at_cloud.answer(**ACCOUNT)
    at_cloud.refused("cloud", key)
    assert asked(gateway) == []
    cloud.clear()
    assert (await at_cloud.answer(**ACCOUNT))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("spoil", "key"), LAST_FAILURES)
async def test_gateway_fails_the_account(gateway: Gateway, at_cloud: Flow, spoil: Spoil, key: str) -> None:
    """The gateway can fail at the last step here too."""
    spoil(gateway)
    await at_cloud.answer(**ACCOUNT)
    at_cloud.refused("cloud", key)
    mend(gateway)
    assert (await at_cloud.answer(**ACCOUNT))["type"] is FlowResultType.CREATE_ENTRY


# -- signing in again


@pytest.fixture
async def again(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """Somebody whose token is no longer good."""
    entry.add_to_hass(hass)
    result = await entry.start_reauth_flow(hass)
    flow = Flow(hass, result)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "reauth_confirm")
    assert flow.suggested == {CONF_HOST: entry.data[CONF_HOST]}
    await flow.answer(host=entry.data[CONF_HOST])
    assert (flow.result["type"], flow.result["step_id"]) == (FlowResultType.MENU, "sign_in")
    return flow


async def test_reauth_with_token(gateway: Gateway, again: Flow, entry: MockConfigEntry) -> None:
    """A new token takes the place of the old one, and the entry works again."""
    token = gateway.token()
    await again.answer(next_step_id="token")
    result = await again.answer(token=token)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data == {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: token}
    assert entry.state is ConfigEntryState.LOADED
    assert asked(gateway)[1:] == LAST + LAST


async def test_reauth_with_account_and_back(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, again: Flow, entry: MockConfigEntry
) -> None:
    """The way to sign in may change; a password that is not needed any more is not kept."""
    await again.answer(next_step_id="cloud")
    assert (await again.answer(**ACCOUNT))["reason"] == "reauth_successful"
    assert (entry.data[CONF_SIGN_IN], entry.data[CONF_PASSWORD]) == (SIGN_IN_CLOUD, "secret")
    back = Flow(hass, await entry.start_reauth_flow(hass))
    await back.answer(host=gateway.host)
    await back.answer(next_step_id="token")
    assert (await back.answer(token=gateway.token()))["reason"] == "reauth_successful"
    assert entry.data.keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN}


@pytest.mark.parametrize(("spoil", "key"), LAST_FAILURES)
async def test_reauth_fails(gateway: Gateway, again: Flow, entry: MockConfigEntry, spoil: Spoil, key: str) -> None:
    """A failure changes nothing, and can be mended."""
    kept, token = dict(entry.data), gateway.token()
    await again.answer(next_step_id="token")
    spoil(gateway)
    await again.answer(token=token)
    again.refused("token", key)
    assert entry.data == kept
    mend(gateway)
    assert (await again.answer(token=token))["reason"] == "reauth_successful"


# -- another address


@pytest.fixture
async def moving(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """Somebody whose gateway has moved."""
    entry.add_to_hass(hass)
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    assert (flow.result["type"], flow.result["step_id"]) == (FlowResultType.FORM, "reconfigure")
    assert flow.suggested == {CONF_HOST: entry.data[CONF_HOST]}
    return flow


@pytest.fixture
async def new_place(gateway: Gateway) -> AsyncGenerator[Gateway]:
    """The same gateway at its new address."""
    moved = Gateway(serial=gateway.serial)
    await moved.start()
    yield moved
    await moved.stop()


async def test_reconfigure(gateway: Gateway, new_place: Gateway, moving: Flow, entry: MockConfigEntry) -> None:
    """The entry follows its gateway, with a new token."""
    token = gateway.token()
    assert (await moving.answer(host=f"http://{new_place.host}/home"))["type"] is FlowResultType.MENU
    await moving.answer(next_step_id="token")
    result = await moving.answer(token=token)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data == {CONF_HOST: new_place.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: token}
    assert entry.state is ConfigEntryState.LOADED
    assert asked(new_place) == FIRST + LAST + LAST
    assert asked(gateway) == []


async def test_reconfigure_with_account(gateway: Gateway, cloud: Cloud, moving: Flow, entry: MockConfigEntry) -> None:
    """Nothing but the sign-in may change, too."""
    await moving.answer(host=gateway.host)
    await moving.answer(next_step_id="cloud")
    assert (await moving.answer(**ACCOUNT))["reason"] == "reconfigure_successful"
    assert (entry.data[CONF_HOST], entry.data[CONF_SIGN_IN]) == (gateway.host, SIGN_IN_CLOUD)


@pytest.mark.parametrize(
    ("spoil", "key"), [*GATEWAY_FAILURES, (lambda gateway: setattr(gateway, "serial", OTHER), "wrong_gateway")]
)
async def test_reconfigure_fails(
    gateway: Gateway, new_place: Gateway, moving: Flow, entry: MockConfigEntry, spoil: Spoil, key: str
) -> None:
    """Another gateway, or none, changes nothing and gets no token."""
    kept = dict(entry.data)
    spoil(new_place)
    await moving.answer(host=new_place.host)
    moving.refused("reconfigure", key)
    assert moving.suggested == {CONF_HOST: new_place.host}
    assert set(asked(new_place)) <= {INFO}
    assert entry.data == kept
    mend(new_place)
    assert (await moving.answer(host=new_place.host))["type"] is FlowResultType.MENU


async def test_walking_away_meanwhile(
    hass: HomeAssistant, gateway: Gateway, at_token: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    """A flow that is left while it asks the gateway ends without a noise."""

    class Leaving(Fault):
        """The user closes the dialog before the gateway answers."""

        @override
        async def hold(self, over: asyncio.Event) -> None:
            hass.config_entries.flow.async_abort(at_token.result["flow_id"])

    gateway.answer(INFO, Leaving())
    with pytest.raises(UnknownFlow):
        await at_token.answer(token=gateway.token())
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert hass.config_entries.async_entries(DOMAIN) == []


@pytest.mark.parametrize("step", ["token", "cloud"])
async def test_walking_away(hass: HomeAssistant, cloud: Cloud, at_menu: Flow, step: str) -> None:
    """A flow that is left leaves nothing behind."""
    await at_menu.answer(next_step_id=step)
    hass.config_entries.flow.async_abort(at_menu.result["flow_id"])
    assert hass.config_entries.flow.async_progress() == []
    assert hass.config_entries.async_entries(DOMAIN) == []
