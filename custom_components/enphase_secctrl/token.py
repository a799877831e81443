"""The access token: which gateway it opens, whose it is and until when. Pure.

A JWT signed by the Enphase cloud. Only a gateway checks the signature; what is checked here
keeps web pages, other gateways' tokens and expired ones out.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
from typing import Final

import jwt

from .failures import NotAToken, TokenExpired, WrongGateway

_JWT: Final = r"(?a)[\w-]{1,4096}\.[\w-]{1,8192}\.[\w-]{1,4096}"


@dataclass(frozen=True, kw_only=True)
class Token:
    """A checked token: `text` is what a gateway takes, `role` is owner, installer or "" if unsaid."""

    text: str = field(repr=False)
    issued: datetime
    expires: datetime
    role: str

    @property
    def margin(self) -> timedelta:
        """How long before its end it is renewed: 30 days of an owner's year, 1 of an installer's 12 hours."""
        return min(timedelta(days=30), (self.expires - self.issued) / 12)


def read_token(text: str, serial: str) -> Token:
    """Return the token that the text is, ended or not; raises NotAToken or WrongGateway."""
    stripped = text.strip()
    if not re.fullmatch(_JWT, stripped):
        raise NotAToken
    try:
        claims = jwt.decode(stripped, options={"verify_signature": False})
        expires = datetime.fromtimestamp(_seconds(claims.get("exp")), UTC)
        issued = datetime.fromtimestamp(_seconds(claims.get("iat", 0)), UTC)
    except (jwt.InvalidTokenError, ValueError, OverflowError, OSError) as err:
        raise NotAToken from err
    audience = claims.get("aud")
    if serial not in (audience if isinstance(audience, list) else [audience]):
        raise WrongGateway
    role = claims.get("enphaseUser")
    return Token(text=stripped, issued=issued, expires=expires, role=role if role in ("owner", "installer") else "")


def usable_token(text: str, serial: str) -> Token:
    """Return the token that the text is; raises NotAToken, WrongGateway or TokenExpired."""
    token = read_token(text, serial)
    if token.expires <= datetime.now(UTC):
        raise TokenExpired
    return token


def _seconds(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise ValueError  # noqa: TRY004 - one kind of failure, whatever the type
    return claim
