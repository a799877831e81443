"""Emulated gateways in a process of their own: python -m scripts.bench_gateways <state file> <still> <turning>.

A still gateway says the same for ever. A turning one has two answers without one value in
common, and gives them in turn. How to reach them all is in the state file.
"""

import asyncio
import json
from pathlib import Path
import signal
import sys
from typing import Final, TypedDict, override

from aiohttp import ClientSession, web

from tests.gateway import SCENARIOS, Gateway, payload_bytes
from tests.gateway.control import Control
from tests.gateway.exchange import Reply
from tests.gateway.payloads import Json, Payload

SCENARIO: Final = "8.3_all_keys"


class Reach(TypedDict):
    """How to reach a gateway, and its control server."""

    host: str
    serial: str
    token: str
    control: str


def answers() -> tuple[bytes, bytes]:
    """Return two bodies with all keys that a gateway can have; no value is the same in both."""
    payload = SCENARIOS[SCENARIO].payload | {"Recovery_threshold_soc": 10}
    return payload_bytes(_filled(payload, 1)), payload_bytes(_filled(payload, 2))


def _filled(payload: Payload, turn: int) -> Payload:
    """Return the keys with good values of their types: below 100, so that each may be a percentage."""
    return {key: _other(value, position, turn) for position, (key, value) in enumerate(payload.items())}


def _other(value: Json, position: int, turn: int) -> Json:
    match value:
        case bool():
            return turn == 1
        case int():
            return 20 + turn * (position + 1)
        case float():
            return turn * (position + 1) / 7
        case dict():
            return _filled(value, turn)
        case _:
            return value


class Request(TypedDict):
    """What of a logged request matters here."""

    path: str
    connection: int


class Turning(Gateway):
    """A gateway that gives its answers in turn."""

    bodies: tuple[bytes, ...] = ()

    @override
    async def reply(self, request: web.Request) -> Reply:
        """Answer, the next time with the next body."""
        reply = await super().reply(request)
        if request.path == "/ivp/ensemble/secctrl":
            self.body = self.bodies[0]
            self.bodies = (*self.bodies[1:], self.bodies[0])
        return reply


async def _start(number: int, bodies: tuple[bytes, ...]) -> Reach:
    gateway = Turning(SCENARIO, serial=f"1223{number:08d}")
    gateway.bodies = bodies
    gateway.body = bodies[-1]
    control = Control(gateway)
    await gateway.start()
    await control.start(0)
    return Reach(
        host=gateway.host,
        serial=gateway.serial,
        token=gateway.token(),
        control=f"http://127.0.0.1:{control.port}",
    )


async def requests(gateway: Reach) -> list[Request]:
    """Return the gateway's own log."""
    async with ClientSession() as session, session.get(f"{gateway['control']}/requests") as response:
        logged: list[Request] = await response.json()
        return logged


async def main(state_file: Path, still: int, turning: int) -> None:
    """Serve until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    first, second = answers()
    said = [(first,)] * still + [(first, second)] * turning
    reaches = [await _start(number, bodies) for number, bodies in enumerate(said)]
    draft = state_file.with_suffix(".draft")
    draft.write_text(json.dumps(reaches))
    draft.replace(state_file)
    await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
