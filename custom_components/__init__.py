"""Home Assistant loads custom integrations from here."""
