"""Certificate pinning: the one certificate that a gateway may show, as SHA-256."""

from collections.abc import Mapping
from typing import Any

from .const import CONF_CERTIFICATE


def pinned_certificate(options: Mapping[str, Any]) -> bytes | None:
    """Return the SHA-256 of the only certificate to talk to, if one is pinned."""
    pin = options.get(CONF_CERTIFICATE)
    return bytes.fromhex(pin) if pin else None


def as_people_read(fingerprint: str) -> str:
    """Return the hex digits in pairs, as browsers show them."""
    return ":".join(fingerprint[start : start + 2] for start in range(0, len(fingerprint), 2)).upper()
