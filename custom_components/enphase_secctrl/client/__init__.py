"""Client of an IQ Gateway and of the Enphase cloud. It doesn't need Home Assistant."""

from .cloud import EnlightenClient
from .exceptions import (
    AccountBlocked,
    CannotConnect,
    CertificateChanged,
    CloudUnavailable,
    InvalidAuth,
    InvalidCode,
    InvalidHost,
    MfaRequired,
    NoSecctrl,
    NotAToken,
    SecctrlError,
    SignInLost,
    TokenExpired,
    TokenIncomplete,
    TooManySessions,
    UnexpectedResponse,
    UnsupportedFirmware,
    WrongGateway,
)
from .gateway import GatewayClient
from .host import gateway_url
from .info import GatewayInfo, parse_info
from .report import Report, parse_report
from .token import AccessToken, parse_pasted_token, parse_token, parse_valid_token
from .values import Source, Term, Value, ValueType, energy, flag, health, number, percent, q5, q8, value_types

__all__ = [
    "AccessToken",
    "AccountBlocked",
    "CannotConnect",
    "CertificateChanged",
    "CloudUnavailable",
    "EnlightenClient",
    "GatewayClient",
    "GatewayInfo",
    "InvalidAuth",
    "InvalidCode",
    "InvalidHost",
    "MfaRequired",
    "NoSecctrl",
    "NotAToken",
    "Report",
    "SecctrlError",
    "SignInLost",
    "Source",
    "Term",
    "TokenExpired",
    "TokenIncomplete",
    "TooManySessions",
    "UnexpectedResponse",
    "UnsupportedFirmware",
    "Value",
    "ValueType",
    "WrongGateway",
    "energy",
    "flag",
    "gateway_url",
    "health",
    "number",
    "parse_info",
    "parse_pasted_token",
    "parse_report",
    "parse_token",
    "parse_valid_token",
    "percent",
    "q5",
    "q8",
    "value_types",
]
