"""The words of this project: those that texts for people don't use, and what they use instead."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any, Final

from .checks.files import integration_folder, read_json, read_yaml
from .checks.translations import flatten


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A word or construction that isn't used, what is used instead, and a sentence with it."""

    pattern: str
    instead: str
    example: str


RULES: Final = (
    Rule(pattern=r"\be-mail", instead="email", example="Enter your e-mail address."),
    Rule(pattern=r"\bset-up", instead="setup; the verb is: set up", example="The set-up has failed."),
    Rule(pattern=r"\blicence", instead="license", example="The licence is MIT."),
    Rule(
        pattern=r"\baccounts? (?:that asks? for|with) a code\b",
        instead="account with multi-factor authentication",
        example="An account with a code is not renewed.",
    ),
    Rule(
        pattern=r"\b(?:SMS|2FA|two-factor|two-step)\b",
        instead="text message; multi-factor authentication",
        example="You get a code by SMS.",
    ),
    Rule(
        pattern=r"\b(?:one-time|security|MFA) code",
        instead="verification code",
        example="Enter the security code.",
    ),
    Rule(
        pattern=r"\banother (?:\w+ ){0,3}than\b|\bother (?:\w+ ){1,3}than\b|\bshows? another (?:certificate|gateway)\b",
        instead="a different ... from",
        example="The gateway shows another certificate than the pinned one.",
    ),
    Rule(pattern=r"\bcho(?:ose|oses|osing|se|sen)\b", instead="select", example="Choose the three-dot menu."),
    Rule(pattern=r"\btake the type\b", instead="select", example="Take the type Integration."),
    Rule(pattern=r"(?<!\*)\bsubmit to\b", instead="select **Submit** to", example="Submit to sign in again."),
    Rule(
        pattern=r"\banswer(?:s|ed|ing)?\b",
        instead="respond, response",
        example="The gateway does not answer.",
    ),
    Rule(
        pattern=r"\b(?:is|are|was|been|stays?) (?:silent|away)\b",
        instead="isn't responding, can't be reached",
        example="The cloud is away.",
    ),
    Rule(
        pattern=r"\btold\b|\btells? (?!you\b)|\b(?:gateway|cloud|integration|workflow|log|manifest|Assistant) says\b",
        instead="reports, shows, returns; is notified, is asked",
        example="The gateway tells its serial number.",
    ),
    Rule(
        pattern=r"\btokens? (?:\w+ )?(?:ends?|ended)\b|\b(?:stays?|is) good\b|\bits end\b",
        instead="expires, is valid, expiration",
        example="The token ends in a year.",
    ),
    Rule(
        pattern=r"\bby (?:itself|themselves)\b",
        instead="automatically, on its own",
        example="The token is renewed by itself.",
    ),
    Rule(
        pattern=r"\b(?:dis|en)abled (?:at first|from the start)\b",
        instead="disabled by default, enabled by default",
        example="Phase B is disabled at first.",
    ),
    Rule(
        pattern=r"\bstands?\b(?! for\b)|\bstood\b",
        instead="is, are, use, appear",
        example="IQ Batteries stand under ENC.",
    ),
    Rule(pattern=r"\bmend(?:s|ed|ing)?\b", instead="fix", example="Say what is mended."),
    Rule(
        pattern=r"\*\*(?:Seen|Likely)\b",
        instead="**Observed**, **Inferred**",
        example="**Seen** in all responses.",
    ),
    Rule(pattern=r"\d %|\}\} %", instead="5%, without a space", example="The reserve is 5 %."),
    Rule(pattern=r"\bor newer\b|\band newer\b", instead="or later", example="Firmware 7 or newer."),
    Rule(
        pattern=r"Settings > Repairs",
        instead="Settings > System > Repairs",
        example="Accept it in Settings > Repairs.",
    ),
    Rule(pattern=r"\bthree dots\b", instead="three-dot menu", example="Select the three dots."),
    Rule(pattern=r"\bonce called\b", instead="formerly", example="The IQ Gateway (once called Envoy)."),
    Rule(pattern=r"\b(?:we|our|ours)\b", instead="this integration, the project", example="So we wait."),
    Rule(
        pattern=r"\b(?:present|sign-in of) (?:sign-in|\*?Enphase Envoy)",
        instead="current sign-in, sign-in from Enphase Envoy",
        example="Use the sign-in of Enphase Envoy.",
    ),
    Rule(pattern=r"\b(?:Add hub|Hubs)\b", instead="Add device, Devices", example="Select Add hub."),
    Rule(
        pattern=r"\b(?:Applied reserve|Low-charge recovery|Recovery entry level)\b",
        instead="the name in en.json",
        example="The Applied reserve is 20%.",
    ),
    Rule(
        pattern=r"\b(?:behaviour|colour|catalogue|centre|\w+[^aeiou]isation|recognise|organise|optimise|cancelled)",
        instead="American spelling",
        example="The optimisation changes its behaviour.",
    ),
    Rule(
        pattern=r"\b\w+, [\w-]+ (?:and|or) [\w-]+(?:[.;:)]|$)",
        instead="a comma before the last item",
        example="It has no token, address or password.",
    ),
    Rule(pattern=r"\bkilowatt hours?\b", instead="kilowatt-hour", example="Half a kilowatt hour."),
)

USED: Final = (
    *("email", "setup", "license", "multi-factor authentication", "verification code", "select", "expires", "5%"),
    *("different", "responding", "automatically", "disabled by default", "enabled by default", "Observed", "Inferred"),
    *("or later", "Settings > System > Repairs", "three-dot menu", "formerly Envoy", "Submit"),
)
"""Words that the texts use."""

PENDING: Final[tuple[str, ...]] = ()
"""Pages that are being rewritten."""

PROGRAMS: Final = (
    "scripts/lib/*.py",
    "tests/*/__main__.py",
    "tests/emulator/scenarios.py",
    "tests/emulator/control.py",
)
"""Modules with texts that programs print."""


_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def violations(text: str) -> Iterator[str]:
    """Yield a message for each word that isn't used."""
    for rule in RULES:
        for found in re.findall(rule.pattern, text, re.IGNORECASE | re.MULTILINE):
            yield f"{found!r} isn't used, but: {rule.instead}"


def texts(root: Path) -> dict[str, str]:
    """Return what people read of each file: pages, forms, blueprints, and messages of programs."""
    translations = integration_folder(root) / "translations" / "en.json"
    pages = {
        str(path.relative_to(root)): _page(path.read_text())
        for path in (root / "README.md", *sorted((root / "docs").glob("*.md")), *sorted(root.glob(".github/**/*.md")))
    }
    forms = {
        str(path.relative_to(root)): "\n".join(_strings(read_yaml(path)))
        for path in sorted(root.glob(".github/**/*.y*ml"))
    }
    blueprints = {
        str(path.relative_to(root)): "\n".join(_blueprint(read_yaml(path)))
        for path in sorted(root.glob("docs/blueprints/*.yaml"))
    }
    programs = {
        str(path.relative_to(root)): "\n".join(_constants(path))
        for pattern in PROGRAMS
        for path in sorted(root.glob(pattern))
    }
    scripts = {
        str(path.relative_to(root)): path.read_text() for path in sorted(root.glob("scripts/*")) if path.is_file()
    }
    log = {
        str(path.relative_to(root)): "\n".join(_log_messages(path))
        for path in sorted(integration_folder(root).rglob("*.py"))
    }
    english = "\n".join(re.sub(r"\{\w+\}", "", text) for _, text in flatten(read_json(translations)))
    return {str(translations.relative_to(root)): english} | pages | forms | blueprints | programs | scripts | log


def _page(markdown: str) -> str:
    """Return a page without code in a line, the targets of links, and line breaks in paragraphs."""
    text = re.sub(r"`[^`\n]+`|\]\([^)]*\)|<[^>]*>", " ", markdown)
    return re.sub(r"(?<=\S)\n(?=[^\s|#>-])", " ", text)


def _strings(node: object) -> Iterator[str]:
    """Yield all texts in YAML, without the keys and the statements of templates."""
    match node:
        case str():
            yield re.sub(r"\{%.*?%\}", "", node, flags=re.DOTALL)
        case dict():
            for value in node.values():
                yield from _strings(value)
        case list():
            for value in node:
                yield from _strings(value)


def _blueprint(content: dict[str, Any]) -> Iterator[str]:
    """Yield the texts of a blueprint: those of its form, and the sentences in its templates."""
    yield from _strings(content["blueprint"])
    for text in _strings({key: value for key, value in content.items() if key != "blueprint"}):
        yield from (sentence for _, sentence in re.findall(r"""(["'])((?:(?!\1).)* (?:(?!\1).)*)\1""", text))


def _constants(path: Path) -> Iterator[str]:
    """Yield the texts in a module: its docstring, which --help may show, and all other strings with a space."""
    module = ast.parse(path.read_text())
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(module) if isinstance(node, _DOCUMENTED)}
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=str(text)) if " " in text and text not in docstrings:
                yield text
    yield ast.get_docstring(module) or ""


def _log_messages(path: Path) -> Iterator[str]:
    """Yield the messages that a module logs."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="LOGGER" | "_LOGGER")), args=[ast.Constant(value=str(text)), *_]
            ):
                yield text
