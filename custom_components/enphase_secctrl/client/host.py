"""What a user may enter as the host of a gateway."""

from ipaddress import IPv6Address
import re
from typing import Final

from yarl import URL

from .exceptions import InvalidHost

_HTTP_PORT: Final = 80
_FORBIDDEN: Final = r"[\s\\]|:/"
_IPV6: Final = r"(?ia)[0-9a-f:.]+(%[a-z0-9_.-]{1,32})?"
_HOSTNAME: Final = r"(?ia)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?"
_MAX_HOSTNAME_LENGTH: Final = 253


def gateway_url(host: str) -> URL:
    """Return the https URL of a hostname, IPv4 or IPv6 address, host:port, or pasted URL.

    The port of a pasted http URL is dropped, because gateways only support HTTPS. Raises InvalidHost.
    """
    scheme, separator, rest = host.strip().rpartition("://")
    if (separator and scheme.lower() not in ("http", "https")) or re.search(_FORBIDDEN, rest):
        raise InvalidHost
    try:
        url = URL(f"https://{_with_brackets(rest)}")
        name, port = url.raw_host or "", url.explicit_port
        if not re.fullmatch(_IPV6 if ":" in name else _HOSTNAME, name) or len(name) > _MAX_HOSTNAME_LENGTH:
            raise InvalidHost
        return URL.build(scheme="https", host=name, port=None if port == _HTTP_PORT else port)
    except ValueError as err:
        raise InvalidHost from err


def _with_brackets(host: str) -> str:
    """Return the host as a URL contains it: a bare IPv6 address needs brackets."""
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host
