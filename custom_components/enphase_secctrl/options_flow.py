"""Options: how often to poll, and whether to talk to one certificate only."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL

from .const import CONF_CERTIFICATE, UPDATE_INTERVAL
from .failures import Failure
from .forms import CONF_PIN, FORMS
from .gateway import Gateway
from .sessions import detached, gateway_session


class SecctrlOptionsFlow(OptionsFlowWithReload):
    """One form; Home Assistant reloads the entry when its answers changed."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                return self.async_create_entry(data=await self._options(user_input))
            except Failure as err:
                errors["base"] = err.key
        standing = self.config_entry.options
        shown = user_input or {
            CONF_SCAN_INTERVAL: standing.get(CONF_SCAN_INTERVAL, UPDATE_INTERVAL),
            CONF_PIN: CONF_CERTIFICATE in standing,
        }
        schema = self.add_suggested_values_to_schema(FORMS["init"], shown)
        return self.async_show_form(step_id="init", data_schema=schema, errors=errors)

    async def _options(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the answers mean; a new pin is of the certificate seen now. Raises Failure."""
        options: dict[str, Any] = {CONF_SCAN_INTERVAL: int(answers[CONF_SCAN_INTERVAL])}
        if answers[CONF_PIN]:
            options[CONF_CERTIFICATE] = self.config_entry.options.get(CONF_CERTIFICATE) or await self._certificate()
        return options

    async def _certificate(self) -> str:
        """Return the certificate under which the gateway says its serial. Raises Failure."""
        host = self.config_entry.data[CONF_HOST]
        with detached(gateway_session(self.hass)) as session:
            shown = await Gateway(session, host).certificate()
            await Gateway(session, host, serial=self.config_entry.unique_id, certificate=shown).identify()
        return shown.hex()
