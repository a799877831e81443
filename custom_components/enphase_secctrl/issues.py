"""Repair issues of an entry: raised where the reason is seen, and gone when it is."""

from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_CERTIFICATE, DOMAIN, ISSUE_TRACKER
from .pin import as_people_read

TOKEN_ENDS: Final = "token_ends"  # noqa: S105 - a name
CERTIFICATE_CHANGED: Final = "certificate_changed"
NO_SECCTRL: Final = "no_secctrl"

_SEVERITY: Final = {
    TOKEN_ENDS: ir.IssueSeverity.WARNING,
    CERTIFICATE_CHANGED: ir.IssueSeverity.ERROR,
    NO_SECCTRL: ir.IssueSeverity.ERROR,
}
"""The kinds of issue; each id is the kind and the id of the entry."""


def announce(hass: HomeAssistant, entry: ConfigEntry, kind: str, **placeholders: str) -> None:
    """Raise the issue, unless it stands as it is."""
    shown = {"title": entry.title, **placeholders}
    standing = ir.async_get(hass).async_get_issue(DOMAIN, _id(entry, kind))
    if standing and standing.translation_placeholders == shown:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _id(entry, kind),
        data={"entry_id": entry.entry_id, "kind": kind, **placeholders},
        is_fixable=kind != NO_SECCTRL,
        learn_more_url=ISSUE_TRACKER if kind == NO_SECCTRL else None,
        severity=_SEVERITY[kind],
        translation_key=kind,
        translation_placeholders=shown,
    )


def announce_certificate(hass: HomeAssistant, entry: ConfigEntry, shown: bytes) -> None:
    """Raise the issue of a certificate that is not the pinned one; both are SHA-256."""
    pinned = as_people_read(entry.options.get(CONF_CERTIFICATE, ""))
    announce(hass, entry, CERTIFICATE_CHANGED, pinned=pinned, shown=as_people_read(shown.hex()))


def stands(hass: HomeAssistant, entry: ConfigEntry, kind: str) -> bool:
    """Return whether the issue is raised."""
    return ir.async_get(hass).async_get_issue(DOMAIN, _id(entry, kind)) is not None


def settle(hass: HomeAssistant, entry: ConfigEntry, *kinds: str) -> None:
    """Take the issues away, all of them unless some are named."""
    for kind in kinds or _SEVERITY:
        ir.async_delete_issue(hass, DOMAIN, _id(entry, kind))


@callback
def settle_disabled(hass: HomeAssistant, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
    """Take the issues of an entry of ours away when it is disabled."""
    if entry.domain == DOMAIN and entry.disabled_by:
        settle(hass, entry)


def _id(entry: ConfigEntry, kind: str) -> str:
    return f"{kind}_{entry.entry_id}"
