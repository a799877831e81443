"""The access token of an entry: stored, shared with the Enphase Envoy integration, or renewed in the cloud."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .client import (
    AccessToken,
    CloudUnavailable,
    EnlightenClient,
    InvalidAuth,
    SecctrlError,
    parse_token,
    parse_valid_token,
)
from .connection import create_cloud_session, detach_at_exit
from .const import CONF_CORE_ENTRY, DOMAIN, LOGGER, MAX_REJECTED_RENEWALS, RENEWAL_PAUSE


class CoreNotReady(SecctrlError):
    """The token is shared with an Enphase Envoy entry that hasn't finished its setup."""

    translation_key = "core_not_ready"


class RenewalPaused(SecctrlError):
    """The gateway rejects the token, and the last attempt to renew it is less than an hour ago."""

    translation_key = "renewal_paused"


@dataclass
class RenewalHistory:
    """How the renewals of an entry went. It outlives reloads, so that they don't cause more sign-ins.

    `last_attempt` is in seconds on the monotonic clock, `rejections` counts renewals in a row that the cloud rejected,
    and `replaced_rejected_token` means that the last renewal replaced a token that the gateway had rejected.
    """

    last_attempt: float | None = None
    last_failed: bool = False
    rejections: int = 0
    replaced_rejected_token: bool = False

    @property
    def allows_renewal(self) -> bool:
        """Whether another sign-in is allowed: the cloud blocks accounts that sign in too often."""
        is_paused = self.last_attempt is not None and monotonic() - self.last_attempt < RENEWAL_PAUSE.total_seconds()
        return self.rejections < MAX_REJECTED_RENEWALS and not is_paused

    @property
    def needs_user(self) -> bool:
        """Whether a token that is rejected during the pause means that only the user can help."""
        return self.rejections > 0 or self.replaced_rejected_token


_CORE_IN_SETUP: Final = (ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY)
_HISTORIES: Final[HassKey[dict[str, RenewalHistory]]] = HassKey(f"{DOMAIN}.renewals")


class Authentication:
    """The token of one entry. `token` is always the newest one that can be used."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], on_new_token: Callable[[], None]) -> None:
        """Parse the stored or shared token; raises InvalidAuth or CoreNotReady."""
        self._hass = hass
        self._entry = entry
        self._on_new_token = on_new_token
        self._serial = str(entry.unique_id)
        self._history = hass.data.setdefault(_HISTORIES, {}).setdefault(entry.entry_id, RenewalHistory())
        self.token = self._parse_stored_token()

    @property
    def is_shared(self) -> bool:
        """Whether the token belongs to an Enphase Envoy entry."""
        return CONF_CORE_ENTRY in self._entry.data

    @property
    def is_renewable(self) -> bool:
        """Whether the entry holds what a renewal needs."""
        return CONF_PASSWORD in self._entry.data

    @property
    def has_lost_core_entry(self) -> bool:
        """Whether the token is shared with an entry that was removed."""
        return self.is_shared and _core_entry(self._hass, self._entry) is None

    @property
    def needs_reminder(self) -> bool:
        """Whether the user should be reminded that the token expires: nothing renews it."""
        if self.is_shared or not self._is_renewal_due:
            return False
        return not self.is_renewable or self._history.last_failed

    async def replace_token(self, rejected: AccessToken) -> None:
        """Replace a token that the gateway rejected, once; raises InvalidAuth if only the user can, or SecctrlError."""
        if self.is_shared:
            self._use_token(self._parse_stored_token())
        if self.token.text != rejected.text:
            return
        if not self.is_renewable:
            self._require_core_setup()
            raise InvalidAuth
        if not self._history.allows_renewal:
            raise InvalidAuth if self._history.needs_user else RenewalPaused
        try:
            await self._renew()
        except CloudUnavailable:
            raise
        except SecctrlError as err:
            raise InvalidAuth from err
        self._history.replaced_rejected_token = True

    @callback
    def schedule_renewal(self) -> None:
        """Renew the token in the background if it expires soon."""
        if self.is_renewable and self._is_renewal_due and self._history.allows_renewal:
            self._entry.async_create_background_task(self._hass, self._renew_expiring(), f"{DOMAIN} renewal")

    @callback
    def use_shared_token(self) -> None:
        """Use the newest token of the Enphase Envoy entry, if that is valid."""
        try:
            self._use_token(parse_valid_token(stored_token(self._hass, self._entry), self._serial))
        except SecctrlError as err:
            LOGGER.debug("The shared token can't be used: %s", err.translation_key)

    @property
    def _is_renewal_due(self) -> bool:
        return datetime.now(UTC) > self.token.renewal_due

    def _parse_stored_token(self) -> AccessToken:
        """Parse the token that is stored in the entry, or in the one that it is shared with; raises SecctrlError."""
        try:
            return parse_token(stored_token(self._hass, self._entry), self._serial)
        except SecctrlError as err:
            self._require_core_setup()
            raise InvalidAuth from err

    def _require_core_setup(self) -> None:
        """Raise CoreNotReady while the Enphase Envoy entry may be about to renew a shared token."""
        core = _core_entry(self._hass, self._entry)
        if core and (not self._hass.is_running or core.state in _CORE_IN_SETUP):
            raise CoreNotReady

    async def _renew_expiring(self) -> None:
        """Renew a token that is still valid; an error isn't one of the poll."""
        try:
            await self._renew()
        except SecctrlError as err:
            LOGGER.debug("The token could not be renewed: %s", err.translation_key)

    async def _renew(self) -> None:
        """Sign in to the cloud, fetch a new token, and store it in the entry; raises SecctrlError."""
        history = self._history
        history.last_attempt = monotonic()
        history.replaced_rejected_token = False
        try:
            with detach_at_exit(create_cloud_session(self._hass)) as session:
                account = self._entry.data
                cloud = EnlightenClient(session, account[CONF_USERNAME], account[CONF_PASSWORD])
                await cloud.log_in()
                token = await cloud.fetch_token(self._serial)
        except SecctrlError as err:
            history.last_failed = True
            if not isinstance(err, CloudUnavailable):
                history.rejections += 1
            raise
        history.last_failed = False
        history.rejections = 0
        if self.is_renewable:  # the user may have changed the sign-in in the meantime
            self._hass.config_entries.async_update_entry(self._entry, data={**self._entry.data, CONF_TOKEN: token.text})
        self._use_token(token)

    def _use_token(self, token: AccessToken) -> None:
        if token.text != self.token.text:
            self.token = token
            self._on_new_token()


def stored_token(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return the text of the entry's token, or of the Enphase Envoy entry's if that is shared; "" if there is none."""
    holder = _core_entry(hass, entry) if CONF_CORE_ENTRY in entry.data else entry
    return str(holder.data.get(CONF_TOKEN, "")) if holder else ""


def clear_renewal_history(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Forget earlier renewals: the user has signed in again, or removed the entry."""
    hass.data.get(_HISTORIES, {}).pop(entry.entry_id, None)


def _core_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ConfigEntry[Any] | None:
    return hass.config_entries.async_get_entry(entry.data.get(CONF_CORE_ENTRY, ""))
