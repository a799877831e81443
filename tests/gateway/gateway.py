"""An IQ Gateway: /info, a session table in front of the payload, and its moods."""

from collections.abc import Callable
import copy
from dataclasses import replace
from typing import Final, Literal, get_args, override

from aiohttp import web

from . import pages, tokens
from .certificates import Identity, gateway_identity
from .door import Door
from .exchange import Reply
from .listener import HOME, Speech
from .payloads import Payload, payload_bytes, without_storage
from .scenarios import SCENARIOS, Scenario
from .server import Server, wall_clock

type State = Literal["up", "refused", "bad_gateway", "zeros", "overloaded"]

STATES: Final[tuple[State, ...]] = get_args(State.__value__)
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
INFO: Final = "/info"
# These were reported to take a bare token on /auth/check_jwt only.
NEED_SESSION: Final = ("7.0.71", "7.0.88")


class Gateway(Server):
    """An emulated IQ Gateway; its attributes may be set at any time."""

    banner = "openresty/1.17.8.1"

    def __init__(
        self,
        scenario: str = "8.2_charging_low",
        serial: str = "122300000001",
        firmware: str | None = None,
    ) -> None:
        """Prepare a gateway; its firmware is the scenario's own unless given."""
        self._first_identity: Final = gateway_identity(now=wall_clock())
        super().__init__(self._first_identity)
        self.serial = serial
        self.part_number = "800-00654-r08"
        self.body: bytes | None = None
        self.door: Final = Door()
        self._state: State = "up"
        self._paused = False
        self._routes: Final[dict[str, Callable[[web.Request], Reply]]] = {
            INFO: self._info,
            CHECK_JWT: self._check_jwt,
            SECCTRL: self._secctrl,
            **dict.fromkeys(pages.PRODUCTION, self._production),
        }
        self.scenario = scenario
        if firmware is not None:
            self.firmware = firmware

    @property
    def scenario(self) -> str:
        """Return the scenario's name; setting it resets payload and firmware."""
        return self._name

    @scenario.setter
    def scenario(self, name: str) -> None:
        scenario = SCENARIOS[name]
        self._name = name
        self._scenario: Scenario = scenario
        self.firmware = scenario.firmware
        self._payload: Payload = copy.deepcopy(scenario.payload)

    @property
    def payload(self) -> Payload:
        """Return the payload, to be changed in place; one that moves is of now."""
        if self._scenario.at is not None:
            self._payload.update(self._scenario.at(self.clock()))
        return self._payload

    @property
    def state(self) -> State:
        """Return the mood: up, refused, bad_gateway, zeros or overloaded."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        if state not in STATES:
            raise ValueError(f"unknown state {state!r}; known: {', '.join(STATES)}")
        self._state = state
        self._listen()

    @property
    def fingerprint(self) -> bytes:
        """Return the sha256 of the DER certificate shown to new connections."""
        return self._identity.fingerprint

    def token(
        self,
        role: str = "owner",
        lifetime: float = tokens.LIFETIMES["owner"],
        age: float = 0,
        serial: str | None = None,
    ) -> str:
        """Return a token (JWT) issued age (s) ago, for this gateway unless serial names another."""
        return tokens.mint(
            serial=serial or self.serial,
            now=self.clock(),
            role=role,
            lifetime=lifetime,
            age=age,
        )

    @override
    async def start(self, port: int = 0, address: str = HOME) -> None:
        await super().start(port, address)
        self._listen()

    def move(self, address: str) -> None:
        """Listen at another address, as after a new DHCP lease; open connections end."""
        self.listener.close()
        self.listener.address = address
        self._listen()

    def revoke(self, token: str) -> None:
        """Refuse the token, and the sessions it has opened, from now on."""
        self.door.revoke(tokens.jti_of(token))

    def forget_sessions(self) -> None:
        """Drop all cookies."""
        self.door.sessions.clear()

    def new_certificate(self, *, expired: bool = False) -> None:
        """Show another certificate to every connection from now on."""
        self._show(gateway_identity(now=self.clock(), expired=expired))

    def first_certificate(self) -> None:
        """Show the certificate of the start again."""
        self._show(self._first_identity)

    def _show(self, identity: Identity) -> None:
        self._identity = identity
        if self._listener is not None:
            self._listener.context = identity.context()

    def plain_http(self, on: bool) -> None:
        """Speak plain HTTP on the port, or TLS again; open connections end."""
        self._speak(Speech.PLAIN if on else Speech.TLS)

    def stall_tls(self, on: bool) -> None:
        """Accept connections and never shake hands, or do again; open ones end."""
        self._speak(Speech.NOTHING if on else Speech.TLS)

    async def pause(self) -> None:
        """Refuse connections and end the open ones."""
        self._paused = True
        self._listen()

    async def resume(self) -> None:
        """Listen on the same port again."""
        self._paused = False
        self._listen()

    async def reboot(self, firmware: str | None = None) -> None:
        """Go down without sessions; the caller sets the states on the way up."""
        self.forget_sessions()
        self.firmware = firmware or self.firmware
        self.state = "refused"

    def _speak(self, speech: Speech) -> None:
        self.listener.speech = speech
        self.listener.drop()

    def _listen(self) -> None:
        """Listen, or not, as state and pause want it."""
        if self._listener is None:
            return
        if self._paused or self._state == "refused":
            self._listener.close()
        else:
            self._listener.open()

    @override
    async def reply(self, request: web.Request) -> Reply:
        match self._state:
            case "bad_gateway":
                return _page(502)
            case "overloaded":
                wait = ("Retry-After", "30")
                return replace(_page(503), body=pages.BUSY, headers=(wait,))
        if request.method not in ("GET", "HEAD"):
            return _page(405)
        answer = self._routes.get(request.path)
        # Before version 7 nothing but /info is there.
        if answer is None or (request.path != INFO and pages.version(self.firmware) < (7,)):
            return Reply(status=404, body=pages.NOT_FOUND, content_type="application/json")
        return answer(request)

    def _info(self, _: web.Request) -> Reply:
        return Reply(
            body=pages.info(
                serial=self.serial,
                firmware=self.firmware,
                part_number=self.part_number,
                now=self.clock(),
            ),
            content_type=None if pages.version(self.firmware) >= (8, 3) else "text/xml",
        )

    def _check_jwt(self, request: web.Request) -> Reply:
        token = self._bearer(request)
        if token is None:
            return self._unauthorized()
        session = self.door.open_session(token, self.clock())
        return Reply(body=pages.VALID_TOKEN, content_type="text/html", headers=(session,))

    def _secctrl(self, request: web.Request) -> Reply:
        """Answer who has a session or a token; a token alone opens a session."""
        now = self.clock()
        if self.door.knows(request.cookies.get("sessionId", ""), now):
            return Reply(body=self.content())
        token = self._bearer(request)
        if token is None or self.firmware in NEED_SESSION:
            return self._unauthorized()
        session = self.door.open_session(token, now)
        return Reply(body=self.content(), headers=(session,))

    def _production(self, request: web.Request) -> Reply:
        """Answer what Home Assistant's own integration needs to set up beside us."""
        if self._bearer(request) is None and not self.door.knows(request.cookies.get("sessionId", ""), self.clock()):
            return self._unauthorized()
        return Reply(body=pages.PRODUCTION[request.path], content_type="application/json")

    def content(self) -> bytes:
        """Return the body that secctrl answers now."""
        if self.body is not None:
            return self.body
        payload = self.payload
        if self._state == "zeros":
            payload = without_storage(payload)
        return payload_bytes(payload)

    def _bearer(self, request: web.Request) -> tokens.Token | None:
        header = request.headers.get("Authorization", "")
        return self.door.token(header, serial=self.serial, now=self.clock())

    def _unauthorized(self) -> Reply:
        return replace(_page(401), body=pages.unauthorized(self.firmware))


def _page(status: int) -> Reply:
    return Reply(status=status, body=pages.error_page(status), content_type="text/html")
