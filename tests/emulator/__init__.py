"""Emulators of an IQ Gateway and of the Enphase cloud, independent of the integration: they don't import it."""

from .cloud import Cloud, LoginResponse, MfaResponse, RouteAResponse, SendCodeResponse, SessionCookie, SuccessResponse
from .faults import (
    Body,
    Chunked,
    ConnectionClose,
    ContentType,
    Delay,
    EarlyClose,
    Fault,
    Garbage,
    NoContentLength,
    Redirect,
    Reset,
    Stall,
    Status,
    Truncated,
)
from .gateway import Gateway, OperatingState
from .payloads import payload_bytes
from .scenarios import SCENARIOS, Scenario
from .server import LoggedRequest

__all__ = [
    "SCENARIOS",
    "Body",
    "Chunked",
    "Cloud",
    "ConnectionClose",
    "ContentType",
    "Delay",
    "EarlyClose",
    "Fault",
    "Garbage",
    "Gateway",
    "LoggedRequest",
    "LoginResponse",
    "MfaResponse",
    "NoContentLength",
    "OperatingState",
    "Redirect",
    "Reset",
    "RouteAResponse",
    "Scenario",
    "SendCodeResponse",
    "SessionCookie",
    "Stall",
    "Status",
    "SuccessResponse",
    "Truncated",
    "payload_bytes",
]
