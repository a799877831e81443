"""The access token: those of the cloud are read, everything else is refused for its own reason."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
import json
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.enphase_secctrl.failures import Failure, NotAToken, TokenExpired, WrongGateway
from custom_components.enphase_secctrl.token import read_token, usable_token
from tests.gateway import Gateway
from tests.gateway.tokens import LIFETIMES

SERIAL: Final = "122300000001"
LATER: Final = 4102444800
"""2100, in seconds."""


def part(raw: bytes) -> str:
    """Return bytes as a JWT carries them."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(claims: bytes) -> str:
    """Return a JWT with any claims; nobody here checks its signature."""
    return f"{part(b'{"alg":"ES256","typ":"JWT"}')}.{part(claims)}.{part(b'signature')}"


def claiming(**claims: object) -> str:
    """Return a good JWT but for the claims."""
    return signed(json.dumps({"aud": SERIAL, "exp": LATER, "iat": 0, **claims}).encode())


@pytest.mark.parametrize("role", ["owner", "installer"])
def test_token_of_the_cloud(role: str, freezer: FrozenDateTimeFactory) -> None:
    """A token says whose it is and until when, to the second."""
    now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    freezer.move_to(now)
    text = Gateway().token(role, LIFETIMES[role])
    token = usable_token(text, SERIAL)
    assert (token.text, token.role, token.issued) == (text, role, now)
    assert token.expires == now + timedelta(seconds=LIFETIMES[role])
    assert text not in repr(token)


@pytest.mark.parametrize("around", ["{}\n", "  {}", "\r\n\t{}\r\n"])
def test_space_around(around: str) -> None:
    """What a paste brings along is left out."""
    text = Gateway().token()
    assert usable_token(around.format(text), SERIAL).text == text


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        (claiming(aud=[SERIAL, "202200000002"]), LATER),
        (claiming(exp=LATER + 0.5), LATER + 0.5),
        (claiming(iat=LATER + 1), LATER),
        (signed(f'{{"aud":"{SERIAL}","exp":{LATER}}}'.encode()), LATER),
    ],
)
def test_other_shapes(text: str, expires: float) -> None:
    """An audience may be a list, a time have fractions, `iat` be missing; an unknown role is none."""
    token = usable_token(text, SERIAL)
    assert (token.expires.timestamp(), token.role) == (expires, "")


@pytest.mark.parametrize("role", [None, "admin", ["owner"], {}, True])
def test_odd_role(role: object) -> None:
    """Only the two known roles are shown."""
    assert read_token(claiming(enphaseUser=role), SERIAL).role == ""


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
        claiming().rpartition(".")[0],
        claiming() + ".more",
        "Bearer " + claiming(),
        claiming() * 2,
        claiming() + "éé",
        "\u200b" + claiming(),
        claiming(padding="x" * 12_300),
        "x" * 1_000_000,
        signed(b""),
        signed(b"[]"),
        signed(b"null"),
        signed(b"\xff\xfe"),
        signed(b"[" * 12_000),
        signed(f'{{"aud":"{SERIAL}"}}'.encode()),
        signed(f'{{"aud":"{SERIAL}","exp":{"9" * 5000}}}'.encode()),
        claiming(exp=None),
        claiming(exp=True),
        claiming(exp="4102444800"),
        claiming(exp=[LATER]),
        claiming(exp=1e20),
        claiming(exp=-1e20),
        claiming(exp=10**18),
        claiming(exp=float("nan")),
        claiming(exp=float("inf")),
        claiming(iat="0"),
        claiming(iat=None),
    ],
)
def test_not_a_token(text: str) -> None:
    """Pages, error texts, halves and nonsense are no tokens."""
    for read in (read_token, usable_token):
        with pytest.raises(NotAToken):
            read(text, SERIAL)


@pytest.mark.parametrize(
    "text",
    [
        Gateway().token(serial="202200000002"),
        Gateway().token(serial=SERIAL[:-1]),
        claiming(aud=None),
        claiming(aud=int(SERIAL)),
        claiming(aud=[]),
        claiming(aud=[[SERIAL]]),
        claiming(aud={SERIAL: SERIAL}),
        claiming(aud="202200000002", exp=0),
    ],
)
def test_other_gateway(text: str) -> None:
    """A token opens the gateway that it names, and no other."""
    with pytest.raises(WrongGateway):
        read_token(text, SERIAL)


def test_expires(freezer: FrozenDateTimeFactory) -> None:
    """A token can be used until its end, and read after it."""
    text = Gateway().token(lifetime=60)
    freezer.tick(58)
    token = usable_token(text, SERIAL)
    freezer.move_to(token.expires)
    with pytest.raises(TokenExpired):
        usable_token(text, SERIAL)
    assert read_token(text, SERIAL) == token


@pytest.mark.parametrize("text", ["secret.secret.secret", Gateway().token(serial="202200000002"), claiming(exp=0)])
def test_says_nothing(text: str) -> None:
    """No failure repeats what was pasted."""
    with pytest.raises(Failure) as refused:
        usable_token(text, SERIAL)
    assert (refused.value.placeholders, refused.value.args) == ({}, (refused.value.key,))
