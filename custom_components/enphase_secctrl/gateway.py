"""The LAN side: what a gateway is (`/info`) and what it reports (`/ivp/ensemble/secctrl`)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Final, override
from weakref import WeakValueDictionary

from aiohttp import ClientError, ClientSession, ClientTimeout, Fingerprint, ServerFingerprintMismatch
from yarl import URL

from .address import base_url
from .body import read_body
from .const import LOGGER
from .failures import (
    CannotConnect,
    CertificateChanged,
    Failure,
    InvalidAuth,
    NoSecctrl,
    UnexpectedAnswer,
    WrongGateway,
)
from .identity import Identity, identity
from .model import Report, parse

INFO: Final = "/info"
SECCTRL: Final = "/ivp/ensemble/secctrl"
CHECK_JWT: Final = "/auth/check_jwt"

TIME_LIMIT: Final = ClientTimeout(total=10)

_REFUSALS: Final[Mapping[int, type[Failure]]] = {
    HTTPStatus.UNAUTHORIZED: InvalidAuth,
    HTTPStatus.FORBIDDEN: InvalidAuth,
    HTTPStatus.NOT_FOUND: NoSecctrl,
}
_NO_CERTIFICATE: Final = bytes(32)
"""A fingerprint that no certificate has."""

_COOKIE: Final = r"[!#-+\--:<-\[\]-~]{1,4096}"

_in_flight: WeakValueDictionary[URL, asyncio.Lock] = WeakValueDictionary()
"""One request at a time per gateway, whoever asks: two clients at once make it silent."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    body: bytes
    retry_after: float | None


class _Pin(Fingerprint):
    """Keeps the fingerprint that did not match: aiohttp goes on to a name's next address, and tells of that one."""

    shown: bytes | None = None

    @override
    def check(self, transport: asyncio.Transport) -> None:
        self.shown = None
        try:
            super().check(transport)
        except ServerFingerprintMismatch as err:
            self.shown = err.got
            raise


class Gateway:
    """One gateway: asks who it is before it sends it a token or a cookie."""

    def __init__(
        self,
        session: ClientSession,
        host: str,
        *,
        serial: str | None = None,
        token: str = "",
        certificate: bytes | None = None,
    ) -> None:
        """Take a session without cookie jar; certificate is the SHA-256 of the only one to talk to."""
        self.url = base_url(host)
        self.token = token
        self.identity: Identity | None = None
        self._session = session
        self._serial = serial
        self._pin = _Pin(certificate) if certificate else None
        self._cookie: str | None = None
        self._trusted = False
        self._report: Report | None = None
        self._urls = {path: self.url.with_path(path) for path in (INFO, SECCTRL, CHECK_JWT)}
        self._lock = _in_flight.setdefault(self.url.origin(), asyncio.Lock())

    async def identify(self) -> Identity:
        """Ask who the gateway is, without credentials; raises Failure."""
        answer = await self._get(INFO)
        if answer.status != HTTPStatus.OK:
            raise self._failure(answer, {})
        found = identity(answer.body)
        if self._serial not in (None, found.serial):
            self._cookie = None
            raise WrongGateway
        self._serial = found.serial
        self.identity = found
        return found

    async def certificate(self) -> bytes:
        """Return the SHA-256 of the certificate that is shown now; nothing is sent. Raises Failure."""
        try:
            await self._get(INFO, pin=_Pin(_NO_CERTIFICATE))
        except CertificateChanged as err:
            shown = err.shown
        return shown

    async def secctrl(self) -> Report:
        """Return what the gateway reports: one request, after a failure two; raises Failure."""
        trusted, self._trusted = self._trusted, False
        if not trusted:
            await self.identify()
        answer = await self._get_with_credentials(SECCTRL)
        if _REFUSALS.get(answer.status) is InvalidAuth:
            if trusted:
                await self.identify()  # another gateway may have taken the address since the last poll
            if await self._token_is_valid():
                answer = await self._get_with_credentials(SECCTRL)
        if answer.status != HTTPStatus.OK:
            raise self._failure(answer, _REFUSALS)
        if self._report is None or self._report.body != answer.body:
            self._report = parse(answer.body)
        self._trusted = True
        return self._report

    async def _token_is_valid(self) -> bool:
        """Ask the gateway once more: some firmware takes a token only here, and a cookie after it."""
        self._cookie = None
        answer = await self._get_with_credentials(CHECK_JWT)
        if _is_busy(answer.status):
            raise CannotConnect(answer.retry_after)
        return answer.status == HTTPStatus.OK

    async def _get_with_credentials(self, path: str) -> _Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        if self._cookie:
            headers["Cookie"] = f"sessionId={self._cookie}"
        return await self._get(path, headers)

    async def _get(self, path: str, headers: dict[str, str] | None = None, pin: _Pin | None = None) -> _Answer:
        """Send one request; raises CannotConnect, CertificateChanged, or UnexpectedAnswer for too large a body."""
        if pin := pin or self._pin:
            pin.shown = None
        try:
            async with (
                self._lock,
                self._session.get(
                    self._urls[path],
                    headers={"Accept-Encoding": "identity", **(headers or {})},
                    allow_redirects=False,
                    timeout=TIME_LIMIT,
                    ssl=pin or False,
                ) as response,
            ):
                answer = _Answer(
                    status=response.status,
                    body=await read_body(response),
                    retry_after=_seconds(response.headers.get("Retry-After", "")),
                )
                if headers and response.status == HTTPStatus.OK and (cookie := response.cookies.get("sessionId")):
                    self._cookie = cookie.value if re.fullmatch(_COOKIE, cookie.value) else None
                return answer
        except (ClientError, OSError) as err:
            LOGGER.debug("No answer to %s: %s", path, type(err).__name__)
            failure = CertificateChanged(pin.shown) if pin and pin.shown else CannotConnect()
        raise failure  # by itself: aiohttp's errors hold what was sent, the token too, and what was answered

    @staticmethod
    def _failure(answer: _Answer, meanings: Mapping[int, type[Failure]]) -> Failure:
        if _is_busy(answer.status):
            return CannotConnect(answer.retry_after)
        if meaning := meanings.get(answer.status):
            return meaning()
        return UnexpectedAnswer(f"HTTP {answer.status}")


def _is_busy(status: int) -> bool:
    """Whether a gateway answers so while it restarts or has too much to do; never a refusal of the token."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _seconds(header: str) -> float | None:
    return float(header) if re.fullmatch(r"[0-9]{1,9}", header) else None
