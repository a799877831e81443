"""Payloads, pages, tokens and addresses that nobody should send, for hypothesis."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
import json
from typing import Final

from hypothesis import strategies as st

from custom_components.enphase_secctrl.const import SIZE_LIMIT
from tests.gateway import SCENARIOS
from tests.gateway.pages import info

SERIAL: Final = "122300000001"
LATER: Final = 4102444800
"""2100, in seconds."""

SOMEBODY: Final = "Jane Roe"
"""Stands in every text value of a mutated payload, and in no name."""

PAYLOADS: Final = [scenario.payload for scenario in SCENARIOS.values()]
OFF_GRID: Final = "offgrid_secctrl"

type Pairs = list[tuple[str, str]]
"""Names of an object's members with their JSON: names may repeat, and JSON may be what Python cannot write."""

_EXTREMES: Final = (
    *("null", "true", "false", "0", "1", "-0", "-0.0", "5e-324", "-5e-324", "0.1", "12.5", "-1", "100", "101"),
    *("100.00000000000001", "1e308", "-1e308", "1e309", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity"),
    *(str(2**53 + step) for step in (-1, 0, 1)),
    *(str(-(2**53) + step) for step in (-1, 0, 1)),
    *("9007199254740991.0", "9007199254740992.0", "9" * 19, "9" * 20, "-" + "9" * 19, "-" + "9" * 20),
    *(str(10**400), "1" * 5000, "-" + "1" * 5000, "0." + "3" * 5000, "1" * 5000 + ".5", "1" * 5000 + "e-4990"),
    *(f'"{SOMEBODY}"', f'"{SOMEBODY} 12"', f'"{SOMEBODY} \\ud800"', f'"{SOMEBODY} \\u0000"', "[]", "{}", "[1]"),
    *('{"F": 1, "agg_soc": 50}', '[{"agg_soc": 50}]', f'{{"name": "{SOMEBODY}"}}'),
)
_NAMES: Final = sorted({name for payload in PAYLOADS for name in payload} | {"agg_soc ", "AGG_SOC", "offgrid_secctrl."})
_PATHS: Final = (
    *("offgrid_secctrl.F", "offgrid_secctrl.F.x", "offgrid_secctrl.", ".F", ".", "", "a.b", " + "),
    *("ENC_agg_avail_energy + ACB_agg_energy", "serial_122300000001", "agg_soc\u0000", "\u202eagg_soc", "\uff11"),
)

texts: Final = st.text(st.characters(categories=None), max_size=30)
"""Of any character, those that UTF-8 cannot write among them."""

numbers: Final = st.integers() | st.floats() | st.integers(-(10**25), 10**25)

json_values: Final = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def members(pairs: Pairs, *, indent: str = "") -> str:
    """Return the JSON of an object."""
    return "{" + f",{indent}".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


def nested(opening: str, closing: str, depth: int) -> str:
    """Return JSON of so many levels."""
    return opening * depth + "1" + closing * depth


raw_values: Final = st.one_of(
    st.sampled_from(_EXTREMES),
    st.integers(-10, 110).map(str),
    st.floats(-200, 200).map(repr),
    numbers.map(json.dumps),
    st.text(max_size=9).map(lambda text: json.dumps(SOMEBODY + text)),
    st.builds(nested, st.just("["), st.just("]"), st.integers(0, 300)),
    st.builds(nested, st.just('{"a":'), st.just("}"), st.integers(0, 300)),
    st.builds(nested, st.just('[{"offgrid_secctrl.F":'), st.just("}]"), st.sampled_from([1, 90, 3000])),
)
"""JSON, valid or nearly so, with SOMEBODY in every text."""

_names = st.sampled_from(_NAMES) | st.sampled_from(_PATHS) | texts


@st.composite
def changed(draw: st.DrawFn, pairs: Pairs) -> Pairs:
    """Return the pairs with some dropped, some of another value, some twice, and new ones anywhere."""
    drop = draw(st.sets(st.integers(0, 40), max_size=draw(st.sampled_from([0, 1, 5, 30]))))
    retype = draw(st.dictionaries(st.integers(0, 40), raw_values, max_size=draw(st.sampled_from([0, 1, 4, 20]))))
    more = draw(st.lists(st.tuples(_names, raw_values), max_size=draw(st.sampled_from([0, 1, 4]))))
    kept = [(name, retype.get(place, raw)) for place, (name, raw) in enumerate(pairs) if place not in drop]
    place = draw(st.integers(0, len(kept)))
    return [*kept[:place], *more, *kept[place:]]


@st.composite
def mutated_payloads(draw: st.DrawFn) -> bytes:
    """Return the bytes of one of our payloads with something else about it."""
    payload = draw(st.sampled_from(PAYLOADS))
    inner = payload.get(OFF_GRID)
    off_grid = [(name, json.dumps(value)) for name, value in inner.items()] if isinstance(inner, dict) else []
    pairs = [(name, json.dumps(value)) for name, value in payload.items() if name != OFF_GRID]
    pairs += [(OFF_GRID, members(draw(changed(off_grid))))] if off_grid else []
    text = members(draw(changed(pairs)), indent=draw(st.sampled_from(["", " ", "\n\t"])))
    around = draw(st.sampled_from(["{}", " {}", "{}\n", "\r\n{}\t", "\ufeff{}", "{},", "{}{{}}"]))
    return around.format(text).encode() if draw(st.booleans()) else text.encode()


@st.composite
def large_payloads(draw: st.DrawFn) -> bytes:
    """Return a payload that fills its limit, but for a byte more or less."""
    payload = draw(mutated_payloads())
    size = SIZE_LIMIT + draw(st.integers(-1, 1))
    room = max(0, size - len(payload))
    filled = b'{"x":"' + b"x" * max(0, room - 7) + b'",' + payload.lstrip(b"{")
    return draw(st.sampled_from([payload + b" " * room, b"\n" * room + payload, filled]))


json_bodies: Final = st.builds(
    lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass"),
    json_values | st.dictionaries(_names, json_values, max_size=8),
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

# --- what grows

GROWING: Final[dict[str, Callable[[int], str]]] = {
    "many names": lambda size: members([("agg_soc", "1"), *((f"k{n:05}", "0") for n in range(size // 11))]),
    "one name often": lambda size: members([("agg_soc", "1")] * (size // 12)),
    "inner names": lambda size: members(
        [("agg_soc", "1"), (OFF_GRID, members([(f"k{n:05}", "0") for n in range(size // 11)]))]
    ),
    "many numbers": lambda size: members([("agg_soc", "1"), ("x", "[" + ",".join(["1.5e3"] * (size // 6)) + "]")]),
    "a long integer": lambda size: members([("agg_soc", "1" * size)]),
    "a long fraction": lambda size: members([("agg_soc", "0." + "1" * size)]),
    "a long exponent": lambda size: members([("agg_soc", "1e" + "1" * size)]),
    "long integers": lambda size: members([("agg_soc", "1"), ("x", "[" + ",".join(["9" * 500] * (size // 501)) + "]")]),
    "deep lists": lambda size: members([("agg_soc", nested("[", "]", size // 2))]),
    "deep objects": lambda size: members([("agg_soc", nested('{"a":', "}", size // 6))]),
    "open lists": lambda size: '{"agg_soc":' + "[" * size,
    "a long text": lambda size: members([("agg_soc", json.dumps("x" * size))]),
    "escapes": lambda size: members([("agg_soc", '"' + "\\u0041" * (size // 6) + '"')]),
    "an open text": lambda size: '{"agg_soc": "' + "\\\\" * (size // 2),
    "a long name": lambda size: members([("agg_soc", "1"), ("." * size, "1")]),
    "space": lambda size: "{" + " " * size + '"agg_soc": 1}',
}
"""Bodies of about so many bytes, by what there is much of."""

# --- /info

ENCODINGS: Final = (
    *("UTF-8", "utf-16", "UTF-16LE", "UTF-32", "ISO-8859-1", "windows-1252", "cp037", "utf-7", "rot13", "idna"),
    *("punycode", "hex", "zlib", "undefined", "unicode_escape", "shift_jis", "gb18030", "klingon", "", " ", "x" * 300),
)
_TYPES: Final = (
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
    """Return a page of `/info` with something else about it."""
    software = draw(st.sampled_from(["7.3.517", "8.3.5433", "6.9.9", "10.0.0"]))
    page = info(serial=SERIAL, firmware=software, part_number="800-00654-r08", now=0).decode()
    page = page[page.index("<envoy_info") :]
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(page)))
        end = draw(st.integers(start, min(len(page), start + 60)))
        page = page[:start] + draw(st.sampled_from(_INSERTIONS) | st.text(max_size=5)) + page[end:]
    encoding = draw(st.sampled_from(ENCODINGS))
    declaration = f"<?xml version='1.0' encoding='{encoding}'?>" if draw(st.booleans()) else ""
    written = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"]))
    return (declaration + draw(st.sampled_from(_TYPES)) + page).encode(written, errors="xmlcharrefreplace")


# --- tokens

_AUDIENCES: Final = (SERIAL, [SERIAL], ["9", SERIAL], [[SERIAL]], "9", f"{SERIAL} ", int(SERIAL), {SERIAL: 1})
_TIMES: Final = (
    *(LATER, LATER, LATER + 0.5, 0, -1, 1.0, 1e20, -1e20, 1e308, 2**53 + 1, 10**18, 10**400, True),
    *("4102444800", None, [LATER], float("nan"), float("inf"), 253402300799, 253402300800, -62135596801),
)
_HEADERS: Final = (
    *('{"alg":"ES256"}', '{"alg":"none"}', '{"alg":"ES256","kid":5}', '{"alg":"ES256","b64":false}', "[]", "null", "5"),
    *('{"alg":"ES256","crit":["x"]}', "{}", '{"alg":7}', "\ud800", "[" * 3000, nested("[", "]", 1500)),
)


def part(raw: bytes) -> str:
    """Return bytes as a JWT carries them."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt_of(header: str, claims: str) -> str:
    """Return a JWT with any header and claims; nobody here checks its signature."""
    return ".".join(part(piece.encode(errors="surrogatepass")) for piece in (header, claims, "signature"))


def claims_of(text: str) -> bytes:
    """Return the claims that a JWT carries."""
    return urlsafe_b64decode(text.split(".")[1] + "===")


def _claims(aud: object, exp: object, iat: object, more: dict[str, object]) -> str:
    return json.dumps({"iss": "Entrez", "jti": "1", **more, "aud": aud, "exp": exp, "iat": iat})


_good_claims = st.builds(
    _claims,
    st.sampled_from([SERIAL, [SERIAL], ["9", SERIAL]]),
    st.integers(LATER, 2 * LATER),
    st.integers(0, LATER),
    st.dictionaries(st.sampled_from(["enphaseUser", "nbf", "sub", "x"]), json_values, max_size=2),
)
_odd_claims = st.builds(
    _claims, st.sampled_from(_AUDIENCES), st.sampled_from(_TIMES), st.sampled_from(_TIMES), st.just({"nbf": "x"})
)
_no_claims = json_bodies.map(lambda body: body.decode(errors="replace")) | st.sampled_from(
    ["", "[]", "null", "[" * 6000, f'{{"aud":"{SERIAL}","exp":{"9" * 4000}}}']
)
_good_jwts = st.builds(jwt_of, st.just('{"alg":"ES256"}'), _good_claims)
_odd_jwts = st.builds(jwt_of, st.sampled_from(_HEADERS), _good_claims) | st.builds(
    jwt_of, st.just('{"alg":"ES256"}'), _odd_claims | _no_claims
)


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """Return a good JWT that is cut, or has something in it or around it."""
    text = draw(_good_jwts)
    place = draw(st.integers(0, len(text)))
    inserted = draw(st.sampled_from(["\r\n", "\n", " ", "é", "\u0661", "=", ".", "\x00", "\ud800", "A"]))
    around = draw(st.sampled_from([" {}\r\n", "\u3000{}\u2028", '"{}"', "Bearer {}", "{}\x1f"]))
    return draw(st.sampled_from([text[:place] + inserted + text[place:], around.format(text), text[:place]]))


token_texts: Final = st.one_of(_good_jwts, _good_jwts, _odd_jwts, spoiled(), texts)


# --- addresses

_HOSTS: Final = (
    *("envoy.local", "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0", "::ffff:192.0.2.1", "bücher.example"),
    *("xn--bcher-kva.example", "envoy.", "1", "0x7f.1", "a" * 63, "a" * 64, "a." * 126 + "a", "a." * 127, "", "[", "-"),
    *("\uff05", "\u2177", "ß.example", "\u2460", "\u200d", "a\u0301", "\u3002", "\ud800", "%41", "%", "::%\x80"),
    *("user:word@envoy", "@envoy", "envoy@", "[::1%25eth0]", "::1%a:99", "::1%\x01", "::1.2.3.4", "fe80::1%"),
)
addresses: Final = st.one_of(
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
