"""Search the source code of the integration for the texts that it needs and the placeholders that it fills."""

import ast
from collections.abc import Iterator
from typing import Final

from custom_components.enphase_secctrl import authentication, const
from custom_components.enphase_secctrl.client import SecctrlError
from custom_components.enphase_secctrl.flows import sign_in

from .checks.files import ROOT, integration_folder

FOLDER: Final = integration_folder(ROOT)
TREES: Final = {
    path.relative_to(FOLDER).with_suffix("").as_posix(): ast.parse(path.read_text()) for path in FOLDER.rglob("*.py")
}
"""The syntax tree of each module, by names such as "client/gateway"."""

ERROR_MODULES: Final = (authentication, sign_in)
"""Modules outside of the client that define exceptions; importing them makes their classes known."""


def definition(module: str, name: str) -> ast.AST:
    """Return the function or class with this name."""
    return next(node for node in ast.walk(TREES[module]) if getattr(node, "name", "") == name)


def keyword_arguments(tree: ast.AST, function: str, keyword: str) -> Iterator[ast.AST]:
    """Yield what is passed as this keyword argument to functions whose name ends like this."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(function):
            yield from (one.value for one in call.keywords if one.arg == keyword)


def assigned_values(tree: ast.AST, name: str) -> Iterator[ast.AST]:
    """Yield what is assigned to targets that contain this name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and name in ast.unparse(node.targets[0]):
            yield node.value


def strings(tree: ast.AST | None) -> set[str]:
    """Return the strings in the code; a name of const.py stands for its value."""
    nodes = [*ast.walk(tree)] if tree else []
    values = {getattr(const, node.id, None) for node in nodes if isinstance(node, ast.Name)}
    values |= {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {value for value in values if isinstance(value, str)}


def dict_keys(tree: ast.AST) -> set[str]:
    """Return the keys of all dict displays in the code."""
    return {text for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys for text in strings(key)}


def raised_errors(*modules: str) -> set[str]:
    """Return the translation keys of the SecctrlErrors that the modules name, except in `except` clauses."""
    keys = {error.__name__: error.translation_key for error in SecctrlError.__subclasses__()}
    nodes = [node for module in modules for node in ast.walk(TREES[module])]
    clauses = [node.type for node in nodes if isinstance(node, ast.ExceptHandler) and node.type]
    caught = {node for clause in clauses for node in ast.walk(clause)}
    return {keys[node.id] for node in nodes if isinstance(node, ast.Name) and node.id in keys and node not in caught}
