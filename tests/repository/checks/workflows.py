"""Checks of .github/workflows: minimal permissions, pinned actions, and the validation by hassfest and HACS."""

from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from typing import Any, Final

from .files import read_yaml

READ: Final = {"contents": "read"}
NONE: Final[Mapping[str, str]] = {}
PERMISSIONS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "ci.yaml": {"all": READ},
    "validate.yaml": {"hassfest": READ, "hacs": READ},
    "release.yaml": {"test": READ, "attach": {"contents": "write"}},
}
"""The permissions of each job; a job that isn't listed has none."""

PINNED_ACTION: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40} # \S+")
VALIDATION_ACTIONS: Final = {"home-assistant/actions/hassfest", "hacs/action"}


def _workflows(root: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield (file name, content, text) of each workflow."""
    for path in sorted((root / ".github" / "workflows").iterdir()):
        yield path.name, read_yaml(path), path.read_text()


def _steps(workflow: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def permissions(root: Path) -> Iterator[str]:
    """Workflows have no permissions, jobs have a timeout and those of PERMISSIONS, checkouts keep no credentials."""
    for name, workflow, _ in _workflows(root):
        if workflow.get("permissions") != NONE:
            yield f"{name} doesn't drop all permissions"
        for job, content in workflow["jobs"].items():
            if content.get("permissions") != PERMISSIONS.get(name, {}).get(job, NONE):
                yield f"{name}: the permissions of the job {job} aren't those in PERMISSIONS"
            if "timeout-minutes" not in content:
                yield f"{name}: the job {job} has no timeout"
        for step in _steps(workflow):
            is_checkout = str(step.get("uses")).startswith("actions/checkout@")
            if is_checkout and step.get("with", {}).get("persist-credentials") is not False:
                yield f"{name}: a checkout keeps its credentials"


def pinned_actions(root: Path) -> Iterator[str]:
    """Actions are pinned to a commit, with the version in a comment."""
    for name, _, text in _workflows(root):
        for action in re.findall(r"\buses: *(.+)", text):
            if not PINNED_ACTION.fullmatch(action):
                yield f"{name}: {action} isn't pinned to a commit"


def expressions_in_scripts(root: Path) -> Iterator[str]:
    """Scripts contain no expressions, which could insert code (for example from the name of a tag); they use `env`."""
    for name, workflow, _ in _workflows(root):
        for step in _steps(workflow):
            if "${{" in step.get("run", ""):
                yield f"{name}: a script contains an expression"


def validation(root: Path) -> Iterator[str]:
    """The actions of hassfest and HACS run for each change, and each night because their rules change."""
    workflow = read_yaml(root / ".github" / "workflows" / "validate.yaml")
    used = {str(step.get("uses")).partition("@")[0] for step in _steps(workflow)}
    yield from (f"validate.yaml doesn't run {action}" for action in sorted(VALIDATION_ACTIONS - used))
    for event in ("push", "pull_request"):
        if event not in workflow["on"]:
            yield f"validate.yaml doesn't run on {event}"
    schedule = workflow["on"].get("schedule") or [{}]
    if not re.fullmatch(r"\d+ \d+ \* \* \*", schedule[0].get("cron", "")):
        yield "validate.yaml doesn't run every night"
