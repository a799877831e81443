"""Checks of what hassfest and the HACS action require, for the rules that can be checked without either of them.

A check takes the root folder of a repository and yields a message for each problem.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from . import code, manifest, project_files, translations, workflows

type Check = Callable[[Path], Iterator[str]]

CHECKS: Final[tuple[Check, ...]] = (
    manifest.keys,
    manifest.key_order,
    manifest.domain,
    manifest.code_owners,
    manifest.values,
    manifest.links,
    manifest.zeroconf,
    manifest.requirements,
    code.imports,
    code.config_flow,
    code.config_schema,
    code.actions,
    translations.icons,
    translations.texts,
    translations.languages,
    project_files.one_integration,
    project_files.hacs_json,
    project_files.brand,
    project_files.readme,
    project_files.license_text,
    project_files.issue_forms,
    workflows.permissions,
    workflows.pinned_actions,
    workflows.expressions_in_scripts,
    workflows.validation,
)
