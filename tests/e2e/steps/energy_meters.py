"""The meters of docs/energy-dashboard.md: helpers of Home Assistant that add up the power of the batteries."""

import asyncio
from collections.abc import Mapping
import re
from typing import Final, TypedDict

from playwright.async_api import expect

from scripts.lib.home_assistant import HomeAssistant, Json, State
from scripts.lib.process import ROOT
from tests.e2e.checks import check_equal
from tests.e2e.session import BrowserSession

PAGE: Final = (ROOT / "docs" / "energy-dashboard.md").read_text()
POWER: Final = "sensor.battery_power"
"""The sensor that the page uses as an example; it belongs to no integration here."""

OPTIONS: Final = {
    "Power": "power",
    "Measurement": "measurement",
    "Left Riemann sum": "left",
    "k (kilo)": "k",
    "Hours": "h",
}
"""What the forms show: what they send."""

DISCHARGED: Final = "sensor.battery_energy_discharged"
CHARGED: Final = "sensor.battery_energy_charged"
WATTS: Final = 3_600_000
"""So that the meters grow by 1 kWh per second."""

SECONDS: Final = 4
TOLERANCE: Final = 2
"""kWh: the meters and this test read the clock at different times."""


class _Form(TypedDict):
    flow_id: str
    type: str


async def add_energy_meters(session: BrowserSession) -> None:
    """Create the helpers as the page says; they count the energy in each direction, and the dashboard accepts them."""
    hass, page = session.hass, session.page
    await _set_power(hass, 0)
    for name, template, unit, device_class, state_class in _rows("State"):
        form = {"name": name, "state": template, "unit_of_measurement": unit}
        await _create_helper(
            hass, "template", "sensor", form | {"device_class": device_class, "state_class": state_class}
        )
    for name, source, method, precision, prefix, unit_time in _rows("Input sensor"):
        integral: dict[str, Json] = {"name": name, "source": f"sensor.{source.lower().replace(' ', '_')}"}
        integral |= {"method": method, "round": int(precision), "unit_prefix": prefix, "unit_time": unit_time}
        await _create_helper(hass, "integration", None, integral | {"max_sub_interval": {"seconds": 1}})
    discharged = await _measure(hass, WATTS)
    check_equal("Only the discharged energy has grown", _is_near(discharged, (SECONDS, 0)), expected=True)
    charged = await _measure(hass, -WATTS)
    check_equal("Only the charged energy has grown", _is_near(charged, (0, SECONDS)), expected=True)
    sources = (await hass.call("energy/get_prefs", dict[str, list[Json]]))["energy_sources"]
    battery: Json = {"type": "battery", "stat_energy_from": DISCHARGED, "stat_energy_to": CHARGED}
    await hass.call("energy/save_prefs", object, energy_sources=[*sources, battery])
    await page.goto(f"{hass.url}/config/energy")
    await expect(page.locator("ha-energy-battery-settings")).to_contain_text("Battery energy discharged")
    validation = await hass.call("energy/validate", dict[str, list[list[dict[str, str]]]])
    issues = {issue["type"] for issues in validation["energy_sources"] for issue in issues}
    # Home Assistant calculates the first statistics within 5 minutes
    check_equal("Issues of the meters in the Energy dashboard", issues - {"statistics_not_defined"}, set())
    await hass.call("energy/save_prefs", object, energy_sources=sources)


def _rows(second_head: str) -> list[list[str]]:
    """Return the cells of the page's table with this head in the second column, as the forms send them."""
    table = re.split(r"\n\n", PAGE.partition(f"| Name | {second_head} |")[2])[0].splitlines()[2:]
    cells = [
        [cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table
    ]
    return [[OPTIONS.get(cell, cell) for cell in row] for row in cells]


async def _create_helper(hass: HomeAssistant, domain: str, menu_option: str | None, form: Mapping[str, Json]) -> None:
    """Create a helper with its config flow; raises RunError."""
    url = "/api/config/config_entries/flow"
    flow = await hass.request("POST", url, _Form, {"handler": domain})
    if menu_option:
        flow = await hass.request("POST", f"{url}/{flow['flow_id']}", _Form, {"next_step_id": menu_option})
    flow = await hass.request("POST", f"{url}/{flow['flow_id']}", _Form, {**form})
    check_equal(f"End of the flow for {form['name']}", flow["type"], "create_entry")


async def _set_power(hass: HomeAssistant, watts: int) -> None:
    """Set the batteries' power; positive is discharging."""
    attributes: dict[str, Json] = {"unit_of_measurement": "W", "device_class": "power", "state_class": "measurement"}
    await hass.request("POST", f"/api/states/{POWER}", object, {"state": str(watts), "attributes": attributes})


async def _measure(hass: HomeAssistant, watts: int) -> tuple[float, float]:
    """Let the batteries have this power for a few seconds; return how much each meter has grown, in kWh."""
    before = await _read_meters(hass)
    await _set_power(hass, watts)
    await asyncio.sleep(SECONDS)
    await _set_power(hass, 0)
    await asyncio.sleep(1)
    after = await _read_meters(hass)
    return after[0] - before[0], after[1] - before[1]


async def _read_meters(hass: HomeAssistant) -> tuple[float, float]:
    """Return the discharged and the charged energy in kWh; a new meter is unknown."""
    states = {state["entity_id"]: state["state"] for state in await hass.call("get_states", list[State])}
    discharged, charged = (float(states[meter].replace("unknown", "0")) for meter in (DISCHARGED, CHARGED))
    return discharged, charged


def _is_near(grown: tuple[float, float], expected: tuple[float, float]) -> bool:
    return all(abs(one - other) <= TOLERANCE for one, other in zip(grown, expected, strict=True)) and 0 in grown
