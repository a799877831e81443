"""What the integration costs, on this machine, against an emulated gateway in another process.

Everything is compared with what cannot be avoided: a bare request, and bare entities of Home
Assistant that write the same states. CPU is that of the whole bench process. It takes about a
minute and two cores; what else runs on them matters to absolute times, hardly to ratios.
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

from scripts.bench_cycles import changed, setting_up, unchanged
from scripts.bench_gateways import Reach
from scripts.bench_many import connections, many
from scripts.bench_measure import Measure, pooled
from scripts.hass import ROOT, UNWANTED, RunError, output, ready, run, running, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

CACHE: Final = ROOT / ".cache"
STILL: Final = 3
SET_UPS: Final = 40
MANY: Final = 201
IMPORTS: Final = 7
PATIENCE: Final = 2
"""How often more --check does a part whose ratio is over its bound and the noise; all its rounds count."""

NOISE: Final = 1.1
"""By how much a ratio differs from run to run on a busy machine; --check fails beyond."""

MEASURED_FIRST: Final = "many gateways in one Home Assistant (d)"
"""Memory is measured while nothing else is in it."""

type Part = Callable[[], Awaitable[list[Measure]]]


class Options(Namespace):
    """What the command line asks for."""

    check: bool
    json: Path
    profile: bool


@asynccontextmanager
async def gateways(still: int, turning: int) -> AsyncIterator[list[Reach]]:
    """Give emulated gateways, all in one other process."""
    with TemporaryDirectory(prefix="gateways-") as folder:
        told, log = Path(folder, "state.json"), Path(folder, "output.log")

        def look() -> list[Reach] | None:
            reaches: list[Reach] | None = json.loads(told.read_text()) if told.exists() else None
            return reaches

        command = (sys.executable, "-m", "scripts.bench_gateways", str(told), str(still), str(turning))
        async with running(log, *command, cwd=ROOT) as process:
            if (reaches := await ready(process, look, 30)) is None:
                msg = f"The emulated gateways did not start:\n{output(log)}"
                raise RunError(msg)
            yield reaches


async def imports() -> list[Measure]:
    """Import our modules after everything that they lean on."""
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    command = (sys.executable, "-W", "ignore", "-m", "scripts.bench_import", str(IMPORTS))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return [Measure(name="e  import of our own modules, CPU", value=median(json.loads(said)), unit="ms", bound=15)]


async def measure(profile_folder: Path | None, *, patient: bool) -> list[Measure]:
    """Do all parts; with patience, one whose ratio is over its bound and the noise again."""
    say("starting the emulated gateways ...")
    async with gateways(STILL, 1 + SET_UPS + MANY) as reaches:
        still, turning = reaches[:STILL], reaches[STILL:]
        parts: dict[str, Part] = {
            "a poll without news (a)": lambda: unchanged(still[0], profile_folder),
            "a poll where everything is new (b)": lambda: changed(turning[0], profile_folder),
            "100 polls, 10 s apart (c)": lambda: connections(still[1], still[2]),
            MEASURED_FIRST: lambda: many(turning[1 + SET_UPS :]),
            "set-up (e)": lambda: setting_up(turning[1 : 1 + SET_UPS]),
            "import (e)": imports,
        }
        return await measure_all(parts, patience=PATIENCE if patient else 0)


async def measure_all(parts: Mapping[str, Part], *, patience: int) -> list[Measure]:
    """Do one part after the other; return what they measure in the order in which they are named."""
    order = [MEASURED_FIRST, *(name for name in parts if name != MEASURED_FIRST)]
    found = {name: await _measure_patiently(name, parts[name], patience=patience) for name in order}
    return [each for name in parts for each in found[name]]


async def _measure_patiently(name: str, part: Part, *, patience: int) -> list[Measure]:
    """Do a part until its ratios are within their bounds and the noise, or patience ends."""
    say(name)
    found = await part()
    while patience and not all(each.within(NOISE) for each in found if each.kind == "ratio"):
        say(f"{name}, again")
        found = [*map(pooled, found, await part(), strict=True)]
        patience -= 1
    return found


WHOLE: Final = 100
"""From here on a figure needs no decimals."""


def _decimals(measure: Measure) -> int:
    return 0 if measure.kind == "count" or measure.value >= WHOLE else 2


def table(measures: list[Measure]) -> str:
    """Return the measures for people."""
    width = max(len(measure.name) for measure in measures)
    return "\n".join(
        f"{each.name:<{width}}  {each.value:>8.{_decimals(each)}f} {each.unit:<2}"
        f"  {_bound(each):>8}  {_verdict(each)}".rstrip()
        for each in measures
    )


def _bound(measure: Measure) -> str:
    return "" if measure.bound is None else f"{'<=' if measure.less else '='} {measure.bound:g}"


def _verdict(measure: Measure) -> str:
    if measure.bound is None:
        return ""
    return "ok" if measure.ok else "OVER"


def document(measures: list[Measure]) -> str:
    """Return the measures for programs."""
    machine = {"python": platform.python_version(), "home_assistant": homeassistant_version, "cores": os.cpu_count()}
    return json.dumps(machine | {"measures": [asdict(each) | {"ok": each.ok} for each in measures]}, indent=2) + "\n"


async def bench(options: Options) -> None:
    """Measure, show, keep; raises RunError for a ratio or a count over its bound, if asked to."""
    logging.getLogger("homeassistant").setLevel(logging.ERROR)
    CACHE.mkdir(exist_ok=True)
    measures = await measure(CACHE if options.profile else None, patient=options.check)
    options.json.write_text(document(measures))
    print(f"\n{table(measures)}\n\n{options.json}", *(CACHE.glob("bench-*.txt") if options.profile else ()), sep="\n")
    over = [each.name.strip() for each in measures if each.kind != "absolute" and not each.within(NOISE)]
    if options.check and over:
        msg = f"bench: over the bound: {'; '.join(over)}"
        raise RunError(msg)


def parse() -> Options:
    """Return what the command line asks for."""
    parser = ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a ratio or a count is over its bound; times may")
    parser.add_argument(
        "--json", type=Path, default=CACHE / "bench.json", metavar="PATH", help="the measures (%(default)s)"
    )
    parser.add_argument(
        "--profile", action="store_true", help="write where the time of the polls goes, to .cache/bench-*.txt"
    )
    return parser.parse_args(namespace=Options())


if __name__ == "__main__":
    sys.exit(run(bench(parse())))
