"""What happened to the token of an entry: renewals, and rejections by the gateway.

It is kept in memory and outlives reloads and setup retries, so that these don't cause more sign-ins.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .client import AccessToken
from .const import DOMAIN, FINAL_REJECTION, FINAL_REJECTION_POLLS, MAX_REJECTED_RENEWALS, RENEWAL_PAUSE


@dataclass
class TokenHistory:
    """What happened to the token of an entry. All times are in seconds on the monotonic clock."""

    last_renewal: float | None = None
    last_renewal_failed: bool = False
    next_renewal_may_help: bool = False
    """Whether another renewal after the pause may replace a rejected token.

    It won't if the last one failed because of a problem that only the user can fix, or if it replaced a rejected token.
    """

    rejected_renewals: int = 0
    """How many renewals failed because of a problem that only the user can fix, since the last successful one."""

    rejected_token: str = ""
    rejected_since: float = 0
    rejected_polls: int = 0
    """How often in a row the gateway has rejected the token, and since when."""

    waiting_since: float | None = None
    """When the wait for a shared token began."""

    @property
    def allows_renewal(self) -> bool:
        """Whether another sign-in is allowed: the cloud blocks accounts that sign in too often."""
        is_paused = self.last_renewal is not None and monotonic() - self.last_renewal < RENEWAL_PAUSE.total_seconds()
        return self.rejected_renewals < MAX_REJECTED_RENEWALS and not is_paused

    def record_renewal(self, *, scheduled: bool) -> None:
        """Record a successful renewal: scheduled because the token expired soon, or of a rejected token."""
        self.last_renewal_failed = False
        self.next_renewal_may_help = scheduled
        self.rejected_renewals = 0

    def record_failed_renewal(self, *, rejected: bool) -> None:
        """Record a renewal that failed, perhaps because of a problem that only the user can fix."""
        self.last_renewal_failed = True
        self.next_renewal_may_help = not rejected
        self.rejected_renewals += rejected

    def record_rejection(self, token: AccessToken) -> None:
        """Record a poll in which the gateway rejected the token."""
        if self.rejected_token != token.text:
            self.rejected_token, self.rejected_since, self.rejected_polls = token.text, monotonic(), 0
        self.rejected_polls += 1

    @property
    def is_rejection_final(self) -> bool:
        """Whether the rejection can be believed: gateways that restart reject valid tokens for a while."""
        duration = monotonic() - self.rejected_since
        return self.rejected_polls >= FINAL_REJECTION_POLLS and duration >= FINAL_REJECTION.total_seconds()


_HISTORIES: Final[HassKey[dict[str, TokenHistory]]] = HassKey(f"{DOMAIN}.token_histories")


def token_history(hass: HomeAssistant, entry: ConfigEntry[Any]) -> TokenHistory:
    """Return the history of the entry's token."""
    return hass.data.setdefault(_HISTORIES, {}).setdefault(entry.entry_id, TokenHistory())


def clear_token_history(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Forget what happened to earlier tokens: the user has signed in again, or removed the entry."""
    hass.data.get(_HISTORIES, {}).pop(entry.entry_id, None)
