"""What a reader should know before believing a sweep's numbers, each in one line."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.factors import label_mechanisms
from breakeven.analysis.frames.slowed import slowed
from breakeven.analysis.summary.shared_counts import shared_counts
from breakeven.analysis.units import format_ratio
from breakeven.base.conditions import CONDITIONS

MOST_EFFECT = 0.02
"""If recording spans prolongs a trial by more than this, it is worth a warning."""

MOST_EFFICIENCY = 1.2
"""A speedup surely above this many times the workers is not of the same work; caches that grow with them allow a little."""

MOST_NOTES = 5


def cautions(estimates: pd.DataFrame, runs: pd.DataFrame) -> tuple[str, ...]:
    """Return the cautions, if any; ``estimates`` and ``runs`` are those of `Lab`."""
    return (
        *_claims(estimates),
        *_impossible(estimates),
        *_slowed(runs),
        *_disturbed(estimates),
        *_observed(estimates),
        *_mixed(runs),
        *_hurried(runs),
        *_noted(runs),
    )


def _claims(estimates: pd.DataFrame) -> Iterator[str]:
    """Warn of intervals that do not stand for a cell, or are missing, if rounds was a number."""
    covers = estimates.loc[estimates["precision"].isna(), "covers"]
    if covers.eq("nothing").any():
        yield "some cells have too few trials for an interval: it needs two rounds, or six pairs of trials in one"
    if covers.eq("process").any():
        yield (
            "intervals stand for one process, not for the cell: some cells ran in one round only; "
            "rounds=auto, or 3 or more, covers what differs from process to process"
        )


def _impossible(estimates: pd.DataFrame) -> Iterator[str]:
    """Warn of speedups that are surely above what the workers allow."""
    above = estimates[estimates["efficiency_low"].gt(MOST_EFFICIENCY)]
    if above.empty:
        return
    worst = above.loc[[above["efficiency_low"].idxmax()]]
    value, low, high, workers = worst[["speedup", "speedup_low", "speedup_high", "workers"]].iloc[0]
    name = label_mechanisms(estimates)[worst.index[0]]
    yield (
        f"not the same work: in {len(above)} of {len(estimates)} cells the speedup is surely above what the workers allow, "
        f"most of all {format_ratio(value)} [{format_ratio(low)}, {format_ratio(high)}] with workers={workers:.0f} ({name}): calls do less in a worker than alone, such "
        "as from a cache that each worker keeps, or since joblib, BLAS or a pool in the function runs otherwise in a worker"
    )


def _slowed(runs: pd.DataFrame) -> Iterator[str]:
    """Say of which cells a task takes more CPU time in every traced trial of every run than it takes alone."""
    ratios = slowed(runs)
    yield from shared_counts(runs, ratios)
    ratios = ratios[~ratios.index.isin(runs.loc[runs["shared_counted"].notna(), "cell_id"])]
    if ratios.empty:
        return
    row = runs.index[runs["cell_id"].eq(str(ratios.idxmax()))][0]
    yield (
        f"in {len(ratios)} of {runs['cell_id'].nunique()} cells a task takes more CPU time in a worker than alone, up to "
        f"{ratios.max():.2g} times as much ({label_mechanisms(runs)[row]}, workers={runs.loc[row, 'workers']}): "
        "workers share memory bandwidth, caches or the threads of a core (SMT), or the data is laid out otherwise there"
    )


def _disturbed(estimates: pd.DataFrame) -> Iterator[str]:
    shares = estimates["pairs_disturbed"]
    if shares.gt(0).any():
        yield (
            f"others disturbed the machine in {shares.mean():.0%} of the pairs of trials (up to {shares.max():.0%} of "
            "a cell's): all pairs count, the column quiet is without the disturbed ones"
        )


def _observed(estimates: pd.DataFrame) -> Iterator[str]:
    """Warn of effects above the bound whose intervals exclude zero."""
    effect = estimates["observer_effect"]
    above = estimates[effect.gt(MOST_EFFECT) & estimates["observer_effect_low"].gt(0)]
    if above.empty:
        return
    worst = above.loc[[above["observer_effect"].idxmax()]]
    value, low, high = worst[["observer_effect", "observer_effect_low", "observer_effect_high"]].iloc[0]
    name = label_mechanisms(estimates)[worst.index[0]]
    yield (
        f"recording spans prolonged trials by more than {MOST_EFFECT:.0%} in {len(above)} of {len(estimates)} cells, "
        f"most by {value:.1%} [{low:.1%}, {high:.1%}] ({name}): speeds are of untraced trials and unaffected, "
        "spans are that much too long"
    )


def _mixed(runs: pd.DataFrame) -> Iterator[str]:
    """Warn of cells with rounds measured under several conditions, which ``on_change=keep`` allows."""
    measured = runs[runs["status"].eq("ok")]
    several = measured.groupby("cell_id")[list(CONDITIONS)].nunique(dropna=False).gt(1)
    if several.to_numpy().any():
        names = ", ".join(CONDITIONS[name] for name in several.columns[several.any()])
        yield (
            f"rounds of {int(several.any(axis=1).sum())} of {len(several)} cells were measured under several conditions "
            f"({names}): their interval covers that difference, too; on_change=remeasure measures them alike"
        )


def _hurried(runs: pd.DataFrame) -> Iterator[str]:
    """Warn of runs whose time was over before the rules were met; more rounds narrow what ``rounds=auto`` measures."""
    by_number = runs["precision"].isna()
    unsettled, unfinished = (runs[name].eq("max_time") for name in ("warmup_ended_by", "stopped_by"))
    warming, trials = int((unsettled & by_number).sum()), int((unfinished & by_number).sum())
    unsteady = int((unsettled & ~by_number).sum())
    if unsteady:
        yield (
            f"in {unsteady} of {len(runs)} runs the time (measure.max_time) was over before the trials were seen to be steady: "
            "the machine drifts, or the work gets faster or slower with every call"
        )
    if trials:
        before = f", in {warming} before the trials were seen to be steady" if warming else ""
        yield (
            f"in {trials} of {len(runs)} runs the time (measure.max_time) was over before the interval was as narrow as "
            f"asked (measure.rel_ci){before}"
        )


def _noted(runs: pd.DataFrame) -> Iterator[str]:
    """Repeat the notes of the runs, the most frequent first, and one of those that differ only in numbers."""
    noted = runs[runs["notes"].notna()]
    lines = noted.assign(note=noted["notes"].astype("str").str.split("\n")).explode("note")
    lines = lines.assign(example=label_mechanisms(runs).reindex(lines.index))
    alike = lines["note"].astype("str").str.replace(r"\d+(\.\d+)?", "#", regex=True)
    groups = lines.groupby(alike, sort=False)
    counted = groups.agg(runs=("note", "size"), note=("note", "first"), example=("example", "first"))
    for _, row in counted.sort_values("runs", ascending=False, kind="stable").head(MOST_NOTES).iterrows():
        yield f"{row['runs']} run{'' if row['runs'] == 1 else 's'}: {row['note']} (such as {row['example']})"
    if len(counted) > MOST_NOTES:
        yield f"... and {len(counted) - MOST_NOTES} more notes: the column notes of the table runs"
