"""Diagnostics: what a bug report needs, without secrets and identities."""

from collections.abc import Mapping
import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.diagnostics import DOMAIN as DIAGNOSTICS
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.conftest import SetUp
from tests.emulator import Gateway, payload_bytes
from tests.oracle import expected_fields
from tests.polling import poll


async def download(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> Mapping[str, object]:
    """Download the diagnostics of an entry."""
    assert await async_setup_component(hass, DIAGNOSTICS, {})
    client = await hass_client()
    response = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert response.status == 200
    diagnostics = json.loads(await response.text())["data"]
    assert isinstance(diagnostics, dict)
    return diagnostics


async def test_report(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """The payload, the values that were read from it, invalid values, and unknown keys."""
    payload = dict(gateway.payload)
    new_keys = {
        "Serial_122300000001": 122300000001,
        "owner@example.com": "Jane",
        "new_flag": True,
        "bad\ud800": 1,
        "inner": {"x": 1.5, "deeper": {"y": 1}},
        "offgrid_secctrl": {"Z 1": 1.5},
    }
    gateway.body = json.dumps(payload | new_keys | {"agg_soc": "12"}).encode()
    diagnostics = await download(hass, hass_client, await set_up())
    position = len(payload)
    assert diagnostics["report"] == payload | {
        "agg_soc": "<str>",
        f"#{position}": "<int>",
        f"#{position + 1}": "<str>",
        "new_flag": True,
        f"#{position + 3}": 1,
        "inner": {"x": 1.5, "deeper": "<dict>"},
        "offgrid_secctrl": {"#0": 1.5},
    }
    new_paths = {f"#{position}", f"#{position + 1}", "new_flag", f"#{position + 3}", "inner", "offgrid_secctrl.#0"}
    unknown = diagnostics["unknown_keys"]
    assert isinstance(unknown, list)
    assert set(unknown) == new_paths
    assert diagnostics["bad_values"] == ["agg_soc"]
    assert diagnostics["fields"] == expected_fields(payload) | {"agg_soc": None}
    assert (diagnostics["storage"], diagnostics["iq_batteries"], diagnostics["ac_batteries"]) == (True, True, False)


async def test_polling(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Firmware, sign-in, and the last polls with their outcome."""
    await poll(hass, freezer)
    gateway.state = "overloaded"
    await poll(hass, freezer)
    diagnostics = await download(hass, hass_client, loaded_entry)
    assert (diagnostics["firmware"], diagnostics["part_number"], diagnostics["sign_in"]) == (
        "8.2.127",
        "800-00654-r08",
        "token",
    )
    assert diagnostics["token"] == {"role": "owner", "days_left": 364}
    assert diagnostics["report_age"] == 11
    polls = diagnostics["polls"]
    assert isinstance(polls, list)
    assert [one["outcome"] for one in polls] == ["ok", "ok", "cannot_connect"]
    assert polls[0]["size"] == len(payload_bytes(gateway.payload))


async def test_failed_setup(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """An entry whose setup failed has the reason."""
    gateway.state = "bad_gateway"
    diagnostics = await download(hass, hass_client, await set_up())
    assert (diagnostics["state"], diagnostics["reason"]) == ("setup_retry", "cannot_connect")


async def test_redaction(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """The diagnostics contain no serial number, host, or token."""
    text = json.dumps(await download(hass, hass_client, loaded_entry))
    assert gateway.serial not in text
    assert gateway.host not in text
    assert loaded_entry.data["token"] not in text


async def test_redaction_limits(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """Keys with 6 digits in a row or over 64 characters, and numbers from 10^9 on, may be identities."""
    position = len(gateway.payload)
    new_keys = {
        "key_12345": 10**9 - 1,
        "key_123456": 10**9,
        "k" * 64: 1 - 10**9,
        "k" * 65: -(10**9),
        "freq_bias_hz": 1e9,
        "nothing": None,
    }
    gateway.body = json.dumps(gateway.payload | new_keys).encode()
    diagnostics = await download(hass, hass_client, await set_up())
    assert diagnostics["report"] == gateway.payload | {
        "key_12345": 10**9 - 1,
        f"#{position + 1}": "<int>",
        "k" * 64: 1 - 10**9,
        f"#{position + 3}": "<int>",
        "freq_bias_hz": "<float>",
        "nothing": None,
    }
    fields = diagnostics["fields"]
    assert isinstance(fields, dict)
    assert fields["freq_bias_hz"] == "<float>"


async def test_key_with_a_dot(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """A key that looks like a path is redacted as a key."""
    position = len(gateway.payload)
    gateway.body = json.dumps(gateway.payload | {"Max_energy.x": 1, "offgrid_secctrl.x": 2, "x.y": 3}).encode()
    diagnostics = await download(hass, hass_client, await set_up())
    assert diagnostics["unknown_keys"] == [f"#{position}", f"#{position + 1}", f"#{position + 2}"]


async def test_options(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    """The options are included, except for the pinned certificate itself."""
    entry = await set_up()
    diagnostics = await download(hass, hass_client, entry)
    assert (diagnostics["interval"], diagnostics["pinned"]) == (10, False)
    certificate = gateway.fingerprint.hex()
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 30, "certificate": certificate})
    diagnostics = await download(hass, hass_client, entry)
    assert (diagnostics["interval"], diagnostics["pinned"]) == (30, True)
    assert certificate not in json.dumps(diagnostics)
