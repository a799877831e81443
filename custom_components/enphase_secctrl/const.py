"""Names and intervals, and why they are what they are."""

from datetime import timedelta
import logging
from typing import Final

DOMAIN: Final = "enphase_secctrl"
LOGGER: Final = logging.getLogger(__package__)

CORE_DOMAIN: Final = "enphase_envoy"
"""Home Assistant's own integration for the same gateway."""

TOKEN_PAGE: Final = "https://entrez.enphaseenergy.com"
"""Where an owner gets a token by hand."""

CONF_SIGN_IN: Final = "sign_in"
"""The kind of sign-in, named like the step of the flow that made it."""

SIGN_IN_CLOUD: Final = "cloud"
SIGN_IN_TOKEN: Final = "token"

UPDATE_INTERVAL: Final = timedelta(seconds=10)
"""A gateway refreshes its values every 2 to 7 s, so faster polls gain little; aiohttp keeps an
idle connection for 15 s, so slower ones begin with a TLS handshake each time."""

SIZE_LIMIT: Final = 64 * 1024
"""Bytes of an answer, gateway's or cloud's. Real ones of secctrl have 205 to 1,285."""

MODELS: Final = {
    "800-00654": "IQ Gateway Metered",
    "800-00656": "IQ Gateway Standard",
}
"""By part number, without its revision; only those on which several public sources agree."""
