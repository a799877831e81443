"""Random sequences of events of one entry, compared with a model of what must be true."""

import pytest

pytest.register_assert_rewrite("tests.state_machine.model")
