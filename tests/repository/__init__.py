"""Tests of the repository itself: its checks (`checks`, as in hassfest and HACS), docs, translations, and layers."""
