"""The cautions that follow from estimates and from the rows of `runs`."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.disturbed import MUCH, may_be_disturbance
from breakeven.analysis.frames.estimates import MOST_EFFICIENCY
from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.page_faults import faults_of_tasks
from breakeven.analysis.frames.part import part_of
from breakeven.analysis.frames.slowed import slowed
from breakeven.analysis.summary.caution import (
    DISTURBED,
    NO_INTERVAL,
    OBSERVED,
    ONE_PROCESS,
    OVER,
    PART,
    SAME_WORK,
    SLOWED,
    UNSTEADY,
    Caution,
)
from breakeven.analysis.summary.mixed import mixed_conditions
from breakeven.analysis.summary.shared_counts import shared_counts
from breakeven.analysis.summary.wording import out_of, percent, span
from breakeven.analysis.units import format_ratio, format_time, plural
from breakeven.base import notes

MOST_EFFECT = 0.02
"""If recording spans prolongs a trial by more than this, it is worth a warning."""


_LESS_WORK = (
    "calls do less in a worker than alone, such as from a cache that each worker keeps, or since joblib, BLAS or a pool in "
    "the function runs otherwise in a worker"
)
_DISTURBANCE = (
    "many pairs of their trials were disturbed (trials.disturbed_by), and several workers get more of CPUs that others use "
    "than one serial task does; remove the cause and measure again"
)


def cautions(estimates: pd.DataFrame, runs: pd.DataFrame) -> Iterator[Caution]:
    """Yield the cautions, if any; ``estimates`` and ``runs`` are those of `Lab`."""
    good = runs[runs["status"].eq("ok")]
    yield from _claims(estimates)
    yield from _impossible(estimates, faults_of_tasks(good)["spared"])
    yield from _slowed(good)
    yield from _disturbed(estimates)
    yield from _observed(estimates)
    yield from mixed_conditions(good)
    yield from _hurried(good)
    yield from _noted(good)


def _cells(frame: pd.DataFrame) -> frozenset[str]:
    return frozenset(map(str, frame.index))


def _claims(estimates: pd.DataFrame) -> Iterator[Caution]:
    """Warn of intervals that do not stand for a cell, or are missing, if rounds was a number."""
    by_number = estimates[estimates["precision"].isna()]
    without, single = (by_number[by_number["covers"].eq(what)] for what in ("nothing", "process"))
    if len(without):
        count = f"{len(without)} of {plural(len(estimates), 'cell')}"
        text = f"{count} {'has' if len(without) == 1 else 'have'} too few trials for an interval: it needs two rounds, or six pairs of trials in one"
        yield Caution(NO_INTERVAL, text, _cells(without))
    if len(single):
        text = (
            f"{out_of(len(single), len(estimates))} the interval stands for one process, not for the cell: it ran in one round "
            "only; rounds=auto, or 3 or more, covers what differs from process to process"
        )
        yield Caution(ONE_PROCESS, text, _cells(single))


def _impossible(estimates: pd.DataFrame, spared: pd.Series[float]) -> Iterator[Caution]:
    """Warn of speedups that are surely above what the workers allow, page faults that they are ``spared`` aside.

    Those that disturbance may explain, apart from the others.
    """
    share = 1 - spared.reindex(estimates.index).fillna(0.0)
    above = estimates[(estimates["efficiency_low"].astype("float64") * share).gt(MOST_EFFICIENCY)]
    disturbed = pd.Series([may_be_disturbance(cell) for _, cell in above.iterrows()], above.index, dtype=bool)
    for rows, what, why in (
        (above[~disturbed], "not the same work", _LESS_WORK),
        (above[disturbed], "disturbed", _DISTURBANCE),
    ):
        if len(rows):
            worst = rows.loc[[rows["efficiency_low"].idxmax()]]
            value, low, high, workers = worst[["speedup", "speedup_low", "speedup_high", "workers"]].iloc[0]
            name = name_cells(estimates)[worst.index[0]]
            text = (
                f"{what}: {out_of(len(rows), len(estimates))} the speedup is surely above what the workers allow, "
                f"most of all {format_ratio(value)} [{format_ratio(low)}, {format_ratio(high)}] with workers={workers:.0f} ({name}): {why}"
            )
            yield Caution(SAME_WORK, text, _cells(rows), "s")


def _slowed(good: pd.DataFrame) -> Iterator[Caution]:
    """Report cells whose tasks take more CPU time in every traced trial of every run than alone."""
    ratios = slowed(good)
    yield from shared_counts(good, ratios)
    ratios = ratios[~ratios.index.isin(good.loc[good["shared_counted"].notna(), "cell_id"])]
    if ratios.empty:
        return
    row = good.index[good["cell_id"].eq(str(ratios.idxmax()))][0]
    text = (
        f"{out_of(len(ratios), good['cell_id'].nunique())} a task takes more CPU time in a worker than alone, "
        f"{span(ratios, '{:.2g}'.format)} times as much (most: {name_cells(good)[row]}, workers={good.loc[row, 'workers']}): "
        "workers share memory bandwidth, caches or the threads of a core (SMT), or the data is laid out otherwise there"
    )
    yield Caution(SLOWED, text, frozenset(map(str, ratios.index)), "c")


def _disturbed(estimates: pd.DataFrame) -> Iterator[Caution]:
    above = estimates[estimates["pairs_disturbed"].gt(MUCH)]
    if len(above):
        text = (
            f"{out_of(len(above), len(estimates))} {span(above['pairs_disturbed'], percent)} of the pairs of "
            "trials were disturbed: all pairs count, the column quiet is without the disturbed ones"
        )
        yield Caution(DISTURBED, text, _cells(above), "d", typed="--all shows it")


def _observed(estimates: pd.DataFrame) -> Iterator[Caution]:
    """Warn of effects above the bound whose intervals exclude zero."""
    effect = estimates["observer_effect"]
    above = estimates[effect.gt(MOST_EFFECT) & estimates["observer_effect_low"].gt(0)]
    if above.empty:
        return
    worst = above.loc[[above["observer_effect"].idxmax()]]
    value, low, high = worst[["observer_effect", "observer_effect_low", "observer_effect_high"]].iloc[0]
    name = name_cells(estimates)[worst.index[0]]
    text = (
        f"{out_of(len(above), len(estimates))} recording spans prolonged trials by more than {percent(MOST_EFFECT)}, "
        f"most by {value:.1%} [{low:.1%}, {high:.1%}] ({name}): speeds are of untraced trials and unaffected, "
        "spans are that much too long"
    )
    yield Caution(OBSERVED, text, _cells(above))


def _hurried(good: pd.DataFrame) -> Iterator[Caution]:
    """Warn of runs whose time was over before the rules were met; more rounds narrow what ``rounds=auto`` measures."""
    by_number = good["precision"].isna()
    unsettled, unfinished = (good[name].eq("max_time") for name in ("warmup_ended_by", "stopped_by"))
    trials, unsteady = good[unfinished & by_number], good[unsettled & ~by_number]
    warming = int((unsettled & by_number).sum())
    of = plural(len(good), "run")
    if len(unsteady):
        text = (
            f"in {len(unsteady)} of {of} the time (measure.max_time) was over before the trials were seen to be steady: "
            "the machine drifts, or the work gets faster or slower with every call"
        )
        yield Caution(UNSTEADY, text, frozenset(unsteady["cell_id"]), "t")
    if len(trials):
        before = f", in {warming} before the trials were seen to be steady" if warming else ""
        text = (
            f"in {len(trials)} of {of} the time (measure.max_time) was over before the interval was as narrow as "
            f"asked (measure.rel_ci){before}"
        )
        yield Caution(OVER, text, frozenset(trials["cell_id"]), "t")


def parts_taken(runs: pd.DataFrame) -> Iterator[Caution]:
    """Report that each round did a part of the given inputs; ``runs`` is that of `Lab`."""
    good = runs[runs["status"].eq("ok")]
    part = part_of(good)
    if part is None:
        return
    uneven = (
        f"; one part is unlike another, {format_time(part.least_ns)} to {format_time(part.most_ns)} a call"
    )
    text = (
        f"each round did {part.taken} of the {part.of} inputs, drawn anew (longest_trial): where they differ in length, all of them "
        f"gain more from many workers than a part{uneven * part.is_uneven}"
    )
    yield Caution(PART, text, frozenset(good.loc[good["input_total"].gt(good["input_count"]), "cell_id"]))


def _noted(good: pd.DataFrame) -> Iterator[Caution]:
    """Repeat the notes of the runs, those of one kind as one; a line of no known form is a kind of its own."""
    noted = good[good["notes"].notna()]
    lines = noted.assign(note=noted["notes"].astype("str").str.split("\n")).explode("note")
    read = {line: notes.read(line) for line in lines["note"].unique()}
    kinds = lines["note"].map({line: note.kind if note else line for line, note in read.items()})
    for kind, rows in lines.groupby(kinds, sort=False):
        found = [note for note in map(read.get, rows["note"].unique()) if note is not None]
        text = notes.merge(found) if found else str(kind)
        count = len(rows[["cell_id", "round"]].drop_duplicates())
        yield Caution(
            str(kind), f"in {count} of {plural(len(good), 'run')}: {text}", frozenset(rows["cell_id"])
        )
