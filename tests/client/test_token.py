"""Parsing of access tokens."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
import json
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.enphase_secctrl.client.exceptions import NotAToken, TokenExpired, WrongGateway
from custom_components.enphase_secctrl.client.token import parse_token, parse_valid_token
from tests.emulator import Gateway
from tests.emulator.tokens import LIFETIMES

SERIAL: Final = "122300000001"
EXPIRES: Final = 4102444800
"""2100, in seconds."""


def encode(raw: bytes) -> str:
    """Return bytes as a part of a JWT."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt_of(claims: bytes) -> str:
    """Return a JWT with these claims and an invalid signature: the client doesn't check it."""
    return f"{encode(b'{"alg":"ES256","typ":"JWT"}')}.{encode(claims)}.{encode(b'signature')}"


def jwt_with(**claims: object) -> str:
    """Return a valid JWT, except for these claims."""
    return jwt_of(json.dumps({"aud": SERIAL, "exp": EXPIRES, "iat": 0, **claims}).encode())


@pytest.mark.parametrize("role", ["owner", "installer"])
def test_valid_token(role: str, freezer: FrozenDateTimeFactory) -> None:
    """A token has a role, and it is known to the second when it was issued and when it expires."""
    now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    freezer.move_to(now)
    text = Gateway().token(role, LIFETIMES[role])
    token = parse_valid_token(text, SERIAL)
    assert (token.text, token.role, token.issued) == (text, role, now)
    assert token.expires == now + timedelta(seconds=LIFETIMES[role])
    assert text not in repr(token)


@pytest.mark.parametrize("surrounded", ["{}\n", "  {}", "\r\n\t{}\r\n"])
def test_surrounding_whitespace(surrounded: str) -> None:
    """Whitespace around a pasted token is ignored."""
    text = Gateway().token()
    assert parse_valid_token(surrounded.format(text), SERIAL).text == text


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        (jwt_with(aud=[SERIAL, "202200000002"]), EXPIRES),
        (jwt_with(exp=EXPIRES + 0.5), EXPIRES + 0.5),
        (jwt_with(iat=EXPIRES + 1), EXPIRES),
        (jwt_of(f'{{"aud":"{SERIAL}","exp":{EXPIRES}}}'.encode()), EXPIRES),
    ],
)
def test_other_claims(text: str, expires: float) -> None:
    """The audience may be a list, the expiration may have fractions, and `iat` may be missing."""
    token = parse_valid_token(text, SERIAL)
    assert (token.expires.timestamp(), token.role) == (expires, "")


@pytest.mark.parametrize("role", [None, "admin", ["owner"], {}, True])
def test_invalid_role(role: object) -> None:
    """An unknown role is ignored."""
    assert parse_token(jwt_with(enphaseUser=role), SERIAL).role == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "Error in generating Token",
        "<!DOCTYPE html><html><body>Please sign in</body></html>",
        '{"token": "eyJ"}',
        "a.b.c",
        "eyJ.eyJ.eyJ",
        jwt_with().rpartition(".")[0],
        jwt_with() + ".more",
        "Bearer " + jwt_with(),
        jwt_with() * 2,
        jwt_with() + "éé",
        "\u200b" + jwt_with(),
        jwt_with(padding="x" * 12_300),
        "x" * 1_000_000,
        jwt_of(b""),
        jwt_of(b"[]"),
        jwt_of(b"null"),
        jwt_of(b"\xff\xfe"),
        jwt_of(b"[" * 12_000),
        jwt_of(f'{{"aud":"{SERIAL}"}}'.encode()),
        jwt_of(f'{{"aud":"{SERIAL}","exp":{"9" * 5000}}}'.encode()),
        jwt_with(exp=None),
        jwt_with(exp=True),
        jwt_with(exp="4102444800"),
        jwt_with(exp=[EXPIRES]),
        jwt_with(exp=1e20),
        jwt_with(exp=-1e20),
        jwt_with(exp=10**18),
        jwt_with(exp=float("nan")),
        jwt_with(exp=float("inf")),
        jwt_with(iat="0"),
        jwt_with(iat=None),
    ],
)
def test_not_a_token(text: str) -> None:
    """Pages, error messages, incomplete tokens, and invalid claims aren't tokens."""
    for parse in (parse_token, parse_valid_token):
        with pytest.raises(NotAToken):
            parse(text, SERIAL)


@pytest.mark.parametrize(
    "text",
    [
        Gateway().token(serial="202200000002"),
        Gateway().token(serial=SERIAL[:-1]),
        jwt_with(aud=None),
        jwt_with(aud=int(SERIAL)),
        jwt_with(aud=[]),
        jwt_with(aud=[[SERIAL]]),
        jwt_with(aud={SERIAL: SERIAL}),
        jwt_with(aud="202200000002", exp=0),
    ],
)
def test_wrong_gateway(text: str) -> None:
    """A token is only valid for the gateways in its audience."""
    with pytest.raises(WrongGateway):
        parse_token(text, SERIAL)


def test_expires(freezer: FrozenDateTimeFactory) -> None:
    """An expired token can be parsed, but it isn't valid."""
    text = Gateway().token(lifetime=60)
    freezer.tick(58)
    token = parse_valid_token(text, SERIAL)
    freezer.move_to(token.expires)
    with pytest.raises(TokenExpired):
        parse_valid_token(text, SERIAL)
    assert parse_token(text, SERIAL) == token
