"""Faults of a gateway during a config flow, with the error that the form shows."""

from collections.abc import Callable
from typing import Final

from tests.emulator import Body, Gateway, Redirect, Status

type InjectFault = Callable[[Gateway], object]

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
HTML: Final = b"<html><body>Sign in</body></html>"
OTHER_SERIAL: Final = "202200000002"

INFO_FAULTS: Final[list[tuple[InjectFault, str]]] = [
    (lambda gateway: gateway.inject(INFO, Status(503, retry_after=30)), "cannot_connect"),
    (lambda gateway: setattr(gateway, "state", "bad_gateway"), "cannot_connect"),
    (lambda gateway: setattr(gateway, "state", "refused"), "cannot_connect"),
    (lambda gateway: gateway.inject(INFO, Body(HTML)), "unexpected_answer"),
    (lambda gateway: gateway.inject(INFO, Status(404)), "unexpected_answer"),
    (lambda gateway: gateway.inject(INFO, Redirect("https://127.0.0.1/")), "unexpected_answer"),
    (lambda gateway: setattr(gateway, "firmware", "5.0.62"), "unsupported_firmware"),
]
"""When the host is entered; the serial number isn't known yet."""

REPORT_FAULTS: Final[list[tuple[InjectFault, str]]] = [
    (lambda gateway: setattr(gateway, "serial", OTHER_SERIAL), "wrong_gateway"),
    (lambda gateway: gateway.inject(SECCTRL, Status(404)), "no_secctrl"),
    (lambda gateway: gateway.inject(SECCTRL, Status(401)), "invalid_auth"),
    (lambda gateway: gateway.inject(SECCTRL, Status(502)), "cannot_connect"),
    (lambda gateway: gateway.inject(SECCTRL, Body(HTML)), "unexpected_answer"),
]
"""When a token is tried."""


def end_faults(gateway: Gateway) -> None:
    """End any of these faults."""
    gateway.clear_faults()
    gateway.state, gateway.serial, gateway.firmware = "up", "122300000001", "8.2.127"


def take_paths(gateway: Gateway) -> list[str]:
    """Return the paths of the gateway's requests, and clear the log."""
    paths = [request.path for request in gateway.requests]
    gateway.requests.clear()
    return paths
