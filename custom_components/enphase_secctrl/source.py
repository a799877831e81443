"""Where a value of the payload comes from: paths, and what they speak of. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from .kinds import Kind


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a value stands in the payload.

    `paths`: the first one present wins; "a + b" is the sum of those present, "a.b" is b in
    the object a. With `less`, the value is the energy of the IQ Batteries above that other
    source, at least 0.
    """

    paths: tuple[str, ...] = ()
    kind: Kind
    less: tuple[str, ...] = ()
    storage: bool = False
    """Whether its zero means nothing while no storage is reported."""


@cache
def alternatives(paths: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return (what is added up, whose it is) of each path: "ENC" and "ACB" are of IQ and AC Batteries alone."""
    return tuple((tuple(path.split(" + ")), "" if " + " in path else path[:3].upper()) for path in paths)


def objects_in(paths: Iterable[str]) -> set[str]:
    """Return the names of the objects that some path looks into."""
    return {path.partition(".")[0] for path in paths if "." in path}


def claims(sources: Iterable[Source]) -> dict[str, Kind]:
    """Return every path that some source reads, with its kind."""
    return {
        part: source.kind
        for source in sources
        for summands, _ in alternatives((*source.paths, *source.less))
        for part in summands
    }
