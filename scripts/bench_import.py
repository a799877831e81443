"""Print how long the integration's own modules take to import, ms of CPU: python -m scripts.bench_import <times>.

Each time is a child of a process that has imported everything they lean on, and nothing of them.
"""

from contextlib import suppress
import gc
from importlib import import_module
import json
import os
from pathlib import Path
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE: Final = "custom_components.enphase_secctrl"
OURS: Final = sorted(path.stem for path in Path(__file__).parents[1].joinpath(*PACKAGE.split(".")).glob("*.py"))


def import_ours() -> float:
    """Import every module of the integration; return the ms of CPU."""
    began = time.process_time()
    for name in OURS:
        import_module(PACKAGE if name == "__init__" else f"{PACKAGE}.{name}")
    return (time.process_time() - began) * 1000


def others() -> list[str]:
    """Return what is imported with our modules, in its order; and leave their bytecode behind."""
    import_ours()
    return [name for name in sys.modules if not name.startswith(PACKAGE)]


def in_child[T](work: Callable[[], T]) -> T:
    """Return what the work returns in a fork of this process."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        result: T = json.loads(said)
        return result
    with os.fdopen(writing, "w") as pipe:
        pipe.write(json.dumps(work()))
    os._exit(0)


def main(times: int) -> list[float]:
    """Return the ms of each time."""
    for name in in_child(others):
        with suppress(ImportError):  # some put modules there that cannot be imported by their names
            import_module(name)
    gc.freeze()
    return [in_child(import_ours) for _ in range(times)]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
