"""How much of a CPU the tasks of workers had, over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from breakeven.analysis.traces.events import Sample
from breakeven.analysis.traces.recorded import Span

_PLACES = 6
"""Decimals of a share: sums of floating-point numbers come back to 0."""

Change = tuple[int, float]


def share_on_cpu(spans: Sequence[Span]) -> list[Sample]:
    """Return how many of the workers of ``spans`` had a CPU within a task.

    A task's time on a CPU is spread over all of it.

    When within a task it had one is not recorded. Outside of tasks it is 0.
    """
    changes = sorted(change for span in spans if span.phase == "compute" for change in _changes(span))
    return list(_sums(changes))


def _changes(span: Span) -> Iterator[Change]:
    if span.on_cpu_ns is not None and span.duration_ns > 0:
        share = span.on_cpu_ns / span.duration_ns
        yield span.start_ns, share
        yield span.end_ns, -share


def _sums(changes: Iterable[Change]) -> Iterator[Sample]:
    total = 0.0
    for at_ns, together in groupby(changes, key=lambda change: change[0]):
        total += sum(share for _, share in together)
        yield Sample(at_ns, abs(round(total, _PLACES)))
