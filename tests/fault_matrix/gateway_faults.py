"""The faults of the gateway."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
import json
from math import nan
from typing import Final

from tests.emulator import (
    SCENARIOS,
    Body,
    Chunked,
    ConnectionClose,
    ContentType,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    NoContentLength,
    Redirect,
    Reset,
    Status,
    Truncated,
    payload_bytes,
)
from tests.emulator.pages import NOT_FOUND_BODY, unauthorized_page
from tests.emulator.payloads import Json, without_storage
from tests.faults import ResetInBody, Slow, SlowBody, expire_timeouts
from tests.oracle import expected

from .outcomes import (
    CERTIFICATE_CHANGED,
    CHECK_ACCEPTS,
    CHECK_BUSY,
    CHECK_JWT,
    CHECK_REJECTS,
    EVERY_CONNECTION,
    EVERY_REQUEST,
    INFO,
    INFO_FAILS,
    NO_ERROR,
    NO_REQUEST,
    NO_REQUEST_PINNED,
    NO_SECCTRL,
    OLD_FIRMWARE,
    REJECTED,
    REPORT_FAILS,
    RESTART,
    SECCTRL,
    UNEXPECTED,
    UNREACHABLE,
    WRONG_GATEWAY,
    WRONG_SERIAL,
    WRONG_SERIAL_AT_ONCE,
    Outcome,
    Requests,
)

SERIAL: Final = "122300000001"
OTHER_SERIAL: Final = "202200000002"
SIZE_LIMIT: Final = 64 * 1024
HTML: Final = b"<html><body>Sign in</body></html>"
HOME_PAGE: Final = unauthorized_page("8.2.127")
LOGIN_PAGE: Final = unauthorized_page("8.3.5433")

PAYLOAD: Final = SCENARIOS["8.2_charging_low"].payload
LEGACY_PAYLOAD: Final = SCENARIOS["legacy_9_keys"].payload
AGG_SOC: Final = frozenset({"agg_soc", "at_reserve"})
STORAGE: Final = frozenset(expected(PAYLOAD).keys() - expected(without_storage(PAYLOAD)).keys())
NOT_IN_LEGACY: Final = frozenset(expected(PAYLOAD).keys() - expected(LEGACY_PAYLOAD).keys())

type InjectFault = Callable[[Gateway], None]


def on_all_paths(*faults: Fault) -> InjectFault:
    """Inject faults into every response."""
    return lambda gateway: gateway.inject("*", *faults)


def on_path(path: str, *faults: Fault) -> InjectFault:
    """Inject faults into the responses of one path."""
    return lambda gateway: gateway.inject(path, *faults)


def after_rejection(path: str, *faults: Fault) -> InjectFault:
    """Reject the token on secctrl, and inject faults into the responses of a different path."""

    def inject(gateway: Gateway) -> None:
        gateway.inject(SECCTRL, Status(401, body=HOME_PAGE))
        gateway.inject(path, *faults)

    return inject


def with_body(content: bytes) -> InjectFault:
    """Replace the body of secctrl."""
    return on_path(SECCTRL, Body(content))


def with_payload(payload: Mapping[str, Json]) -> InjectFault:
    """Report a different payload."""
    return lambda gateway: setattr(gateway, "body", payload_bytes(payload))


def with_edited_body(old: bytes, new: bytes) -> InjectFault:
    """Replace a part of the body of secctrl."""
    return lambda gateway: setattr(gateway, "body", payload_bytes(gateway.payload).replace(old, new))


def with_values(**values: object) -> InjectFault:
    """Change values of the payload, or add some."""
    return lambda gateway: setattr(gateway, "body", json.dumps({**gateway.payload, **values}).encode())


def without_keys(*keys: str) -> InjectFault:
    """Remove keys from the payload."""

    def inject(gateway: Gateway) -> None:
        gateway.body = json.dumps({key: gateway.payload[key] for key in gateway.payload.keys() - {*keys}}).encode()

    return inject


def with_attributes(**attributes: str) -> InjectFault:
    """Set attributes of the gateway."""

    def inject(gateway: Gateway) -> None:
        for name, value in attributes.items():
            setattr(gateway, name, value)

    return inject


def with_new_certificate(*, expired: bool = False) -> InjectFault:
    """Replace the certificate, and close the connections that were opened with the old one."""

    def inject(gateway: Gateway) -> None:
        gateway.replace_certificate(expired=expired)
        gateway.listener.close_connections()

    return inject


def restore_certificate(gateway: Gateway) -> None:
    """Use the first certificate again."""
    gateway.restore_certificate()
    gateway.listener.close_connections()


def replace_gateway(gateway: Gateway) -> None:
    """Replace the gateway with a different one between two polls."""
    gateway.serial = OTHER_SERIAL
    gateway.clear_sessions()
    gateway.listener.close_connections()


def use_plain_http(gateway: Gateway) -> None:
    """Use HTTP without TLS."""
    gateway.set_plain_http(on=True)


def stall_tls(gateway: Gateway) -> None:
    """Accept connections, and never finish the handshake before the request times out."""
    gateway.listener.on_stalled_connection = partial(expire_timeouts, 11)
    gateway.set_stall_tls(on=True)


def use_tls(gateway: Gateway) -> None:
    """Use TLS again."""
    gateway.set_plain_http(on=False)


def do_nothing(_gateway: Gateway) -> None:
    """Leave the gateway as it is."""


@dataclass(frozen=True)
class GatewayFault:
    """A fault of the gateway, and what is expected."""

    name: str
    inject_fault: InjectFault
    outcome: Outcome | None
    """None if there is no error."""
    requests: Requests
    _: KW_ONLY
    unknown: frozenset[str] = frozenset()
    """The keys of the entities that are unknown meanwhile."""
    warnings: int = 0
    """The number of warnings in the log."""
    restarts: bool = False
    """Whether the fault begins with a restart of the gateway."""
    restore: InjectFault = do_nothing
    """What must be done to end the fault, in addition to what ends all faults."""
    pinned: bool = False
    """Whether the certificate of the gateway is pinned."""

    def inject(self, gateway: Gateway) -> None:
        """Inject the fault, after the restart if there is one."""
        if self.restarts:
            gateway.clear_sessions()
            gateway.state = "up"
        self.inject_fault(gateway)

    @property
    def stages(self) -> tuple[InjectFault, InjectFault, InjectFault]:
        """What happens before each of three polls of a running entry."""
        if self.restarts:
            return (with_attributes(state="refused"), self.inject, do_nothing)
        return (self.inject, do_nothing, do_nothing)

    @property
    def restart_log(self) -> tuple[int, ...]:
        """The levels of the log messages about the restart."""
        return UNREACHABLE.log if self.restarts else ()

    @property
    def error(self) -> Outcome:
        """The outcome of a fault that has one."""
        assert self.outcome
        return self.outcome

    def end(self, gateway: Gateway) -> None:
        """End the fault, and change a value, so that it can be distinguished from the last one."""
        gateway.clear_faults()
        gateway.body = None
        gateway.serial = SERIAL
        gateway.state = "up"
        gateway.scenario = "8.2_charging_low"
        gateway.payload["agg_soc"] = 99
        self.restore(gateway)


GATEWAY_FAULTS: Final = [
    GatewayFault("301", on_all_paths(Redirect("/home")), UNEXPECTED, EVERY_REQUEST),
    GatewayFault("301_report", on_path(SECCTRL, Redirect("/home")), UNEXPECTED, REPORT_FAILS),
    GatewayFault("401_info", on_path(INFO, Status(401, body=HOME_PAGE)), UNEXPECTED, INFO_FAILS, restarts=True),
    GatewayFault("401_home", after_rejection(CHECK_JWT, Status(401, body=HOME_PAGE)), REJECTED, CHECK_REJECTS),
    GatewayFault("401_login", after_rejection(CHECK_JWT, Status(401, body=LOGIN_PAGE)), REJECTED, CHECK_REJECTS),
    GatewayFault("401_with_valid_token", on_path(SECCTRL, Status(401, body=HOME_PAGE)), REJECTED, CHECK_ACCEPTS),
    GatewayFault("403", on_path(SECCTRL, Status(403)), REJECTED, CHECK_ACCEPTS),
    GatewayFault("404", on_path(SECCTRL, Status(404, body=NOT_FOUND_BODY)), NO_SECCTRL, REPORT_FAILS),
    GatewayFault("404_info", on_path(INFO, Status(404)), UNEXPECTED, INFO_FAILS, restarts=True),
    *(
        GatewayFault(f"{code}", on_all_paths(Status(code)), UNREACHABLE, EVERY_REQUEST)
        for code in (429, 500, 502, 503, 504)
    ),
    *(
        GatewayFault(f"{code}_retry_after", on_all_paths(Status(code, retry_after=30)), UNREACHABLE, EVERY_REQUEST)
        for code in (429, 500, 502, 503, 504)
    ),
    *(
        GatewayFault(f"{code}_check", after_rejection(CHECK_JWT, Status(code)), UNREACHABLE, CHECK_BUSY)
        for code in (429, 502, 503, 504)
    ),
    GatewayFault("slow", on_all_paths(Slow()), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("slow_report", on_path(SECCTRL, Slow()), UNREACHABLE, REPORT_FAILS),
    GatewayFault("stall", on_all_paths(SlowBody()), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("stall_report", on_path(SECCTRL, SlowBody()), UNREACHABLE, REPORT_FAILS),
    GatewayFault("truncated", on_all_paths(Truncated(20)), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("truncated_report", on_path(SECCTRL, Truncated(20)), UNREACHABLE, REPORT_FAILS),
    GatewayFault("reset", on_all_paths(Reset()), UNREACHABLE, EVERY_CONNECTION),
    GatewayFault("reset_in_body", on_all_paths(ResetInBody()), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("early_close", on_all_paths(EarlyClose()), UNREACHABLE, EVERY_CONNECTION),
    GatewayFault("garbage", on_all_paths(Garbage()), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("chunked", on_all_paths(Chunked()), None, NO_ERROR),
    GatewayFault("no_length", on_all_paths(NoContentLength()), None, NO_ERROR),
    GatewayFault("connection_close", on_all_paths(ConnectionClose()), None, NO_ERROR),
    GatewayFault("type_none", on_all_paths(ContentType(None)), None, NO_ERROR),
    GatewayFault("type_html", on_all_paths(ContentType("text/html")), None, NO_ERROR),
    GatewayFault("type_json", on_all_paths(ContentType("application/json")), None, NO_ERROR),
    GatewayFault("empty", with_body(b""), UNEXPECTED, REPORT_FAILS),
    GatewayFault("html", with_body(HTML), UNEXPECTED, REPORT_FAILS),
    GatewayFault("too_long", with_body(b" " * (SIZE_LIMIT + 1)), UNEXPECTED, REPORT_FAILS),
    GatewayFault("trailing_comma", with_edited_body(b"\n}", b",\n}"), UNEXPECTED, REPORT_FAILS),
    GatewayFault("missing_value", with_edited_body(b'"agg_soc": 23', b'"agg_soc": '), UNEXPECTED, REPORT_FAILS),
    GatewayFault("list", with_body(b"[" + payload_bytes(PAYLOAD) + b"]"), UNEXPECTED, REPORT_FAILS),
    GatewayFault("nan", with_values(agg_soc=nan), None, NO_ERROR, unknown=AGG_SOC, warnings=1),
    GatewayFault("null", with_values(agg_soc=None), None, NO_ERROR, unknown=AGG_SOC, warnings=1),
    GatewayFault("huge", with_values(agg_soc=10**400), None, NO_ERROR, unknown=AGG_SOC, warnings=1),
    GatewayFault(
        "wrong_types", with_values(agg_soc="23", shutdown=1), None, NO_ERROR, unknown=AGG_SOC | {"shutdown"}, warnings=2
    ),
    GatewayFault("missing_keys", without_keys("agg_soc", "shutdown"), None, NO_ERROR, unknown=AGG_SOC | {"shutdown"}),
    GatewayFault("extra_keys", with_values(agg_other="text", more={"agg_soc": 1}), None, NO_ERROR),
    GatewayFault("legacy_keys", with_payload(LEGACY_PAYLOAD), None, NO_ERROR, unknown=NOT_IN_LEGACY),
    GatewayFault("new_certificate", with_new_certificate(), None, NO_ERROR, restore=restore_certificate),
    GatewayFault(
        "expired_certificate", with_new_certificate(expired=True), None, NO_ERROR, restore=restore_certificate
    ),
    *(
        GatewayFault(
            f"{name}_not_pinned",
            with_new_certificate(expired=expired),
            CERTIFICATE_CHANGED,
            NO_REQUEST_PINNED,
            restore=restore_certificate,
            pinned=True,
        )
        for name, expired in (("new", False), ("expired", True))
    ),
    GatewayFault("plain_http", use_plain_http, UNREACHABLE, NO_REQUEST, restore=use_tls),
    GatewayFault("stalled_tls", stall_tls, UNREACHABLE, NO_REQUEST, restore=use_tls),
    GatewayFault("refused", with_attributes(state="refused"), UNREACHABLE, NO_REQUEST),
    GatewayFault("overloaded", with_attributes(state="overloaded"), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("bad_gateway", with_attributes(state="bad_gateway"), UNREACHABLE, EVERY_REQUEST),
    GatewayFault("different_serial", with_attributes(serial=OTHER_SERIAL), WRONG_GATEWAY, WRONG_SERIAL, restarts=True),
    GatewayFault("different_serial_at_once", replace_gateway, WRONG_GATEWAY, WRONG_SERIAL_AT_ONCE),
    GatewayFault("firmware_6", with_attributes(firmware="6.2.1"), OLD_FIRMWARE, INFO_FAILS, restarts=True),
    GatewayFault("firmware_8.3", with_attributes(firmware="8.3.5433"), None, RESTART, restarts=True),
    GatewayFault("info_html", on_path(INFO, Body(HTML)), UNEXPECTED, INFO_FAILS, restarts=True),
    GatewayFault("info_empty", on_path(INFO, Body(b"")), UNEXPECTED, INFO_FAILS, restarts=True),
    GatewayFault("info_without_device", on_path(INFO, Body(b"<envoy_info/>")), UNEXPECTED, INFO_FAILS, restarts=True),
    GatewayFault("zeros", with_attributes(state="zeros"), None, RESTART, unknown=STORAGE, restarts=True),
]
FAILING: Final = [fault for fault in GATEWAY_FAULTS if fault.outcome]
HARMLESS: Final = [fault for fault in GATEWAY_FAULTS if not fault.outcome]
