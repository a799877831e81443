"""The forms of the flows: their fields, and how a form is shown until its input can be used."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, override

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_PASSWORD, CONF_SCAN_INTERVAL, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..client import SecctrlError
from ..const import LOGGER, MAX_UPDATE_INTERVAL, MIN_UPDATE_INTERVAL, TOKEN_PAGE

type UserInput = Mapping[str, Any]

CONF_SEND_AGAIN: Final = "send_again"
CONF_PASTE_TOKEN: Final = "paste_token"  # noqa: S105 - the name of a field
CONF_PIN: Final = "pin_certificate"
CONF_REPLACED: Final = "replaced"

_NOT_SECRET: Final = (CONF_HOST, CONF_USERNAME)
"""Fields whose input is shown again after an error."""


def _text(kind: TextSelectorType = TextSelectorType.TEXT, autocomplete: str = "off") -> TextSelector:
    return TextSelector(TextSelectorConfig(type=kind, autocomplete=autocomplete))


_HOST: Final = vol.Schema({vol.Required(CONF_HOST): _text()})

SCHEMAS: Final = {
    "user": _HOST,
    "reauth_confirm": _HOST,
    "reconfigure": _HOST,
    "replaced": vol.Schema({vol.Required(CONF_REPLACED, default=False): BooleanSelector()}),
    "existing": vol.Schema({}),
    "keep": vol.Schema({}),
    "cloud": vol.Schema(
        {
            vol.Required(CONF_USERNAME): _text(TextSelectorType.EMAIL, "username"),
            vol.Required(CONF_PASSWORD): _text(TextSelectorType.PASSWORD, "current-password"),
        }
    ),
    "code": vol.Schema(
        {
            vol.Optional(CONF_CODE): _text(autocomplete="one-time-code"),
            vol.Optional(CONF_SEND_AGAIN, default=False): BooleanSelector(),
            vol.Optional(CONF_PASTE_TOKEN, default=False): BooleanSelector(),
        }
    ),
    "token": vol.Schema({vol.Required(CONF_TOKEN): _text(TextSelectorType.PASSWORD)}),
    "init": vol.Schema(
        {
            vol.Required(CONF_SCAN_INTERVAL): NumberSelector(
                NumberSelectorConfig(
                    min=MIN_UPDATE_INTERVAL,
                    max=MAX_UPDATE_INTERVAL,
                    unit_of_measurement="s",
                    mode=NumberSelectorMode.BOX,
                )
            ),
            vol.Required(CONF_PIN): BooleanSelector(),
        }
    ),
}
"""By step; `init` is the step of the options flow."""


class FormFlow(ConfigFlow):
    """A config flow whose steps show the forms above."""

    def __init__(self) -> None:
        """Start without a host and without sessions."""
        self._host = ""
        self._sessions: list[ClientSession] = []

    @property
    def _serial(self) -> str:
        return str(self.unique_id)

    async def _show_form_until(
        self,
        step: str,
        user_input: UserInput | None,
        submit: Callable[[UserInput], Awaitable[ConfigFlowResult]],
        suggested: UserInput | None = None,
    ) -> ConfigFlowResult:
        """Show the form of a step until `submit` accepts its input; an error is shown on the form."""
        if user_input is None:
            return self._show_form(step, suggested or {})
        try:
            return await submit(user_input)
        except SecctrlError as err:
            self._handle_error(err)
            return self._show_form(step, user_input, err)
        except AbortFlow:
            raise
        except Exception:  # noqa: BLE001 - the last handler of the flow; the log has the traceback
            LOGGER.exception("Unexpected exception in the step %s", step)
            return self._show_form(step, user_input, error="unknown")

    def _handle_error(self, err: SecctrlError) -> None:
        """Handle an error in a way beyond showing it; for subclasses."""

    def _show_form(
        self, step: str, values: UserInput, err: SecctrlError | None = None, error: str | None = None
    ) -> ConfigFlowResult:
        """Show a form with the values that aren't secret, and with an exception or the key of an error."""
        key = err.translation_key if err else error
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(
                SCHEMAS[step], {name: value for name, value in values.items() if name in _NOT_SECRET}
            ),
            errors={"base": key} if key else {},
            description_placeholders={**self._placeholders, "answer": "", **(err.placeholders if err else {})},
        )

    @property
    def _placeholders(self) -> dict[str, str]:
        return {"serial": self._serial, "host": self._host, "token_page": TOKEN_PAGE}

    @property
    def _is_removed(self) -> bool:
        """Whether the user has closed the flow, so that its requests fail."""
        return any(session.closed for session in self._sessions)

    def _keep_session(self, session: ClientSession) -> ClientSession:
        """Keep the session until the flow ends."""
        self._sessions.append(session)
        return session

    @callback
    @override
    def async_remove(self) -> None:
        """Detach the sessions; their connections belong to Home Assistant."""
        for session in self._sessions:
            session.detach()
