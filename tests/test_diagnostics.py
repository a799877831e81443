"""Diagnostics: enough for a bug report, and nobody's name in it."""

from collections.abc import Mapping
import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.diagnostics import DOMAIN as DIAGNOSTICS
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.conftest import SetUp
from tests.gateway import Gateway
from tests.oracle import expected
from tests.shown import poll


async def _diagnostics(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> Mapping[str, object]:
    assert await async_setup_component(hass, DIAGNOSTICS, {})
    client = await hass_client()
    response = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert response.status == 200
    found = json.loads(await response.text())["data"]
    assert isinstance(found, dict)
    return found


async def test_report(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """The report as it came, as it was understood, and what nobody knows."""
    payload = dict(gateway.payload)
    news = {
        "Serial_122300000001": 122300000001,
        "owner@example.com": "Jane",
        "new_flag": True,
        "bad\ud800": 1,
        "inner": {"x": 1.5, "deeper": {"y": 1}},
        "offgrid_secctrl": {"Z 1": 1.5},
    }
    gateway.body = json.dumps(payload | news | {"agg_soc": "12"}).encode()
    found = await _diagnostics(hass, hass_client, await set_up())
    first = len(payload)
    assert found["report"] == payload | {
        "agg_soc": "<str>",
        f"#{first}": "<int>",
        f"#{first + 1}": "<str>",
        "new_flag": True,
        f"#{first + 3}": 1,
        "inner": {"x": 1.5, "deeper": "<dict>"},
        "offgrid_secctrl": {"#0": 1.5},
    }
    new = {f"#{first}", f"#{first + 1}", "new_flag", f"#{first + 3}", "inner", "offgrid_secctrl.#0"}
    unknown = found["unknown_keys"]
    assert isinstance(unknown, list)
    assert set(unknown) == new
    assert found["bad_values"] == ["agg_soc"]
    assert found["fields"] == expected(payload) | {"agg_soc": None}
    assert (found["storage"], found["iq_batteries"], found["ac_batteries"]) == (True, True, False)


async def test_how_it_was_got(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Firmware, sign-in, and the last polls with their outcome."""
    gateway.state = "overloaded"
    await poll(hass, freezer)
    found = await _diagnostics(hass, hass_client, loaded)
    assert (found["firmware"], found["part_number"], found["sign_in"]) == ("8.2.127", "800-00654-r08", "token")
    assert found["token"] == {"role": "owner", "days_left": 364}
    polls = found["polls"]
    assert isinstance(polls, list)
    assert [one["outcome"] for one in polls] == ["ok", "cannot_connect"]
    assert polls[0]["size"] == len(gateway_body(gateway))


def gateway_body(gateway: Gateway) -> bytes:
    """Return the bytes of the gateway's answer."""
    return json.dumps(gateway.payload, indent=4).encode()


async def test_before_the_first_report(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """A set-up that fails says why."""
    gateway.state = "bad_gateway"
    found = await _diagnostics(hass, hass_client, await set_up())
    assert (found["state"], found["reason"]) == ("setup_retry", "cannot_connect")


async def test_identities(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Neither serial nor host nor token stands in it."""
    text = json.dumps(await _diagnostics(hass, hass_client, loaded))
    assert gateway.serial not in text
    assert gateway.host not in text
    assert loaded.data["token"] not in text
