"""Parsing of `/info`."""

import pytest

from custom_components.enphase_secctrl.client.exceptions import UnexpectedResponse, UnsupportedFirmware
from custom_components.enphase_secctrl.client.info import GatewayInfo, parse_info
from tests.emulator import SCENARIOS
from tests.emulator.pages import info_xml

SERIAL = "122300000001"
FIRMWARE = sorted({scenario.firmware for scenario in SCENARIOS.values()})


def page(sn: str = SERIAL, pn: str = "800-00654-r08", software: str = "D8.3.5433") -> str:
    """Return the relevant part of `/info`, without an XML declaration."""
    device = f"<sn>{sn}</sn><pn>{pn}</pn><software>{software}</software>"
    return f"<envoy_info><device>{device}</device><web-tokens>true</web-tokens></envoy_info>"


def declared(encoding: str, *, written: str = "ascii") -> bytes:
    """Return a page that declares an encoding, in any encoding."""
    return f"<?xml version='1.0' encoding='{encoding}'?>{page()}".encode(written)


KNOWN = GatewayInfo(serial=SERIAL, firmware="8.3.5433", part_number="800-00654-r08")
MILLION = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 9))


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_firmwares(firmware: str) -> None:
    """The page of every firmware has the serial number, the firmware version, and the part number."""
    body = info_xml(serial=SERIAL, firmware=firmware, part_number="800-00656-r04", now=0)
    assert parse_info(body) == GatewayInfo(serial=SERIAL, firmware=firmware, part_number="800-00656-r04")


@pytest.mark.parametrize(
    ("software", "firmware"),
    [
        ("D7.6.185", "7.6.185"),
        ("R7.0.120", "7.0.120"),
        ("8.2.127", "8.2.127"),
        ("DEV8.2.127", "8.2.127"),
        ("D8.3.5433 (a1b2c3)", "8.3.5433"),
        ("\n\tD8.3.5433\n", "8.3.5433"),
        ("D10.0", "10.0"),
    ],
)
def test_version(software: str, firmware: str) -> None:
    """Letters before the version and text after it are ignored."""
    assert parse_info(page(software=software).encode()).firmware == firmware


@pytest.mark.parametrize("software", ["D6.9.99", "R4.10.35", "D0.1", "5.0.62"])
def test_unsupported_firmware(software: str) -> None:
    """Firmware before version 7 isn't supported."""
    with pytest.raises(UnsupportedFirmware):
        parse_info(page(software=software).encode())


@pytest.mark.parametrize("pn", ["", " ", "<i>800</i>", "8" * 33, "&lt;script&gt;", "800 00654", "\uff18"])
def test_invalid_part_number(pn: str) -> None:
    """An invalid part number is ignored."""
    assert parse_info(page(pn=pn).encode()) == GatewayInfo(serial=SERIAL, firmware="8.3.5433", part_number="")


def test_longest_values() -> None:
    """A serial number has up to 20 digits, a part number up to 32 characters, and a version up to 25."""
    body = page(sn="1" * 20, pn="8" * 32, software=f"D9999.{'1' * 20}").encode()
    assert parse_info(body) == GatewayInfo(serial="1" * 20, firmware=f"9999.{'1' * 20}", part_number="8" * 32)


def test_no_part_number() -> None:
    """A missing part number is ignored."""
    assert parse_info(page().replace("pn>", "other>").encode()).part_number == ""


@pytest.mark.parametrize(
    "body",
    [
        page().encode(),
        b"\xef\xbb\xbf" + page().encode(),
        page().encode("utf-16"),
        declared("UTF-16", written="utf-16"),
        declared("ISO-8859-1"),
        declared("windows-1252"),
        b"<!-- so -->" + page().encode(),
    ],
)
def test_encodings(body: bytes) -> None:
    """The page can have any encoding of XML."""
    assert parse_info(body) == KNOWN


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="blank"),
        pytest.param(b"\xff\xfe\xfd", id="bytes"),
        pytest.param(b'{"sn": "122300000001"}', id="JSON"),
        pytest.param(b"<html><body><h1>It works!</h1></body></html>", id="HTML"),
        pytest.param(b"<!DOCTYPE html><html><br></html>", id="HTML 5"),
        pytest.param(b"<envoy_info></envoy_info>", id="no device"),
        pytest.param(page().replace("device>", "gadget>").encode(), id="other device"),
        pytest.param(page().replace("envoy_info>", "info>").encode(), id="other root"),
        pytest.param(page().replace("<envoy_info>", "<envoy_info xmlns='x'>").encode(), id="namespace"),
        pytest.param(page()[:60].encode(), id="cut off"),
        pytest.param((page() * 2).encode(), id="two roots"),
        pytest.param(b"<a>" * 16_000, id="deep"),
        pytest.param(page(sn="").encode(), id="no serial"),
        pytest.param(page(sn="12230000000X").encode(), id="letter in serial"),
        pytest.param(page(sn="١٢٢٣").encode(), id="other digits"),
        pytest.param(page(sn="1" * 21).encode(), id="long serial"),
        pytest.param(page(software="").encode(), id="no software"),
        pytest.param(page(software="unknown").encode(), id="software without version"),
        pytest.param(page(software="D" + "9" * 5000 + ".1").encode(), id="long version"),
        pytest.param(page().encode().replace(b"8.3", b"\xff\xff"), id="bad UTF-8"),
        pytest.param(declared("klingon"), id="unknown encoding"),
        pytest.param(declared("utf-7"), id="multi-byte encoding"),
        pytest.param(declared("rot13"), id="no text encoding"),
        pytest.param(declared("idna"), id="broken encoding"),
        pytest.param(f"<!DOCTYPE envoy_info>{page()}".encode(), id="document type"),
        pytest.param(f"<!DOCTYPE x [<!ENTITY s '{SERIAL}'>]>{page(sn='&s;')}".encode(), id="entity"),
        pytest.param(f"<!DOCTYPE x [<!ENTITY l0 'l'>{MILLION}]>{page(sn='&l8;')}".encode(), id="billion laughs"),
        pytest.param(f"<!DOCTYPE x [<!ENTITY s SYSTEM 'file:///etc/hostname'>]>{page(sn='&s;')}".encode(), id="file"),
        pytest.param(f"<!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'>{page()}".encode(), id="external type"),
        pytest.param(page(sn="&s;").encode(), id="undeclared entity"),
    ],
)
def test_invalid_info(body: bytes) -> None:
    """A body that isn't a gateway's page raises an exception with a description that contains nothing of the body."""
    with pytest.raises(UnexpectedResponse) as raised:
        parse_info(body)
    assert raised.value.placeholders["answer"] in ("not XML", "XML without a serial number or software version")
