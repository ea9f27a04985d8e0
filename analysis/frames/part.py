"""Inputs of a user's list of which each round does a part, drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

UNLIKE = 1.5
"""Parts whose calls differ in the mean by this factor say little about all inputs."""


@dataclass(frozen=True)
class Part:
    """How many inputs a run took ``of`` how many, and how long a call is.

    In the mean over one part, from the shortest to the longest.
    """

    taken: int
    of: int
    least_ns: float
    most_ns: float

    @property
    def all_ns(self) -> float:
        """Return about how long one pass over all inputs takes."""
        return self.of * (self.least_ns + self.most_ns) / 2

    @property
    def is_uneven(self) -> bool:
        """Return whether one part is unlike another."""
        return self.most_ns > UNLIKE * self.least_ns


def part_of(good: pd.DataFrame) -> Part | None:
    """Return what part of the inputs the ``good`` runs did, rows of `runs`.

    None if they did all inputs, or there is no list.

    All cells draw the same part in the same round.
    """
    some = good[good["input_total"].gt(good["input_count"]) & good["task_measured_ns"].notna()]
    if some.empty:
        return None
    means = some.groupby("round")["task_measured_ns"].median().astype("float64")
    last = some.iloc[-1]
    return Part(int(last["input_count"]), int(last["input_total"]), float(means.min()), float(means.max()))
