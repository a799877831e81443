"""The forms of the flows: their fields, and how one is shown until its answers are of use."""

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

from .const import LOGGER, LONGEST_INTERVAL, SHORTEST_INTERVAL, TOKEN_PAGE
from .failures import Failure

type Answers = Mapping[str, Any]

CONF_SEND_AGAIN: Final = "send_again"
CONF_PASTE_TOKEN: Final = "paste_token"  # noqa: S105 - a name
CONF_PIN: Final = "pin_certificate"

SHOWN_AGAIN: Final = (CONF_HOST, CONF_USERNAME)


def _text(kind: TextSelectorType = TextSelectorType.TEXT, autocomplete: str = "off") -> TextSelector:
    return TextSelector(TextSelectorConfig(type=kind, autocomplete=autocomplete))


_HOST: Final = vol.Schema({vol.Required(CONF_HOST): _text()})

FORMS: Final = {
    "user": _HOST,
    "reauth_confirm": _HOST,
    "reconfigure": _HOST,
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
                    min=SHORTEST_INTERVAL,
                    max=LONGEST_INTERVAL,
                    unit_of_measurement="s",
                    mode=NumberSelectorMode.BOX,
                )
            ),
            vol.Required(CONF_PIN): BooleanSelector(),
        }
    ),
}
"""By step; `init` is that of the options."""


class FormFlow(ConfigFlow):
    """A flow whose steps are forms of the table above."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._host = ""
        self._sessions: list[ClientSession] = []

    @property
    def _serial(self) -> str:
        return str(self.unique_id)

    async def _form(
        self,
        step: str,
        answers: dict[str, Any] | None,
        use: Callable[[Answers], Awaitable[ConfigFlowResult]],
        suggested: Answers | None = None,
    ) -> ConfigFlowResult:
        """Show a step's form until its answers are of use; what went wrong stands on it."""
        if answers is None:
            return self._show(step, suggested or {})
        try:
            return await use(answers)
        except Failure as err:
            self._note(err)
            return self._show(step, answers, err.key, err.placeholders)
        except AbortFlow:
            raise
        except Exception:  # noqa: BLE001 - the flow's last word; the log has the traceback
            if not self._is_over:
                LOGGER.exception("Unexpected failure in the step %s", step)
            return self._show(step, answers, "unknown")

    def _note(self, err: Failure) -> None:
        """See what goes wrong, for flows that do more than show it."""

    def _show(
        self, step: str, answers: Answers, error: str | None = None, placeholders: Mapping[str, str] | None = None
    ) -> ConfigFlowResult:
        shown = {key: value for key, value in answers.items() if key in SHOWN_AGAIN}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(FORMS[step], shown),
            errors={"base": error} if error else {},
            description_placeholders={**self._placeholders, "answer": "", **(placeholders or {})},
        )

    @property
    def _placeholders(self) -> dict[str, str]:
        return {"serial": self._serial, "host": self._host, "token_page": TOKEN_PAGE}

    @property
    def _is_over(self) -> bool:
        """Whether the user has left the flow, so that its requests end early."""
        return any(session.closed for session in self._sessions)

    def _held(self, session: ClientSession) -> ClientSession:
        """Keep the session until the flow ends."""
        self._sessions.append(session)
        return session

    @callback
    @override
    def async_remove(self) -> None:
        """Let go of the sessions; their connections belong to Home Assistant."""
        for session in self._sessions:
            session.detach()
