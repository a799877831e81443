"""The body of an answer, read no further than its limit."""

from aiohttp import ClientResponse

from .const import SIZE_LIMIT
from .failures import UnexpectedAnswer


async def read_body(response: ClientResponse) -> bytes:
    """Return the body; raises UnexpectedAnswer for one over 64 kB, and aiohttp's errors."""
    body = b""
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > SIZE_LIMIT:
            raise UnexpectedAnswer("> 64 kB")
    return body
