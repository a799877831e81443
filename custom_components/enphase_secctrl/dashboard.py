"""The dashboard strategy: a JavaScript module that the frontend loads while there is a config entry."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_MODULE: Final = Path(__file__).parent / "frontend" / "dashboard.js"


_URL: Final[HassKey[str]] = HassKey(f"{DOMAIN}.strategy_url")
"""The address of the module; missing if this Home Assistant has no frontend."""


async def async_serve_strategy(hass: HomeAssistant) -> None:
    """Serve the module, if this Home Assistant has a frontend.

    Browsers cache it for a month, so its address contains the version and a hash: an update has a new address.
    """
    if "frontend" not in hass.config.components:
        return
    from homeassistant.components.http import StaticPathConfig  # noqa: PLC0415 - slow to import without a frontend

    integration = await async_get_integration(hass, DOMAIN)
    content = await hass.async_add_executor_job(_MODULE.read_bytes)
    url = f"/{DOMAIN}/{integration.version}-{sha256(content).hexdigest()[:8]}/{_MODULE.name}"
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(_MODULE))])
    hass.data[_URL] = url


@callback
def update_strategy(hass: HomeAssistant) -> None:
    """Let the frontend load the module only while there is a config entry."""
    if (url := hass.data.get(_URL)) is None:
        return
    from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL  # noqa: PLC0415 - as above

    modules = hass.data[DATA_EXTRA_MODULE_URL]
    is_needed = bool(hass.config_entries.async_entries(DOMAIN, include_ignore=False))
    if is_needed and url not in modules.urls:
        modules.add(url)
    elif not is_needed and url in modules.urls:
        modules.remove(url)
