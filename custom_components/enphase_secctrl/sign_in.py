"""The entry's token: where it comes from, how it is kept good, and who is told before it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from time import time
from typing import Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util.hass_dict import HassKey

from . import issues
from .const import (
    CONF_CORE_ENTRY,
    DOMAIN,
    LOGGER,
    MOST_REFUSALS,
    RENEWAL_PAUSE,
)
from .enlighten import Enlighten
from .failures import CloudUnavailable, CoreNotReady, Failure, InvalidAuth, RenewalPaused
from .sessions import cloud_session, detached
from .token import Token, read_token, usable_token


@dataclass
class _Renewals:
    """What the cloud said to an entry's renewals; it outlives reloads, so that they do not hammer the cloud."""

    tried: datetime | None = None
    failing: bool = False
    refusals: int = 0
    answered_refusal: bool = False
    """Whether the last renewal was for a token that the gateway refused."""

    def is_allowed(self, now: datetime) -> bool:
        """Whether the cloud may be asked: it locks accounts that ask too often."""
        return self.refusals < MOST_REFUSALS and (self.tried is None or now - self.tried >= RENEWAL_PAUSE)


_CORE_STARTS: Final = (ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY)
_RENEWALS: Final[HassKey[dict[str, _Renewals]]] = HassKey(f"{DOMAIN}.renewals")


class SignIn:
    """One entry's way to a token."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], changed: Callable[[], None]) -> None:
        """Read the token; `changed` is called for each later one. Raises Failure."""
        self._hass = hass
        self._entry = entry
        self._changed = changed
        self._serial = str(entry.unique_id)
        self._renewals = hass.data.setdefault(_RENEWALS, {}).setdefault(entry.entry_id, _Renewals())
        self.token = self._stored_token()
        self._next_look = -inf
        if self._is_shared:
            entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._follow_core))

    async def another_token(self) -> None:
        """Get a token other than the refused one; raises InvalidAuth if only the user can, or another Failure."""
        if self._is_shared:
            shared = self._stored_token()
            if shared.text == self.token.text:
                self._require_settled_core()
                raise InvalidAuth
            self._adopt(shared)
        elif self._is_renewable:
            await self._renew_refused()
        else:
            raise InvalidAuth

    def look_ahead(self) -> None:
        """After a good poll: renew in the background what ends soon, and tell the user of what cannot be renewed."""
        if time() < self._next_look:
            return
        now = datetime.now(UTC)
        renewal = self.token.expires - self.token.margin
        if self._is_shared or now <= renewal:
            issues.settle(self._hass, self._entry, issues.TOKEN_ENDS)
            self._next_look = inf if self._is_shared else renewal.timestamp()
            return
        if self._is_renewable and self._renewals.is_allowed(now):
            self._entry.async_create_background_task(self._hass, self._renew_quietly(), f"{DOMAIN} renewal")
        if not self._is_renewable or self._renewals.failing:
            issues.announce(self._hass, self._entry, issues.TOKEN_ENDS, date=f"{self.token.expires:%Y-%m-%d}")

    @property
    def _is_shared(self) -> bool:
        return CONF_CORE_ENTRY in self._entry.data

    @property
    def _is_renewable(self) -> bool:
        return CONF_PASSWORD in self._entry.data

    def _stored_token(self) -> Token:
        """Return the token of the entry that holds it; raises InvalidAuth, or CoreNotReady."""
        try:
            return read_token(held_token(self._hass, self._entry), self._serial)
        except Failure as err:
            self._require_settled_core()
            raise InvalidAuth from err

    def _require_settled_core(self) -> None:
        """Raise CoreNotReady while core may just be about to renew the token."""
        core = _core_entry(self._hass, self._entry)
        if core and (not self._hass.is_running or core.state in _CORE_STARTS):
            raise CoreNotReady

    @callback
    def _follow_core(self, change: ConfigEntryChange, core: ConfigEntry[Any]) -> None:
        """Take core's new token as soon as it has one, and ask the user when its entry is removed."""
        if core.entry_id != self._entry.data.get(CONF_CORE_ENTRY):
            return
        if change is ConfigEntryChange.REMOVED:
            self._entry.async_start_reauth(self._hass)
        elif (text := core.data.get(CONF_TOKEN)) != self.token.text:
            try:
                self._adopt(usable_token(str(text), self._serial))
            except Failure:
                LOGGER.debug("The token of %s is of no use", core.domain)

    async def _renew_refused(self) -> None:
        """Renew a token that the gateway refuses: once, then it is the user's turn."""
        renewals = self._renewals
        if not renewals.is_allowed(datetime.now(UTC)):
            raise InvalidAuth if renewals.refusals or renewals.answered_refusal else RenewalPaused
        try:
            await self._renew()
        except CloudUnavailable:
            raise
        except Failure as err:
            raise InvalidAuth from err
        renewals.answered_refusal = True

    async def _renew_quietly(self) -> None:
        """Renew while the token is good: a failure only brings the end nearer."""
        try:
            await self._renew()
        except Failure as err:
            LOGGER.debug("The token could not be renewed: %s", err.key)

    async def _renew(self) -> None:
        """Sign in to the cloud for a new token and keep it in the entry; raises Failure."""
        self._renewals.tried = datetime.now(UTC)
        self._renewals.answered_refusal = False
        try:
            with detached(cloud_session(self._hass)) as session:
                enlighten = Enlighten(session, self._entry.data[CONF_USERNAME])
                await enlighten.log_in(self._entry.data[CONF_PASSWORD])
                token = await enlighten.fetch_token(self._serial)
        except Failure as err:
            self._renewals.failing = True
            if not isinstance(err, CloudUnavailable):
                self._renewals.refusals += 1
            raise
        self._renewals.failing = False
        self._renewals.refusals = 0
        if self._is_renewable:  # the user may have changed the way to sign in meanwhile
            self._hass.config_entries.async_update_entry(self._entry, data={**self._entry.data, CONF_TOKEN: token.text})
        self._adopt(token)

    def _adopt(self, token: Token) -> None:
        self.token = token
        self._next_look = -inf
        self._changed()


@callback
def retry_shared(hass: HomeAssistant, change: ConfigEntryChange, core: ConfigEntry[Any]) -> None:
    """Set up again what has failed with core's token, when core may have a better one."""
    if change is ConfigEntryChange.UPDATED:
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.data.get(CONF_CORE_ENTRY) == core.entry_id and entry.state is ConfigEntryState.SETUP_ERROR:
                hass.config_entries.async_schedule_reload(entry.entry_id)


def held_token(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return the text that the entry, or core's entry it leans on, holds as token; "" if there is none."""
    holder = _core_entry(hass, entry) if CONF_CORE_ENTRY in entry.data else entry
    return str(holder.data.get(CONF_TOKEN, "")) if holder else ""


def _core_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ConfigEntry[Any] | None:
    return hass.config_entries.async_get_entry(entry.data.get(CONF_CORE_ENTRY, ""))


def forget_renewals(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Begin anew: the user has signed in again, or removed the entry."""
    hass.data.get(_RENEWALS, {}).pop(entry.entry_id, None)
