"""Hypothesis strategies: payloads, pages, tokens, and hosts, valid and invalid."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
import json
from typing import Final

from hypothesis import strategies as st

from tests.emulator import SCENARIOS
from tests.emulator.pages import info_xml

SIZE_LIMIT = 64 * 1024
"""Bytes. Larger responses are refused."""


SERIAL: Final = "122300000001"
EXPIRES: Final = 4102444800
"""2100, in seconds."""

NAME: Final = "Jane Roe"
"""Is in every text value of a mutated payload, and in no key."""

PAYLOADS: Final = [scenario.payload for scenario in SCENARIOS.values()]
OFF_GRID: Final = "offgrid_secctrl"

type Pairs = list[tuple[str, str]]
"""The keys of an object, which may repeat, with JSON that Python couldn't write."""

_EXTREMES: Final = (
    *("null", "true", "false", "0", "1", "-0", "-0.0", "5e-324", "-5e-324", "0.1", "12.5", "-1", "100", "101"),
    *("100.00000000000001", "1e308", "-1e308", "1e309", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity"),
    *(str(2**53 + step) for step in (-1, 0, 1)),
    *(str(-(2**53) + step) for step in (-1, 0, 1)),
    *("9007199254740991.0", "9007199254740992.0", "9" * 19, "9" * 20, "-" + "9" * 19, "-" + "9" * 20),
    *(str(10**400), "1" * 5000, "-" + "1" * 5000, "0." + "3" * 5000, "1" * 5000 + ".5", "1" * 5000 + "e-4990"),
    *(f'"{NAME}"', f'"{NAME} 12"', f'"{NAME} \\ud800"', f'"{NAME} \\u0000"', "[]", "{}", "[1]"),
    *('{"F": 1, "agg_soc": 50}', '[{"agg_soc": 50}]', f'{{"name": "{NAME}"}}'),
)
_KEYS: Final = sorted({name for payload in PAYLOADS for name in payload} | {"agg_soc ", "AGG_SOC", "offgrid_secctrl."})
_PATHS: Final = (
    *("offgrid_secctrl.F", "offgrid_secctrl.F.x", "offgrid_secctrl.", ".F", ".", "", "a.b", " + "),
    *("ENC_agg_avail_energy + ACB_agg_energy", "serial_122300000001", "agg_soc\u0000", "\u202eagg_soc", "\uff11"),
)

texts: Final = st.text(st.characters(categories=None), max_size=30)
"""Any characters, including those that can't be encoded in UTF-8."""

numbers: Final = st.integers() | st.floats() | st.integers(-(10**25), 10**25)

json_values: Final = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def object_json(pairs: Pairs, *, indent: str = "") -> str:
    """Return the JSON of an object."""
    return "{" + f",{indent}".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


def nested(opening: str, closing: str, depth: int) -> str:
    """Return JSON that is nested this deeply."""
    return opening * depth + "1" + closing * depth


raw_values: Final = st.one_of(
    st.sampled_from(_EXTREMES),
    st.integers(-10, 110).map(str),
    st.floats(-200, 200).map(repr),
    numbers.map(json.dumps),
    st.text(max_size=9).map(lambda text: json.dumps(NAME + text)),
    st.builds(nested, st.just("["), st.just("]"), st.integers(0, 300)),
    st.builds(nested, st.just('{"a":'), st.just("}"), st.integers(0, 300)),
    st.builds(nested, st.just('[{"offgrid_secctrl.F":'), st.just("}]"), st.sampled_from([1, 90, 3000])),
)
"""JSON that is valid or nearly valid, with NAME in every text."""

_keys = st.sampled_from(_KEYS) | st.sampled_from(_PATHS) | texts


@st.composite
def mutated(draw: st.DrawFn, pairs: Pairs) -> Pairs:
    """Return the pairs with some removed, changed, repeated, or added."""
    drop = draw(st.sets(st.integers(0, 40), max_size=draw(st.sampled_from([0, 1, 5, 30]))))
    retype = draw(st.dictionaries(st.integers(0, 40), raw_values, max_size=draw(st.sampled_from([0, 1, 4, 20]))))
    more = draw(st.lists(st.tuples(_keys, raw_values), max_size=draw(st.sampled_from([0, 1, 4]))))
    kept = [(name, retype.get(position, raw)) for position, (name, raw) in enumerate(pairs) if position not in drop]
    position = draw(st.integers(0, len(kept)))
    return [*kept[:position], *more, *kept[position:]]


@st.composite
def mutated_payloads(draw: st.DrawFn) -> bytes:
    """Return the body of a scenario with mutations."""
    payload = draw(st.sampled_from(PAYLOADS))
    inner = payload.get(OFF_GRID)
    off_grid = [(name, json.dumps(value)) for name, value in inner.items()] if isinstance(inner, dict) else []
    pairs = [(name, json.dumps(value)) for name, value in payload.items() if name != OFF_GRID]
    pairs += [(OFF_GRID, object_json(draw(mutated(off_grid))))] if off_grid else []
    text = object_json(draw(mutated(pairs)), indent=draw(st.sampled_from(["", " ", "\n\t"])))
    surrounding = draw(st.sampled_from(["{}", " {}", "{}\n", "\r\n{}\t", "\ufeff{}", "{},", "{}{{}}"]))
    return surrounding.format(text).encode() if draw(st.booleans()) else text.encode()


@st.composite
def large_payloads(draw: st.DrawFn) -> bytes:
    """Return a body whose size is the limit, or one byte less or more."""
    payload = draw(mutated_payloads())
    size = SIZE_LIMIT + draw(st.integers(-1, 1))
    padding = max(0, size - len(payload))
    filled = b'{"x":"' + b"x" * max(0, padding - 7) + b'",' + payload.lstrip(b"{")
    return draw(st.sampled_from([payload + b" " * padding, b"\n" * padding + payload, filled]))


json_bodies: Final = st.builds(
    lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass"),
    json_values | st.dictionaries(_keys, json_values, max_size=8),
    st.booleans(),
)
bodies: Final = st.one_of(
    mutated_payloads(),
    mutated_payloads(),
    mutated_payloads(),
    large_payloads(),
    json_bodies,
    st.binary(max_size=200),
    st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "latin-1"]).map('{"agg_soc": 50}'.encode),
)

# --- Large bodies

LARGE_BODIES: Final[dict[str, Callable[[int], str]]] = {
    "many keys": lambda size: object_json([("agg_soc", "1"), *((f"k{n:05}", "0") for n in range(size // 11))]),
    "repeated key": lambda size: object_json([("agg_soc", "1")] * (size // 12)),
    "nested keys": lambda size: object_json(
        [("agg_soc", "1"), (OFF_GRID, object_json([(f"k{n:05}", "0") for n in range(size // 11)]))]
    ),
    "many numbers": lambda size: object_json([("agg_soc", "1"), ("x", "[" + ",".join(["1.5e3"] * (size // 6)) + "]")]),
    "long integer": lambda size: object_json([("agg_soc", "1" * size)]),
    "long fraction": lambda size: object_json([("agg_soc", "0." + "1" * size)]),
    "long exponent": lambda size: object_json([("agg_soc", "1e" + "1" * size)]),
    "long integers": lambda size: object_json(
        [("agg_soc", "1"), ("x", "[" + ",".join(["9" * 500] * (size // 501)) + "]")]
    ),
    "deep lists": lambda size: object_json([("agg_soc", nested("[", "]", size // 2))]),
    "deep objects": lambda size: object_json([("agg_soc", nested('{"a":', "}", size // 6))]),
    "unclosed lists": lambda size: '{"agg_soc":' + "[" * size,
    "long text": lambda size: object_json([("agg_soc", json.dumps("x" * size))]),
    "escapes": lambda size: object_json([("agg_soc", '"' + "\\u0041" * (size // 6) + '"')]),
    "unclosed text": lambda size: '{"agg_soc": "' + "\\\\" * (size // 2),
    "long key": lambda size: object_json([("agg_soc", "1"), ("." * size, "1")]),
    "space": lambda size: "{" + " " * size + '"agg_soc": 1}',
}
"""Functions that return a body of about this size in bytes, by its content."""

# --- /info

ENCODINGS: Final = (
    *("UTF-8", "utf-16", "UTF-16LE", "UTF-32", "ISO-8859-1", "windows-1252", "cp037", "utf-7", "rot13", "idna"),
    *("punycode", "hex", "zlib", "undefined", "unicode_escape", "shift_jis", "gb18030", "klingon", "", " ", "x" * 300),
)
_DOCUMENT_TYPES: Final = (
    *("", "<!DOCTYPE envoy_info>", "<!DOCTYPE x SYSTEM 'file:///etc/hostname'>", "<!DOCTYPE x [<!ENTITY s '1223'>]>"),
    *("<!DOCTYPE x [<!ENTITY s SYSTEM 'file:///etc/hostname'>]>", "<!DOCTYPE x PUBLIC 'a' 'http://127.0.0.1:9/x'>"),
    "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]>",
    "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'><!ENTITY s '&b;&b;&b;'>]>",
)
_INSERTIONS: Final = (
    *("&s;", "&amp;", "&#x31;", "&#0;", "<", ">", "</device>", "<device>", "<!--", "-->", "<![CDATA[", "]]>", "<?x?>"),
    *("<sn>9</sn>", "<sn/>", "\x00", "\ufeff", "\ud800", "é", "\u0661", "<a>" * 3000, "<a/>" * 3000, "</envoy_info>"),
    *("<envoy_info xmlns='x'>", "9" * 5000, "<software>D6.1.2</software>", "<software>D99999.1</software>", " x='y'"),
)


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """Return a page of `/info` with mutations."""
    software = draw(st.sampled_from(["7.3.517", "8.3.5433", "6.9.9", "10.0.0"]))
    page = info_xml(serial=SERIAL, firmware=software, part_number="800-00654-r08", now=0).decode()
    page = page[page.index("<envoy_info") :]
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(page)))
        end = draw(st.integers(start, min(len(page), start + 60)))
        page = page[:start] + draw(st.sampled_from(_INSERTIONS) | st.text(max_size=5)) + page[end:]
    encoding = draw(st.sampled_from(ENCODINGS))
    declaration = f"<?xml version='1.0' encoding='{encoding}'?>" if draw(st.booleans()) else ""
    encoded_as = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"]))
    return (declaration + draw(st.sampled_from(_DOCUMENT_TYPES)) + page).encode(encoded_as, errors="xmlcharrefreplace")


# --- Access tokens

_AUDIENCES: Final = (SERIAL, [SERIAL], ["9", SERIAL], [[SERIAL]], "9", f"{SERIAL} ", int(SERIAL), {SERIAL: 1})
_TIMES: Final = (
    *(EXPIRES, EXPIRES, EXPIRES + 0.5, 0, -1, 1.0, 1e20, -1e20, 1e308, 2**53 + 1, 10**18, 10**400, True),
    *("4102444800", None, [EXPIRES], float("nan"), float("inf"), 253402300799, 253402300800, -62135596801),
)
_HEADERS: Final = (
    *('{"alg":"ES256"}', '{"alg":"none"}', '{"alg":"ES256","kid":5}', '{"alg":"ES256","b64":false}', "[]", "null", "5"),
    *('{"alg":"ES256","crit":["x"]}', "{}", '{"alg":7}', "\ud800", "[" * 3000, nested("[", "]", 1500)),
)


def encode(raw: bytes) -> str:
    """Return bytes as a part of a JWT."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt_of(header: str, claims: str) -> str:
    """Return a JWT with any header and claims, and an invalid signature: the client doesn't check it."""
    return ".".join(encode(piece.encode(errors="surrogatepass")) for piece in (header, claims, "signature"))


def claims_of(text: str) -> bytes:
    """Return the claims in a JWT."""
    return urlsafe_b64decode(text.split(".")[1] + "===")


def _claims(aud: object, exp: object, iat: object, more: dict[str, object]) -> str:
    return json.dumps({"iss": "Entrez", "jti": "1", **more, "aud": aud, "exp": exp, "iat": iat})


_valid_claims = st.builds(
    _claims,
    st.sampled_from([SERIAL, [SERIAL], ["9", SERIAL]]),
    st.integers(EXPIRES, 2 * EXPIRES),
    st.integers(0, EXPIRES),
    st.dictionaries(st.sampled_from(["enphaseUser", "nbf", "sub", "x"]), json_values, max_size=2),
)
_invalid_claims = st.builds(
    _claims, st.sampled_from(_AUDIENCES), st.sampled_from(_TIMES), st.sampled_from(_TIMES), st.just({"nbf": "x"})
)
_malformed_claims = json_bodies.map(lambda body: body.decode(errors="replace")) | st.sampled_from(
    ["", "[]", "null", "[" * 6000, f'{{"aud":"{SERIAL}","exp":{"9" * 4000}}}']
)
_valid_jwts = st.builds(jwt_of, st.just('{"alg":"ES256"}'), _valid_claims)
_invalid_jwts = st.builds(jwt_of, st.sampled_from(_HEADERS), _valid_claims) | st.builds(
    jwt_of, st.just('{"alg":"ES256"}'), _invalid_claims | _malformed_claims
)


@st.composite
def damaged_tokens(draw: st.DrawFn) -> str:
    """Return a valid JWT that is truncated, or has something inserted or around it."""
    text = draw(_valid_jwts)
    position = draw(st.integers(0, len(text)))
    inserted = draw(st.sampled_from(["\r\n", "\n", " ", "é", "\u0661", "=", ".", "\x00", "\ud800", "A"]))
    surrounding = draw(st.sampled_from([" {}\r\n", "\u3000{}\u2028", '"{}"', "Bearer {}", "{}\x1f"]))
    return draw(
        st.sampled_from([text[:position] + inserted + text[position:], surrounding.format(text), text[:position]])
    )


token_texts: Final = st.one_of(_valid_jwts, _valid_jwts, _invalid_jwts, damaged_tokens(), texts)


# --- Hosts

_HOSTS: Final = (
    *("envoy.local", "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0", "::ffff:192.0.2.1", "bücher.example"),
    *("xn--bcher-kva.example", "envoy.", "1", "0x7f.1", "a" * 63, "a" * 64, "a." * 126 + "a", "a." * 127, "", "[", "-"),
    *("\uff05", "\u2177", "ß.example", "\u2460", "\u200d", "a\u0301", "\u3002", "\ud800", "%41", "%", "::%\x80"),
    *("user:word@envoy", "@envoy", "envoy@", "[::1%25eth0]", "::1%a:99", "::1%\x01", "::1.2.3.4", "fe80::1%"),
)
hosts: Final = st.one_of(
    texts,
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", " ", "http://", "HTTPS://", "ftp://", "://", "//", "https:/", "a://https://"]),
            st.sampled_from(_HOSTS) | texts,
            st.sampled_from(["", ":", ":80", ":443", ":0", ":65535", ":65536", ":-1", ":٣", ":8443", ":80:80", ":a"]),
            st.sampled_from(["", "/", "/home?x=1#y", "?x", "#y", "\\x", " ", "\n", "/../..", "//envoy"]),
        ),
    ),
)
