"""A gateway's address, from what a person enters."""

from ipaddress import IPv6Address
import re
from typing import Final

from yarl import URL

from .failures import InvalidHost

_PLAIN_HTTP: Final = 80
_NO_ADDRESS: Final = r"[\s\\]|:/"
_IPV6: Final = r"(?ia)[0-9a-f:.]+(%[a-z0-9_.-]{1,32})?"
_NAME: Final = r"(?ia)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?"
_LONGEST_NAME: Final = 253


def base_url(host: str) -> URL:
    """Return where the host's gateway is asked; takes name, IPv4, IPv6, host:port or a pasted URL.

    Raises InvalidHost. A pasted http address means its host: gateways speak only HTTPS.
    """
    scheme, separator, rest = host.strip().rpartition("://")
    if (separator and scheme.lower() not in ("http", "https")) or re.search(_NO_ADDRESS, rest):
        raise InvalidHost
    try:
        url = URL(f"https://{_bracketed(rest)}")
        name, port = url.raw_host or "", url.explicit_port
        if not re.fullmatch(_IPV6 if ":" in name else _NAME, name) or len(name) > _LONGEST_NAME:
            raise InvalidHost
        return URL.build(scheme="https", host=name, port=None if port == _PLAIN_HTTP else port)
    except ValueError as err:
        raise InvalidHost from err


def _bracketed(host: str) -> str:
    """Return the host as it stands in a URL: a bare IPv6 address needs brackets."""
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host
