"""Polls one gateway and turns what goes wrong into Home Assistant's exceptions."""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import issues
from .const import CONF_CORE_ENTRY, DOMAIN, LOGGER, UPDATE_INTERVAL
from .failures import CannotConnect, CertificateChanged, Failure, InvalidAuth, NoSecctrl
from .fields import FIELDS
from .gateway import Gateway
from .model import Report
from .outage import Outage
from .pin import pinned_certificate
from .sessions import gateway_session
from .sign_in import SignIn
from .source import claims

type SecctrlConfigEntry = ConfigEntry[SecctrlCoordinator]

CLAIMS: Final = claims(FIELDS)


@dataclass(frozen=True, kw_only=True)
class Poll:
    """How one poll went: "ok" or the key of its failure, its duration, and the bytes of the body."""

    outcome: str
    seconds: float
    size: int | None = None


class SecctrlCoordinator(DataUpdateCoordinator[Report]):
    """Polls one gateway; its data is the last report."""

    config_entry: SecctrlConfigEntry

    sign_in: SignIn

    def __init__(self, hass: HomeAssistant, entry: SecctrlConfigEntry) -> None:
        """Prepare the client from what the entry holds."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name="IQ Gateway",
            always_update=False,
        )
        self.outage = Outage(entry.options.get(CONF_SCAN_INTERVAL, UPDATE_INTERVAL))
        self.update_interval = self.outage.interval
        self.serial = str(entry.unique_id)
        self.gateway = Gateway(
            gateway_session(hass, auto_cleanup=True),
            entry.data[CONF_HOST],
            serial=self.serial,
            certificate=pinned_certificate(entry.options),
        )
        self.watchers: list[Callable[[], None]] = []
        self.polls: deque[Poll] = deque(maxlen=10)
        self._named: set[str] = set()
        self._firmware = ""

    @override
    async def _async_setup(self) -> None:
        """Find the token."""
        with self._failures():
            self.sign_in = SignIn(self.hass, self.config_entry, self._token_changed)

    @override
    async def _async_update_data(self) -> Report:
        """Ask the gateway, and look after what follows from its answer."""
        with self._failures():
            report = await self._poll()
        self.outage.end()
        self.update_interval = self.outage.interval
        issues.settle(self.hass, self.config_entry, issues.NO_SECCTRL, issues.CERTIFICATE_CHANGED)
        self.sign_in.look_ahead()
        self._end_reauth()
        if report is not self.data:
            self._name_bad_values(report)
        self._follow_firmware()
        return report

    async def _poll(self) -> Report:
        """Ask the gateway and keep how it went for the diagnostics; raises Failure."""
        began = monotonic()
        try:
            report = await self._read()
        except Failure as err:
            self.polls.append(Poll(outcome=err.key, seconds=monotonic() - began))
            raise
        self.polls.append(Poll(outcome="ok", seconds=monotonic() - began, size=len(report.body)))
        return report

    @callback
    def _token_changed(self) -> None:
        """Show when the new token ends, and use it at once if the old one was refused."""
        self.async_update_listeners()
        if isinstance(self.last_exception, ConfigEntryAuthFailed) and not self.last_update_success:
            self.config_entry.async_create_task(self.hass, self.async_request_refresh())

    async def _read(self) -> Report:
        """Read with the token of now; if it is refused, with another one. Raises Failure."""
        self.gateway.token = self.sign_in.token.text
        try:
            return await self.gateway.secctrl()
        except InvalidAuth:
            await self.sign_in.another_token()
            self.gateway.token = self.sign_in.token.text
            return await self.gateway.secctrl()

    @contextmanager
    def _failures(self) -> Generator[None]:
        """Turn a failure into Home Assistant's exception; its key is that of its text everywhere."""
        try:
            yield
        except InvalidAuth as err:
            self._go_without(refused=True)
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=err.key) from err
        except Failure as err:
            self._announce(err)
            self._go_without(refused=False)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=err.key,
                translation_placeholders=err.placeholders,
                retry_after=self.outage.pause(err.retry_after) if isinstance(err, CannotConnect) else None,
            ) from err

    def _go_without(self, *, refused: bool) -> None:
        """Keep the last report for a while, poll more slowly, and say when it stands no more."""
        was_total = self.outage.is_total
        self.outage.go_on(refused=refused)
        self.update_interval = self.outage.interval
        if self.outage.is_total and not was_total:
            self.async_update_listeners()

    def _announce(self, err: Failure) -> None:
        """Raise a repair issue for what does not pass by itself."""
        if isinstance(err, NoSecctrl):
            issues.announce(self.hass, self.config_entry, issues.NO_SECCTRL)
        if isinstance(err, CertificateChanged):
            issues.announce_certificate(self.hass, self.config_entry, err.shown)

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Let the platforms look for new fields first; as listeners they would keep an unused entry polling."""
        for look in self.watchers:
            look()
        super().async_update_listeners()

    def _end_reauth(self) -> None:
        """Take back what was asked of the user, if the gateway takes the token after all."""
        refused = isinstance(self.last_exception, ConfigEntryAuthFailed) and not self.last_update_success
        if refused or (self.data is None and CONF_CORE_ENTRY in self.config_entry.data):
            for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _name_bad_values(self, report: Report) -> None:
        """Log each bad value once, by its path: the value itself is a stranger's text."""
        for path in report.bad(CLAIMS):
            if path not in self._named:
                self._named.add(path)
                LOGGER.warning("The gateway answers %s with something that is no such value; it is unknown", path)

    def _follow_firmware(self) -> None:
        """Keep the device's firmware as `/info` says it, which is asked again after each restart."""
        firmware = self.gateway.identity.firmware if self.gateway.identity else ""
        if self._firmware not in ("", firmware):
            registry = dr.async_get(self.hass)
            for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id):
                registry.async_update_device(device.id, sw_version=firmware)
        self._firmware = firmware
