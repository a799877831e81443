"""Sensors: the numbers of the table, the estimates, and the times of the last report and of the token's expiration."""

from datetime import datetime
from time import monotonic
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .client import Report
from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .entity import SecctrlEntity, add_reported_fields
from .estimates import EnergyTrend
from .fields import ESTIMATES, LAST_REPORT, SENSORS, TOKEN_EXPIRES, EstimateField, SensorField

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant, entry: SecctrlConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the sensors of one gateway."""
    coordinator = entry.runtime_data
    async_add_entities([TokenExpiresSensor(coordinator, TOKEN_EXPIRES), LastReportSensor(coordinator, LAST_REPORT)])
    add_reported_fields(entry, SENSORS, SecctrlSensor, async_add_entities)
    add_reported_fields(entry, ESTIMATES, EstimateSensor, async_add_entities)


class SecctrlSensor(SecctrlEntity, SensorEntity):
    """A number from the report."""

    entity_description: SensorField

    @property
    @override
    def native_value(self) -> float | None:
        """The value in the unit of the row, None while it is unknown."""
        return self.coordinator.data.value(self.entity_description)


class PollSensor(SecctrlEntity, SensorEntity):
    """A value that isn't in the report. It can change with every poll, even while the report stays the same."""

    _written: tuple[object, bool] | None = None

    def __init__(self, coordinator: SecctrlCoordinator, description: SensorEntityDescription | EstimateField) -> None:
        """Begin with the report that the entity is created for."""
        super().__init__(coordinator, description)
        self._handle_report(coordinator.data)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to every successful poll."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_poll_listener(self._handle_poll))

    @callback
    def _handle_poll(self, report: Report) -> None:
        self._handle_report(report)
        self._handle_coordinator_update()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only if it has changed."""
        if self._written != (current := (self.native_value, self.available)):
            self._written = current
            super()._handle_coordinator_update()

    def _handle_report(self, report: Report) -> None:
        """Set the value after a poll."""


class TokenExpiresSensor(PollSensor):
    """When the access token expires."""

    @property
    @override
    def native_value(self) -> datetime:
        """The expiration of the token that is in use."""
        return self.coordinator.authentication.token.expires


class LastReportSensor(PollSensor):
    """When the gateway last returned a report, in whole minutes."""

    @override
    def _handle_report(self, report: Report) -> None:
        self._attr_native_value = dt_util.utcnow().replace(second=0, microsecond=0)


class EstimateSensor(PollSensor):
    """How long it takes until the stored energy reaches a target, in minutes."""

    entity_description: EstimateField

    def __init__(self, coordinator: SecctrlCoordinator, field: EstimateField) -> None:
        """Begin without a trend."""
        self._trend = EnergyTrend()
        super().__init__(coordinator, field)

    @override
    def _handle_report(self, report: Report) -> None:
        field, now = self.entity_description, monotonic()
        target = report.value(field.target)
        self._trend.add(now, report.value(field.energy), report.value(field.capacity))
        minutes = None if target is None else self._trend.minutes_until(now, target, charging=field.charging)
        self._attr_native_value = minutes
