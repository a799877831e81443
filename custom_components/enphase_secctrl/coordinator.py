"""Polls one gateway, and does what follows from its responses and errors."""

from collections.abc import Callable
from time import monotonic
from typing import override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import issues
from .authentication import Authentication
from .availability import Availability
from .client import (
    CannotConnect,
    CertificateChanged,
    GatewayClient,
    GatewayInfo,
    InvalidAuth,
    NoSecctrl,
    Report,
    SecctrlError,
)
from .connection import create_gateway_session, pinned_certificate
from .const import CORE_DOMAIN, DEFAULT_UPDATE_INTERVAL, DOMAIN, LOGGER
from .fields import KNOWN_PATHS

type SecctrlConfigEntry = ConfigEntry[SecctrlCoordinator]


class SecctrlCoordinator(DataUpdateCoordinator[Report]):
    """Polls one gateway; its data is the last report."""

    config_entry: SecctrlConfigEntry

    authentication: Authentication

    def __init__(self, hass: HomeAssistant, entry: SecctrlConfigEntry) -> None:
        """Create the client from the entry; raises SecctrlError."""
        super().__init__(hass, LOGGER, config_entry=entry, name="IQ Gateway", always_update=False)
        self.availability = Availability(entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_UPDATE_INTERVAL))
        self.update_interval = self.availability.interval
        self.serial = str(entry.unique_id)
        self.gateway = GatewayClient(
            create_gateway_session(hass, auto_cleanup=True),
            entry.data[CONF_HOST],
            serial=self.serial,
            certificate=pinned_certificate(entry.options),
        )
        self.report_listeners: list[Callable[[], None]] = []
        """Called before the entities; listeners of Home Assistant would keep polling when no entity is enabled."""

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
            self._handle_error(err, monotonic() - start)
            raise _to_home_assistant(err, self.availability) from err
        self._handle_report(report, monotonic() - start)
        return report

    async def _read_report(self) -> Report:
        """Read the report, and once more with a new token if the current one is rejected; raises SecctrlError."""
        token = self.authentication.token
        self.gateway.token = token.text
        try:
            return await self.gateway.read_report()
        except InvalidAuth:
            await self.authentication.replace_token(token)
            self.gateway.token = self.authentication.token.text
            return await self.gateway.read_report()

    def _handle_report(self, report: Report, seconds: float) -> None:
        """Do what follows from a successful poll: usually nothing."""
        self.availability.record_success(seconds, len(report.body))
        self.update_interval = self.availability.interval
        if report is not self.data:
            self._log_invalid_values(report)
        self._register_device()
        self.authentication.schedule_renewal()
        self._update_issues(None)
        self._end_reauth()

    def _handle_error(self, err: SecctrlError, seconds: float) -> None:
        """Do what follows from a failed poll."""
        was_available = self.availability.is_available
        self.availability.record_failure(seconds, err.translation_key, rejected=isinstance(err, InvalidAuth))
        self.update_interval = self.availability.interval
        self._update_issues(err)
        if was_available and not self.availability.is_available:
            self.async_update_listeners()

    def _update_issues(self, err: SecctrlError | None) -> None:
        """Create and delete the issues that a successful poll or an error gives a reason for.

        An error that passes by itself says nothing about the reasons of the others, so it leaves them as they are.
        """
        entry, token = self.config_entry, self.authentication.token
        expires = {"date": f"{token.expires:%Y-%m-%d}"} if self.authentication.needs_reminder else None
        required: dict[str, issues.Placeholders | None] = {issues.TOKEN_EXPIRES: expires}
        match err:
            case None:
                required |= {issues.NO_SECCTRL: None, issues.CERTIFICATE_CHANGED: None}
            case NoSecctrl():
                required[issues.NO_SECCTRL] = {}
            case CertificateChanged():
                required[issues.CERTIFICATE_CHANGED] = issues.certificate_placeholders(entry, err.fingerprint)
        issues.update_issues(self.hass, entry, required)

    def _end_reauth(self) -> None:
        """End the reauth flow of an entry that works, unless the user has a reason to sign in nevertheless."""
        if self.authentication.has_lost_core_entry or self.authentication.needs_reminder:
            return
        for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _log_invalid_values(self, report: Report) -> None:
        """Log each invalid value once, by its path; the value itself may contain anything."""
        for path in report.invalid_paths(KNOWN_PATHS):
            if path not in self._logged_paths:
                self._logged_paths.add(path)
                LOGGER.warning("The gateway returned an invalid value for %s; it is unknown", path)

    def _register_device(self) -> None:
        """Register the gateway, or update it after `/info` was read again."""
        info = self.gateway.info
        if info is None or info is self._registered_info:
            return
        self._registered_info = info
        devices = dr.async_get(self.hass)
        identifier = (CORE_DOMAIN, info.serial)
        core = self.hass.config_entries.async_entry_for_domain_unique_id(*identifier)
        core_device = devices.async_get_device_by_identifier(identifier, core.entry_id) if core else None
        devices.async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            configuration_url=str(self.gateway.url),
            identifiers={(DOMAIN, info.serial)},
            manufacturer="Enphase",
            model=info.model,
            model_id=info.part_number or None,
            name=f"IQ Gateway {info.serial}",
            serial_number=info.serial,
            sw_version=info.firmware,
            via_device_id=core_device.id if core_device else None,
        )

    @callback
    def core_entry_changed(self) -> None:
        """Use a new token of the Enphase Envoy entry, or ask the user if that entry was removed."""
        if self.authentication.has_lost_core_entry:
            self.config_entry.async_start_reauth(self.hass)
        else:
            self.authentication.use_shared_token()

    @callback
    def _token_changed(self) -> None:
        """Show when the new token expires, and poll with it if the previous one was rejected."""
        self.async_update_listeners()
        if isinstance(self.last_exception, ConfigEntryAuthFailed) and not self.last_update_success:
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
