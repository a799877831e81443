"""Tests of the JavaScript of the integration."""
