"""The pages a gateway shows besides the payload."""

from http import HTTPStatus
from typing import Final

# The least that Home Assistant's own integration wants to see.
PRODUCTION: Final = {
    "/api/v1/production": (
        b'{"wattHoursToday": 8210, "wattHoursSevenDays": 61250, "wattHoursLifetime": 9120345, "wattsNow": 1240}'
    ),
    "/api/v1/production/inverters": (
        b'[{"serialNumber": "482200000001", "lastReportDate": 1790000000, "devType": 1,'
        b' "lastReportWatts": 212, "maxReportWatts": 289}]'
    ),
}
NOT_FOUND: Final = b'{ "error" : "404 - Not Found" }'
VALID_TOKEN: Final = b"<!DOCTYPE html><h2>Valid token.</h2>\n"
BUSY: Final = b"Resource busy, please retry after 30 seconds"

_LOGIN: Final = """\
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


def version(firmware: str) -> tuple[int, ...]:
    """Return "8.3.5433" as numbers that compare."""
    return tuple(int(part) for part in firmware.split("."))


def unauthorized(firmware: str) -> bytes:
    """Return the HTML of a 401, CRLF, which sends a browser to the login page."""
    page = "/login.html" if version(firmware) >= (8, 3, 5169) else "/home"
    return _LOGIN.format(page=page).replace("\n", "\r\n").encode()


def error_page(status: int) -> bytes:
    """Return the HTML that openresty shows for a status."""
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


def info(*, serial: str, firmware: str, part_number: str, now: float) -> bytes:
    """Return the XML of /info; tabs since 8.3, and web-tokens since 7."""
    step = "\t" if version(firmware) >= (8, 3) else "  "
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
        f"{step}<time>{int(now)}</time>",
        f"{step}<device>",
        *(f"{step * 2}<{tag}>{text}</{tag}>" for tag, text in device),
        f"{step}</device>",
    ]
    if version(firmware) >= (7,):
        lines.append(f"{step}<web-tokens>true</web-tokens>")
    for name, number, release in _PACKAGES:
        lines += [
            f"{step}<package name='{name}'>",
            f"{step * 2}<pn>{number}</pn>",
            f"{step * 2}<version>{release.format(app=firmware)}</version>",
            f"{step}</package>",
        ]
    lines += [
        f"{step}<build_info>",
        f"{step * 2}<build_id>release-{firmware}</build_id>",
        f"{step * 2}<build_time_gmt>1700000000</build_time_gmt>",
        f"{step}</build_info>",
        "</envoy_info>",
        "",
    ]
    return "\n".join(lines).encode()
