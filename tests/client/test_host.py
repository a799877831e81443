"""What a user may enter as host, and the URL that it means."""

from typing import Final

import pytest

from custom_components.enphase_secctrl.client.exceptions import InvalidHost
from custom_components.enphase_secctrl.client.host import gateway_url

LONGEST_HOSTNAME: Final = ".".join(["x" * 63, "x" * 63, "x" * 63, "x" * 61])
"""253 characters, in labels of up to 63."""


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("envoy.local", "https://envoy.local"),
        ("  Envoy.local\n", "https://envoy.local"),
        ("envoy_1", "https://envoy_1"),
        ("192.168.1.20", "https://192.168.1.20"),
        ("192.168.1.20:8443", "https://192.168.1.20:8443"),
        ("HTTPS://Envoy.local", "https://envoy.local"),
        ("envoy.local:443", "https://envoy.local"),
        ("envoy.local:80", "https://envoy.local"),
        ("http://envoy.local", "https://envoy.local"),
        ("http://192.168.1.20:80/home#overview", "https://192.168.1.20"),
        ("https://envoy.local:8443/ivp/ensemble/secctrl?x=1", "https://envoy.local:8443"),
        ("https://user:secret@envoy.local/", "https://envoy.local"),
        ("fe80::1", "https://[fe80::1]"),
        ("fe80::1%eth0", "https://[fe80::1%eth0]"),
        ("[fe80::1]", "https://[fe80::1]"),
        ("[fe80::1]:8443", "https://[fe80::1]:8443"),
        ("http://[2001:db8::1]:80/home", "https://[2001:db8::1]"),
        ("FE80::1%Eth0", "https://[fe80::1%Eth0]"),
        (f"fe80::1%{'x' * 32}", f"https://[fe80::1%{'x' * 32}]"),
        ("envoy.local.", "https://envoy.local."),
        ("ENVOY", "https://envoy"),
        ("größe.local", "https://xn--gre-6ka8i.local"),
        (LONGEST_HOSTNAME, f"https://{LONGEST_HOSTNAME}"),
    ],
)
def test_url(host: str, url: str) -> None:
    """Hostnames, IP addresses, and pasted URLs lead to the gateway's https URL."""
    assert str(gateway_url(host)) == url


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "my envoy",
        "<script>",
        "envoy,local",
        "envoy\\home",
        "/home",
        "?x",
        "user@",
        "https://",
        "://envoy",
        "ftp://envoy.local",
        "javascript://envoy.local",
        "http://http://envoy.local",
        "envoy:port",
        "envoy:99999",
        "envoy:-1",
        "envoy:80:80",
        "[fe80::1",
        "[envoy]",
        "fe80::1/home",
        "fe80::12345",
        "https:/envoy",
        "en\nvoy",
        "envoy%41",
        "a..b",
        ".",
        "x" * 64 + ".local",
        "envoy." + "x" * 64,
        f"{LONGEST_HOSTNAME}x",
        f"fe80::1%{'x' * 33}",
    ],
)
def test_invalid_host(host: str) -> None:
    """A text that can't be a host is rejected."""
    with pytest.raises(InvalidHost):
        gateway_url(host)


@pytest.mark.parametrize("host", ["envoy.local", "192.168.1.20:8443", "fe80::1", "[fe80::1]:8443"])
def test_short_form(host: str) -> None:
    """The short form of a host that is stored in an entry leads to the same URL."""
    url = gateway_url(host)
    assert gateway_url(url.host_port_subcomponent or "") == url
