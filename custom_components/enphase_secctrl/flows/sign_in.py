"""The steps of a sign-in, and the end of every flow: a new entry, or an updated one."""

from math import inf
from time import monotonic
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.data_entry_flow import AbortFlow

from ..authentication import stored_token
from ..client import (
    AccessToken,
    AccountBlocked,
    CertificateChanged,
    EnlightenClient,
    GatewayClient,
    InvalidAuth,
    MfaRequired,
    NotAToken,
    SecctrlError,
    SignInLost,
    TokenExpired,
    TooManySessions,
    WrongGateway,
    parse_pasted_token,
    parse_valid_token,
)
from ..connection import create_cloud_session, create_gateway_session, pinned_certificate
from ..const import (
    CODE_PAUSE,
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_CODE,
    SIGN_IN_EXISTING,
    SIGN_IN_TOKEN,
)
from ..device import move_entry
from ..issues import CERTIFICATE_CHANGED, certificate_placeholders, create_issue
from ..token_history import clear_token_history
from .forms import CONF_PASTE_TOKEN, CONF_SEND_AGAIN, FormFlow, UserInput


class CodeTooSoon(SecctrlError):
    """The last verification code was requested less than 30 s ago."""

    translation_key = "code_too_soon"


class SignInFlow(FormFlow):
    """The steps that follow after the host of the gateway is known, in each kind of flow."""

    _cloud: EnlightenClient | None = None
    """The sign-in to the last account that was entered."""

    _last_code_request = -inf
    """Monotonic clock, seconds."""

    async def async_step_sign_in(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the ways to sign in, the easiest one first."""
        options = [SIGN_IN_EXISTING] if self._core_entry() else []
        options += ["keep"] if self.source == SOURCE_RECONFIGURE else []
        return self.async_show_menu(
            step_id="sign_in",
            menu_options=[*options, SIGN_IN_CLOUD, SIGN_IN_TOKEN],
            description_placeholders=self._placeholders,
        )

    async def async_step_existing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Share the sign-in of Enphase Envoy; the form is only shown after an error."""
        return await self._show_form_until("existing", user_input or {}, self._share_core_entry)

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Keep the current sign-in; the form is only shown after an error."""
        return await self._show_form_until("keep", user_input or {}, self._keep_sign_in)

    async def async_step_cloud(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the Enphase account."""
        return await self._show_form_until("cloud", user_input, self._use_account)

    async def async_step_code(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the verification code."""
        return await self._show_form_until("code", user_input, self._use_code)

    async def async_step_token(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an access token."""
        return await self._show_form_until("token", user_input, self._use_token)

    async def _share_core_entry(self, _user_input: UserInput) -> ConfigFlowResult:
        core = self._core_entry()
        token = parse_valid_token(str(core.data.get(CONF_TOKEN, "")) if core else "", self._serial)
        return await self._finish(SIGN_IN_EXISTING, token, {CONF_CORE_ENTRY: core and core.entry_id})

    async def _keep_sign_in(self, _user_input: UserInput) -> ConfigFlowResult:
        entry = self._get_reconfigure_entry()
        try:
            token = parse_valid_token(stored_token(self.hass, entry), self._serial)
            return await self._finish(entry.data[CONF_SIGN_IN], token, entry.data)
        except InvalidAuth, TokenExpired, WrongGateway:
            if CONF_PASSWORD not in entry.data:
                raise
        return await self._use_account({key: entry.data[key] for key in (CONF_USERNAME, CONF_PASSWORD)})

    async def _use_account(self, account: UserInput) -> ConfigFlowResult:
        """Sign in, unless this account's token was fetched before and the gateway was busy then."""
        email, password = account[CONF_USERNAME], account[CONF_PASSWORD]
        if not (cloud := self._cloud) or not cloud.has_token_of(email, password):
            self._require_code_pause()
            session = self._keep_session(create_cloud_session(self.hass))
            cloud = self._cloud = EnlightenClient(session, email, password)
            try:
                await cloud.log_in()
            except MfaRequired:
                return await self._send_code(cloud)
        token = await cloud.fetch_token(self._serial)
        return await self._finish(SIGN_IN_CLOUD, token, {**account, CONF_TOKEN: token.text})

    async def _use_code(self, user_input: UserInput) -> ConfigFlowResult:
        if user_input.get(CONF_PASTE_TOKEN):
            return await self.async_step_token()
        try:
            if self._cloud is None:
                raise SignInLost
            if user_input.get(CONF_SEND_AGAIN):
                return await self._send_code(self._cloud, again=True)
            await self._cloud.check_code(user_input.get(CONF_CODE, ""))
            token = await self._cloud.fetch_token(self._serial)
        except (AccountBlocked, NotAToken, SignInLost, TooManySessions) as err:
            return self._show_form("cloud", {}, err)
        return await self._finish(SIGN_IN_CODE, token, {CONF_TOKEN: token.text})

    async def _use_token(self, user_input: UserInput) -> ConfigFlowResult:
        token = parse_pasted_token(user_input[CONF_TOKEN], self._serial)
        return await self._finish(SIGN_IN_TOKEN, token, {CONF_TOKEN: token.text})

    async def _send_code(self, cloud: EnlightenClient, *, again: bool = False) -> ConfigFlowResult:
        """Request a code and show its form, even after an error: the code may have been sent nevertheless.

        If the session is lost after an earlier code was requested, raises SignInLost: no code can be used then.
        """
        try:
            self._require_code_pause()
            self._last_code_request = monotonic()
            await cloud.send_code()
        except SecctrlError as err:
            if again and isinstance(err, SignInLost):
                raise
            return self._show_form("code", {}, err)
        return await self.async_step_code()

    def _require_code_pause(self) -> None:
        """Raise CodeTooSoon if the last code was requested less than 30 s ago."""
        if monotonic() - self._last_code_request < CODE_PAUSE.total_seconds():
            raise CodeTooSoon

    async def _finish(self, sign_in: str, token: AccessToken, stored: UserInput) -> ConfigFlowResult:
        """Read the gateway once; then create the entry, or update the one that this flow is for."""
        await self._gateway(self._host, self._serial, token.text).read_report()
        if self.source not in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            self._abort_if_unique_id_configured()
        if self._is_removed:
            raise AbortFlow("closed")
        data = {**stored, CONF_HOST: self._host, CONF_SIGN_IN: sign_in}
        if entry := self._entry:
            clear_token_history(self.hass, entry)
            if entry.unique_id != self._serial:
                await move_entry(self.hass, entry, self._serial)
            return self.async_update_reload_and_abort(entry, data=data)
        description = SIGN_IN_CODE if sign_in == SIGN_IN_CODE else None
        return self.async_create_entry(title=f"IQ Gateway {self._serial}", data=data, description=description)

    @override
    def _handle_error(self, err: SecctrlError) -> None:
        """Create the repair for a changed certificate, even when polling has stopped, but not for a disabled entry."""
        entry = self._entry
        if not isinstance(err, CertificateChanged) or entry is None or entry.disabled_by:
            return
        if entry.data[CONF_HOST] == self._host:
            create_issue(self.hass, entry, CERTIFICATE_CHANGED, certificate_placeholders(entry, err.fingerprint))

    # --- What the steps share

    @property
    def _entry(self) -> ConfigEntry | None:
        """The entry that a reauth or reconfigure flow is for."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    def _core_entries(self) -> list[ConfigEntry]:
        return self.hass.config_entries.async_entries(CORE_DOMAIN, include_ignore=False)

    def _core_entry(self) -> ConfigEntry | None:
        """Return the Enphase Envoy entry of this gateway."""
        return next((core for core in self._core_entries() if core.unique_id == self.unique_id), None)

    def _gateway(self, host: str, serial: str | None, token: str = "") -> GatewayClient:
        """Return a client that only accepts this serial number and the pinned certificate; raises InvalidHost."""
        entry = self._entry
        return GatewayClient(
            self._keep_session(create_gateway_session(self.hass)),
            host,
            serial=serial,
            token=token,
            certificate=pinned_certificate(entry.options) if entry else None,
        )
