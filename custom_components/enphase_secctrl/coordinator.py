"""Polls one gateway, and does what follows from its responses and errors."""

from asyncio import CancelledError
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .authentication import Authentication
from .availability import Availability, valid_interval
from .client import (
    CannotConnect,
    GatewayClient,
    GatewayInfo,
    InvalidAuth,
    Report,
    SecctrlError,
)
from .connection import create_gateway_session, pinned_certificate
from .const import DOMAIN, LOGGER
from .device import register_device
from .fields import KNOWN_PATHS
from .issues import update_issues
from .levels import BatteryLevels
from .rare_states import record_rare_states

_RUNNING: Final = (ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.LOADED)

type SecctrlConfigEntry = ConfigEntry[SecctrlCoordinator]


class SecctrlCoordinator(DataUpdateCoordinator[Report]):
    """Polls one gateway; its data is the last report."""

    config_entry: SecctrlConfigEntry

    authentication: Authentication

    def __init__(self, hass: HomeAssistant, entry: SecctrlConfigEntry) -> None:
        """Create the client from the entry; raises SecctrlError."""
        super().__init__(hass, LOGGER, config_entry=entry, name="IQ Gateway", always_update=False)
        self.availability = Availability(valid_interval(entry.options.get(CONF_SCAN_INTERVAL)))
        self.update_interval = self.availability.interval
        self.serial = str(entry.unique_id)
        self.gateway = GatewayClient(
            create_gateway_session(hass, auto_cleanup=True),
            entry.data[CONF_HOST],
            serial=self.serial,
            certificate=pinned_certificate(entry.options),
        )
        self.levels = BatteryLevels()
        self.report_listeners: list[Callable[[], None]] = []
        """Called before the entities; Home Assistant's own listeners would keep polling while no entity is enabled."""

        self._poll_listeners: list[Callable[[Report], None]] = []
        self._logged_paths: set[str] = set()
        self._registered_info: GatewayInfo | None = None

    @override
    async def _async_setup(self) -> None:
        """Find the token."""
        try:
            self.authentication = Authentication(self.hass, self.config_entry, self._token_changed)
        except SecctrlError as err:
            raise _to_home_assistant(err, self.availability) from err

    @override
    async def _async_update_data(self) -> Report:
        """Read the gateway once."""
        start = monotonic()
        try:
            report = await self._read_report()
        except SecctrlError as err:
            self._require_running()
            self._handle_error(err, monotonic() - start)
            raise _to_home_assistant(err, self.availability) from err
        self._require_running()
        self._handle_report(report, monotonic() - start)
        return report

    def _require_running(self) -> None:
        """End the poll of an entry that was closed in the meantime; Home Assistant ignores this exception."""
        entry = self.config_entry
        if self._shutdown_requested or entry.disabled_by or entry.state not in _RUNNING:
            raise CancelledError

    async def _read_report(self) -> Report:
        """Read the report, and once more with a new token if the current one is rejected; raises SecctrlError."""
        token = self.authentication.token
        self.gateway.token = token.text
        try:
            return await self.gateway.read_report()
        except InvalidAuth:
            self._require_running()
        try:
            await self.authentication.replace_token(token)
            self.gateway.token = self.authentication.token.text
            return await self.gateway.read_report()
        except InvalidAuth:
            error = self.authentication.judge_rejection()
        raise error

    def _handle_report(self, report: Report, seconds: float) -> None:
        """Do what follows from a successful poll: usually nothing."""
        was_available, was_unstable = self.availability.is_available, self.availability.is_unstable
        self.availability.record_success(seconds, len(report.body))
        self._limit_log(was_unstable=was_unstable, success=was_available)
        self.authentication.record_success()
        self.update_interval = self.availability.interval
        if report is not self.data:
            self._log_invalid_values(report)
            record_rare_states(self.hass, self.config_entry, report)
            self.levels.update(report)
        if (info := self.gateway.info) and info is not self._registered_info:
            register_device(self.hass, self.config_entry, self.gateway.url, info)
            self._registered_info = info
        self.authentication.schedule_renewal()
        update_issues(self.hass, self.config_entry, None, self.authentication.expires_without_renewal)
        self._end_reauth()
        for listener in [*self._poll_listeners]:
            listener(report)

    @callback
    def async_add_poll_listener(self, listener: Callable[[Report], None]) -> CALLBACK_TYPE:
        """Call the listener after every successful poll, even if the report stays the same."""
        self._poll_listeners.append(listener)
        return partial(self._poll_listeners.remove, listener)

    def _handle_error(self, err: SecctrlError, seconds: float) -> None:
        """Do what follows from a failed poll."""
        self.name = self._log_name()
        was_available, was_unstable = self.availability.is_available, self.availability.is_unstable
        self.availability.record_failure(seconds, err.translation_key, rejected=isinstance(err, InvalidAuth))
        self._limit_log(was_unstable=was_unstable, success=was_available and not self.availability.is_available)
        self.update_interval = self.availability.interval
        update_issues(self.hass, self.config_entry, err, self.authentication.expires_without_renewal)
        if was_available and not self.availability.is_available:
            self.async_update_listeners()

    def _end_reauth(self) -> None:
        """End the reauth flow of an entry that works, unless the user has a reason to sign in nevertheless."""
        if self.authentication.has_lost_core_entry or self.authentication.expires_without_renewal:
            return
        for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _limit_log(self, *, was_unstable: bool, success: bool) -> None:
        """While the gateway keeps failing, log only when that begins and when it ends.

        Home Assistant logs an error after a success, and a success after an error. While the gateway is unstable,
        `success` is what it should take for the result of the last poll.
        """
        is_unstable = self.availability.is_unstable
        if is_unstable and not was_unstable:
            LOGGER.warning("%s keeps failing; individual errors are no longer logged", self.name)
        elif was_unstable and not is_unstable:
            LOGGER.info("%s is stable again", self._log_name())
        if is_unstable:
            self.last_update_success = success

    def _log_name(self) -> str:
        """Return the name of the gateway in the log: with several gateways the title, but never the serial number."""
        entries = self.hass.config_entries.async_entries(DOMAIN, include_disabled=False, include_ignore=False)
        if entries == [self.config_entry]:
            return "IQ Gateway"
        title = self.config_entry.title.replace(self.serial, "").strip() or "IQ Gateway"
        return f"{title} ({entries.index(self.config_entry) + 1} of {len(entries)})"

    def _log_invalid_values(self, report: Report) -> None:
        """Log each invalid value once, by its path; the value itself may contain anything."""
        for path in report.invalid_paths(KNOWN_PATHS):
            if path not in self._logged_paths:
                self._logged_paths.add(path)
                LOGGER.warning("%s reported an invalid value for %s; it is shown as unknown", self._log_name(), path)

    @callback
    def core_entry_changed(self) -> None:
        """Use a new token of the Enphase Envoy entry, or ask the user if that entry was removed."""
        if self.authentication.has_lost_core_entry:
            self.config_entry.async_start_reauth(self.hass)
        else:
            self.authentication.use_shared_token()

    @property
    def needs_sign_in(self) -> bool:
        """Whether polling has ended because only the user can help."""
        return isinstance(self.last_exception, ConfigEntryAuthFailed) and not self.last_update_success

    @callback
    def _token_changed(self) -> None:
        """Show when the new token expires, and poll with it if the previous one was rejected."""
        self.async_update_listeners()
        if self.needs_sign_in:
            self.config_entry.async_create_task(self.hass, self.async_request_refresh())

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Let the platforms add entities for new fields before the entities are updated."""
        for listener in self.report_listeners:
            listener()
        super().async_update_listeners()


def _to_home_assistant(err: SecctrlError, availability: Availability) -> HomeAssistantError:
    """Return Home Assistant's exception with the same translation key."""
    if isinstance(err, InvalidAuth):
        return ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=err.translation_key)
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=err.translation_key,
        translation_placeholders=err.placeholders,
        retry_after=availability.retry_delay(err.retry_after) if isinstance(err, CannotConnect) else None,
    )
