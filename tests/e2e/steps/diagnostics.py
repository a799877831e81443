"""The diagnostics of a config entry."""

import json
from pathlib import Path

from scripts.lib.smoke import read_payload
from tests.e2e.checks import check_equal
from tests.e2e.network import GATEWAY_ADDRESS, HOME_ASSISTANT_ADDRESS, NEW_GATEWAY_ADDRESS
from tests.e2e.selectors import open_menu
from tests.e2e.session import BrowserSession

from .options import INTERVAL


async def download_diagnostics(session: BrowserSession) -> None:
    """Download the diagnostics: they contain the report, but no serial number, address, or token."""
    item = await open_menu(session, session.gateway["serial"], "Download diagnostics")
    async with session.page.expect_download() as download:
        await item.click()
    file = await (await download.value).path()
    text = Path(file).read_text()
    content = json.loads(text)["data"]
    actual = (content["state"], content["interval"], content["pinned"])
    check_equal("State, interval, and pinned certificate in the diagnostics", actual, ("loaded", INTERVAL, True))
    check_equal("Report in the diagnostics", content["report"], await read_payload(session.moved_gateway))
    secrets = (
        session.gateway["serial"],
        *(str(address) for address in (GATEWAY_ADDRESS, HOME_ASSISTANT_ADDRESS, NEW_GATEWAY_ADDRESS)),
        *(session.gateway["token"], session.new_token),
    )
    check_equal("Secrets in the diagnostics", [secret for secret in secrets if secret in text], [])
