"""What hassfest and the HACS action check, as far as it can be seen in a folder: rule by rule, the problems."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from . import code, manifest, papers, texts, workflows

type Rule = Callable[[Path], Iterator[str]]

RULES: Final[Mapping[str, Rule]] = {
    "one integration": papers.one_integration,
    "manifest keys": manifest.keys,
    "manifest order": manifest.order,
    "manifest identity": manifest.identity,
    "manifest values": manifest.values,
    "manifest links": manifest.links,
    "discovery": manifest.discovery,
    "requirements": manifest.requirements,
    "imports": code.imports,
    "config flow": code.config_flow,
    "config schema": code.config_schema,
    "actions": code.actions,
    "icons": texts.icons,
    "translations": texts.translations,
    "languages": texts.languages,
    "hacs.json": papers.hacs,
    "brand": papers.brand,
    "readme": papers.readme,
    "licence": papers.licence,
    "issue forms": papers.issue_forms,
    "permissions": workflows.permissions,
    "pins": workflows.pins,
    "shell": workflows.shell,
    "validation": workflows.validation,
}
"""Each takes the folder of the repository and yields what is wrong, in words."""
