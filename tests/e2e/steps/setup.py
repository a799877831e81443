"""Onboarding, and setup of two gateways: one by its address, one by discovery."""

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.async_api import expect
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from scripts.lib.home_assistant import DISPLAY_NAME, PASSWORD, USERNAME, Json
from scripts.lib.integration import Gateway, get_entries
from tests.e2e.checks import check_equal, wait_until
from tests.e2e.enphase_cloud import ACCOUNT_PASSWORD, EMAIL
from tests.e2e.flow_dialog import DIALOG, finish_creation, select_sign_in, submit
from tests.e2e.network import GATEWAY_ADDRESS, HOME_ASSISTANT_ADDRESS, SECOND_GATEWAY_ADDRESS, UNUSED_ADDRESS
from tests.e2e.selectors import INTEGRATIONS_PATH
from tests.e2e.session import BrowserSession
from tests.e2e.translations import form_error, translation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

INTEGRATION_NAME: Final = "Enphase SecCtrl"
SERVICE_TYPE: Final = "_enphase-envoy._tcp.local."


def disabled_core_entry(gateway: Gateway) -> Json:
    """Return a disabled Enphase Envoy entry of a gateway, so that its sign-in is offered but nothing is loaded."""
    return {
        **dict.fromkeys(("created_at", "modified_at"), "2026-01-01T00:00:00+00:00"),
        **dict.fromkeys(("pref_disable_new_entities", "pref_disable_polling"), False),
        "discovery_keys": {},
        "options": {},
        "data": {"host": gateway["host"], "token": gateway["token"]},
        "disabled_by": "user",
        "domain": "enphase_envoy",
        "entry_id": "01J00000000000000000000000",
        "minor_version": 1,
        "source": "user",
        "subentries": [],
        "title": f"Envoy {gateway['serial']}",
        "unique_id": gateway["serial"],
        "version": 1,
    }


async def complete_onboarding(session: BrowserSession) -> None:
    """Create the first user on the onboarding pages, which also logs in the browser."""
    page = session.page
    await page.goto(session.hass.url)
    await page.get_by_role("button", name="Create my smart home").click()
    user = {"name": DISPLAY_NAME, "username": USERNAME, "password": PASSWORD, "password_confirm": PASSWORD}
    for field, text in user.items():
        await page.locator(f'onboarding-create-user input[name="{field}"]').fill(text)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("button", name="Finish").click()
    await page.locator("ha-sidebar").wait_for()
    await session.hass.log_in()
    await session.hass.connect()
    session.monitor.take_problems()  # the onboarding pages have problems of their own, unrelated to the integration


async def find_integration(session: BrowserSession) -> None:
    """Search for the integration by a part of its name, and start the config flow."""
    page = session.page
    await page.goto(session.hass.url + INTEGRATIONS_PATH)
    await page.get_by_role("button", name="Add integration").click()
    dialog = page.locator("dialog-add-integration")
    await dialog.get_by_placeholder("Search for a brand name").fill("secctrl")
    await dialog.locator("ha-integration-list-item", has_text=INTEGRATION_NAME).click()
    await expect(page.locator("step-flow-form")).to_contain_text(translation("config.step.user.description"))


async def enter_wrong_hosts(session: BrowserSession) -> None:
    """Enter an invalid host, and an address that no device has: the form shows the error."""
    for host, key in (("no address", "invalid_host"), (str(UNUSED_ADDRESS), "cannot_connect")):
        await submit(session, host=host)
        await expect(session.page.locator("step-flow-form ha-alert")).to_contain_text(form_error(key))


async def enter_host(session: BrowserSession) -> None:
    """Enter the address of the gateway: the sign-in menu appears. Select the access token."""
    page = session.page
    await submit(session, host=str(GATEWAY_ADDRESS))
    menu = page.locator("step-flow-menu")
    for option in ("existing", "cloud", "token"):
        await expect(menu).to_contain_text(translation(f"config.step.sign_in.menu_option_descriptions.{option}"))
    await session.screenshots.take(page, "setup", parts=page.locator(DIALOG), margin=0)
    await select_sign_in(page, "token")


async def enter_wrong_tokens(session: BrowserSession) -> None:
    """Enter text that is no access token, and the token of a different gateway: the form shows the error."""
    for token, key in (("eyNot.a.token", "not_a_token"), (session.second_gateway["token"], "wrong_gateway")):
        await submit(session, token=token)
        text = form_error(key, token_page="https://entrez.enphaseenergy.com")
        await expect(session.page.locator("step-flow-form ha-alert")).to_contain_text(text)


async def enter_token(session: BrowserSession) -> None:
    """Enter the access token of the gateway: the flow creates the config entry."""
    await submit(session, token=session.gateway["token"])
    await finish_creation(session.page, session.gateway["serial"])


async def set_up_discovered_gateway(session: BrowserSession) -> None:
    """Announce the second gateway, and set it up from the card of the discovered device.

    Sign in with an account that needs a verification code.
    """
    page, gateway = session.page, session.second_gateway
    await page.goto(session.hass.url + INTEGRATIONS_PATH)
    async with _announce_second_gateway(gateway["serial"]):
        title = f"IQ Gateway {gateway['serial']} ({SECOND_GATEWAY_ADDRESS})"
        card = page.locator("ha-config-flow-card", has_text=title)
        await session.screenshots.take(page, "discovered", parts=card)
        await card.get_by_role("button", name="Add").click()
        await select_sign_in(page, "cloud")
        await _enter_account_and_code(session)
        await finish_creation(page, gateway["serial"], "code")
    states = [entry["state"] for entry in await get_entries(session.hass)]
    check_equal("States of the config entries", states, ["loaded", "loaded"])
    stored = session.hass.log.with_name(".storage") / "core.config_entries"
    text = await wait_until(lambda: _read(stored), lambda text: gateway["serial"] in text)
    check_equal("Entry and password are stored", (gateway["serial"] in text, ACCOUNT_PASSWORD in text), (True, False))


async def _read(file: Path) -> str:
    return file.read_text()


async def _enter_account_and_code(session: BrowserSession) -> None:
    """Enter the account, a wrong verification code, and the right one."""
    page = session.page
    form = page.locator("step-flow-form")
    await submit(session, username=EMAIL, password=ACCOUNT_PASSWORD)
    await expect(form).to_contain_text(translation("config.step.code.data.send_again"))
    await session.screenshots.take(page, "code", parts=page.locator(DIALOG), margin=0)
    await submit(session, code="0")
    await expect(form.locator("ha-alert")).to_contain_text(form_error("invalid_code"))
    await submit(session, code=session.cloud.last_code(EMAIL))


@asynccontextmanager
async def _announce_second_gateway(serial: str) -> AsyncGenerator[None]:
    """Announce the second gateway over mDNS with the port and properties of a real one."""
    service = ServiceInfo(
        SERVICE_TYPE,
        f"envoy.{SERVICE_TYPE}",
        port=80,
        addresses=[SECOND_GATEWAY_ADDRESS.packed],
        properties={"serialnum": serial, "protovers": "8.3.6086", "txtvers": "1"},
        server="envoy.local.",
    )
    async with AsyncZeroconf(interfaces=[str(HOME_ASSISTANT_ADDRESS)]) as zeroconf:
        await zeroconf.async_register_service(service)
        yield
