"""Polls one gateway and turns what goes wrong into Home Assistant's exceptions."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, TypedDict, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import issues
from .const import CONF_CORE_ENTRY, DOMAIN, LOGGER, UPDATE_INTERVAL
from .device import register_device
from .failures import CannotConnect, CertificateChanged, Failure, InvalidAuth, NoSecctrl
from .fields import FIELDS
from .gateway import Gateway
from .identity import Identity
from .model import Report
from .outage import Outage
from .pin import pinned_certificate
from .sessions import gateway_session
from .sign_in import SignIn
from .source import claims

type SecctrlConfigEntry = ConfigEntry[SecctrlCoordinator]

CLAIMS: Final = claims(FIELDS)


class Poll(TypedDict):
    """How one poll went: "ok" or the key of its failure, its duration, and the bytes of the body."""

    outcome: str
    seconds: float
    size: int | None


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
        self._identity: Identity | None = None

    @override
    async def _async_setup(self) -> None:
        """Find the token."""
        try:
            self.sign_in = SignIn(self.hass, self.config_entry, self._token_changed)
        except Failure as err:
            raise self._handle_failure(err) from err

    @override
    async def _async_update_data(self) -> Report:
        """Ask the gateway, and look after what follows from its answer: nothing, most of the time."""
        try:
            report = await self._poll()
        except Failure as err:
            raise self._handle_failure(err) from err
        self.outage.note_success()
        doubted = issues.stands(self.hass, self.config_entry, issues.CERTIFICATE_CHANGED)  # by a flow too
        if doubted or self.data is None or not self.last_update_success:
            self._recover()
        self.sign_in.look_ahead()
        if report is not self.data:
            self._name_bad_values(report)
        self._follow_identity()
        return report

    def _recover(self) -> None:
        """Begin, or begin again: ask as often as is wanted, and take back what was said."""
        self.update_interval = self.outage.interval
        issues.settle(self.hass, self.config_entry, issues.NO_SECCTRL, issues.CERTIFICATE_CHANGED)
        self._end_reauth()

    async def _poll(self) -> Report:
        """Ask the gateway and keep how it went for the diagnostics; raises Failure."""
        began = monotonic()
        try:
            report = await self._read()
        except Failure as err:
            self.polls.append(Poll(outcome=err.key, seconds=monotonic() - began, size=None))
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

    def _handle_failure(self, err: Failure) -> HomeAssistantError:
        """Do what a failure asks for; return Home Assistant's exception, with the text of the failure's key."""
        self._announce(err)
        self._go_without(refused=isinstance(err, InvalidAuth))
        if isinstance(err, InvalidAuth):
            return ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=err.key)
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.placeholders,
            retry_after=self.outage.pause(err.retry_after) if isinstance(err, CannotConnect) else None,
        )

    def _go_without(self, *, refused: bool) -> None:
        """Keep the last report for a while, poll more slowly, and say when it stands no more."""
        was_total = self.outage.is_total
        self.outage.note_failure(refused=refused)
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
        if isinstance(self.last_exception, ConfigEntryAuthFailed) or (
            self.data is None and CONF_CORE_ENTRY in self.config_entry.data
        ):
            for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _name_bad_values(self, report: Report) -> None:
        """Log each bad value once, by its path: the value itself is a stranger's text."""
        for path in report.bad(CLAIMS):
            if path not in self._named:
                self._named.add(path)
                LOGGER.warning("The gateway answers %s with something that is no such value; it is unknown", path)

    def _follow_identity(self) -> None:
        """Keep the device as `/info` says it is, which is asked again after each failure."""
        identity = self.gateway.identity
        if identity and identity is not self._identity:
            register_device(self.hass, self.config_entry, str(self.gateway.url), identity)
            self._identity = identity
