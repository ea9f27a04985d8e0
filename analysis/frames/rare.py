"""What was seen seldom or never: how often, of how much, and how often it may happen all the same."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_ratio, format_share

_THREE = 3.0
"""-ln 0.05, about (J. Hanley and A. Lippman-Hand, *If nothing goes wrong, is everything all right?*, 1983)."""

_PERCENT = 0.01


def most_per_million(tasks: float) -> float:
    """Return how many per million may be so at most (95 %) if none of ``tasks`` was: the rule of three.

    Each task counts as one that might have been, whatever became of the others.
    """
    return 1e6 * min(_THREE / tasks, 1.0)


def count_tasks(lab: Lab) -> pd.Series[int]:
    """Return by cell_id the tasks of the parallel trials that `Lab.observed` counts, of all processes together."""
    return _counted(lab).groupby("cell_id", sort=False)["tasks"].sum().astype("int64")


def count_events(lab: Lab, quantity: str) -> pd.Series[float]:
    """Return by cell_id how many of these tasks were events of ``quantity``."""
    seen = lab.observations[lab.observations["quantity"].eq(quantity)].merge(_counted(lab))
    events = (seen["value"] * seen["tasks"] / 1e6).round()
    return events.groupby(seen["cell_id"], sort=False).sum()


def _counted(lab: Lab) -> pd.DataFrame:
    """Return the untraced parallel trials after warm-up of runs that are ok: cell_id, round, trial and tasks."""
    good = lab.runs.loc[lab.runs["status"].eq("ok"), ["cell_id", "round"]]
    trials = lab.trials
    counted = trials[trials["kind"].eq("parallel") & ~trials["warmup"] & ~trials["traced"]]
    return counted.merge(good)[["cell_id", "round", "trial", "tasks"]]


def write_share(events: float, tasks: float) -> str:
    """Return a share in words: in percent from one percent on, else so many per million."""
    share = events / tasks
    return format_share(share) if share >= _PERCENT else f"{format_ratio(1e6 * share)} per million"


def write_none(tasks: float) -> str:
    """Return how many per million may be affected although none of ``tasks`` was, in words."""
    return f"which leaves at most {format_ratio(most_per_million(tasks))} per million (95 %)"


def write_share_of(events: float, tasks: float, what: str) -> str:
    """Return the same of ``what``: ``2.00 % of pairs``, or ``177 per million pairs``."""
    share = write_share(events, tasks)
    return f"{share} of {what}" if share.endswith("%") else f"{share} {what}"
