"""The config flow: which gateway, by its host. The sign-in follows in `flows.sign_in`."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .client import GatewayClient, InvalidAuth, SecctrlError, WrongGateway, gateway_url
from .connection import create_gateway_session, pinned_certificate
from .const import DOMAIN, ENTRY_MINOR_VERSION, ENTRY_VERSION
from .flows.forms import CONF_REPLACED, UserInput
from .flows.options import SecctrlOptionsFlow
from .flows.sign_in import SignInFlow


class SecctrlConfigFlow(SignInFlow, domain=DOMAIN):
    """Setup, discovery, reauth, and reconfigure: each begins with a host and continues with the sign-in."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SecctrlOptionsFlow:
        """Return the options flow."""
        return SecctrlOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the host; an Enphase Envoy entry may have it."""
        configured = self._async_current_ids()
        hosts = [core.data.get(CONF_HOST) for core in self._core_entries() if core.unique_id not in configured]
        suggested = {CONF_HOST: hosts[0]} if hosts else {}
        return await self._show_form_until("user", user_input, self._use_host, suggested)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take the discovered address, IPv4 only: gateways announce both kinds and switch between them."""
        serial = discovery_info.properties.get("serialnum")
        announced = (discovery_info.ip_address, *discovery_info.ip_addresses)
        address = next((one for one in announced if isinstance(one, IPv4Address) and not one.is_link_local), None)
        if not address or not serial:
            return self.async_abort(reason="not_supported")
        # Port 80 is announced; older firmware redirects from there to 443, newer firmware doesn't respond
        port = "" if discovery_info.port in (None, 80, 443) else f":{discovery_info.port}"
        self._host = f"{address}{port}"
        if configured := self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, serial):
            await self.async_set_unique_id(serial, raise_on_progress=False)
            has_moved = await self._has_moved(configured)
            self._abort_if_unique_id_configured(updates={CONF_HOST: self._host} if has_moved else None)
        await self.async_set_unique_id(serial)
        self.context["title_placeholders"] = {"name": f"IQ Gateway {serial} ({self._host})"}
        try:
            await self._gateway(self._host, serial).read_info()
        except SecctrlError as err:
            return self.async_abort(reason=err.translation_key, description_placeholders=err.placeholders)
        return await self.async_step_sign_in()

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin with the host: the gateway may have a new address too."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask to confirm the host."""
        return await self._show_form_until("reauth_confirm", user_input, self._use_host, self._get_reauth_entry().data)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new host of the same gateway."""
        data = self._get_reconfigure_entry().data
        return await self._show_form_until("reconfigure", user_input, self._use_host, data)

    async def async_step_replaced(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether the gateway at the host has replaced the one of the entry."""
        return await self._show_form_until("replaced", user_input, self._use_replacement)

    @callback
    @override
    def async_remove(self) -> None:
        """Start the reauth flow that Home Assistant doesn't start while a reconfigure flow is open."""
        super().async_remove()
        entry = self.hass.config_entries.async_get_entry(self.context.get("entry_id", ""))
        if self.source == SOURCE_RECONFIGURE and entry and _needs_sign_in(entry):
            entry.async_start_reauth(self.hass)

    async def _use_host(self, user_input: UserInput) -> ConfigFlowResult:
        self._host = gateway_url(user_input[CONF_HOST]).host_port_subcomponent or ""
        entry = self._entry
        try:
            info = await self._gateway(self._host, entry.unique_id if entry else None).read_info()
        except WrongGateway:
            if self.source != SOURCE_RECONFIGURE:
                raise
            return await self._offer_replacement()
        await self.async_set_unique_id(info.serial, raise_on_progress=False)
        if entry is None:
            self._abort_if_unique_id_configured()
        return await self.async_step_sign_in()

    async def _offer_replacement(self) -> ConfigFlowResult:
        """Offer to move the entry to the different gateway at the host, if no other entry has it."""
        info = await self._gateway(self._host, None).read_info()
        await self.async_set_unique_id(info.serial, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        return await self.async_step_replaced()

    async def _use_replacement(self, user_input: UserInput) -> ConfigFlowResult:
        if not user_input[CONF_REPLACED]:
            raise WrongGateway
        return await self.async_step_sign_in()

    async def _has_moved(self, entry: ConfigEntry) -> bool:
        """Return whether a configured gateway responds at the discovered address and no longer at its old one."""
        old_host = entry.data.get(CONF_HOST)  # an ignored gateway has none
        if old_host in (None, self._host) or await self._responds(entry, old_host):
            return False
        return await self._responds(entry, self._host)

    async def _responds(self, entry: ConfigEntry, host: str) -> bool:
        """Return whether the entry's gateway responds at the host."""
        gateway = GatewayClient(
            self._keep_session(create_gateway_session(self.hass)),
            host,
            serial=entry.unique_id,
            certificate=pinned_certificate(entry.options),
        )
        try:
            await gateway.read_info()
        except SecctrlError:
            return False
        return True


def _needs_sign_in(entry: ConfigEntry[Any]) -> bool:
    """Return whether only the user can help; not while the entry is being reloaded with a new sign-in."""
    if entry.state is ConfigEntryState.LOADED:
        needs_sign_in: bool = entry.runtime_data.needs_sign_in
        return needs_sign_in
    is_rejected = entry.error_reason_translation_key == InvalidAuth.translation_key
    return entry.state is ConfigEntryState.SETUP_ERROR and is_rejected
