"""End-to-end tests: the integration in a real Home Assistant, used through a real browser. Run scripts/e2e."""
