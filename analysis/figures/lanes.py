"""Spans of one trial as lanes of states over time, binned: never more marks than the picture has pixels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from breakeven.analysis.figures.phases import OFF_CPU, ON_CPU

Array = NDArray[np.float64]

_PASSIVE = ("serialize", "send", "receive", "deserialize", "wait", "idle")
"""Phases that a lane shows as they were recorded."""

STATES = (ON_CPU, OFF_CPU, *_PASSIVE)
"""What a lane shows: computing on a CPU; within a task but off it; passing payloads; without work."""

BUSY = 0.9
"""A compute span with less of its time on CPU than this was interrupted."""


def split_states(spans: pd.DataFrame, resolution_ns: float) -> pd.DataFrame:
    """Turn spans into pieces: worker, state, start_ns, end_ns and ``weight``, the share of the time it fills.

    An interrupted compute span has its CPU time at both ends: it began when the worker had the CPU and ended
    when it had it again. How it divides between the ends is unknown, so it is halved, which misplaces at most
    half of it. If that is more than ``resolution_ns``, the CPU time is spread over the span instead.
    """
    ends = spans["start_ns"] + spans["duration_ns"]
    spans = spans.assign(end_ns=ends, on_cpu_ns=spans["on_cpu_ns"].fillna(spans["duration_ns"]))
    compute = spans["phase"].eq("compute")
    cut = compute & spans["on_cpu_ns"].lt(BUSY * spans["duration_ns"])
    coarse = cut & spans["on_cpu_ns"].gt(2 * resolution_ns)
    parts = [
        _pieces(spans[compute & ~cut], ON_CPU),
        *_split_ends(spans[cut & ~coarse]),
        *_spread(spans[coarse]),
        *(_pieces(spans[spans["phase"].eq(phase)], phase) for phase in _PASSIVE),
    ]
    return pd.concat(parts, ignore_index=True)


def _pieces(spans: pd.DataFrame, state: str, weight: float | pd.Series[float] = 1.0) -> pd.DataFrame:
    return spans[["worker", "start_ns", "end_ns"]].assign(state=state, weight=weight)


def _split_ends(spans: pd.DataFrame) -> list[pd.DataFrame]:
    half = spans["on_cpu_ns"] / 2
    leaves, returns = spans["start_ns"] + half, spans["end_ns"] - half
    return [
        _pieces(spans.assign(end_ns=leaves), ON_CPU),
        _pieces(spans.assign(start_ns=leaves, end_ns=returns), OFF_CPU),
        _pieces(spans.assign(start_ns=returns), ON_CPU),
    ]


def _spread(spans: pd.DataFrame) -> list[pd.DataFrame]:
    share = spans["on_cpu_ns"] / spans["duration_ns"]
    return [_pieces(spans, ON_CPU, share), _pieces(spans, OFF_CPU, 1 - share)]


def bin_states(pieces: pd.DataFrame, workers: int, edges: Array) -> Array:
    """Return the share of each bin that each state fills, as an array of workers x states x bins."""
    shares = np.zeros((workers, len(STATES), len(edges) - 1))
    for worker in range(workers):
        for place, state in enumerate(STATES):
            rows = pieces[pieces["worker"].eq(worker) & pieces["state"].eq(state)]
            shares[worker, place] = _cover(rows, edges)
    return np.clip(shares, 0, 1)


def _cover(pieces: pd.DataFrame, edges: Array) -> Array:
    """Integrate the pieces up to each edge: those that began before it, less those that ended before it."""
    starts, ends, weights = (pieces[name].to_numpy(float) for name in ("start_ns", "end_ns", "weight"))
    filled = _ramp(starts, weights, edges) - _ramp(ends, weights, edges)
    share: Array = np.diff(filled) / np.diff(edges)
    return share


def _ramp(points: Array, weights: Array, edges: Array) -> Array:
    order = np.argsort(points)
    points, weights = points[order], weights[order]
    before = np.searchsorted(points, edges)
    weight = np.concatenate([[0.0], np.cumsum(weights)])[before]
    moment = np.concatenate([[0.0], np.cumsum(weights * points)])[before]
    ramp: Array = edges * weight - moment
    return ramp
