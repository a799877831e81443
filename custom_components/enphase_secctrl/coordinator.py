"""Polls one gateway and turns what goes wrong into Home Assistant's exceptions."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, override

from aiohttp import DummyCookieJar
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .const import CORE_DOMAIN, DOMAIN, LOGGER, MODELS, UPDATE_INTERVAL
from .failures import CannotConnect, Failure, InvalidAuth
from .fields import FIELDS
from .gateway import Gateway
from .model import Report, claims
from .token import Token, read_token

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

    def __init__(self, hass: HomeAssistant, entry: SecctrlConfigEntry) -> None:
        """Prepare the client from what the entry holds."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name="IQ Gateway",
            update_interval=UPDATE_INTERVAL,
            always_update=False,
        )
        self.serial = str(entry.unique_id)
        self.token: Token = read_token(entry.data[CONF_TOKEN], self.serial)
        self.gateway = Gateway(
            async_create_clientsession(hass, verify_ssl=False, cookie_jar=DummyCookieJar()),
            entry.data[CONF_HOST],
            serial=self.serial,
            token=self.token.text,
        )
        self.watchers: list[Callable[[], None]] = []
        self.polls: deque[Poll] = deque(maxlen=10)
        self._named: set[str] = set()
        self._firmware = ""

    @override
    async def _async_update_data(self) -> Report:
        """Ask the gateway; a failure keeps the key under which its text stands everywhere."""
        try:
            report = await self._poll()
        except InvalidAuth as err:
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=err.key) from err
        except Failure as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=err.key,
                translation_placeholders=err.placeholders,
                retry_after=err.retry_after if isinstance(err, CannotConnect) else None,
            ) from err
        self._name_bad_values(report)
        self._follow_firmware()
        return report

    async def _poll(self) -> Report:
        """Ask the gateway and keep how it went for the diagnostics; raises Failure."""
        began = monotonic()
        try:
            report = await self.gateway.secctrl()
        except Failure as err:
            self.polls.append(Poll(outcome=err.key, seconds=monotonic() - began))
            raise
        self.polls.append(Poll(outcome="ok", seconds=monotonic() - began, size=len(report.body)))
        return report

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Let the platforms look for new fields first; as listeners they would keep an unused entry polling."""
        for look in self.watchers:
            look()
        super().async_update_listeners()

    @property
    def device_info(self) -> DeviceInfo:
        """Describe the gateway, below core's device of it when there is one."""
        identity = self.gateway.identity
        assert identity  # noqa: S101 - there is no report without it
        info = DeviceInfo(
            configuration_url=str(self.gateway.url),
            identifiers={(DOMAIN, self.serial)},
            manufacturer="Enphase",
            model=next(
                (model for part, model in MODELS.items() if identity.part_number.startswith(part)), "IQ Gateway"
            ),
            model_id=identity.part_number or None,
            name=f"IQ Gateway {self.serial}",
            serial_number=self.serial,
            sw_version=identity.firmware,
        )
        for entry in self.hass.config_entries.async_entries(CORE_DOMAIN):
            device = dr.async_get(self.hass).async_get_device_by_identifier((CORE_DOMAIN, self.serial), entry.entry_id)
            if device:
                info["via_device_id"] = device.id
        return info

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
