"""The emulated IQ Gateway: /info, access tokens and sessions, and the secctrl payload."""

from collections.abc import Callable
import copy
from dataclasses import replace
from typing import Final, Literal, get_args, override

from aiohttp import web

from . import pages, tokens
from .certificates import Certificate, create_gateway_certificate
from .listener import DEFAULT_ADDRESS, ListenerMode
from .payloads import Payload, payload_bytes, without_storage
from .response import Response
from .scenarios import SCENARIOS, Scenario
from .server import Server, current_time
from .sessions import SessionTable

type OperatingState = Literal["up", "refused", "bad_gateway", "zeros", "overloaded"]

OPERATING_STATES: Final[tuple[OperatingState, ...]] = get_args(OperatingState.__value__)
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
INFO: Final = "/info"
SESSION_REQUIRED: Final = ("7.0.71", "7.0.88")
"""Firmware versions that were reported to accept a token without a session only on /auth/check_jwt."""


class Gateway(Server):
    """An emulated IQ Gateway. Its attributes can be changed at any time."""

    server_header = "openresty/1.17.8.1"

    def __init__(
        self,
        scenario: str = "8.2_charging_low",
        serial: str = "122300000001",
        firmware: str | None = None,
    ) -> None:
        """Initialize without listening. By default, the firmware version is that of the scenario."""
        self._initial_certificate: Final = create_gateway_certificate(now=current_time())
        super().__init__(self._initial_certificate)
        self.serial = serial
        self.part_number = "800-00654-r08"
        self.body: bytes | None = None
        """The body to send instead of the payload."""
        self.sessions: Final = SessionTable()
        self._state: OperatingState = "up"
        self._paused = False
        self._routes: Final[dict[str, Callable[[web.Request], Response]]] = {
            INFO: self._info,
            CHECK_JWT: self._check_jwt,
            SECCTRL: self._secctrl,
            **dict.fromkeys(pages.PRODUCTION_BODIES, self._production),
        }
        self.scenario = scenario
        if firmware is not None:
            self.firmware = firmware

    @property
    def scenario(self) -> str:
        """Return the name of the scenario. Setting it resets the payload and the firmware version."""
        return self._scenario_name

    @scenario.setter
    def scenario(self, name: str) -> None:
        scenario = SCENARIOS[name]
        self._scenario_name = name
        self._scenario: Scenario = scenario
        self.firmware = scenario.firmware
        self._payload: Payload = copy.deepcopy(scenario.payload)

    @property
    def payload(self) -> Payload:
        """Return the payload, which can be changed in place. If the scenario changes over time, it is updated first."""
        if self._scenario.payload_at is not None:
            self._payload.update(self._scenario.payload_at(self.clock()))
        return self._payload

    @property
    def state(self) -> OperatingState:
        """Return the operating state.

        up: normal operation. refused: refuses connections. bad_gateway: responds with status 502, as while it starts.
        zeros: has started, but not found its batteries yet. overloaded: responds with status 503.
        """
        return self._state

    @state.setter
    def state(self, state: OperatingState) -> None:
        if state not in OPERATING_STATES:
            raise ValueError(f"unknown state {state!r}; known: {', '.join(OPERATING_STATES)}")
        self._state = state
        self._update_listener()

    @property
    def fingerprint(self) -> bytes:
        """Return the SHA-256 hash of the DER certificate that new connections receive."""
        return self._certificate.fingerprint

    def token(
        self,
        role: str = "owner",
        lifetime: float = tokens.LIFETIMES["owner"],
        age: float = 0,
        serial: str | None = None,
    ) -> str:
        """Return a new token (JWT), issued age (s) ago, for this gateway or the one with the serial number."""
        return tokens.create_token(
            serial=serial or self.serial,
            now=self.clock(),
            role=role,
            lifetime=lifetime,
            age=age,
        )

    @override
    async def start(self, port: int = 0, address: str = DEFAULT_ADDRESS) -> None:
        await super().start(port, address)
        self._update_listener()

    def move(self, address: str) -> None:
        """Listen on a different address, as with a new DHCP lease. This closes all connections."""
        self.listener.close()
        self.listener.address = address
        self._update_listener()

    def revoke(self, token: str) -> None:
        """Reject the token and its sessions from now on."""
        self.sessions.revoke_token(tokens.read_jti(token))

    def clear_sessions(self) -> None:
        """Delete all sessions."""
        self.sessions.clear()

    def replace_certificate(self, *, expired: bool = False) -> None:
        """Use a new certificate for new connections."""
        self._use_certificate(create_gateway_certificate(now=self.clock(), expired=expired))

    def restore_certificate(self) -> None:
        """Use the initial certificate again for new connections."""
        self._use_certificate(self._initial_certificate)

    def _use_certificate(self, certificate: Certificate) -> None:
        self._certificate = certificate
        if self._listener is not None:
            self._listener.ssl_context = certificate.create_ssl_context()

    def set_plain_http(self, on: bool) -> None:
        """Use plain HTTP on the port, or TLS again. This closes all connections."""
        self._set_listener_mode(ListenerMode.PLAIN_HTTP if on else ListenerMode.TLS)

    def set_stall_tls(self, on: bool) -> None:
        """Accept connections without a TLS handshake, or with one again. This closes all connections."""
        self._set_listener_mode(ListenerMode.STALL_TLS if on else ListenerMode.TLS)

    async def pause(self) -> None:
        """Refuse connections, and close the existing ones."""
        self._paused = True
        self._update_listener()

    async def resume(self) -> None:
        """Listen on the same port again."""
        self._paused = False
        self._update_listener()

    async def reboot(self, firmware: str | None = None) -> None:
        """Delete all sessions and refuse connections. The caller sets the next states of the startup."""
        self.clear_sessions()
        self.firmware = firmware or self.firmware
        self.state = "refused"

    def _set_listener_mode(self, mode: ListenerMode) -> None:
        self.listener.mode = mode
        self.listener.close_connections()

    def _update_listener(self) -> None:
        """Open or close the listener, depending on the state and on pause()."""
        if self._listener is None:
            return
        if self._paused or self._state == "refused":
            self._listener.close()
        else:
            self._listener.open()

    @override
    async def respond(self, request: web.Request) -> Response:
        match self._state:
            case "bad_gateway":
                return _error_response(502)
            case "overloaded":
                retry_after = ("Retry-After", "30")
                return replace(_error_response(503), body=pages.OVERLOADED_BODY, headers=(retry_after,))
        if request.method not in ("GET", "HEAD"):
            return _error_response(405)
        handler = self._routes.get(request.path)
        # Firmware before version 7 has only /info.
        if handler is None or (request.path != INFO and pages.parse_version(self.firmware) < (7,)):
            return Response(status=404, body=pages.NOT_FOUND_BODY, content_type="application/json")
        return handler(request)

    def _info(self, _: web.Request) -> Response:
        return Response(
            body=pages.info_xml(
                serial=self.serial,
                firmware=self.firmware,
                part_number=self.part_number,
                now=self.clock(),
            ),
            content_type=None if pages.parse_version(self.firmware) >= (8, 3) else "text/xml",
        )

    def _check_jwt(self, request: web.Request) -> Response:
        token = self._authenticate(request)
        if token is None:
            return self._unauthorized()
        session = self.sessions.open_session(token, self.clock())
        return Response(body=pages.VALID_TOKEN_PAGE, content_type="text/html", headers=(session,))

    def _secctrl(self, request: web.Request) -> Response:
        """Respond to a request with a session or a token. A request with only a token opens a session."""
        if self._has_session(request):
            return Response(body=self.secctrl_body())
        token = self._authenticate(request)
        if token is None or self.firmware in SESSION_REQUIRED:
            return self._unauthorized()
        session = self.sessions.open_session(token, self.clock())
        return Response(body=self.secctrl_body(), headers=(session,))

    def _production(self, request: web.Request) -> Response:
        """Respond to the requests of Home Assistant's Enphase Envoy integration, for tests with both integrations."""
        if self._authenticate(request) is None and not self._has_session(request):
            return self._unauthorized()
        return Response(body=pages.PRODUCTION_BODIES[request.path], content_type="application/json")

    def secctrl_body(self) -> bytes:
        """Return the current response body of /ivp/ensemble/secctrl."""
        if self.body is not None:
            return self.body
        payload = self.payload
        if self._state == "zeros":
            payload = without_storage(payload)
        return payload_bytes(payload)

    def _authenticate(self, request: web.Request) -> tokens.VerifiedToken | None:
        header = request.headers.get("Authorization", "")
        return self.sessions.authenticate(header, serial=self.serial, now=self.clock())

    def _has_session(self, request: web.Request) -> bool:
        return self.sessions.is_valid(request.cookies.get("sessionId", ""), self.clock())

    def _unauthorized(self) -> Response:
        return replace(_error_response(401), body=pages.unauthorized_page(self.firmware))


def _error_response(status: int) -> Response:
    return Response(status=status, body=pages.error_page(status), content_type="text/html")
