"""The cloud side: from an account, with or without a code, to an access token for one gateway.

Home Assistant's own library for the gateway is not used: it retries for ever, takes an HTML
page for a token, puts the server's answer into its exceptions and knows no multi-factor step.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import json
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from .body import read_body
from .failures import (
    AccountBlocked,
    CloudUnavailable,
    Failure,
    InvalidAuth,
    InvalidCode,
    MfaRequired,
    NotAToken,
    SignInLost,
    TooManySessions,
    UnexpectedAnswer,
)
from .token import Token, usable_token

_ACCOUNT: Final = "https://enlighten.enphaseenergy.com"
LOGIN: Final = f"{_ACCOUNT}/login/login.json"
SEND_CODE: Final = f"{_ACCOUNT}/app-api/generate_mfa_login_otp"
CHECK_CODE: Final = f"{_ACCOUNT}/app-api/validate_login_otp"
ROUTE_A: Final = "https://entrez.enphaseenergy.com/tokens"
ROUTE_B: Final = f"{_ACCOUNT}/entrez-auth-token"

_NOT_FOR_YOU: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""The account has no such gateway (assumed)."""

_TIME_LIMIT: Final = ClientTimeout(total=20)
_HEADERS: Final = {"Accept": "application/json, text/plain", "User-Agent": "enphase-secctrl"}
"""The cloud answers 406 to Home Assistant's usual User-Agent."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    text: str

    @property
    def members(self) -> Mapping[str, object]:
        """The JSON object that was answered; empty if it was something else."""
        try:
            answer = json.loads(self.text)
        except ValueError, RecursionError:
            return {}
        return answer if isinstance(answer, dict) else {}


class Enlighten:
    """One sign-in to one account; the session needs a cookie jar of its own."""

    def __init__(self, session: ClientSession, email: str) -> None:
        """Remember whose sign-in it is."""
        self._session = session
        self._email = email
        self._session_id = ""

    @property
    def is_signed_in(self) -> bool:
        """Whether the cloud has taken password and code, so that a token can be fetched."""
        return bool(self._session_id)

    async def log_in(self, password: str) -> None:
        """Log in; raises MfaRequired (the password was right, go on with send_code) or another Failure."""
        answer = await self._ask("POST", LOGIN, form={"user[email]": self._email, "user[password]": password})
        _refuse_blocked(answer)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise InvalidAuth
        if answer.status != HTTPStatus.OK:
            raise CloudUnavailable
        if "session_id" not in answer.members and answer.members.get("success") is True:
            raise MfaRequired
        self._take_session(answer)

    async def send_code(self) -> None:
        """Let the cloud send a code by e-mail or SMS; the login alone sends none. Raises Failure."""
        answer = await self._ask("POST", SEND_CODE, form={"locale": "en"})
        _refuse_blocked(answer)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise SignInLost
        if answer.status != HTTPStatus.OK or answer.members.get("success") is not True:
            raise CloudUnavailable

    async def check_code(self, code: str) -> None:
        """Finish a multi-factor sign-in; raises InvalidCode (try again), SignInLost or another Failure."""
        form = {"email": _base64(self._email), "otp": _base64(code.strip()), "xhrFields[withCredentials]": "true"}
        answer = await self._ask("POST", CHECK_CODE, form=form)
        _refuse_blocked(answer)
        if answer.members.get("isValid") is False:
            raise InvalidCode
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise SignInLost
        if answer.status != HTTPStatus.OK:
            raise CloudUnavailable
        self._take_session(answer)

    async def fetch_token(self, serial: str) -> Token:
        """Return a token for the gateway: asked for in one way, then in the other; raises Failure."""
        try:
            request = {"session_id": self._session_id, "serial_num": serial, "username": self._email}
            return _token(await self._ask("POST", ROUTE_A, members=request), serial)
        except Failure:
            return _token(await self._ask("GET", ROUTE_B, query={"serial_num": serial}), serial)

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        members: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> _Answer:
        """Send one request; raises CloudUnavailable."""
        headers = {**_HEADERS, **self._csrf()}
        try:
            async with self._session.request(
                method,
                url,
                data=form,
                json=members,
                params=query,
                headers=headers,
                allow_redirects=False,
                timeout=_TIME_LIMIT,
            ) as response:
                body = await read_body(response)
                return _Answer(status=response.status, text=body.decode(errors="replace"))
        except ClientError, OSError, UnexpectedAnswer:
            failure = CloudUnavailable()
        raise failure  # by itself: aiohttp's errors hold what was sent and what was answered

    def _csrf(self) -> dict[str, str]:
        """Return the header that repeats the XSRF cookie, if the cloud has set one."""
        values = [cookie.value for cookie in self._session.cookie_jar if cookie.key == "XSRF-TOKEN"]
        return {"X-CSRF-Token": values[-1]} if values else {}

    def _take_session(self, answer: _Answer) -> None:
        session_id = answer.members.get("session_id")
        if not isinstance(session_id, str) or not session_id:
            raise CloudUnavailable
        self._session_id = session_id


def _refuse_blocked(answer: _Answer) -> None:
    """Raise AccountBlocked or TooManySessions if that is what was answered, whatever the status."""
    if answer.members.get("isBlocked") is True:
        raise AccountBlocked
    if "too many active sessions" in str(answer.members.get("message", "")).lower():
        raise TooManySessions
    if answer.text.lstrip().startswith("<") and 'type="password"' in answer.text:
        # The login page instead of JSON: the wall that follows repeated logins
        raise AccountBlocked


def _token(answer: _Answer, serial: str) -> Token:
    """Return the token in an answer: bare, or in the member `token`."""
    if answer.status in _NOT_FOR_YOU:
        raise NotAToken
    if answer.status != HTTPStatus.OK:
        raise CloudUnavailable
    inner = answer.members.get("token")
    return usable_token(inner if isinstance(inner, str) else answer.text, serial)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
