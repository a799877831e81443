"""Checks of icons.json and translations/: keys that Home Assistant knows, and texts that it accepts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from string import Formatter
from typing import Any, Final

from homeassistant.generated.languages import LANGUAGES

from .files import integration_folder, read_json

type Schema = Mapping[str, Schema] | None
"""The allowed keys of an object, each with the schema of its value. "*" is any key, and None is a text."""

_TEXTS: Final[Schema] = {"*": None}
_FIELDS: Final[Schema] = {"*": {"name": None, "description": None}}
_FLOW: Final[dict[str, Schema]] = {
    "step": {
        "*": {
            **dict.fromkeys(("title", "description", "submit")),
            **dict.fromkeys(("data", "data_description", "menu_options", "menu_option_descriptions"), _TEXTS),
            "sections": {"*": {"name": None, "description": None, "data": _TEXTS, "data_description": _TEXTS}},
        }
    },
    **dict.fromkeys(("error", "abort", "progress", "create_entry"), _TEXTS),
}
_ACTION: Final[Schema] = {"*": {"name": None, "description": None, "fields": _FIELDS, "sections": _FIELDS}}
TRANSLATIONS: Final[Schema] = {
    "title": None,
    "common": _TEXTS,
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
_ICON: Final[dict[str, Schema]] = {"default": None, "state": _TEXTS}
_STEP_ICONS: Final[Schema] = {"step": {"*": {"sections": _TEXTS}}}
ICONS: Final[Schema] = {
    "entity": {"*": {"*": {**_ICON, "state_attributes": {"*": _ICON}}}},
    "services": {"*": {"service": None, "sections": _TEXTS}},
    "triggers": {"*": {"trigger": None}},
    "conditions": {"*": {"condition": None}},
    **dict.fromkeys(("config", "options"), _STEP_ICONS),
}
KEY: Final = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
FORBIDDEN: Final = {
    r"://|\bwww\.": "contains a URL",
    r"<[\w/]": "contains HTML",
    r"\[%|%\]": "contains a reference to a different text",
    r"^\s|\s$|^$": "is empty, or begins or ends with a space",
    r"'\{\w+\}'": "contains a placeholder in single quotes",
}


def flatten(texts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) for each text, for example ("config.step.user.title", "Gateway")."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            yield from flatten(value, f"{prefix}{key}.")


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def schema_problems(content: object, schema: Schema, path: str = "") -> Iterator[str]:
    """Yield a message for each part of the content that doesn't match the schema."""
    if isinstance(content, str) is not (schema is None) or not isinstance(content, str | dict):
        yield f"{path} has the wrong type"
    elif schema is not None and isinstance(content, dict):
        for key, value in content.items():
            key_path = f"{path}.{key}".lstrip(".")
            if key not in schema and not ("*" in schema and KEY.fullmatch(key)):
                yield f"{key_path} is unknown"
            else:
                yield from schema_problems(value, schema[key] if key in schema else schema["*"], key_path)


def icons(root: Path) -> Iterator[str]:
    """icons.json has Material Design icons, for entities and actions that have a name; no state repeats its default."""
    content, english = (read_json(integration_folder(root) / file) for file in ("icons.json", "translations/en.json"))
    yield from (f"icons.json: {problem}" for problem in schema_problems(content, ICONS))
    for path, icon in flatten(content):
        if not re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", icon):
            yield f"icons.json: {path} is {icon}, not like mdi:name"
    unnamed = content.get("services", {}).keys() - english.get("services", {}).keys()
    yield from (f"icons.json: the action {key} has no name" for key in sorted(unnamed))
    for platform, entities in content.get("entity", {}).items():
        unnamed = entities.keys() - english.get("entity", {}).get(platform, {}).keys()
        yield from (f"icons.json: the entity {platform}.{key} has no name" for key in sorted(unnamed))
        for key, entity_icons in entities.items():
            if entity_icons.get("default") in entity_icons.get("state", {}).values():
                yield f"icons.json: a state of {key} repeats the default icon"


def texts(root: Path) -> Iterator[str]:
    """Each translation has only keys that hassfest knows, and only texts that Home Assistant accepts."""
    folder = integration_folder(root)
    if (folder / "strings.json").exists():
        yield "strings.json is only for core integrations"
    for file in sorted((folder / "translations").iterdir()):
        content = read_json(file)
        problems = [*schema_problems(content, TRANSLATIONS)] or [*_flow_problems(content), *_issue_problems(content)]
        problems += [
            f"{path} {problem}"
            for path, text in flatten(content)
            for pattern, problem in FORBIDDEN.items()
            if re.search(pattern, text)
        ]
        problems += [
            f"{path} contains the placeholder {{{name}}}"
            for path, text in flatten(content)
            for name in placeholders(text)
            if not name.isidentifier()
        ]
        yield from (f"{file.name}: {problem}" for problem in problems)


def _flow_problems(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield a message for each description of a field that has no label."""
    fix_flows = (issue.get("fix_flow", {}) for issue in content.get("issues", {}).values())
    for flow in (content.get("config", {}), content.get("options", {}), *fix_flows):
        for name, step in flow.get("step", {}).items():
            unlabeled = step.get("data_description", {}).keys() - step.get("data", {}).keys()
            yield from (f"the field {name}.{key} has a description, but no label" for key in sorted(unlabeled))


def _issue_problems(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield a message for each issue without a title, or without exactly one of a description and a fix flow."""
    for key, issue in content.get("issues", {}).items():
        if "title" not in issue or ("description" in issue) is ("fix_flow" in issue):
            yield f"the issue {key} needs a title, and either a description or a fix flow"


def languages(root: Path) -> Iterator[str]:
    """Each language is one of Home Assistant, with the keys and placeholders of English."""
    folder = integration_folder(root) / "translations"
    english = dict(flatten(read_json(folder / "en.json")))
    for file in sorted(folder.iterdir()):
        if file.suffix != ".json" or file.stem not in LANGUAGES:
            yield f"{file.name} isn't a language of Home Assistant"
        translated = dict(flatten(read_json(file)))
        yield from (f"{file.name} has no {path}" for path in sorted(english.keys() - translated.keys()))
        yield from (
            f"{file.name} has {path}, but English doesn't" for path in sorted(translated.keys() - english.keys())
        )
        for path in sorted(english.keys() & translated.keys()):
            if placeholders(translated[path]) != placeholders(english[path]):
                yield f"{file.name}: the placeholders of {path} differ from English"
