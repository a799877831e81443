"""The steps of the end-to-end test, one module per feature. `tests.e2e.__main__.STEPS` lists them in their order."""
