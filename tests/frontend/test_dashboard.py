"""The dashboard strategy generates a dashboard that works for each kind of system, and in each language."""

from functools import partial
import json
import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.template import Template
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.enphase_secctrl import fields
from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN
from tests.conftest import SetUp
from tests.emulator import Gateway
from tests.polling import fail_until_unavailable, poll

from .strategy import MODULE, Config, Strategy, cards, entity_ids, headings

TRANSLATIONS = {
    file.stem: json.loads(file.read_text())["common"]
    for file in sorted((MODULE.parents[1] / "translations").glob("*.json"))
}
ENGLISH = TRANSLATIONS["en"]
CARD_TYPES = {"heading", "markdown", "tile", "entities", "distribution", "history-graph", "statistics-graph"}
SCENARIOS = [
    *("day", "7.3_charging", "8.1_idle", "8.2_iq_and_acb", "8.3_acb_only", "8.3_all_keys", "legacy_9_keys"),
    *("7.6_no_storage", "8.2_no_storage", "8.3_no_storage"),
]


@pytest.fixture
def strategy(hass: HomeAssistant, frontend_page: None, hass_ws_client: WebSocketGenerator) -> Strategy:
    """The strategy, in a Home Assistant with a frontend."""
    return Strategy(partial(hass_ws_client, hass))


def our_entities(hass: HomeAssistant) -> list[er.RegistryEntry]:
    """Return the entities of the integration that aren't disabled."""
    entities = er.async_get(hass).entities.values()
    return [entity for entity in entities if entity.platform == DOMAIN and not entity.disabled]


def entity_id(hass: HomeAssistant, key: str) -> str:
    """Return the entity ID of a field of the gateway."""
    (found,) = [entity.entity_id for entity in our_entities(hass) if entity.unique_id.partition("_")[2] == key]
    return found


def device_of(hass: HomeAssistant, serial: str) -> dr.DeviceEntry:
    """Return the device of the gateway with this serial number."""
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, serial)
    assert entry
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device


def header(hass: HomeAssistant, dashboard: Config) -> str:
    """Return the text at the top of the first view, as Home Assistant renders it."""
    content = dashboard["views"][0]["header"]["card"]["content"]
    return re.sub(r"\s*\n\s*", " ", Template(content, hass).async_render().strip())


async def set_up_second_gateway(hass: HomeAssistant, scenario: str) -> Gateway:
    """Set up an entry for a second gateway."""
    gateway = Gateway(scenario=scenario, serial="122300000002")
    await gateway.start()
    data = {"host": gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, "token": gateway.token()}
    entry = MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return gateway


def check_cards(hass: HomeAssistant, dashboard: Config) -> None:
    """Check that the dashboard shows exactly the entities that aren't disabled, in cards that Home Assistant has."""
    assert entity_ids(dashboard) == {entity.entity_id for entity in our_entities(hass)}
    assert [view["path"] for view in dashboard["views"]] == ["batteries", "diagnostics"]
    shown = [*cards(dashboard)]
    assert {card["type"] for card in shown} <= CARD_TYPES
    parts = [part for card in shown if card["type"] != "heading" for part in card.get("entities", [card])]
    assert [part for part in parts if "entity" in part and part["name"] != {"type": "entity"}] == []
    assert [card for card in shown if card.get("entities") == []] == []
    assert [view for view in dashboard["views"] for section in view["sections"] if len(section["cards"]) == 1] == []


# --- Which entities


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_default_entities(
    hass: HomeAssistant, gateway: Gateway, strategy: Strategy, set_up: SetUp, scenario: str
) -> None:
    """A new installation works for each kind of system, even without batteries or with AC Batteries only."""
    gateway.scenario = scenario
    await set_up()
    check_cards(hass, await strategy.generate())


@pytest.mark.usefixtures("all_enabled")
async def test_every_entity(
    hass: HomeAssistant,
    gateway: Gateway,
    strategy: Strategy,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """If all entities are enabled, the dashboard shows each row of the table of fields."""
    for scenario in SCENARIOS:
        gateway.scenario = scenario
        await poll(hass, freezer)
    rows = (*fields.FIELDS, *fields.ESTIMATES, fields.AT_RESERVE, fields.LAST_REPORT, fields.TOKEN_EXPIRES)
    assert {entity.unique_id for entity in our_entities(hass)} == {f"{gateway.serial}_{row.key}" for row in rows}
    check_cards(hass, await strategy.generate())


@pytest.mark.usefixtures("all_enabled")
async def test_snapshot(
    hass: HomeAssistant, gateway: Gateway, strategy: Strategy, set_up: SetUp, snapshot: SnapshotAssertion
) -> None:
    """The whole dashboard of a system with IQ Batteries and AC Batteries."""
    gateway.scenario = "8.2_iq_and_acb"
    entry = await set_up()
    device = device_of(hass, str(entry.unique_id))
    text = json.dumps(await strategy.generate()).replace(device.id, "DEVICE_ID")
    assert json.loads(text) == snapshot(extension_class=HomeAssistantSnapshotExtension)


async def test_renamed_entity(hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry) -> None:
    """An entity with a different ID is in the same places."""
    old_id = entity_id(hass, "agg_soc")
    before = await strategy.generate()
    er.async_get(hass).async_update_entity(old_id, new_entity_id="sensor.house", name="House")
    await hass.async_block_till_done()
    after = await strategy.generate()
    assert json.dumps(after) == json.dumps(before).replace(old_id, "sensor.house")
    assert after != before
    check_cards(hass, after)


DISABLED: Config = {"disabled_by": er.RegistryEntryDisabler.USER}
HIDDEN: Config = {"hidden_by": er.RegistryEntryHider.USER}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("agg_soc", HIDDEN),
        *((key, DISABLED) for key in ("agg_soc", "energy_above_reserve", "agg_backup_energy", "adjusted_backup_soc")),
    ],
)
async def test_entity_left_out(
    hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry, key: str, change: Config
) -> None:
    """A disabled or hidden entity is left out, also in templates and conditions."""
    entity = entity_id(hass, key)
    er.async_get(hass).async_update_entity(entity, **change)
    await hass.async_block_till_done()
    dashboard = await strategy.generate()
    assert entity not in json.dumps(dashboard)
    others = {one.entity_id for one in our_entities(hass)} - {entity}
    assert entity_ids(dashboard) == others
    assert "undefined" not in json.dumps(dashboard)
    assert Template(dashboard["views"][0]["header"]["card"]["content"], hass).async_render() is not None


@pytest.mark.parametrize("change", [DISABLED, HIDDEN], ids=["disabled", "hidden"])
async def test_no_entity(
    hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry, change: Config
) -> None:
    """If all entities are disabled or hidden, a card says so, with a link to the device page."""
    registry = er.async_get(hass)
    for entity in our_entities(hass):
        registry.async_update_entity(entity.entity_id, **change)
    await hass.async_block_till_done()
    (view,) = (await strategy.generate())["views"]
    (card,) = cards(view)
    device = device_of(hass, str(loaded_entry.unique_id))
    assert card["type"] == "markdown"
    assert card["content"] == ENGLISH["no_entities"].format(link=f"/config/devices/device/{device.id}")


# --- Which gateways


async def test_no_gateway(strategy: Strategy) -> None:
    """Without an entry, a card says how to add one."""
    (view,) = (await strategy.generate())["views"]
    (card,) = cards(view)
    assert card["content"] == ENGLISH["no_gateway"].format(link=f"/config/integrations/dashboard/add?domain={DOMAIN}")
    assert strategy.requests == ["frontend/get_translations"]


async def test_disabled_device(hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry) -> None:
    """A gateway whose device is disabled is left out; if there is no other one, a card says how to enable it."""
    other = await set_up_second_gateway(hass, "8.3_full")
    devices = dr.async_get(hass)
    first, second = (device_of(hass, serial) for serial in (str(loaded_entry.unique_id), other.serial))
    devices.async_update_device(first.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done()
    dashboard = await strategy.generate()
    assert [view["path"] for view in dashboard["views"]] == ["batteries", "diagnostics"]
    assert {other.serial in entity for entity in entity_ids(dashboard)} == {True}
    devices.async_update_device(second.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done()
    views = (await strategy.generate())["views"]
    assert [card["content"] for card in cards(views)] == [
        ENGLISH["no_entities"].format(link=f"/config/devices/device/{device.id}") for device in (first, second)
    ]
    await other.stop()


async def test_two_gateways(hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry) -> None:
    """Each gateway has a view with its name; the diagnostics are in one view."""
    other = await set_up_second_gateway(hass, "8.3_acb_only")
    devices = dr.async_get(hass)
    device, other_device = (device_of(hass, serial) for serial in (str(loaded_entry.unique_id), other.serial))
    devices.async_update_device(device.id, name_by_user="Roof 10")
    devices.async_update_device(other_device.id, name_by_user="Roof 9")
    dashboard = await strategy.generate()
    first, second, diagnostics = dashboard["views"]
    assert [view["title"] for view in dashboard["views"]] == ["Roof 9", "Roof 10", "Diagnostics"]
    assert [view.get("icon") for view in dashboard["views"]] == [None] * 3
    assert [view["path"] for view in dashboard["views"]] == [other_device.id, device.id, "diagnostics"]
    assert all(other.serial in entity for entity in entity_ids(first))
    assert not any(other.serial in entity for entity in entity_ids(second))
    assert headings(diagnostics) == [
        f"{name} · {ENGLISH[key]}" for name in ("Roof 9", "Roof 10") for key in ("bias", "gateway")
    ]
    assert entity_ids(dashboard) == {entity.entity_id for entity in our_entities(hass)}
    await other.stop()


# --- Texts


def all_texts(hass: HomeAssistant, dashboard: Config) -> list[str]:
    """Return the titles and headings of a dashboard, and its other texts."""
    titles = [dashboard["title"], *(view["title"] for view in dashboard["views"]), *headings(dashboard)]
    titles += [card["title"] for card in cards(dashboard, "entities") if "title" in card]
    return [*titles, *(card["content"] for card in cards(dashboard, "markdown")), header(hass, dashboard)]


async def test_languages(hass: HomeAssistant, gateway: Gateway, strategy: Strategy, set_up: SetUp) -> None:
    """All texts are in the language of the user."""
    gateway.scenario = "8.2_charging_high"
    entry = await set_up()
    device = device_of(hass, str(entry.unique_id))
    headings_used = ("now", "last_day", "last_four_weeks", "bias", "gateway")
    keys = ("dashboard_title", "batteries", "diagnostics", *headings_used, "levels", "batteries")
    expected = {
        language: [
            *(texts[key] for key in keys),
            texts["disabled_by_default"].format(link=f"/config/devices/device/{device.id}"),
            f"# {texts['charged'].format(charge=47)} {texts['at_reserve'].format(reserve=100)}",
        ]
        for language, texts in TRANSLATIONS.items()
    }
    assert {language: all_texts(hass, await strategy.generate(language)) for language in TRANSLATIONS} == expected
    assert {*strategy.requests} == {"config/entity_registry/get_entries", "frontend/get_translations"}


def test_texts() -> None:
    """The module uses exactly the texts that the integration has."""
    code = MODULE.read_text()
    assert {*re.findall(r"\btext\(\"(\w+)\"", code), *re.findall(r"\.common\.(\w+)`", code)} == ENGLISH.keys()


def test_nothing_from_outside() -> None:
    """The module loads nothing: it has no imports, no network requests, and no URLs."""
    assert re.findall(r"\bimport\b|\bfetch\b|XMLHttpRequest|://|\beval\b|innerHTML", MODULE.read_text()) == []


# --- The header


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ("8.2_29_keys", "# 66% charged You can use **5.10 kWh** before reaching the 15% reserve."),
        ("8.2_charging_high", "# 47% charged The batteries are at or below the 100% reserve."),
        ("8.3_acb_only", "# 1% charged"),
        ("7.6_no_storage", f"# {ENGLISH['no_values']} {ENGLISH['no_values_text'].format(diagnostics='*Diagnostics*')}"),
    ],
)
async def test_header(
    hass: HomeAssistant,
    gateway: Gateway,
    strategy: Strategy,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    scenario: str,
    text: str,
) -> None:
    """The header shows how much can be used, or that the gateway isn't available."""
    gateway.scenario = scenario
    await set_up()
    dashboard = await strategy.generate()
    assert header(hass, dashboard) == text
    gateway.state = "refused"
    await fail_until_unavailable(hass, freezer)
    pages = {"repairs": "/config/repairs", "log": "/config/logs"}
    assert header(hass, dashboard) == f"# {ENGLISH['unavailable']} {ENGLISH['unavailable_text'].format(**pages)}"
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert header(hass, dashboard) == text


async def test_header_without_charge(hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry) -> None:
    """If the state of charge is disabled, the header is empty while the gateway is available."""
    er.async_get(hass).async_update_entity(entity_id(hass, "agg_soc"), hidden_by=er.RegistryEntryHider.USER)
    await hass.async_block_till_done()
    assert header(hass, await strategy.generate()) == ""


@pytest.mark.parametrize("unit", ["Wh", "kWh"])
async def test_unit(hass: HomeAssistant, gateway: Gateway, strategy: Strategy, set_up: SetUp, unit: str) -> None:
    """The header shows the energy in the unit that the user has chosen."""
    gateway.scenario = "8.2_29_keys"
    await set_up()
    energy = entity_id(hass, "energy_above_reserve")
    er.async_get(hass).async_update_entity_options(energy, "sensor", {"unit_of_measurement": unit})
    await hass.async_block_till_done()
    state = hass.states.get(energy)
    assert state
    assert state.attributes["unit_of_measurement"] == unit
    value = {"Wh": "5100.00 Wh", "kWh": "5.10 kWh"}[unit]
    assert f"You can use **{value}** before" in header(hass, await strategy.generate())


async def test_number_formats(
    hass: HomeAssistant, gateway: Gateway, strategy: Strategy, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decimal separator is the one of the user's profile."""
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    gateway.scenario = "8.2_29_keys"
    await set_up()
    expected = {
        ("en", "language"): "5.10",
        ("de", "language"): "5,10",
        ("pt-BR", "language"): "5,10",
        ("zh-Hans", "language"): "5.10",
        ("de", "comma_decimal"): "5.10",
        ("en", "decimal_comma"): "5,10",
        ("de", "quote_decimal"): "5.10",
        ("en", "space_comma"): "5,10",
        ("de", "none"): "5.10",
        ("de", "system"): "5.10",
    }
    headers = {profile: header(hass, await strategy.generate(*profile)) for profile in expected}
    assert {profile: text.split("**")[1] for profile, text in headers.items()} == {
        profile: f"{number} kWh" for profile, number in expected.items()
    }


# --- The frontend


async def test_should_regenerate(hass: HomeAssistant, strategy: Strategy, loaded_entry: MockConfigEntry) -> None:
    """The dashboard is generated again if something that it shows has changed, but not for others' entities."""

    async def has_changed(before: Config) -> bool:
        await hass.async_block_till_done()
        changed: bool = await strategy.call("shouldRegenerate", {}, before, await strategy.hass())
        return changed

    registry, devices = er.async_get(hass), dr.async_get(hass)
    before = await strategy.hass()
    registry.async_get_or_create("light", "demo", "lamp")
    assert not await has_changed(before)
    assert await strategy.call("shouldRegenerate", {}, before, await strategy.hass("de"))
    assert await strategy.call("shouldRegenerate", {}, before, await strategy.hass(number_format="decimal_comma"))
    for change in (
        {"new_entity_id": "sensor.house"},
        {"hidden_by": er.RegistryEntryHider.USER},
        {"hidden_by": None},
        {"disabled_by": er.RegistryEntryDisabler.USER},
    ):
        before = await strategy.hass()
        (soc,) = [one for one in registry.entities.values() if one.unique_id.endswith("1_agg_soc")]
        registry.async_update_entity(soc.entity_id, **change)
        assert await has_changed(before)
    before = await strategy.hass()
    device = device_of(hass, str(loaded_entry.unique_id))
    devices.async_update_device(device.id, name_by_user="Roof")
    assert await has_changed(before)


async def test_registration(strategy: Strategy) -> None:
    """The strategy is registered once, with a description in the language of the user once that is loaded."""
    assert await strategy.call("elements") == ["ll-strategy-dashboard-enphase-secctrl"]
    (first,), (second,) = await strategy.call("strategies", await strategy.hass())
    assert first == {
        "type": "enphase-secctrl",
        "strategyType": "dashboard",
        "name": "Enphase SecCtrl",
        "description": "",
    }
    localized = f"component.{DOMAIN}.common.dashboard_description of common.{DOMAIN}"
    assert second == first | {"description": localized}


async def test_create_suggestions(strategy: Strategy) -> None:
    """The dialog that adds the dashboard suggests a title in the language of the user."""
    suggestions = await strategy.call("getCreateSuggestions", await strategy.hass("de"))
    assert suggestions == {"title": "Enphase-Batterien", "icon": "mdi:home-battery"}
