"""A scan for secrets in everything that Home Assistant shows, stores, or logs."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
import json
import re
from typing import Any, Final, override
from urllib.parse import quote_plus

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.enphase_secctrl.const import DOMAIN
from tests.emulator import (
    Body,
    Cloud,
    ConnectionClose,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    Redirect,
    Reset,
    Status,
    Truncated,
)
from tests.emulator.response import Response
from tests.emulator.server import Server
from tests.polling import poll

DAY: Final = 86400.0
EMAIL: Final = "planted.owner@example.com"
PASSWORD: Final = "Planted+Password/7f3a"
WRONG_PASSWORD: Final = "Planted+Mistake/9c1e"
WRONG_CODE: Final = "planted-code-51d0"
WRONG_TOKEN: Final = "cGxhbnRlZA.cGxhbnRlZA.cGxhbnRlZA"
SERVER_TEXT: Final = "TextOfTheServer"
"""Is in every response, beside what was requested."""
GARBAGE: Final = "200 perhaps"
"""Is in the response of the fault Garbage."""

SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
LOGIN: Final = "/login/login.json"
SEND_CODE: Final = "/app-api/generate_mfa_login_otp"
CHECK_CODE: Final = "/app-api/validate_login_otp"
ROUTES: Final = ("/tokens", "/entrez-auth-token")
PAGE: Final = f'<html><title>{SERVER_TEXT}</title><form action="{SERVER_TEXT}"></html>'.encode()

_JWT: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
_SESSION: Final = re.compile(r'"(?:session_id|manager_token)": "([^"]+)"')

FAULTS: Final[tuple[tuple[Fault, ...], ...]] = (
    (Status(401, body=PAGE),),
    (Status(403, body=PAGE),),
    (Status(404, body=PAGE),),
    (Status(429, body=PAGE, retry_after=1),),
    (Status(500, body=PAGE),),
    (Status(502, body=PAGE),),
    (Status(503, body=SERVER_TEXT.encode(), retry_after=1),),
    (Body(PAGE, "text/html"),),
    (Body(b""),),
    (Body(f'{{"error": "{SERVER_TEXT}"}}'.encode(), "application/json"),),
    (Body(f'["{SERVER_TEXT}"]'.encode()),),
    (Body(f'{{"agg_soc": "{SERVER_TEXT}", "freq_bias_hz": [1], "{SERVER_TEXT}'.encode()),),
    (Body(SERVER_TEXT.encode() + b"\xff\xfe"),),
    (Body(SERVER_TEXT.encode() * 10_000),),
    (Redirect(f"https://{SERVER_TEXT}.example/{SERVER_TEXT}"),),
    (Truncated(20),),
    (EarlyClose(),),
    (Garbage(),),
    (Reset(),),
)
"""Faults that make any response unusable."""

HARMLESS: Final[tuple[tuple[Fault, ...], ...]] = (
    (ConnectionClose(),),
    (Body(f'{{"agg_soc": "{SERVER_TEXT}", "owner": ["{SERVER_TEXT}"], "offgrid_secctrl": "{SERVER_TEXT}"}}'.encode()),),
)
"""Faults of secctrl that don't prevent a report."""


@dataclass(frozen=True)
class TextInHeaders(Fault):
    """Adds headers and cookies with text from the server, and collects the secrets in the response."""

    secrets: set[str]

    @override
    def modify(self, response: Response) -> Response:
        """Collect the secrets, and add the headers."""
        cookies = [
            value.partition("=")[2].partition(";")[0] for name, value in response.headers if name == "Set-Cookie"
        ]
        text = response.body.decode(errors="replace")
        self.secrets.update(cookies, _SESSION.findall(text), *map(secret_parts, _JWT.findall(text)))
        self.secrets.discard("emulated")
        more = (
            ("X-Request-Id", SERVER_TEXT),
            ("Set-Cookie", f"{SERVER_TEXT}={SERVER_TEXT}; path=/"),
            ("Set-Cookie", f"{SERVER_TEXT}@[]={SERVER_TEXT}\t; path"),
            ("WWW-Authenticate", f'Bearer realm="{SERVER_TEXT}"'),
        )
        return replace(response, headers=(*response.headers, *more))


def secret_parts(token: str) -> set[str]:
    """Return what must not appear of a token: the whole token, its claims, and its signature."""
    return {token, *token.split(".")[1:]}


def causes(err: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    while err:
        yield err
        err = err.__cause__ or err.__context__


@dataclass(kw_only=True)
class SecretScan:
    """A user with a browser, everything that was recorded, and the secrets that must not be in it."""

    hass: HomeAssistant
    gateway: Gateway
    cloud: Cloud
    freezer: FrozenDateTimeFactory
    client: TestClient[Any, Any]
    headers: Mapping[str, str]
    caplog: pytest.LogCaptureFixture
    recorded: list[str] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    secrets: set[str] = field(
        default_factory=lambda: {
            *(PASSWORD, WRONG_PASSWORD, WRONG_CODE, WRONG_TOKEN, EMAIL),
            *(quote_plus(PASSWORD), quote_plus(EMAIL), quote_plus(WRONG_PASSWORD)),
            *(b64encode(text.encode()).decode() for text in (EMAIL, PASSWORD, WRONG_CODE)),
        }
    )

    # --- Actions

    def inject_faults(self, server: Server, paths: Iterable[str], faults: Iterable[Fault] = ()) -> None:
        """Inject faults into the responses of some paths, with text from the server in headers and cookies."""
        for path in paths:
            server.inject(path, *faults, TextInHeaders(self.secrets))

    def end_faults(self) -> None:
        """End all faults of both servers; the text in headers and cookies stays."""
        for server in (self.gateway, self.cloud):
            server.clear_faults()
            self.inject_faults(server, ["*"])

    def token(self, **options: Any) -> str:
        """Return a new token of the gateway."""
        token = self.gateway.token(**options)
        self.secrets |= secret_parts(token)
        return token

    async def request(
        self, path: str, user_input: Mapping[str, object] | None = None, method: str = "POST"
    ) -> dict[str, Any]:
        """Send a request to Home Assistant and return its JSON."""
        response = await self.client.request(method, f"/api/{path}", json=user_input, headers=self.headers)
        result: dict[str, Any] = await response.json()
        assert response.status == 200, result
        self.recorded.append(json.dumps(result | {"data_schema": self._without_username(result)}))
        return result

    @staticmethod
    def _without_username(result: Mapping[str, Any]) -> list[object]:
        """Return the fields of a form without the email address, which may be filled in again."""
        fields = result.get("data_schema") or []
        return [
            one | ({"description": None} if (result.get("step_id"), one["name"]) == ("cloud", "username") else {})
            for one in fields
        ]

    async def start_flow(self, **more: object) -> dict[str, Any]:
        """Start a config flow; reconfigure needs the ID of the entry."""
        return await self.request("config/config_entries/flow", {"handler": DOMAIN, **more})

    async def submit(self, flow: Mapping[str, Any], **user_input: object) -> dict[str, Any]:
        """Submit a form of a config flow."""
        return await self.request(f"config/config_entries/flow/{flow['flow_id']}", user_input)

    async def select(self, flow: Mapping[str, Any], option: str) -> dict[str, Any]:
        """Select an option of a menu."""
        assert option in flow["menu_options"]
        return await self.submit(flow, next_step_id=option)

    async def fix(self, flow: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Start the fix of the only issue, or submit its form."""
        (issue_id,) = (issue_id for domain, issue_id in ir.async_get(self.hass).issues if domain == DOMAIN)
        if flow:
            return await self.request(f"repairs/issues/fix/{flow['flow_id']}", {})
        return await self.request("repairs/issues/fix", {"handler": DOMAIN, "issue_id": issue_id})

    async def open_menu(self, **more: object) -> dict[str, Any]:
        """Start a flow and submit the host: with each fault, and finally with a password in it."""
        flow = await self.start_flow(**more)
        for faults in FAULTS:
            self.inject_faults(self.gateway, ["/info"], faults)
            flow = await self.submit(flow, host=self.gateway.host)
            assert flow["errors"], faults
            self.gateway.clear_faults()
        self.end_faults()
        return await self.submit(flow, host=f"https://owner:{quote_plus(PASSWORD)}@{self.gateway.host}/home")

    async def poll(self, seconds: float = 61) -> None:
        """Advance the clock, and record the errors of the polls."""
        await poll(self.hass, self.freezer, seconds)
        await poll(self.hass, self.freezer)
        self.record_errors()

    async def download_diagnostics(self) -> None:
        """Download the diagnostics of each entry."""
        for entry in self.entries:
            response = await self.client.get(f"/api/diagnostics/config_entry/{entry.entry_id}", headers=self.headers)
            assert response.status == 200
            self.downloads.append(await response.text())

    async def poll_with_faults(self) -> None:
        """Poll with each fault, and reload the entry without faults after each."""
        (entry,) = self.entries
        rejection = (Status(401, body=PAGE),)
        for paths, first in (([SECCTRL], ()), ([CHECK_JWT], rejection), ([SECCTRL, "/info"], ())):
            for faults in (*FAULTS, *HARMLESS):
                self.inject_faults(self.gateway, [SECCTRL], first)
                self.inject_faults(self.gateway, paths, faults)
                requests = len(self.gateway.requests)
                await self.poll()
                assert len(self.gateway.requests) > requests
                await self.download_diagnostics()
                self.end_faults()
                await self.hass.config_entries.async_reload(entry.entry_id)

    @property
    def entries(self) -> list[ConfigEntry[Any]]:
        """The entries of the integration."""
        return self.hass.config_entries.async_entries(DOMAIN)

    async def open_reauth(self) -> dict[str, Any]:
        """Show the form of the reauth flow."""
        (flow,) = (
            flow for flow in self.hass.config_entries.flow.async_progress() if flow["context"]["source"] == "reauth"
        )
        return await self.request(f"config/config_entries/flow/{flow['flow_id']}", method="GET")

    # --- Recording

    @callback
    def record_event(self, event: Event) -> None:
        """Record an event: states, attributes, and registries."""
        self.recorded.append(repr(event))
        self.record_errors()

    @callback
    def record_errors(self) -> None:
        """Record the issues, and the reasons of failed polls and setups."""
        self.recorded += [
            repr(issue) for (domain, _), issue in ir.async_get(self.hass).issues.items() if domain == DOMAIN
        ]
        for entry in self.entries:
            self.recorded.append(repr((entry, entry.reason, entry.error_reason_translation_placeholders)))
            coordinator = getattr(entry, "runtime_data", None)
            self.recorded += [f"{err} {err!r}" for err in causes(coordinator and coordinator.last_exception)]

    async def finish(self) -> list[str]:
        """Remove the entries, and return every leak."""
        await self.download_diagnostics()
        for entry in self.entries:
            await self.request(f"config/config_entries/entry/{entry.entry_id}", method="DELETE")
        await self.hass.async_block_till_done()
        return self.leaks()

    def leaks(self) -> list[str]:
        """Return the records that contain a secret, text from a server, or, in diagnostics, an identity."""
        recorded = [*self.caplog.text.splitlines(), *self.recorded, *self.downloads]
        secret = re.compile("|".join(map(re.escape, [*self.secrets, GARBAGE])))
        code = re.compile(rf"(?<![\w.])({'|'.join(self.codes) or 'none'})(?!\w)")
        identity = re.compile(re.escape(self.gateway.serial) + "|" + re.escape(self.gateway.host) + "|127.0.0.1")
        found = [
            text for text in recorded if secret.search(text) or code.search(text) or SERVER_TEXT.lower() in text.lower()
        ]
        return found + [text for text in self.downloads if identity.search(text)]
