"""Fixes of the repair issues, by clicking."""

from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow, FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigFlowContext
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant

from .const import CONF_CERTIFICATE, DOMAIN
from .failures import CertificateChanged, Failure
from .gateway import Gateway
from .issues import CERTIFICATE_CHANGED, TOKEN_ENDS
from .pin import as_people_read
from .sessions import detached, gateway_session

type Issue = dict[str, str | int | float | None] | None


class SignInAgainFlow(RepairsFlow):
    """Leads into the form that signs in again; the issue goes away when a longer token is there."""

    def __init__(self, entry: ConfigEntry, date: str) -> None:
        """Remember whose token ends, and when."""
        self._entry = entry
        self._date = date

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask, then start the reauth flow or go on with the one that waits."""
        if user_input is None:
            placeholders = {"title": self._entry.title, "date": self._date}
            return self.async_show_form(step_id="confirm", description_placeholders=placeholders)
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
    """Pins the certificate that the gateway shows now, if it is the one that the user was shown."""

    def __init__(self, entry: ConfigEntry, pinned: str, shown: str) -> None:
        """Take the fingerprints as the issue shows them."""
        self._entry = entry
        self._fingerprints = {"pinned": pinned, "shown": shown}

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask, then pin the new certificate and reload."""
        errors: dict[str, str] = {}
        if CONF_CERTIFICATE not in self._entry.options:
            return self.async_create_entry(data={})  # unpinned meanwhile: nothing to accept
        if user_input is not None:
            try:
                certificate = await self._accepted_certificate()
            except Failure as err:
                errors["base"] = err.key
            else:
                options = {**self._entry.options, CONF_CERTIFICATE: certificate}
                self.hass.config_entries.async_update_entry(self._entry, options=options)
                self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
                return self.async_create_entry(data={})
        placeholders = {"title": self._entry.title, **self._fingerprints}
        return self.async_show_form(step_id="confirm", errors=errors, description_placeholders=placeholders)

    async def _accepted_certificate(self) -> str:
        """Return the certificate if it is still the one that was shown; raises Failure."""
        host = self._entry.data[CONF_HOST]
        with detached(gateway_session(self.hass)) as session:
            now = await Gateway(session, host).certificate()
            accepted, self._fingerprints["shown"] = self._fingerprints["shown"], as_people_read(now.hex())
            if self._fingerprints["shown"] != accepted:
                raise CertificateChanged(now)
            await Gateway(session, host, serial=self._entry.unique_id, certificate=now).identify()
        return now.hex()


async def async_create_fix_flow(hass: HomeAssistant, _issue_id: str, data: Issue) -> RepairsFlow:
    """Return the fix of an issue; one whose entry is gone needs none."""
    issue = data or {}
    entry = hass.config_entries.async_get_entry(str(issue.get("entry_id")))
    if entry and issue["kind"] == CERTIFICATE_CHANGED:
        return AcceptCertificateFlow(entry, str(issue["pinned"]), str(issue["shown"]))
    if entry and issue["kind"] == TOKEN_ENDS:
        return SignInAgainFlow(entry, str(issue["date"]))
    return ConfirmRepairFlow()
