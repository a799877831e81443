"""Sees what must not happen while a user clicks: in the pages, on the network, in Home Assistant's log."""

from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

from scripts.hass import HomeAssistant

OWN: Final = ("data", "blob", "about", "chrome")
# Home Assistant fetches pictures of other brands from the internet, which is not there
ABSENT: Final = "/api/brands/"
SERVER_ERROR: Final = 500


class Watch:
    """Collects the faults of a browser's pages and of one Home Assistant."""

    def __init__(self, context: BrowserContext, hass: HomeAssistant) -> None:
        """Begin to look."""
        self._hass = hass
        self._host = urlsplit(hass.url).hostname
        self._seen: list[str] = []
        self._told: set[str] = set()
        self._expected: list[str] = []
        context.on("weberror", self._on_error)
        context.on("console", self._on_console)
        context.on("request", self._on_request)
        context.on("response", self._on_response)

    def expect(self, *texts: str) -> None:
        """Take what says one of these for right, this time, and its absence for a fault."""
        self._expected += texts

    def faults(self) -> list[str]:
        """Return what was seen unexpectedly since the last call, and "not seen: ..." for what was expected in vain."""
        # Home Assistant's frontend handles the uncaught errors of its pages: it sends them to the log
        thrown = [f"frontend error: {one}" for one in self._hass.problems("[frontend.js")]
        logged = [f"log: {one}" for one in self._hass.errors()]
        records = [one for one in thrown + logged if one not in self._told]
        self._told |= {*records}
        news = [*dict.fromkeys(self._seen), *records]
        expected, self._seen, self._expected = self._expected, [], []
        return [one for one in news if not any(map(one.count, expected))] + [
            f"not seen: {text}" for text in expected if not any(text in one for one in news)
        ]

    def _on_error(self, error: WebError) -> None:
        self._seen.append(f"page error: {error.error}")

    def _on_console(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        if message.type == "error" and ABSENT not in where:
            self._seen.append(f"console error: {message.text} ({where})")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in OWN and url.hostname != self._host:
            self._seen.append(f"request to another host: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= SERVER_ERROR and ABSENT not in response.url:
            self._seen.append(f"answer {response.status}: {response.url}")
