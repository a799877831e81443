"""The command line program that serves an emulated gateway: python -m tests.emulator --help."""

import argparse
import asyncio
import difflib
import json
import os
from pathlib import Path
import signal
import sys
from textwrap import indent

from .control import ROUTES, Control
from .fault_names import fault_table
from .gateway import Gateway
from .listener import DEFAULT_ADDRESS
from .pages import parse_version
from .payloads import payload_bytes
from .scenarios import SCENARIOS

DEFAULT_SCENARIO = "8.2_charging_low"


class Arguments(argparse.Namespace):
    """The arguments of the command line."""

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
    """Serve until SIGINT or SIGTERM, and return the exit code."""
    parser = _create_parser()
    arguments = parser.parse_args(namespace=Arguments())
    if arguments.list:
        _print(_list_scenarios())
        return 0
    if arguments.scenario not in SCENARIOS:
        parser.error(_unknown_scenario(arguments.scenario))
    body = _read_payload(arguments.payload) if arguments.payload else None
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
        _print_access(gateway, control, arguments.state_file)
        await stopped.wait()
    finally:
        await control.stop()
        await gateway.stop()


def _print_access(gateway: Gateway, control: Control, state_file: Path | None) -> None:
    """Print how to access the gateway, and write it to the state file for other programs."""
    control_url = f"http://{DEFAULT_ADDRESS}:{control.port}" if control.port else None
    token = gateway.token()
    if state_file is not None:
        state = {
            "host": gateway.host,
            "serial": gateway.serial,
            "token": token,
            "control": control_url,
            "pid": os.getpid(),
        }
        # Other programs wait until the file exists, so it must be complete from the start.
        temporary_file = state_file.with_name(f"{state_file.name}.{os.getpid()}")
        temporary_file.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        temporary_file.replace(state_file)
    _print(f"gateway on https://{gateway.host}")
    if control_url:
        _print(f"control server on {control_url}")
    _print(f"token {token}")


def _print(text: str) -> None:
    """Print and flush: other programs read the output from a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _create_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulator",
        description="Serve an emulated Enphase IQ Gateway.",
        epilog=f"control server (--control-port):\n{indent(ROUTES, '  ')}\n\n"
        f"faults:\n{indent(_format_table(fault_table()), '  ')}\n\nscenarios:\n{indent(_list_scenarios(), '  ')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--scenario", default=DEFAULT_SCENARIO, help="scenario to serve, see below (default: %(default)s)"
    )
    source.add_argument(
        "--payload", type=_file, help="serve the content of a file, or the report of a diagnostics file"
    )
    parser.add_argument("--serial", default="122300000001", help="serial number (default: %(default)s)")
    parser.add_argument("--firmware", type=_version, help="firmware version (default: that of the scenario)")
    parser.add_argument("--address", default=DEFAULT_ADDRESS, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: any free port)")
    parser.add_argument("--control-port", type=int, help="start the control server on this TCP port (0: any free port)")
    parser.add_argument(
        "--state-file",
        type=Path,
        help="write the host, serial number, token, control URL, and process ID to a JSON file",
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    return parser


def _read_payload(file: Path) -> bytes:
    """Return the content of a file, or of a downloaded diagnostics file the report, encoded as gateways do."""
    content = file.read_bytes()
    try:
        parsed = json.loads(content)
    except ValueError:
        return content
    match parsed:
        case {"data": {"report": dict() as report}}:
            return payload_bytes(report)
        case _:
            return content


def _file(text: str) -> Path:
    if not (path := Path(text)).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}")
    return path


def _version(text: str) -> str:
    try:
        parse_version(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text!r} is not a version such as 8.3.5433") from err
    return text


def _unknown_scenario(name: str) -> str:
    matches = difflib.get_close_matches(name, SCENARIOS, n=3, cutoff=0.3)
    hint = f"; did you mean {', '.join(matches)}?" if matches else ""
    return f"unknown scenario {name!r}{hint} (--list shows all {len(SCENARIOS)} scenarios)"


def _list_scenarios() -> str:
    return _format_table([(name, scenario.firmware, scenario.description) for name, scenario in SCENARIOS.items()])


def _format_table(rows: list[tuple[str, str, str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
