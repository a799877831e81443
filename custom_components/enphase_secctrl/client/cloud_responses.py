"""What the responses of the Enphase cloud mean. Most of it was reported by others, see docs/sign-in.md."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from .exceptions import AccountBlocked, CloudUnavailable, NotAToken, TooManySessions
from .response import Response
from .token import AccessToken, parse_valid_token

_NO_SUCH_GATEWAY: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""The account doesn't have the gateway (assumed)."""

_LOGIN_PAGE: Final = (
    'type="password"',
    "type='password'",
    "window.optanonwrapper",
    "var otlang",
    "/login/login",
)
"""What only the login page contains, in lower case."""


def session_id_in(content: Mapping[str, object]) -> str:
    """Return the session ID in the body of a response, or ""."""
    found = content.get("session_id") or content.get("sessionId")
    return found if isinstance(found, str) else ""


def raise_if_blocked(response: Response) -> None:
    """Raise AccountBlocked or TooManySessions if the body says so, whatever the status and the route."""
    if response.json_object.get("isBlocked") is True:
        raise AccountBlocked
    text = response.text.lower()
    if "too many active sessions" in text:
        raise TooManySessions
    if text.lstrip().startswith("<") and any(mark in text for mark in _LOGIN_PAGE):
        # The login page instead of JSON: the block that follows repeated logins
        raise AccountBlocked


def parse_token_response(response: Response, serial: str) -> AccessToken:
    """Return the token in a response: plain text, or the member `token` of a JSON object.

    Raises NotAToken if the account doesn't have the gateway. Anything that isn't a JWT is a fault of the cloud.
    """
    raise_if_blocked(response)
    if response.status in _NO_SUCH_GATEWAY:
        raise NotAToken
    if response.status != HTTPStatus.OK:
        raise CloudUnavailable
    member = response.json_object.get("token")
    try:
        return parse_valid_token(member if isinstance(member, str) else response.text, serial)
    except NotAToken:
        error = CloudUnavailable()
    raise error
