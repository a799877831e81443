"""Write the generated parts of README.md and docs/: scripts/docs [--check].

`scripts/docs dashboard SERIAL` prints the dashboard for the gateway with that serial instead. A part stands
between `<!-- generated: its name -->` and `<!-- end -->`.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
import json
from pathlib import Path
import re
import sys
from typing import Final

from homeassistant.helpers.entity import EntityDescription

from custom_components.enphase_secctrl.const import TOKEN_PAGE
from custom_components.enphase_secctrl.fields import FIELDS, TOKEN_EXPIRES, FlagField, SensorField
from scripts.dashboard import LANGUAGES, dashboard

ROOT: Final = Path(__file__).parents[1]
_TEXTS: Final = json.loads((ROOT / "custom_components/enphase_secctrl/translations/en.json").read_text())
_ROWS: Final[tuple[EntityDescription, ...]] = (*FIELDS, TOKEN_EXPIRES)
_PART: Final = re.compile(r"(?<=<!-- generated: )(\w+)( -->).*?(?=<!-- end -->)", re.DOTALL)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _name(row: EntityDescription) -> str:
    platform = "binary_sensor" if isinstance(row, FlagField) else "sensor"
    name: str = _TEXTS["entity"][platform][row.translation_key or row.key]["name"]
    return name.format_map(row.translation_placeholders or {})


def _either(paths: Iterable[str]) -> str:
    return ", else ".join(f"`{path}`" for path in paths)


def _origin(row: EntityDescription) -> str:
    if not isinstance(row, SensorField | FlagField):
        return "the access token"
    return f"({_either(row.paths)}) - ({_either(row.less)}), at least 0" if row.less else _either(row.paths)


def _unit(row: EntityDescription) -> str:
    if isinstance(row, FlagField):
        return "on / off"
    return (row.unit_of_measurement or getattr(row, "native_unit_of_measurement", None)) or ""


def _entities(rows: Iterable[EntityDescription]) -> str:
    cells = ((_name(row), f"`{row.key}`", _origin(row), _unit(row), row.device_class or "") for row in rows)
    return _table(("Name", "Key", "JSON path", "Unit", "Device class"), cells)


def _beside_ac_batteries(row: EntityDescription) -> bool:
    return isinstance(row, SensorField) and row.enabled_beside_ac_batteries


def enabled() -> str:
    """Return the table of the entities that are enabled by default."""
    return _entities(row for row in _ROWS if row.entity_registry_enabled_default)


def with_ac_batteries() -> str:
    """Return the table of those that are enabled where there are AC Batteries too."""
    return _entities(filter(_beside_ac_batteries, _ROWS))


def disabled() -> str:
    """Return the table of all others."""
    hidden = [row for row in _ROWS if not row.entity_registry_enabled_default]
    return _entities(row for row in hidden if not _beside_ac_batteries(row))


def trouble() -> str:
    """Return the table of what can go wrong, in the words of the forms, or else of the coordinator."""
    polls: dict[str, str] = {key: text["message"] for key, text in _TEXTS["exceptions"].items()}
    errors: dict[str, str] = _TEXTS["config"]["error"]
    texts = errors | {key: text for key, text in polls.items() if key not in errors}
    filled = ((f"`{key}`", text.format(token_page=TOKEN_PAGE, answer="what it was")) for key, text in texts.items())
    return _table(("Key", "What it says, and what to do"), filled)


def oldest() -> str:
    """Return the oldest Home Assistant that is supported."""
    floor: str = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    return floor.removesuffix(".0")


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    part.__name__: part for part in (enabled, with_ac_batteries, disabled, trouble, oldest)
}


def renewed(text: str) -> str:
    """Return the text with its generated parts as they must be now."""
    return _PART.sub(lambda found: f"{found[1]}{found[2]}{PARTS[found[1]]()}", text)


def _serial(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise ArgumentTypeError("the serial number of a gateway has 12 digits")
    return text


class Options(Namespace):
    """What the command line asks for."""

    check: bool
    serial: str | None = None
    language: str = "en"


def _options(arguments: Sequence[str] | None) -> Options:
    parser = ArgumentParser(prog="scripts/docs", description="Write the generated parts of README.md and docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is out of date")
    command = parser.add_subparsers(metavar="dashboard").add_parser("dashboard", help="print the dashboard")
    command.add_argument("serial", type=_serial, help="of the gateway that it shall show")
    command.add_argument("language", nargs="?", default="en", choices=LANGUAGES, help="of that Home Assistant (en)")
    return parser.parse_args(arguments, namespace=Options())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what is out of date, or only name it; return the exit code."""
    options = _options(arguments)
    if options.serial:
        print(dashboard(options.serial, options.language), end="")
        return 0
    check = options.check
    texts = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
    outdated = {path: new for path, old in texts.items() if (new := renewed(old)) != old}
    for path, text in outdated.items():
        if not check:
            path.write_text(text)
        print(f"docs: {path.relative_to(ROOT)} {'is out of date' if check else 'written'}", file=sys.stderr)
    if check and outdated:
        print("docs: run scripts/docs and commit what it writes.", file=sys.stderr)
    return int(check and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())
