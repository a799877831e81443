"""An IQ Gateway and Enphase's cloud, emulated: an independent witness for the tests."""

from .cloud import Cloud, Login, RouteA
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
from .gateway import Gateway, State
from .payloads import payload_bytes
from .scenarios import SCENARIOS, Scenario
from .server import Request

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
    "Login",
    "NoContentLength",
    "Redirect",
    "Request",
    "Reset",
    "RouteA",
    "Scenario",
    "Stall",
    "State",
    "Status",
    "Truncated",
    "payload_bytes",
]
