"""The integration's log messages."""

import logging

import pytest

LOGGER_NAME = "custom_components.enphase_secctrl"


def log_levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return the levels of the integration's messages, from INFO on."""
    return [
        record.levelno for record in caplog.records if record.name == LOGGER_NAME and record.levelno >= logging.INFO
    ]
