"""Accounts of the cloud and the sign-ins under way."""

from dataclasses import dataclass, field
import secrets

NONCE_LIFETIME = 300.0  # s


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who may sign in, as what, and for which gateways."""

    email: str
    password: str
    role: str
    serials: tuple[str, ...]
    mfa: bool


@dataclass(kw_only=True)
class SignIn:
    """One browser's way in, known by its _enlighten_4_session cookie."""

    account: Account
    authenticated: bool = False
    session_id: str = field(default_factory=lambda: secrets.token_hex(16))
    code: str | None = None
    nonce: str = ""
    nonce_until: float = 0.0  # s

    def new_nonce(self, now: float) -> str:
        """Rotate login_otp_nonce and return it."""
        self.nonce = secrets.token_hex(16)
        self.nonce_until = now + NONCE_LIFETIME
        return self.nonce

    def new_code(self) -> str:
        """Replace the code that was sent by another one."""
        codes = [f"{secrets.randbelow(1000000):06d}" for _ in range(2)]
        self.code = codes[0] if codes[0] != self.code else codes[1]
        return self.code


class SignIns:
    """All sign-ins, found by cookie or by session id."""

    def __init__(self) -> None:
        """Start with nobody signed in."""
        self._by_cookie: dict[str, SignIn] = {}

    def open(self, sign_in: SignIn) -> str:
        """Return a new cookie for the sign-in; an earlier one ends."""
        self._by_cookie = {key: other for key, other in self._by_cookie.items() if other is not sign_in}
        cookie = secrets.token_hex(32)
        self._by_cookie[cookie] = sign_in
        return cookie

    def by_cookie(self, cookie: str) -> SignIn | None:
        """Return the sign-in of the cookie."""
        return self._by_cookie.get(cookie)

    def by_session_id(self, session_id: str) -> SignIn | None:
        """Return the finished sign-in with the session id."""
        for sign_in in self._by_cookie.values():
            if sign_in.authenticated and sign_in.session_id == session_id:
                return sign_in
        return None
