"""Repair issues of an entry: created and deleted as conditions change."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .client import CertificateChanged, NoSecctrl, SecctrlError
from .connection import format_fingerprint, pinned_certificate
from .const import DOMAIN, ISSUE_TRACKER

type Placeholders = Mapping[str, str]

TOKEN_EXPIRES: Final = "token_ends"  # noqa: S105 - a translation key
CERTIFICATE_CHANGED: Final = "certificate_changed"
NO_SECCTRL: Final = "no_secctrl"

_SEVERITY: Final = {
    TOKEN_EXPIRES: ir.IssueSeverity.WARNING,
    CERTIFICATE_CHANGED: ir.IssueSeverity.ERROR,
    NO_SECCTRL: ir.IssueSeverity.ERROR,
}
"""By translation key. The ID of an issue is the translation key and the ID of the entry."""


def update_issues(
    hass: HomeAssistant, entry: ConfigEntry, err: SecctrlError | None, token_expires: datetime | None
) -> None:
    """Create or delete issues according to the result of a poll: None (success) or an error.

    `token_expires` is when a token expires that nothing renews. A temporary error says nothing about the
    other issues, so it leaves them as they are.
    """
    reminder = None if token_expires is None else {"date": f"{token_expires:%Y-%m-%d}"}
    required: dict[str, Placeholders | None] = {TOKEN_EXPIRES: reminder}
    match err:
        case None:
            required |= {NO_SECCTRL: None, CERTIFICATE_CHANGED: None}
        case NoSecctrl():
            required[NO_SECCTRL] = {}
        case CertificateChanged():
            required[CERTIFICATE_CHANGED] = certificate_placeholders(entry, err.fingerprint)
    for key, placeholders in required.items():
        if placeholders is None:
            delete_issues(hass, entry, (key,))
        else:
            create_issue(hass, entry, key, placeholders)


def create_issue(hass: HomeAssistant, entry: ConfigEntry, key: str, placeholders: Placeholders) -> None:
    """Create the issue, unless it exists with the same placeholders."""
    translated = {"title": entry.title, **placeholders}
    existing = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry, key))
    if existing and existing.translation_placeholders == translated:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry, key),
        data={"entry_id": entry.entry_id, "kind": key, **placeholders},
        is_fixable=key != NO_SECCTRL,
        learn_more_url=ISSUE_TRACKER if key == NO_SECCTRL else None,
        severity=_SEVERITY[key],
        translation_key=key,
        translation_placeholders=translated,
    )


def certificate_placeholders(entry: ConfigEntry, fingerprint: bytes) -> Placeholders:
    """Return the placeholders of the issue that the certificate is no longer the pinned one."""
    pinned = pinned_certificate(entry.options) or b""
    return {"pinned": format_fingerprint(pinned), "shown": format_fingerprint(fingerprint)}


def delete_issues(hass: HomeAssistant, entry: ConfigEntry, keys: Iterable[str] = tuple(_SEVERITY)) -> None:
    """Delete the issues with these keys: by default, all issues of the entry."""
    for key in keys:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(entry, key))


def _issue_id(entry: ConfigEntry, key: str) -> str:
    return f"{key}_{entry.entry_id}"
