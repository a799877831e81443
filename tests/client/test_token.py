"""Parsing of access tokens."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
import json
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.enphase_secctrl.client.exceptions import (
    NotAToken,
    TokenExpired,
    TokenIncomplete,
    WrongGateway,
)
from custom_components.enphase_secctrl.client.token import parse_pasted_token, parse_token, parse_valid_token
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


@pytest.mark.parametrize(("role", "period"), [("owner", timedelta(days=30)), ("installer", timedelta(hours=1))])
def test_renewal_due(role: str, period: timedelta) -> None:
    """An owner's token is renewed 30 days before it expires, an installer's 1 hour before."""
    token = parse_token(Gateway().token(role, LIFETIMES[role]), SERIAL)
    assert token.expires - token.renewal_due == period


def test_longest_token() -> None:
    """The parts of a token have up to 4,096, 8,192, and 4,096 characters."""
    header = b'{"alg":"ES256","typ":"JWT"}'
    claims = json.dumps({"aud": SERIAL, "exp": EXPIRES}).encode()
    longest = [encode(header.ljust(3072)), encode(claims.ljust(6144)), encode(b"s" * 3072)]
    assert parse_token(".".join(longest), SERIAL)
    for part, too_long in enumerate((header.ljust(3073), claims.ljust(6145), b"s" * 3073)):
        with pytest.raises(NotAToken):
            parse_token(".".join([*longest[:part], encode(too_long), *longest[part + 1 :]]), SERIAL)


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


# --- Pasted tokens

HEADER, CLAIMS, SIGNATURE = Gateway().token().split(".")


@pytest.mark.parametrize(
    "pasted",
    [
        "{}",
        " {}\r\n",
        "'{}'",
        '"{}"',
        "`{}`",
        "\u201c{}\u201d",
        "\u2018{}\u2019",
        "\u201e{}\u201c",
        "\u00ab{}\u00bb",
        "<{}>",
        "**{}**",
        '"{}",',
        "{};",
        "\ufeff{}\u200b",
        "Bearer {}",
        "bearer {}",
        "Bearer: {}",
        "'Bearer {}'",
        "Authorization: Bearer {}",
        "authorization:bearer {}",
        "AUTHORIZATION:\n\tBEARER\n{}",
        '"Authorization": "Bearer {}"',
        "token:{}",
        "token = '{}'",
        "Token {}",
        "token\n{}",
        "sessionId={}",
        "sessionId: {}",
        "session_id={}",
        "access_token={}",
        "access-token: {}",
        "ENPHASE_TOKEN={}",
        '"token": "{}"',
        '{{"token": "{}"}}',
        ' {{"token":"{}"}} ',
        '{{"token": "Bearer {}"}}',
        '{{"token": "{}",}}',
        '{{"access_token": "{}"}}',
        '{{\n  "generation_time": 1,\n  "token": "{}",\n  "expires_at": 2\n}}',
    ],
)
def test_pasted_token(pasted: str) -> None:
    """What surrounds a pasted token is removed."""
    text = Gateway().token()
    assert parse_pasted_token(pasted.format(text), SERIAL).text == text


@pytest.mark.parametrize("blank", [" ", "\n", "\r\n", "\t", "\n    ", "\u00a0", "\u2028", "\u200b", "\u00ad"])
@pytest.mark.parametrize("around", ["{}", "Bearer {}", '{{"token": "{}"}}'])
def test_blanks_in_pasted_token(blank: str, around: str) -> None:
    """Line breaks and spaces inside a pasted token are removed."""
    text = Gateway().token()
    wrapped = blank.join(text[start : start + 76] for start in range(0, len(text), 76))
    assert parse_pasted_token(around.format(wrapped), SERIAL).text == text
    assert parse_pasted_token(around.format(text.replace(".", f"{blank}.{blank}")), SERIAL).text == text


@pytest.mark.parametrize("around", ["{}", "Bearer {}\n", '"{}"', 'token: "{}', '{{"token": "{}"}}', '{{"token": "{}'])
@pytest.mark.parametrize(
    "end",
    [
        len("eyJ"),
        len(HEADER) - 1,
        len(HEADER),
        len(f"{HEADER}."),
        len(f"{HEADER}.{CLAIMS}") - 140,
        len(f"{HEADER}.{CLAIMS}") - 1,
        len(f"{HEADER}.{CLAIMS}"),
        len(f"{HEADER}.{CLAIMS}."),
        -45,
        -1,
    ],
)
def test_incomplete_token(end: int, around: str) -> None:
    """A token without its end is recognized, wherever it was cut off."""
    with pytest.raises(TokenIncomplete):
        parse_pasted_token(around.format(Gateway().token()[:end]), SERIAL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "Bearer",
        '"',
        "token:",
        "Error in generating Token",
        "<!DOCTYPE html><html><body>Please sign in</body></html>",
        "{}",
        "[]",
        "null",
        '{"token": null}',
        '{"token": 5}',
        '{"token": ["x"]}',
        '{"message": "success"}',
        "3d5e2c9a0b7f4e1d8c6a5b4f3e2d1c0b",
        "ey",
        f"{Gateway().token()}\n{Gateway().token()}",
        f"{Gateway().token()}.more",
        Gateway().token()[3:],
        Gateway().token() + "é",
        f"{HEADER}.{encode(b'{}')}.{SIGNATURE}",
        "{" * 100_000,
        "Bearer " * 100_000,
        '"' * 100_000,
        "x" * 1_000_000,
    ],
    ids=lambda text: repr(text)[:40],
)
def test_pasted_text_is_no_token(text: str) -> None:
    """Other texts aren't tokens."""
    with pytest.raises(NotAToken):
        parse_pasted_token(text, SERIAL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (Gateway().token(serial="202200000002"), WrongGateway),
        (Gateway().token(serial="202200000002", lifetime=-60), WrongGateway),
        (Gateway().token(lifetime=-60), TokenExpired),
    ],
)
@pytest.mark.parametrize("around", ["{}", '"Bearer {}"', '{{"token": "{}"}}'])
def test_pasted_token_is_not_valid(text: str, expected: type[Exception], around: str) -> None:
    """A pasted token for a different gateway, or one that has expired, has its own exception."""
    with pytest.raises(expected):
        parse_pasted_token(around.format(text), SERIAL)
