"""The access token: a JWT that the Enphase cloud issues for one gateway.

Only the gateway verifies the signature. The checks here reject web pages, tokens for a different gateway, and
expired tokens before anything is sent.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
import re
from typing import Final

import jwt

from .exceptions import NotAToken, TokenExpired, TokenIncomplete, WrongGateway

_JWT: Final = r"(?a)[\w-]{1,4096}\.[\w-]{1,8192}\.[\w-]{1,4096}"
_CUT_OFF_JWT: Final = r"(?a)eyJ[\w-]*(\.[\w-]*){0,2}"
_BLANKS: Final = r"[\s\u00ad\u200b\u2060\ufeff]+"
_AROUND: Final = " \"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb,;:={}()[]<>*\\"
_PREFIXES: Final = rf"(?ia)\A(?:(?:authorization|bearer|(?!eyj)[\w-]*(?:token|session_?id))\b[{re.escape(_AROUND)}]*)*"
_SIGNATURE_LENGTH: Final = 86
"""Characters of an ES256 signature."""

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


def parse_pasted_token(text: str, serial: str) -> AccessToken:
    """Parse a token as people paste it: with quotes, a prefix, JSON around it, or white space inside.

    Raises NotAToken, TokenIncomplete, WrongGateway, or TokenExpired.
    """
    token = _extract_token(text)
    signature = "".join(token.split(".")[2:])
    if re.fullmatch(_CUT_OFF_JWT, token) and len(signature) < _SIGNATURE_LENGTH:
        raise TokenIncomplete
    return parse_valid_token(token, serial)


def _extract_token(text: str) -> str:
    """Remove what surrounds a token, and the white space inside."""
    try:
        content = json.loads(text, strict=False)
    except ValueError, RecursionError:
        content = None
    if isinstance(content, dict) and isinstance(member := content.get("token"), str):
        text = member
    text = re.sub(_BLANKS, " ", text).strip(_AROUND)
    return re.sub(_PREFIXES, "", text).replace(" ", "")


def _timestamp(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise ValueError  # noqa: TRY004 - every invalid claim is handled as a ValueError
    return claim
