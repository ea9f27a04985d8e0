"""Cells whose rounds fall into two kinds, such as parent and worker on one CPU or on two: what tells them apart.

A process stays in the state that it happens to be in, so that the rounds of a cell may be of two kinds, and a mean over
both stands for neither. The rule is in `docs/measurement.md`, `benchmarks/kinds.py` shows its power and false alarms.

A recorded quantity tells kinds apart if it splits the rounds, at its own largest gap and without a look at what was
measured, into two groups that differ by much, and Student's test finds that their values differ, too. Kinds
that no recorded quantity tells apart have to show by their values alone, which takes more rounds and a wide gap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, expm1, log, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from breakeven.analysis.frames.estimates import estimate
from breakeven.analysis.frames.precision import own_measure

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHA = 0.005
"""The level of the test of a recorded quantity, divided among those that are asked about a cell."""

FEWEST, FEWEST_EACH = 5, 2
"""Rounds that a recorded quantity must tell apart, in all and of each kind."""

FEWEST_BLIND, FEWEST_EACH_BLIND, SHARE_BLIND = 10, 3, 0.25
"""Rounds of kinds that nothing recorded tells apart: in all, and the count and share of the rarer kind."""

APART = 1.0
"""Means of what a recorded quantity tells apart must differ by this many standard deviations within the two."""

BLIND_GAP = 60.0
"""Divided by the rounds: standard deviations between the values next to each other of kinds that nothing recorded tells
apart."""

LEAST_RATIO = 1.1
"""Kinds that differ by less are not worth telling apart."""

_FEW_FAULTS = 8
"""Page faults for a task that take no time worth mentioning."""


@dataclass(frozen=True)
class Cause:
    """A recorded quantity that may tell kinds apart.

    ``low`` and ``high`` name the kinds of little and of much of it, in a table; ``name`` is what it is, in a sentence.
    ``remedies`` are what fixes either kind, in this order. ``scale`` is on what it is compared, and ``least`` by how
    much the means of two kinds differ there.
    """

    column: str
    name: str
    low: str
    high: str
    remedies: tuple[str, str]
    scale: Callable[[Floats], Floats] = np.asarray
    least: float = 0.5

    def split(self, values: Floats) -> Flags | None:
        """Return which rounds have much of it; None if they do not fall into two groups that differ enough."""
        scaled = self.scale(values)
        if len(scaled) < max(FEWEST, 2 * FEWEST_EACH) or not np.isfinite(scaled).all():
            return None
        ordered = np.sort(scaled)
        gaps = np.diff(ordered)[FEWEST_EACH - 1 : len(ordered) - FEWEST_EACH]
        below = FEWEST_EACH + int(gaps.argmax())
        many = scaled > (ordered[below - 1] + ordered[below]) / 2
        if min(many.sum(), (~many).sum()) < FEWEST_EACH:
            return None
        return many if scaled[many].mean() - scaled[~many].mean() >= self.least else None


ONE_CPU = Cause(
    "same_cpu",
    "where parent and worker ran",
    "two CPUs",
    "one CPU",
    ("affinity=scatter", "affinity=compact"),
)
SHARED = Cause(
    "workers_same_cpu",
    "where the workers ran",
    "workers apart",
    "workers on one CPU",
    ("affinity=scatter", ""),
)
FAULTS = Cause(
    "faults_per_task",
    "whether freed memory went back to the kernel",
    "memory kept",
    "page faults",
    ("environment.MALLOC_TOP_PAD_=16777216 (glibc)", ""),
    scale=lambda faults: np.log1p(faults / _FEW_FAULTS),
    least=1.0,
)
CAUSES: dict[bool, tuple[Cause, ...]] = {True: (ONE_CPU, FAULTS), False: (SHARED, FAULTS)}
"""The recorded quantities, by whether messages are exchanged (pingpong); for a further one add it here.

The first that tells kinds apart is named: where two processes run also decides how much memory they give back.
"""

UNKNOWN = Cause("", "", "lower", "higher", ("", ""))
"""Stands for a cause that is not recorded."""


@dataclass(frozen=True)
class Kinds:
    """The two kinds of a cell's rounds.

    ``high`` are those with much of the cause, or the larger values if the cause is unknown.
    """

    cause: Cause
    high: Flags

    def names(self) -> list[str]:
        """Return the name of each round's kind."""
        return [self.cause.high if much else self.cause.low for much in self.high]


def find(logs: Sequence[float], recorded: Sequence[tuple[Cause, Floats]]) -> Kinds | None:
    """Return the kinds that rounds with these logarithms fall into, or None; ``recorded`` has a value a round."""
    values = np.asarray(logs, dtype=np.float64)
    for cause, found in recorded:
        many = cause.split(np.asarray(found, dtype=np.float64))
        if many is not None and differ(values, many, ALPHA / len(recorded)):
            return Kinds(cause, many)
    many = apart_by_value(values)
    return None if many is None else Kinds(UNKNOWN, many)


def differ(logs: Floats, high: Flags, alpha: float) -> bool:
    """Return whether two groups of logarithms have means that are surely not equal, and far apart."""
    from scipy.special import stdtr  # noqa: PLC0415  # as in `base.rounds`

    one, other = logs[high], logs[~high]
    distance, spread = abs(one.mean() - other.mean()), _within(one, other)
    if distance < max(log(LEAST_RATIO), APART * spread):
        return False
    error = spread * sqrt(1 / len(one) + 1 / len(other))
    return error == 0 or 2 * float(stdtr(len(logs) - 2, -distance / error)) <= alpha


def apart_by_value(logs: Floats) -> Flags | None:
    """Return which rounds have the larger values, if there is a gap; else None.

    One kind of process would not leave such a gap.
    """
    count = len(logs)
    least = max(FEWEST_EACH_BLIND, ceil(SHARE_BLIND * count))
    if count < FEWEST_BLIND:
        return None
    ordered = np.sort(logs)
    below = max(range(least, count - least + 1), key=lambda place: _gap(ordered, place))
    one, other = ordered[below:], ordered[:below]
    wide = _gap(ordered, below) >= BLIND_GAP / count and expm1(one.mean() - other.mean()) >= LEAST_RATIO - 1
    return logs > (ordered[below - 1] + ordered[below]) / 2 if wide else None


def _gap(ordered: Floats, below: int) -> float:
    """Return the gap above the first ``below`` values, in standard deviations within the two groups that it makes."""
    spread = _within(ordered[:below], ordered[below:])
    gap = float(ordered[below] - ordered[below - 1])
    return gap / spread if spread > 0 else float("inf") * gap if gap > 0 else 0.0


def _within(one: Floats, other: Floats) -> float:
    """Return the standard deviation within two groups."""
    squares = float(((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum())
    return sqrt(squares / (len(one) + len(other) - 2))


def kinds_of_rounds(good: pd.DataFrame) -> pd.DataFrame:
    """Return the rounds of the ``good`` runs' cells that fall into kinds.

    A row has cell_id, round, ``kind`` and ``cause``, a column of `runs`.

    ``cause`` is empty if it is unknown.
    """
    values = own_measure(good)
    usable, logs = good[values.gt(0)], np.log(values[values.gt(0)].to_numpy())
    echoes = usable["pattern"].eq("pingpong").to_numpy()
    recorded = {cause: usable[cause.column].to_numpy(np.float64) for cause in chain(*CAUSES.values())}
    parts = [pd.DataFrame({"cell_id": [], "round": [], "kind": [], "cause": []}, dtype="object")]
    cells = usable.groupby("cell_id").indices.values()
    for places in sorted(
        cells, key=lambda found: int(found[0])
    ):  # a frame a cell would cost more than its rule
        causes = CAUSES[bool(echoes[places].all())]
        found = find(logs[places].tolist(), [(cause, recorded[cause][places]) for cause in causes])
        if found is not None:
            rounds = usable.iloc[places][["cell_id", "round"]]
            parts.append(rounds.assign(kind=found.names(), cause=found.cause.column))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def cause_of(column: str) -> Cause:
    """Return the cause that is recorded in ``column``; that of none is unknown."""
    return next((cause for cause in chain(*CAUSES.values()) if cause.column == column), UNKNOWN)


def estimate_kinds(cells: pd.DataFrame, runs: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the estimates of each kind of the cells whose rounds fall into kinds.

    Otherwise as in ``estimates`` of the cells.

    Indexed by cell_id and ``kind``; ``cause`` is the column of `runs` that tells the kinds apart, empty if it is
    unknown, ``of`` the number of rounds of both. An interval stands for its kind alone, at 95 %: the cell's own
    values did not choose the rounds of a kind.
    """
    good = runs[runs["status"].eq("ok")]
    members = kinds_of_rounds(good)
    keys = members[["cell_id", "kind", "cause"]].drop_duplicates().sort_values("kind", ignore_index=True)
    keys["of"] = keys["cell_id"].map(members.groupby("cell_id").size())
    if keys.empty:
        return estimates.head(0).rename_axis(None).join(keys).set_index(["cell_id", "kind"])
    parts = good.merge(members, on=["cell_id", "round"]).assign(precision=np.nan)
    names = dict(zip(zip(keys["cell_id"], keys["kind"], strict=True), map(str, keys.index), strict=True))
    pairs = zip(parts["cell_id"], parts["kind"], strict=True)
    found = estimate(
        cells.loc[keys["cell_id"]].set_axis(list(names.values())),
        parts.assign(cell_id=[names[pair] for pair in pairs]),
    )
    keys.index = keys.index.astype("str")
    return found.join(keys).set_index(["cell_id", "kind"])
