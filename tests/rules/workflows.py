""".github/workflows: they may do no more than they must, and what they use is pinned."""

from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from typing import Any, Final

from .folder import read_yaml

READ: Final = {"contents": "read"}
NOTHING: Final[Mapping[str, str]] = {}
PERMISSIONS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "ci.yaml": {"all": READ},
    "validate.yaml": {"hassfest": READ, "hacs": READ},
    "release.yaml": {"test": READ, "attach": {"contents": "write"}},
}
"""What the jobs of each workflow may do: all that is not here may nothing."""

PINNED: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40} # \S+")
ACTIONS: Final = {"home-assistant/actions/hassfest", "hacs/action"}


def _workflows(folder: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    for path in sorted((folder / ".github" / "workflows").iterdir()):
        yield path.name, read_yaml(path), path.read_text()


def _steps(workflow: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def permissions(folder: Path) -> Iterator[str]:
    """None for a workflow, for its jobs those of the table, and no credentials left lying for what runs later."""
    for name, workflow, _ in _workflows(folder):
        if workflow.get("permissions") != NOTHING:
            yield f"{name} doesn't begin without permissions"
        for job, content in workflow["jobs"].items():
            if content.get("permissions") != PERMISSIONS.get(name, {}).get(job, NOTHING):
                yield f"{name}: the job {job} may do something else than the table says"
            if "timeout-minutes" not in content:
                yield f"{name}: the job {job} may run for ever"
        for step in _steps(workflow):
            checks_out = str(step.get("uses")).startswith("actions/checkout@")
            if checks_out and step.get("with", {}).get("persist-credentials") is not False:
                yield f"{name}: a checkout keeps its credentials"


def pins(folder: Path) -> Iterator[str]:
    """Actions are pinned to a commit, with the version in words beside it."""
    for name, _, text in _workflows(folder):
        for action in re.findall(r"\buses: *(.+)", text):
            if not PINNED.fullmatch(action):
                yield f"{name}: {action} is not pinned to a commit"


def shell(folder: Path) -> Iterator[str]:
    """No script has what a stranger can name (a tag, a title) pasted into it: such things come by `env`."""
    for name, workflow, _ in _workflows(folder):
        for step in _steps(workflow):
            if "${{" in step.get("run", ""):
                yield f"{name}: an expression stands in a script"


def validation(folder: Path) -> Iterator[str]:
    """Both real checks run on each change, and nightly too, because their rules change without us."""
    workflow = read_yaml(folder / ".github" / "workflows" / "validate.yaml")
    used = {str(step.get("uses")).partition("@")[0] for step in _steps(workflow)}
    yield from (f"validate.yaml doesn't run {action}" for action in sorted(ACTIONS - used))
    yield from (f"validate.yaml doesn't run on {on}" for on in ("push", "pull_request") if on not in workflow["on"])
    schedule = workflow["on"].get("schedule") or [{}]
    if not re.fullmatch(r"\d+ \d+ \* \* \*", schedule[0].get("cron", "")):
        yield "validate.yaml doesn't run every night"
