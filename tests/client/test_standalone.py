"""The client works without Home Assistant, as docs/architecture.md shows."""

import asyncio
import os
from pathlib import Path
import re
import sys
from typing import Final

from tests.emulator import Gateway

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "custom_components" / "enphase_secctrl"
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text()
HOST, TOKEN = '"192.168.1.20"', 'token="..."'


async def test_example(gateway: Gateway, tmp_path: Path) -> None:
    """The example reads the state of charge and doesn't import Home Assistant."""
    (example,) = re.findall(r"^## Use the client on its own$.*?^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert (example.count(HOST), example.count(TOKEN)) == (1, 1)
    code = example.replace(HOST, repr(gateway.host)).replace(TOKEN, f"token={gateway.token()!r}")
    code += 'import sys\nprint("homeassistant" in sys.modules)\n'
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(FOLDER)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert output.decode().split() == [str(gateway.payload["agg_soc"]), "False"]
