"""The blueprint for the reserve acts once each time, and never because there is no value."""

from homeassistant.core import CoreState, ServiceCall
import pytest

from tests.automations import ABOVE, CHARGE, RESERVE, House, without_one_value, without_values
from tests.gateway import State

BLUEPRINT = "reserve_reached"
INPUTS = {"charge": CHARGE, "reserve": RESERVE, "act": [{"action": "test.tell"}]}


async def used(house: House, **inputs: object) -> list[ServiceCall]:
    """Use the blueprint when the batteries are well above the reserve; return what it does."""
    house.says(50)
    await house.minutes(1)
    calls = house.calls("test.tell")
    await house.use_blueprint(BLUEPRINT, **INPUTS, **inputs)
    return calls


@pytest.fixture
async def calls(house: House) -> list[ServiceCall]:
    """What the blueprint does that acts below 300 Wh."""
    return await used(house, energy=ABOVE, threshold=300)


@pytest.mark.parametrize(
    ("soc", "reserve", "expected"), [(20, 20, 1), (15, 20, 1), (22, 20, 1), (23, 20, 0), (24, 20, 0), (5, 0, 0)]
)
async def test_reached(house: House, calls: list[ServiceCall], soc: int, reserve: int, expected: int) -> None:
    """It acts at the reserve, below it and, by the energy, a bit above it; after the time, and once."""
    house.says(soc, reserve)
    await house.minutes(4)
    assert calls == []
    await house.minutes(30)
    assert len(calls) == expected


@pytest.mark.parametrize(("soc", "expected"), [(24, 1), (25, 0)])
async def test_threshold_of_the_form(house: House, soc: int, expected: int) -> None:
    """The form begins with 500 Wh."""
    calls = await used(house, energy=ABOVE)
    house.says(soc)
    await house.minutes(10)
    assert len(calls) == expected


async def test_again(house: House, calls: list[ServiceCall]) -> None:
    """It is ready for the next time when the batteries are charged again, and not before."""
    for soc, expected in ((20, 1), (24, 1), (20, 1), (26, 1), (20, 2), (60, 2), (19, 3)):
        house.says(soc)
        await house.minutes(8)
        assert len(calls) == expected, soc


async def test_again_under_a_full_reserve(house: House) -> None:
    """Full is charged again, where the reserve leaves less than it must rise."""
    calls = await used(house)
    for soc, expected in ((98, 1), (99, 1), (98, 1), (100, 1), (98, 2)):
        house.says(soc, 98)
        await house.minutes(8)
        assert len(calls) == expected, soc


async def test_earlier(house: House) -> None:
    """A charge that moves around the threshold is one event, until it has risen by as much as it must."""
    calls = await used(house, energy=ABOVE, threshold=1000)
    for soc, expected in ((29, 1), (30, 1), (29, 1), (33, 1), (29, 1), (34, 1), (29, 2)):
        house.says(soc)
        await house.minutes(8)
        assert len(calls) == expected, soc


async def test_for_a_moment(house: House, calls: list[ServiceCall]) -> None:
    """What is over before the time does not count."""
    for soc in (20, 40, 20, 40):
        house.says(soc)
        await house.minutes(3)
    assert calls == []


@without_values
async def test_without_values(house: House, calls: list[ServiceCall], mood: State, shown: str) -> None:
    """No value is no zero. What was told before a gap is not told after it; what was not, is."""
    house.gateway.state = mood
    await house.minutes(20)
    assert house.hass.states.is_state(CHARGE, shown)
    assert calls == []
    house.says(20)
    house.gateway.state = "up"
    await house.minutes(10)
    assert len(calls) == 1
    house.gateway.state = mood
    await house.minutes(20)
    house.gateway.state = "up"
    await house.minutes(20)
    assert len(calls) == 1


@without_one_value
async def test_without_one_value(house: House, key: str, entity: str) -> None:
    """What is not known is neither below nor above anything."""
    calls = await used(house)
    house.says(15, **{key: None})
    await house.minutes(20)
    assert house.hass.states.is_state(entity, "unknown")
    assert calls == []
    for soc, expected in ((15, 1), (60, 1), (15, 2)):
        house.says(soc)
        await house.minutes(10)
        assert len(calls) == expected, soc


@pytest.mark.parametrize(
    ("inputs", "lowest", "later", "reserve"),
    [({"energy": ABOVE, "threshold": 2000}, 21, 30, 20), ({}, 100, 100, 100)],
    ids=["energy", "full"],
)
async def test_a_gap_before_it_is_over(
    house: House, inputs: dict[str, object], lowest: int, later: int, reserve: int
) -> None:
    """As long as the energy is low, or the reserve is not exceeded, a gap does not make it news."""
    calls = await used(house, **inputs)
    for soc in (lowest, later):
        house.says(soc, reserve)
        await house.minutes(8)
    house.gateway.state = "refused"
    await house.minutes(10)
    house.gateway.state = "up"
    await house.minutes(10)
    assert len(calls) == 1


async def test_a_reload(house: House, calls: list[ServiceCall]) -> None:
    """A reload of the entry is no news."""
    house.says(20)
    await house.minutes(8)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.minutes(20)
    assert len(calls) == 1


async def started(house: House) -> list[ServiceCall]:
    """Let Home Assistant start, and ten minutes pass; return the list that grows with each call."""
    house.hass.set_state(CoreState.not_running)
    calls = house.calls("test.tell")
    await house.use_blueprint(BLUEPRINT, **INPUTS)
    await house.start()
    await house.minutes(10)
    return calls


async def test_at_a_start(house: House) -> None:
    """What is so at a start of Home Assistant is not told, also not after a gap; the next time is."""
    house.says(20)
    await house.minutes(1)
    calls = await started(house)
    house.gateway.state = "refused"
    await house.minutes(10)
    house.gateway.state = "up"
    await house.minutes(10)
    assert calls == []
    house.says(60)
    await house.minutes(2)
    house.says(20)
    await house.minutes(8)
    assert len(calls) == 1


async def test_soon_after_a_start(house: House) -> None:
    """What is reached after a start is told, even if it was near before."""
    house.says(22)
    await house.minutes(1)
    calls = await started(house)
    assert calls == []
    house.says(20)
    await house.minutes(8)
    assert len(calls) == 1


async def test_a_silent_start(house: House) -> None:
    """What the first values after a start say is not told either, however late they come; the next time is."""
    house.gateway.state = "refused"
    await house.minutes(5)
    calls = await started(house)
    house.gateway.state = "up"
    for soc, expected in ((20, 0), (60, 0), (20, 1)):
        house.says(soc)
        await house.minutes(10)
        assert len(calls) == expected, soc
