"""The LAN client: reads `/info` and `/ivp/ensemble/secctrl` of an IQ Gateway."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from http.cookies import Morsel
import logging
import re
from typing import Final, override
from weakref import WeakValueDictionary

from aiohttp import ClientError, ClientSession, ClientTimeout, Fingerprint, ServerFingerprintMismatch
from yarl import URL

from .exceptions import (
    CannotConnect,
    CertificateChanged,
    InvalidAuth,
    NoSecctrl,
    SecctrlError,
    UnexpectedResponse,
    WrongGateway,
)
from .host import gateway_url
from .info import GatewayInfo, parse_info
from .report import Report, parse_report
from .response import Response, read_response

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"

_LOGGER: Final = logging.getLogger(__name__)
_TIMEOUT: Final = ClientTimeout(total=10)
_REJECTED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_SECCTRL_ERRORS: Final[Mapping[int, type[SecctrlError]]] = {
    **dict.fromkeys(_REJECTED, InvalidAuth),
    HTTPStatus.NOT_FOUND: NoSecctrl,
}
_COOKIE: Final = r"[!#-+\--:<-\[\]-~]{1,4096}"
_UNUSED_FINGERPRINT: Final = bytes(32)
"""A fingerprint that no certificate has."""

_locks: WeakValueDictionary[URL, asyncio.Lock] = WeakValueDictionary()
"""One request at a time per gateway: with two clients at once it stops responding."""


class _Pin(Fingerprint):
    """Keeps the fingerprint that didn't match: aiohttp then tries the next address and reports only its error."""

    mismatch: bytes | None = None

    @override
    def check(self, transport: asyncio.Transport) -> None:
        self.mismatch = None
        try:
            super().check(transport)
        except ServerFingerprintMismatch as err:
            self.mismatch = err.got
            raise


class GatewayClient:
    """One gateway. Its serial number is checked before a token or cookie is sent to it."""

    def __init__(
        self,
        session: ClientSession,
        host: str,
        *,
        serial: str | None = None,
        token: str = "",
        certificate: bytes | None = None,
    ) -> None:
        """Take a session without a cookie jar. `certificate` is the SHA-256 fingerprint of the only one to accept.

        Raises InvalidHost.
        """
        self.url = gateway_url(host)
        self.token = token
        self.info: GatewayInfo | None = None
        self._session = session
        self._serial = serial
        self._pin = _Pin(certificate) if certificate else None
        self._cookie: str | None = None
        self._is_identified = False
        self._report: Report | None = None
        self._urls = {path: self.url.with_path(path) for path in (INFO, SECCTRL, CHECK_JWT)}
        self._lock = _locks.setdefault(self.url.origin(), asyncio.Lock())

    async def read_info(self) -> GatewayInfo:
        """Read serial number, firmware, and model, without credentials; raises SecctrlError."""
        response = await self._get(INFO)
        if response.status != HTTPStatus.OK:
            raise _error(response, {})
        info = parse_info(response.body)
        if self._serial not in (None, info.serial):
            self._cookie = None
            raise WrongGateway
        self._serial = info.serial
        self.info = info
        return info

    async def read_certificate(self) -> bytes:
        """Return the SHA-256 fingerprint of the gateway's certificate; nothing is sent. Raises SecctrlError."""
        try:
            await self._get(INFO, pin=_Pin(_UNUSED_FINGERPRINT))
        except CertificateChanged as err:
            fingerprint = err.fingerprint
        return fingerprint

    async def read_report(self) -> Report:
        """Read secctrl: one request, or two after an error. Raises SecctrlError.

        The same bytes as before are the same Report object.
        """
        was_identified, self._is_identified = self._is_identified, False
        if not was_identified:
            await self.read_info()
        response = await self._get_authenticated(SECCTRL)
        if response.status in _REJECTED:
            if was_identified:
                await self.read_info()  # a different gateway may have taken the address since the last poll
            if await self._is_token_accepted():
                response = await self._get_authenticated(SECCTRL)
        if response.status != HTTPStatus.OK:
            raise _error(response, _SECCTRL_ERRORS)
        if self._report is None or self._report.body != response.body:
            self._report = parse_report(response.body)
        self._is_identified = True
        return self._report

    async def _is_token_accepted(self) -> bool:
        """Check the token in a new session: some firmware accepts a token only here, and afterwards a cookie."""
        self._cookie = None
        response = await self._get_authenticated(CHECK_JWT)
        if _is_busy(response.status):
            raise CannotConnect(response.retry_after)
        return response.status == HTTPStatus.OK

    async def _get_authenticated(self, path: str) -> Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        if self._cookie:
            headers["Cookie"] = f"sessionId={self._cookie}"
        return await self._get(path, headers)

    async def _get(self, path: str, credentials: dict[str, str] | None = None, pin: _Pin | None = None) -> Response:
        """Send one request; raises CannotConnect, CertificateChanged, or UnexpectedResponse for a body over 64 kB."""
        if pin := pin or self._pin:
            pin.mismatch = None
        try:
            async with self._lock:
                if self._session.closed:  # the entry was unloaded, or the flow was closed, during an earlier request
                    raise CannotConnect
                async with self._session.get(
                    self._urls[path],
                    headers={"Accept-Encoding": "identity", **(credentials or {})},
                    allow_redirects=False,
                    timeout=_TIMEOUT,
                    ssl=pin or False,
                ) as http_response:
                    response = await read_response(http_response)
                    if credentials and response.status == HTTPStatus.OK:
                        self._keep_session_cookie(http_response.cookies.get("sessionId"))
                    return response
        except (ClientError, OSError) as err:
            _LOGGER.debug("Request for %s failed: %s", path, type(err).__name__)
            error = CertificateChanged(pin.mismatch) if pin and pin.mismatch else CannotConnect()
        raise error  # without a cause: aiohttp's exceptions hold the request with the token, and the response

    def _keep_session_cookie(self, cookie: Morsel[str] | None) -> None:
        """Keep the cookie of a new session; checking it costs the gateway less than checking the token."""
        if cookie:
            self._cookie = cookie.value if re.fullmatch(_COOKIE, cookie.value) else None


def _error(response: Response, errors: Mapping[int, type[SecctrlError]]) -> SecctrlError:
    """Return the exception for a response that isn't 200."""
    if _is_busy(response.status):
        return CannotConnect(response.retry_after)
    if error := errors.get(response.status):
        return error()
    return UnexpectedResponse(f"HTTP {response.status}")


def _is_busy(status: int) -> bool:
    """Return whether the gateway is restarting or overloaded; such a status never rejects the token."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
