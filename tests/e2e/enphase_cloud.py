"""The emulated Enphase cloud, at its real host names, and the gateway for which it creates access tokens.

Both run in this process: an access token is signed with a key of the process that creates it.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import os
from pathlib import Path
from typing import Final

from scripts.lib import integration
from tests.emulator.cloud import ENLIGHTEN, ENTREZ, Cloud
from tests.emulator.gateway import Gateway

from .network import ENPHASE_CLOUD_ADDRESS, SECOND_GATEWAY_ADDRESS, set_host_names

EMAIL: Final = "owner@example.com"
ACCOUNT_PASSWORD: Final = "secret"
SERIAL: Final = "122300000002"
SCENARIO: Final = "8.3_all_keys"
PORT: Final = 443


@asynccontextmanager
async def enphase_cloud(folder: Path) -> AsyncGenerator[Cloud]:
    """Serve the cloud, with an account that needs a verification code.

    Programs that are started later find its host names. Home Assistant also trusts its certificate, which is saved in
    the folder.
    """
    cloud = Cloud()
    cloud.add_account(EMAIL, ACCOUNT_PASSWORD, serials=(SERIAL,), mfa=True)
    set_host_names(folder / "hosts", ENPHASE_CLOUD_ADDRESS, ENLIGHTEN, ENTREZ)
    certificates = folder / "certificates.pem"
    certificates.write_bytes(cloud.ca_pem)
    os.environ["REQUESTS_CA_BUNDLE"] = str(certificates)
    try:
        await cloud.start(PORT, str(ENPHASE_CLOUD_ADDRESS))
        yield cloud
    finally:
        await cloud.stop()


@asynccontextmanager
async def gateway_with_account() -> AsyncGenerator[integration.Gateway]:
    """Serve the gateway that belongs to the account."""
    gateway = Gateway(SCENARIO, SERIAL)
    try:
        await gateway.start(PORT, str(SECOND_GATEWAY_ADDRESS))
        yield {"host": gateway.host, "serial": SERIAL, "token": gateway.token(), "control": None}
    finally:
        await gateway.stop()
