"""Run the tests against a random sample of mutants: scripts/mutants.

A mutant is the integration with one small change, for example "<=" instead of "<". It is killed if a test fails, and
survives if all tests pass. A mutant that survives indicates a missing test, or code that has no effect.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
import os
from pathlib import Path
import random
import re
from shutil import copytree, ignore_patterns
import sys
from tempfile import TemporaryDirectory
import time
from typing import Final

from scripts.lib.docs_commands import GITIGNORE
from scripts.lib.home_assistant import DOMAIN
from scripts.lib.mutations import Mutation, find_mutations
from scripts.lib.process import ROOT, RunError, print_progress, read_log, run_main, run_process

PACKAGE: Final = Path("custom_components", DOMAIN)
TESTS: Final = Path("tests")
COUNT: Final = 60
TIMEOUT: Final = 900
"""For all tests of one mutant, in seconds; a mutant that takes longer is killed."""

FAILED: Final = 1
"""The exit status of pytest if a test fails, and of Python if there is no pytest."""

MAX_LENGTH: Final = 60
"""Characters of the code that is shown of a mutant."""

SLOW_TESTS: Final = (
    "tests/test_contract.py",
    "tests/test_secrets.py",
    "tests/test_properties.py",
    "tests/test_soak.py",
    "tests/state_machine",
)
"""They run if all other tests pass. Other folders that don't mirror a folder of the integration are skipped."""

PYTEST: Final = (
    *("-m", "pytest", "-x", "-q", "--tb", "no"),
    *("-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed", "0"),
)


class Options(Namespace):
    """The options of the command line."""

    seed: int
    count: int
    module: str | None


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A mutation of a module of the integration."""

    module: Path
    """The path in the integration, for example client/gateway.py."""

    source: bytes
    """The module without the mutation."""

    mutation: Mutation

    def __str__(self) -> str:
        """Return the position and the change."""
        old = self.source[self.mutation.start : self.mutation.end].decode()
        return f"{self.module}:{self.mutation.line}  {_shorten(old)} -> {_shorten(self.mutation.replacement)}"

    def diff(self) -> str:
        """Return the change as a unified diff."""
        old, new = (source.decode().splitlines() for source in (self.source, self.mutation.apply(self.source)))
        name = str(PACKAGE / self.module)
        return "\n".join(unified_diff(old, new, name, name, n=2, lineterm=""))


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return f"`{text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 3] + '...'}`"


def find_mutants(module: str | None) -> list[Mutant]:
    """Return all mutants of one module, or of all modules; raises RunError if there are none."""
    sources = {path.relative_to(ROOT / PACKAGE): path.read_bytes() for path in (ROOT / PACKAGE).rglob("*.py")}
    mutants = [
        Mutant(module=name, source=source, mutation=mutation)
        for name, source in sorted(sources.items())
        if module in (None, name.as_posix())
        for mutation in find_mutations(source)
    ]
    if not mutants:
        msg = f"mutants: there are no mutants of {module}. Modules: {', '.join(map(str, sorted(sources)))}"
        raise RunError(msg)
    return mutants


def find_tests(root: Path, module: Path) -> tuple[list[str], list[str]]:
    """Return the fast tests, with those of the module first, and the slow tests; raises RunError."""
    folders = [root / TESTS / path.name for path in (root / PACKAGE).iterdir() if path.is_dir()]
    files = [path.relative_to(root) for folder in (root / TESTS, *folders) for path in sorted(folder.glob("test_*.py"))]
    if missing := [name for name in SLOW_TESTS if not (root / name).exists()]:
        msg = f"mutants: these tests don't exist: {', '.join(missing)}. Change SLOW_TESTS."
        raise RunError(msg)
    mirrored = TESTS / module.parent / f"test_{module.stem.strip('_')}.py"
    files.sort(key=lambda file: (file != mirrored, file.parent != mirrored.parent))
    return [name for name in map(str, files) if name not in SLOW_TESTS], [*SLOW_TESTS]


async def run_tests(folder: Path, tests: list[str]) -> str | None:
    """Run the tests in a copy of the repository until one fails; return that test, or None if all pass.

    Raises RunError if pytest can't run.
    """
    log = folder / "output.log"
    async with run_process(log, sys.executable, *PYTEST, *tests, cwd=folder) as process:
        try:
            status = await asyncio.wait_for(process.wait(), TIMEOUT)
        except TimeoutError:
            return f"the timeout of {TIMEOUT} s"
    if status == 0:
        return None
    output = read_log(log)
    if failed := re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE):
        return failed[1]
    if status == FAILED:
        msg = f"mutants: pytest can't run:\n{output[-1000:]}"
        raise RunError(msg)
    return f"pytest, which exits with {status}"


async def find_killer(folder: Path, module: Path) -> str | None:
    """Run the fast and then the slow tests; return the first test that fails, or None if all pass."""
    fast, slow = find_tests(folder, module)
    return await run_tests(folder, fast) or await run_tests(folder, slow)


async def check_tests(folder: Path) -> None:
    """Check that all tests pass without a mutation; raises RunError."""
    if failed := await find_killer(folder, Path("__init__.py")):
        msg = f"mutants: a test fails without a mutation: {failed}"
        raise RunError(msg)
    print_progress("all tests pass without a mutation")


class Runner:
    """Runs the tests for each mutant, in as many copies of the repository as there are CPU cores."""

    def __init__(self, mutants: list[Mutant]) -> None:
        """Create the runner."""
        self.survivors: list[Mutant] = []
        self._total = len(mutants)
        self._queue = iter(enumerate(mutants, start=1))

    async def run(self) -> None:
        """Run the tests for all mutants, and once without a mutation; raises RunError."""
        workers = os.cpu_count() or 1
        with TemporaryDirectory(prefix="mutants-") as name:
            folders = [Path(name, str(number)) for number in range(workers)]
            for folder in folders:
                copytree(ROOT, folder, ignore=ignore_patterns(".git", *GITIGNORE))
            tasks = [asyncio.create_task(self._work(folder, is_first=folder == folders[0])) for folder in folders]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, folder: Path, *, is_first: bool) -> None:
        if is_first:
            await check_tests(folder)
        for number, mutant in self._queue:
            start = time.monotonic()
            file = folder / PACKAGE / mutant.module
            file.write_bytes(mutant.mutation.apply(mutant.source))
            killer = await find_killer(folder, mutant.module)
            file.write_bytes(mutant.source)
            if killer is None:
                self.survivors.append(mutant)
            result = f"killed by {killer}" if killer else "SURVIVED"
            print_progress(f"{number}/{self._total}  {mutant}  {result} ({time.monotonic() - start:.0f} s)")


def _format_summary(total: int, survivors: list[Mutant]) -> Iterator[str]:
    yield f"\n{total} mutants: {total - len(survivors)} killed, {len(survivors)} survived"
    for mutant in survivors:
        yield f"\n{PACKAGE / mutant.module}:{mutant.mutation.line}\n{mutant.diff()}"


async def run_mutants(options: Options) -> None:
    """Run the tests against the sample, and print the survivors; raises RunError."""
    mutants = find_mutants(options.module)
    sample = random.Random(options.seed).sample(mutants, min(options.count, len(mutants)))  # noqa: S311 - no secret
    print_progress(f"{len(sample)} of {len(mutants)} mutants; to repeat this sample: --seed {options.seed}")
    runner = Runner(sample)
    await runner.run()
    print(*_format_summary(len(sample), runner.survivors), sep="\n")


def parse_options() -> Options:
    """Return the options of the command line."""
    parser = ArgumentParser(prog="scripts/mutants", description=__doc__.partition("\n\n")[2] if __doc__ else None)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="seed of the sample (default: random)"
    )
    parser.add_argument("--count", type=int, default=COUNT, help="number of mutants (default: %(default)s)")
    parser.add_argument("--module", metavar="PATH", help="only mutants of this module, for example client/gateway.py")
    return parser.parse_args(namespace=Options())


if __name__ == "__main__":
    sys.exit(run_main(run_mutants(parse_options())))
