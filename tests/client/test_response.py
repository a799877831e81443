"""HTTP responses: the limit of their size, and the Retry-After header."""

import pytest

from custom_components.enphase_secctrl.client.exceptions import CannotConnect, UnexpectedResponse
from custom_components.enphase_secctrl.client.response import SIZE_LIMIT
from tests.client.conftest import Connect
from tests.emulator import Body, Gateway, Status
from tests.faults import Headers


@pytest.mark.parametrize(
    ("excess", "description"), [(0, "XML without a serial number or software version"), (1, "> 64 kB")]
)
async def test_size_limit(gateway: Gateway, connect: Connect, excess: int, description: str) -> None:
    """A body can have 64 kB and no more."""
    client = connect()
    gateway.inject("/info", Body(b"<a>" + b" " * (SIZE_LIMIT - 7 + excess) + b"</a>"))
    with pytest.raises(UnexpectedResponse) as raised:
        await client.read_info()
    assert raised.value.placeholders == {"answer": description}
    gateway.clear_faults()
    assert (await client.read_info()).serial == gateway.serial


@pytest.mark.parametrize(("header", "seconds"), [("0", 0), ("030", 30), ("9" * 9, 999_999_999)])
async def test_retry_after(gateway: Gateway, connect: Connect, header: str, seconds: float) -> None:
    """A Retry-After header of up to 9 digits is a number of seconds."""
    client = connect()
    gateway.inject("*", Status(503), Headers((("Retry-After", header),)))
    with pytest.raises(CannotConnect) as raised:
        await client.read_report()
    assert raised.value.retry_after == seconds
    gateway.clear_faults()
    assert await client.read_report()


@pytest.mark.parametrize("header", ["soon", "-1", "1.5", "", "9" * 10, "Wed, 21 Oct 2026 07:28:00 GMT", "٣"])
async def test_invalid_retry_after(gateway: Gateway, connect: Connect, header: str) -> None:
    """A Retry-After header that isn't a number of seconds is ignored."""
    client = connect()
    gateway.inject("*", Status(503), Headers((("Retry-After", header),)))
    with pytest.raises(CannotConnect) as raised:
        await client.read_report()
    assert raised.value.retry_after is None
    gateway.clear_faults()
    assert await client.read_report()
