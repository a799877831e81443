"""A real Home Assistant in its own process: made from nothing, spoken to over its own interfaces, ended.

Run inside .venv-hass (scripts/setup hass). It listens on 127.0.0.1 and keeps nothing: its config
folder is temporary, and holds a link to the integration of this repository.
"""

import asyncio
from collections import deque
from contextlib import asynccontextmanager, contextmanager
import json
import os
from pathlib import Path
import re
from shutil import copytree
import signal
import socket
import sys
from tempfile import TemporaryDirectory
import time
from typing import TYPE_CHECKING, Final, TypedDict

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None

ROOT: Final = Path(__file__).parents[1]
DOMAIN: Final = "enphase_secctrl"
USER: Final = "Demo"
BLUEPRINTS: Final = ROOT / "docs" / "blueprints"
LOGIN: Final = ("demo", "demo")
BEGAN: Final = time.monotonic()
# No `http:`, which puts a dialog over every page, and no `default_config:`, which talks to the network
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
# Bytecode halves the time of a start; what a process imports is its own folder's and its environment's
UNWANTED: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
# Every Home Assistant without ffmpeg, libturbojpeg and what its own integration for gateways needs says these
HARMLESS: Final = (
    "[haffmpeg",
    "[homeassistant.components.camera.img_util]",
    "has not been tested by Home Assistant",
    "pyenphase",
)
# What its storage must say of the web server: it takes nothing for granted there
HTTP: Final[dict[str, Json]] = {
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}


class RunError(Exception):
    """What went wrong, and what to do about it."""


class State(TypedDict):
    """A state as the API tells it."""

    entity_id: str
    state: str
    attributes: dict[str, str | float | None]


class Change(TypedDict):
    """What a state_changed event carries."""

    entity_id: str
    old_state: State | None
    new_state: State | None


def say(text: str) -> None:
    """Print one line of progress, with the seconds since the start."""
    print(f"[{time.monotonic() - BEGAN:6.1f} s] {text}", flush=True)


def run(work: Coroutine[None, None, None]) -> int:
    """Run `work` to its end or to a signal, which lets it clean up; return the exit code."""

    async def until_signal() -> None:
        task = asyncio.create_task(work)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # A second signal must not interrupt the cleaning up
            asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
        await task

    try:
        asyncio.run(until_signal())
    except asyncio.CancelledError:
        say("stopped")
        return 130
    except (RunError, aiohttp.ClientError) as err:
        print(f"\n{err}", file=sys.stderr)
        return 1
    return 0


@asynccontextmanager
async def running(log: Path, *command: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command, its output in a file; end it by SIGTERM and, 30 s later, with all it started."""
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    with log.open("wb") as output:
        # In a session of its own: Ctrl-C in a terminal is for us, and we end what we started
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def output(log: Path) -> str:
    """Return what a process has written."""
    return log.read_text(errors="replace").rstrip()


async def ready[T](process: asyncio.subprocess.Process, look: Callable[[], T | None], seconds: int) -> T | None:
    """Look until there is something to see; None when the process has ended or the time is up."""
    for _ in range(seconds * 10):
        if (seen := look()) is not None or process.returncode is not None:
            return seen
        await asyncio.sleep(0.1)
    return None


class HomeAssistant:
    """A running Home Assistant, and our session and websocket with it."""

    def __init__(self, url: str, log: Path, session: aiohttp.ClientSession) -> None:
        """Take what is there; `open` makes the connection."""
        self.url = url
        self.log = log
        self.token = ""
        self.version = ""
        self._session = session
        self._sent = 0
        self._changes: deque[Change] = deque()

    async def open(self) -> None:
        """Wait, logged in, until everything runs, and connect."""
        self.version = await self._runs()
        self._socket = await self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0)
        await self._text()
        await self._socket.send_json({"type": "auth", "access_token": self.token})
        await self._text()
        # The first token ends after half an hour
        self.token = await self.call("auth/long_lived_access_token", str, client_name="scripts", lifespan=30)
        say(f"Home Assistant {self.version} runs")

    async def onboard(self) -> None:
        """Do what a user does in the pages that come first."""
        user = {"name": USER, "username": LOGIN[0], "password": LOGIN[1], "language": "en"}
        await self.request("POST", "/api/onboarding/users", object, {**user, "client_id": f"{self.url}/"})
        await self.log_in()
        client = {"redirect_uri": f"{self.url}/?auth_callback=1", "client_id": f"{self.url}/"}
        await self.request("POST", "/api/onboarding/integration", object, {**client})

    async def log_in(self) -> None:
        """Get a token for the user, by the way of the login form; raises RunError if there is no such user."""
        client = {"client_id": f"{self.url}/"}
        begin: dict[str, Json] = {"handler": ["homeassistant", None], "redirect_uri": f"{self.url}/", **client}
        form = await self.request("POST", "/auth/login_flow", dict[str, str], begin)
        credentials = {"username": LOGIN[0], "password": LOGIN[1], **client}
        done = await self.request("POST", f"/auth/login_flow/{form['flow_id']}", dict[str, str], {**credentials})
        if "result" not in done:
            msg = f"Home Assistant does not know the user {LOGIN[0]}."
            raise RunError(msg)
        grant = {"grant_type": "authorization_code", "code": done["result"], **client}
        async with self._session.post(f"{self.url}/auth/token", data=grant) as response:
            self.token = (await response.json())["access_token"]

    async def _runs(self) -> str:
        for _ in range(600):
            config = await self.request("GET", "/api/config", dict[str, str])
            if config["state"] == "RUNNING":
                return config["version"]
            await asyncio.sleep(0.1)
        msg = f"Home Assistant is still {config['state']} after a minute."
        raise RunError(msg)

    async def request[T](self, method: str, path: str, _answer: type[T], body: Json = None) -> T:
        """Make one call of the REST API; the caller says what shape the answer has."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._session.request(method, self.url + path, json=body, headers=headers) as response:
            if not response.ok:
                msg = f"Home Assistant answers {response.status} to {method} {path}: {await response.text()}"
                raise RunError(msg)
            answer: T = await response.json()
            return answer

    async def call[T](self, command: str, _answer: type[T], **arguments: Json) -> T:
        """Send one websocket command; the caller says what shape the result has."""
        self._sent += 1
        await self._socket.send_json({"id": self._sent, "type": command} | arguments)
        while (message := json.loads(await self._text()))["type"] == "event":
            self._changes.append(message["event"]["data"])
        if not message["success"]:
            msg = f"Home Assistant refuses {command}: {message['error']['message']}"
            raise RunError(msg)
        result: T = message["result"]
        return result

    async def changes(self) -> AsyncIterator[Change]:
        """Subscribe to the changes of state, and give them for ever."""
        await self.call("subscribe_events", object, event_type="state_changed")
        while True:
            while self._changes:
                yield self._changes.popleft()
            self._changes.append(json.loads(await self._text())["event"]["data"])

    def problems(self, *marks: str) -> list[str]:
        """Return the records of its log, tracebacks included, that contain one of the marks."""
        records = re.split(r"\n(?=\d{4}-\d\d-\d\d )", output(self.log))
        return [record for record in records if any(mark in record for mark in marks)]

    def errors(self) -> list[str]:
        """Return the records of its log that tell of an error of the integration."""
        return [record for record in self.problems(" ERROR ", " CRITICAL ") if DOMAIN in record]

    async def _text(self) -> str:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            msg = "Home Assistant has closed the connection: it has ended."
            raise RunError(msg)
        text: str = message.data
        return text


def _prepare(config: Path, port: int, *integrations: str) -> int:
    """Fill a config folder, with what Home Assistant must know before its first start; return the port."""
    with socket.socket() as probe:
        # A port that was in use a minute ago is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            msg = f"Port {port} is taken. Choose another with --port, or leave it out for a free one."
            raise RunError(msg) from err
        port = probe.getsockname()[1]
    more = "".join(f"{integration}:\n" for integration in integrations)
    (config / "configuration.yaml").write_text(CONFIGURATION + more)
    (config / "automations.yaml").touch()
    # Where an import puts them
    copytree(BLUEPRINTS, config / "blueprints" / "automation" / "enphase-secctrl")
    (config / "custom_components").mkdir()
    (config / "custom_components" / DOMAIN).symlink_to(ROOT / "custom_components" / DOMAIN)
    # These steps of the onboarding would start integrations that call the internet
    _store(config, "onboarding", 4, 1, {"done": ["core_config", "analytics"]})
    http: dict[str, Json] = {**HTTP, "server_port": port, "server_host": ["127.0.0.1"]}
    _store(config, "http", 2, 2, {"stable": http, "pending": None, "yaml_migration_done": True})
    return port


def _store(config: Path, key: str, version: int, minor_version: int, data: dict[str, Json]) -> None:
    storage = config / ".storage"
    storage.mkdir(exist_ok=True)
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content))


@asynccontextmanager
async def home_assistant(port: int = 0) -> AsyncIterator[HomeAssistant]:
    """Give a fresh Home Assistant with a user and our integration to add; end it afterwards."""
    async with new_home_assistant(port) as hass:
        await hass.onboard()
        await hass.open()
        yield hass


@asynccontextmanager
async def new_home_assistant(port: int = 0, *integrations: str) -> AsyncIterator[HomeAssistant]:
    """Give one that welcomes its first user, with more of its own integrations; end it afterwards."""
    say("starting Home Assistant ...")
    with TemporaryDirectory(prefix="hass-", ignore_cleanup_errors=True) as folder:
        config = Path(folder)
        url = f"http://127.0.0.1:{_prepare(config, port, *integrations)}"
        log = config / "output.log"
        command = (sys.executable, "-m", "homeassistant", "--config", folder, "--log-no-color")
        async with running(log, *command, cwd=config) as process, aiohttp.ClientSession() as session:
            hass = HomeAssistant(url, log, session)
            with _explained(hass):
                if not await ready(process, lambda: hass.problems("Home Assistant initialized in") or None, 120):
                    msg = f"Home Assistant did not start. Its last words:\n{output(log)[-2000:]}"
                    raise RunError(msg)
                yield hass


@contextmanager
def _explained(hass: HomeAssistant) -> Iterator[None]:
    """Add what the log says to a failure."""
    try:
        yield
    except RunError, aiohttp.ClientError:
        records = [
            one for one in hass.problems(f"[custom_components.{DOMAIN}", " ERROR ") if not any(map(one.count, HARMLESS))
        ]
        print("\nFrom the log of Home Assistant:", *(records[-10:] or ["nothing of ours, no error"]), sep="\n  ")
        raise
