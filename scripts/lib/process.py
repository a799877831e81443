"""Run child processes, report progress, and handle errors and signals of the scripts."""

import asyncio
from contextlib import asynccontextmanager
import os
from pathlib import Path
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

ROOT: Final = Path(__file__).parents[2]
START_TIME: Final = time.monotonic()
# Cached bytecode halves the start time. A process imports from its working directory and its environment only.
UNSET_VARIABLES: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")


class RunError(Exception):
    """A script can't continue; the message says why and what to do."""


def print_progress(text: str) -> None:
    """Print one line, with the seconds since the start of the script."""
    print(f"[{time.monotonic() - START_TIME:6.1f} s] {text}", flush=True)


def run_main(main: Coroutine[None, None, None]) -> int:
    """Run the main coroutine of a script; return the exit code. SIGINT, SIGTERM, and SIGHUP cancel it."""

    async def until_signal() -> None:
        task = asyncio.create_task(main)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # A second signal must not interrupt the cleanup
            asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
        await task

    try:
        asyncio.run(until_signal())
    except asyncio.CancelledError:
        print_progress("stopped")
        return 130
    except (RunError, aiohttp.ClientError) as err:
        print(f"\n{err}", file=sys.stderr)
        return 1
    return 0


@asynccontextmanager
async def run_process(log: Path, *command: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command, with its output in the file `log`; stop it at the end.

    It gets SIGTERM. After another 30 s, it and its child processes get SIGKILL.
    """
    environment = {name: value for name, value in os.environ.items() if name not in UNSET_VARIABLES}
    with log.open("wb") as output:
        # In its own session, because Ctrl+C in a terminal must only reach this process, which then stops the others
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def read_log(log: Path) -> str:
    """Return the output of a process so far."""
    return log.read_text(errors="replace").rstrip()


async def wait_for_result[T](
    process: asyncio.subprocess.Process, check: Callable[[], T | None], seconds: int
) -> T | None:
    """Call `check` until it returns a result; return None if the process exits first or the time is up."""
    for _ in range(seconds * 10):
        if (result := check()) is not None or process.returncode is not None:
            return result
        await asyncio.sleep(0.1)
    return None
