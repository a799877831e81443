"""Who a gateway is, from the XML of its `/info`. Pure."""

from dataclasses import dataclass
import re
from typing import Final
from xml.etree import ElementTree

from .failures import UnexpectedAnswer, UnsupportedFirmware

_FIRST_MAJOR: Final = 7
"""Older firmware answers secctrl with 404."""

_SOFTWARE: Final = r"[A-Za-z]*(([0-9]{1,4})\.[0-9.]{1,20})"
_SERIAL: Final = r"[0-9]{1,20}"
_PART_NUMBER: Final = r"(?a)[\w.-]{1,32}"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Serial (12 digits), firmware ("8.3.5433") and part number ("800-00654-r08", "" if there is none)."""

    serial: str
    firmware: str
    part_number: str


def identity(body: bytes) -> Identity:
    """Return who sent the body of `/info`; raises UnexpectedAnswer, or UnsupportedFirmware before 7."""
    try:
        root = ElementTree.fromstring(body, parser=ElementTree.XMLParser(target=_PlainXml()))  # noqa: S314 - _PlainXml
    except (ElementTree.ParseError, ValueError, LookupError) as err:
        raise UnexpectedAnswer("no XML") from err
    serial, software, part_number = (root.findtext(f"device/{name}", "").strip() for name in ("sn", "software", "pn"))
    version = re.match(_SOFTWARE, software)
    if root.tag != "envoy_info" or not re.fullmatch(_SERIAL, serial) or not version:
        raise UnexpectedAnswer("XML without serial and software")
    if int(version[2]) < _FIRST_MAJOR:
        raise UnsupportedFirmware
    return Identity(
        serial=serial,
        firmware=version[1],
        part_number=part_number if re.fullmatch(_PART_NUMBER, part_number) else "",
    )


class _PlainXml(ElementTree.TreeBuilder):
    """Refuses document types, and with them every entity that could be expanded or fetched."""

    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise ValueError
