"""Real Home Assistant, real browser: python -m tests.e2e --help, or scripts/e2e, which prepares the machine."""
