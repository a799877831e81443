"""The entities that the blueprints use, and the situations in which their values are missing."""

from typing import Final

import pytest

_SENSOR: Final = "sensor.iq_gateway_122300000001_"
_BINARY_SENSOR: Final = "binary_sensor.iq_gateway_122300000001_"

CHARGE: Final = f"{_SENSOR}state_of_charge"
RESERVE: Final = f"{_SENSOR}reserve_battery_level"
ENERGY_ABOVE_RESERVE: Final = f"{_SENSOR}energy_above_reserve"
SHUTDOWN: Final = f"{_BINARY_SENSOR}system_shutdown"
COMMISSIONING: Final = f"{_BINARY_SENSOR}commissioning"

all_values_missing: Final = pytest.mark.parametrize(
    ("gateway_state", "entity_state"), [("refused", "unavailable"), ("zeros", "unknown"), ("overloaded", "unavailable")]
)
"""States of a gateway in which it reports no values, and the state of the entities then."""

one_value_missing: Final = pytest.mark.parametrize(
    ("key", "entity"), [("agg_soc", CHARGE), ("adjusted_backup_soc", RESERVE)], ids=["charge", "reserve"]
)
"""A key that is null in the payload, and its entity."""
