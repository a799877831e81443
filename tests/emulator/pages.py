"""Response bodies of a gateway other than the secctrl payload."""

from http import HTTPStatus
from typing import Final

PRODUCTION_BODIES: Final = {
    "/api/v1/production": (
        b'{"wattHoursToday": 8210, "wattHoursSevenDays": 61250, "wattHoursLifetime": 9120345, "wattsNow": 1240}'
    ),
    "/api/v1/production/inverters": (
        b'[{"serialNumber": "482200000001", "lastReportDate": 1790000000, "devType": 1,'
        b' "lastReportWatts": 212, "maxReportWatts": 289}]'
    ),
}
"""The minimum that Home Assistant's Enphase Envoy integration requires, by path."""
NOT_FOUND_BODY: Final = b'{ "error" : "404 - Not Found" }'
VALID_TOKEN_PAGE: Final = b"<!DOCTYPE html><h2>Valid token.</h2>\n"
OVERLOADED_BODY: Final = b"Resource busy, please retry after 30 seconds"

_UNAUTHORIZED_PAGE: Final = """\
<html>
<head><title>401 Authorization Required</title></head>
<body>
<center><h1>401 Authorization Required</h1></center>
<hr><center>You will be taken to <a id='target' href=''></a></center>
<script>
const target = window.location.protocol + '//' + window.location.host + '{page}';
window.onload = function() {{
    const anchor = document.getElementById('target');
    anchor.href = target;
    anchor.text = target;
    setTimeout(function() {{
        window.location.href = target;
    }}, 500);
}}
</script>
</body>
</html>
"""


def parse_version(firmware: str) -> tuple[int, ...]:
    """Return a version such as 8.3.5433 as a tuple of numbers; raises ValueError."""
    return tuple(int(part) for part in firmware.split("."))


def unauthorized_page(firmware: str) -> bytes:
    """Return the HTML page of a 401 response, with CRLF line ends. It redirects browsers to the login page."""
    page = "/login.html" if parse_version(firmware) >= (8, 3, 5169) else "/home"
    return _UNAUTHORIZED_PAGE.format(page=page).replace("\n", "\r\n").encode()


def error_page(status: int) -> bytes:
    """Return the HTML page that openresty sends for a status."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n"
        "<hr><center>openresty/1.17.8.1</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


_PACKAGES: Final = (
    ("rootfs", "500-00001-r01", "02.00.00"),
    ("kernel", "500-00011-r02", "04.04.64"),
    ("boot", "590-00018-r01", "02.00.01"),
    ("app", "500-00002-r01", "{app}"),
    ("devimg", "500-00004-r01", "01.02.448"),
    ("geo", "500-00008-r01", "02.01.22"),
    ("backbone", "500-00010-r01", "08.00.55"),
    ("meter", "500-00013-r01", "03.02.08"),
    ("agf", "500-00012-r01", "02.02.00"),
    ("security", "500-00016-r01", "02.00.00"),
)


def info_xml(*, serial: str, firmware: str, part_number: str, now: float) -> bytes:
    """Return the XML of /info. Firmware 8.3 and later indents with tabs, 7 and later has a web-tokens element."""
    indent = "\t" if parse_version(firmware) >= (8, 3) else "  "
    device = [
        ("sn", serial),
        ("pn", part_number),
        ("software", f"D{firmware}"),
        ("euaid", "4c8675"),
        ("seqnum", "0"),
        ("apiver", "1"),
        ("imeter", "true"),
    ]
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<envoy_info>",
        f"{indent}<time>{int(now)}</time>",
        f"{indent}<device>",
        *(f"{indent * 2}<{tag}>{text}</{tag}>" for tag, text in device),
        f"{indent}</device>",
    ]
    if parse_version(firmware) >= (7,):
        lines.append(f"{indent}<web-tokens>true</web-tokens>")
    for name, number, release in _PACKAGES:
        lines += [
            f"{indent}<package name='{name}'>",
            f"{indent * 2}<pn>{number}</pn>",
            f"{indent * 2}<version>{release.format(app=firmware)}</version>",
            f"{indent}</package>",
        ]
    lines += [
        f"{indent}<build_info>",
        f"{indent * 2}<build_id>release-{firmware}</build_id>",
        f"{indent * 2}<build_time_gmt>1700000000</build_time_gmt>",
        f"{indent}</build_info>",
        "</envoy_info>",
        "",
    ]
    return "\n".join(lines).encode()
