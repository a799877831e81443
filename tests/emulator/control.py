"""The control server: other processes change the state of an emulated gateway over HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
import json
from typing import Final

from aiohttp import web
import jwt

from .fault_names import create_fault
from .gateway import OPERATING_STATES, Gateway
from .listener import DEFAULT_ADDRESS
from .pages import parse_version
from .scenarios import SCENARIOS

type Arguments = Mapping[str, object]
type Command = Callable[[Gateway, Arguments], Awaitable[Arguments]]

ROUTES: Final = """\
GET  /requests             return the request log, a list of objects
POST /fault                {"path", "fault", arguments of the fault, "times"}: inject a fault
POST /clear_faults         remove all faults
POST /scenario             {"name"}: change the scenario
POST /state                {"state": up | refused | bad_gateway | zeros | overloaded}
POST /reboot               {"firmware"}: delete all sessions, and set the state to refused
POST /move                 {"address"}: listen on a different address; returns {"host"}
POST /token                {"age"}: create a token that was issued "age" seconds ago (default: 0); returns {"token"}
POST /revoke               {"token"}: reject a token
POST /clear_sessions       delete all sessions
POST /replace_certificate  {"expired"}: use a new certificate; returns {"fingerprint"}
POST /restore_certificate  use the initial certificate; returns {"fingerprint"}
POST /serial               {"serial"}: change the serial number; returns {"token"}
POST /firmware             {"firmware"}: change the firmware version
POST /plain_http           {"on"}: use plain HTTP instead of TLS
POST /stall_tls            {"on"}: accept connections, but never start the TLS handshake
POST /payload              serve these bytes; an empty body restores the scenario's payload"""


class Control:
    """The control server of one gateway, on 127.0.0.1."""

    def __init__(self, gateway: Gateway) -> None:
        """Initialize without listening."""
        self._gateway = gateway
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on the port, or on any free port if it is 0."""
        app = web.Application()
        app.router.add_get("/requests", self._get_requests)
        app.router.add_post("/payload", self._set_payload)
        app.router.add_post("/{command}", self._run_command)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, DEFAULT_ADDRESS, port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop the server."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _get_requests(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(request) for request in self._gateway.requests])

    async def _set_payload(self, request: web.Request) -> web.Response:
        self._gateway.body = await request.read() or None
        return web.json_response({})

    async def _run_command(self, request: web.Request) -> web.Response:
        """Run a command. The response has status 404 for an unknown command, and 400 for invalid arguments."""
        command = COMMANDS.get(request.match_info["command"])
        if command is None:
            return web.json_response({"error": ROUTES.splitlines()}, status=404)
        try:
            arguments = json.loads(await request.read() or b"{}")
            if not isinstance(arguments, dict):
                raise TypeError("not an object")
            result = await command(self._gateway, arguments)
        except (KeyError, TypeError, ValueError, jwt.InvalidTokenError) as err:
            return web.json_response({"error": repr(err)}, status=400)
        return web.json_response(result)


async def _inject_fault(gateway: Gateway, arguments: Arguments) -> Arguments:
    fault_arguments = dict(arguments)
    path, name = _text(fault_arguments.pop("path")), _text(fault_arguments.pop("fault"))
    times = fault_arguments.pop("times", None)
    if not (times is None or (isinstance(times, int) and times > 0)):
        raise ValueError(f"times must be a positive number, not {times!r}")
    gateway.inject(path, create_fault(name, fault_arguments), times=times)
    return {}


async def _clear_faults(gateway: Gateway, _: Arguments) -> Arguments:
    gateway.clear_faults()
    return {}


async def _set_scenario(gateway: Gateway, arguments: Arguments) -> Arguments:
    name = _text(arguments["name"])
    if name not in SCENARIOS:
        raise ValueError(f"unknown scenario {name!r}; known: {', '.join(SCENARIOS)}")
    gateway.scenario = name
    return {}


async def _set_state(gateway: Gateway, arguments: Arguments) -> Arguments:
    requested = arguments["state"]
    for state in OPERATING_STATES:
        if state == requested:
            gateway.state = state
            return {}
    raise ValueError(f"unknown state {requested!r}; known: {', '.join(OPERATING_STATES)}")


async def _reboot(gateway: Gateway, arguments: Arguments) -> Arguments:
    firmware = arguments.get("firmware")
    await gateway.reboot(None if firmware is None else _text(firmware))
    return {}


async def _move(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.move(_text(arguments["address"]))
    return {"host": gateway.host}


async def _create_token(gateway: Gateway, arguments: Arguments) -> Arguments:
    age = arguments.get("age", 0)
    if type(age) is not int:
        raise TypeError(f"not a number of seconds: {age!r}")
    return {"token": gateway.token(age=age)}


async def _revoke(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.revoke(_text(arguments["token"]))
    return {}


async def _clear_sessions(gateway: Gateway, _: Arguments) -> Arguments:
    gateway.clear_sessions()
    return {}


async def _replace_certificate(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.replace_certificate(expired=arguments.get("expired") is True)
    return {"fingerprint": gateway.fingerprint.hex()}


async def _restore_certificate(gateway: Gateway, _: Arguments) -> Arguments:
    gateway.restore_certificate()
    return {"fingerprint": gateway.fingerprint.hex()}


async def _set_serial(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.serial = _text(arguments["serial"])
    return {"token": gateway.token()}


async def _set_firmware(gateway: Gateway, arguments: Arguments) -> Arguments:
    firmware = _text(arguments["firmware"])
    parse_version(firmware)
    gateway.firmware = firmware
    return {}


async def _set_plain_http(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.set_plain_http(arguments["on"] is True)
    return {}


async def _set_stall_tls(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.set_stall_tls(arguments["on"] is True)
    return {}


COMMANDS: Final[dict[str, Command]] = {
    "fault": _inject_fault,
    "clear_faults": _clear_faults,
    "scenario": _set_scenario,
    "state": _set_state,
    "reboot": _reboot,
    "move": _move,
    "token": _create_token,
    "revoke": _revoke,
    "clear_sessions": _clear_sessions,
    "replace_certificate": _replace_certificate,
    "restore_certificate": _restore_certificate,
    "serial": _set_serial,
    "firmware": _set_firmware,
    "plain_http": _set_plain_http,
    "stall_tls": _set_stall_tls,
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not text: {value!r}")
    return value
