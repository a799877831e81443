"""Everything that is shown has a text, every text is shown, and each gets what it names.

That all languages say the same as English is a rule of `rules/texts.py`.
"""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
from typing import Any

import homeassistant.const
from homeassistant.helpers.entity import EntityDescription
import pytest

from custom_components.enphase_secctrl import const, failures, fields, forms, issues

from .rules.texts import flat, named

FOLDER = Path(forms.__file__).parent
LANGUAGES = {file.stem: json.loads(file.read_text()) for file in sorted((FOLDER / "translations").glob("*.json"))}
ENGLISH = LANGUAGES["en"]
CONFIG = ENGLISH["config"]
ICONS = json.loads((FOLDER / "icons.json").read_text())
ROOMS = {path.stem: ast.parse(path.read_text()) for path in FOLDER.glob("*.py")}
FLOW = ast.parse("\n".join((FOLDER / f"{room}.py").read_text() for room in ("config_flow", "sign_in_steps")))
OLDEST = json.loads((FOLDER.parents[1] / "hacs.json").read_text())["homeassistant"]
CORE = Path(homeassistant.__file__).parent / "components"
AS_CORE = {
    "config.step.user.data.host": ("enphase_envoy", "config.step.user.data.host"),
    "config.step.reauth_confirm.data.host": ("enphase_envoy", "config.step.user.data.host"),
    "config.step.reconfigure.data.host": ("enphase_envoy", "config.step.reconfigure.data.host"),
    "config.step.cloud.data.password": ("enphase_envoy", "config.step.user.data.password"),
    "config.step.code.data.code": ("synology_dsm", "config.step.2sa.data.otp_code"),
    "config.step.token.title": ("nuki", "config.step.user.data.token"),
    "config.step.token.data.token": ("system_bridge", "config.step.user.data.token"),
    "config.error.unknown": ("enphase_envoy", "config.error.unknown"),
    "options.step.init.title": ("nina", "options.step.init.title"),
    "entity.sensor.agg_avail_energy.name": ("sensor", "entity_component.energy_storage.name"),
    "entity.sensor.agg_soc.name": ("enphase_envoy", "entity.sensor.acb_battery_soc.name"),
    "entity.sensor.max_energy.name": ("solarlog", "entity.sensor.capacity.name"),
}
"""Our texts that are Home Assistant's own in English, or begin with them: in whose translations, and where."""
OUR_OWN = {
    ("el", "config.step.code.data.code"): "their word is a password's, too",
    ("ja", "config.step.code.data.code"): "as core calls a code that proves who one is",
    ("pt", "config.step.token.title"): "theirs has a capital letter in the middle",
    ("pt", "entity.sensor.agg_soc.name"): "theirs is also that of the charging",
    ("sv", "entity.sensor.agg_soc.name"): "theirs is also that of the charging",
    ("zh-Hans", "entity.sensor.agg_soc.name"): "theirs is also that of the charging",
    ("zh-Hans", "entity.sensor.agg_avail_energy.name"): "theirs is electric power",
}
"""Where core's translation is not ours, by language, and why."""
ROWS: dict[str, tuple[EntityDescription, ...]] = {
    "sensor": (*fields.SENSORS, fields.TOKEN_EXPIRES),
    "binary_sensor": fields.FLAGS,
}

# --- what the texts name


def all_named(texts: Mapping[str, Any]) -> set[str]:
    """Return the placeholders in all the texts."""
    return {name for _, text in flat(texts) for name in named(text)}


# --- what the code says


def written(tree: ast.AST, name: str) -> ast.AST:
    """Return the function or class of that name."""
    return next(node for node in ast.walk(tree) if getattr(node, "name", "") == name)


def passed(tree: ast.AST, function: str, keyword: str) -> Iterator[ast.AST]:
    """Yield what is passed as that keyword to a function whose name ends so."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(function):
            yield from (one.value for one in call.keywords if one.arg == keyword)


def assigned(tree: ast.AST, name: str) -> Iterator[ast.AST]:
    """Yield what is assigned to what has that name in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and name in ast.unparse(node.targets[0]):
            yield node.value


def words(tree: ast.AST | None) -> set[str]:
    """Return the texts that are written down, also by a name of const.py."""
    nodes = [*ast.walk(tree)] if tree else []
    by_name = {getattr(const, node.id, None) for node in nodes if isinstance(node, ast.Name)}
    found = by_name | {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {word for word in found if isinstance(word, str)}


def passed_words(tree: ast.AST, function: str, keyword: str) -> set[str]:
    """Return the texts that are passed so."""
    return {word for one in passed(tree, function, keyword) for word in words(one)}


def keys(tree: ast.AST) -> set[str]:
    """Return the keys of all dicts that are written down."""
    return {word for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys for word in words(key)}


def failing(*rooms: str) -> set[str]:
    """Return the keys of the failures that rooms raise: of those they name, except where they catch."""
    known = {failure.__name__: failure.key for failure in failures.Failure.__subclasses__()}
    nodes = [node for room in rooms for node in ast.walk(ROOMS[room])]
    handled = [node.type for node in nodes if isinstance(node, ast.ExceptHandler) and node.type]
    caught = {one for handler in handled for one in ast.walk(handler)}
    return {known[node.id] for node in nodes if isinstance(node, ast.Name) and node.id in known and node not in caught}


def steps() -> dict[str, set[str]]:
    """Return {step: placeholders} of the steps that show a form or a menu."""
    shared = keys(written(ROOMS["forms"], "_placeholders"))
    form = shared.union(*map(keys, passed(ROOMS["forms"], "async_show_form", "description_placeholders")))
    return {
        node.name.removeprefix("async_step_"): form if "self._form(" in code else shared
        for node in ast.walk(FLOW)
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_")
        if "self._form(" in (code := ast.unparse(node)) or "self.async_show_menu(" in code
    }


STEPS = steps()
POLL = failing("gateway", "identity", "body", "model")
"""Not those of the address: the host of an entry was good once."""
IDENTIFY = POLL - {"invalid_auth", "no_secctrl"}
"""Without a token nothing is refused, and `/info` is on every gateway."""
FORM = POLL | failing("address", "enlighten", "token", "sign_in_steps") - {"mfa_required"}
"""A form answers an account that asks for a code with the step of the code."""
HEAD = {"title", "description"}
ANSWERS = {"unexpected_answer": {"answer"}}
"""What failures fill in, by their keys."""
FIXES = {issues.TOKEN_ENDS: "SignInAgainFlow", issues.CERTIFICATE_CHANGED: "AcceptCertificateFlow"}
ABORTS_OF_HOME_ASSISTANT = {
    "_abort_if_unique_id_configured": {"already_configured"},
    "async_set_unique_id": {"already_in_progress"},
    "async_update_reload_and_abort": {"reauth_successful", "reconfigure_successful"},
}

# --- entities


@pytest.mark.parametrize("platform", ROWS)
def test_names(platform: str) -> None:
    """Every row has a name, every name a row, and a name gets the placeholders it has."""
    rows = {row.translation_key or row.key: row for row in ROWS[platform]}
    texts = ENGLISH["entity"][platform]
    assert texts.keys() == rows.keys()
    for row in ROWS[platform]:
        (name,) = texts[row.translation_key or row.key].values()
        assert named(name) == {*(row.translation_placeholders or {})}


def test_languages() -> None:
    """The languages that we promise are there."""
    promised = "cs da de el en es fi fr hu it ja nb nl pl pt pt-BR ro sk sv tr zh-Hans"
    assert {*promised.split()} <= LANGUAGES.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_differ(language: str) -> None:
    """No two entities of the device have one name, in no language."""
    names = [
        LANGUAGES[language]["entity"][platform][row.translation_key or row.key]["name"].format_map(
            row.translation_placeholders or {}
        )
        for platform, rows in ROWS.items()
        for row in rows
    ]
    assert len({*names}) == len(names)


def core(path: str, language: str) -> str:
    """Return Home Assistant's own translation of a text of ours, or nothing."""
    integration, theirs = AS_CORE[path]
    file = CORE / integration / "translations" / f"{language}.json"
    return dict(flat(json.loads(file.read_text()))).get(theirs, "") if file.exists() else ""


def says(text: str, theirs: str, *, whole: bool) -> bool:
    """Whether a text is theirs, or begins with it."""
    return text == theirs if whole else text.startswith(theirs)


@pytest.mark.skipif(
    homeassistant.const.__version__ != OLDEST, reason="its words change with a release, ours need not: see the oldest"
)
@pytest.mark.parametrize("path", AS_CORE)
def test_terms_of_core(path: str) -> None:
    """What Home Assistant has a word for is called so in each language into which its own is translated."""
    ours = {language: dict(flat(texts))[path] for language, texts in LANGUAGES.items()}
    english = core(path, "en")
    whole = ours["en"] == english
    assert english
    assert says(ours["en"], english, whole=whole)
    theirs = {language: text for language in ours if (text := core(path, language)) not in ("", english)}
    assert theirs
    other = {language for language, text in theirs.items() if not says(ours[language], text, whole=whole)}
    assert other == {language for language, own in OUR_OWN if own == path}


@pytest.mark.parametrize("platform", ROWS)
def test_icons(platform: str) -> None:
    """A row has an icon exactly if no device class gives it one."""
    rows = {row.translation_key or row.key for row in ROWS[platform] if row.device_class is None}
    assert ICONS["entity"][platform].keys() == rows


def test_icons_of_nothing_else() -> None:
    """Icons are for the entities of the table."""
    assert ICONS.keys() == {"entity"}
    assert ICONS["entity"].keys() == ROWS.keys()


# --- flows


def test_parts() -> None:
    """There are texts for what there is, and for nothing else."""
    assert ENGLISH.keys() == {"config", "options", "issues", "exceptions", "entity"}
    assert CONFIG.keys() == {"flow_title", "step", "error", "abort", "create_entry"}
    assert ENGLISH["options"].keys() == {"step", "error"}
    assert ENGLISH["entity"].keys() == ROWS.keys()


def test_steps() -> None:
    """Every form and the menu have texts, and every form its fields."""
    assert CONFIG["step"].keys() == STEPS.keys() == forms.FORMS.keys() - {"init"} | {"sign_in"}
    assert ENGLISH["options"]["step"].keys() == {"init"}
    assert [step for step, texts in CONFIG["step"].items() if HEAD - texts.keys()] == []


@pytest.mark.parametrize("step", forms.FORMS)
def test_fields(step: str) -> None:
    """Each field of a form has a label and a hint."""
    texts = (CONFIG["step"] | ENGLISH["options"]["step"])[step]
    shown = {str(key) for key in forms.FORMS[step].schema}
    parts = {part: {*texts[part]} for part in texts.keys() - HEAD}
    assert parts == {part: shown for part in ("data", "data_description") if shown}


def test_menu() -> None:
    """The menu names what it offers, each with its description, and each is a step."""
    lists = (node for node in ast.walk(written(FLOW, "async_step_sign_in")) if isinstance(node, ast.List))
    offered = {word for node in lists for word in words(node)}
    texts = CONFIG["step"]["sign_in"]
    parts = {part: {*texts[part]} for part in texts.keys() - HEAD}
    assert parts == {"menu_options": offered, "menu_option_descriptions": offered}
    assert offered < STEPS.keys()
    assert named(texts["title"]) == set()  # the frontend fills in nothing in the title of a menu


@pytest.mark.parametrize("step", STEPS)
def test_placeholders_of_steps(step: str) -> None:
    """A step fills what its texts name."""
    assert all_named(CONFIG["step"][step]) <= STEPS[step]


def test_placeholders_of_discovery() -> None:
    """A discovered gateway is shown with what it announced."""
    (filled,) = assigned(written(FLOW, "async_step_zeroconf"), "title_placeholders")
    assert named(CONFIG["flow_title"]) <= keys(filled)


def test_errors() -> None:
    """Every failure that a form can meet has its text there; there are no others, and the form fills them."""
    assert CONFIG["error"].keys() == FORM | {"unknown"}
    assert all_named(CONFIG["error"]) <= STEPS["user"]
    assert "answer" in named(CONFIG["error"]["unexpected_answer"])


def test_aborts() -> None:
    """Every end of a flow that makes no entry has its text: our own, Home Assistant's, and a bad discovery."""
    code = ast.unparse(FLOW)
    theirs = {reason for call, reasons in ABORTS_OF_HOME_ASSISTANT.items() if f".{call}(" in code for reason in reasons}
    discovery = IDENTIFY - {"certificate_changed"}  # nothing is pinned yet
    assert CONFIG["abort"].keys() == passed_words(FLOW, "async_abort", "reason") | theirs | discovery
    assert {key: named(text) for key, text in CONFIG["abort"].items() if named(text)} == ANSWERS


def test_create_entry() -> None:
    """What is said of a new entry goes without placeholders."""
    (description,) = assigned(written(FLOW, "_finish"), "description")
    assert CONFIG["create_entry"].keys() == words(description)
    assert all_named(CONFIG["create_entry"]) == set()


def test_options() -> None:
    """Every failure of the options has its text; they fill in nothing."""
    assert ENGLISH["options"]["error"].keys() == IDENTIFY
    assert all_named(ENGLISH["options"]) == set()
    assert "title" in ENGLISH["options"]["step"]["init"]


# --- issues and exceptions


def test_issues() -> None:
    """Every issue has its texts: a fix where there is one, else a description."""
    kinds = {issues.TOKEN_ENDS, issues.CERTIFICATE_CHANGED, issues.NO_SECCTRL}
    assert ENGLISH["issues"].keys() == kinds
    parts = {kind: {*texts} - {"title"} for kind, texts in ENGLISH["issues"].items()}
    assert parts == {issues.NO_SECCTRL: {"description"}} | {kind: {"fix_flow"} for kind in FIXES}


@pytest.mark.parametrize("kind", ENGLISH["issues"])
def test_placeholders_of_issues(kind: str) -> None:
    """What announces an issue fills what its title and description name."""
    texts = ENGLISH["issues"][kind]
    (announced,) = (
        {keyword.arg for keyword in call.keywords}
        for room in ("coordinator", "sign_in", "issues")
        for call in ast.walk(ROOMS[room])
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("announce", "issues.announce")
        if getattr(issues, ast.unparse(call.args[-1]).removeprefix("issues.")) == kind
    )
    assert named(texts["title"]) | named(texts.get("description", "")) <= {"title"} | announced


@pytest.mark.parametrize(
    ("kind", "parts", "errors"),
    [
        (issues.TOKEN_ENDS, {"step", "abort"}, set()),
        (issues.CERTIFICATE_CHANGED, {"step", "error"}, IDENTIFY),
    ],
)
def test_fixes(kind: str, parts: set[str], errors: set[str]) -> None:
    """A fix has texts for its step, its failures and its end, and fills what its step names."""
    texts = ENGLISH["issues"][kind]["fix_flow"]
    fix = written(ROOMS["repairs"], FIXES[kind])
    assert texts.keys() == parts
    assert [step for step in texts["step"].values() if step.keys() != HEAD] == []
    assert texts["step"].keys() == passed_words(fix, "async_show_form", "step_id")
    assert texts.get("error", {}).keys() == errors
    assert texts.get("abort", {}).keys() == passed_words(fix, "async_abort", "reason")
    filled = [*assigned(fix, "placeholders"), *assigned(fix, "_fingerprints")]
    assert all_named(texts["step"]) == {key for one in filled for key in keys(one)}
    assert all_named(texts.get("error", {}) | texts.get("abort", {})) == set()


def test_exceptions() -> None:
    """Every failure of a poll, or of its sign-in, has a text; there are no others, and each fills what it names."""
    texts = {key: text["message"] for key, text in ENGLISH["exceptions"].items() if text.keys() == {"message"}}
    assert texts.keys() == POLL | failing("sign_in")
    assert {key: named(text) for key, text in texts.items() if named(text)} == ANSWERS


def test_answers() -> None:
    """A failure fills in what we say it does."""
    assert {failures.UnexpectedAnswer.key: {*failures.UnexpectedAnswer("HTML").placeholders}} == ANSWERS


# --- the checks themselves


def test_these_checks_can_fail() -> None:
    """What the code says is found where it is said, and not where it is not."""
    tree = ast.parse('def one():\n    abort(reason=DOMAIN, other="no")\n    return {"a": 1, CONF_SIGN_IN: "b", **more}')
    assert [words(node) for node in passed(written(tree, "one"), "abort", "reason")] == [{const.DOMAIN}]
    assert keys(tree) == {"a", "sign_in"}
    assert failing("body") == {"unexpected_answer"}
    assert {"code", "sign_in"} < STEPS.keys()
    assert not {"zeroconf", "reauth"} & STEPS.keys()
    assert STEPS["token"] - STEPS["sign_in"] == {"answer"}
