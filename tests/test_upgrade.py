"""An upgrade from the first version keeps the entry, the device, the entities, and their history."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import Any, Literal

from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.components.recorder import get_instance, history
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import (
    async_import_statistics,
    get_metadata,
    statistics_during_period,
    validate_statistics,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_RESTORED, PERCENTAGE, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.enphase_secctrl.const import CORE_DOMAIN, DOMAIN
from tests.emulator import Gateway

from .first_version import CORE_ENTRY, DEVICE, DISABLED, ENABLED, ENTRY, SERIAL, entity_ids, storage

RENAMED = "sensor.house_battery"
CHANGED_BY_USER: dict[str, dict[str, Any]] = {
    "agg_soc": {"entity_id": RENAMED, "name": "House battery"},
    "shutdown": {"disabled_by": "user"},
    "vls_limit": {"disabled_by": None},
}
ENTITY_IDS = entity_ids(ENABLED | DISABLED) | {f"{SERIAL}_agg_soc": RENAMED}
NEW = {
    "energy_above_shutdown": "sensor.~_energy_above_shutdown_level",
    "time_to_reserve": "sensor.~_estimated_time_to_reserve",
    "time_to_full": "sensor.~_estimated_time_to_full",
    "at_reserve": "binary_sensor.~_at_reserve",
}
NEW_DISABLED = {
    "energy_to_full": "sensor.~_energy_to_full",
    "last_report": "sensor.~_last_report",
    "time_to_shutdown": "sensor.~_estimated_time_to_shutdown_level",
}
"""What later versions have added."""

ACCOUNT = {"username": "owner@example.com", "password": "secret"}
SIGN_INS: dict[str, dict[str, str]] = {
    "token": {"token": ""},
    "cloud": {"token": "", **ACCOUNT},
    "code": {"token": ""},
    "existing": {"core_entry": CORE_ENTRY},
}
"""The data that the first version stored for each kind of sign-in; the token is inserted."""


def entry_data(gateway: Gateway, sign_in: str) -> dict[str, str]:
    """Return the data of an entry with this kind of sign-in."""
    tokens = dict.fromkeys(SIGN_INS[sign_in].keys() & {"token"}, gateway.token())
    return {"host": gateway.host, "sign_in": sign_in, **SIGN_INS[sign_in], **tokens}


@pytest.fixture(params=SIGN_INS)
def entry(gateway: Gateway, request: pytest.FixtureRequest) -> dict[str, Any]:
    """An entry of the first version, with both options."""
    options = {"scan_interval": 20, "certificate": gateway.fingerprint.hex()}
    return {"data": entry_data(gateway, request.param), "options": options}


@pytest.fixture
def first_version_storage(hass_storage: dict[str, Any], gateway: Gateway, entry: dict[str, Any]) -> None:
    """The storage of a Home Assistant in which the first version has run."""
    gateway.scenario = "8.3_all_keys"
    core = {"data": {"host": gateway.host, "token": gateway.token(), **ACCOUNT}}
    hass_storage.update(storage(entry, core, **CHANGED_BY_USER))


@pytest.fixture
def load_registries() -> bool:
    """Load the registries from the storage; by default the test harness starts with empty ones."""
    return False


@pytest.fixture
async def loaded_storage(first_version_storage: None, async_test_recorder: object, hass: HomeAssistant) -> None:
    """Home Assistant after it has loaded its storage."""
    assert await async_load_base_functionality(hass)
    assert [one.domain for one in hass.config_entries.async_entries()] == [DOMAIN, CORE_DOMAIN]


@pytest.fixture(autouse=True)
def _custom_integrations(
    loaded_storage: None, recorder_mock: None, enable_custom_integrations: None, socket_enabled: None
) -> None:
    """Set up the storage before anything else."""


@pytest.fixture
async def started(hass: HomeAssistant) -> None:
    """Home Assistant after it has set up the integration."""
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)


async def test_entry(hass: HomeAssistant, entry: Mapping[str, Any], started: None) -> None:
    """The entry is loaded unchanged, with each kind of sign-in and its options."""
    loaded = hass.config_entries.async_get_known_entry(ENTRY)
    assert loaded.state is ConfigEntryState.LOADED
    assert dict(loaded.data) == entry["data"]
    assert dict(loaded.options) == entry["options"]
    assert loaded.runtime_data.update_interval == timedelta(seconds=20)
    assert (loaded.version, loaded.minor_version, loaded.unique_id) == (1, 1, SERIAL)
    assert hass.config_entries.flow.async_progress() == []


async def test_entities(hass: HomeAssistant, gateway: Gateway, started: None) -> None:
    """The device and the entities are the same, with the user's changes; only new fields are added."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY)
    assert [(device.id, device.identifiers) for device in devices] == [(DEVICE, {(DOMAIN, SERIAL)})]
    entities = {one.unique_id: one for one in er.async_entries_for_config_entry(er.async_get(hass), ENTRY)}
    assert {unique_id: one.entity_id for unique_id, one in entities.items()} == ENTITY_IDS | entity_ids(
        NEW | NEW_DISABLED
    )
    assert {one.device_id for one in entities.values()} == {DEVICE}
    disabled = {unique_id for unique_id, one in entities.items() if one.disabled_by}
    assert disabled == {*entity_ids(DISABLED | NEW_DISABLED)} - {f"{SERIAL}_vls_limit"} | {f"{SERIAL}_shutdown"}
    states = {state.entity_id: state for state in hass.states.async_all()}
    assert states.keys() == {one.entity_id for one in entities.values() if not one.disabled_by}
    assert states[RENAMED].state == str(gateway.payload["agg_soc"])
    assert states[RENAMED].name == "House battery"
    unknown = {entity_id for entity_id, state in states.items() if state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)}
    assert unknown <= {*entity_ids(NEW).values()}  # the estimates have no trend yet


# The kind of sign-in makes no difference in the following test
only_token = pytest.mark.parametrize("entry", ["token"], indirect=True)


@pytest.fixture
async def recorded(hass: HomeAssistant) -> None:
    """A state and an hour of statistics that the first version recorded."""
    hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    attributes = {"unit_of_measurement": PERCENTAGE, "device_class": "battery", "state_class": "measurement"}
    hass.states.async_set(RENAMED, "41", attributes, timestamp=hour.timestamp())
    hass.states.async_set(RENAMED, STATE_UNAVAILABLE, {ATTR_RESTORED: True})  # as Home Assistant does at startup
    async_import_statistics(
        hass,
        {
            "source": "recorder",
            "statistic_id": RENAMED,
            "name": None,
            "unit_of_measurement": PERCENTAGE,
            "unit_class": "unitless",
            "mean_type": StatisticMeanType.ARITHMETIC,
            "has_sum": False,
        },
        [{"start": hour, "mean": 41.0, "min": 40.0, "max": 42.0}],
    )
    await async_wait_recording_done(hass)


async def minimums(hass: HomeAssistant, span: Literal["hour", "5minute"]) -> list[float | None]:
    """Return the minimums of the last periods."""
    start = dt_util.utcnow() - timedelta(hours=3)
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, start, None, {RENAMED}, span, None, {"min"}
    )
    return [row.get("min") for row in rows[RENAMED]]


@only_token
async def test_history(hass: HomeAssistant, gateway: Gateway, recorded: None, started: None) -> None:
    """States and statistics continue under the same ID, and the statistics have no issues."""
    start = dt_util.utcnow() - timedelta(hours=3)
    now = gateway.payload["agg_soc"]
    states = await get_instance(hass).async_add_executor_job(
        history.state_changes_during_period, hass, start, None, RENAMED
    )
    assert [state.state for state in states[RENAMED]] == ["41", STATE_UNAVAILABLE, str(now)]

    period = dt_util.utcnow().replace(second=0, microsecond=0)
    do_adhoc_statistics(hass, start=period - timedelta(minutes=period.minute % 5))
    await async_wait_recording_done(hass)
    (first, *_), (newest,) = [await minimums(hass, span) for span in ("hour", "5minute")]
    assert (first, newest) == (40.0, now)
    metadata = await get_instance(hass).async_add_executor_job(lambda: get_metadata(hass, statistic_source="recorder"))
    assert RENAMED in metadata
    assert metadata.keys() <= {*ENTITY_IDS.values(), *entity_ids(NEW).values()}
    assert await get_instance(hass).async_add_executor_job(validate_statistics, hass) == {}


@pytest.mark.parametrize("entry", [{"version": 2, "data": {"all": "new"}}])
async def test_downgrade(
    hass: HomeAssistant, gateway: Gateway, started: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant refuses an entry of a later version; the integration isn't set up, and nothing is lost."""
    assert hass.config_entries.async_get_known_entry(ENTRY).state is ConfigEntryState.MIGRATION_ERROR
    assert gateway.requests == []
    errors = [record for record in caplog.get_records("setup") if record.levelno >= logging.ERROR]
    assert {record.name for record in errors} == {"homeassistant.config_entries"}
    assert len(er.async_entries_for_config_entry(er.async_get(hass), ENTRY)) == len(ENTITY_IDS)
