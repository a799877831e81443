"""The access token of an entry: renewal, sharing with Enphase Envoy, and when a reauth flow starts."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlow,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_USERNAME,
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
)
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_capture_events,
    async_fire_time_changed,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

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
from tests.emulator import Body, Cloud, Fault, Gateway, LoginResponse, Status
from tests.entity_states import entity_states
from tests.faults import CallFirst, Held
from tests.flow_manager import aborts, reauth_flows, select_option, start_flow, submit_form
from tests.issues import issue_keys
from tests.polling import fail_until_unavailable, poll, reject_until_final

HOUR = 3600.0
DAY = 24 * HOUR
LOGIN = "/login/login.json"
CODE_200 = b'{"success": true, "isBlocked": false}'


@pytest.fixture
def lifetime() -> float:
    """Lifetime of the first token, in seconds."""
    return 365 * DAY


@pytest.fixture
def entry(gateway: Gateway, lifetime: float) -> MockConfigEntry:
    """An entry with an account, not yet added to Home Assistant."""
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
    ("lifetime", "not_due", "due"),
    [(365 * DAY, 334.5 * DAY, 0.6 * DAY), (DAY / 2, DAY / 2 - 3700, 200.0)],
    ids=["owner", "installer"],
)
async def test_renewal_when_due(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    not_due: float,
    due: float,
) -> None:
    """A token is renewed once, with two cloud requests, in the background, without a reload or a failed poll."""
    first = loaded_entry.data[CONF_TOKEN]
    expires = entity_states(hass, loaded_entry)["token_expires"]
    await poll(hass, freezer, not_due)
    assert cloud.requests == []
    await poll(hass, freezer, due)
    await poll(hass, freezer)
    assert [request.path for request in cloud.requests] == [LOGIN, "/tokens"]
    assert loaded_entry.data[CONF_TOKEN] != first
    assert loaded_entry.data.keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN, CONF_USERNAME, CONF_PASSWORD}
    assert entity_states(hass, loaded_entry)["token_expires"] > expires
    assert {request.status for request in gateway.requests} == {200}
    assert [request.path for request in gateway.requests].count("/info") == 1
    assert issue_keys(hass) == []
    gateway.clear_sessions()
    gateway.revoke(first)
    await poll(hass, freezer)
    assert {request.status for request in gateway.requests} == {200}


@pytest.mark.parametrize(
    ("lifetime", "role", "step", "steps", "renewals"),
    [(365 * DAY, "owner", DAY, 400, 1), (DAY / 2, "installer", HOUR / 4, 7 * 24 * 4, 15)],
    ids=["400 days of an owner", "a week of an installer"],
)
async def test_no_gap(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    role: str,
    step: float,
    steps: int,
    renewals: int,
) -> None:
    """Tokens are renewed again and again, with two cloud requests each, and no poll fails."""
    cloud.add_account("owner@example.com", "secret", role=role)
    hass.loop.set_debug(False)  # its tracebacks take most of the time
    states = set()
    for _ in range(steps):
        await poll(hass, freezer, step)
        states.add(entity_states(hass, loaded_entry)["agg_soc"])
    assert states == {str(gateway.payload["agg_soc"])}
    assert [request.path for request in cloud.requests] == [LOGIN, "/tokens"] * renewals
    assert {request.status for request in gateway.requests} == {200}
    assert reauth_flows(hass) == issue_keys(hass) == []


async def test_shorter_lifetime(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A token of a year that is replaced by one of 12 hours is renewed accordingly."""
    cloud.add_account("owner@example.com", "secret", role="installer")
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    states = set()
    for _ in range(4 * 24):
        await poll(hass, freezer, HOUR / 4)
        states.add(entity_states(hass, loaded_entry)["agg_soc"])
    assert states == {str(gateway.payload["agg_soc"])}
    assert [request.path for request in cloud.requests] == [LOGIN, "/tokens"] * 3
    assert reauth_flows(hass) == issue_keys(hass) == []


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_cloud_unavailable_during_renewal(
    hass: HomeAssistant, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Renewal is retried once an hour while the cloud is unavailable; the issue is deleted when it succeeds."""
    cloud.inject(LOGIN, Status(503))
    await poll(hass, freezer, 19 * DAY)
    await poll(hass, freezer)
    assert issue_keys(hass) == ["token_ends"]
    for _ in range(4):
        await poll(hass, freezer, 1000)
    assert len(cloud.requests) == 2
    cloud.clear_faults()
    await poll(hass, freezer, 3600)
    await poll(hass, freezer)
    assert [request.path for request in cloud.requests[2:]] == [LOGIN, "/tokens"]
    assert issue_keys(hass) == []
    assert reauth_flows(hass) == []


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_rejected_renewals(
    hass: HomeAssistant, cloud: Cloud, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After three rejected renewals there are no more; a reauth flow starts when the gateway rejects the token."""
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 18.5 * DAY)
    for _ in range(10):
        await poll(hass, freezer, 3700)
    assert len(cloud.requests) == 3
    assert issue_keys(hass) == ["token_ends"]
    assert reauth_flows(hass) == []
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    await poll(hass, freezer, 2 * DAY)
    assert len(reauth_flows(hass)) == 1
    assert len(cloud.requests) == 3


async def test_rejected_token_is_renewed(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A token that the gateway rejects is renewed within the same poll."""
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
    assert len(cloud.requests) == 2
    assert reauth_flows(hass) == []


async def test_rejected_soon_after_renewal(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A token that is rejected soon after its scheduled renewal is renewed again an hour later."""
    first = loaded_entry.data[CONF_TOKEN]
    await poll(hass, freezer, 336 * DAY)
    await poll(hass, freezer)
    assert login_count(cloud) == 1
    gateway.revoke(first)
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer)
    await reject_until_final(hass, freezer)
    assert error_key(loaded_entry) == "renewal_paused"
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    assert (login_count(cloud), reauth_flows(hass)) == (1, [])
    await poll(hass, freezer, HOUR)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert (login_count(cloud), reauth_flows(hass)) == (2, [])


async def test_rejected_after_two_renewals(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """If the gateway rejects the token of a scheduled renewal, and the one that replaces it, a reauth flow starts."""
    await poll(hass, freezer, 336 * DAY)
    await poll(hass, freezer)
    gateway.clear_sessions()
    gateway.inject("/ivp/ensemble/secctrl", Status(401))
    gateway.inject("/auth/check_jwt", Status(401))
    await reject_until_final(hass, freezer)
    await poll(hass, freezer, HOUR)
    assert (login_count(cloud), reauth_flows(hass)) == (2, [])
    await reject_until_final(hass, freezer)
    assert login_count(cloud) == 2
    assert len(reauth_flows(hass)) == 1


@pytest.mark.parametrize("lifetime", [20 * DAY])
@pytest.mark.parametrize("response", ["blocked", "too_many"])
async def test_block_after_a_rejected_renewal(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    response: LoginResponse,
) -> None:
    """What the last renewal failed for decides; a block doesn't change how often the cloud has rejected one."""
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 18.5 * DAY)
    cloud.login_response = response
    await poll(hass, freezer, HOUR)
    assert login_count(cloud) == 2
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer)
    await reject_until_final(hass, freezer)
    assert (error_key(loaded_entry), reauth_flows(hass)) == ("renewal_paused", [])
    cloud.login_response = "ok"
    await poll(hass, freezer, HOUR)
    assert login_count(cloud) == 3
    await reject_until_final(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    await poll(hass, freezer, HOUR)
    assert login_count(cloud) == 3


@pytest.mark.parametrize("kind", ["other_gateway", "expired"])
async def test_token_that_cannot_be_used(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    kind: str,
) -> None:
    """A token for a different gateway, or an expired one, from the cloud is like an outage of the cloud."""
    tokens = {"other_gateway": gateway.token(serial="202200000002"), "expired": gateway.token(age=DAY, lifetime=HOUR)}
    for path in ("/tokens", "/entrez-auth-token"):
        cloud.inject(path, Body(tokens[kind].encode()))
    first = loaded_entry.data[CONF_TOKEN]
    gateway.revoke(first)
    for _ in range(5):
        await poll(hass, freezer, HOUR + 1)
        assert (error_key(loaded_entry), reauth_flows(hass)) == ("cloud_unavailable", [])
    assert (login_count(cloud), loaded_entry.data[CONF_TOKEN]) == (5, first)
    cloud.clear_faults()
    await poll(hass, freezer, HOUR + 1)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_sign_in_changed_during_renewal(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A renewal that finishes after the user has changed the sign-in, but before the reload, changes nothing."""
    chosen = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()}

    cloud.inject(LOGIN, CallFirst(lambda: hass.config_entries.async_update_entry(loaded_entry, data=chosen)))
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert loaded_entry.data == chosen
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_renewed_token_rejected(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """If the gateway rejects the renewed token too, for longer than a restart takes, a reauth flow starts."""
    gateway.inject("/ivp/ensemble/secctrl", Status(401))
    gateway.inject("/auth/check_jwt", Status(401))
    await poll(hass, freezer)
    assert len(cloud.requests) == 2
    assert reauth_flows(hass) == []
    await reject_until_final(hass, freezer)
    assert len(cloud.requests) == 2
    assert len(reauth_flows(hass)) == 1


async def test_rejected_by_gateway_and_cloud(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """If the gateway rejects the token and the cloud the password, a reauth flow starts; it fixes both."""
    cloud.add_account("owner@example.com", "changed")
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await reject_until_final(hass, freezer)
    (reauth,) = reauth_flows(hass)
    flow = await submit_form(hass, await hass.config_entries.flow.async_configure(reauth), host=gateway.host)
    flow = await select_option(hass, flow, "cloud")
    flow = await submit_form(hass, flow, username="owner@example.com", password="changed")
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_rejected_while_cloud_unavailable(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A rejected token is renewed after an hour if the cloud was unavailable; no reauth flow starts."""
    cloud.inject(LOGIN, Status(502))
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await fail_until_unavailable(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    assert len(cloud.requests) == 1
    assert reauth_flows(hass) == []
    cloud.clear_faults()
    await poll(hass, freezer, 3600)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


@pytest.mark.parametrize(
    "inject",
    [
        lambda gateway: gateway.inject("*", Status(502)),
        lambda gateway: gateway.inject("*", Status(503, retry_after=1)),
        lambda gateway: gateway.inject("*", Status(504)),
        lambda gateway: setattr(gateway, "state", "refused"),
    ],
    ids=["502", "503", "504", "refused"],
)
async def test_outage_starts_no_reauth(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    inject: Callable[[Gateway], None],
) -> None:
    """A gateway that is unreachable or overloaded, even while it checks a token, starts no reauth flow."""
    inject(gateway)
    await fail_until_unavailable(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    gateway.clear_faults()
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert reauth_flows(hass) == []
    assert cloud.requests == []


async def test_expired_token_at_startup(
    hass: HomeAssistant, cloud: Cloud, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """A token that expired while Home Assistant wasn't running is renewed during setup."""
    freezer.tick(timedelta(days=400))
    entry = await set_up()
    assert entry.state is ConfigEntryState.LOADED
    assert len(cloud.requests) == 2


def error_key(entry: MockConfigEntry) -> str | None:
    """Return the translation key of the last error of a running entry."""
    err = entry.runtime_data.last_exception
    assert isinstance(err, HomeAssistantError)
    return err.translation_key


def login_count(cloud: Cloud) -> int:
    """Return how many sign-ins the cloud has received."""
    return [request.path for request in cloud.requests].count(LOGIN)


@pytest.mark.parametrize("lifetime", [20 * DAY])
@pytest.mark.parametrize(
    ("faults", "logins", "actions"), [((), 1, []), ((Status(503),), 2, ["create", "remove"])], ids=["first", "second"]
)
async def test_successful_renewal_creates_no_issue(
    hass: HomeAssistant,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    faults: tuple[Fault, ...],
    logins: int,
    actions: list[str],
) -> None:
    """A successful renewal never creates an issue, not even for a moment, whether earlier ones failed or not."""
    events = async_capture_events(hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)
    cloud.inject(LOGIN, *faults, times=1)
    for seconds in (19 * DAY, 11, 3700, 11):
        await poll(hass, freezer, seconds)
    assert [event.data["action"] for event in events] == actions
    assert login_count(cloud) == logins
    for seconds in (335.5 * DAY, 11):
        await poll(hass, freezer, seconds)
    assert login_count(cloud) == logins + 1
    assert [event.data["action"] for event in events] == actions


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_rejected_renewals_are_counted_from_the_last_success(
    hass: HomeAssistant, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After a successful renewal, renewals stop when three more in a row were rejected."""
    cloud.add_account("owner@example.com", "changed")
    for seconds in (18.5 * DAY, 3700):
        await poll(hass, freezer, seconds)
    cloud.add_account("owner@example.com", "secret")
    await poll(hass, freezer, 3700)
    assert login_count(cloud) == 3
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 335.5 * DAY)
    for _ in range(6):
        await poll(hass, freezer, 3700)
    assert login_count(cloud) == 3 + 3


async def test_rejected_twice_within_an_hour(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """If a token that replaced a rejected one is rejected within the hour, a reauth flow starts."""
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await reject_until_final(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    assert len(reauth_flows(hass)) == 1
    assert login_count(cloud) == 1


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_rejected_by_cloud_then_by_gateway(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """If the gateway rejects the token within an hour after the cloud has rejected a renewal, a reauth flow starts."""
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 18.5 * DAY)
    assert reauth_flows(hass) == []
    gateway.clear_sessions()
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await reject_until_final(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    assert login_count(cloud) == 1


async def test_rejected_token_after_an_earlier_renewal_of_one(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A token that is rejected again and again is renewed once an hour, without a reauth flow."""
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer)
    await poll(hass, freezer, 335.5 * DAY)
    assert login_count(cloud) == 2
    gateway.clear_sessions()
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert error_key(loaded_entry) == "renewal_paused"
    assert reauth_flows(hass) == []

    await poll(hass, freezer, 3700)
    assert login_count(cloud) == 3
    gateway.clear_sessions()
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    cloud.inject(LOGIN, Status(503), times=1)
    await poll(hass, freezer, 3700)
    await poll(hass, freezer, 61)
    assert login_count(cloud) == 4
    assert error_key(loaded_entry) == "renewal_paused"
    assert reauth_flows(hass) == []
    await poll(hass, freezer, 3700)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_setup_retries_renew_once_an_hour(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A setup that is retried every minute tries a renewal once an hour."""
    gateway.revoke(entry.data[CONF_TOKEN])
    cloud.inject(LOGIN, Status(503))
    await set_up()
    assert (entry.state, entry.error_reason_translation_key) == (ConfigEntryState.SETUP_RETRY, "cloud_unavailable")
    gateway.requests.clear()
    for _ in range(30):
        await poll(hass, freezer, 100)
    assert (entry.state, entry.error_reason_translation_key) == (ConfigEntryState.SETUP_RETRY, "renewal_paused")
    assert len(gateway.requests) >= 30
    assert login_count(cloud) == 1
    await poll(hass, freezer, 700)
    assert login_count(cloud) == 2
    cloud.clear_faults()
    await poll(hass, freezer, 3700)
    assert entry.state is ConfigEntryState.LOADED
    assert reauth_flows(hass) == []


@pytest.mark.parametrize("lifetime", [20 * DAY])
@pytest.mark.parametrize(("pause", "logins"), [(500, 1), (3700, 3)])
async def test_reloads_cause_no_more_renewals(
    hass: HomeAssistant,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    pause: float,
    logins: int,
) -> None:
    """The limits of renewals, once an hour and three rejected ones in a row, hold across reloads; so does the issue."""
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 18.5 * DAY)
    for _ in range(6):
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        await poll(hass, freezer, pause)
        assert issue_keys(hass) == ["token_ends"]
    assert login_count(cloud) == logins


@pytest.mark.parametrize("lifetime", [20 * DAY])
@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_new_sign_in_allows_renewals_again(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    source: str,
) -> None:
    """After three rejected renewals, a new sign-in allows the next renewal at once."""
    cloud.add_account("owner@example.com", "changed")
    await poll(hass, freezer, 18.5 * DAY)
    for _ in range(3):
        await poll(hass, freezer, 3700)
    assert login_count(cloud) == 3
    flow = await submit_form(hass, await start_flow(hass, source, loaded_entry.entry_id), host=gateway.host)
    flow = await select_option(hass, flow, "cloud")
    flow = await submit_form(hass, flow, username="owner@example.com", password="changed")
    assert aborts(flow, f"{source}_successful")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue_keys(hass) == []
    assert login_count(cloud) == 4
    gateway.clear_sessions()
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer)
    assert login_count(cloud) == 5
    assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
    assert reauth_flows(hass) == []


@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_removed_entry_leaves_no_renewal_history(
    hass: HomeAssistant, cloud: Cloud, loaded_entry: MockConfigEntry, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Removing an entry deletes its renewal history: if it is added again, it renews its token at once."""
    cloud.inject(LOGIN, Status(503))
    await poll(hass, freezer, 19 * DAY)
    assert login_count(cloud) == 1
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    await set_up()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert login_count(cloud) == 2


@pytest.mark.timeout(30)
@pytest.mark.parametrize("lifetime", [20 * DAY])
async def test_stalled_renewal_delays_nothing(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """A renewal without a response delays neither setup nor a poll, and unloading cancels it."""
    held, changed = Held(), asyncio.Event()
    cloud.inject(LOGIN, held)
    freezer.tick(timedelta(days=19))
    entry = await set_up()
    assert entry.state is ConfigEntryState.LOADED
    await held.holding.wait()
    assert issue_keys(hass) == []

    gateway.payload["agg_soc"] = 99
    hass.bus.async_listen_once(EVENT_STATE_CHANGED, callback(lambda _: changed.set()))
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await changed.wait()
    await hass.async_block_till_done()
    assert entity_states(hass, entry)["agg_soc"] == "99"
    assert login_count(cloud) == 1

    first = entry.data[CONF_TOKEN]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state.value == "not_loaded"
    cloud.clear_faults()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data[CONF_TOKEN] == first
    assert [request.path for request in cloud.requests] == [LOGIN]


class TestShared:
    """The token of an Enphase Envoy entry."""

    @pytest.fixture
    def core(self, hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
        """The Enphase Envoy entry of the same gateway."""
        core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data={CONF_TOKEN: gateway.token()})
        core.add_to_hass(hass)
        return core

    @pytest.fixture
    def entry(self, gateway: Gateway, core: MockConfigEntry) -> MockConfigEntry:
        """An entry that uses the token of the Enphase Envoy entry."""
        return MockConfigEntry(
            domain=DOMAIN,
            unique_id=gateway.serial,
            data={CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_EXISTING, CONF_CORE_ENTRY: core.entry_id},
        )

    async def test_core_renews_token(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        cloud: Cloud,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A token that Enphase Envoy has renewed is used at once."""
        old = core.data[CONF_TOKEN]
        await poll(hass, freezer, DAY)
        expires = entity_states(hass, loaded_entry)["token_expires"]
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entity_states(hass, loaded_entry)["token_expires"] > expires
        gateway.revoke(old)
        gateway.payload["agg_soc"] = 99
        await poll(hass, freezer)
        assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
        assert cloud.requests == []

    async def test_no_reminder(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        cloud: Cloud,
        loaded_entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A shared token that expires soon is left to Enphase Envoy: there is no renewal and no issue."""
        await poll(hass, freezer, 336 * DAY)
        await poll(hass, freezer)
        assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
        assert issue_keys(hass) == []
        assert cloud.requests == []

    async def test_rejected(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A rejected token starts a reauth flow, which is aborted when Enphase Envoy has a valid token."""
        gateway.revoke(core.data[CONF_TOKEN])
        await reject_until_final(hass, freezer)
        assert len(reauth_flows(hass)) == 1
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: "no token"})
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert reauth_flows(hass) == []
        assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])

    async def test_expired_token_of_core(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """An expired token of Enphase Envoy is tried when the current one is rejected: the clock may be wrong."""
        now = gateway.clock()
        gateway.clock = lambda: now - 7200
        old = core.data[CONF_TOKEN]
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=3600)})
        gateway.revoke(old)
        await hass.async_block_till_done(wait_background_tasks=True)
        gateway.payload["agg_soc"] = 99
        await poll(hass, freezer)
        assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
        assert reauth_flows(hass) == []

    async def test_core_entry_removed(
        self, hass: HomeAssistant, core: MockConfigEntry, loaded_entry: MockConfigEntry
    ) -> None:
        """When the Enphase Envoy entry is removed, a reauth flow starts, and setup fails."""
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert len(reauth_flows(hass)) == 1
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        assert loaded_entry.state is ConfigEntryState.SETUP_ERROR

    async def test_change_of_sign_in(
        self, hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Changing from the shared token to a pasted one logs no error."""
        flow = await start_flow(hass, SOURCE_RECONFIGURE, loaded_entry.entry_id)
        flow = await select_option(hass, await submit_form(hass, flow, host=gateway.host), "token")
        assert aborts(await submit_form(hass, flow, token=gateway.token()), "reconfigure_successful")
        await hass.async_block_till_done(wait_background_tasks=True)
        assert loaded_entry.state is ConfigEntryState.LOADED
        assert loaded_entry.data.keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN}
        assert "ERROR" not in caplog.text

    async def test_setup_with_rejected_token(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        set_up: SetUp,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """An entry whose setup failed with a rejected token is set up when Enphase Envoy has a new one."""
        gateway.revoke(core.data[CONF_TOKEN])
        entry = await set_up()
        await reject_until_final(hass, freezer)
        assert len(reauth_flows(hass)) == 1
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.state is ConfigEntryState.LOADED
        assert reauth_flows(hass) == []

    @pytest.mark.parametrize("token", ["", "no token"])
    async def test_core_in_setup(
        self, hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry, set_up: SetUp, token: str
    ) -> None:
        """While Enphase Envoy is in setup, an invalid token doesn't start a reauth flow: it may be renewed soon."""
        core.mock_state(hass, ConfigEntryState.SETUP_RETRY)
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: token})
        entry = await set_up()
        assert entry.error_reason_translation_key == "core_not_ready"
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED

    @pytest.mark.parametrize(
        ("core_state", "hass_state"),
        [
            (ConfigEntryState.SETUP_RETRY, CoreState.running),
            (ConfigEntryState.SETUP_IN_PROGRESS, CoreState.running),
            (ConfigEntryState.NOT_LOADED, CoreState.not_running),
        ],
    )
    @pytest.mark.parametrize(
        ("renews", "state", "flows"), [(True, ConfigEntryState.LOADED, 0), (False, ConfigEntryState.SETUP_ERROR, 1)]
    )
    async def test_rejected_while_core_starts(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        set_up: SetUp,
        freezer: FrozenDateTimeFactory,
        core_state: ConfigEntryState,
        hass_state: CoreState,
        renews: bool,
        state: ConfigEntryState,
        flows: int,
    ) -> None:
        """A rejected token starts a reauth flow only when Enphase Envoy has finished its setup without a new one."""
        tokens = {True: gateway.token(lifetime=DAY), False: core.data[CONF_TOKEN]}
        gateway.revoke(core.data[CONF_TOKEN])
        core.mock_state(hass, core_state)
        hass.set_state(hass_state)
        entry = await set_up()
        assert (entry.state, entry.error_reason_translation_key) == (ConfigEntryState.SETUP_RETRY, "core_not_ready")
        assert reauth_flows(hass) == []
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: tokens[renews]})
        core.mock_state(hass, ConfigEntryState.LOADED)
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await hass.async_block_till_done(wait_background_tasks=True)
        await poll(hass, freezer, 61)
        await reject_until_final(hass, freezer)
        assert entry.state is state
        assert len(reauth_flows(hass)) == flows

    @pytest.mark.parametrize("core_state", [ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_IN_PROGRESS])
    async def test_rejected_while_core_reloads(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
        core_state: ConfigEntryState,
    ) -> None:
        """A token that is rejected while Enphase Envoy is set up again starts no reauth flow."""
        core.mock_state(hass, core_state)
        gateway.revoke(core.data[CONF_TOKEN])
        await fail_until_unavailable(hass, freezer)
        assert error_key(loaded_entry) == "core_not_ready"
        assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
        assert reauth_flows(hass) == []
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=DAY)})
        core.mock_state(hass, ConfigEntryState.LOADED)
        await hass.async_block_till_done(wait_background_tasks=True)
        await poll(hass, freezer, 61)
        assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])

    async def test_expired_token_is_not_used(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        freezer: FrozenDateTimeFactory,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
    ) -> None:
        """An expired token of Enphase Envoy doesn't replace one that is valid."""
        expires = entity_states(hass, loaded_entry)["token_expires"]
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=3600, age=7200)})
        await hass.async_block_till_done(wait_background_tasks=True)
        gateway.clear_sessions()
        gateway.requests.clear()
        await poll(hass, freezer)
        assert entity_states(hass, loaded_entry)["token_expires"] == expires
        assert [request.status for request in gateway.requests] == [200]
        assert reauth_flows(hass) == []

    async def test_new_token_causes_no_poll(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        freezer: FrozenDateTimeFactory,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
    ) -> None:
        """A new token causes an extra poll only if the previous one was rejected."""
        gateway.requests.clear()
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=DAY)})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert gateway.requests == []
        gateway.clear_sessions()
        gateway.revoke(core.data[CONF_TOKEN])
        await reject_until_final(hass, freezer)
        assert len(reauth_flows(hass)) == 1
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=2 * DAY)})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
        await poll(hass, freezer)
        gateway.requests.clear()
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=3 * DAY)})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert gateway.requests == []

    async def test_reauth_stays_open_without_core(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        freezer: FrozenDateTimeFactory,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
    ) -> None:
        """The reauth flow stays open while the gateway still accepts the token of the removed Enphase Envoy entry."""
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        opened = reauth_flows(hass)
        gateway.payload["agg_soc"] = 99
        await poll(hass, freezer)
        assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
        assert reauth_flows(hass) == opened
        assert len(opened) == 1

    @pytest.mark.parametrize("disabled_by", [None, ConfigEntryDisabler.USER])
    async def test_removed_after_a_rejected_token(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        set_up: SetUp,
        freezer: FrozenDateTimeFactory,
        disabled_by: ConfigEntryDisabler | None,
    ) -> None:
        """The reauth flow after a failed setup stays open when the Enphase Envoy entry is removed, disabled or not."""
        await hass.config_entries.async_set_disabled_by(core.entry_id, disabled_by)
        gateway.revoke(core.data[CONF_TOKEN])
        entry = await set_up()
        await reject_until_final(hass, freezer)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        opened = reauth_flows(hass)
        assert len(opened) == 1
        gateway.requests.clear()
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert reauth_flows(hass) == opened
        assert gateway.requests == []

    @pytest.mark.usefixtures("loaded_entry")
    async def test_removed_while_disabled(self, hass: HomeAssistant, core: MockConfigEntry) -> None:
        """The removal of an Enphase Envoy entry that was disabled starts a reauth flow too."""
        await hass.config_entries.async_set_disabled_by(core.entry_id, ConfigEntryDisabler.USER)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert reauth_flows(hass) == []
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert len(reauth_flows(hass)) == 1

    async def test_core_is_removed_after_unload(
        self,
        hass: HomeAssistant,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A disabled entry ignores the removal of the Enphase Envoy entry; once it is enabled, a reauth flow starts."""
        await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, ConfigEntryDisabler.USER)
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: "no token"})
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert loaded_entry.state.value == "not_loaded"
        assert reauth_flows(hass) == []
        assert "ERROR" not in caplog.text
        await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, None)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert loaded_entry.state is ConfigEntryState.SETUP_ERROR
        assert len(reauth_flows(hass)) == 1

    @pytest.mark.parametrize(
        ("domain", "unique_id"),
        [("unrelated", "122300000001"), ("unrelated", "122300000002"), (CORE_DOMAIN, "122300000002")],
    )
    @pytest.mark.parametrize("shared", [True, False])
    @pytest.mark.parametrize(
        ("faults", "state", "flows"),
        [((), ConfigEntryState.LOADED, 0), ((Status(401),), ConfigEntryState.SETUP_ERROR, 1)],
        ids=["loaded", "rejected"],
    )
    async def test_unrelated_entries(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        entry: MockConfigEntry,
        set_up: SetUp,
        freezer: FrozenDateTimeFactory,
        domain: str,
        unique_id: str,
        shared: bool,
        faults: tuple[Fault, ...],
        state: ConfigEntryState,
        flows: int,
    ) -> None:
        """Entries that are added, updated, and removed have no effect, except the one whose token is shared."""
        own = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()}
        entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(entry, data={True: entry.data, False: own}[shared])
        gateway.inject("/ivp/ensemble/secctrl", *faults)
        core.mock_state(hass, ConfigEntryState.LOADED)
        await set_up()
        await reject_until_final(hass, freezer)
        assert entry.state is state
        opened = reauth_flows(hass)
        assert len(opened) == flows
        gateway.requests.clear()

        setup_entry = AsyncMock(return_value=True)
        unload_entry = AsyncMock(return_value=True)
        mock_integration(hass, MockModule(domain, async_setup_entry=setup_entry, async_unload_entry=unload_entry))
        mock_platform(hass, f"{domain}.config_flow")
        unrelated = MockConfigEntry(domain=domain, unique_id=unique_id)
        with mock_config_flow(domain, ConfigFlow):
            await hass.config_entries.async_add(unrelated)
            assert unrelated.state is ConfigEntryState.LOADED
            hass.config_entries.async_update_entry(unrelated, data={CONF_TOKEN: gateway.token(serial=unique_id)})
            await hass.config_entries.async_reload(unrelated.entry_id)
            await hass.config_entries.async_remove(unrelated.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.state is state
        assert reauth_flows(hass) == opened
        assert gateway.requests == []

    @pytest.mark.parametrize(
        ("faults", "state", "flows"),
        [((), ConfigEntryState.LOADED, 0), ((Status(401),), ConfigEntryState.SETUP_ERROR, 1)],
        ids=["loaded", "rejected"],
    )
    async def test_entry_with_its_own_token(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        core: MockConfigEntry,
        entry: MockConfigEntry,
        set_up: SetUp,
        freezer: FrozenDateTimeFactory,
        faults: tuple[Fault, ...],
        state: ConfigEntryState,
        flows: int,
    ) -> None:
        """An entry with a token of its own ignores the Enphase Envoy entry of the same gateway."""
        own = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway.token()}
        entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(entry, data=own)
        core.mock_state(hass, ConfigEntryState.SETUP_RETRY)
        gateway.inject("/ivp/ensemble/secctrl", *faults)
        await set_up()
        await reject_until_final(hass, freezer)
        assert entry.state is state
        opened = reauth_flows(hass)
        assert len(opened) == flows
        gateway.requests.clear()
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=DAY)})
        core.mock_state(hass, ConfigEntryState.LOADED)
        await hass.config_entries.async_remove(core.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.state is state
        assert reauth_flows(hass) == opened
        assert gateway.requests == []

    async def test_core_without_a_new_token(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        freezer: FrozenDateTimeFactory,
        core: MockConfigEntry,
        loaded_entry: MockConfigEntry,
    ) -> None:
        """After a rejected token, a change of the Enphase Envoy entry causes no poll unless it has a new token."""
        gateway.revoke(core.data[CONF_TOKEN])
        await reject_until_final(hass, freezer)
        opened = reauth_flows(hass)
        assert len(opened) == 1
        gateway.requests.clear()
        core.mock_state(hass, ConfigEntryState.LOADED)
        hass.config_entries.async_update_entry(core, title="Envoy")
        await hass.async_block_till_done(wait_background_tasks=True)
        assert gateway.requests == []
        assert reauth_flows(hass) == opened
        assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
