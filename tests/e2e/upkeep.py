"""What happens to an entry in its life: other options, another address, another token, another certificate."""

import time
from typing import Final

from playwright.async_api import Page, expect

from scripts.demo import entries
from scripts.hass import DOMAIN

from .expectations import same, until
from .journey import Journey
from .network import MOVED
from .places import INTEGRATIONS, OPTIONS, device_page, entry_row, menu_item
from .set_up import choose_token, dismiss, submit
from .words import logged, word

INTERVAL: Final = 5  # s, the shortest
OLD: Final = 350 * 86400  # s; 15 days are left of an owner's year
LATE: Final = 3  # s that a poll may be late on a busy machine


async def is_well(journey: Journey) -> None:
    """Wait until both entries work and nothing needs a repair."""
    same("What our entries suffer from", await until(lambda: ailments(journey), lambda found: not found), [])


async def ailments(journey: Journey) -> list[str]:
    """Return what is wrong with our entries."""
    issues = await journey.hass.call("repairs/list_issues", dict[str, list[dict[str, str]]])
    states = [one["state"] for one in await entries(journey.hass)]
    return [one for one in states if one != "loaded"] + [
        one["issue_id"] for one in issues["issues"] if one["domain"] == DOMAIN
    ]


async def options(journey: Journey) -> None:
    """Ask for values more often, and pin the certificate."""
    page = journey.page
    row = await entry_row(journey, journey.gateway["serial"])
    await row.locator(OPTIONS).first.click()
    form = page.locator("step-flow-form")
    await expect(form).to_contain_text(word("options.step.init.data_description.pin_certificate"))
    await form.locator("ha-selector-number input").fill(str(INTERVAL))
    await form.locator("ha-switch").click()
    await page.get_by_role("button", name="Submit").click()
    await dismiss(page, "Finish")
    await is_well(journey)
    await next_poll(journey)
    began = time.monotonic()
    await next_poll(journey)
    pause = time.monotonic() - began
    same(f"A poll every {INTERVAL} s (it took {pause:.1f} s)", pause < INTERVAL + LATE, True)


async def next_poll(journey: Journey) -> None:
    """Wait until the first gateway is asked once more for its values."""
    before = await journey.polls()
    await until(journey.polls, lambda polls: polls > before)


async def reconfigure(journey: Journey) -> None:
    """Follow the gateway to another address, and keep the sign-in."""
    page, serial = journey.page, journey.gateway["serial"]
    await journey.turn("move", address=str(MOVED))
    await fail(journey, "cannot_connect")
    await (await menu_item(journey, serial, "Reconfigure")).click()
    await submit(journey, "host", str(MOVED))
    await page.locator("step-flow-menu").get_by_text(word("config.step.sign_in.menu_options.keep"), exact=True).click()
    await succeed(page)
    await is_well(journey)
    await page.goto(await device_page(journey.hass, journey.gateway))
    await expect(page.locator(f'a[href="https://{MOVED}"]').first).to_be_visible()


async def repair(journey: Journey) -> None:
    """Accept another certificate in Repairs."""
    page = journey.page
    await journey.turn("new_certificate")
    await journey.turn("move", address=str(MOVED))
    await fail(journey, "certificate_changed")
    await open_repair(journey, "certificate_changed")
    dialog = page.locator("step-flow-form")
    await expect(dialog).to_contain_text("Submit to accept the one that is shown now")
    await page.get_by_role("button", name="Submit").click()
    await dismiss(page, "Finish")
    await is_well(journey)


async def sign_in_again(journey: Journey) -> None:
    """Paste a new token when the gateway takes the old one no longer."""
    page, serial = journey.page, journey.gateway["serial"]
    journey.token = (await journey.turn("token"))["token"]
    await journey.turn("revoke", token=journey.gateway["token"])
    await fail(journey, "invalid_auth")
    await page.goto(journey.hass.url + INTEGRATIONS)
    card = page.locator("ha-config-flow-card", has_text=f"IQ Gateway {serial}")
    await card.get_by_role("button").first.click()
    await renew(journey, journey.token)
    await is_well(journey)


async def sign_in_in_time(journey: Journey) -> None:
    """Go over to a token of last year, which ends soon, and be led from Repairs to the form for a new one."""
    old = (await journey.turn("token", age=OLD))["token"]
    await (await menu_item(journey, journey.gateway["serial"], "Reconfigure")).click()
    await renew(journey, old)
    await open_repair(journey, "token_ends")
    await journey.page.get_by_role("button", name="Submit").click()
    await renew(journey, journey.token)
    await is_well(journey)


async def renew(journey: Journey, token: str) -> None:
    """Go through a flow of an entry with another token."""
    await submit(journey, "host", str(MOVED))
    await choose_token(journey.page)
    await submit(journey, "token", token)
    await succeed(journey.page)


async def succeed(page: Page) -> None:
    """Read that the change is made, and close."""
    await expect(page.locator("step-flow-abort")).to_contain_text("successful")
    await dismiss(page, "Close")


async def open_repair(journey: Journey, kind: str) -> None:
    """Open what Repairs says of the first gateway."""
    await journey.page.goto(f"{journey.hass.url}/config/repairs")
    title = word(f"issues.{kind}.title", title=f"IQ Gateway {journey.gateway['serial']}")
    await journey.page.locator("ha-config-repairs").get_by_text(title).click()


async def fail(journey: Journey, key: str) -> None:
    """Wait until Home Assistant logs the failure, which is right in this step; raises RunError."""
    journey.watch.expect(logged(key))

    async def told() -> bool:
        return any(logged(key) in record for record in journey.hass.errors())

    same(f"{key} is logged", await until(told, bool), wanted=True)
