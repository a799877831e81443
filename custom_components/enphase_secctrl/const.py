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

ISSUE_TRACKER: Final = "https://github.com/enphase-secctrl/enphase-secctrl/issues"
"""As the manifest says; where a gateway that no longer offers its data is news."""

ENTRY_VERSION: Final = 1
"""Of what an entry holds: host, sign_in, and token, core_entry or username and password, as that needs."""

ENTRY_MINOR_VERSION: Final = 1

CONF_SIGN_IN: Final = "sign_in"
"""The kind of sign-in, named like the step of the flow that made it."""

SIGN_IN_EXISTING: Final = "existing"
SIGN_IN_CLOUD: Final = "cloud"
SIGN_IN_CODE: Final = "code"
SIGN_IN_TOKEN: Final = "token"

CONF_CORE_ENTRY: Final = "core_entry"
"""The id of core's entry whose token is shared."""

CONF_CERTIFICATE: Final = "certificate"
"""Option: SHA-256 (hex) of the only certificate to talk to."""

RENEWAL_PAUSE: Final = timedelta(hours=1)
MOST_REFUSALS: Final = 3
"""The cloud locks an account for up to a day after repeated sign-ins."""

CODE_PAUSE: Final = timedelta(seconds=30)
"""Repeated requests for a code can block an account too."""

UPDATE_INTERVAL: Final = 10
"""Seconds. A gateway seems to refresh its values every 2 to 7 s, so faster polls gain little; aiohttp keeps an
idle connection for 15 s, so slower ones begin with a TLS handshake each time."""

SIZE_LIMIT: Final = 64 * 1024
"""Bytes of an answer, gateway's or cloud's. Real ones of secctrl have 205 to 1,285."""

MODELS: Final = {
    "800-00654": "IQ Gateway Metered",
    "800-00656": "IQ Gateway Standard",
}
"""By part number, without its revision; only those on which several public sources agree."""

SHORTEST_INTERVAL: Final = 5
LONGEST_INTERVAL: Final = 300
"""Seconds."""
