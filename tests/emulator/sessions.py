"""Sessions of a gateway, and the tokens that it has revoked."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from . import tokens

IDLE_TIMEOUT: Final = 600.0
"""A session expires this long after its last use, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """The token that a session was opened with, and the time (s) of its last use."""

    jti: str
    role: str
    last_used: float


class SessionTable:
    """The sessions of a gateway by their sessionId cookie, and its revoked tokens."""

    def __init__(self) -> None:
        """Initialize without sessions."""
        self._sessions: Final[dict[str, Session]] = {}
        self._revoked: Final[set[str]] = set()

    def __len__(self) -> int:
        """Return the number of sessions, including expired ones that were not used again."""
        return len(self._sessions)

    def is_valid(self, cookie: str, now: float) -> bool:
        """Return whether the cookie has a session that is not expired. This counts as its last use."""
        session = self._sessions.pop(cookie, None)
        if session is None or now - session.last_used >= IDLE_TIMEOUT:
            return False
        self._sessions[cookie] = replace(session, last_used=now)
        return True

    def authenticate(self, header: str, *, serial: str, now: float) -> tokens.VerifiedToken | None:
        """Return the token of an Authorization header, or None if it is missing, invalid, or revoked."""
        scheme, _, text = header.partition(" ")
        if scheme != "Bearer":
            return None
        token = tokens.verify_token(text, serial=serial, now=now)
        return None if token is None or token.jti in self._revoked else token

    def open_session(self, token: tokens.VerifiedToken, now: float) -> tuple[str, str]:
        """Open a session and return its Set-Cookie header."""
        cookie = uuid4().hex
        self._sessions[cookie] = Session(jti=token.jti, role=token.role, last_used=now)
        return ("Set-Cookie", f"sessionId={cookie}; Secure; HttpOnly; path=/")

    def revoke_token(self, jti: str) -> None:
        """Reject a token permanently, and delete its sessions."""
        self._revoked.add(jti)
        for cookie in [key for key, session in self._sessions.items() if session.jti == jti]:
            del self._sessions[cookie]

    def clear(self) -> None:
        """Delete all sessions."""
        self._sessions.clear()
