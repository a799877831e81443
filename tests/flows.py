"""Driving Home Assistant's flow manager as its frontend does."""

from collections.abc import Mapping

from homeassistant.config_entries import ConfigFlowContext, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.enphase_secctrl.const import DOMAIN

type Answers = Mapping[str, object]


async def begin(hass: HomeAssistant, source: str = "user", entry_id: str = "") -> ConfigFlowResult:
    """Begin a flow; reauth and reconfigure name their entry."""
    context = ConfigFlowContext(source=source, entry_id=entry_id) if entry_id else ConfigFlowContext(source=source)
    return await hass.config_entries.flow.async_init(DOMAIN, context=context)


async def answer(hass: HomeAssistant, flow: ConfigFlowResult, **answers: object) -> ConfigFlowResult:
    """Submit a form."""
    assert flow["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(flow["flow_id"], answers)


async def choose(hass: HomeAssistant, flow: ConfigFlowResult, option: str) -> ConfigFlowResult:
    """Choose from a menu what it offers."""
    assert flow["type"] is FlowResultType.MENU
    assert option in flow["menu_options"]
    return await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": option})


def stands(flow: ConfigFlowResult, step: str, error: str | None = None) -> bool:
    """Return whether the form of the step is shown, with this error or none."""
    errors = {"base": error} if error else {}
    return (flow["type"], flow["step_id"], flow["errors"] or {}) == (FlowResultType.FORM, step, errors)


def is_made(flow: ConfigFlowResult) -> bool:
    """Return whether the flow has made an entry."""
    return flow["type"] is FlowResultType.CREATE_ENTRY


def aborts(flow: ConfigFlowResult, reason: str) -> bool:
    """Return whether the flow has ended without an entry, for this reason."""
    return (flow["type"], flow.get("reason")) == (FlowResultType.ABORT, reason)
