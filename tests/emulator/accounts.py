"""Accounts of the Enphase cloud, and their login sessions."""

from dataclasses import dataclass, field
import secrets

NONCE_LIFETIME = 300.0  # s


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account, its role, and the serial numbers of its gateways."""

    email: str
    password: str
    role: str
    serials: tuple[str, ...]
    mfa: bool


@dataclass(kw_only=True)
class LoginSession:
    """A login, complete or waiting for a verification code. The _enlighten_4_session cookie is its session ID."""

    account: Account
    authenticated: bool = False
    csrf_token: str = field(default_factory=lambda: secrets.token_hex(16))
    code: str | None = None
    nonce: str = ""
    nonce_expires: float = 0.0  # s since the epoch

    def renew_nonce(self, now: float) -> str:
        """Replace the value of the login_otp_nonce cookie and return it."""
        self.nonce = secrets.token_hex(16)
        self.nonce_expires = now + NONCE_LIFETIME
        return self.nonce

    def renew_code(self) -> str:
        """Replace the verification code with a different one and return it."""
        codes = [f"{secrets.randbelow(1000000):06d}" for _ in range(2)]
        self.code = codes[0] if codes[0] != self.code else codes[1]
        return self.code


class LoginSessions:
    """All login sessions, by cookie."""

    def __init__(self) -> None:
        """Initialize without sessions."""
        self._by_cookie: dict[str, LoginSession] = {}

    def create_cookie(self, session: LoginSession) -> str:
        """Return a new cookie for the session. An earlier cookie becomes invalid."""
        self._by_cookie = {key: other for key, other in self._by_cookie.items() if other is not session}
        cookie = secrets.token_hex(16)
        self._by_cookie[cookie] = session
        return cookie

    def by_cookie(self, cookie: str) -> LoginSession | None:
        """Return the session with the cookie."""
        return self._by_cookie.get(cookie)
