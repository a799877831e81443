"""Diagnostics: what a bug report needs, without secrets and identities."""

from collections.abc import Mapping
from datetime import UTC, datetime
import re
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant

from .availability import valid_interval
from .client import Report
from .const import CONF_CERTIFICATE, CONF_SIGN_IN
from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .fields import FIELDS, KNOWN_OR_IGNORED, KNOWN_PATHS
from .rare_states import rare_reports

_KEY: Final = r"[A-Za-z0-9_]{1,64}"
_SERIAL: Final = r"[0-9]{6}"
_LONG_NUMBER: Final = 10**9
"""From here on a number may be a serial number."""


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SecctrlConfigEntry) -> dict[str, Any]:
    """Return how the gateway is polled, and the last report, both as received and as parsed."""
    diagnostics: dict[str, Any] = {
        "state": entry.state.value,
        "reason": entry.error_reason_translation_key,
        "sign_in": entry.data.get(CONF_SIGN_IN),
        "interval": valid_interval(entry.options.get(CONF_SCAN_INTERVAL)),
        "pinned": CONF_CERTIFICATE in entry.options,
    }
    if entry.state is ConfigEntryState.LOADED:
        diagnostics |= _gateway_diagnostics(entry.runtime_data) | _report_diagnostics(entry.runtime_data.data)
    diagnostics["rare_states"] = {
        name: {"time": rare.time.isoformat(timespec="minutes"), "report": _redact(rare.report.payload)}
        for name, rare in rare_reports(hass, entry).items()
    }
    return diagnostics


def _gateway_diagnostics(coordinator: SecctrlCoordinator) -> dict[str, Any]:
    info = coordinator.gateway.info
    token = coordinator.authentication.token
    return {
        "firmware": info and info.firmware,
        "part_number": info and info.part_number,
        "token": {"role": token.role, "days_left": (token.expires - datetime.now(UTC)).days},
        "report_age": round(coordinator.availability.report_age, 1),
        "polls": [*coordinator.availability.polls],
    }


def _report_diagnostics(report: Report) -> dict[str, Any]:
    return {
        "storage": report.has_storage,
        "iq_batteries": report.has_iq_batteries,
        "ac_batteries": report.has_ac_batteries,
        "fields": {field.key: _redact(report.value(field)) for field in FIELDS if report.contains(field)},
        "bad_values": list(report.invalid_paths(KNOWN_PATHS)),
        "unknown_keys": [_redact_path(path, report) for path in report.unknown_paths(KNOWN_OR_IGNORED)],
        "report": _redact(report.payload),
    }


def _redact(value: object, *, depth: int = 2) -> object:
    """Return numbers and flags as they are, and only the type of anything else: it may identify someone."""
    if isinstance(value, dict) and depth:
        return {_redact_key(name, value): _redact(inner, depth=depth - 1) for name, inner in value.items()}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < _LONG_NUMBER:
        return value
    return f"<{type(value).__name__}>"


def _redact_path(path: str, report: Report) -> str:
    name, _, inner = path.partition(".")
    children = report.payload.get(name)
    if path in report.payload or not isinstance(children, dict):
        return _redact_key(path, report.payload)
    return f"{name}.{_redact_key(inner, children)}"


def _redact_key(name: str, siblings: Mapping[str, object]) -> str:
    """Return the key if it looks like one of the gateway's own, else its position: it may be a serial or an address."""
    return name if re.fullmatch(_KEY, name) and not re.search(_SERIAL, name) else f"#{[*siblings].index(name)}"
