"""The dashboard strategy: a JavaScript module that the frontend loads while there is a config entry."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_MODULE: Final = Path(__file__).parent / "frontend" / "dashboard.js"


@dataclass(kw_only=True)
class _Strategy:
    """The module that is served, and whether the frontend loads it."""

    url: str
    is_added: bool = False


_STRATEGY: Final[HassKey[_Strategy]] = HassKey(f"{DOMAIN}.strategy")


async def async_serve_strategy(hass: HomeAssistant) -> None:
    """Serve the module, if this Home Assistant has a frontend.

    Browsers cache it for a month, so its address contains the version and a hash: an update has a new address.
    """
    if "frontend" not in hass.config.components:
        return
    # Here, they are already imported; without a frontend, they would take a long time
    from homeassistant.components.http import StaticPathConfig  # noqa: PLC0415

    integration = await async_get_integration(hass, DOMAIN)
    content = await hass.async_add_executor_job(_MODULE.read_bytes)
    url = f"/{DOMAIN}/{integration.version}-{sha256(content).hexdigest()[:8]}/{_MODULE.name}"
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(_MODULE))])
    hass.data[_STRATEGY] = _Strategy(url=url)


@callback
def add_strategy(hass: HomeAssistant) -> None:
    """Let the frontend load the module, if that isn't the case yet."""
    strategy = hass.data.get(_STRATEGY)
    if strategy and not strategy.is_added:
        from homeassistant.components.frontend import add_extra_js_url  # noqa: PLC0415

        add_extra_js_url(hass, strategy.url)
        strategy.is_added = True


@callback
def remove_strategy(hass: HomeAssistant) -> None:
    """Let the frontend no longer load the module, if there is no config entry left."""
    strategy = hass.data.get(_STRATEGY)
    if strategy and strategy.is_added and not hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        from homeassistant.components.frontend import remove_extra_js_url  # noqa: PLC0415

        remove_extra_js_url(hass, strategy.url)
        strategy.is_added = False
