"""Long times, in virtual time: tokens that end, and gateways that are away."""

from collections.abc import Callable
import random

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD
from tests.gateway import Body, Cloud, EarlyClose, Gateway, Reset, Status, Truncated
from tests.shown import poll, states
from tests.test_sign_in import issue_keys, reauths

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def role() -> str:
    """Whose token it is."""
    return "owner"


@pytest.fixture
def entry(gateway: Gateway, cloud: Cloud, role: str) -> MockConfigEntry:
    """An entry with an account, not yet added."""
    cloud.add_account("owner@example.com", "secret", role=role)
    lifetime = 365 * DAY if role == "owner" else 12 * HOUR
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway.serial,
        data={
            CONF_HOST: gateway.host,
            CONF_SIGN_IN: SIGN_IN_CLOUD,
            CONF_TOKEN: gateway.token(role=role, lifetime=lifetime),
            CONF_USERNAME: "owner@example.com",
            CONF_PASSWORD: "secret",
        },
    )


@pytest.mark.parametrize(
    ("role", "step", "steps", "renewals"),
    [("owner", DAY, 400, 1), ("installer", HOUR / 4, 7 * 24 * 4, 15)],
    ids=["a year of an owner", "a week of an installer"],
)
async def test_no_gap(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    step: float,
    steps: int,
    renewals: int,
) -> None:
    """A token is renewed when it is due, with two calls, and no value is ever missing."""
    shown = set()
    for _ in range(steps):
        await poll(hass, freezer, step)
        shown.add(states(hass, loaded)["agg_soc"])
    assert shown == {str(gateway.payload["agg_soc"])}
    assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"] * renewals
    assert {request.status for request in gateway.requests} == {200}
    assert reauths(hass) == issue_keys(hass) == []


async def test_a_shorter_token(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A refused token that lived for a year is renewed as one of 12 hours: that is looked after too."""
    cloud.add_account("owner@example.com", "secret", role="installer")
    gateway.revoke(loaded.data[CONF_TOKEN])
    shown = set()
    for _ in range(4 * 24):
        await poll(hass, freezer, HOUR / 4)
        shown.add(states(hass, loaded)["agg_soc"])
    assert shown == {str(gateway.payload["agg_soc"])}
    assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"] * 3
    assert reauths(hass) == issue_keys(hass) == []


TROUBLE: list[Callable[[Gateway], None]] = [
    lambda gateway: gateway.answer("*", Status(502)),
    lambda gateway: gateway.answer("*", Status(503, retry_after=30)),
    lambda gateway: gateway.answer("*", Status(504)),
    lambda gateway: gateway.answer("*", Reset()),
    lambda gateway: gateway.answer("*", EarlyClose()),
    lambda gateway: gateway.answer("*", Truncated(100)),
    lambda gateway: gateway.answer("*", Body(b"<html>")),
    lambda gateway: gateway.answer("/auth/check_jwt", Status(503)),
    lambda gateway: setattr(gateway, "state", "refused"),
    lambda gateway: setattr(gateway, "state", "bad_gateway"),
    lambda gateway: setattr(gateway, "state", "zeros"),
    lambda gateway: gateway.forget_sessions(),
]


async def test_a_day_of_trouble(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Restarts, overload and broken answers, all day long: nobody is asked to sign in, and the values come back."""
    chance = random.Random(1)  # noqa: S311 - the same day each time
    for _ in range(24 * 12):
        chance.choice(TROUBLE)(gateway)
        for _ in range(chance.randint(1, 3)):
            await poll(hass, freezer, 61)
        gateway.clear()
        gateway.state = "up"
        await poll(hass, freezer, 121)
        assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert reauths(hass) == []
    assert cloud.requests == []
