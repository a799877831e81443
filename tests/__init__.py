"""Tests of the integration, and the gateway they talk to."""
