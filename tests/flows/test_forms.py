"""The fields of the forms."""

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import TextSelector

from tests.emulator import Cloud, Gateway
from tests.flow_manager import open_sign_in_menu, select_option, start_flow, submit_form


def text_fields(flow: ConfigFlowResult) -> dict[str, tuple[str, str]]:
    """Return {field: (type, autocomplete)} of the text fields of a form."""
    schema = flow["data_schema"]
    assert schema
    fields = schema.schema.items()
    return {
        field.schema: (selector.config["type"], selector.config["autocomplete"])
        for field, selector in fields
        if isinstance(selector, TextSelector)
    }


async def test_host(hass: HomeAssistant) -> None:
    """Browsers don't fill in the host."""
    assert text_fields(await start_flow(hass)) == {"host": ("text", "off")}


async def test_account(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """Password managers can fill in the account, and browsers the verification code; the password isn't shown."""
    cloud.add_account("mfa@example.com", "secret", mfa=True)
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    assert text_fields(flow) == {"username": ("email", "username"), "password": ("password", "current-password")}
    flow = await submit_form(hass, flow, username="mfa@example.com", password="secret")
    assert text_fields(flow) == {"code": ("text", "one-time-code")}


async def test_token(hass: HomeAssistant, gateway: Gateway) -> None:
    """The token isn't shown, and browsers don't fill it in."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "token")
    assert text_fields(flow) == {"token": ("password", "off")}
