"""Faults by name, for the control server and --help."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Final

from .faults import Fault

FAULTS: Final[dict[str, type[Fault]]] = {fault.__name__: fault for fault in Fault.__subclasses__()}


def create_fault(name: str, arguments: Mapping[str, object]) -> Fault:
    """Return the fault; raises ValueError for an unknown name or invalid arguments."""
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
    fault = FAULTS[name]
    annotations = {field.name: field.type for field in fields(fault)}
    values = {key: _encode_text(annotations.get(key), arguments[key]) for key in arguments}
    for key, value in values.items():
        if not _matches(annotations.get(key), value):
            raise ValueError(f"{name} takes ({_format_arguments(fault)}), not {key}={value!r}")
    create: Callable[..., Fault] = fault
    try:
        return create(**values)
    except TypeError as err:
        raise ValueError(f"{name} takes ({_format_arguments(fault)})") from err


def fault_table() -> list[tuple[str, str, str]]:
    """Return the name, the arguments, and the description of each fault."""
    return [(name, _format_arguments(fault), fault.__doc__ or "") for name, fault in FAULTS.items()]


def _format_arguments(fault: type[Fault]) -> str:
    return ", ".join(
        f"{field.name}: {field.type.__name__ if isinstance(field.type, type) else field.type}"
        + ("" if field.default is MISSING else f" = {field.default!r}")
        for field in fields(fault)
    )


def _encode_text(annotation: object, value: object) -> object:
    """Return text as bytes if the argument takes bytes, which JSON doesn't have."""
    if isinstance(value, str) and annotation in (bytes, bytes | None):
        return value.encode()
    return value


def _matches(annotation: object, value: object) -> bool:
    """Return whether the value has the type that the annotation of the argument allows."""
    if annotation is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, bool) and annotation is not bool:
        return False
    return isinstance(annotation, type | UnionType) and isinstance(value, annotation)
