"""Start a temporary Home Assistant in its own process, and use its REST and WebSocket APIs.

Run inside .venv-hass (scripts/setup hass). Home Assistant listens on 127.0.0.1. Its config folder is temporary and
contains a symbolic link to the integration of this repository.
"""

import asyncio
from collections import deque
from contextlib import asynccontextmanager, contextmanager
import json
from pathlib import Path
import re
from shutil import copytree
import socket
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, TypedDict

import aiohttp

from scripts.lib.process import ROOT, RunError, print_progress, read_log, run_process, wait_for_result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None

DOMAIN: Final = "enphase_secctrl"
DISPLAY_NAME: Final = "Demo"
USERNAME: Final = "demo"
PASSWORD: Final = "demo"  # noqa: S105 - of a temporary Home Assistant
BLUEPRINTS: Final = ROOT / "docs" / "blueprints"
# Without `http:`, which opens a dialog on every page, and without `default_config:`, which connects to the internet
CONFIGURATION: Final = """
homeassistant:
  name: Demo
  latitude: 48.2
  longitude: 16.4
  elevation: 180
  unit_system: metric
  currency: EUR
  country: AT
  time_zone: Europe/Vienna
logger:
  default: info
frontend:
config:
recorder:
  commit_interval: 1
  auto_purge: false
history:
logbook:
energy:
my:
system_health:
automation: !include automations.yaml
"""
# Log records of any Home Assistant without ffmpeg, libturbojpeg, and pyenphase
EXPECTED_RECORDS: Final = (
    "[haffmpeg",
    "[homeassistant.components.camera.img_util]",
    "has not been tested by Home Assistant",
    "pyenphase",
)
# The stored settings of the web server; Home Assistant requires all of these keys
HTTP_SETTINGS: Final[dict[str, Json]] = {
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}


class State(TypedDict):
    """A state, as returned by the API."""

    entity_id: str
    state: str
    attributes: dict[str, str | float | None]


class Change(TypedDict):
    """The data of a state_changed event."""

    entity_id: str
    old_state: State | None
    new_state: State | None


class HomeAssistant:
    """A client of a running Home Assistant."""

    def __init__(self, url: str, log: Path, session: aiohttp.ClientSession) -> None:
        """Create the client; `connect` opens the WebSocket."""
        self.url = url
        self.log = log
        self.token = ""
        self.version = ""
        self._session = session
        self._sent = 0
        self._changes: deque[Change] = deque()

    async def connect(self) -> None:
        """Wait until Home Assistant is running, and open the WebSocket; needs a token."""
        self.version = await self._wait_until_running()
        self._socket = await self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0)
        await self._receive()
        await self._socket.send_json({"type": "auth", "access_token": self.token})
        await self._receive()
        # The token of a login expires after half an hour
        self.token = await self.call("auth/long_lived_access_token", str, client_name="scripts", lifespan=30)
        print_progress(f"Home Assistant {self.version} is running")

    async def onboard(self) -> None:
        """Complete the onboarding: create the user and log in."""
        user = {"name": DISPLAY_NAME, "username": USERNAME, "password": PASSWORD, "language": "en"}
        await self.request("POST", "/api/onboarding/users", object, {**user, "client_id": f"{self.url}/"})
        await self.log_in()
        client = {"redirect_uri": f"{self.url}/?auth_callback=1", "client_id": f"{self.url}/"}
        await self.request("POST", "/api/onboarding/integration", object, {**client})

    async def log_in(self) -> None:
        """Get an access token for the user with the login flow; raises RunError if the login fails."""
        client = {"client_id": f"{self.url}/"}
        begin: dict[str, Json] = {"handler": ["homeassistant", None], "redirect_uri": f"{self.url}/", **client}
        form = await self.request("POST", "/auth/login_flow", dict[str, str], begin)
        credentials = {"username": USERNAME, "password": PASSWORD, **client}
        done = await self.request("POST", f"/auth/login_flow/{form['flow_id']}", dict[str, str], {**credentials})
        if "result" not in done:
            msg = f"Home Assistant rejected the login of user {USERNAME}."
            raise RunError(msg)
        grant = {"grant_type": "authorization_code", "code": done["result"], **client}
        async with self._session.post(f"{self.url}/auth/token", data=grant) as response:
            self.token = (await response.json())["access_token"]

    async def _wait_until_running(self) -> str:
        """Return the version of Home Assistant; raises RunError after a minute."""
        for _ in range(600):
            config = await self.request("GET", "/api/config", dict[str, str])
            if config["state"] == "RUNNING":
                return config["version"]
            await asyncio.sleep(0.1)
        msg = f"Home Assistant is still {config['state']} after a minute."
        raise RunError(msg)

    async def request[T](self, method: str, path: str, _response: type[T], body: Json = None) -> T:
        """Send one request to the REST API; the caller names the type of the response. Raises RunError."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._session.request(method, self.url + path, json=body, headers=headers) as response:
            if not response.ok:
                msg = f"Home Assistant returned {response.status} for {method} {path}: {await response.text()}"
                raise RunError(msg)
            content: T = await response.json()
            return content

    async def call[T](self, command: str, _result: type[T], **arguments: Json) -> T:
        """Send one WebSocket command; the caller names the type of the result. Raises RunError."""
        self._sent += 1
        await self._socket.send_json({"id": self._sent, "type": command} | arguments)
        while (message := json.loads(await self._receive()))["type"] == "event":
            self._changes.append(message["event"]["data"])
        if not message["success"]:
            msg = f"Home Assistant rejected {command}: {message['error']['message']}"
            raise RunError(msg)
        result: T = message["result"]
        return result

    async def state_changes(self) -> AsyncIterator[Change]:
        """Subscribe to state changes and yield them; runs until it is canceled."""
        await self.call("subscribe_events", object, event_type="state_changed")
        while True:
            while self._changes:
                yield self._changes.popleft()
            self._changes.append(json.loads(await self._receive())["event"]["data"])

    def log_records(self, *texts: str) -> list[str]:
        """Return the log records, with their tracebacks, that contain one of the texts."""
        records = re.split(r"\n(?=\d{4}-\d\d-\d\d )", read_log(self.log))
        return [record for record in records if any(text in record for text in texts)]

    def logged_errors(self) -> list[str]:
        """Return the log records of errors that mention the integration."""
        return [record for record in self.log_records(" ERROR ", " CRITICAL ") if DOMAIN in record]

    async def _receive(self) -> str:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            msg = "Home Assistant closed the connection. It has probably stopped."
            raise RunError(msg)
        text: str = message.data
        return text


def _write_config(config: Path, port: int, integrations: Sequence[str], entries: Sequence[Json]) -> int:
    """Write the config folder of a new Home Assistant; return its port, a free one for 0. Raises RunError."""
    with socket.socket() as probe:
        # A port that was in use until a minute ago counts as free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            msg = f"Port {port} can't be used. Use another one with --port, or omit --port to use any free one."
            raise RunError(msg) from err
        port = probe.getsockname()[1]
    more = "".join(f"{integration}:\n" for integration in integrations)
    (config / "configuration.yaml").write_text(CONFIGURATION + more)
    (config / "automations.yaml").touch()
    # The folder of imported blueprints
    copytree(BLUEPRINTS, config / "blueprints" / "automation" / "enphase-secctrl")
    (config / "custom_components").mkdir()
    (config / "custom_components" / DOMAIN).symlink_to(ROOT / "custom_components" / DOMAIN)
    # These steps of the onboarding would start integrations that connect to the internet
    if entries:
        _write_storage(config, "core.config_entries", 1, 5, {"entries": [*entries]})
    _write_storage(config, "onboarding", 4, 1, {"done": ["core_config", "analytics"]})
    http: dict[str, Json] = {**HTTP_SETTINGS, "server_port": port, "server_host": ["127.0.0.1"]}
    _write_storage(config, "http", 2, 2, {"stable": http, "pending": None, "yaml_migration_done": True})
    return port


def _write_storage(config: Path, key: str, version: int, minor_version: int, data: dict[str, Json]) -> None:
    storage = config / ".storage"
    storage.mkdir(exist_ok=True)
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content))


@asynccontextmanager
async def home_assistant(port: int = 0) -> AsyncIterator[HomeAssistant]:
    """Start a Home Assistant with a user and without config entries; stop it at the end."""
    async with home_assistant_before_onboarding(port) as hass:
        await hass.onboard()
        await hass.connect()
        yield hass


@asynccontextmanager
async def home_assistant_before_onboarding(
    port: int = 0, *, integrations: Sequence[str] = (), entries: Sequence[Json] = ()
) -> AsyncIterator[HomeAssistant]:
    """Start a Home Assistant without a user, with these core integrations and config entries; stop it at the end."""
    print_progress("starting Home Assistant ...")
    with TemporaryDirectory(prefix="hass-", ignore_cleanup_errors=True) as folder:
        config = Path(folder)
        url = f"http://127.0.0.1:{_write_config(config, port, integrations, entries)}"
        log = config / "output.log"
        command = (sys.executable, "-m", "homeassistant", "--config", folder, "--log-no-color")
        async with run_process(log, *command, cwd=config) as process, aiohttp.ClientSession() as session:
            hass = HomeAssistant(url, log, session)
            with _log_shown_on_error(hass):
                started = await wait_for_result(
                    process, lambda: hass.log_records("Home Assistant initialized in") or None, 120
                )
                if not started:
                    msg = f"Home Assistant did not start. Last output:\n{read_log(log)[-2000:]}"
                    raise RunError(msg)
                yield hass


@contextmanager
def _log_shown_on_error(hass: HomeAssistant) -> Iterator[None]:
    """Print the relevant log records if the block raises an exception."""
    try:
        yield
    except RunError, aiohttp.ClientError:
        records = [
            record
            for record in hass.log_records(f"[custom_components.{DOMAIN}", " ERROR ")
            if not any(map(record.count, EXPECTED_RECORDS))
        ]
        print("\nFrom the Home Assistant log:", *(records[-10:] or ["no relevant records"]), sep="\n  ")
        raise
