"""The whole path: emulator, client, coordinator, entity in Home Assistant."""

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.gateway import Gateway


async def test_a_number_arrives(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """What the gateway says is what Home Assistant shows, after two requests."""
    state = hass.states.get("sensor.iq_gateway_122300000001_state_of_charge")
    assert state
    assert state.state == str(gateway.payload["agg_soc"])
    assert [request.path for request in gateway.requests] == ["/info", "/ivp/ensemble/secctrl"]
