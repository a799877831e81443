"""Emulated gateways in one process: python -m tests.benchmarks.gateways STATE_FILE CONSTANT CHANGING.

CONSTANT gateways always return the same payload. CHANGING gateways alternate between two payloads in which every value
differs. The state file lists how to reach them, in that order.
"""

import asyncio
import json
from pathlib import Path
import signal
import sys
from typing import Final, TypedDict, override

from aiohttp import ClientSession, web

from tests.emulator import SCENARIOS, Gateway, payload_bytes
from tests.emulator.control import Control
from tests.emulator.payloads import Json, Payload
from tests.emulator.response import Response

SCENARIO: Final = "8.3_all_keys"
INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"


class GatewayState(TypedDict):
    """How to reach a gateway and its control server."""

    host: str
    serial: str
    token: str
    control: str


def payloads() -> tuple[bytes, bytes]:
    """Return two payloads with all keys that a gateway can have; every value differs."""
    payload = SCENARIOS[SCENARIO].payload | {"Recovery_threshold_soc": 10}
    # The capacity is larger than the stored energy, so that the energy to full is known
    first, second = (_fill(payload, number) | {"Max_energy": 1000 * number} for number in (1, 2))
    return payload_bytes(first), payload_bytes(second)


def _fill(payload: Payload, number: int) -> Payload:
    """Return the payload with new values. All are below 100, so they are valid percentages too."""
    return {key: _new_value(value, position, number) for position, (key, value) in enumerate(payload.items())}


def _new_value(value: Json, position: int, number: int) -> Json:
    match value:
        case bool():
            return number == 1
        case int():
            return 20 + number * (position + 1)
        case float():
            return number * (position + 1) / 7
        case dict():
            return _fill(value, number)
        case _:
            return value


class Request(TypedDict):
    """The fields of a logged request that the benchmarks use."""

    path: str
    connection: int


class AlternatingGateway(Gateway):
    """A gateway that returns its payloads in turn."""

    bodies: tuple[bytes, ...] = ()

    @override
    async def respond(self, request: web.Request) -> Response:
        """Return the response, and switch to the next payload."""
        response = await super().respond(request)
        if request.path == SECCTRL:
            self.body = self.bodies[0]
            self.bodies = (*self.bodies[1:], self.bodies[0])
        return response


async def _start(number: int, bodies: tuple[bytes, ...]) -> GatewayState:
    gateway = AlternatingGateway(SCENARIO, serial=f"1223{number:08d}")
    gateway.bodies = bodies
    gateway.body = bodies[-1]
    control = Control(gateway)
    await gateway.start()
    await control.start(0)
    return GatewayState(
        host=gateway.host,
        serial=gateway.serial,
        token=gateway.token(),
        control=f"http://127.0.0.1:{control.port}",
    )


async def get_requests(gateway: GatewayState) -> list[Request]:
    """Return the requests that the gateway has logged."""
    async with ClientSession() as session, session.get(f"{gateway['control']}/requests") as response:
        logged: list[Request] = await response.json()
        return logged


async def main(state_file: Path, constant: int, changing: int) -> None:
    """Serve until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    first, second = payloads()
    bodies = [(first,)] * constant + [(first, second)] * changing
    states = [await _start(number, gateway_bodies) for number, gateway_bodies in enumerate(bodies)]
    draft = state_file.with_suffix(".draft")
    draft.write_text(json.dumps(states))
    draft.replace(state_file)
    await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
