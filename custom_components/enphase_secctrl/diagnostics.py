"""What a bug report needs, without secrets and identities."""

from collections.abc import Mapping
from datetime import UTC, datetime
import re
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant

from .const import CONF_CERTIFICATE, CONF_SIGN_IN, UPDATE_INTERVAL
from .coordinator import CLAIMS, SecctrlConfigEntry, SecctrlCoordinator
from .fields import FIELDS, IGNORED
from .model import Report

_NAME: Final = r"[A-Za-z0-9_]{1,64}"
_SERIAL: Final = r"[0-9]{6}"
_LONG_NUMBER: Final = 10**9
"""From here on a number may be a serial."""


async def async_get_config_entry_diagnostics(_hass: HomeAssistant, entry: SecctrlConfigEntry) -> dict[str, Any]:
    """Return how the gateway is read, and the last report as it came and as it was understood."""
    found: dict[str, Any] = {
        "state": entry.state.value,
        "reason": entry.error_reason_translation_key,
        "sign_in": entry.data.get(CONF_SIGN_IN),
        "interval": entry.options.get(CONF_SCAN_INTERVAL, UPDATE_INTERVAL),
        "pinned": CONF_CERTIFICATE in entry.options,
    }
    if entry.state is ConfigEntryState.LOADED:
        found |= _of_gateway(entry.runtime_data) | _of_report(entry.runtime_data.data)
    return found


def _of_gateway(coordinator: SecctrlCoordinator) -> dict[str, Any]:
    identity = coordinator.gateway.identity
    token = coordinator.sign_in.token
    return {
        "firmware": identity and identity.firmware,
        "part_number": identity and identity.part_number,
        "token": {"role": token.role, "days_left": (token.expires - datetime.now(UTC)).days},
        "report_age": round(coordinator.outage.age, 1),
        "polls": [*coordinator.polls],
    }


def _of_report(report: Report) -> dict[str, Any]:
    return {
        "storage": report.storage,
        "iq_batteries": report.iq_batteries,
        "ac_batteries": report.ac_batteries,
        "fields": {field.key: _shown(report.value(field)) for field in FIELDS if report.reports(field)},
        "bad_values": list(report.bad(CLAIMS)),
        "unknown_keys": [_shown_path(path, report) for path in report.unknown(CLAIMS.keys() | IGNORED.keys())],
        "report": _shown(report.payload),
    }


def _shown(value: object, *, depth: int = 2) -> object:
    """Return numbers and flags as they are; of anything else its type: it may name someone."""
    if isinstance(value, dict) and depth:
        return {_shown_name(name, value): _shown(inner, depth=depth - 1) for name, inner in value.items()}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < _LONG_NUMBER:
        return value
    return f"<{type(value).__name__}>"


def _shown_path(path: str, report: Report) -> str:
    name, _, inner = path.partition(".")
    children = report.payload.get(name)
    if path in report.payload or not isinstance(children, dict):
        return _shown_name(path, report.payload)
    return f"{name}.{_shown_name(inner, children)}"


def _shown_name(name: str, siblings: Mapping[str, object]) -> str:
    """Return the name if it is one like the gateway's own, else its number: it may be a serial or an address."""
    return name if re.fullmatch(_NAME, name) and not re.search(_SERIAL, name) else f"#{[*siblings].index(name)}"
