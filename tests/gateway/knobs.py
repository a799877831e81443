"""The faults by name, for those who speak JSON or read --help."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Final

from .faults import Fault

FAULTS: Final[dict[str, type[Fault]]] = {kind.__name__: kind for kind in Fault.__subclasses__()}


def fault_named(name: str, arguments: Mapping[str, object]) -> Fault:
    """Return the fault; raises ValueError for unknown names and wrong arguments."""
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
    kind = FAULTS[name]
    wanted = {field.name: field.type for field in fields(kind)}
    values = {key: _octets(wanted.get(key), arguments[key]) for key in arguments}
    for key, value in values.items():
        if not _fits(value, wanted.get(key)):
            raise ValueError(f"{name} takes ({_arguments(kind)}), not {key}={value!r}")
    make: Callable[..., Fault] = kind
    try:
        return make(**values)
    except TypeError as err:
        raise ValueError(f"{name} takes ({_arguments(kind)})") from err


def knobs() -> list[tuple[str, str, str]]:
    """Return name, arguments and meaning of every fault."""
    return [(name, _arguments(kind), kind.__doc__ or "") for name, kind in FAULTS.items()]


def _arguments(kind: type[Fault]) -> str:
    return ", ".join(
        f"{field.name}: {field.type.__name__ if isinstance(field.type, type) else field.type}"
        + ("" if field.default is MISSING else f" = {field.default!r}")
        for field in fields(kind)
    )


def _octets(wanted: object, value: object) -> object:
    """Return text as the bytes that a body is made of: JSON has no bytes."""
    if isinstance(value, str) and wanted in (bytes, bytes | None):
        return value.encode()
    return value


def _fits(value: object, wanted: object) -> bool:
    """Say whether the value is what an argument's annotation allows."""
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, bool) and wanted is not bool:
        return False
    return isinstance(wanted, type | UnionType) and isinstance(value, wanted)
