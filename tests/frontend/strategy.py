"""The dashboard strategy, run by Node.js with the registries and the WebSocket API of a Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
import json
from pathlib import Path
from shutil import which
from typing import Any, Final, cast

from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from custom_components.enphase_secctrl.const import DOMAIN

ROOT: Final = Path(__file__).parents[2]
MODULE: Final = ROOT / "custom_components" / DOMAIN / "frontend" / "dashboard.js"
RUNNER: Final = Path(__file__).with_name("run_strategy.mjs")
DISPLAY_KEYS: Final = {"ei": "entity_id", "pl": "platform", "di": "device_id", "hb": "hidden"}
"""The names that the frontend gives to the values of an entity."""

type Config = dict[str, Any]
"""A dashboard, or a part of it."""


def find_node() -> str:
    """Return the path of Node.js; raises FileNotFoundError."""
    own = ROOT / ".cache" / "javascript" / "node"
    if program := str(own) if own.exists() else which("node"):
        return program
    msg = "Node.js is missing: run scripts/setup javascript"
    raise FileNotFoundError(msg)


class Strategy:
    """The strategy in the browser of a user."""

    def __init__(self, connect: Callable[[], Awaitable[MockHAClientWebSocket]]) -> None:
        """Connect to Home Assistant before the first request."""
        self._connect = connect
        self._socket: MockHAClientWebSocket | None = None
        self.requests: list[str] = []
        """The types of the requests that the strategy has sent."""

    async def _request(self, message: Config) -> Any:
        if self._socket is None:
            self._socket = await self._connect()
        await self._socket.send_json_auto_id(message)
        response = await self._socket.receive_json()
        assert response["success"], response
        return response["result"]

    async def hass(self, language: str = "en", number_format: str = "language") -> Config:
        """Return what the strategy reads of the frontend's `hass` object."""
        display = await self._request({"type": "config/entity_registry/list_for_display"})
        entities = [{DISPLAY_KEYS.get(key, key): value for key, value in one.items()} for one in display["entities"]]
        devices = await self._request({"type": "config/device_registry/list"})
        return {
            "entities": {entity["entity_id"]: entity for entity in entities},
            "devices": {device["id"]: device for device in devices},
            "language": language,
            "locale": {"language": language, "number_format": number_format},
        }

    async def call(self, function: str, *arguments: Config) -> Any:
        """Call a static function of the strategy; its requests are sent to Home Assistant."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(find_node(), RUNNER, MODULE, stdin=pipe, stdout=pipe)
        assert process.stdin
        assert process.stdout
        message: Any = {"function": function, "arguments": arguments}
        while True:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            output = json.loads(await process.stdout.readline())
            if "call" not in output:
                await process.communicate()
                return output.get("result")
            self.requests.append(output["call"]["type"])
            message = await self._request(output["call"])

    async def generate(self, language: str = "en", number_format: str = "language") -> Config:
        """Return the dashboard of a user with this language."""
        return cast("Config", await self.call("generate", {}, await self.hass(language, number_format)))


def cards(node: object, card_type: str | None = None) -> Iterator[Config]:
    """Yield the cards in a part of a dashboard, or those of one type."""
    if isinstance(node, list):
        for child in node:
            yield from cards(child, card_type)
    elif isinstance(node, dict):
        for card in node.get("cards", []):
            if card_type in (None, card["type"]):
                yield card
        for key in ("views", "sections"):
            yield from cards(node.get(key, []), card_type)


def entity_ids(node: object) -> set[str]:
    """Return the entities that a part of a dashboard shows."""
    if isinstance(node, list):
        return set().union(*map(entity_ids, node))
    if not isinstance(node, dict):
        return set()
    own = {node["entity"]} if "entity" in node else set()
    return own.union(*map(entity_ids, node.values()))


def headings(node: object) -> list[str]:
    """Return the headings of the sections in a part of a dashboard."""
    return [card["heading"] for card in cards(node, "heading")]
