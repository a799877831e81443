"""The flows that fix a repair issue."""

from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigFlowContext
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback

from .client import CertificateChanged, SecctrlError
from .connection import format_fingerprint, read_certificate, verify_certificate
from .const import CONF_CERTIFICATE, DOMAIN
from .issues import CERTIFICATE_CHANGED, TOKEN_EXPIRES

type IssueData = dict[str, str | int | float | None] | None


class SignInAgainFlow(RepairsFlow):
    """Starts a reauth flow; the issue is deleted when a token that expires later is in use."""

    def __init__(self, entry: ConfigEntry, date: str) -> None:
        """Take the entry and the date on which its token expires."""
        self._entry = entry
        self._date = date

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the confirmation."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for confirmation, then start a reauth flow or continue the one that is open."""
        if user_input is None:
            placeholders = {"title": self._entry.title, "date": self._date}
            return self.async_show_form(step_id="confirm", description_placeholders=placeholders)
        if not _exists(self.hass, self._entry):
            return self.async_abort(reason="entry_removed")
        flows = list(self._entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}))
        if not flows:
            context = ConfigFlowContext(
                source=SOURCE_REAUTH,
                entry_id=self._entry.entry_id,
                unique_id=self._entry.unique_id,
                title_placeholders={"name": self._entry.title},
            )
            flows = [
                await self.hass.config_entries.flow.async_init(DOMAIN, context=context, data=dict(self._entry.data))
            ]
        return self.async_abort(reason="sign_in_again", next_flow=(FlowType.CONFIG_FLOW, flows[0]["flow_id"]))


class AcceptCertificateFlow(RepairsFlow):
    """Pins the gateway's current certificate, if it is the one that the user has seen."""

    _is_closed = False

    def __init__(self, entry: ConfigEntry, pinned: str, shown: str) -> None:
        """Take the fingerprints from the issue."""
        self._entry = entry
        self._fingerprints = {"pinned": pinned, "shown": shown}

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the confirmation."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for confirmation, then pin the new certificate and reload the entry."""
        errors: dict[str, str] = {}
        if not _exists(self.hass, self._entry):
            return self.async_abort(reason="entry_removed")
        if CONF_CERTIFICATE not in self._entry.options:
            return self.async_create_entry(data={})  # pinning was turned off in the meantime
        if user_input is not None:
            try:
                certificate = await self._read_accepted_certificate()
            except SecctrlError as err:
                errors["base"] = err.translation_key
            else:
                if self._is_closed or not _exists(self.hass, self._entry):
                    return self.async_abort(reason="entry_removed")
                options = {**self._entry.options, CONF_CERTIFICATE: certificate}
                self.hass.config_entries.async_update_entry(self._entry, options=options)
                self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
                return self.async_create_entry(data={})
        placeholders = {"title": self._entry.title, **self._fingerprints}
        return self.async_show_form(step_id="confirm", errors=errors, description_placeholders=placeholders)

    @callback
    @override
    def async_remove(self) -> None:
        """Record that the user has closed the form, perhaps while the certificate is being read."""
        self._is_closed = True

    async def _read_accepted_certificate(self) -> str:
        """Return the current certificate (hex) if it is the one that the form showed; raises SecctrlError."""
        host = self._entry.data[CONF_HOST]
        certificate = await read_certificate(self.hass, host)
        accepted, self._fingerprints["shown"] = self._fingerprints["shown"], format_fingerprint(certificate)
        if self._fingerprints["shown"] != accepted:
            raise CertificateChanged(certificate)
        await verify_certificate(self.hass, host, self._entry.unique_id, certificate)
        return certificate.hex()


async def async_create_fix_flow(hass: HomeAssistant, _issue_id: str, data: IssueData) -> RepairsFlow:
    """Return the flow that fixes an issue; the issue of a removed entry only needs a confirmation."""
    issue = data or {}
    entry = hass.config_entries.async_get_entry(str(issue.get("entry_id")))
    if entry and issue["kind"] == CERTIFICATE_CHANGED:
        return AcceptCertificateFlow(entry, str(issue["pinned"]), str(issue["shown"]))
    if entry and issue["kind"] == TOKEN_EXPIRES:
        return SignInAgainFlow(entry, str(issue["date"]))
    return ConfirmRepairFlow()


def _exists(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether the entry has not been removed since the form was opened."""
    return hass.config_entries.async_get_entry(entry.entry_id) is not None
