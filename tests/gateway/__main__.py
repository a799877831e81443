"""Serve an emulated gateway: python -m tests.gateway --help."""

import argparse
import asyncio
import difflib
import json
import os
from pathlib import Path
import signal
import sys

from .control import ROUTES, Control
from .gateway import Gateway
from .knobs import knobs
from .listener import HOME
from .pages import version
from .payloads import payload_bytes
from .scenarios import SCENARIOS

DEFAULT = "8.2_charging_low"


class Arguments(argparse.Namespace):
    """What the command line says."""

    scenario: str
    payload: Path | None
    serial: str
    firmware: str | None
    address: str
    port: int
    control_port: int | None
    state_file: Path | None
    list: bool


def main() -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(namespace=Arguments())
    if arguments.list:
        _say(_scenarios())
        return 0
    if arguments.scenario not in SCENARIOS:
        parser.error(_unknown(arguments.scenario))
    body = _payload(arguments.payload) if arguments.payload else None
    try:
        asyncio.run(_serve(arguments, body))
    except (OSError, OverflowError) as err:
        parser.exit(1, f"{parser.prog}: {err}\n")
    return 0


async def _serve(arguments: Arguments, body: bytes | None) -> None:
    gateway = Gateway(arguments.scenario, arguments.serial, arguments.firmware)
    gateway.body = body
    control = Control(gateway)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await gateway.start(arguments.port, arguments.address)
        if arguments.control_port is not None:
            await control.start(arguments.control_port)
        _announce(gateway, control, arguments.state_file)
        await stopped.wait()
    finally:
        await control.stop()
        await gateway.stop()


def _announce(gateway: Gateway, control: Control, state_file: Path | None) -> None:
    """Tell people, and programs by way of a file, how to reach the gateway."""
    control_url = f"http://127.0.0.1:{control.port}" if control.port else None
    token = gateway.token()
    if state_file is not None:
        state = {
            "host": gateway.host,
            "serial": gateway.serial,
            "token": token,
            "control": control_url,
            "pid": os.getpid(),
        }
        # Whoever waits for the file must never read half of it.
        draft = state_file.with_name(f"{state_file.name}.{os.getpid()}")
        draft.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        draft.replace(state_file)
    _say(f"gateway on https://{gateway.host}")
    if control_url:
        _say(f"control on {control_url}")
    _say(f"token {token}")


def _say(text: str) -> None:
    """Print at once: whoever started us reads a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.gateway",
        description="An emulated Enphase IQ Gateway.",
        epilog=f"control (--control-port):\n{_indented(ROUTES)}\n\n"
        f"faults:\n{_indented(_faults())}\n\nscenarios:\n{_indented(_scenarios())}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--scenario", default=DEFAULT, help="see below (%(default)s)")
    what.add_argument("--payload", type=_file, help="serve a file's bytes, or the report in diagnostics")
    parser.add_argument("--serial", default="122300000001", help="(%(default)s)")
    parser.add_argument("--firmware", type=_version, help="the scenario's own")
    parser.add_argument("--address", default=HOME, help="where it listens (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="TCP port, 0: any free")
    parser.add_argument("--control-port", type=int, help="control server, 0: any free")
    parser.add_argument("--state-file", type=Path, help="JSON for programs")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    return parser


def _payload(file: Path) -> bytes:
    """Return a file's bytes; of downloaded diagnostics the report in them, as a gateway would answer it."""
    body = file.read_bytes()
    try:
        found = json.loads(body)
    except ValueError:
        return body
    match found:
        case {"data": {"report": dict() as report}}:
            return payload_bytes(report)
        case _:
            return body


def _file(text: str) -> Path:
    if not (path := Path(text)).is_file():
        raise argparse.ArgumentTypeError(f"no file {text!r}")
    return path


def _version(text: str) -> str:
    try:
        version(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 8.3.5433") from err
    return text


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, SCENARIOS, n=3, cutoff=0.3)
    hint = f"; near: {', '.join(near)}" if near else ""
    return f"unknown scenario {name!r}{hint}; --list shows all {len(SCENARIOS)}"


def _scenarios() -> str:
    return _table([(name, its.firmware, its.description) for name, its in SCENARIOS.items()])


def _faults() -> str:
    return _table(knobs())


def _table(rows: list[tuple[str, str, str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
