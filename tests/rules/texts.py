"""icons.json and translations/: their shape, and what Home Assistant refuses in a text."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any, Final

from homeassistant.generated.languages import LANGUAGES

from .folder import package, read_json

type Shape = Mapping[str, Shape] | None
"""Which keys there may be below which; "*" is any key, None a text."""

_TEXTS: Final[Shape] = {"*": None}
_FIELDS: Final[Shape] = {"*": {"name": None, "description": None}}
_FLOW: Final[dict[str, Shape]] = {
    "step": {
        "*": {
            **dict.fromkeys(("title", "description", "submit")),
            **dict.fromkeys(("data", "data_description", "menu_options", "menu_option_descriptions"), _TEXTS),
            "sections": {"*": {"name": None, "description": None, "data": _TEXTS, "data_description": _TEXTS}},
        }
    },
    **dict.fromkeys(("error", "abort", "progress", "create_entry"), _TEXTS),
}
_ACTION: Final[Shape] = {"*": {"name": None, "description": None, "fields": _FIELDS, "sections": _FIELDS}}
TRANSLATIONS: Final[Shape] = {
    "title": None,
    "config": {"flow_title": None, **_FLOW},
    "options": _FLOW,
    "config_subentries": {"*": {"entry_type": None, "initiate_flow": _TEXTS, **_FLOW}},
    "device": {"*": {"name": None}},
    "entity": {
        "*": {
            "*": {
                **dict.fromkeys(("name", "unit_of_measurement")),
                "state": _TEXTS,
                "state_attributes": {"*": {"name": None, "state": _TEXTS}},
            }
        }
    },
    "exceptions": {"*": {"message": None}},
    "issues": {"*": {"title": None, "description": None, "fix_flow": _FLOW}},
    "selector": {"*": {"options": _TEXTS, "choices": _TEXTS, "unit_of_measurement": _TEXTS, "fields": _FIELDS}},
    "system_health": {"info": _TEXTS},
    **dict.fromkeys(("services", "triggers", "conditions"), _ACTION),
}
_ICON: Final[dict[str, Shape]] = {"default": None, "state": _TEXTS}
_STEP_ICONS: Final[Shape] = {"step": {"*": {"sections": _TEXTS}}}
ICONS: Final[Shape] = {
    "entity": {"*": {"*": {**_ICON, "state_attributes": {"*": _ICON}}}},
    "services": {"*": {"service": None, "sections": _TEXTS}},
    "triggers": {"*": {"trigger": None}},
    "conditions": {"*": {"condition": None}},
    **dict.fromkeys(("config", "options"), _STEP_ICONS),
}
KEY: Final = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
UNWANTED: Final = {
    r"://|\bwww\.": "an address",
    r"<[\w/]": "HTML",
    r"\[%|%\]": "a reference to another text",
    r"^\s|\s$|^$": "a space at an end, or nothing",
    r"'\{\w+\}'": "a placeholder in single quotes",
}


def flat(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) for every text."""
    for key, inner in texts.items():
        match inner:
            case str():
                yield f"{path}{key}", inner
            case _:
                yield from flat(inner, f"{path}{key}.")


def named(text: str) -> set[str]:
    """Return the placeholders in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def misshapen(content: object, shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the paths of what is not as the shape wants it."""
    if isinstance(content, str) is not (shape is None) or not isinstance(content, str | dict):
        yield f"{path} is not of the right kind"
    elif shape is not None and isinstance(content, dict):
        for key, inner in content.items():
            below = f"{path}.{key}".lstrip(".")
            if key not in shape and not ("*" in shape and KEY.fullmatch(key)):
                yield f"{below} is unknown"
            else:
                yield from misshapen(inner, shape[key] if key in shape else shape["*"], below)


def icons(folder: Path) -> Iterator[str]:
    """Icons of Material Design for what has a name, none of them twice over."""
    content, english = (read_json(package(folder) / name) for name in ("icons.json", "translations/en.json"))
    yield from (f"icons.json: {problem}" for problem in misshapen(content, ICONS))
    for path, icon in flat(content):
        if not re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", icon):
            yield f"icons.json: {path} is {icon}, no icon like mdi:name"
    nameless = content.get("services", {}).keys() - english.get("services", {}).keys()
    yield from (f"icons.json: {key} is no action" for key in sorted(nameless))
    for platform, rows in content.get("entity", {}).items():
        nameless = rows.keys() - english.get("entity", {}).get(platform, {}).keys()
        yield from (f"icons.json: {platform}.{key} is no entity" for key in sorted(nameless))
        for key, one in rows.items():
            if one.get("default") in one.get("state", {}).values():
                yield f"icons.json: a state of {key} repeats its default"


def translations(folder: Path) -> Iterator[str]:
    """Sections and keys that hassfest knows, texts that Home Assistant takes, and no strings.json beside them."""
    if (package(folder) / "strings.json").exists():
        yield "strings.json is for core's integrations"
    for file in sorted((package(folder) / "translations").iterdir()):
        texts = json.loads(file.read_text())
        problems = [*misshapen(texts, TRANSLATIONS)]
        yield from (f"{file.name}: {problem}" for problem in problems or _incomplete(texts))
        for path, text in flat(texts):
            yield from (f"{file.name}: {path} has {what}" for bad, what in UNWANTED.items() if re.search(bad, text))
            yield from (f"{file.name}: {path} names {{{one}}}" for one in named(text) if not one.isidentifier())


def _incomplete(texts: Mapping[str, Any]) -> Iterator[str]:
    """Yield hints of fields that have no label, and issues without exactly one of description and fix."""
    issues = texts.get("issues", {})
    for flow in (
        texts.get("config", {}),
        texts.get("options", {}),
        *(one.get("fix_flow", {}) for one in issues.values()),
    ):
        for step, one in flow.get("step", {}).items():
            alone = one.get("data_description", {}).keys() - one.get("data", {}).keys()
            yield from (f"the hint of {step}.{key} has no label" for key in sorted(alone))
    for kind, one in issues.items():
        if "title" not in one or ("description" in one) is ("fix_flow" in one):
            yield f"the issue {kind} needs a title, and a description or a fix"


def languages(folder: Path) -> Iterator[str]:
    """Languages of Home Assistant, each with the keys and placeholders of English: others are dropped."""
    files = sorted((package(folder) / "translations").iterdir())
    english = dict(flat(read_json(package(folder) / "translations" / "en.json")))
    for file in files:
        if file.suffix != ".json" or file.stem not in LANGUAGES:
            yield f"{file.name} is no language of Home Assistant"
        texts = dict(flat(read_json(file)))
        yield from (f"{file.name} lacks {path}" for path in sorted(english.keys() - texts.keys()))
        yield from (f"{file.name} has {path}, which English has not" for path in sorted(texts.keys() - english.keys()))
        for path in english.keys() & texts.keys():
            if named(texts[path]) != named(english[path]):
                yield f"{file.name}: {path} has other placeholders than English"
