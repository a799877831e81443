"""From the first page to two gateways: one typed in with every mistake first, one that announced itself."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from playwright.async_api import Page, expect
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from scripts.demo import entries
from scripts.hass import LOGIN, USER

from .expectations import same
from .journey import Journey
from .network import GATEWAY, HOME, NOBODY, SECOND_GATEWAY
from .places import INTEGRATIONS
from .words import error, word

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

BRAND: Final = "Enphase SecCtrl"
SERVICE: Final = "_enphase-envoy._tcp.local."


async def welcome(journey: Journey) -> None:
    """Go through the pages that come first: they make the user, and log in."""
    page = journey.page
    await page.goto(journey.hass.url)
    await page.get_by_role("button", name="Create my smart home").click()
    user = {"name": USER, "username": LOGIN[0], "password": LOGIN[1], "password_confirm": LOGIN[1]}
    for field, text in user.items():
        await page.locator(f'onboarding-create-user input[name="{field}"]').fill(text)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("button", name="Finish").click()
    await page.locator("ha-sidebar").wait_for()
    await journey.hass.log_in()
    await journey.hass.open()
    journey.watch.faults()  # Home Assistant's first pages, where nothing of ours is, stumble by themselves


async def search(journey: Journey) -> None:
    """Find the integration among all brands, by a part of its name."""
    page = journey.page
    await page.goto(journey.hass.url + INTEGRATIONS)
    await page.get_by_role("button", name="Add integration").click()
    dialog = page.locator("dialog-add-integration")
    await dialog.get_by_placeholder("Search for a brand name").fill("secctrl")
    await dialog.locator("ha-integration-list-item", has_text=BRAND).click()
    await expect(page.locator("step-flow-form")).to_contain_text(word("config.step.user.description"))


async def wrong_hosts(journey: Journey) -> None:
    """Enter what is no address, then one that nobody has."""
    for host, key in (("no address", "invalid_host"), (str(NOBODY), "cannot_connect")):
        await submit(journey, "host", host)
        await expect(journey.page.locator("step-flow-form ha-alert")).to_contain_text(error(key))


async def right_host(journey: Journey) -> None:
    """Enter the gateway's address, and get to the ways to sign in."""
    page = journey.page
    await submit(journey, "host", str(GATEWAY))
    menu = page.locator("step-flow-menu")
    await expect(menu).to_contain_text(word("config.step.sign_in.menu_option_descriptions.cloud"))
    await journey.pictures.take(page, "setup", height=700)
    await choose_token(page)


async def wrong_tokens(journey: Journey) -> None:
    """Paste what is no token, then the token of another gateway."""
    for token, key in (("eyNot.a.token", "not_a_token"), (journey.second["token"], "wrong_gateway")):
        await submit(journey, "token", token)
        text = error(key, token_page="https://entrez.enphaseenergy.com")
        await expect(journey.page.locator("step-flow-form ha-alert")).to_contain_text(text)


async def right_token(journey: Journey) -> None:
    """Paste the gateway's own token, and get to its device page."""
    await submit(journey, "token", journey.gateway["token"])
    await finish(journey, journey.gateway["serial"])


async def discovered(journey: Journey) -> None:
    """See a second gateway that announces itself, and set it up from there."""
    page, second = journey.page, journey.second
    await page.goto(journey.hass.url + INTEGRATIONS)
    async with announced(second["serial"]):
        card = page.locator("ha-config-flow-card", has_text=f"IQ Gateway {second['serial']} ({SECOND_GATEWAY})")
        await card.get_by_role("button", name="Add").click()
        await choose_token(page)
        await submit(journey, "token", second["token"])
        await finish(journey, second["serial"])
    same("The entries", [one["state"] for one in await entries(journey.hass)], ["loaded", "loaded"])


@asynccontextmanager
async def announced(serial: str) -> AsyncGenerator[None]:
    """Announce the second gateway as a real one does, from its own address and with the port of its firmware."""
    service = ServiceInfo(
        SERVICE,
        f"envoy.{SERVICE}",
        port=80,
        addresses=[SECOND_GATEWAY.packed],
        properties={"serialnum": serial, "protovers": "8.3.6086", "txtvers": "1"},
        server="envoy.local.",
    )
    async with AsyncZeroconf(interfaces=[str(HOME)]) as announcer:
        await announcer.async_register_service(service)
        yield


async def choose_token(page: Page) -> None:
    """Choose, among the ways to sign in, to paste a token."""
    await page.locator("step-flow-menu").get_by_text(word("config.step.sign_in.menu_options.token"), exact=True).click()


async def submit(journey: Journey, field: str, text: str) -> None:
    """Fill the field of a form and submit it."""
    await journey.page.locator(f'step-flow-form input[name="{field}"]').fill(text)
    await journey.page.get_by_role("button", name="Submit").click()


async def finish(journey: Journey, serial: str) -> None:
    """Close the flow that has made an entry; with one device its page follows."""
    page = journey.page
    made = page.locator("step-flow-create-entry")
    await expect(made.locator("input").first).to_have_value(f"IQ Gateway {serial}")
    await dismiss(page, "Skip and finish")


async def dismiss(page: Page, button: str) -> None:
    """Press the last button of a flow, and wait until its dialog has left the history too."""
    await page.get_by_role("button", name=button, exact=True).last.click()
    await page.locator("dialog-data-entry-flow ha-dialog").wait_for(state="detached")
    await page.wait_for_function("!history.state?.dialog")
