"""The access token of an entry: stored, shared with the Enphase Envoy integration, or renewed in the cloud."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback

from .client import (
    AccessToken,
    AccountBlocked,
    CloudUnavailable,
    EnlightenClient,
    InvalidAuth,
    SecctrlError,
    TokenExpired,
    TooManySessions,
    WrongGateway,
    parse_token,
    parse_valid_token,
)
from .connection import create_cloud_session, detach_at_exit
from .const import CONF_CORE_ENTRY, CORE_PATIENCE, DOMAIN, LOGGER
from .token_history import token_history


class CoreNotReady(SecctrlError):
    """The token is shared with an Enphase Envoy entry that hasn't finished its setup."""

    translation_key = "core_not_ready"


class RenewalPaused(SecctrlError):
    """The gateway rejects the token, and the last renewal is less than an hour ago."""

    translation_key = "renewal_paused"


class TokenRejected(SecctrlError):
    """The gateway rejects a token that hasn't expired, but not for long enough to believe it."""

    translation_key = "token_rejected"


_CORE_IN_SETUP: Final = (ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY)
_LATER: Final = (CloudUnavailable, AccountBlocked, TooManySessions)
"""Errors of a renewal that are temporary."""


class Authentication:
    """The token of one entry. `token` is always the newest one that can be used."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], on_new_token: Callable[[], None]) -> None:
        """Parse the stored or shared token; raises InvalidAuth or CoreNotReady."""
        self._hass = hass
        self._entry = entry
        self._on_new_token = on_new_token
        self._serial = str(entry.unique_id)
        self._history = token_history(hass, entry)
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
    def expires_without_renewal(self) -> datetime | None:
        """When the token expires, if that is soon and nothing renews it: the user should be reminded."""
        if self.is_shared or not self._is_renewal_due:
            return None
        return None if self.is_renewable and not self._history.last_renewal_failed else self.token.expires

    async def replace_token(self, rejected: AccessToken) -> None:
        """Replace a token that the gateway rejected; raises InvalidAuth if only the user can, or SecctrlError."""
        if self.is_shared:
            self._use_token(self._parse_stored_token())
        if self.token.text != rejected.text:
            return  # replaced since the request was sent
        if self.is_shared:
            self._require_core_setup()
        if not self.is_renewable:
            raise InvalidAuth
        if not self._history.allows_renewal:
            raise RenewalPaused if self._history.next_renewal_may_help else InvalidAuth
        try:  # in a task of the entry: it is canceled when the entry is unloaded, and the poll with it
            await self._entry.async_create_background_task(
                self._hass, self._renew(scheduled=False), f"{DOMAIN} renewal"
            )
        except _LATER:
            raise
        except SecctrlError as err:
            raise InvalidAuth from err

    def judge_rejection(self) -> SecctrlError:
        """Return the exception for a rejected token that nothing has replaced: InvalidAuth only if it is final."""
        self._history.record_rejection(self.token)
        if self.token.expires <= datetime.now(UTC) or self._history.is_rejection_final:
            return InvalidAuth()
        return TokenRejected()

    def record_success(self) -> None:
        """Record that the gateway has accepted the token."""
        self._history.rejected_token = ""
        self._history.waiting_since = None

    @callback
    def schedule_renewal(self) -> None:
        """Renew the token in the background if it expires soon."""
        if self.is_renewable and self._is_renewal_due and self._history.allows_renewal:
            self._entry.async_create_background_task(self._hass, self._renew_expiring(), f"{DOMAIN} renewal")

    @callback
    def use_shared_token(self) -> None:
        """Use the newest token of the Enphase Envoy entry, if that is valid.

        Instead of a rejected token, one that seems to have expired is used too: the clock may be wrong.
        """
        parse = parse_token if self._history.rejected_token == self.token.text else parse_valid_token
        try:
            self._use_token(parse(stored_token(self._hass, self._entry), self._serial))
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
        """Raise CoreNotReady while the Enphase Envoy entry may be about to renew a shared token, for up to an hour."""
        core, history = _core_entry(self._hass, self._entry), self._history
        if core and (not self._hass.is_running or core.state in _CORE_IN_SETUP):
            history.waiting_since = monotonic() if history.waiting_since is None else history.waiting_since
            if monotonic() - history.waiting_since < CORE_PATIENCE.total_seconds():
                raise CoreNotReady

    async def _renew_expiring(self) -> None:
        """Renew a token that is still valid; an error doesn't make the poll fail."""
        try:
            await self._renew(scheduled=True)
        except SecctrlError as err:
            LOGGER.debug("The token could not be renewed: %s", err.translation_key)

    async def _renew(self, *, scheduled: bool) -> None:
        """Fetch a new token, and store it in the entry; raises SecctrlError."""
        history = self._history
        history.last_renewal = monotonic()
        try:
            token = await self._fetch_token()
        except SecctrlError as err:
            history.record_failed_renewal(rejected=not isinstance(err, _LATER))
            raise
        history.record_renewal(scheduled=scheduled)
        if self.is_renewable:  # the user may have changed the sign-in in the meantime
            self._hass.config_entries.async_update_entry(self._entry, data={**self._entry.data, CONF_TOKEN: token.text})
        self._use_token(token)

    async def _fetch_token(self) -> AccessToken:
        """Sign in to the cloud and fetch a token; raises SecctrlError."""
        account = self._entry.data
        with detach_at_exit(create_cloud_session(self._hass)) as session:
            cloud = EnlightenClient(session, account[CONF_USERNAME], account[CONF_PASSWORD])
            await cloud.log_in()
            try:
                return await cloud.fetch_token(self._serial)
            except (TokenExpired, WrongGateway) as err:  # a fault of the cloud, or of the clock
                raise CloudUnavailable from err

    def _use_token(self, token: AccessToken) -> None:
        if token.text != self.token.text:
            self.token = token
            self._on_new_token()


def stored_token(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return the text of the entry's token, or of the Enphase Envoy entry's if that is shared; "" if there is none."""
    holder = _core_entry(hass, entry) if CONF_CORE_ENTRY in entry.data else entry
    return str(holder.data.get(CONF_TOKEN, "")) if holder else ""


def _core_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ConfigEntry[Any] | None:
    return hass.config_entries.async_get_entry(entry.data.get(CONF_CORE_ENTRY, ""))
