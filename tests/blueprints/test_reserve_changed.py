"""The blueprint "reserve changed": once for each change of the reserve."""

from homeassistant.helpers import device_registry as dr

from tests.automation_harness import AutomationHarness


async def test_changes(harness: AutomationHarness) -> None:
    """Its actions know the previous reserve, the new one, and the charge; a new charge doesn't trigger."""
    harness.set_charge(46, 20)
    await harness.advance(1)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(harness.hass), harness.entry.entry_id)
    calls = harness.record_calls("test.action")
    text = "{{ previous_reserve }} to {{ reserve }} at {{ charge }}"
    actions = [{"action": "test.action", "data": {"text": text}}]
    await harness.set_up_blueprint("reserve_changed", gateway=device.id, actions=actions)
    for soc, reserve in ((46, 100), (47, 100), (47, 20), (20, 20)):
        harness.set_charge(soc, reserve)
        await harness.advance(1)
    assert [call.data["text"] for call in calls] == ["20 to 100 at 46", "100 to 20 at 47"]
