"""The Python code of the programs in scripts/."""
