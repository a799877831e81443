"""Payload to report, or a refusal. Pure: neither Home Assistant nor the network.

The payload is the body of `GET /ivp/ensemble/secctrl`: one JSON object with flags (bool),
biases and off-grid numbers (float) and percents and energies (int).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
import json
from math import inf
from typing import Final

from .const import SIZE_LIMIT
from .failures import UnexpectedAnswer
from .kinds import Kind, Value, energy, percent
from .source import Source, alternatives, objects_in

_NO_JSON: Final = object()
_LONG: Final = 20
"""Digits; shorter integers fit 64 bits."""

_CAPACITIES: Final[Mapping[str, Kind]] = {
    "Max_energy": energy,
    "Enc_max_available_capacity": energy,
    "Enc_commissioned_capacity": energy,
    "ACB_agg_energy": energy,
    "ACB_agg_soc": percent,
}
_IQ_CAPACITIES: Final = frozenset(name for name in _CAPACITIES if name.startswith("Enc_"))


@dataclass(frozen=True, kw_only=True)
class Report:
    """One answer of a gateway. Two are equal when their bytes are."""

    body: bytes
    payload: Mapping[str, object] = field(compare=False)

    @cached_property
    def storage(self) -> bool:
        """Whether batteries are reported; without any, and until found after a restart, all capacities are 0."""
        return _CAPACITIES.keys().isdisjoint(self._leaves) or any(map(self._capacity, _CAPACITIES))

    @cached_property
    def iq_batteries(self) -> bool:
        """Whether IQ Batteries are among the storage (the legacy layout cannot tell, and has no others)."""
        return _IQ_CAPACITIES.isdisjoint(self._leaves) or any(map(self._capacity, _IQ_CAPACITIES))

    @cached_property
    def ac_batteries(self) -> bool:
        """Whether AC Batteries are among the storage: their keys are there, and 0, on every site."""
        if self._capacity("ACB_agg_soc") or self._capacity("ACB_agg_energy"):
            return True
        of_all, of_iq_batteries = self._capacity("Max_energy"), self._capacity("Enc_max_available_capacity")
        return of_all is not None and of_iq_batteries is not None and of_all > of_iq_batteries

    def reports(self, source: Source) -> bool:
        """Whether this answer has the value, readable or not."""
        return bool(self._chosen(source, source.paths)) and not (source.less and not self._chosen(source, source.less))

    def value(self, source: Source) -> Value | None:
        """Return the value in the source's unit, or None: absent, bad, or not a measurement."""
        try:
            value = self._read(source, source.paths)
            if value is None or not source.less:
                return value
            less = self._read(source, source.less)
        except ValueError:
            return None
        return None if less is None else max(0, value - less)

    def bad(self, claims: Mapping[str, Kind]) -> tuple[str, ...]:
        """Return the paths whose value is not of its kind."""
        leaves = self._leaves
        found = [path for path, kind in claims.items() if path in leaves and self._is_bad(path, kind)]
        found += [name for name in objects_in(claims) if not isinstance(self.payload.get(name, {}), dict)]
        return tuple(found)

    def unknown(self, claims: Iterable[str]) -> tuple[str, ...]:
        """Return the paths that nobody claims."""
        known = {*claims}
        objects = objects_in(known)
        found = [name for name in self.payload if "." in name or (name not in known and name not in objects)]
        found += [
            path for path in self._leaves if path.partition(".")[0] in objects and "." in path and path not in known
        ]
        return tuple(found)

    @cached_property
    def _leaves(self) -> Mapping[str, object]:
        """The raw values by their paths; a name with a dot in it is no path."""
        leaves = {name: raw for name, raw in self.payload.items() if "." not in name}
        for name, raw in [*leaves.items()]:
            if isinstance(raw, dict):
                leaves |= {f"{name}.{key}": inner for key, inner in raw.items()}
        return leaves

    @cached_property
    def _meanings(self) -> dict[str, Value | None]:
        return {}

    def _meaning(self, path: str, kind: Kind) -> Value | None:
        """Return what a raw value means, worked out once; raises ValueError. A path has one kind."""
        meanings = self._meanings
        if path not in meanings:
            meanings[path] = kind(self._leaves[path])
        return meanings[path]

    def _is_bad(self, path: str, kind: Kind) -> bool:
        try:
            self._meaning(path, kind)
        except ValueError:
            return True
        return False

    def _capacity(self, name: str) -> Value | None:
        """Return one of the capacities, None if it is absent or bad."""
        kind = _CAPACITIES[name]
        return None if name not in self._leaves or self._is_bad(name, kind) else self._meaning(name, kind)

    def _read(self, source: Source, paths: tuple[str, ...]) -> Value | None:
        parts = self._chosen(source, paths)
        if len(parts) == 1:
            return self._meaning(parts[0], source.kind)
        values = [self._meaning(part, source.kind) for part in parts]
        return sum(value for value in values if value is not None) if values else None

    def _chosen(self, source: Source, paths: tuple[str, ...]) -> list[str]:
        """Return the parts of the first path present, if what it speaks of is there."""
        if (source.storage and not self.storage) or (source.less and not self.iq_batteries):
            return []
        leaves = self._leaves
        for summands, owner in alternatives(paths):
            if parts := [part for part in summands if part in leaves]:
                return parts if self._reported_owners.get(owner, True) else []
        return []

    @cached_property
    def _reported_owners(self) -> Mapping[str, bool]:
        """By the names of `alternatives`, whether they are among the storage."""
        return {"ENC": self.iq_batteries, "ACB": self.ac_batteries}


def parse(body: bytes) -> Report:
    """Return the report that the bytes are; raises UnexpectedAnswer for what is none."""
    if len(body) > SIZE_LIMIT:
        raise UnexpectedAnswer("> 64 kB")
    try:
        payload = _DECODER.decode(body.decode())
    except ValueError, RecursionError:
        payload = _NO_JSON
    if payload is _NO_JSON:  # raised by itself: Python's errors hold the whole body
        raise UnexpectedAnswer(_what_is(body))
    if not isinstance(payload, dict):
        raise UnexpectedAnswer(f"JSON ({type(payload).__name__})")
    if "agg_soc" not in payload and "freq_bias_hz" not in payload:
        raise UnexpectedAnswer("JSON without agg_soc and freq_bias_hz")
    return Report(body=body, payload=payload)


def _what_is(body: bytes) -> str:
    if not body.strip():
        return "0 bytes"
    return "HTML" if body.lstrip().startswith(b"<") else "not JSON"


def _integer(digits: str) -> int | float:
    """Return the integer; Python refuses to convert very long ones, which are bad values here."""
    return int(digits) if len(digits) < _LONG else inf


_DECODER: Final = json.JSONDecoder(parse_int=_integer)
