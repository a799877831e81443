"""Measure the import of all modules of this integration and of core's enphase_envoy, in ms of CPU time.

`python -m tests.benchmarks.imports ROUNDS` prints a JSON list of [ours, core's] pairs, one per round. Each import runs
in a fork of a process that has imported all other modules, so it measures the integration's own modules only.
"""

from contextlib import suppress
import gc
from importlib import import_module
from importlib.util import find_spec
import json
import os
from pathlib import Path
import sys
import time
from traceback import print_exc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

OURS: Final = "custom_components.enphase_secctrl"
CORE: Final = "homeassistant.components.enphase_envoy"


def find_modules(package: str) -> list[str]:
    """Return the names of all modules of a package and of its subpackages, without importing them."""
    # Importing "a.b" imports "a", so the parts are joined instead of asking find_spec for the whole name
    top, *rest = package.split(".")
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(top)
    folder = Path(spec.submodule_search_locations[0], *rest)
    names = (path.relative_to(folder).with_suffix("").parts for path in sorted(folder.rglob("*.py")))
    return [".".join((package, *parts)).removesuffix(".__init__") for parts in names]


def time_import(modules: list[str]) -> float:
    """Import the modules; return the CPU time in ms."""
    start = time.process_time()
    for name in modules:
        import_module(name)
    return (time.process_time() - start) * 1000


def find_dependencies(modules: list[str]) -> list[str]:
    """Import the modules, which also caches their bytecode; return all other imported modules in import order."""
    time_import(modules)
    return [name for name in sys.modules if not name.startswith((OURS, CORE))]


def run_in_fork[T](function: Callable[[], T]) -> T:
    """Return what the function returns in a fork of this process; raises ChildProcessError."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        if os.waitpid(child, 0)[1]:
            raise ChildProcessError("a module could not be imported")
        result: T = json.loads(text)
        return result
    status = 1
    try:
        with os.fdopen(writing, "w") as pipe:
            pipe.write(json.dumps(function()))
        status = 0
    finally:
        if status:
            print_exc()
        # Don't return into the code of the parent process
        os._exit(status)


def time_in_fork(modules: list[str]) -> float:
    """Import the modules in a fork; return the CPU time in ms."""
    return run_in_fork(lambda: time_import(modules))


def measure(rounds: int) -> list[tuple[float, float]]:
    """Return the CPU time (ms) of both imports in each round; the order alternates."""
    ours, core = find_modules(OURS), find_modules(CORE)
    for name in run_in_fork(lambda: find_dependencies([*ours, *core])):
        with suppress(ImportError):  # some packages register modules that can't be imported by name
            import_module(name)
    gc.freeze()
    found = []
    for number in range(rounds):
        if number % 2:
            found.append((time_in_fork(ours), time_in_fork(core)))
        else:
            core_first = time_in_fork(core)
            found.append((time_in_fork(ours), core_first))
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
