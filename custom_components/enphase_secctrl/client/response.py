"""HTTP responses of gateways and of the cloud, limited in size."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import re
from typing import Final

from aiohttp import ClientResponse

from .exceptions import UnexpectedResponse

SIZE_LIMIT: Final = 64 * 1024
"""Bytes. Real secctrl responses have 205 to 1,285 bytes."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """Status, body, and the Retry-After header in seconds (None: absent, or a date)."""

    status: int
    body: bytes
    retry_after: float | None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def json_object(self) -> Mapping[str, object]:
        """The JSON object in the body; empty if the body is something else."""
        try:
            content = json.loads(self.text)
        except ValueError, RecursionError:
            return {}
        return content if isinstance(content, dict) else {}


async def read_response(response: ClientResponse) -> Response:
    """Read the whole response; raises UnexpectedResponse if the body exceeds 64 kB, and aiohttp's exceptions."""
    body = b""
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > SIZE_LIMIT:
            raise UnexpectedResponse("> 64 kB")
    retry_after = response.headers.get("Retry-After", "")
    return Response(
        status=response.status,
        body=body,
        retry_after=float(retry_after) if re.fullmatch(r"[0-9]{1,9}", retry_after) else None,
    )
