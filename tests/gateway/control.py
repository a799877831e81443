"""Turning the gateway's knobs over plain HTTP, for programs in other processes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
import json
from typing import Final

from aiohttp import web
import jwt

from .gateway import STATES, Gateway
from .knobs import fault_named
from .pages import version
from .scenarios import SCENARIOS

type Arguments = Mapping[str, object]

ROUTES: Final = """\
GET  /requests          the log: a list of objects
POST /fault             {"path", "fault", the fault's arguments..., "times"}
POST /clear             end all faults
POST /scenario          {"name"}
POST /state             {"state": up | refused | bad_gateway | zeros | overloaded}
POST /reboot            {"firmware"}: sessions gone, state "refused"
POST /move              {"address"}: listen there instead; answers {"host"}
POST /token             {"age"}: one issued so many seconds ago, 0 without; answers {"token"}
POST /revoke            {"token"}
POST /forget_sessions   drop all cookies
POST /new_certificate   {"expired"}: rotate; answers {"fingerprint"}
POST /first_certificate that of the start again; answers {"fingerprint"}
POST /serial            {"serial"}; answers {"token"}
POST /firmware          {"firmware"}
POST /plain_http        {"on"}: speak HTTP instead of TLS
POST /stall_tls         {"on"}: accept, never shake hands
POST /payload           raw bytes to serve; an empty body: the scenario again"""


class Control:
    """The control server of one gateway, on 127.0.0.1."""

    def __init__(self, gateway: Gateway) -> None:
        """Prepare; nothing listens before start."""
        self._gateway = gateway
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on the port, on any free one if it is 0."""
        app = web.Application()
        app.router.add_get("/requests", self._requests)
        app.router.add_post("/payload", self._payload)
        app.router.add_post("/{knob}", self._turn)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """End the server."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _requests(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(each) for each in self._gateway.requests])

    async def _payload(self, request: web.Request) -> web.Response:
        self._gateway.body = await request.read() or None
        return web.json_response({})

    async def _turn(self, request: web.Request) -> web.Response:
        """Turn one knob; 400 says what was wrong with the request."""
        knob = KNOBS.get(request.match_info["knob"])
        if knob is None:
            return web.json_response({"error": ROUTES.splitlines()}, status=404)
        try:
            arguments = json.loads(await request.read() or b"{}")
            if not isinstance(arguments, dict):
                raise TypeError("not an object")
            answer = await knob(self._gateway, arguments)
        except (KeyError, TypeError, ValueError, jwt.InvalidTokenError) as err:
            return web.json_response({"error": repr(err)}, status=400)
        return web.json_response(answer)


async def _fault(gateway: Gateway, arguments: Arguments) -> Arguments:
    rest = dict(arguments)
    path, name = _text(rest.pop("path")), _text(rest.pop("fault"))
    times = rest.pop("times", None)
    if not (times is None or (isinstance(times, int) and times > 0)):
        raise ValueError(f"times is a number of answers, not {times!r}")
    gateway.answer(path, fault_named(name, rest), times=times)
    return {}


async def _clear(gateway: Gateway, _: Arguments) -> Arguments:
    gateway.clear()
    return {}


async def _scenario(gateway: Gateway, arguments: Arguments) -> Arguments:
    name = _text(arguments["name"])
    if name not in SCENARIOS:
        raise ValueError(f"unknown scenario {name!r}; known: {', '.join(SCENARIOS)}")
    gateway.scenario = name
    return {}


async def _state(gateway: Gateway, arguments: Arguments) -> Arguments:
    wanted = arguments["state"]
    for state in STATES:
        if state == wanted:
            gateway.state = state
            return {}
    raise ValueError(f"unknown state {wanted!r}; known: {', '.join(STATES)}")


async def _reboot(gateway: Gateway, arguments: Arguments) -> Arguments:
    firmware = arguments.get("firmware")
    await gateway.reboot(None if firmware is None else _text(firmware))
    return {}


async def _move(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.move(_text(arguments["address"]))
    return {"host": gateway.host}


async def _token(gateway: Gateway, arguments: Arguments) -> Arguments:
    age = arguments.get("age", 0)
    if type(age) is not int:
        raise TypeError(f"not a number of seconds: {age!r}")
    return {"token": gateway.token(age=age)}


async def _revoke(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.revoke(_text(arguments["token"]))
    return {}


async def _forget_sessions(gateway: Gateway, _: Arguments) -> Arguments:
    gateway.forget_sessions()
    return {}


async def _new_certificate(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.new_certificate(expired=arguments.get("expired") is True)
    return {"fingerprint": gateway.fingerprint.hex()}


async def _first_certificate(gateway: Gateway, _: Arguments) -> Arguments:
    gateway.first_certificate()
    return {"fingerprint": gateway.fingerprint.hex()}


async def _serial(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.serial = _text(arguments["serial"])
    return {"token": gateway.token()}


async def _firmware(gateway: Gateway, arguments: Arguments) -> Arguments:
    firmware = _text(arguments["firmware"])
    version(firmware)
    gateway.firmware = firmware
    return {}


async def _plain_http(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.plain_http(arguments["on"] is True)
    return {}


async def _stall_tls(gateway: Gateway, arguments: Arguments) -> Arguments:
    gateway.stall_tls(arguments["on"] is True)
    return {}


KNOBS: Final[dict[str, Callable[[Gateway, Arguments], Awaitable[Arguments]]]] = {
    "fault": _fault,
    "clear": _clear,
    "scenario": _scenario,
    "state": _state,
    "reboot": _reboot,
    "move": _move,
    "token": _token,
    "revoke": _revoke,
    "forget_sessions": _forget_sessions,
    "new_certificate": _new_certificate,
    "first_certificate": _first_certificate,
    "serial": _serial,
    "firmware": _firmware,
    "plain_http": _plain_http,
    "stall_tls": _stall_tls,
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not text: {value!r}")
    return value
