"""Names and icons of the entities, in all languages. `checks/translations.py` compares the languages with English."""

import json
from pathlib import Path
from typing import Final

import homeassistant.const
from homeassistant.helpers.entity import EntityDescription
import pytest

from custom_components.enphase_secctrl import fields

from .checks.files import ROOT, integration_folder, read_json
from .checks.translations import flatten, placeholders

FOLDER: Final = integration_folder(ROOT)
TRANSLATIONS: Final = {file.stem: read_json(file) for file in sorted((FOLDER / "translations").glob("*.json"))}
ENGLISH: Final = TRANSLATIONS["en"]
ICONS: Final = read_json(FOLDER / "icons.json")
OLDEST_VERSION: Final = read_json(ROOT / "hacs.json")["homeassistant"]
CORE: Final = Path(homeassistant.__file__).parent / "components"
ROWS: Final[dict[str, tuple[EntityDescription, ...]]] = {
    "sensor": (*fields.SENSORS, *fields.ESTIMATES, fields.LAST_REPORT, fields.TOKEN_EXPIRES),
    "binary_sensor": (*fields.FLAGS, fields.AT_RESERVE),
}
CORE_TEXTS: Final = {
    "config.step.user.data.host": ("enphase_envoy", "config.step.user.data.host"),
    "config.step.reauth_confirm.data.host": ("enphase_envoy", "config.step.user.data.host"),
    "config.step.reconfigure.data.host": ("enphase_envoy", "config.step.reconfigure.data.host"),
    "config.step.cloud.data.password": ("enphase_envoy", "config.step.user.data.password"),
    "config.step.code.data.code": ("synology_dsm", "config.step.2sa.data.otp_code"),
    "config.step.token.title": ("nuki", "config.step.user.data.token"),
    "config.step.token.data.token": ("system_bridge", "config.step.user.data.token"),
    "config.error.unknown": ("enphase_envoy", "config.error.unknown"),
    "config.abort.already_configured": ("enphase_envoy", "config.abort.already_configured"),
    "config.abort.already_in_progress": ("hue", "config.abort.already_in_progress"),
    "config.abort.reauth_successful": ("enphase_envoy", "config.abort.reauth_successful"),
    "config.abort.reconfigure_successful": ("enphase_envoy", "config.abort.reconfigure_successful"),
    "options.step.init.title": ("nina", "options.step.init.title"),
    "entity.sensor.agg_avail_energy.name": ("sensor", "entity_component.energy_storage.name"),
    "entity.sensor.agg_soc.name": ("enphase_envoy", "entity.sensor.acb_battery_soc.name"),
    "entity.sensor.max_energy.name": ("enphase_envoy", "entity.sensor.max_capacity.name"),
}
"""Our texts that equal or begin with one of Home Assistant's, with its integration and path.

The names of the reserve aren't among them: in many languages, Home Assistant's texts mean a spare battery.
"""
DIFFERENT_ON_PURPOSE: Final = {
    ("pt", "config.step.token.title"): "Home Assistant's text has an uppercase letter in the middle",
    ("pt", "entity.sensor.agg_soc.name"): "Home Assistant's text also means the state of charging",
    ("sv", "entity.sensor.agg_soc.name"): "Home Assistant's text also means the state of charging",
    ("zh-Hans", "entity.sensor.agg_soc.name"): "Home Assistant's text also means the state of charging",
    ("zh-Hans", "entity.sensor.agg_avail_energy.name"): "Home Assistant's text means electric power",
}
"""Our translations that differ from Home Assistant's, each with the reason."""


def translation_key(row: EntityDescription) -> str:
    """Return the translation key of a row."""
    return row.translation_key or row.key


def core_text(path: str, language: str) -> str:
    """Return Home Assistant's text for a path of ours, or "" if it isn't translated."""
    integration, core_path = CORE_TEXTS[path]
    file = CORE / integration / "translations" / f"{language}.json"
    return dict(flatten(json.loads(file.read_text()))).get(core_path, "") if file.exists() else ""


@pytest.mark.parametrize("platform", ROWS)
def test_names(platform: str) -> None:
    """Each row has a name, which contains the placeholders of the row; there are no other names."""
    texts = ENGLISH["entity"][platform]
    assert texts.keys() == {translation_key(row) for row in ROWS[platform]}
    for row in ROWS[platform]:
        (name,) = texts[translation_key(row)].values()
        assert placeholders(name) == {*(row.translation_placeholders or {})}


def test_languages() -> None:
    """The integration is available in these languages."""
    languages = "cs da de el en es fi fr hu it ja nb nl pl pt pt-BR ro sk sv tr zh-Hans"
    assert {*languages.split()} <= TRANSLATIONS.keys()


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_unique_names(language: str) -> None:
    """No two entities of the device have the same name."""
    names = [
        TRANSLATIONS[language]["entity"][platform][translation_key(row)]["name"].format_map(
            row.translation_placeholders or {}
        )
        for platform, rows in ROWS.items()
        for row in rows
    ]
    assert len({*names}) == len(names)


@pytest.mark.skipif(
    homeassistant.const.__version__ != OLDEST_VERSION,
    reason="the texts of Home Assistant may change; this compares with those of the oldest supported version",
)
@pytest.mark.parametrize("path", CORE_TEXTS)
def test_core_texts(path: str) -> None:
    """A text that Home Assistant has too is translated like there."""
    ours = {language: dict(flatten(texts))[path] for language, texts in TRANSLATIONS.items()}
    english = core_text(path, "en")
    is_equal = ours["en"] == english
    assert english
    assert ours["en"].startswith(english)
    theirs = {language: text for language in ours if (text := core_text(path, language)) not in ("", english)}
    assert theirs
    same = {
        language
        for language, text in theirs.items()
        if ours[language] == text or (not is_equal and ours[language].startswith(text))
    }
    assert theirs.keys() - same == {language for language, own_path in DIFFERENT_ON_PURPOSE if own_path == path}


def test_icons() -> None:
    """Exactly the rows without a device class have an icon, and nothing else has."""
    without_device_class = {
        platform: {translation_key(row) for row in rows if row.device_class is None} for platform, rows in ROWS.items()
    }
    assert ICONS.keys() == {"entity", "triggers", "conditions"}
    assert {platform: {*icons} for platform, icons in ICONS["entity"].items()} == without_device_class
