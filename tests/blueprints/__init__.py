"""Tests of the blueprints in docs/blueprints."""
