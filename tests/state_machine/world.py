"""What surrounds an entry: gateway, cloud, the Enphase Envoy entry, the clocks, and the user."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
import logging
from typing import Any, Final, Literal, get_args

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import jwt
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import (
    CONF_CERTIFICATE,
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    DOMAIN,
    SIGN_IN_EXISTING,
    SIGN_IN_TOKEN,
)
from tests.clocks import SetClock
from tests.emulator import Body, Cloud, Fault, Gateway, Status
from tests.entity_states import EntityValues, entity_values
from tests.faults import Held, run_client
from tests.flow_manager import set_options, start_flow
from tests.issues import issue_keys
from tests.oracle import Expected, expected
from tests.polling import poll

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
LOGIN: Final = "/login/login.json"
ROUTE_A: Final = "/tokens"
ROUTE_B: Final = "/entrez-auth-token"

EMAIL: Final = "owner@example.com"
PASSWORD: Final = "secret"
OTHER_SERIAL: Final = "202200000002"
SERIAL: Final = "122300000001"
HOUR: Final = 3600.0
DAY: Final = 86400.0
YEAR: Final = 365 * DAY

type SignIn = Literal["token", "cloud", "existing"]
type GatewayCondition = Literal[
    "up", "refused", "bad_gateway", "overloaded", "zeros", "rejecting", "no_secctrl", "html", "different_serial"
]
type CloudCondition = Literal[
    "ok",
    "blocked",
    "too_many",
    "login_form",
    "outage",
    "error_text",
    "token_of_other_gateway",
    "expired_token",
    "wrong_password",
    "code_wanted",
    "not_my_gateway",
]
type TokenAge = Literal["new", "renewal_due", "short", "expired", "revoked"]

GATEWAY_CONDITIONS: Final[tuple[GatewayCondition, ...]] = get_args(GatewayCondition.__value__)
CLOUD_CONDITIONS: Final[tuple[CloudCondition, ...]] = get_args(CloudCondition.__value__)
SIGN_INS: Final[tuple[SignIn, ...]] = get_args(SignIn.__value__)
WORKING: Final = ("up", "zeros")
"""The conditions in which the gateway reports values."""

REFUSED_RENEWAL: Final = ("wrong_password", "code_wanted", "not_my_gateway")
"""The conditions of the cloud that only the user can end."""

_REJECTIONS: Final[dict[str, tuple[Fault, ...]]] = {SECCTRL: (Status(401),), CHECK_JWT: (Status(401),)}
_FAULTS: Final[dict[str, dict[str, tuple[Fault, ...]]]] = {
    "rejecting": _REJECTIONS,
    "no_secctrl": {SECCTRL: (Status(404),)},
    "html": {SECCTRL: (Body(b"<html>Sign in</html>"),)},
}
"""The faults of each condition of the gateway, by path."""

_LIFETIMES: Final = {"new": (YEAR, 0.0), "renewal_due": (YEAR, 340 * DAY), "short": (2 * HOUR, 0.0)}
"""Lifetime and age (s) of a token."""


_CORE_STATES: Final = {
    "loaded": ConfigEntryState.LOADED,
    "retry": ConfigEntryState.SETUP_RETRY,
    "disabled": ConfigEntryState.NOT_LOADED,
}


class LogHandler(logging.Handler):
    """Keeps the log messages that must never occur: tracebacks, and unexpected errors."""

    def __init__(self) -> None:
        """Start without messages."""
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an unexpected message."""
        message = record.getMessage()
        if record.exc_info or "nexpected" in message or "never retrieved" in message:
            self.messages.append(f"{record.name}: {message} {record.exc_info}")


@dataclass(frozen=True, kw_only=True)
class Token:
    """When a token expires, and when its renewal is due, in seconds since the epoch; the serial it is for."""

    expires: float
    renewal_due: float
    is_accepted: bool
    """Whether the gateway accepts it, apart from faults."""


@dataclass(kw_only=True)
class World:
    """One gateway, one cloud, and at most one entry of each integration."""

    hass: HomeAssistant
    gateway: Gateway
    cloud: Cloud
    freezer: FrozenDateTimeFactory
    set_clock: SetClock
    log: LogHandler
    entry: MockConfigEntry | None = None
    core: MockConfigEntry | None = None
    gateway_condition: GatewayCondition = "up"
    cloud_condition: CloudCondition = "ok"
    has_new_certificate: bool = False
    clock_offset: float = 0.0
    first_token: str = ""
    """The token of the entry before it was set up."""

    revoked: set[str] = field(default_factory=set)

    # --- Facts

    @property
    def is_running(self) -> bool:
        """Whether Home Assistant has set up the entry, or tries to."""
        return bool(self.entry and not self.entry.disabled_by and self.entry.state is not ConfigEntryState.NOT_LOADED)

    @property
    def is_loaded(self) -> bool:
        """Whether the entry is loaded."""
        return bool(self.entry and self.entry.state is ConfigEntryState.LOADED)

    @property
    def sign_in(self) -> str:
        """The kind of sign-in of the entry."""
        return str(self.entry.data[CONF_SIGN_IN]) if self.entry else ""

    @property
    def core_of_entry(self) -> MockConfigEntry | None:
        """The Enphase Envoy entry whose sign-in the entry shares."""
        is_shared = self.core and self.entry and self.entry.data.get(CONF_CORE_ENTRY) == self.core.entry_id
        return self.core if is_shared else None

    @property
    def token_text(self) -> str:
        """The stored or shared token of the entry."""
        holder = self.core_of_entry if self.sign_in == SIGN_IN_EXISTING else self.entry
        return str(holder.data.get(CONF_TOKEN, "")) if holder else ""

    @property
    def token(self) -> Token | None:
        """The stored or shared token of the entry; None if it can't be used."""
        try:
            claims = jwt.decode(self.token_text, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return None
        expires, lifetime = claims["exp"], claims["exp"] - claims["iat"]
        return Token(
            expires=expires,
            renewal_due=expires - min(30 * DAY, lifetime / 12),
            is_accepted=claims["jti"] not in self.revoked and expires > self.gateway.clock(),
        )

    @property
    def is_pin_violated(self) -> bool:
        """Whether the gateway has a different certificate than the pinned one."""
        pin = self.entry.options.get(CONF_CERTIFICATE) if self.entry else None
        return pin is not None and pin != self.gateway.fingerprint.hex()

    @property
    def interval(self) -> float:
        """The update interval in seconds."""
        return float(self.entry.options.get("scan_interval", 10)) if self.entry else 10

    @property
    def wall_clock(self) -> float:
        """Seconds since the epoch, as Home Assistant sees it."""
        return datetime.now(UTC).timestamp()

    def values(self) -> EntityValues:
        """Return what the entities show."""
        return entity_values(self.hass, self.entry) if self.entry else {}

    def expected_values(self) -> dict[str, Expected]:
        """Return what the entities must show after a successful poll."""
        return expected(json.loads(self.gateway.secctrl_body()))

    def issues(self) -> set[str]:
        """Return the keys of the issues."""
        return {str(key) for key in issue_keys(self.hass)}

    def flows(self, source: str) -> set[str]:
        """Return the IDs of the open flows with this source."""
        flows = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return {flow["flow_id"] for flow in flows if flow["context"]["source"] == source}

    def flow_ids(self) -> list[str]:
        """Return the IDs of the open flows of the entry."""
        return sorted(self.flows(SOURCE_RECONFIGURE) | self.flows(SOURCE_REAUTH))

    def tasks(self) -> list[str]:
        """Return the tasks of the integration that haven't ended."""
        names = [repr(task) for task in asyncio.all_tasks(self.hass.loop)]
        return [name for name in names if DOMAIN in name or "IQ Gateway" in name]

    # --- Gateway

    def set_gateway(self, condition: GatewayCondition) -> None:
        """Let the gateway be in a condition."""
        gateway = self.gateway
        self.gateway_condition = condition
        self._reset_faults()
        old_serial = gateway.serial
        gateway.serial = OTHER_SERIAL if condition == "different_serial" else SERIAL
        if condition == "rejecting" or gateway.serial != old_serial:
            gateway.clear_sessions()
            gateway.listener.close_connections()
        state: Any = condition if condition in ("refused", "bad_gateway", "overloaded", "zeros") else "up"
        gateway.state = state

    def repair_gateway(self, soc: int) -> None:
        """Let the gateway work, with a different state of charge."""
        self.set_gateway("up")
        self.gateway.payload["agg_soc"] = soc

    def _reset_faults(self) -> None:
        self.gateway.clear_faults()
        for path, faults in _FAULTS.get(self.gateway_condition, {}).items():
            self.gateway.inject(path, *faults)

    def change_certificate(self) -> None:
        """Replace the certificate of the gateway, or restore the first one."""
        self.has_new_certificate = not self.has_new_certificate
        if self.has_new_certificate:
            self.gateway.replace_certificate()
        else:
            self.gateway.restore_certificate()
        self.gateway.listener.close_connections()

    def revoke(self) -> None:
        """Let the gateway reject the token of the entry from now on."""
        if self.token:
            self._revoke(self.token_text)

    def _revoke(self, token: str) -> None:
        self.gateway.revoke(token)
        self.revoked.add(str(jwt.decode(token, options={"verify_signature": False})["jti"]))

    def create_token(self, age: TokenAge) -> str:
        """Return a token for the gateway."""
        if age == "expired":
            return self.gateway.token(serial=SERIAL, lifetime=HOUR, age=2 * HOUR)
        lifetime, seconds = _LIFETIMES["new" if age == "revoked" else age]
        token = self.gateway.token(serial=SERIAL, lifetime=lifetime, age=seconds)
        if age == "revoked":
            self._revoke(token)
        return token

    # --- Cloud

    def set_cloud(self, condition: CloudCondition) -> None:
        """Let the cloud respond differently."""
        cloud = self.cloud
        self.cloud_condition = condition
        cloud.clear_faults()
        cloud.login_response = "ok"
        cloud.route_a_response = "text"
        cloud.add_account(
            EMAIL,
            "other" if condition == "wrong_password" else PASSWORD,
            serials=(OTHER_SERIAL,) if condition == "not_my_gateway" else (SERIAL,),
            mfa=condition == "code_wanted",
        )
        match condition:
            case "blocked" | "too_many" | "login_form":
                cloud.login_response = condition
            case "outage":
                cloud.inject("*", Status(503))
            case "error_text":
                self._inject_token(b"Error in generating Token")
            case "token_of_other_gateway":
                self._inject_token(self.gateway.token(serial=OTHER_SERIAL).encode())
            case "expired_token":
                self._inject_token(self.create_token("expired").encode())

    def _inject_token(self, text: bytes) -> None:
        for path in (ROUTE_A, ROUTE_B):
            self.cloud.inject(path, Body(text))

    # --- Enphase Envoy

    def add_core(self) -> None:
        """Add an Enphase Envoy entry with a new token."""
        self.core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=SERIAL, data={CONF_TOKEN: self.create_token("new")})
        self.core.add_to_hass(self.hass)
        self.core.mock_state(self.hass, ConfigEntryState.LOADED)

    async def remove_core(self) -> None:
        """Remove the Enphase Envoy entry."""
        if self.core:
            self.core.mock_state(self.hass, ConfigEntryState.NOT_LOADED)
            core, self.core = self.core, None
            await self.hass.config_entries.async_remove(core.entry_id)

    def change_core(self, state: str) -> None:
        """Let the Enphase Envoy entry be in the state "loaded", "retry", or "disabled"."""
        if self.core:
            self.core.disabled_by = ConfigEntryDisabler.USER if state == "disabled" else None
            self.core.mock_state(self.hass, _CORE_STATES[state])

    def update_core(self, token: str) -> None:
        """Let Enphase Envoy store a token."""
        if self.core:
            self.hass.config_entries.async_update_entry(self.core, data={CONF_TOKEN: token})

    # --- The entry

    async def add_entry(self, sign_in: SignIn, age: TokenAge, interval: int, *, pinned: bool) -> None:
        """Add an entry and set it up."""
        stored: dict[str, Any] = {CONF_TOKEN: self.create_token(age)}
        if sign_in == "existing":
            if not self.core:
                self.add_core()
            assert self.core
            stored = {CONF_CORE_ENTRY: self.core.entry_id}
        if sign_in == "cloud":
            stored |= {CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD}
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title=f"IQ Gateway {SERIAL}",
            unique_id=SERIAL,
            data={CONF_HOST: self.gateway.host, CONF_SIGN_IN: sign_in, **stored},
            options={"scan_interval": interval}
            | ({CONF_CERTIFICATE: self.gateway.fingerprint.hex()} if pinned else {}),
        )
        self.first_token = self.token_text
        self.entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(self.entry.entry_id)

    async def remove_entry(self) -> None:
        """Remove the entry."""
        if self.entry:
            entry, self.entry = self.entry, None
            await self.hass.config_entries.async_remove(entry.entry_id)

    async def unload(self) -> None:
        """Unload the entry."""
        if self.entry and self.entry.state.recoverable:
            await self.hass.config_entries.async_unload(self.entry.entry_id)

    async def reload(self) -> None:
        """Reload the entry, or load it."""
        if self.entry and self.entry.state.recoverable:
            await self.hass.config_entries.async_reload(self.entry.entry_id)

    async def disable(self) -> None:
        """Disable the entry."""
        if self.entry:
            await self.hass.config_entries.async_set_disabled_by(self.entry.entry_id, ConfigEntryDisabler.USER)

    async def enable(self) -> None:
        """Enable the entry."""
        if self.entry:
            await self.hass.config_entries.async_set_disabled_by(self.entry.entry_id, None)

    async def set_options(self, interval: int, *, pinned: bool) -> None:
        """Submit the form of the options."""
        if self.entry:
            flow = await set_options(self.hass, self.entry, interval, pin_certificate=pinned)
            if flow["type"] is FlowResultType.FORM:
                self.hass.config_entries.options.async_abort(flow["flow_id"])

    # --- Time and refreshes

    async def settle(self) -> None:
        """Wait until nothing is going on."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        await run_client()
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await poll(self.hass, self.freezer, seconds)

    def change_clock(self, seconds: float) -> None:
        """Set the wall clock forward or back, but never by more than a year."""
        if abs(self.clock_offset + seconds) <= YEAR:
            self.clock_offset += seconds
            self.set_clock(seconds)

    async def update_entity(self) -> None:
        """Refresh as an automation does."""
        target = {"entity_id": "sensor.iq_gateway_122300000001_state_of_charge"}
        await self.hass.services.async_call("homeassistant", "update_entity", target, blocking=True)

    async def request_refresh(self) -> None:
        """Request a refresh of a loaded entry."""
        if self.entry and self.is_loaded:
            await self.entry.runtime_data.async_request_refresh()

    async def during_request(
        self,
        path: str,
        start: Callable[[], Coroutine[Any, Any, object]],
        event: Callable[[], Coroutine[Any, Any, object]],
    ) -> bool:
        """Let something happen while a request of this path, which `start` leads to, is waiting for its response.

        Return whether there was such a request.
        """
        held = Held()
        server = self.cloud if path == LOGIN else self.gateway
        faults = () if path == LOGIN else _FAULTS.get(self.gateway_condition, {}).get(path, ())
        if path != LOGIN or self.cloud_condition != "outage":
            server.inject(path, held, *faults, times=1)
        started = asyncio.create_task(start())
        holding = asyncio.create_task(held.holding.wait())
        await asyncio.wait({started, holding}, return_when=asyncio.FIRST_COMPLETED)
        holding.cancel()
        happened = asyncio.create_task(event())
        await run_client()
        self._reset_faults()
        self.set_cloud(self.cloud_condition)
        await asyncio.gather(started, happened)
        return held.holding.is_set()

    # --- Flows

    async def open_flow(self, source: str) -> None:
        """Open a reauth or reconfigure flow of the entry."""
        if self.entry and not self.flows(source):
            await start_flow(self.hass, source, self.entry.entry_id)

    def close_flows(self) -> None:
        """Close all flows of the entry."""
        for source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            for flow_id in self.flows(source):
                self.hass.config_entries.flow.async_abort(flow_id)

    async def submit_flow(self, sign_in: SignIn | Literal["keep"], token: TokenAge) -> str:
        """Continue an open flow as far as possible; return the reason for its end, or "" if it is still open."""
        flow: Any = self.hass.config_entries.flow.async_get(self.flow_ids()[0])
        inputs: dict[str, dict[str, Any]] = {
            "reauth_confirm": {CONF_HOST: self.gateway.host},
            "reconfigure": {CONF_HOST: self.gateway.host},
            "replaced": {"replaced": False},
            "sign_in": {"next_step_id": sign_in},
            "token": {CONF_TOKEN: self.create_token(token)},
            "cloud": {CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD},
            "code": {"paste_token": True},
            "existing": {},
            "keep": {},
        }
        while True:
            step = flow["step_id"]
            if step == "sign_in" and sign_in not in flow["menu_options"]:
                inputs["sign_in"] = {"next_step_id": SIGN_IN_TOKEN}
            flow = await self.hass.config_entries.flow.async_configure(flow["flow_id"], inputs[step])
            if flow["type"] is FlowResultType.ABORT:
                return str(flow["reason"])
            if flow.get("errors") or flow["step_id"] == step:
                return ""

    # --- The beginning and the end

    def forget(self) -> None:
        """Forget the requests and log messages of an earlier sequence."""
        for server in (self.gateway, self.cloud):
            server.requests.clear()
            server.most_in_flight = 0
        self.log.messages.clear()
        self.revoked.clear()

    async def reset(self) -> None:
        """Remove the entries, and restore everything else."""
        self.close_flows()
        await self.remove_entry()
        await self.remove_core()
        self.set_gateway("up")
        self.set_cloud("ok")
        self.cloud.clear_sessions()
        if self.has_new_certificate:
            self.change_certificate()
        self.gateway.scenario = "8.2_charging_low"
        self.change_clock(-self.clock_offset)
        await self.settle()
