"""Set-up in the UI: the gateway's address, then a way to sign in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, override

from aiohttp import ClientSession, CookieJar, DummyCookieJar
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from .const import CONF_SIGN_IN, DOMAIN, LOGGER, SIGN_IN_CLOUD, SIGN_IN_TOKEN, TOKEN_PAGE
from .enlighten import Enlighten
from .failures import Failure, WrongGateway
from .gateway import Gateway, base_url
from .token import Token, usable_token

type Answers = Mapping[str, str]


def _text(kind: TextSelectorType = TextSelectorType.TEXT, autocomplete: str = "off") -> TextSelector:
    return TextSelector(TextSelectorConfig(type=kind, autocomplete=autocomplete))


FORMS: Final = {
    "user": vol.Schema({vol.Required(CONF_HOST): _text()}),
    "reconfigure": vol.Schema({vol.Required(CONF_HOST): _text()}),
    "cloud": vol.Schema(
        {
            vol.Required(CONF_USERNAME): _text(TextSelectorType.EMAIL, "username"),
            vol.Required(CONF_PASSWORD): _text(TextSelectorType.PASSWORD, "current-password"),
        }
    ),
    "token": vol.Schema({vol.Required(CONF_TOKEN): _text(TextSelectorType.PASSWORD)}),
}
_SHOWN_AGAIN: Final = (CONF_HOST, CONF_USERNAME)


class SecctrlConfigFlow(ConfigFlow, domain=DOMAIN):
    """From a host to an entry; the same steps serve reauth and reconfigure."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._host = ""
        self._sessions: list[ClientSession] = []

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the gateway's address."""
        return await self._form("user", user_input, self._use_host)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new address of the same gateway."""
        host = self._get_reconfigure_entry().data[CONF_HOST]
        return await self._form("reconfigure", user_input or None, self._use_host, {CONF_HOST: host})

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Go on where a set-up signs in."""
        self._host = entry_data[CONF_HOST]
        await self.async_set_unique_id(self._get_reauth_entry().unique_id)
        return await self.async_step_sign_in()

    async def async_step_sign_in(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the ways to sign in."""
        return self.async_show_menu(
            step_id="sign_in",
            menu_options=[SIGN_IN_CLOUD, SIGN_IN_TOKEN],
            description_placeholders={"serial": str(self.unique_id), "host": self._host},
        )

    async def async_step_cloud(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the Enphase account."""
        return await self._form("cloud", user_input, self._use_account)

    async def async_step_token(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a token."""
        return await self._form("token", user_input, self._use_token)

    async def _use_host(self, answers: Answers) -> ConfigFlowResult:
        host = base_url(answers[CONF_HOST]).authority
        identity = await Gateway(self._session(DummyCookieJar()), host).identify()
        if self.source == SOURCE_RECONFIGURE and identity.serial != self._get_reconfigure_entry().unique_id:
            raise WrongGateway
        await self.async_set_unique_id(identity.serial, raise_on_progress=False)
        if self.source != SOURCE_RECONFIGURE:
            self._abort_if_unique_id_configured()
        self._host = host
        return await self.async_step_sign_in()

    async def _use_account(self, answers: Answers) -> ConfigFlowResult:
        enlighten = Enlighten(self._session(CookieJar(), verify_ssl=True), answers[CONF_USERNAME])
        await enlighten.log_in(answers[CONF_PASSWORD])
        return await self._finish(SIGN_IN_CLOUD, await enlighten.fetch_token(str(self.unique_id)), answers)

    async def _use_token(self, answers: Answers) -> ConfigFlowResult:
        return await self._finish(SIGN_IN_TOKEN, usable_token(answers[CONF_TOKEN], str(self.unique_id)), {})

    async def _finish(self, sign_in: str, token: Token, renewal: Answers) -> ConfigFlowResult:
        """Read the gateway once; then make the entry, or renew the one that this flow is for."""
        session = self._session(DummyCookieJar())
        await Gateway(session, self._host, serial=self.unique_id, token=token.text).secctrl()
        entry_data = {CONF_HOST: self._host, CONF_SIGN_IN: sign_in, CONF_TOKEN: token.text, **renewal}
        if self.source == SOURCE_REAUTH:
            return self.async_update_reload_and_abort(self._get_reauth_entry(), data=entry_data)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_reload_and_abort(self._get_reconfigure_entry(), data=entry_data)
        return self.async_create_entry(title=f"IQ Gateway {self.unique_id}", data=entry_data)

    async def _form(
        self,
        step: str,
        answers: dict[str, Any] | None,
        use: Callable[[Answers], Awaitable[ConfigFlowResult]],
        suggested: Answers | None = None,
    ) -> ConfigFlowResult:
        """Show a step's form until its answers are of use; what went wrong stands on it."""
        errors: dict[str, str] = {}
        placeholders = {"serial": str(self.unique_id), "host": self._host, "token_page": TOKEN_PAGE, "answer": ""}
        if answers is not None:
            try:
                return await use(answers)
            except Failure as err:
                errors["base"] = err.key
                placeholders |= err.placeholders
            except AbortFlow:
                raise
            except Exception:  # noqa: BLE001 - the flow's last word; the log has the traceback
                LOGGER.exception("Unexpected failure in the step %s", step)
                errors["base"] = "unknown"
        shown = {key: value for key, value in (answers or suggested or {}).items() if key in _SHOWN_AGAIN}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(FORMS[step], shown),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _session(self, cookies: CookieJar | DummyCookieJar, *, verify_ssl: bool = False) -> ClientSession:
        """Return a session with cookies of its own, until the flow ends."""
        session = async_create_clientsession(self.hass, verify_ssl=verify_ssl, auto_cleanup=False, cookie_jar=cookies)
        self._sessions.append(session)
        return session

    @callback
    @override
    def async_remove(self) -> None:
        """Let go of the sessions; their connections belong to Home Assistant."""
        for session in self._sessions:
            session.detach()
