"""Access tokens, as the Enphase cloud issues them and gateways verify them: JWTs, signed with ES256."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
import jwt

ISSUER: Final = "Entrez"
ROLES: Final = ("owner", "installer")
DAY: Final = 86400.0
LIFETIMES: Final = {"owner": 365 * DAY, "installer": DAY / 2}
"""The lifetime of a token in seconds, by the role of the account. The cloud determines it."""
SIGNING_KEY: Final = ec.generate_private_key(ec.SECP256R1())
"""The cloud and all gateways share one key pair, so gateways accept the tokens of the cloud."""


@dataclass(frozen=True, kw_only=True)
class VerifiedToken:
    """The claims that a gateway stores of a valid token."""

    jti: str
    role: str


def create_token(
    *,
    serial: str,
    now: float,
    role: str = "owner",
    lifetime: float = LIFETIMES["owner"],
    age: float = 0,
    username: str = "owner@example.com",
) -> str:
    """Return a JWT for the gateway, issued age (s) before now (s), and valid for lifetime (s) from then."""
    issued = now - age
    claims = {
        "aud": serial,
        "iss": ISSUER,
        "enphaseUser": role,
        "exp": int(issued + lifetime),
        "iat": int(issued),
        "jti": str(uuid4()),
        "username": username,
    }
    return jwt.encode(claims, SIGNING_KEY, algorithm="ES256", headers={"kid": "emulated"})


def verify_token(token: str, *, serial: str, now: float) -> VerifiedToken | None:
    """Return the token, or None if its signature or one of aud, iss, exp, and enphaseUser is invalid."""
    # PyJWT would compare with the system clock, but the emulator has its own.
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(
            token,
            SIGNING_KEY.public_key(),
            algorithms=["ES256"],
            audience=serial,
            issuer=ISSUER,
            options=options,
        )
    except jwt.InvalidTokenError:
        return None
    if claims.get("enphaseUser") not in ROLES or claims.get("exp", 0) <= now:
        return None
    return VerifiedToken(jti=str(claims.get("jti")), role=str(claims["enphaseUser"]))


def read_jti(token: str) -> str:
    """Return the jti claim of a token; raises jwt.InvalidTokenError if it is no JWT."""
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])
