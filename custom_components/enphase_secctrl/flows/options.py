"""The options of an entry: the update interval and the pinned certificate."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL

from ..availability import valid_interval
from ..client import SecctrlError
from ..connection import read_certificate, verify_certificate
from ..const import CONF_CERTIFICATE
from .forms import CONF_PIN, SCHEMAS, UserInput


class SecctrlOptionsFlow(OptionsFlowWithReload):
    """One form; Home Assistant reloads the entry if the options have changed."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                return self.async_create_entry(data=await self._to_options(user_input))
            except SecctrlError as err:
                errors["base"] = err.translation_key
        options = self.config_entry.options
        values = user_input or {
            CONF_SCAN_INTERVAL: valid_interval(options.get(CONF_SCAN_INTERVAL)),
            CONF_PIN: CONF_CERTIFICATE in options,
        }
        schema = self.add_suggested_values_to_schema(SCHEMAS["init"], values)
        return self.async_show_form(step_id="init", data_schema=schema, errors=errors)

    async def _to_options(self, user_input: UserInput) -> dict[str, Any]:
        """Return the options to store; a new pin is the current certificate. Raises SecctrlError."""
        interval = float(user_input[CONF_SCAN_INTERVAL])
        options: dict[str, Any] = {CONF_SCAN_INTERVAL: int(interval) if interval.is_integer() else interval}
        if user_input[CONF_PIN]:
            options[CONF_CERTIFICATE] = self.config_entry.options.get(CONF_CERTIFICATE) or await self._certificate()
        return options

    async def _certificate(self) -> str:
        """Return the fingerprint (hex) of the certificate that the entry's gateway presents; raises SecctrlError."""
        host = self.config_entry.data[CONF_HOST]
        certificate = await read_certificate(self.hass, host)
        await verify_certificate(self.hass, host, self.config_entry.unique_id, certificate)
        return certificate.hex()
