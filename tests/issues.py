"""The integration's repair issues."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.enphase_secctrl.const import DOMAIN


def issue_keys(hass: HomeAssistant) -> list[str | None]:
    """Return the translation keys of the open issues."""
    return [issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
