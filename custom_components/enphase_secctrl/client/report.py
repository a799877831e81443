"""The payload of `GET /ivp/ensemble/secctrl` and what it says about the batteries.

The payload is one JSON object with flags (bool), biases and off-grid numbers (float), percentages and energies (int).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
import json
from math import inf
from typing import Final

from .exceptions import UnexpectedResponse
from .response import SIZE_LIMIT
from .values import Source, Term, Value, ValueType, energy, health, object_names, percent, split_paths

_INVALID_JSON: Final = object()
_MAX_DIGITS: Final = 20
"""Integers with fewer digits fit into 64 bits."""

_CAPACITIES: Final[Mapping[str, ValueType]] = {
    "Max_energy": energy,
    "Enc_max_available_capacity": energy,
    "Enc_commissioned_capacity": energy,
    "ACB_agg_energy": energy,
    "ACB_agg_soc": percent,
}
_IQ_CAPACITIES: Final = ("Enc_commissioned_capacity", "Enc_max_available_capacity")
"""The second one shrinks while an IQ Battery is down, so it is only used where the first one is missing."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One response of a gateway. Two reports are equal if their bytes are."""

    body: bytes
    payload: Mapping[str, object] = field(compare=False)

    @cached_property
    def has_storage(self) -> bool:
        """Whether batteries are reported: without any, and after a restart, all capacities are 0."""
        return _CAPACITIES.keys().isdisjoint(self._leaves) or any(map(self._known_value, _CAPACITIES))

    @cached_property
    def has_iq_batteries(self) -> bool:
        """Whether there are IQ Batteries; the legacy layout has no capacity and only knows IQ Batteries."""
        return self._leaves.keys().isdisjoint(_IQ_CAPACITIES) or any(map(self._known_value, _IQ_CAPACITIES))

    @cached_property
    def has_ac_batteries(self) -> bool:
        """Whether there are AC Batteries; sites without any report their keys too, with 0."""
        if self._known_value("ACB_agg_soc") or self._known_value("ACB_agg_energy"):
            return True
        total = self._known_value("Max_energy")
        iq_batteries = next((self._known_value(key) for key in _IQ_CAPACITIES if key in self._leaves), None)
        return total is not None and iq_batteries is not None and total > iq_batteries

    @cached_property
    def is_measured(self) -> bool:
        """Whether the gateway has heard from its IQ Batteries; after a restart the capacity can be known first."""
        if "ENC_agg_soh" not in self._leaves or self._is_invalid("ENC_agg_soh", health):
            return True
        return self._convert("ENC_agg_soh", health) is not None or not any(map(self._known_value, _IQ_CAPACITIES))

    def contains(self, source: Source) -> bool:
        """Return whether the report has the value, valid or not, and it says more than the total does."""
        if source.both_kinds and not (self.has_iq_batteries and self.has_ac_batteries):
            return False
        return self._applies(source) and all(self._summands(term) for term in source.terms)

    def value(self, source: Source) -> Value | None:
        """Return the value in the unit of its type, or None: absent, invalid, or not a measurement."""
        if not self._applies(source) or (source.measured and not self.is_measured):
            return None
        try:
            value = self._read(source)
            if value is None or source.subtrahend is None:
                return value
            subtrahend = self._read(source.subtrahend)
        except ValueError:
            return None
        if subtrahend is None:
            return None
        if value < subtrahend:
            return None if source.negative_is_unknown else 0
        return value - subtrahend

    def invalid_paths(self, known: Mapping[str, ValueType]) -> tuple[str, ...]:
        """Return the known paths whose value is invalid."""
        leaves = self._leaves
        found = [path for path, value_type in known.items() if path in leaves and self._is_invalid(path, value_type)]
        found += [name for name in object_names(frozenset(known)) if not isinstance(self.payload.get(name, {}), dict)]
        return tuple(found)

    def unknown_paths(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the paths that are not among the known ones."""
        paths = frozenset(known)
        objects = object_names(paths)
        found = [name for name in self.payload if "." in name or (name not in paths and name not in objects)]
        found += [
            path for path in self._leaves if path not in paths and "." in path and path.partition(".")[0] in objects
        ]
        return tuple(found)

    @cached_property
    def _leaves(self) -> Mapping[str, object]:
        """The raw values by path; a key that contains a dot is not a path."""
        leaves = {name: raw for name, raw in self.payload.items() if "." not in name}
        for name, raw in [*leaves.items()]:
            if isinstance(raw, dict):
                leaves |= {f"{name}.{key}": inner for key, inner in raw.items()}
        return leaves

    @cached_property
    def _cache(self) -> dict[str, Value | None]:
        return {}

    def _convert(self, path: str, value_type: ValueType) -> Value | None:
        """Convert a raw value, once; raises ValueError. A path has one value type."""
        cache = self._cache
        if path not in cache:
            cache[path] = value_type(self._leaves[path])
        return cache[path]

    def _is_invalid(self, path: str, value_type: ValueType) -> bool:
        try:
            self._convert(path, value_type)
        except ValueError:
            return True
        return False

    def _known_value(self, capacity: str) -> Value | None:
        """Return one of the capacities, or None if it is absent or invalid."""
        value_type = _CAPACITIES[capacity]
        if capacity not in self._leaves or self._is_invalid(capacity, value_type):
            return None
        return self._convert(capacity, value_type)

    def _applies(self, source: Source) -> bool:
        """Return whether the kind of storage that the source is about is there."""
        return not ((source.storage and not self.has_storage) or (source.iq_batteries and not self.has_iq_batteries))

    def _read(self, term: Term) -> Value | None:
        """Return the value of a term; raises ValueError."""
        summands = self._summands(term)
        if len(summands) == 1:
            value = self._convert(summands[0], term.value_type)
        else:
            values = [self._convert(summand, term.value_type) for summand in summands]
            value = sum(value for value in values if value is not None) if values else None
        if term.percentage_of is None or value is None:
            return value
        whole = self._read(term.percentage_of)
        return None if whole is None else value * whole / 100

    def _summands(self, term: Term) -> list[str]:
        """Return the summands of the first path present; none if it is about batteries that aren't there."""
        leaves = self._leaves
        for summands, prefix in split_paths(term.paths):
            if present := [summand for summand in summands if summand in leaves]:
                return present if self._is_reported(prefix) else []
        return []

    def _is_reported(self, prefix: str) -> bool:
        """Return whether the kind of battery that the prefix of a path means is there."""
        if prefix == "ENC":
            return self.has_iq_batteries
        return self.has_ac_batteries if prefix == "ACB" else True


def parse_report(body: bytes) -> Report:
    """Parse the body of a response; raises UnexpectedResponse if it isn't a secctrl payload."""
    if len(body) > SIZE_LIMIT:
        raise UnexpectedResponse("> 64 kB")
    try:
        payload = _DECODER.decode(body.decode())
    except ValueError, RecursionError:
        payload = _INVALID_JSON
    if payload is _INVALID_JSON:  # raised outside of the except block: Python's exceptions hold the whole body
        raise UnexpectedResponse(_describe(body))
    if not isinstance(payload, dict):
        raise UnexpectedResponse(f"JSON ({type(payload).__name__})")
    if "agg_soc" not in payload and "freq_bias_hz" not in payload:
        raise UnexpectedResponse("JSON with neither agg_soc nor freq_bias_hz")
    return Report(body=body, payload=payload)


def _describe(body: bytes) -> str:
    if not body.strip():
        return "0 bytes"
    return "HTML" if body.lstrip().startswith(b"<") else "not JSON"


def _parse_integer(digits: str) -> int | float:
    """Parse an integer; very long ones, which Python refuses to convert, are invalid values anyway."""
    return int(digits) if len(digits) < _MAX_DIGITS else inf


_DECODER: Final = json.JSONDecoder(parse_int=_parse_integer)
