"""Tests of what the flows share."""
