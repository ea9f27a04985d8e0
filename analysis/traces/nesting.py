"""Slices of one thread as viewers want them: apart, or one within the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from breakeven.analysis.traces.events import Slice


class Interval(Protocol):
    """What lasts: a slice, or what becomes one."""

    @property
    def start_ns(self) -> int:
        """Return when it began."""

    @property
    def end_ns(self) -> int:
        """Return when it ended."""


T = TypeVar("T", bound=Interval)


def layers(intervals: Iterable[T]) -> list[list[T]]:
    """Divide ``intervals`` so that within a layer any two are apart or one lies within the other, the outer ones first.

    The phases of a thread follow one another and make one layer; what crosses the end of another, such as coroutines
    that take turns in one thread, goes to the next.
    """
    waiting = sorted(intervals, key=lambda one: (one.start_ns, -one.end_ns))
    found: list[list[T]] = []
    while waiting:
        layer: list[T] = []
        crossing: list[T] = []
        open_: list[int] = []
        for one in waiting:
            while open_ and open_[-1] <= one.start_ns:
                open_.pop()
            if open_ and open_[-1] < one.end_ns:
                crossing.append(one)
            else:
                layer.append(one)
                open_.append(one.end_ns)
        found.append(layer)
        waiting = crossing
    return found


class Edge(NamedTuple):
    """The moment at which a slice begins or ends."""

    at_ns: int
    begins: bool
    slice: Slice


def edges(slices: Iterable[Slice]) -> Iterator[Edge]:
    """Yield the beginnings and ends of one layer in the order of time; whatever began last ends first."""
    open_: list[Slice] = []
    for one in slices:
        while open_ and open_[-1].end_ns <= one.start_ns:
            last = open_.pop()
            yield Edge(last.end_ns, begins=False, slice=last)
        yield Edge(one.start_ns, begins=True, slice=one)
        open_.append(one)
    for last in reversed(open_):
        yield Edge(last.end_ns, begins=False, slice=last)
