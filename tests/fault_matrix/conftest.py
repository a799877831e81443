"""Fixtures of the fault matrix."""

from ssl import SSLContext

import pytest

from tests.emulator import Cloud


@pytest.fixture(autouse=True)
def _all_enabled(all_enabled: None) -> None:
    """Enable all entities."""


@pytest.fixture
def ssl_context(cloud: Cloud) -> SSLContext:
    """The SSL context of the cloud without faults."""
    return cloud.listener.ssl_context
