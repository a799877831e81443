"""The token's life: renewed, shared, announced, and never a reason to bother the user too early."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import (
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_EXISTING,
    SIGN_IN_TOKEN,
)
from tests.conftest import SetUp
from tests.flows import aborts, answer, begin, choose
from tests.gateway import Cloud, Fault, Gateway, Status
from tests.shown import outlast, poll, states

DAY = 86400.0
LOGIN = "/login/login.json"
CODE_200 = b'{"success": true, "isBlocked": false}'


def reauths(hass: HomeAssistant) -> list[str]:
    """Return the flows that ask the user to sign in again."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow["flow_id"] for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


def issue_keys(hass: HomeAssistant) -> list[str | None]:
    """Return the repair issues of ours."""
    return [issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]


@pytest.fixture
def lifetime() -> float:
    """Seconds for which the first token is good."""
    return 365 * DAY


@pytest.fixture
def entry(gateway: Gateway, lifetime: float) -> MockConfigEntry:
    """An entry with an account, not yet added."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"IQ Gateway {gateway.serial}",
        unique_id=gateway.serial,
        data={
            CONF_HOST: gateway.host,
            CONF_SIGN_IN: SIGN_IN_CLOUD,
            CONF_TOKEN: gateway.token(role="owner" if lifetime > DAY else "installer", lifetime=lifetime),
            CONF_USERNAME: "owner@example.com",
            CONF_PASSWORD: "secret",
        },
    )


@pytest.mark.parametrize(
    ("lifetime", "early", "due"),
    [(365 * DAY, 334.5 * DAY, 0.6 * DAY), (DAY / 2, DAY / 2 - 3700, 200.0)],
    ids=["owner", "installer"],
)
async def test_renewal_when_due(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    early: float,
    due: float,
) -> None:
    """A token is renewed once, with two calls, in the background, without a reload or a lost poll."""
    first = loaded.data[CONF_TOKEN]
    ends = states(hass, loaded)["token_expires"]
    await poll(hass, freezer, early)
    assert cloud.requests == []
    await poll(hass, freezer, due)
    await poll(hass, freezer)
    assert [request.path for request in cloud.requests] == [LOGIN, "/tokens"]
    assert loaded.data[CONF_TOKEN] != first
    assert loaded.data.keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN, CONF_USERNAME, CONF_PASSWORD}
    assert states(hass, loaded)["token_expires"] > ends
    assert {request.status for request in gateway.requests} == {200}
    assert [request.path for request in gateway.requests].count("/info") == 1
    assert issue_keys(hass) == []
    gateway.forget_sessions()
    gateway.revoke(first)
    await poll(hass, freezer)
    assert {request.status for request in gateway.requests} == {200}


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_renewal_fails_for_a_while(
    hass: HomeAssistant, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An outage of the cloud is tried again once an hour, announced, and forgotten when it is over."""
    cloud.answer(LOGIN, Status(503))
    await poll(hass, freezer, 19 * DAY)
    await poll(hass, freezer)
    assert issue_keys(hass) == ["token_ends"]
    for _ in range(4):
        await poll(hass, freezer, 1000)
    assert len(cloud.requests) == 2
    cloud.clear()
    await poll(hass, freezer, 3600)
    await poll(hass, freezer)
    assert [request.path for request in cloud.requests[2:]] == [LOGIN, "/tokens"]
    assert issue_keys(hass) == []
    assert reauths(hass) == []


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_refused_renewals_stop(
    hass: HomeAssistant, cloud: Cloud, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After three refusals the cloud is left alone, and the user is asked when the gateway refuses the token."""
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 18.5 * DAY)
    for _ in range(10):
        await poll(hass, freezer, 3700)
    assert len(cloud.requests) == 3
    assert issue_keys(hass) == ["token_ends"]
    assert reauths(hass) == []
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
    await poll(hass, freezer, 2 * DAY)
    assert len(reauths(hass)) == 1
    assert len(cloud.requests) == 3


async def test_refused_token_is_renewed(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A gateway that refuses a good token, after an update, gets a new one within the same poll."""
    gateway.revoke(loaded.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert len(cloud.requests) == 2
    assert reauths(hass) == []


async def test_refused_soon_after_a_renewal(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A gateway that drops its tokens just after a renewal gets the next one after the hour, and nobody is asked."""
    first = loaded.data[CONF_TOKEN]
    await poll(hass, freezer, 336 * DAY)
    await poll(hass, freezer)
    assert len(cloud.requests) == 2
    gateway.revoke(first)
    gateway.revoke(loaded.data[CONF_TOKEN])
    await outlast(hass, freezer)
    assert states(hass, loaded)["agg_soc"] == STATE_UNAVAILABLE
    assert loaded.runtime_data.last_exception.translation_key == "renewal_paused"
    assert reauths(hass) == []
    await poll(hass, freezer, 3600)
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert len(cloud.requests) == 4


async def test_changed_during_a_renewal(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A renewal that ends after the user has chosen another way to sign in, before the reload, changes nothing."""
    chosen = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()}

    class Meanwhile(Fault):
        """The user is faster than the cloud."""

        @override
        async def hold(self, over: asyncio.Event) -> None:
            hass.config_entries.async_update_entry(loaded, data=chosen)

    cloud.answer(LOGIN, Meanwhile())
    gateway.revoke(loaded.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert loaded.data == chosen
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_refused_again(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A gateway that refuses the renewed token too is the user's matter: one renewal, then reauth."""
    gateway.answer("/ivp/ensemble/secctrl", Status(401))
    gateway.answer("/auth/check_jwt", Status(401))
    await poll(hass, freezer)
    assert len(cloud.requests) == 2
    assert len(reauths(hass)) == 1


async def test_refused_by_both(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A token that the gateway refuses and a password that the cloud refuses need the user, who mends both."""
    cloud.add_account("owner@example.com", "changed")
    gateway.revoke(loaded.data[CONF_TOKEN])
    await poll(hass, freezer)
    (reauth,) = reauths(hass)
    flow = await answer(hass, await hass.config_entries.flow.async_configure(reauth), host=gateway.host)
    flow = await choose(hass, flow, "cloud")
    flow = await answer(hass, flow, username="owner@example.com", password="changed")
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_refused_while_the_cloud_is_away(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """No token and no cloud: unavailable, tried again after an hour, and nobody is asked."""
    cloud.answer(LOGIN, Status(502))
    gateway.revoke(loaded.data[CONF_TOKEN])
    await outlast(hass, freezer)
    assert states(hass, loaded)["agg_soc"] == STATE_UNAVAILABLE
    assert len(cloud.requests) == 1
    assert reauths(hass) == []
    cloud.clear()
    await poll(hass, freezer, 3600)
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda gateway: gateway.answer("*", Status(502)),
        lambda gateway: gateway.answer("*", Status(503, retry_after=1)),
        lambda gateway: gateway.answer("*", Status(504)),
        lambda gateway: setattr(gateway, "state", "refused"),
    ],
    ids=["502", "503", "504", "refused"],
)
async def test_outages_ask_nobody(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    spoil: Callable[[Gateway], None],
) -> None:
    """A gateway that is away or busy, also when it is asked about the token, is no reason to sign in again."""
    spoil(gateway)
    await outlast(hass, freezer)
    assert states(hass, loaded)["agg_soc"] == STATE_UNAVAILABLE
    gateway.clear()
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert reauths(hass) == []
    assert cloud.requests == []


async def test_ended_token_at_the_start(
    hass: HomeAssistant, cloud: Cloud, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """After a long holiday of Home Assistant the renewed token makes the set-up work."""
    freezer.tick(timedelta(days=400))
    entry = await set_up()
    assert entry.state is ConfigEntryState.LOADED
    assert len(cloud.requests) == 2


class TestShared:
    """The sign-in of core's entry."""

    @pytest.fixture
    def core(self, hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
        """Core's entry for the same gateway."""
        core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data={CONF_TOKEN: gateway.token()})
        core.add_to_hass(hass)
        return core

    @pytest.fixture
    def entry(self, gateway: Gateway, core: MockConfigEntry) -> MockConfigEntry:
        """An entry without a secret."""
        return MockConfigEntry(
            domain=DOMAIN,
            unique_id=gateway.serial,
            data={CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_EXISTING, CONF_CORE_ENTRY: core.entry_id},
        )

    async def test_new_token_of_core(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        cloud: Cloud,
        core: MockConfigEntry,
        loaded: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A token that core has renewed is in use at once."""
        old = core.data[CONF_TOKEN]
        await poll(hass, freezer, DAY)
        ends = states(hass, loaded)["token_expires"]
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.async_block_till_done()
        assert states(hass, loaded)["token_expires"] > ends
        gateway.revoke(old)
        await poll(hass, freezer)
        assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
        assert cloud.requests == []

    async def test_refused(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        loaded: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A refused token of core asks the user, until core has a better one."""
        gateway.revoke(core.data[CONF_TOKEN])
        await poll(hass, freezer)
        assert len(reauths(hass)) == 1
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: "no token"})
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert reauths(hass) == []
        assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])

    async def test_clock_ahead(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        loaded: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A token of core that seems to have ended is tried when ours is refused: the clock may be wrong."""
        now = gateway.clock()
        gateway.clock = lambda: now - 7200
        old = core.data[CONF_TOKEN]
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=3600)})
        gateway.revoke(old)
        await poll(hass, freezer)
        assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
        assert reauths(hass) == []

    async def test_removed(self, hass: HomeAssistant, core: MockConfigEntry, loaded: MockConfigEntry) -> None:
        """Without core's entry the user is asked for another way."""
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done()
        assert len(reauths(hass)) == 1
        await hass.config_entries.async_reload(loaded.entry_id)
        assert loaded.state is ConfigEntryState.SETUP_ERROR

    async def test_another_way(
        self, hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Who leaves core's sign-in for a token of their own does so without a noise."""
        flow = await begin(hass, SOURCE_RECONFIGURE, loaded.entry_id)
        flow = await choose(hass, await answer(hass, flow, host=gateway.host), "token")
        assert aborts(await answer(hass, flow, token=gateway.token()), "reconfigure_successful")
        await hass.async_block_till_done()
        assert loaded.state is ConfigEntryState.LOADED
        assert loaded.data.keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN}
        assert "ERROR" not in caplog.text

    async def test_set_up_with_a_refused_token(
        self, hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry, set_up: SetUp
    ) -> None:
        """An entry that core's token could not set up is set up by core's next one."""
        gateway.revoke(core.data[CONF_TOKEN])
        entry = await set_up()
        assert len(reauths(hass)) == 1
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert reauths(hass) == []

    @pytest.mark.parametrize("token", ["", "no token"])
    async def test_core_starts(
        self, hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry, set_up: SetUp, token: str
    ) -> None:
        """While core has not finished its start, its token may be about to be renewed."""
        core.mock_state(hass, ConfigEntryState.SETUP_RETRY)
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: token})
        entry = await set_up()
        assert entry.error_reason_translation_key == "core_not_ready"
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED
