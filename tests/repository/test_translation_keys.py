"""Flows, issues, and exceptions: the code has a text for everything that it shows, and fills all placeholders."""

import ast
from collections.abc import Mapping
from typing import Any, Final

import pytest

from custom_components.enphase_secctrl import issues
from custom_components.enphase_secctrl.client import UnexpectedResponse
from custom_components.enphase_secctrl.flows.forms import SCHEMAS

from .checks.files import ROOT, integration_folder, read_json
from .checks.translations import flatten, placeholders
from .source_code import (
    TREES,
    assigned_values,
    definition,
    dict_keys,
    keyword_arguments,
    raised_errors,
    strings,
)

ENGLISH: Final = read_json(integration_folder(ROOT) / "translations" / "en.json")
CONFIG: Final = ENGLISH["config"]
HEADINGS: Final = {"title", "description"}

POLL_ERRORS: Final = raised_errors("client/gateway", "client/info", "client/response", "client/report")
"""Not those of client/host: the host was valid when the entry was created."""

INFO_ERRORS: Final = POLL_ERRORS - {"invalid_auth", "no_secctrl"}
"""Errors of `/info`: it needs no token, and every gateway has it."""

FORM_ERRORS: Final = {
    *POLL_ERRORS,
    *raised_errors("client/host", "client/cloud", "client/cloud_responses", "client/token", "flows/sign_in"),
    "unknown",
} - {"mfa_required"}
"""mfa_required isn't shown: it leads to the step for the verification code."""

ERROR_PLACEHOLDERS: Final = {UnexpectedResponse.translation_key: {*UnexpectedResponse("HTML").placeholders}}

MENU_PLACEHOLDERS: Final = dict_keys(definition("flows/forms", "_placeholders"))
FORM_PLACEHOLDERS: Final = MENU_PLACEHOLDERS | dict_keys(definition("flows/forms", "_show_form"))
ISSUE_PLACEHOLDERS: Final = {
    issues.TOKEN_EXPIRES: {"title"} | dict_keys(definition("issues", "update_issues")),
    issues.CERTIFICATE_CHANGED: {"title"} | dict_keys(definition("issues", "certificate_placeholders")),
    issues.NO_SECCTRL: {"title"},
}
FIX_FLOWS: Final = {issues.TOKEN_EXPIRES: "SignInAgainFlow", issues.CERTIFICATE_CHANGED: "AcceptCertificateFlow"}
CORE_ABORTS: Final = {
    "_abort_if_unique_id_configured": {"already_configured"},
    "async_set_unique_id": {"already_in_progress"},
    "async_update_reload_and_abort": {"reauth_successful", "reconfigure_successful"},
}
"""The reasons with which methods of Home Assistant end a flow."""


def all_placeholders(texts: Mapping[str, Any]) -> set[str]:
    """Return the placeholders in all texts."""
    return {name for _, text in flatten(texts) for name in placeholders(text)}


def by_text(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the placeholders of each text that has some."""
    return {key: names for key, text in texts.items() if (names := placeholders(text))}


def test_sections() -> None:
    """There are exactly these sections; `tests/frontend` checks the common texts, which are those of the dashboard."""
    assert ENGLISH.keys() == {"config", "options", "issues", "exceptions", "entity", "triggers", "conditions", "common"}
    assert CONFIG.keys() == {"flow_title", "step", "error", "abort", "create_entry"}
    assert ENGLISH["options"].keys() == {"step", "error"}


# --- Flows


def test_steps() -> None:
    """Each form and the menu have a title and a description."""
    assert CONFIG["step"].keys() == SCHEMAS.keys() - {"init"} | {"sign_in"}
    assert ENGLISH["options"]["step"].keys() == {"init"}
    assert [step for step, texts in CONFIG["step"].items() if HEADINGS - texts.keys()] == []
    assert "title" in ENGLISH["options"]["step"]["init"]


@pytest.mark.parametrize("step", SCHEMAS)
def test_fields(step: str) -> None:
    """Each field of a form has a label and a description."""
    texts = (CONFIG["step"] | ENGLISH["options"]["step"])[step]
    names = {str(key) for key in SCHEMAS[step].schema}
    sections = {section: {*texts[section]} for section in texts.keys() - HEADINGS}
    assert sections == {section: names for section in ("data", "data_description") if names}


def test_menu() -> None:
    """Each option of the menu is a step, and has a label and a description."""
    lists = (node for node in ast.walk(definition("flows/sign_in", "async_step_sign_in")) if isinstance(node, ast.List))
    options = {text for node in lists for text in strings(node)}
    texts = CONFIG["step"]["sign_in"]
    sections = {section: {*texts[section]} for section in texts.keys() - HEADINGS}
    assert sections == {"menu_options": options, "menu_option_descriptions": options}
    assert options < SCHEMAS.keys()
    assert placeholders(texts["title"]) == set()  # the frontend doesn't fill placeholders in the title of a menu


@pytest.mark.parametrize("step", CONFIG["step"])
def test_step_placeholders(step: str) -> None:
    """Each step fills the placeholders of its texts."""
    filled = MENU_PLACEHOLDERS if step == "sign_in" else FORM_PLACEHOLDERS
    assert all_placeholders(CONFIG["step"][step]) <= filled


def test_flow_title() -> None:
    """The discovery step fills the placeholders of the flow's title."""
    (filled,) = assigned_values(definition("config_flow", "async_step_zeroconf"), "title_placeholders")
    assert placeholders(CONFIG["flow_title"]) <= dict_keys(filled)


def test_errors() -> None:
    """Each error that a form can show has a text, and no other; the form fills the placeholders."""
    assert CONFIG["error"].keys() == FORM_ERRORS
    assert all_placeholders(CONFIG["error"]) <= FORM_PLACEHOLDERS
    assert placeholders(CONFIG["error"]["unexpected_answer"]) == {"answer"}


def test_aborts() -> None:
    """Each reason for an abort has a text, and no other: ours, Home Assistant's, and the errors of a discovery."""
    reasons = INFO_ERRORS - {"certificate_changed"}  # no certificate is pinned yet
    for module in ("config_flow", "flows/sign_in"):
        code = ast.unparse(TREES[module])
        reasons = reasons.union(*(core for method, core in CORE_ABORTS.items() if f".{method}(" in code))
        reasons = reasons.union(*map(strings, keyword_arguments(TREES[module], "async_abort", "reason")))
    assert CONFIG["abort"].keys() == reasons
    assert by_text(CONFIG["abort"]) == ERROR_PLACEHOLDERS


def test_create_entry() -> None:
    """Each description of a new entry has a text without placeholders."""
    (description,) = assigned_values(definition("flows/sign_in", "_finish"), "description")
    assert CONFIG["create_entry"].keys() == strings(description) | {"default"}
    assert all_placeholders(CONFIG["create_entry"]) == set()


def test_options() -> None:
    """Each error of the options flow has a text; the flow fills no placeholders."""
    assert ENGLISH["options"]["error"].keys() == INFO_ERRORS
    assert all_placeholders(ENGLISH["options"]) == set()


# --- Issues and exceptions


def test_issues() -> None:
    """Each issue has a title, and a fix flow or else a description."""
    sections = {key: {*texts} - {"title"} for key, texts in ENGLISH["issues"].items()}
    assert sections == {key: {"fix_flow" if key in FIX_FLOWS else "description"} for key in ISSUE_PLACEHOLDERS}


@pytest.mark.parametrize("key", ENGLISH["issues"])
def test_issue_placeholders(key: str) -> None:
    """The code fills the placeholders of the title and the description."""
    texts = ENGLISH["issues"][key]
    named = placeholders(texts["title"]) | placeholders(texts.get("description", ""))
    assert named <= ISSUE_PLACEHOLDERS[key]


@pytest.mark.parametrize(
    ("key", "sections", "errors"),
    [
        (issues.TOKEN_EXPIRES, {"step", "abort"}, set()),
        (issues.CERTIFICATE_CHANGED, {"step", "error", "abort"}, INFO_ERRORS),
    ],
)
def test_fix_flows(key: str, sections: set[str], errors: set[str]) -> None:
    """A fix flow has texts for its step, errors, and aborts, and fills the placeholders of the step."""
    texts = ENGLISH["issues"][key]["fix_flow"]
    flow = definition("repairs", FIX_FLOWS[key])
    steps, aborts = (
        set().union(*map(strings, keyword_arguments(flow, *arguments)))
        for arguments in (("async_show_form", "step_id"), ("async_abort", "reason"))
    )
    assert texts.keys() == sections
    assert [step for step in texts["step"].values() if step.keys() != HEADINGS] == []
    assert texts["step"].keys() == steps
    assert texts.get("error", {}).keys() == errors
    assert texts.get("abort", {}).keys() == aborts
    filled = [*assigned_values(flow, "placeholders"), *assigned_values(flow, "_fingerprints")]
    assert all_placeholders(texts["step"]) == {name for values in filled for name in dict_keys(values)}
    assert all_placeholders(texts.get("error", {}) | texts.get("abort", {})) == set()


def test_exceptions() -> None:
    """Each exception of a poll or of the authentication has a text, and no other."""
    texts = {key: text["message"] for key, text in ENGLISH["exceptions"].items() if text.keys() == {"message"}}
    assert texts.keys() == POLL_ERRORS | raised_errors("authentication")
    assert by_text(texts) == ERROR_PLACEHOLDERS
