"""The outcomes of faults, and the requests that are expected in each situation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import logging
from typing import ClassVar, Final, Protocol

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from tests.emulator import LoggedRequest
from tests.entity_states import EntityValues
from tests.flow_manager import reauth_flows
from tests.issues import issue_keys

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
LOGIN: Final = "/login/login.json"
ROUTE_A: Final = "/tokens"
ROUTE_B: Final = "/entrez-auth-token"
SEND_CODE: Final = "/app-api/generate_mfa_login_otp"
CHECK_CODE: Final = "/app-api/validate_login_otp"

LETTERS: Final = {
    INFO: "i",
    SECCTRL: "s",
    CHECK_JWT: "c",
    LOGIN: "L",
    ROUTE_A: "A",
    ROUTE_B: "B",
    SEND_CODE: "G",
    CHECK_CODE: "V",
}
"""The letter of each request. The polls of a running entry are separated by |."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Home Assistant shows while there is an error."""

    error: str
    """The translation key."""
    later_error: str | None = None
    """The translation key in the following polls, if it is different."""
    form_error: str | None = None
    """The translation key in a form, if it is different."""
    issue: str | None = None
    log: ClassVar[tuple[int, ...]] = (logging.ERROR, logging.INFO)
    """The levels of the log messages of a running entry: one about the error, one about the recovery."""

    @property
    def issues_and_reauths(self) -> tuple[list[str | None], int]:
        """The keys of the issues, and the number of reauth flows."""
        return [key for key in (self.issue,) if key], 0


UNREACHABLE: Final = Outcome(error="cannot_connect")
UNEXPECTED: Final = Outcome(error="unexpected_answer")
NO_SECCTRL: Final = Outcome(error="no_secctrl", issue="no_secctrl")
OLD_FIRMWARE: Final = Outcome(error="unsupported_firmware")
WRONG_GATEWAY: Final = Outcome(error="wrong_gateway")
CERTIFICATE_CHANGED: Final = Outcome(error="certificate_changed", issue="certificate_changed")
REJECTED: Final = Outcome(error="token_rejected", form_error="invalid_auth")
"""It isn't believed within the three minutes of a fault."""
LATER: Final = {
    error: Outcome(error=error, later_error="renewal_paused")
    for error in ("cloud_unavailable", "account_blocked", "too_many_sessions")
}
"""Errors of a renewal that pass by themselves."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """The requests to the gateway in each situation, and the form of a flow in which the error is shown."""

    setup: str
    running: str
    renewal: str
    form: str
    flow: str


NO_REQUEST: Final = Requests(setup="", running="||", renewal="", form="user", flow="")
NO_REQUEST_PINNED: Final = Requests(setup="", running="||", renewal="", form="reconfigure", flow="")
EVERY_REQUEST: Final = Requests(setup="i", running="s|i|i", renewal="i", form="user", flow="i")
EVERY_CONNECTION: Final = Requests(setup="ii", running="ss|ii|ii", renewal="ii", form="user", flow="ii")
"""aiohttp sends a request once more if the connection is closed without a response."""
INFO_FAILS: Final = Requests(setup="i", running="|i|i", renewal="i", form="user", flow="i")
WRONG_SERIAL: Final = Requests(setup="i", running="|i|i", renewal="i", form="token", flow="i")
WRONG_SERIAL_AT_ONCE: Final = Requests(setup="i", running="si|i|i", renewal="i", form="token", flow="i")
REPORT_FAILS: Final = Requests(setup="is", running="s|is|is", renewal="is", form="token", flow="is")
CHECK_REJECTS: Final = Requests(setup="isc", running="sic|isc|isc", renewal="isc", form="token", flow="isc")
CHECK_ACCEPTS: Final = Requests(setup="iscs", running="sics|iscs|iscs", renewal="iscs", form="token", flow="iscs")
CHECK_BUSY: Final = Requests(setup="isc", running="sic|isc|isc", renewal="isc", form="token", flow="isc")
NO_ERROR: Final = Requests(setup="is", running="s|s|s", renewal="is", form="token", flow="is")
RESTART: Final = Requests(setup="is", running="|is|s", renewal="is", form="token", flow="is")
"""`/info` is read again after a failed poll."""


class NamedFault(Protocol):
    """Any fault of the matrix."""

    @property
    def name(self) -> str:
        """The first part of the ID of its cases."""


def each_fault(situation: str, faults: Iterable[NamedFault]) -> pytest.MarkDecorator:
    """Parametrize a test with the faults; the ID of a case is fault-situation."""
    return pytest.mark.parametrize("fault", [pytest.param(fault, id=f"{fault.name}-{situation}") for fault in faults])


def take_requests(requests: list[LoggedRequest]) -> str:
    """Return the letters of the requests and clear the log; `/info` must have no credentials, the others a token."""
    letters = "".join(LETTERS[request.path] for request in requests)
    assert [(one.bearer, one.cookie) for one in requests if one.path == INFO] == [(False, False)] * letters.count("i")
    assert all(one.bearer for one in requests if one.path in (SECCTRL, CHECK_JWT))
    requests.clear()
    return letters


def issues_and_reauths(hass: HomeAssistant) -> tuple[list[str | None], int]:
    """Return the keys of the open issues, and the number of open reauth flows."""
    return issue_keys(hass), len(reauth_flows(hass))


def unknown_keys(values: EntityValues) -> set[str]:
    """Return the keys of the entities whose state is unknown."""
    return {key for key, value in values.items() if value is None}


def unavailable(values: Mapping[str, object]) -> EntityValues:
    """Return the values of the same entities while they are unavailable."""
    return dict.fromkeys(values, STATE_UNAVAILABLE)
