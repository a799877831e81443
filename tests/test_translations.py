"""Everything that is shown has a text, every text is shown, and each gets what it names."""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.helpers.entity import EntityDescription
import pytest

from custom_components.enphase_secctrl import config_flow, failures, fields

FOLDER = Path(config_flow.__file__).parent
FILES = sorted((FOLDER / "translations").glob("*.json"))
ENGLISH = json.loads((FOLDER / "translations" / "en.json").read_text())
ICONS = json.loads((FOLDER / "icons.json").read_text())
ROWS: dict[str, tuple[EntityDescription, ...]] = {
    "sensor": (*fields.SENSORS, fields.TOKEN_EXPIRES),
    "binary_sensor": fields.FLAGS,
}
FAILURES = {failure.key: failure for failure in failures.Failure.__subclasses__()}
CODE_STEP = {"invalid_code", "sign_in_lost"}
"""What only the entering of a code can bring about; no form does it yet."""
LAN_SIDE = ("gateway", "identity", "body", "model")
AT_SET_UP = {"invalid_host"}
"""What the LAN side raises before the first poll: an entry's host was good once."""


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


def _dict_keys(function: ast.AST) -> set[str]:
    """Return the keys of all dicts that are written down in a function."""
    return {
        key.value
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


FLOW = {
    node.name: _dict_keys(node)
    for node in ast.walk(ast.parse((FOLDER / "config_flow.py").read_text()))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
}
IN_FORMS = FLOW["_form"]
STEPS = {"sign_in": FLOW["async_step_sign_in"]} | dict.fromkeys(config_flow.FORMS, IN_FORMS)


def _filled(failure: type[failures.Failure]) -> set[str]:
    """Return what a failure fills in."""
    filled = failures.UnexpectedAnswer("HTML") if failure is failures.UnexpectedAnswer else failure()
    return set(filled.placeholders)


def _raised(module: str) -> set[str]:
    """Return the keys of the failures that a module knows."""
    source = (FOLDER / f"{module}.py").read_text()
    return {key for key, failure in FAILURES.items() if re.search(rf"\b{failure.__name__}\b", source)}


@pytest.mark.parametrize("platform", ROWS)
def test_names(platform: str) -> None:
    """Every row has a name, every name a row, and a name gets the placeholders it has."""
    rows = {row.translation_key or row.key: row for row in ROWS[platform]}
    texts = ENGLISH["entity"][platform]
    assert texts.keys() == rows.keys()
    for row in ROWS[platform]:
        (name,) = texts[row.translation_key or row.key].values()
        assert named(name) == {*(row.translation_placeholders or {})}


def test_names_differ() -> None:
    """No two entities of the device have one name."""
    names = [
        ENGLISH["entity"][platform][row.translation_key or row.key]["name"].format_map(
            row.translation_placeholders or {}
        )
        for platform, rows in ROWS.items()
        for row in rows
    ]
    assert len({*names}) == len(names)


@pytest.mark.parametrize("platform", ROWS)
def test_icons(platform: str) -> None:
    """A row has an icon exactly if no device class gives it one, and the icon has a name of the right kind."""
    rows = {row.translation_key or row.key for row in ROWS[platform] if row.device_class is None}
    icons = ICONS["entity"][platform]
    assert icons.keys() == rows
    assert [icon for icon in icons.values() if not re.fullmatch(r"mdi:[a-z0-9-]+", icon["default"])] == []


def test_icons_of_nothing_else() -> None:
    """Icons are for the entities of the table."""
    assert ICONS.keys() == {"entity"}
    assert ICONS["entity"].keys() == ROWS.keys()


def test_errors() -> None:
    """Every failure that a form can meet has its text there, and there are no others."""
    assert "check_code" not in (FOLDER / "config_flow.py").read_text()  # else CODE_STEP is over
    assert ENGLISH["config"]["error"].keys() == FAILURES.keys() - CODE_STEP | {"unknown"}


@pytest.mark.parametrize("key", ENGLISH["config"]["error"])
def test_placeholders_of_errors(key: str) -> None:
    """The form fills what an error's text names."""
    assert named(ENGLISH["config"]["error"][key]) <= IN_FORMS


def test_answer_is_named() -> None:
    """A text that could say what was answered says it."""
    assert "answer" in named(ENGLISH["config"]["error"]["unexpected_answer"])


def test_exceptions() -> None:
    """Every failure of a poll has a text, there are no others, and each fills what its text names."""
    texts = {key: text["message"] for key, text in ENGLISH["exceptions"].items()}
    assert texts.keys() == {key for module in LAN_SIDE for key in _raised(module)} - AT_SET_UP
    assert {key: named(text) for key, text in texts.items()} == {key: _filled(FAILURES[key]) for key in texts}


def test_steps() -> None:
    """Every step of the flow has texts, with a label and a hint for each field."""
    assert ENGLISH["config"]["step"].keys() == STEPS.keys()
    for step, schema in config_flow.FORMS.items():
        texts = ENGLISH["config"]["step"][step]
        keys = {str(key) for key in schema.schema}
        assert (texts["data"].keys(), texts["data_description"].keys()) == (keys, keys)


def test_menu() -> None:
    """The menu offers the two ways to sign in, each with its description."""
    texts = ENGLISH["config"]["step"]["sign_in"]
    ways = {config_flow.SIGN_IN_CLOUD, config_flow.SIGN_IN_TOKEN}
    assert (texts["menu_options"].keys(), texts["menu_option_descriptions"].keys()) == (ways, ways)


@pytest.mark.parametrize("step", STEPS)
def test_placeholders_of_steps(step: str) -> None:
    """A step fills what its texts name."""
    for text in dict(flat(ENGLISH["config"]["step"][step])).values():
        assert named(text) <= STEPS[step]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_languages(file: Path) -> None:
    """Every language has the keys and placeholders of English, and texts as Home Assistant takes them."""
    english, texts = dict(flat(ENGLISH)), dict(flat(json.loads(file.read_text())))
    assert texts.keys() == english.keys()
    assert [key for key, text in texts.items() if named(text) != named(english[key])] == []
    unwanted = re.compile(r"https?://|<\w|\[%key:|^\s|\s$|^$")
    assert [key for key, text in texts.items() if unwanted.search(text)] == []
