"""Tests of the control server."""

from collections.abc import AsyncGenerator, Awaitable, Callable
import json
import socket

import aiohttp
import pytest

from tests.emulator import SCENARIOS, Gateway, payload_bytes
from tests.emulator.control import Control
from tests.emulator.gateway import INFO

from .conftest import Get

type Run = Callable[..., Awaitable[tuple[int, dict[str, str]]]]


@pytest.fixture
async def control(gateway: Gateway) -> AsyncGenerator[Control]:
    """The control server of the gateway."""
    control = Control(gateway)
    await control.start(0)
    yield control
    await control.stop()


@pytest.fixture
def run(control: Control, client_session: aiohttp.ClientSession) -> Run:
    """A function that runs a command with its arguments, and returns the status and the result."""

    async def run(command: str, **arguments: object) -> tuple[int, dict[str, str]]:
        url, body = f"http://127.0.0.1:{control.port}/{command}", json.dumps(arguments) if arguments else ""
        async with client_session.post(url, data=body) as response:
            return response.status, await response.json()

    return run


async def test_fault(get: Get, run: Run) -> None:
    """A fault is injected by its name and arguments."""
    assert await run("fault", path=INFO, fault="Body", content="x", times=1) == (200, {})
    assert (await get(INFO))[1] == b"x"
    assert (await get(INFO))[1] != b"x"


async def test_payload(gateway: Gateway, get: Get, run: Run) -> None:
    """A payload replaces that of the scenario, and an empty one restores it."""
    await run("scenario", name="8.3_full")
    await run("payload", agg_soc=1)
    assert await get(token=gateway.token()) == (200, b'{"agg_soc": 1}')
    await run("payload")
    assert await get() == (200, payload_bytes(SCENARIOS["8.3_full"].payload))


async def test_move(gateway: Gateway, get: Get, run: Run) -> None:
    """A gateway listens only on its new address."""
    assert await run("move", address="127.0.0.2") == (200, {"host": f"127.0.0.2:{gateway.port}"})
    # This succeeds because the gateway doesn't use the address any longer.
    socket.create_server(("127.0.0.1", gateway.port)).close()
    await run("move", address="127.0.0.1")
    assert (await get(INFO))[0] == 200


async def test_token(get: Get, run: Run) -> None:
    """The gateway accepts a token that was created, until it is revoked."""
    _, result = await run("token", age=86400)
    assert (await get(**result))[0] == 200
    await run("revoke", **result)
    assert (await get(**result))[0] == 401


async def test_requests(control: Control, get: Get, run: Run, client_session: aiohttp.ClientSession) -> None:
    """The request log is available."""
    await run("state", state="bad_gateway")
    await get()
    await run("state", state="up")
    await get()
    async with client_session.get(f"http://127.0.0.1:{control.port}/requests") as response:
        assert [request["status"] for request in await response.json()] == [502, 401]


@pytest.mark.parametrize(
    ("command", "arguments", "status"),
    [
        ("fault", {"path": "/info", "fault": "Status", "code": "x"}, 400),
        ("fault", {"path": "/info", "fault": "Unknown"}, 400),
        ("scenario", {"name": "8.9"}, 400),
        ("state", {"state": "down"}, 400),
        ("token", {"age": "old"}, 400),
        ("unknown", {}, 404),
    ],
)
async def test_invalid_command(run: Run, command: str, arguments: dict[str, str], status: int) -> None:
    """An unknown command and invalid arguments are rejected with an error message."""
    actual_status, result = await run(command, **arguments)
    assert actual_status == status
    assert result["error"]
