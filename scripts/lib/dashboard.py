"""The dashboard of the docs, for a gateway with any serial number and a Home Assistant in any language."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Final

from homeassistant.generated.languages import NATIVE_ENTITY_IDS
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util import slugify

from custom_components.enphase_secctrl.fields import AT_RESERVE, ESTIMATES, FLAGS, LAST_REPORT, SENSORS, TOKEN_EXPIRES

_ROOT: Final = Path(__file__).parents[2]
_TRANSLATIONS: Final = _ROOT / "custom_components" / "enphase_secctrl" / "translations"
FILE: Final = _ROOT / "docs" / "dashboards" / "energy-system.yaml"
FILE_SERIAL: Final = "122300000001"
"""The serial number in the file; the emulated gateway has the same."""

LANGUAGES: Final = sorted(file.stem for file in _TRANSLATIONS.iterdir())
_ROWS: Final[tuple[tuple[str, EntityDescription], ...]] = (
    *(("sensor", row) for row in (*SENSORS, *ESTIMATES, LAST_REPORT, TOKEN_EXPIRES)),
    *(("binary_sensor", row) for row in (*FLAGS, AT_RESERVE)),
)


def dashboard(serial: str, language: str = "en") -> str:
    """Return the YAML for the gateway with this serial number; the entity IDs are those of a setup in the language."""
    entity_ids = dict(
        zip(_entity_ids("en"), _entity_ids(language if language in NATIVE_ENTITY_IDS else "en"), strict=True)
    )
    text = re.sub(r"(?:binary_)?sensor\.iq_gateway_\w+", lambda match: entity_ids[match[0]], FILE.read_text())
    return text.replace(FILE_SERIAL, serial)


def _entity_ids(language: str) -> Iterator[str]:
    """Yield the default entity ID of each row."""
    texts = json.loads((_TRANSLATIONS / f"{language}.json").read_text())["entity"]
    for platform, row in _ROWS:
        name = texts[platform][row.translation_key or row.key]["name"].format_map(row.translation_placeholders or {})
        yield f"{platform}.{slugify(f'IQ Gateway {FILE_SERIAL} {name}')}"
