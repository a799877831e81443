"""Serial number, firmware, and model of a gateway, from the XML of `GET /info`."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final
from xml.etree import ElementTree

from .exceptions import UnexpectedResponse, UnsupportedFirmware

_FIRST_SUPPORTED_MAJOR: Final = 7
"""Older firmware responds to secctrl with 404."""

_SOFTWARE: Final = r"[A-Za-z]*(([0-9]{1,4})\.[0-9.]{1,20})"
_SERIAL: Final = r"[0-9]{1,20}"
_PART_NUMBER: Final = r"(?a)[\w.-]{1,32}"

_MODELS: Final[Mapping[str, str]] = {
    "800-00654": "IQ Gateway Metered",
    "800-00656": "IQ Gateway Standard",
    "800-00664": "IQ Gateway Metered",
}
"""By part number without revision; only those that several public sources agree on."""


@dataclass(frozen=True, kw_only=True)
class GatewayInfo:
    """Serial (12 digits), firmware ("8.3.5433"), and part number ("800-00654-r08", or "" if not reported)."""

    serial: str
    firmware: str
    part_number: str

    @property
    def model(self) -> str:
        """The model name of the part number, or "IQ Gateway"."""
        return next((name for part, name in _MODELS.items() if self.part_number.startswith(part)), "IQ Gateway")


def parse_info(body: bytes) -> GatewayInfo:
    """Parse the body of `/info`; raises UnexpectedResponse, or UnsupportedFirmware before version 7."""
    try:
        root = ElementTree.fromstring(body, parser=ElementTree.XMLParser(target=_Builder()))  # noqa: S314 - see _Builder
    except (ElementTree.ParseError, ValueError, LookupError) as err:
        raise UnexpectedResponse("not XML") from err
    serial, software, part_number = (root.findtext(f"device/{name}", "").strip() for name in ("sn", "software", "pn"))
    version = re.match(_SOFTWARE, software)
    if root.tag != "envoy_info" or not re.fullmatch(_SERIAL, serial) or not version:
        raise UnexpectedResponse("XML without a serial number or software version")
    if int(version[2]) < _FIRST_SUPPORTED_MAJOR:
        raise UnsupportedFirmware
    return GatewayInfo(
        serial=serial,
        firmware=version[1],
        part_number=part_number if re.fullmatch(_PART_NUMBER, part_number) else "",
    )


class _Builder(ElementTree.TreeBuilder):
    """Rejects document types, and with them every entity that could be expanded or fetched."""

    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise ValueError
