"""Run every command that the README and the docs show: scripts/docs --run.

Each runs as a reader runs it, in a copy of this repository that holds the files which the reader
is expected to have. One that serves until Ctrl-C is ended when it says that it does.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
import json
from pathlib import Path
import re
from shutil import copytree, ignore_patterns
import sys
from tempfile import TemporaryDirectory
from typing import Final

from scripts.hass import ROOT, RunError, output, ready, run, running, say
from tests.gateway import SCENARIOS

PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SHELL: Final = re.compile(r"^( *)```sh\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
IGNORED: Final = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
"""The patterns of .gitignore, which has no comments."""

LINKED: Final = (".venv*", ".cache")
"""What is ignored, too large to copy, and only read by what runs here."""

PATIENCE: Final = 300
"""Seconds for one command."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "scripts/test": ".ci/run begins with it",
    "scripts/e2e": ".ci/run ends with it",
}
"""What is not run here, and why; each is a command that is shown."""

SERVING: Final[Mapping[str, str]] = {"scripts/demo": "Ctrl-C ends it", "-m tests.gateway": "gateway on https"}
"""What a command that has this in it says when it serves."""


def commands() -> list[str]:
    """Return the commands of all pages, each once, without their comments."""
    blocks = [block for page in PAGES for _, block in SHELL.findall(page.read_text())]
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [*dict.fromkeys(filter(None, lines))]


def unshown(elsewhere: Iterable[str]) -> list[str]:
    """Return those of the commands that no page shows."""
    return sorted({*elsewhere} - {*commands()})


@contextmanager
def reader() -> Iterator[Path]:
    """Give a reader's folder: a copy of this repository, links to its environments, and an answer of a gateway."""
    with TemporaryDirectory(prefix="reader-") as name:
        folder = Path(name)
        copytree(ROOT, folder, ignore=ignore_patterns(*IGNORED), dirs_exist_ok=True)
        for pattern in LINKED:
            for entry in ROOT.glob(pattern):
                (folder / entry.name).symlink_to(entry)
        (folder / "secctrl.json").write_text(json.dumps(SCENARIOS["8.3_all_keys"].payload))
        yield folder


async def follow(command: str, folder: Path) -> None:
    """Run one command to its end, or until it serves; raises RunError."""
    says = next((said for part, said in SERVING.items() if part in command and "--list" not in command), None)
    log = folder / "output.log"
    async with running(log, "bash", "-c", f"exec {command}", cwd=folder) as process:

        def done() -> bool | None:
            return (says in output(log) if says else process.returncode == 0) or None

        if not await ready(process, done, PATIENCE) and not done():
            msg = f"docs: `{command}` does not do what the page says. Its last words:\n{output(log)[-2000:]}"
            raise RunError(msg)


async def main() -> None:
    """Run all of them, one after the other; raises RunError."""
    if gone := unshown(ELSEWHERE):
        msg = f"docs: no page shows {', '.join(gone)}. Take it out of ELSEWHERE in scripts/commands.py."
        raise RunError(msg)
    with reader() as folder:
        for command in commands():
            say(f"{command}  {f'(not here: {ELSEWHERE[command]})' if command in ELSEWHERE else '...'}")
            if command not in ELSEWHERE:
                await follow(command, folder)
    say("docs: every command works")


if __name__ == "__main__":
    sys.exit(run(main()))
