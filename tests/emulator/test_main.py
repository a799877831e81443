"""Tests of the command line program."""

import asyncio
import json
from pathlib import Path
import subprocess
import sys

import aiohttp
import pytest

from tests.emulator import SCENARIOS
from tests.emulator.gateway import SECCTRL

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.emulator")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program until it exits."""
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own


def test_help() -> None:
    """The help lists all scenarios, and the faults with their arguments."""
    output = run("--help").stdout
    assert all(name in output for name in [*SCENARIOS, "Truncated", "after_bytes: int"])


def test_unknown_scenario() -> None:
    """The error message for an unknown scenario contains similar names."""
    result = run("--scenario", "8.2_charging")
    assert result.returncode == 2
    assert "8.2_charging_low" in result.stderr


@pytest.mark.parametrize(
    ("content", "served"),
    [
        (b'{"agg_soc": 1}\n\n', b'{"agg_soc": 1}\n\n'),
        (b"no JSON", b"no JSON"),
        (b'{"home_assistant": {}, "data": {"report": {"agg_soc": 1}}}', b'{\n    "agg_soc": 1\n}'),
    ],
    ids=["payload", "other", "diagnostics"],
)
async def test_payload_file(
    tmp_path: Path, client_session: aiohttp.ClientSession, content: bytes, served: bytes
) -> None:
    """The program serves the content of a file, or the report of a diagnostics file, and writes the state file."""
    (tmp_path / "payload").write_bytes(content)
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("--payload", str(tmp_path / "payload"), "--state-file", str(tmp_path / "state"), "--control-port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(3)]
    assert lines[0].startswith(b"gateway on https://127.0.0.1:")
    assert lines[2].startswith(b"token eyJ")
    state = json.loads((tmp_path / "state").read_bytes())
    headers = {"Authorization": f"Bearer {state['token']}"}
    async with client_session.get(f"https://{state['host']}{SECCTRL}", headers=headers, ssl=False) as response:
        assert await response.read() == served
    process.terminate()
    assert await process.wait() == 0
