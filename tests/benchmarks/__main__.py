"""Measure the CPU time, memory, and requests of the integration on this machine.

It polls emulated gateways, which run in a different process. Each measurement is compared with a baseline: a bare
request, entities of a minimal integration that write the same states, or the import of core's enphase_envoy. CPU time
is that of the whole process. It takes one to two minutes. Other load on the machine changes the absolute times, but
hardly the ratios.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from contextlib import asynccontextmanager
from dataclasses import asdict
import json
import logging
import os
from pathlib import Path
import platform
from statistics import median
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from homeassistant.const import __version__ as homeassistant_version

from scripts.lib.process import (
    ROOT,
    UNSET_VARIABLES,
    RunError,
    print_progress,
    read_log,
    run_main,
    run_process,
    wait_for_result,
)
from tests.benchmarks.gateways import GatewayState
from tests.benchmarks.measure import Result, combine, ratio
from tests.benchmarks.polls import measure_changed_poll, measure_setup, measure_unchanged_poll
from tests.benchmarks.scaling import measure_connections, measure_scaling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

CACHE: Final = ROOT / ".cache"
CONSTANT_GATEWAYS: Final = 3
SETUP_GATEWAYS: Final = 40
SCALING_GATEWAYS: Final = 201
IMPORT_ROUNDS: Final = 15
RETRIES: Final = 2
"""How often --check repeats a part with a ratio that exceeds its limit and the noise; the rounds of all runs count."""

NOISE: Final = 1.1
"""Ratios differ from run to run by this factor on a busy machine; --check fails above."""

FIRST_PART: Final = "many gateways in one Home Assistant (d)"
"""It runs first, because it measures memory."""

MAX_DECIMALS_VALUE: Final = 100
"""Larger values are printed without decimals."""

type Part = Callable[[], Awaitable[list[Result]]]


class Options(Namespace):
    """The options of the command line."""

    check: bool
    json: Path
    profile: bool


@asynccontextmanager
async def emulated_gateways(constant: int, changing: int) -> AsyncIterator[list[GatewayState]]:
    """Run emulated gateways in one process; stop them at the end."""
    with TemporaryDirectory(prefix="gateways-") as folder:
        state_file, log = Path(folder, "state.json"), Path(folder, "output.log")

        def read_states() -> list[GatewayState] | None:
            states: list[GatewayState] | None = json.loads(state_file.read_text()) if state_file.exists() else None
            return states

        command = (sys.executable, "-m", "tests.benchmarks.gateways", str(state_file), str(constant), str(changing))
        async with run_process(log, *command, cwd=ROOT) as process:
            if (states := await wait_for_result(process, read_states, 30)) is None:
                msg = f"The emulated gateways did not start:\n{read_log(log)}"
                raise RunError(msg)
            yield states


async def measure_imports() -> list[Result]:
    """Measure the import of our modules, in comparison with core's enphase_envoy; raises RunError."""
    environment = {name: value for name, value in os.environ.items() if name not in UNSET_VARIABLES}
    command = (sys.executable, "-W", "ignore", "-m", "tests.benchmarks.imports", str(IMPORT_ROUNDS))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RunError("bench: a module could not be imported")
    rounds: list[tuple[float, float]] = json.loads(output)
    return [
        Result(name="e  import of all modules, CPU", value=median(ours for ours, _ in rounds), unit="ms"),
        Result(name="   baseline: core's enphase_envoy, CPU", value=median(core for _, core in rounds), unit="ms"),
        ratio("e  import / core's enphase_envoy", [ours / core for ours, core in rounds], limit=0.8),
    ]


async def measure(profile_folder: Path | None, *, retries: int) -> list[Result]:
    """Run all parts."""
    print_progress("starting the emulated gateways ...")
    async with emulated_gateways(CONSTANT_GATEWAYS, 1 + SETUP_GATEWAYS + SCALING_GATEWAYS) as gateways:
        constant, changing = gateways[:CONSTANT_GATEWAYS], gateways[CONSTANT_GATEWAYS:]
        parts: dict[str, Part] = {
            "poll, no value changed (a)": lambda: measure_unchanged_poll(constant[0], profile_folder),
            "poll, all values changed (b)": lambda: measure_changed_poll(changing[0], profile_folder),
            "100 polls, 10 s apart (c)": lambda: measure_connections(constant[1], constant[2]),
            FIRST_PART: lambda: measure_scaling(changing[1 + SETUP_GATEWAYS :]),
            "setup (e)": lambda: measure_setup(changing[1 : 1 + SETUP_GATEWAYS]),
            "import (e)": measure_imports,
        }
        return await run_parts(parts, retries=retries)


async def run_parts(parts: Mapping[str, Part], *, retries: int) -> list[Result]:
    """Run FIRST_PART and then the other parts; return the results in the order of `parts`."""
    order = [FIRST_PART, *(name for name in parts if name != FIRST_PART)]
    results = {name: await _run_part(name, parts[name], retries=retries) for name in order}
    return [result for name in parts for result in results[name]]


async def _run_part(name: str, part: Part, *, retries: int) -> list[Result]:
    """Run a part, and again while one of its ratios exceeds its limit and the noise."""
    print_progress(name)
    results = await part()
    while retries and not all(result.within(NOISE) for result in results if result.kind == "ratio"):
        print_progress(f"{name}, again")
        results = [*map(combine, results, await part(), strict=True)]
        retries -= 1
    return results


def format_table(results: list[Result]) -> str:
    """Return a table of the results."""
    width = max(len(result.name) for result in results)
    return "\n".join(
        f"{each.name:<{width}}  {each.value:>8.{_decimals(each)}f} {each.unit:<2}"
        f"  {_limit(each):>8}  {_verdict(each)}".rstrip()
        for each in results
    )


def _decimals(result: Result) -> int:
    return 0 if result.kind == "count" or result.value >= MAX_DECIMALS_VALUE else 2


def _limit(result: Result) -> str:
    return "" if result.limit is None else f"{'=' if result.exact else '<='} {result.limit:g}"


def _verdict(result: Result) -> str:
    if result.limit is None:
        return ""
    return "ok" if result.ok else "EXCEEDED"


def format_json(results: list[Result]) -> str:
    """Return the results as JSON, with the versions and the number of cores."""
    machine = {"python": platform.python_version(), "home_assistant": homeassistant_version, "cores": os.cpu_count()}
    return json.dumps(machine | {"results": [asdict(each) | {"ok": each.ok} for each in results]}, indent=2) + "\n"


async def bench(options: Options) -> None:
    """Measure, print, and store the results; with --check, raises RunError if a ratio or count exceeds its limit."""
    logging.getLogger("homeassistant").setLevel(logging.ERROR)
    CACHE.mkdir(exist_ok=True)
    results = await measure(CACHE if options.profile else None, retries=RETRIES if options.check else 0)
    options.json.write_text(format_json(results))
    profiles = CACHE.glob("bench-*.txt") if options.profile else ()
    print(f"\n{format_table(results)}\n\n{options.json}", *profiles, sep="\n")
    exceeded = [each.name.strip() for each in results if each.kind != "absolute" and not each.within(NOISE)]
    if options.check and exceeded:
        msg = f"bench: limit exceeded: {'; '.join(exceeded)}"
        raise RunError(msg)


def parse_options() -> Options:
    """Return the options of the command line."""
    parser = ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="fail if a ratio exceeds its limit by more than 10%%, or if a count isn't within its limit",
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=CACHE / "bench.json",
        metavar="PATH",
        help="write the results as JSON (default: .cache/bench.json)",
    )
    parser.add_argument("--profile", action="store_true", help="write profiles of the polls to .cache/bench-*.txt")
    return parser.parse_args(namespace=Options())


if __name__ == "__main__":
    sys.exit(run_main(bench(parse_options())))
