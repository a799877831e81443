"""Write the generated parts of README.md and docs/: scripts/docs.

A generated part is between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
import json
import re
import sys
from typing import Final

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.helpers.entity import EntityDescription

from custom_components.enphase_secctrl.client import Source, Term
from custom_components.enphase_secctrl.const import TOKEN_PAGE
from custom_components.enphase_secctrl.fields import ESTIMATES, FLAGS, LAST_REPORT, SENSORS, TOKEN_EXPIRES, FlagField
from scripts.lib.docs_commands import run_commands
from scripts.lib.process import ROOT, run_main

_TEXTS: Final = json.loads((ROOT / "custom_components/enphase_secctrl/translations/en.json").read_text())
_ROWS: Final[tuple[EntityDescription, ...]] = (*SENSORS, *ESTIMATES, *FLAGS, LAST_REPORT, TOKEN_EXPIRES)
_OTHER_ORIGINS: Final[dict[EntityDescription, str]] = {
    LAST_REPORT: "time of the last report",
    TOKEN_EXPIRES: "the access token",
}
_PART: Final = re.compile(r"(?<=<!-- generated: )(\w+)( -->).*?(?=<!-- end -->)", re.DOTALL)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _name(row: EntityDescription) -> str:
    platform = "binary_sensor" if isinstance(row, FlagField) else "sensor"
    name: str = _TEXTS["entity"][platform][row.translation_key or row.key]["name"]
    return name.format_map(row.translation_placeholders or {})


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
    if isinstance(row, FlagField):
        return "on / off"
    if not isinstance(row, SensorEntityDescription):
        return ""
    native = row.native_unit_of_measurement or ""
    return f"{row.suggested_unit_of_measurement} ({native})" if row.suggested_unit_of_measurement else native


def _entities(rows: Iterable[EntityDescription]) -> str:
    cells = ((_name(row), f"`{row.key}`", _origin(row), _unit(row), row.device_class or "") for row in rows)
    return _table(("Name", "Key", "JSON path", "Unit", "Device class"), cells)


def _needs_both_kinds(row: EntityDescription) -> bool:
    return isinstance(row, Source) and row.both_kinds


def enabled() -> str:
    """Return the table of the entities that are enabled by default."""
    rows = [row for row in _ROWS if row.entity_registry_enabled_default]
    return _entities(row for row in rows if not _needs_both_kinds(row))


def with_ac_batteries() -> str:
    """Return the table of the entities that need both IQ Batteries and AC Batteries."""
    return _entities(filter(_needs_both_kinds, _ROWS))


def disabled() -> str:
    """Return the table of the entities that are disabled by default."""
    return _entities(row for row in _ROWS if not row.entity_registry_enabled_default)


def errors() -> str:
    """Return the table of the error messages: those of the forms, and others of the coordinator."""
    exceptions: dict[str, str] = {key: text["message"] for key, text in _TEXTS["exceptions"].items()}
    form_errors: dict[str, str] = _TEXTS["config"]["error"]
    texts = form_errors | {key: text for key, text in exceptions.items() if key not in form_errors}
    filled = ((f"`{key}`", text.format(token_page=TOKEN_PAGE, answer="what it was")) for key, text in texts.items())
    return _table(("Key", "What it says, and what to do"), filled)


def minimum_version() -> str:
    """Return the oldest supported version of Home Assistant."""
    version: str = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    return version.removesuffix(".0")


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "enabled": enabled,
    "with_ac_batteries": with_ac_batteries,
    "disabled": disabled,
    "trouble": errors,
    "oldest": minimum_version,
}
"""The function that generates each part."""


def regenerate(text: str) -> str:
    """Return the text with all of its generated parts up to date."""
    return _PART.sub(lambda match: f"{match[1]}{match[2]}{PARTS[match[1]]()}", text)


class Options(Namespace):
    """The options of the command line."""

    check: bool
    run: bool


def _parse_options(arguments: Sequence[str] | None) -> Options:
    parser = ArgumentParser(prog="scripts/docs", description="Write the generated parts of README.md and docs/.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="write nothing; fail if a part is out of date")
    group.add_argument("--run", action="store_true", help="run every command that README.md and docs/ show")
    return parser.parse_args(arguments, namespace=Options())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the generated parts; return the exit code."""
    options = _parse_options(arguments)
    if options.run:
        return run_main(run_commands())
    texts = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
    outdated = {path: new for path, old in texts.items() if (new := regenerate(old)) != old}
    for path, text in outdated.items():
        if not options.check:
            path.write_text(text)
        result = "is out of date" if options.check else "written"
        print(f"docs: {path.relative_to(ROOT)} {result}", file=sys.stderr)
    if options.check and outdated:
        print("docs: run scripts/docs and commit the changes.", file=sys.stderr)
    return int(options.check and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())
