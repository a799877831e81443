"""The options of scripts/demo, checked before anything starts."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from difflib import get_close_matches
import json
from pathlib import Path
import socket
from typing import TYPE_CHECKING, Final

from tests.emulator import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANGING_SCENARIO: Final = "day"
MAX_PORT: Final = 65535
PAYLOAD_KEYS: Final = ("agg_soc", "freq_bias_hz")
"""The integration accepts a response that has at least one of these keys."""


class Options(Namespace):
    """The options of the command line."""

    check: bool
    scenario: str
    payload: Path | None
    gateway: str | None
    list: bool
    port: int


def parse_options(description: str, timeout: int, arguments: Sequence[str] | None = None) -> Options:
    """Return the options; exits with a message if one of them can't be used. The timeout is in seconds."""
    parser = ArgumentParser(prog="scripts/demo", description=description)
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit once all entities have states, and with the default scenario once the values change; "
        f"fail after {timeout} s",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--scenario",
        type=_scenario,
        default=CHANGING_SCENARIO,
        metavar="NAME",
        help="scenario to emulate (default: %(default)s)",
    )
    source.add_argument(
        "--payload",
        type=_payload,
        metavar="FILE",
        help="serve a saved response from a real gateway, or the report in a diagnostics file",
    )
    source.add_argument(
        "--gateway", metavar="HOST", help="don't start the emulator; add your own gateway in the browser"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument("--port", type=_port, default=0, help="port for Home Assistant (default: any free port)")
    options = parser.parse_args(arguments, namespace=Options())
    if options.gateway and options.check:
        parser.error("--check needs the emulator: omit --gateway")
    return options


def _scenario(name: str) -> str:
    """Return the name of a scenario; raises ArgumentTypeError."""
    if name not in SCENARIOS:
        similar = get_close_matches(name, SCENARIOS, n=3, cutoff=0.3)
        hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
        raise ArgumentTypeError(f"there is no scenario {name}.{hint} scripts/demo --list lists the scenarios")
    return name


def _payload(text: str) -> Path:
    """Return the absolute path of a file with a payload, or with diagnostics; raises ArgumentTypeError."""
    file = Path(text).resolve()
    try:
        content = json.loads(file.read_bytes())
    except OSError as err:
        raise ArgumentTypeError(f"the file {file} can't be read: {err.strerror}") from err
    except (ValueError, RecursionError) as err:
        raise ArgumentTypeError(f"the file {file} isn't JSON. {_SAVE_ONE}") from err
    match content:
        case {"data": {"report": dict() as report}}:
            payload: object = report
        case _:
            payload = content
    if not isinstance(payload, dict) or not any(key in payload for key in PAYLOAD_KEYS):
        raise ArgumentTypeError(
            f"the file {file} isn't a payload: {' and '.join(PAYLOAD_KEYS)} are missing. {_SAVE_ONE}"
        )
    return file


_SAVE_ONE: Final = "Use a gateway's response to GET /ivp/ensemble/secctrl, or the integration's diagnostics"


def _port(text: str) -> int:
    """Return a TCP port that is free, or 0; raises ArgumentTypeError."""
    if not text.isdecimal() or not text.isascii() or int(text) > MAX_PORT:
        raise ArgumentTypeError(
            f"{text} isn't a port. Use one from 1024 to {MAX_PORT}, or omit --port to use any free one"
        )
    if int(text) == 0:
        return 0
    with socket.socket() as probe:
        # A port that was in use until a minute ago counts as free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as err:
            reason = f"port {text} can't be used: {err.strerror}"
            raise ArgumentTypeError(f"{reason}. Use another one, or omit --port to use any free one") from err
    return int(text)
