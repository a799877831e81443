"""Access tokens as Enphase's cloud issues them and gateways check them: ES256 JWTs."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
import jwt

ISSUER: Final = "Entrez"
ROLES: Final = ("owner", "installer")
DAY: Final = 86400.0
# The cloud decides how long a token lives (s), by the role of the account.
LIFETIMES: Final = {"owner": 365 * DAY, "installer": DAY / 2}
# One key pair for the cloud and every gateway: what the cloud signs, they accept.
KEY: Final = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a gateway keeps of a token it has accepted."""

    jti: str
    role: str


def mint(
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
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "emulated"})


def check(token: str, *, serial: str, now: float) -> Token | None:
    """Return the token, or None unless signature, aud, iss, exp and role are right."""
    # The time is the emulator's, which a test may move: PyJWT would ask the system's.
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(
            token,
            KEY.public_key(),
            algorithms=["ES256"],
            audience=serial,
            issuer=ISSUER,
            options=options,
        )
    except jwt.InvalidTokenError:
        return None
    if claims.get("enphaseUser") not in ROLES or claims.get("exp", 0) <= now:
        return None
    return Token(jti=str(claims.get("jti")), role=str(claims["enphaseUser"]))


def jti_of(token: str) -> str:
    """Return the token's jti; raises jwt.InvalidTokenError for what is no token."""
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])
