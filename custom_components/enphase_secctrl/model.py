"""Payload to report, or a refusal. Pure: neither Home Assistant nor the network.

The payload is the body of `GET /ivp/ensemble/secctrl`: one JSON object with flags (bool),
biases and off-grid numbers (float) and percents and energies (int).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
import json
from math import inf
from typing import Final

from .const import SIZE_LIMIT
from .failures import UnexpectedAnswer
from .kinds import Kind, Value, energy, percent


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a value stands in the payload.

    `paths`: the first one present wins; "a + b" is the sum of those present, "a.b" is b in
    the object a. With `less`, the value is the energy above that other source, at least 0.
    """

    paths: tuple[str, ...] = ()
    kind: Kind
    less: tuple[str, ...] = ()
    storage: bool = False
    """Whether its zero means nothing while no storage is reported."""


_LONG: Final = 20
"""Digits; shorter integers fit 64 bits."""

_CAPACITIES: Final[Mapping[str, Kind]] = {
    "Max_energy": energy,
    "Enc_max_available_capacity": energy,
    "Enc_commissioned_capacity": energy,
    "ACB_agg_energy": energy,
    "ACB_agg_soc": percent,
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """One answer of a gateway. Two are equal when their bytes are."""

    body: bytes
    payload: Mapping[str, object] = field(compare=False)

    @cached_property
    def storage(self) -> bool:
        """Whether batteries are reported; without any, and until found after a restart, all capacities are 0."""
        return not any(name in self.payload for name in _CAPACITIES) or self._any_above_zero(*_CAPACITIES)

    @cached_property
    def iq_batteries(self) -> bool:
        """Whether IQ Batteries are among the storage (the legacy layout cannot tell, and has no others)."""
        capacities = [name for name in _CAPACITIES if name.startswith("Enc_")]
        return not any(name in self.payload for name in capacities) or self._any_above_zero(*capacities)

    @cached_property
    def ac_batteries(self) -> bool:
        """Whether AC Batteries are among the storage: their keys are there, and 0, on every site."""
        if self._any_above_zero("ACB_agg_soc", "ACB_agg_energy"):
            return True
        try:
            return energy(self.payload.get("Max_energy")) > energy(self.payload.get("Enc_max_available_capacity"))
        except ValueError:
            return False

    def reports(self, source: Source) -> bool:
        """Whether this answer has the value, readable or not."""
        return self._chosen(source.paths, source) is not None and (
            not source.less or self._chosen(source.less, source) is not None
        )

    def value(self, source: Source) -> Value | None:
        """Return the value in the source's unit, or None: absent, bad, or not a measurement."""
        try:
            value = self._read(source.paths, source)
            if value is None or not source.less:
                return value
            less = self._read(source.less, source)
        except ValueError:
            return None
        return None if less is None else max(0, value - less)

    def bad(self, claims: Mapping[str, Kind]) -> tuple[str, ...]:
        """Return the paths whose value is not of its kind."""
        found = [path for path, kind in claims.items() if self._refused(path, kind)]
        found += [name for name in _objects(claims) if not isinstance(self.payload.get(name, {}), dict)]
        return tuple(found)

    def unknown(self, claims: Iterable[str]) -> tuple[str, ...]:
        """Return the paths that nobody claims."""
        known = {*claims}
        objects = _objects(known)
        found = [name for name in self.payload if "." in name or (name not in known and name not in objects)]
        for name in objects:
            if isinstance(inner := self.payload.get(name), dict):
                found += [path for key in inner if (path := f"{name}.{key}") not in known]
        return tuple(found)

    def _any_above_zero(self, *names: str) -> bool:
        """Whether one of the capacities is a good number above 0."""
        return any(
            name in self.payload
            and not self._refused(name, _CAPACITIES[name])
            and _CAPACITIES[name](self.payload[name])
            for name in names
        )

    def _read(self, paths: tuple[str, ...], source: Source) -> Value | None:
        if (path := self._chosen(paths, source)) is None:
            return None
        values = [source.kind(raw) for _, raw in self._found(path)]
        return values[0] if len(values) == 1 else sum(value for value in values if value is not None)

    def _chosen(self, paths: tuple[str, ...], source: Source) -> str | None:
        """Return the first path present, if what it speaks of is there."""
        path = next((path for path in paths if any(self._found(path))), None)
        if path is None or (source.storage and not self.storage):
            return None
        if " + " in path:
            return path
        if path.startswith(("ENC_", "Enc_")):
            return path if self.iq_batteries else None
        return path if self.ac_batteries or not path.startswith("ACB_") else None

    def _found(self, path: str) -> Iterator[tuple[str, object]]:
        """Yield (path, raw value) for each part of a sum that is present."""
        for part in path.split(" + "):
            name, _, inner = part.partition(".")
            if name not in self.payload:
                continue
            if not inner:
                yield part, self.payload[name]
            elif isinstance(children := self.payload[name], dict) and inner in children:
                yield part, children[inner]

    def _refused(self, path: str, kind: Kind) -> bool:
        try:
            for _, raw in self._found(path):
                kind(raw)
        except ValueError:
            return True
        return False


def _objects(paths: Iterable[str]) -> set[str]:
    """Return the names of the objects that some path looks into."""
    return {path.partition(".")[0] for path in paths if "." in path}


def claims(sources: Iterable[Source]) -> dict[str, Kind]:
    """Return every path that some source reads, with its kind."""
    return {
        part: source.kind for source in sources for path in (*source.paths, *source.less) for part in path.split(" + ")
    }


def parse(body: bytes) -> Report:
    """Return the report that the bytes are; raises UnexpectedAnswer for what is none."""
    if len(body) > SIZE_LIMIT:
        raise UnexpectedAnswer("> 64 kB")
    try:
        payload = json.loads(body.decode(), parse_int=_integer)
    except (ValueError, RecursionError) as err:
        raise UnexpectedAnswer(_what_is(body)) from err
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
