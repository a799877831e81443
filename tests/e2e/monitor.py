"""Detection of problems in the browser, on the network, and in the log of Home Assistant."""

from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

from scripts.lib.home_assistant import HomeAssistant

LOCAL_SCHEMES: Final = ("data", "blob", "about", "chrome")
# Home Assistant downloads the images of other brands from the internet, which is unreachable here
BRAND_IMAGES: Final = "/api/brands/"
SERVER_ERROR: Final = 500


class Monitor:
    """Collects the problems of all pages of a browser and of one Home Assistant."""

    def __init__(self, context: BrowserContext, hass: HomeAssistant) -> None:
        """Start to listen to the events of the browser."""
        self._hass = hass
        self._host = urlsplit(hass.url).hostname
        self._browser_problems: list[str] = []
        self._reported_records: set[str] = set()
        self._expected: list[str] = []
        context.on("weberror", self._on_error)
        context.on("console", self._on_console)
        context.on("request", self._on_request)
        context.on("response", self._on_response)

    def expect(self, *texts: str) -> None:
        """Expect a problem with each of these texts before the next call of `take_problems`."""
        self._expected += texts

    def take_problems(self) -> list[str]:
        """Return the unexpected problems since the last call, and "not detected: ..." for each missing one."""
        # The frontend of Home Assistant catches the errors of its pages and sends them to the log
        frontend_errors = [f"frontend error: {record}" for record in self._hass.log_records("[frontend.js")]
        log_errors = [f"log: {record}" for record in self._hass.logged_errors()]
        records = [record for record in frontend_errors + log_errors if record not in self._reported_records]
        self._reported_records |= {*records}
        problems = [*dict.fromkeys(self._browser_problems), *records]
        expected, self._browser_problems, self._expected = self._expected, [], []
        return [problem for problem in problems if not any(map(problem.count, expected))] + [
            f"not detected: {text}" for text in expected if not any(text in problem for problem in problems)
        ]

    def _on_error(self, error: WebError) -> None:
        self._browser_problems.append(f"page error: {error.error}")

    def _on_console(self, message: ConsoleMessage) -> None:
        url = message.location["url"]
        if message.type == "error" and BRAND_IMAGES not in url:
            self._browser_problems.append(f"console error: {message.text} ({url})")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in LOCAL_SCHEMES and url.hostname != self._host:
            self._browser_problems.append(f"request to another host: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= SERVER_ERROR and BRAND_IMAGES not in response.url:
            self._browser_problems.append(f"response {response.status}: {response.url}")
