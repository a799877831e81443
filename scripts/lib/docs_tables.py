"""The tables in README.md and docs/ that are generated from the fields, the icons, and the texts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
import json
import re
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription
from homeassistant.helpers.entity import EntityDescription

from custom_components.enphase_secctrl.client import Source, Term
from custom_components.enphase_secctrl.const import TOKEN_PAGE
from custom_components.enphase_secctrl.fields import AT_RESERVE, ESTIMATES, FLAGS, LAST_REPORT, SENSORS, TOKEN_EXPIRES
from scripts.lib.docs_texts import ADVICE, DESCRIPTIONS
from scripts.lib.process import ROOT

_FOLDER: Final = ROOT / "custom_components" / "enphase_secctrl"
_TEXTS: Final = json.loads((_FOLDER / "translations" / "en.json").read_text())
_ICONS: Final = json.loads((_FOLDER / "icons.json").read_text())["entity"]
_ROWS: Final[tuple[EntityDescription, ...]] = (*SENSORS, *ESTIMATES, AT_RESERVE, *FLAGS, LAST_REPORT, TOKEN_EXPIRES)
_OTHER_ORIGINS: Final[dict[EntityDescription, str]] = {
    AT_RESERVE: "on when `agg_soc` is at or below `adjusted_backup_soc`, until it is 5 percentage points above",
    LAST_REPORT: "time of the last report",
    TOKEN_EXPIRES: "the access token",
}
_FLAG_STATES: Final[dict[BinarySensorDeviceClass | None, str]] = {
    BinarySensorDeviceClass.PROBLEM: "Problem / OK",
    BinarySensorDeviceClass.RUNNING: "Running / Not running",
}
_PLACEHOLDERS: Final = {"token_page": f"<{TOKEN_PAGE}>", "answer": "*details*", "title": "*IQ Gateway*"}


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _platform(row: EntityDescription) -> str:
    return "binary_sensor" if isinstance(row, BinarySensorEntityDescription) else "sensor"


def _translation_key(row: EntityDescription) -> str:
    return row.translation_key or row.key


def _name(row: EntityDescription) -> str:
    name: str = _TEXTS["entity"][_platform(row)][_translation_key(row)]["name"]
    return name.format_map(row.translation_placeholders or {})


def _description(row: EntityDescription) -> str:
    return DESCRIPTIONS[_translation_key(row)]


def _paths(term: Term) -> str:
    paths = ", else ".join(f"`{path}`" for path in term.paths)
    return f"{paths} % of {_grouped(term.percentage_of)}" if term.percentage_of else paths


def _grouped(term: Term) -> str:
    paths = _paths(term)
    return f"({paths})" if " " in paths else paths


def _origin(row: EntityDescription) -> str:
    if not isinstance(row, Source):
        return _OTHER_ORIGINS.get(row, "estimate")
    if row.subtrahend is None:
        return _paths(row)
    negative = "unknown if negative" if row.negative_is_unknown else "at least 0"
    return f"{_grouped(row)} - {_grouped(row.subtrahend)}, {negative}"


def _unit(row: EntityDescription) -> str:
    if isinstance(row, BinarySensorEntityDescription):
        return _FLAG_STATES.get(row.device_class, "On / Off")
    if isinstance(row, SensorEntityDescription) and row.device_class is not SensorDeviceClass.TIMESTAMP:
        return row.suggested_unit_of_measurement or row.native_unit_of_measurement or ""
    return "date and time"


def _enabled(row: EntityDescription) -> str:
    if isinstance(row, Source) and row.both_kinds:
        return "with both kinds of batteries"
    return "yes" if row.entity_registry_enabled_default else "no"


def _icon(row: EntityDescription) -> str:
    return row.device_class or f"`{_ICONS[_platform(row)][_translation_key(row)]['default']}`"


def main_entities() -> str:
    """Return the table of the entities that every system with IQ Batteries has by default."""
    rows = [row for row in _ROWS if _enabled(row) == "yes"]
    return _table(("Name", "What it tells you", "Unit"), ((_name(row), _description(row), _unit(row)) for row in rows))


def entities() -> str:
    """Return the table of all entities."""
    heads = ("Name", "What it tells you", "Unit or states", "Enabled by default", "Category", "Key")
    cells = (
        (
            _name(row),
            _description(row),
            _unit(row),
            _enabled(row),
            (row.entity_category or "").capitalize(),
            f"`{row.key}`",
        )
        for row in _ROWS
    )
    return _table(heads, cells)


def origins() -> str:
    """Return the table of what each entity is read or calculated from."""
    cells = ((f"`{row.key}`", _origin(row), _icon(row)) for row in _ROWS)
    return _table(("Key", "JSON path", "Device class or icon"), cells)


def _flatten(texts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each message."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield prefix + key, value
        else:
            yield from _flatten(value, f"{prefix}{key}.")


def _messages(pattern: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, text, and advice of the messages whose path in en.json matches the pattern."""
    for path, text in _flatten(_TEXTS):
        if re.fullmatch(pattern, path):
            yield path, text.format_map(_PLACEHOLDERS), ADVICE[path]


def _message_table(pattern: str) -> str:
    return _table(("Message", "What to do"), ((text, advice) for _, text, advice in _messages(pattern)))


def exceptions() -> str:
    """Return the table of the messages of failed polls, with the keys that the diagnostics contain."""
    cells = ((text, advice, f"`{path.split('.')[1]}`") for path, text, advice in _messages(r"exceptions\..+"))
    return _table(("Message", "What to do", "Key in the diagnostics"), cells)


def minimum_version() -> str:
    """Return the oldest supported version of Home Assistant."""
    version: str = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    return version.removesuffix(".0")


def languages() -> str:
    """Return the number of languages."""
    return str(len([*(_FOLDER / "translations").iterdir()]))


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "oldest": minimum_version,
    "languages": languages,
    "main_entities": main_entities,
    "entities": entities,
    "origins": origins,
    "form_errors": partial(_message_table, r"config\.error\..+"),
    "aborts": partial(_message_table, r"config\.abort\..+"),
    "option_errors": partial(_message_table, r"options\.error\..+"),
    "repairs": partial(_message_table, r"issues\.\w+\.(title|fix_flow\.(error|abort)\..+)"),
    "exceptions": exceptions,
}
"""The function that generates each part."""
