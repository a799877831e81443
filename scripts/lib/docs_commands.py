"""Run every command in the README and the docs, as a reader would: scripts/docs --run.

The commands run in a copy of this repository. A command that serves until Ctrl+C is stopped once it serves.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
import json
from pathlib import Path
import re
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import Final

from scripts.lib.process import ROOT, RunError, print_progress, read_log, run_process, wait_for_result
from tests.emulator import SCENARIOS

PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
CODE_BLOCK: Final = re.compile(r"^( *)```sh\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
GITIGNORE: Final = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
"""The patterns of .gitignore, which has no comments."""

LINKED: Final = (".venv*", ".cache")
"""Patterns of ignored files that are linked instead of copied: they are large and only read by the commands."""

TIMEOUT: Final = 300
"""For one command, in seconds."""

SKIPPED: Final[Mapping[str, str]] = {
    "scripts/test": ".ci/run starts with it",
    "scripts/e2e": ".ci/run ends with it",
}
"""Commands that are not run here, each with the reason."""

SERVERS: Final[Mapping[str, str]] = {"scripts/demo": "Press Ctrl+C to stop", "-m tests.emulator": "gateway on https"}
"""Parts of commands that serve until Ctrl+C, each with the output that shows that it serves."""


def find_commands() -> list[str]:
    """Return the commands of all pages, without duplicates and comments."""
    blocks = [block for page in PAGES for _, block in CODE_BLOCK.findall(page.read_text())]
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [*dict.fromkeys(filter(None, lines))]


def find_missing(commands: Iterable[str]) -> list[str]:
    """Return the commands that are on no page."""
    return sorted({*commands} - {*find_commands()})


@contextmanager
def working_copy() -> Iterator[Path]:
    """Create a temporary copy of this repository, with links to its environments and a file secctrl.json."""
    with TemporaryDirectory(prefix="docs-") as name:
        folder = Path(name)
        copytree(ROOT, folder, ignore=ignore_patterns(*GITIGNORE), dirs_exist_ok=True)
        for pattern in LINKED:
            for path in ROOT.glob(pattern):
                (folder / path.name).symlink_to(path)
        (folder / "secctrl.json").write_text(json.dumps(SCENARIOS["8.3_all_keys"].payload))
        yield folder


async def run_command(command: str, folder: Path) -> None:
    """Run one command until it exits, or until it serves; raises RunError."""
    serves = next((text for part, text in SERVERS.items() if part in command and "--list" not in command), None)
    log = folder / "output.log"
    async with run_process(log, "bash", "-c", f"exec {command}", cwd=folder) as process:

        def is_done() -> bool | None:
            return (serves in read_log(log) if serves else process.returncode == 0) or None

        if not await wait_for_result(process, is_done, TIMEOUT) and not is_done():
            msg = f"docs: `{command}` failed. Last output:\n{read_log(log)[-2000:]}"
            raise RunError(msg)


async def run_commands() -> None:
    """Run all commands in order; raises RunError."""
    if missing := find_missing(SKIPPED):
        msg = f"docs: no page shows {', '.join(missing)}. Update SKIPPED in scripts/lib/docs_commands.py."
        raise RunError(msg)
    with working_copy() as folder:
        for command in find_commands():
            if command in SKIPPED:
                print_progress(f"{command}  (skipped: {SKIPPED[command]})")
            else:
                print_progress(f"{command}  ...")
                await run_command(command, folder)
    print_progress("docs: every command works")
