"""Value types: what a raw value of the payload means."""

import pytest

from custom_components.enphase_secctrl.client.values import ValueType, q5, q8


@pytest.mark.parametrize(
    ("value_type", "raw", "value"), [(q8, -2123, -1.31987), (q8, 2235, 1.38950), (q5, -512, -16.0), (q5, 540, 16.875)]
)
def test_fixed_point(value_type: ValueType, raw: int, value: float) -> None:
    """Frequencies have 8 fractional bits, voltages 5."""
    assert value_type(raw) == pytest.approx(value, abs=5e-6)
