"""Set-up in the UI: which gateway, by its address. How to sign in to it follows in SignInSteps."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .address import base_url
from .const import DOMAIN, ENTRY_MINOR_VERSION, ENTRY_VERSION
from .failures import Failure
from .forms import Answers
from .gateway import Gateway
from .options_flow import SecctrlOptionsFlow
from .pin import pinned_certificate
from .sessions import gateway_session
from .sign_in_steps import SignInSteps


class SecctrlConfigFlow(SignInSteps, domain=DOMAIN):
    """From an address to an entry; the same steps serve discovery, reauth and reconfigure."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SecctrlOptionsFlow:
        """Return the flow of the options."""
        return SecctrlOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address; core may know it."""
        ours = self._async_current_ids()
        hosts = [core.data.get(CONF_HOST) for core in self._core_entries() if core.unique_id not in ours]
        return await self._form("user", user_input, self._use_host, {CONF_HOST: hosts[0]} if hosts else {})

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take the address that a gateway announces, IPv4 only: they announce both, and change between them."""
        serial = discovery_info.properties.get("serialnum")
        announced = (discovery_info.ip_address, *discovery_info.ip_addresses)
        address = next((one for one in announced if isinstance(one, IPv4Address) and not one.is_link_local), None)
        if not address or not serial:
            return self.async_abort(reason="not_supported")
        # Port 80 is announced, where older firmware redirects and newer does not answer
        port = "" if discovery_info.port in (None, 80, 443) else f":{discovery_info.port}"
        self._host = f"{address}{port}"
        if known := self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, serial):
            await self.async_set_unique_id(serial, raise_on_progress=False)
            moved = await self._has_moved(known)
            self._abort_if_unique_id_configured(updates={CONF_HOST: self._host} if moved else None)
        await self.async_set_unique_id(serial)
        self.context["title_placeholders"] = {"name": f"IQ Gateway {serial} ({self._host})"}
        try:
            await self._gateway(self._host).identify()
        except Failure as err:
            return self.async_abort(reason=err.key, description_placeholders=err.placeholders)
        return await self.async_step_sign_in()

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin where a set-up does: the gateway may have moved too."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether the address still holds."""
        return await self._form("reauth_confirm", user_input, self._use_host, self._get_reauth_entry().data)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new address of the same gateway."""
        return await self._form("reconfigure", user_input, self._use_host, self._get_reconfigure_entry().data)

    async def _use_host(self, answers: Answers) -> ConfigFlowResult:
        self._host = base_url(answers[CONF_HOST]).host_port_subcomponent or ""
        identity = await self._gateway(self._host).identify()
        await self.async_set_unique_id(identity.serial, raise_on_progress=False)
        if self._entry is None:
            self._abort_if_unique_id_configured()
        return await self.async_step_sign_in()

    async def _has_moved(self, known: ConfigEntry) -> bool:
        """Whether a known gateway answers no longer at its old address, but at the announced one."""

        async def answers(host: str) -> bool:
            pin = pinned_certificate(known.options)
            gateway = Gateway(self._held(gateway_session(self.hass)), host, serial=known.unique_id, certificate=pin)
            try:
                await gateway.identify()
            except Failure:
                return False
            return True

        old = known.data.get(CONF_HOST)  # an ignored gateway has none
        return old not in (None, self._host) and not await answers(old) and await answers(self._host)
