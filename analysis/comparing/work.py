"""Whether a task did the same amount of work on both sides: the loop counts to which it was calibrated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from breakeven.analysis.comparing.knobs import knobs_of
from breakeven.analysis.frames.factors import is_varied, name_work, write
from breakeven.base.conditions import AMOUNT, PACKAGES, SOURCES

_DETERMINED_BY = ("workload", "function", "task_ns", "payload_asked_bytes")
"""Factors that determine the amount, beside the options of the workload: where they differ on purpose, it may, too."""

_OF_A_HOST = ("hostname", "cpu_model")
_OF_A_BASELINE = (
    *("payload_out_asked_bytes", AMOUNT, "source", SOURCES, PACKAGES, *_OF_A_HOST),
    *("executable", "python_version", "python_build", "interpreter_flags", "environment"),
)
"""What else must be the same for the time of a serial trial to be."""

Counts = dict[int, frozenset[str]]
"""The amounts of one side by pair, as texts; an empty set is unknown."""


@dataclass(frozen=True)
class Work:
    """The amounts of the pairs with one ``task``, such as ``spin of 1 ms``."""

    task: str
    a: Counts
    b: Counts

    def known(self) -> tuple[Counts, Counts]:
        """Return the amounts of the pairs of which both sides' are known."""
        pairs = [pair for pair in self.a if self.a[pair] and self.b[pair]]
        return {pair: self.a[pair] for pair in pairs}, {pair: self.b[pair] for pair in pairs}

    def lacking(self) -> set[str]:
        """Return the sides, A or B, of which an amount is unknown that is known of the other."""
        return {"AB"[bool(self.a[pair])] for pair in self.a if bool(self.a[pair]) != bool(self.b[pair])}


def compared_work(a: pd.DataFrame, b: pd.DataFrame) -> list[Work]:
    """Return the amounts of both sides, by task, of the pairs whose tasks were not chosen to differ."""
    first_a, first_b = (side.drop_duplicates("pair").set_index("pair") for side in (a, b))
    options = [name for name in knobs_of(a.columns) if name.startswith("workload.") and name in b]
    alike = _same(first_a, first_b, [*_DETERMINED_BY, *options])
    tasks = _name_tasks(first_a)[alike]
    of_a, of_b = (_amounts(side) for side in (a, b))
    return [
        Work(str(task), {pair: of_a[pair] for pair in pairs}, {pair: of_b[pair] for pair in pairs})
        for task, pairs in tasks.groupby(tasks, sort=False).groups.items()
    ]


def share_a_baseline(a: pd.DataFrame, b: pd.DataFrame) -> pd.Series[bool]:
    """Return by pair whether the serial trials of both sides did the same work with the same interpreter.

    A sweep that did not store how much work a calibrated task does calibrated each of its runs. Of runs that are spread
    over nodes each has its serial trials from its own host.
    """
    spread = not pd.concat([a["node"], b["node"]]).isna().any()
    alike = [name for name in _OF_A_BASELINE if not (spread and name in _OF_A_HOST)]
    first_a, first_b = (side.drop_duplicates("pair").set_index("pair") for side in (a, b))
    options = [name for name in knobs_of(a.columns) if name.startswith("workload.") and name in b]
    calibrated_once = first_a[AMOUNT].notna() | first_a["task_ns"].isna()
    return calibrated_once & _same(first_a, first_b, [*_DETERMINED_BY, *alike, *options])


def notes_on_work(work: list[Work]) -> Iterator[str]:
    """Yield a note for tasks that may have done other work.

    One side was measured before amounts were stored.
    """
    for side, known in (("A", "B"), ("B", "A")):
        tasks = [one.task for one in work if side in one.lacking()]
        if tasks:
            yield f"{AMOUNT} is unknown in {side}, but known in {known}: tasks may do other work ({', '.join(tasks)})"


def _same(a: pd.DataFrame, b: pd.DataFrame, names: list[str]) -> pd.Series[bool]:
    texts = [side[names].astype("object").map(_text) for side in (a, b.reindex(a.index))]
    return texts[0].eq(texts[1]).all(axis=1)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _amounts(side: pd.DataFrame) -> Counts:
    return {
        int(str(pair)): frozenset(f"{value:.0f}" for value in values.dropna())
        for pair, values in side.groupby("pair")[AMOUNT]
    }


def _name_tasks(cells: pd.DataFrame) -> pd.Series[str]:
    """Return the name of what a task of each pair computes."""
    names = name_work(cells).astype("str")
    for factor, text in (("task_ns", " of {}"), ("payload_asked_bytes", " on {}")):
        if factor == "task_ns" or is_varied(cells[factor]):
            written = write(cells, factor).map(text.format, na_action="ignore").astype("object")
            names += written.fillna("").astype("str")
    return names
