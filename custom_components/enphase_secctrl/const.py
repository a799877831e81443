"""Names, options, and intervals."""

from datetime import timedelta
import logging
from typing import Final

DOMAIN: Final = "enphase_secctrl"
LOGGER: Final = logging.getLogger(__package__)

CORE_DOMAIN: Final = "enphase_envoy"
"""Home Assistant's own integration for the same gateway."""

TOKEN_PAGE: Final = "https://entrez.enphaseenergy.com"
"""Where an owner creates a token manually."""

ISSUE_TRACKER: Final = "https://github.com/enphase-secctrl/enphase-secctrl/issues"
"""The same address as in the manifest."""

ENTRY_VERSION: Final = 1
ENTRY_MINOR_VERSION: Final = 1
"""The version of the entry data: host, sign_in, and one of: token; token, username, and password; core_entry."""

CONF_SIGN_IN: Final = "sign_in"
"""The kind of sign-in; its values are the names of the steps of the flow."""

SIGN_IN_EXISTING: Final = "existing"
SIGN_IN_CLOUD: Final = "cloud"
SIGN_IN_CODE: Final = "code"
SIGN_IN_TOKEN: Final = "token"

CONF_CORE_ENTRY: Final = "core_entry"
"""The ID of the Enphase Envoy entry whose token is shared."""

CONF_CERTIFICATE: Final = "certificate"
"""Option: SHA-256 fingerprint (hex) of the pinned certificate."""

RENEWAL_PAUSE: Final = timedelta(hours=1)
MAX_REJECTED_RENEWALS: Final = 3
"""The cloud blocks an account for up to a day after repeated sign-ins."""

CORE_PATIENCE: Final = timedelta(hours=1)
"""How long to wait for a shared token while the Enphase Envoy entry can't be set up."""

FINAL_REJECTION: Final = timedelta(minutes=5)
FINAL_REJECTION_POLLS: Final = 3
"""How long the rejection of an unexpired token must last: gateways reject valid ones while they restart at night."""

CODE_PAUSE: Final = timedelta(seconds=30)
"""Repeated requests for a verification code can block an account too."""

DEFAULT_UPDATE_INTERVAL: Final = 10
MIN_UPDATE_INTERVAL: Final = 5
MAX_UPDATE_INTERVAL: Final = 300
"""Seconds. A gateway seems to refresh its values every 2 to 7 s, so shorter intervals gain little. aiohttp keeps an
idle connection for 15 s, so with longer intervals each poll begins with a TLS handshake."""
