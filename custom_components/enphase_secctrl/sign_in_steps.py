"""The steps in which a flow signs in to its gateway, and makes or mends the entry."""

from datetime import UTC, datetime
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME

from .const import (
    CODE_PAUSE,
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_CODE,
    SIGN_IN_EXISTING,
    SIGN_IN_TOKEN,
)
from .enlighten import Enlighten
from .failures import (
    AccountBlocked,
    CertificateChanged,
    CodeTooSoon,
    Failure,
    InvalidAuth,
    InvalidCode,
    MfaRequired,
    SignInLost,
    TokenExpired,
    TooManySessions,
)
from .forms import CONF_PASTE_TOKEN, CONF_SEND_AGAIN, Answers, FormFlow
from .gateway import Gateway
from .issues import announce_certificate
from .pin import pinned_certificate
from .sessions import cloud_session, gateway_session
from .sign_in import forget_renewals, held_token
from .token import Token, usable_token


class SignInSteps(FormFlow):
    """What follows the gateway's address, in each kind of flow."""

    _enlighten: Enlighten
    _account: Answers | None = None
    _token: Token | None = None
    """The last that the cloud gave: a gateway that is busy just then costs no second sign-in."""

    _code_sent = datetime.min.replace(tzinfo=UTC)

    async def async_step_sign_in(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the ways to sign in, the easiest first."""
        options = [SIGN_IN_EXISTING] if self._core_entry() else []
        options += ["keep"] if self.source == SOURCE_RECONFIGURE else []
        return self.async_show_menu(
            step_id="sign_in",
            menu_options=[*options, SIGN_IN_CLOUD, SIGN_IN_TOKEN],
            description_placeholders=self._placeholders,
        )

    async def async_step_existing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Share the sign-in of core's entry: nothing to ask, unless it fails."""
        return await self._form("existing", user_input or {}, self._use_core)

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Keep the sign-in: nothing to ask, unless it fails."""
        return await self._form("keep", user_input or {}, self._use_same)

    async def async_step_cloud(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the Enphase account."""
        return await self._form("cloud", user_input, self._use_account)

    async def async_step_code(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the code that the cloud has sent."""
        return await self._form("code", user_input, self._use_code)

    async def async_step_token(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a token."""
        return await self._form("token", user_input, self._use_token)

    async def _use_core(self, _answers: Answers) -> ConfigFlowResult:
        core = self._core_entry()
        token = usable_token(str(core.data.get(CONF_TOKEN, "")) if core else "", self._serial)
        return await self._finish(SIGN_IN_EXISTING, token, {CONF_CORE_ENTRY: core and core.entry_id})

    async def _use_same(self, _answers: Answers) -> ConfigFlowResult:
        entry = self._get_reconfigure_entry()
        try:
            token = usable_token(held_token(self.hass, entry), self._serial)
            return await self._finish(entry.data[CONF_SIGN_IN], token, None)
        except InvalidAuth, TokenExpired:
            if CONF_PASSWORD not in entry.data:
                raise
        return await self._use_account({key: entry.data[key] for key in (CONF_USERNAME, CONF_PASSWORD)})

    async def _use_account(self, answers: Answers) -> ConfigFlowResult:
        if self._token is None or self._account != answers:
            self._require_pause()
            self._account, self._token = answers, None
            self._enlighten = Enlighten(self._held(cloud_session(self.hass)), answers[CONF_USERNAME])
            try:
                await self._enlighten.log_in(answers[CONF_PASSWORD])
            except MfaRequired:
                await self._send_code()
                return await self.async_step_code()
            self._token = await self._enlighten.fetch_token(self._serial)
        return await self._finish(SIGN_IN_CLOUD, self._token, {**answers, CONF_TOKEN: self._token.text})

    async def _use_code(self, answers: Answers) -> ConfigFlowResult:
        if answers.get(CONF_PASTE_TOKEN):
            return await self.async_step_token()
        try:
            if answers.get(CONF_SEND_AGAIN):
                await self._send_code()
                return await self.async_step_code()
            token = await self._token_by_code(answers.get(CONF_CODE, "").strip())
        except (AccountBlocked, SignInLost, TooManySessions) as err:
            return self._show("cloud", {}, err.key)
        return await self._finish(SIGN_IN_CODE, token, {CONF_TOKEN: token.text})

    async def _token_by_code(self, code: str) -> Token:
        """Return the token that a code leads to; what has succeeded once is not done again. Raises Failure."""
        if self._token is None:
            if not self._enlighten.is_signed_in:
                if not code:
                    raise InvalidCode
                await self._enlighten.check_code(code)
            self._token = await self._enlighten.fetch_token(self._serial)
        return self._token

    async def _use_token(self, answers: Answers) -> ConfigFlowResult:
        token = usable_token(answers[CONF_TOKEN], self._serial)
        return await self._finish(SIGN_IN_TOKEN, token, {CONF_TOKEN: token.text})

    async def _send_code(self) -> None:
        """Let the cloud send a code; raises Failure."""
        self._require_pause()
        self._code_sent = datetime.now(UTC)  # even if the answer is lost, a code may be on its way
        await self._enlighten.send_code()

    def _require_pause(self) -> None:
        """Raise CodeTooSoon when the last code is younger than 30 s."""
        if datetime.now(UTC) - self._code_sent < CODE_PAUSE:
            raise CodeTooSoon

    async def _finish(self, sign_in: str, token: Token, kept: Answers | None) -> ConfigFlowResult:
        """Read the gateway once; then make the entry, or mend the one that this flow is for; None keeps its sign-in."""
        await self._gateway(self._host, token.text).secctrl()
        entry = self._entry
        standing = entry.data if entry and kept is None else kept or {}
        content = {**standing, CONF_HOST: self._host, CONF_SIGN_IN: sign_in}
        if entry:
            forget_renewals(self.hass, entry)
            return self.async_update_reload_and_abort(entry, data=content)
        self._abort_if_unique_id_configured()
        description = SIGN_IN_CODE if sign_in == SIGN_IN_CODE else None
        return self.async_create_entry(title=f"IQ Gateway {self._serial}", data=content, description=description)

    @override
    def _note(self, err: Failure) -> None:
        """Let a changed certificate be accepted also when polling has ended."""
        entry = self._entry
        if isinstance(err, CertificateChanged) and entry and entry.data[CONF_HOST] == self._host:
            announce_certificate(self.hass, entry, err.shown)

    # --- what the steps share

    @property
    def _entry(self) -> ConfigEntry | None:
        """The entry that a reauth or reconfigure flow is for."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    def _core_entries(self) -> list[ConfigEntry]:
        return self.hass.config_entries.async_entries(CORE_DOMAIN, include_ignore=False)

    def _core_entry(self) -> ConfigEntry | None:
        """Return core's entry for this gateway."""
        return next((core for core in self._core_entries() if core.unique_id == self.unique_id), None)

    def _gateway(self, host: str, token: str = "") -> Gateway:
        """Return a client that talks to this flow's gateway only, and to the pinned certificate only."""
        entry = self._entry
        return Gateway(
            self._held(gateway_session(self.hass)),
            host,
            serial=entry.unique_id if entry else self.unique_id,
            token=token,
            certificate=pinned_certificate(entry.options) if entry else None,
        )
