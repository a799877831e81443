"""The emulated Enphase cloud, at its real host names, and the second gateway, for which it creates access tokens.

Both run in this process: an access token is signed with a key of the process that creates it.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import os
from pathlib import Path
from typing import Final
from unittest.mock import patch

from scripts.lib import integration
from scripts.lib.process import print_progress
from tests.emulator.cloud import Cloud
from tests.emulator.gateway import Gateway

from .network import ENPHASE_CLOUD_ADDRESS, SECOND_GATEWAY_ADDRESS

EMAIL: Final = "owner@example.com"
ACCOUNT_PASSWORD: Final = "Password-of-the-emulated-account"
SECOND_SERIAL: Final = "122300000002"
SECOND_SCENARIO: Final = "8.3_all_keys"
HTTPS_PORT: Final = 443


@asynccontextmanager
async def enphase_cloud(folder: Path) -> AsyncGenerator[Cloud]:
    """Serve the cloud, with an account that needs a verification code.

    Programs that are started meanwhile trust only its certificate, which is saved in the folder.
    """
    cloud = Cloud()
    cloud.add_account(EMAIL, ACCOUNT_PASSWORD, serials=(SECOND_SERIAL,), mfa=True)
    certificates = folder / "certificates.pem"
    certificates.write_bytes(cloud.ca_pem)
    with patch.dict(os.environ, REQUESTS_CA_BUNDLE=str(certificates)):
        try:
            await cloud.start(HTTPS_PORT, str(ENPHASE_CLOUD_ADDRESS))
            print_progress(f"emulated Enphase cloud at {cloud.host}")
            yield cloud
        finally:
            await cloud.stop()


@asynccontextmanager
async def second_gateway() -> AsyncGenerator[integration.Gateway]:
    """Serve the gateway that belongs to the account."""
    gateway = Gateway(SECOND_SCENARIO, SECOND_SERIAL)
    try:
        await gateway.start(HTTPS_PORT, str(SECOND_GATEWAY_ADDRESS))
        print_progress(f"emulated gateway {SECOND_SERIAL} at {gateway.host} ({SECOND_SCENARIO})")
        yield {"host": gateway.host, "serial": SECOND_SERIAL, "token": gateway.token(), "control": None}
    finally:
        await gateway.stop()
