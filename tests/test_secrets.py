"""Nothing secret is ever told: not in logs, flows, states, issues, exceptions or diagnostics, whatever goes wrong."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
import json
import logging
import re
from typing import Any, Final, override
from urllib.parse import quote_plus

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN, User
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.enphase_secctrl.const import CORE_DOMAIN, DOMAIN
from tests.gateway import (
    Body,
    Cloud,
    ConnectionClose,
    EarlyClose,
    Fault,
    Garbage,
    Gateway,
    Login,
    Redirect,
    Reset,
    RouteA,
    Status,
    Truncated,
)
from tests.gateway.exchange import Reply
from tests.gateway.server import Server
from tests.shown import poll

DAY: Final = 86400.0
EMAIL: Final = "planted.owner@example.com"
PASSWORD: Final = "Planted+Password/7f3a"
WRONG_PASSWORD: Final = "Planted+Mistake/9c1e"
WRONG_CODE: Final = "planted-code-51d0"
WRONG_TOKEN: Final = "cGxhbnRlZA.cGxhbnRlZA.cGxhbnRlZA"
WORDS: Final = "SaysTheServer"
"""Stands in all that a server answers beside what is asked for."""
NO_HTTP: Final = "200 perhaps"
"""Stands in the emulator's answer that is not HTTP."""

SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"
LOGIN: Final = "/login/login.json"
SEND_CODE: Final = "/app-api/generate_mfa_login_otp"
CHECK_CODE: Final = "/app-api/validate_login_otp"
ROUTES: Final = ("/tokens", "/entrez-auth-token")
PAGE: Final = f'<html><title>{WORDS}</title><form action="{WORDS}"></html>'.encode()

_JWT: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
_SESSION: Final = re.compile(r'"(?:session_id|manager_token)": "([^"]+)"')

FAULTS: Final[tuple[tuple[Fault, ...], ...]] = (
    (Status(401, body=PAGE),),
    (Status(403, body=PAGE),),
    (Status(404, body=PAGE),),
    (Status(429, body=PAGE, retry_after=1),),
    (Status(500, body=PAGE),),
    (Status(502, body=PAGE),),
    (Status(503, body=WORDS.encode(), retry_after=1),),
    (Body(PAGE, "text/html"),),
    (Body(b""),),
    (Body(f'{{"error": "{WORDS}"}}'.encode(), "application/json"),),
    (Body(f'["{WORDS}"]'.encode()),),
    (Body(f'{{"agg_soc": "{WORDS}", "freq_bias_hz": [1], "{WORDS}'.encode()),),
    (Body(WORDS.encode() + b"\xff\xfe"),),
    (Body(WORDS.encode() * 10_000),),
    (Redirect(f"https://{WORDS}.example/{WORDS}"),),
    (Truncated(20),),
    (EarlyClose(),),
    (Garbage(),),
    (Reset(),),
)
"""What makes any answer useless; the server has its say in each that lets it."""

HARMLESS: Final[tuple[tuple[Fault, ...], ...]] = (
    (ConnectionClose(),),
    (Body(f'{{"agg_soc": "{WORDS}", "owner": ["{WORDS}"], "offgrid_secctrl": "{WORDS}"}}'.encode()),),
)
"""What can be lived with."""


@dataclass(frozen=True)
class Marked(Fault):
    """Lets the server have its say in headers and cookies, and remembers what it gave out."""

    given: set[str]

    @override
    def change(self, reply: Reply) -> Reply:
        cookies = [value.partition("=")[2].partition(";")[0] for name, value in reply.headers if name == "Set-Cookie"]
        text = reply.body.decode(errors="replace")
        self.given.update(cookies, _SESSION.findall(text), *map(pieces, _JWT.findall(text)))
        self.given.discard("emulated")
        more = (
            ("X-Request-Id", WORDS),
            ("Set-Cookie", f"{WORDS}={WORDS}; path=/"),
            ("Set-Cookie", f"{WORDS}@[]={WORDS}\t; path"),
            ("WWW-Authenticate", f'Bearer realm="{WORDS}"'),
        )
        return replace(reply, headers=(*reply.headers, *more))


def pieces(token: str) -> set[str]:
    """Return what must not be told of a token: all of it, its claims, its signature."""
    return {token, *token.split(".")[1:]}


def chain(err: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those it came from."""
    while err:
        yield err
        err = err.__cause__ or err.__context__


@dataclass(kw_only=True)
class World:
    """A user with a browser, everything that was told, and what must not have been."""

    hass: HomeAssistant
    gateway: Gateway
    cloud: Cloud
    freezer: FrozenDateTimeFactory
    client: TestClient[Any, Any]
    headers: Mapping[str, str]
    caplog: pytest.LogCaptureFixture
    told: list[str] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    secrets: set[str] = field(
        default_factory=lambda: {
            *(PASSWORD, WRONG_PASSWORD, WRONG_CODE, WRONG_TOKEN, EMAIL),
            *(quote_plus(PASSWORD), quote_plus(EMAIL), quote_plus(WRONG_PASSWORD)),
            *(b64encode(text.encode()).decode() for text in (EMAIL, PASSWORD, WRONG_CODE)),
        }
    )

    # --- what happens

    def spoil(self, server: Server, paths: Iterable[str], faults: Iterable[Fault] = ()) -> None:
        """Let the answers of some paths go wrong, and the server have its say."""
        for path in paths:
            server.answer(path, *faults, Marked(self.secrets))

    def mend(self) -> None:
        """End all faults, of both servers."""
        for server in (self.gateway, self.cloud):
            server.clear()
            self.spoil(server, ["*"])

    def token(self, **options: Any) -> str:
        """Return a new token of the gateway."""
        token = self.gateway.token(**options)
        self.secrets |= pieces(token)
        return token

    async def ask(self, path: str, answers: Mapping[str, object] | None = None, method: str = "POST") -> dict[str, Any]:
        """Send what a browser sends; returns what it is shown."""
        response = await self.client.request(method, f"/api/{path}", json=answers, headers=self.headers)
        shown: dict[str, Any] = await response.json()
        assert response.status == 200, shown
        self.told.append(json.dumps(shown | {"data_schema": self._without_username(shown)}))
        return shown

    @staticmethod
    def _without_username(shown: Mapping[str, Any]) -> list[object]:
        """Return the fields of a form; what was entered as user name may stand in it again."""
        fields = shown.get("data_schema") or []
        return [
            one | ({"description": None} if (shown.get("step_id"), one["name"]) == ("cloud", "username") else {})
            for one in fields
        ]

    async def begin(self, **more: object) -> dict[str, Any]:
        """Begin a config flow; reconfigure names its entry."""
        return await self.ask("config/config_entries/flow", {"handler": DOMAIN, **more})

    async def answer(self, flow: Mapping[str, Any], **answers: object) -> dict[str, Any]:
        """Submit a form of a config flow."""
        return await self.ask(f"config/config_entries/flow/{flow['flow_id']}", answers)

    async def choose(self, flow: Mapping[str, Any], option: str) -> dict[str, Any]:
        """Choose from a menu."""
        assert option in flow["menu_options"]
        return await self.answer(flow, next_step_id=option)

    async def fix(self, flow: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Begin the fix of the only issue, or submit its form."""
        (issue_id,) = (issue_id for domain, issue_id in ir.async_get(self.hass).issues if domain == DOMAIN)
        beginning = {"handler": DOMAIN, "issue_id": issue_id}
        path = f"repairs/issues/fix/{flow['flow_id']}" if flow else "repairs/issues/fix"
        return await self.ask(path, {} if flow else beginning)

    async def menu(self, **more: object) -> dict[str, Any]:
        """Enter the address, after a wrong one and one where all goes wrong."""
        flow = await self.begin(**more)
        for faults in FAULTS:
            self.spoil(self.gateway, ["/info"], faults)
            flow = await self.answer(flow, host=self.gateway.host)
            assert flow["errors"], faults
            self.gateway.clear()
        self.mend()
        return await self.answer(flow, host=f"https://owner:{quote_plus(PASSWORD)}@{self.gateway.host}/home")

    async def poll(self, seconds: float = 61) -> None:
        """Let time pass, and listen to how the polls went."""
        await poll(self.hass, self.freezer, seconds)
        await poll(self.hass, self.freezer)
        self.listen()

    async def download(self) -> None:
        """Download the diagnostics of each entry."""
        for entry in self.entries:
            response = await self.client.get(f"/api/diagnostics/config_entry/{entry.entry_id}", headers=self.headers)
            assert response.status == 200
            self.downloads.append(await response.text())

    async def trouble(self) -> None:
        """Poll while all goes wrong, one after the other, and in the end nothing."""
        (entry,) = self.entries
        for paths, refusal in (([SECCTRL], ()), ([CHECK_JWT], (Status(401, body=PAGE),)), ([SECCTRL, "/info"], ())):
            for faults in (*FAULTS, *HARMLESS):
                self.spoil(self.gateway, [SECCTRL], refusal)
                self.spoil(self.gateway, paths, faults)
                asked = len(self.gateway.requests)
                await self.poll()
                assert len(self.gateway.requests) > asked
                await self.download()
                self.mend()
                await self.hass.config_entries.async_reload(entry.entry_id)

    @property
    def entries(self) -> list[ConfigEntry[Any]]:
        """The entries of ours."""
        return self.hass.config_entries.async_entries(DOMAIN)

    async def reauth(self) -> dict[str, Any]:
        """Open the form that asks to sign in again."""
        (flow,) = (
            flow for flow in self.hass.config_entries.flow.async_progress() if flow["context"]["source"] == "reauth"
        )
        return await self.ask(f"config/config_entries/flow/{flow['flow_id']}", method="GET")

    # --- what was told

    @callback
    def hear(self, event: Event) -> None:
        """Keep an event: states, attributes, registries."""
        self.told.append(repr(event))
        self.listen()

    @callback
    def listen(self) -> None:
        """Keep the issues, and why a poll or a set-up failed."""
        self.told += [repr(issue) for (domain, _), issue in ir.async_get(self.hass).issues.items() if domain == DOMAIN]
        for entry in self.entries:
            self.told.append(repr((entry, entry.reason, entry.error_reason_translation_placeholders)))
            coordinator = getattr(entry, "runtime_data", None)
            self.told += [f"{err} {err!r}" for err in chain(coordinator and coordinator.last_exception)]

    async def end(self) -> list[str]:
        """Remove the entries; return all that leaked."""
        await self.download()
        for entry in self.entries:
            await self.ask(f"config/config_entries/entry/{entry.entry_id}", method="DELETE")
        await self.hass.async_block_till_done()
        return self.leaks()

    def leaks(self) -> list[str]:
        """Return where something stands that must not."""
        told = [*self.caplog.text.splitlines(), *self.told, *self.downloads]
        secret = re.compile("|".join(map(re.escape, [*self.secrets, NO_HTTP])))
        code = re.compile(rf"(?<![\w.])({'|'.join(self.codes) or 'none'})(?!\w)")
        identity = re.compile(re.escape(self.gateway.serial) + "|" + re.escape(self.gateway.host) + "|127.0.0.1")
        found = [text for text in told if secret.search(text) or code.search(text) or WORDS.lower() in text.lower()]
        return found + [text for text in self.downloads if identity.search(text)]


@pytest.fixture
async def world(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    hass_admin_user: User,
    caplog: pytest.LogCaptureFixture,
) -> World:
    """A Home Assistant that logs all it can, with nothing set up."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp", "asyncio", "homeassistant", "custom_components", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    for component in ("config", "diagnostics", "repairs"):
        assert await async_setup_component(hass, component, {})
    refresh = await hass.auth.async_create_refresh_token(
        hass_admin_user,
        client_name="browser",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=3650),
    )
    world = World(
        hass=hass,
        gateway=gateway,
        cloud=cloud,
        freezer=freezer,
        client=await hass_client_no_auth(),
        headers={"Authorization": f"Bearer {hass.auth.async_create_access_token(refresh)}"},
        caplog=caplog,
    )
    hass.bus.async_listen(MATCH_ALL, world.hear)
    gateway.payload["owner"] = WORDS
    cloud.add_account(EMAIL, PASSWORD)
    world.mend()
    return world


async def test_token(world: World) -> None:
    """A pasted token: set-up, trouble, another token, the token's end, removal."""
    flow = await world.choose(await world.menu(), "token")
    for wrong in (WRONG_TOKEN, PASSWORD, world.token(serial="202200000002"), world.token(lifetime=-1.0)):
        flow = await world.answer(flow, token=wrong)
        assert flow["errors"], wrong
    token = world.token()
    for faults in FAULTS:
        world.spoil(world.gateway, [SECCTRL, CHECK_JWT], faults)
        flow = await world.answer(flow, token=token)
        assert flow["errors"], faults
        world.mend()
    flow = await world.answer(flow, token=token)
    assert flow["type"] == "create_entry"
    await world.hass.async_block_till_done()
    await world.trouble()
    world.gateway.revoke(token)
    await world.poll()
    flow = await world.answer(await world.reauth(), host=world.gateway.host)
    flow = await world.choose(flow, "token")
    flow = await world.answer(flow, token=token)
    assert flow["errors"] == {"base": "invalid_auth"}
    flow = await world.answer(flow, token=world.token(lifetime=20 * DAY))
    assert flow["reason"] == "reauth_successful"
    await world.poll(19 * DAY)
    fix = await world.fix(await world.fix())
    assert fix["reason"] == "sign_in_again"
    await world.reauth()
    (entry,) = world.entries
    flow = await world.choose(await world.menu(entry_id=entry.entry_id), "keep")
    assert flow["reason"] == "reconfigure_successful"
    await world.poll(5 * DAY)
    assert await world.end() == []


async def test_account(world: World) -> None:
    """An account: wrong passwords, a cloud in trouble, renewals, refused ones, another password."""
    flow = await world.choose(await world.menu(), "cloud")
    flow = await world.answer(flow, username=EMAIL, password=WRONG_PASSWORD)
    assert flow["errors"] == {"base": "invalid_auth"}
    logins: tuple[Login, ...] = ("blocked", "too_many", "wall")
    for login in logins:
        world.cloud.login = login
        flow = await world.answer(flow, username=EMAIL, password=PASSWORD)
        assert flow["errors"], login
    world.cloud.login = "ok"
    for paths in ((LOGIN,), ROUTES):
        for faults in FAULTS:
            world.spoil(world.cloud, paths, faults)
            flow = await world.answer(flow, username=EMAIL, password=PASSWORD)
            assert flow["errors"], faults
            world.mend()
    routes: tuple[RouteA, ...] = ("400", "403", "error_text", "json")
    for route in routes:
        world.cloud.route_a = route
        world.spoil(world.cloud, ROUTES[1:], [Status(502, body=PAGE)])
        flow = await world.answer(flow, username=EMAIL, password=PASSWORD)
        world.mend()
    assert flow["type"] == "create_entry"
    await world.hass.async_block_till_done()
    (entry,) = world.entries
    await world.trouble()
    for faults in FAULTS:
        world.spoil(world.cloud, [LOGIN], faults)
        world.gateway.revoke(entry.data[CONF_TOKEN])
        await world.poll(3700)
        world.mend()
        await world.poll(3700)
    world.cloud.add_account(EMAIL, WRONG_PASSWORD)
    await world.poll(340 * DAY)
    await world.poll(40 * DAY)
    flow = await world.answer(await world.reauth(), host=world.gateway.host)
    flow = await world.choose(flow, "cloud")
    flow = await world.answer(flow, username=EMAIL, password=PASSWORD)
    assert flow["errors"] == {"base": "invalid_auth"}
    flow = await world.answer(flow, username=EMAIL, password=WRONG_PASSWORD)
    assert flow["reason"] == "reauth_successful"
    await world.poll(335 * DAY)
    await world.poll()
    assert entry.state is ConfigEntryState.LOADED
    assert await world.end() == []


async def test_code(world: World) -> None:
    """An account with a code: wrong ones, lost ones, another one, the right one."""
    world.cloud.add_account(EMAIL, PASSWORD, mfa=True)
    world.cloud.csrf = True
    flow = await world.choose(await world.menu(), "cloud")
    for path, answers in ((SEND_CODE, {"send_again": True}), (CHECK_CODE, {"code": WRONG_CODE})):
        for faults in FAULTS:
            flow = await _code_form(world, flow)
            world.freezer.tick(31)
            world.spoil(world.cloud, [path], faults)
            flow = await world.answer(flow, **answers)
            assert flow["errors"], faults
            world.mend()
    flow = await _code_form(world, flow)
    flow = await world.answer(flow, code=WRONG_CODE)
    assert flow["errors"] == {"base": "invalid_code"}
    world.codes.append(world.cloud.code(EMAIL))
    world.secrets.update(b64encode(code.encode()).decode() for code in world.codes)
    flow = await world.answer(flow, code=world.codes[-1])
    assert flow["type"] == "create_entry"
    await world.hass.async_block_till_done()
    await world.poll()
    assert await world.end() == []


async def _code_form(world: World, flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form that asks for the code; whatever it was lost with, two answers lead to it."""
    answers: dict[str, dict[str, object]] = {
        "cloud": {"username": EMAIL, "password": PASSWORD},
        "code": {"send_again": True},
    }
    shown = {**flow}
    for _ in range(2):
        world.freezer.tick(31)
        shown = await world.answer(shown, **answers[shown["step_id"]])
    assert shown["step_id"] == "code", shown["errors"]
    world.codes.append(world.cloud.code(EMAIL))
    return shown


async def test_shared(world: World) -> None:
    """Core's token: of no use, good, refused, changed, gone."""
    core = MockConfigEntry(
        domain=CORE_DOMAIN,
        unique_id=world.gateway.serial,
        data={CONF_HOST: world.gateway.host, CONF_TOKEN: WRONG_TOKEN, "username": EMAIL, "password": PASSWORD},
    )
    core.add_to_hass(world.hass)
    flow = await world.choose(await world.menu(), "existing")
    assert flow["errors"] == {"base": "not_a_token"}
    token = world.token()
    world.hass.config_entries.async_update_entry(core, data={**core.data, CONF_TOKEN: token})
    flow = await world.answer(flow)
    assert flow["type"] == "create_entry"
    await world.hass.async_block_till_done()
    (entry,) = world.entries
    await world.trouble()
    world.gateway.revoke(token)
    await world.poll()
    for text in (WRONG_TOKEN, world.token(serial="202200000002"), world.token(lifetime=-1.0), world.token()):
        world.hass.config_entries.async_update_entry(core, data={**core.data, CONF_TOKEN: text})
        await world.poll()
    await world.hass.config_entries.async_remove(core.entry_id)
    await world.poll()
    await world.reauth()
    await world.hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert await world.end() == []


async def test_certificate(world: World) -> None:
    """A pinned certificate that changes; set-ups that fail; an address that is another gateway's."""
    flow = await world.choose(await world.menu(), "token")
    flow = await world.answer(flow, token=world.token())
    await world.hass.async_block_till_done()
    (entry,) = world.entries
    for faults in FAULTS:
        world.spoil(world.gateway, ["*"], faults)
        await world.hass.config_entries.async_reload(entry.entry_id)
        world.listen()
        await world.download()
        assert entry.state is not ConfigEntryState.LOADED, faults
        world.mend()
    await world.hass.config_entries.async_reload(entry.entry_id)
    options = await world.ask("config/config_entries/options/flow", {"handler": entry.entry_id})
    path = f"config/config_entries/options/flow/{options['flow_id']}"
    for faults in FAULTS:
        world.spoil(world.gateway, ["/info"], faults)
        options = await world.ask(path, {"scan_interval": 10, "pin_certificate": True})
        assert options["errors"], faults
        world.mend()
    options = await world.ask(path, {"scan_interval": 10, "pin_certificate": True})
    assert options["type"] == "create_entry"
    await world.hass.async_block_till_done()
    world.gateway.state = "refused"
    await world.poll()
    world.gateway.new_certificate()
    world.gateway.state = "up"
    await world.poll()
    fix = await world.fix()
    world.gateway.new_certificate()
    fix = await world.fix(fix)
    assert fix["errors"] == {"base": "certificate_changed"}
    fix = await world.fix(fix)
    assert fix["type"] == "create_entry"
    await world.hass.async_block_till_done()
    serial, world.gateway.serial = world.gateway.serial, "202200000002"
    await world.hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "wrong_gateway"
    world.gateway.serial = serial
    await world.poll(601)
    assert entry.state is ConfigEntryState.LOADED
    assert await world.end() == []


LEAKS: Final[dict[str, Callable[[World], None]]] = {
    "log": lambda _: logging.getLogger("anybody").debug("the password is %s", PASSWORD),
    "words": lambda _: logging.getLogger("anybody").debug("it says %s", WORDS),
    "state": lambda world: world.hass.states.async_set("sensor.x", "1", {"token": world.token()}),
    "issue": lambda world: ir.async_create_issue(
        world.hass,
        DOMAIN,
        "x",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="x",
        translation_placeholders={"x": EMAIL},
    ),
    "diagnostics": lambda world: world.downloads.append(world.gateway.serial),
}


@pytest.mark.parametrize("leak", LEAKS)
async def test_hearing(world: World, leak: str) -> None:
    """What does leak is found."""
    assert world.leaks() == []
    LEAKS[leak](world)
    await world.hass.async_block_till_done()
    assert world.leaks() != []
