"""The cloud client: from an Enphase account, with or without a verification code, to an access token.

Home Assistant's own library for the gateway isn't used: it retries endlessly, accepts an HTML page as a token, puts the
server's response into its exceptions, and doesn't support multi-factor authentication.
"""

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from .cloud_responses import parse_token_response, raise_if_blocked, session_id_in
from .exceptions import (
    AccountBlocked,
    CloudUnavailable,
    InvalidAuth,
    InvalidCode,
    MfaRequired,
    NotAToken,
    SecctrlError,
    SignInLost,
    TooManySessions,
    UnexpectedResponse,
)
from .response import Response, read_response
from .token import AccessToken

_ENLIGHTEN: Final = "https://enlighten.enphaseenergy.com"
LOGIN: Final = f"{_ENLIGHTEN}/login/login.json"
SEND_CODE: Final = f"{_ENLIGHTEN}/app-api/generate_mfa_login_otp"
CHECK_CODE: Final = f"{_ENLIGHTEN}/app-api/validate_login_otp"
ROUTE_A: Final = "https://entrez.enphaseenergy.com/tokens"
ROUTE_B: Final = f"{_ENLIGHTEN}/entrez-auth-token"

_SESSION_LOST: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_CODE_REJECTED: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_SESSION_COOKIES: Final = ("_enlighten_4_session", "enlighten_session", "_enlighten_session")

_TIMEOUT: Final = ClientTimeout(total=20)
_HEADERS: Final = {"Accept": "application/json, text/plain", "User-Agent": "enphase-secctrl"}
"""The cloud responds with 406 to Home Assistant's default User-Agent."""


class EnlightenClient:
    """One sign-in to one account. The session needs a cookie jar of its own."""

    def __init__(self, session: ClientSession, email: str, password: str) -> None:
        """Take the account, and a session with an empty cookie jar."""
        self._session = session
        self._email = email
        self._password = password
        self._session_id = ""
        self._new_cookies: Mapping[str, str] = {}
        """The cookies of the last response."""

        self._token: AccessToken | None = None

    def has_token_of(self, email: str, password: str) -> bool:
        """Return whether the token of this account has been fetched."""
        return self._token is not None and (self._email, self._password) == (email, password)

    async def log_in(self) -> None:
        """Log in; raises MfaRequired if the password is right and send_code comes next, or another SecctrlError."""
        form = {"user[email]": self._email, "user[password]": self._password}
        response = await self._request("POST", LOGIN, form=form)
        raise_if_blocked(response)
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise InvalidAuth
        if response.status != HTTPStatus.OK:
            raise CloudUnavailable
        content = response.json_object
        if content.get("requires_mfa") is True or (content.get("success") is True and not session_id_in(content)):
            raise MfaRequired
        self._keep_session_id(response)

    async def send_code(self) -> None:
        """Request a verification code by email or text message; the login alone sends none. Raises SecctrlError."""
        response = await self._request("POST", SEND_CODE, form={"locale": "en"})
        raise_if_blocked(response)
        if response.status in _SESSION_LOST:
            raise SignInLost
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise AccountBlocked
        is_sent = not response.body.strip() or response.json_object.get("success") is True
        if response.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT) or not is_sent:
            raise CloudUnavailable

    async def check_code(self, code: str) -> None:
        """Finish the sign-in with a code, once; raises InvalidCode, SignInLost, or another SecctrlError."""
        if self._session_id:
            return
        if not code.strip():
            raise InvalidCode
        form = {"email": _base64(self._email), "otp": _base64(code.strip()), "xhrFields[withCredentials]": "true"}
        response = await self._request("POST", CHECK_CODE, form=form)
        raise_if_blocked(response)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise AccountBlocked
        if response.json_object.get("isValid") is False or response.status in _CODE_REJECTED:
            raise InvalidCode
        if response.status in _SESSION_LOST:
            raise SignInLost
        if response.status != HTTPStatus.OK:
            raise CloudUnavailable
        self._keep_session_id(response)

    async def fetch_token(self, serial: str) -> AccessToken:
        """Fetch a token for the gateway, once: by route A, and if that fails by route B. Raises SecctrlError.

        A block on route A explains a rejection on route B.
        """
        if self._token is None:
            try:
                request = {"session_id": self._session_id, "serial_num": serial, "username": self._email}
                self._token = parse_token_response(await self._request("POST", ROUTE_A, json=request), serial)
            except (AccountBlocked, TooManySessions) as err:
                try:
                    self._token = await self._fetch_by_route_b(serial)
                except NotAToken:
                    raise err from None
            except SecctrlError:
                self._token = await self._fetch_by_route_b(serial)
        return self._token

    async def _fetch_by_route_b(self, serial: str) -> AccessToken:
        return parse_token_response(await self._request("GET", ROUTE_B, query={"serial_num": serial}), serial)

    async def _request(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request; raises CloudUnavailable."""
        if self._session.closed:  # the flow was closed, or the entry was unloaded, during an earlier request
            raise CloudUnavailable
        try:
            async with self._session.request(
                method,
                url,
                data=form,
                json=json,
                params=query,
                headers={**_HEADERS, **self._csrf_header()},
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as response:
                self._new_cookies = {name: cookie.value for name, cookie in response.cookies.items()}
                return await read_response(response)
        except ClientError, OSError, UnexpectedResponse:
            error = CloudUnavailable()
        raise error  # without a cause: aiohttp's exceptions hold the request with its secrets, and the response

    def _csrf_header(self) -> dict[str, str]:
        """Return the header that repeats the XSRF cookie, if the cloud has set one."""
        values = [cookie.value for cookie in self._session.cookie_jar if cookie.key == "XSRF-TOKEN"]
        return {"X-CSRF-Token": values[-1]} if values else {}

    def _keep_session_id(self, response: Response) -> None:
        """Keep the session ID from the body, or from the cookies if the body reports success without one.

        A cookie of this response is preferred to the one of a login that was waiting for its code.
        """
        content = response.json_object
        is_success = content.get("isValid") is True or content.get("message") == "success"
        is_empty = not response.body.strip() or response.body.strip() == b"{}"
        earlier_cookies = {cookie.key: cookie.value for cookie in self._session.cookie_jar}
        found = [cookies.get(name) for cookies in (self._new_cookies, earlier_cookies) for name in _SESSION_COOKIES]
        from_cookies = next(filter(None, found), "")
        session_id = session_id_in(content) or (from_cookies if is_empty or (content and is_success) else "")
        if not session_id:
            raise CloudUnavailable
        self._session_id = session_id


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
