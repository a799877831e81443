"""Who may read the payload: sessions by cookie, and tokens that are not revoked."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from . import tokens

IDLE: Final = 600.0  # s after its last use a session ends


@dataclass(frozen=True, kw_only=True)
class Session:
    """Whom a sessionId cookie stands for, and when (s) it was last used."""

    jti: str
    role: str
    used: float


class Door:
    """A gateway's session table and its list of revoked tokens."""

    def __init__(self) -> None:
        """Start without sessions."""
        self.sessions: Final[dict[str, Session]] = {}
        self._revoked: Final[set[str]] = set()

    def knows(self, cookie: str, now: float) -> bool:
        """Say whether the cookie's session lives, which prolongs it."""
        session = self.sessions.pop(cookie, None)
        if session is None or now - session.used >= IDLE:
            return False
        self.sessions[cookie] = replace(session, used=now)
        return True

    def token(self, header: str, *, serial: str, now: float) -> tokens.Token | None:
        """Return the valid token of an Authorization header, or None."""
        scheme, _, text = header.partition(" ")
        if scheme != "Bearer":
            return None
        token = tokens.check(text, serial=serial, now=now)
        return None if token is None or token.jti in self._revoked else token

    def open_session(self, token: tokens.Token, now: float) -> tuple[str, str]:
        """Return the Set-Cookie header of a new session."""
        cookie = uuid4().hex
        self.sessions[cookie] = Session(jti=token.jti, role=token.role, used=now)
        return ("Set-Cookie", f"sessionId={cookie}; Secure; HttpOnly; path=/")

    def revoke(self, jti: str) -> None:
        """Refuse a token for ever, and end its sessions."""
        self._revoked.add(jti)
        for cookie in [key for key, its in self.sessions.items() if its.jti == jti]:
            del self.sessions[cookie]
