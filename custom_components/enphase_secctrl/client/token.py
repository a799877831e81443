"""The access token: a JWT that the Enphase cloud issues for one gateway.

Only the gateway verifies the signature. The checks here reject web pages, tokens for a different gateway, and
expired tokens before anything is sent.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
from typing import Final

import jwt

from .exceptions import NotAToken, TokenExpired, WrongGateway

_JWT: Final = r"(?a)[\w-]{1,4096}\.[\w-]{1,8192}\.[\w-]{1,4096}"
_MAX_RENEWAL_PERIOD: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """A parsed token. `role` is "owner", "installer", or "" if the token has none."""

    text: str = field(repr=False)
    issued: datetime
    expires: datetime
    role: str

    @property
    def renewal_due(self) -> datetime:
        """When to renew it: 30 days before the end of an owner's year, 1 hour before that of an installer's 12."""
        return self.expires - min(_MAX_RENEWAL_PERIOD, (self.expires - self.issued) / 12)


def parse_token(text: str, serial: str) -> AccessToken:
    """Parse a token, expired or not; raises NotAToken, or WrongGateway if it is for a different serial."""
    stripped = text.strip()
    if not re.fullmatch(_JWT, stripped):
        raise NotAToken
    try:
        claims = jwt.decode(stripped, options={"verify_signature": False})
        expires = datetime.fromtimestamp(_timestamp(claims.get("exp")), UTC)
        issued = datetime.fromtimestamp(_timestamp(claims.get("iat", 0)), UTC)
    except (jwt.InvalidTokenError, ValueError, OverflowError, OSError) as err:
        raise NotAToken from err
    audience = claims.get("aud")
    if serial not in (audience if isinstance(audience, list) else [audience]):
        raise WrongGateway
    role = claims.get("enphaseUser")
    return AccessToken(
        text=stripped, issued=issued, expires=expires, role=role if role in ("owner", "installer") else ""
    )


def parse_valid_token(text: str, serial: str) -> AccessToken:
    """Parse a token; raises NotAToken, WrongGateway, or TokenExpired."""
    token = parse_token(text, serial)
    if token.expires <= datetime.now(UTC):
        raise TokenExpired
    return token


def _timestamp(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise ValueError  # noqa: TRY004 - every invalid claim is handled as a ValueError
    return claim
