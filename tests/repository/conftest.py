"""Most tests here only read files, so they don't need Home Assistant."""

import pytest


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Replace the fixture of tests/conftest.py that creates a Home Assistant."""
