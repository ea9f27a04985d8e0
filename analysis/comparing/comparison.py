"""From two sides to verdicts: select, pair, refuse what is not comparable, test, correct, judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from breakeven.analysis.comparing.dependencies import describe_modules, warnings_on_mixing
from breakeven.analysis.comparing.effect import Welch
from breakeven.analysis.comparing.facts import (
    Allowance,
    Difference,
    find_differences,
    free_on_nodes,
    refuse_differences,
)
from breakeven.analysis.comparing.measures import PAIRED, check_measure, measure_of, round_values
from breakeven.analysis.comparing.pairs import Pairing
from breakeven.analysis.comparing.rounds import count_left_out, levels_of_pairs, take_as_many
from breakeven.analysis.comparing.select import Side, open_side
from breakeven.analysis.comparing.verdict import VERDICTS, Judge
from breakeven.analysis.comparing.work import compared_work, notes_on_work, share_a_baseline
from breakeven.analysis.frames.estimates import share_disturbed
from breakeven.base.conditions import SOURCES
from breakeven.base.errors import BadValue
from breakeven.base.factors import FACTORS
from breakeven.base.layout import LATEST_SWEEP
from breakeven.base.text import shown
from breakeven.runner.cell.intervals import LEVEL

CORRECTION = "Benjamini-Hochberg"

COLUMNS = (
    *("cell", "verdict", "effect", "low", "high", "p", "p_adjusted", "reason", "measure"),
    *("value_a", "value_b", "rounds_a", "rounds_b", "left_out_a", "left_out_b", "df", "level"),
    *("disturbed_a", "disturbed_b"),
    *(*FACTORS, "differs", "cell_id_a", "cell_id_b"),
)
"""Columns of a comparison's cells, in order."""


@dataclass(frozen=True)
class Question:
    """The options of a comparison: the measure (None: the pattern's), the noise band (a share), what may differ."""

    by: str | None = None
    band: float = 0.05
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_measure(self.by)
        if not 0 <= self.band < 1:
            raise BadValue(f"band={self.band}: not a share from 0 to below 1; write one such as 0.05")


@dataclass(frozen=True)
class Comparison:
    """The comparison of two sides.

    ``cells`` has one row per pair with the columns of `COLUMNS`; ``unpaired`` one row per cell without a
    partner: side, cell_id, cell, reason; ``allowed`` holds the differences in conditions that were found and
    allowed, ``notes`` what could not be checked, ``sources`` how the user's modules differ, and ``warnings`` which
    side is of several versions.
    """

    a: Side
    b: Side
    question: Question
    cells: pd.DataFrame
    unpaired: pd.DataFrame
    allowed: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    sources: str = ""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, a: Side, b: Side, question: Question) -> Comparison:
        """Compare two sides; raise BadInput for ambiguous or no pairs, the same runs, or differing conditions."""
        pairing = Pairing.of(a, b)
        pairs = pairing(a, b)
        runs_a, runs_b = (_runs_of_pairs(side, pairs.cells) for side in (a, b))
        both = pd.concat([runs_a, runs_b], ignore_index=True)
        ratios = _measures(both, question.by, within_one=a.path == b.path).eq(PAIRED).all()
        allowance = Allowance.of((*question.allow, *free_on_nodes(both, ratios=bool(ratios))), pairing.named)
        other = None if a.path == b.path else shown(a.path)
        allowed = refuse_differences(find_differences(runs_a, runs_b), allowance, other)
        notes = tuple(notes_on_work(compared_work(runs_a, runs_b)))
        found = _judge(both, question, within_one=a.path == b.path)
        return cls(
            a,
            b,
            question,
            pairs.cells.join(found)[list(COLUMNS)],
            pairs.unpaired,
            allowed,
            notes,
            sources=describe_modules(runs_a, runs_b),
            warnings=(*warnings_on_mixing("A", runs_a), *warnings_on_mixing("B", runs_b)),
        )

    @property
    def differs(self) -> list[str]:
        """Return what may be the difference that is compared, one line each.

        An edit of the function, or versions of what it imports.
        """
        sources = [f"{SOURCES}: {self.sources}"] if self.sources else []
        return sources + [str(difference) for difference in self.allowed if difference.compared]

    @property
    def counts(self) -> dict[str, int]:
        """Count the cells of each verdict."""
        return {verdict: int(self.cells["verdict"].eq(verdict).sum()) for verdict in VERDICTS}


def compare(
    a: str | Path,
    b: str | Path,
    *,
    within: str | Path = LATEST_SWEEP,
    by: str | None = None,
    band: float = 0.05,
    allow: Iterable[str] = (),
) -> pd.DataFrame:
    """Compare two sweeps, or two selections of one, cell by cell; return one row per pair.

    ``a`` and ``b`` are each a results folder, ``FOLDER:key=value,...``, or ``key=value,...`` of the folder
    ``within``. ``effect`` is the ratio of geometric means over the rounds, above 1 where B is faster, with
    the 95 % interval from ``low`` to ``high``, both by Welch's t on logarithms; `Welch`, `Judge` and `adjust`
    name the sources. If ``rounds=auto`` chose the number of a side's rounds, the first of both sides count, as
    many of one as of the other (``left_out_a`` and ``left_out_b`` do not). If a side's own interval became narrow
    enough just there, after its first look, the interval of the effect is of the ``level`` 0.975 instead of 0.95.
    Cells without a partner are in ``Comparison.of(...).unpaired``. Raise BadInput.
    """
    question = Question(by, band, tuple(allow))
    return Comparison.of(open_side("A", a, within), open_side("B", b, within), question).cells


def _runs_of_pairs(side: Side, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of ``side`` whose cell has a partner, with the number of the ``pair``."""
    numbers = {cell_id: number for number, cell_id in cells[f"cell_id_{side.name.lower()}"].items()}
    runs = side.runs[side.runs["cell_id"].isin(numbers)]
    return runs.assign(pair=runs["cell_id"].map(numbers), side=side.name)


def _judge(runs: pd.DataFrame, question: Question, *, within_one: bool) -> pd.DataFrame:
    """Return one row per ``pair`` of the runs of both sides: effect, interval, verdict, and what they are of.

    ``within_one``: both sides are of the same sweep.
    """
    kept = take_as_many(runs)
    measures, levels = _measures(kept, question.by, within_one=within_one), levels_of_pairs(kept)
    rounds = round_values(kept.assign(measure=kept["pair"].map(measures)))
    judged = Judge(question.band, 1 - LEVEL)(_effects(rounds, levels))
    shares = {
        f"disturbed_{side.lower()}": share_disturbed(kept[kept["side"].eq(side)], "pair") for side in "AB"
    }
    return judged.join(count_left_out(runs, kept)).assign(measure=measures, level=levels, **shares)


def _effects(rounds: pd.DataFrame, levels: pd.Series[float]) -> pd.DataFrame:
    """Return the effects, each with an interval of its own pair's level."""
    of_pair = rounds["pair"].map(levels)
    return pd.concat([Welch(at)(rounds[of_pair.eq(at)]) for at in levels.unique()]).sort_index()


def _measures(runs: pd.DataFrame, asked: str | None, *, within_one: bool) -> pd.Series[str]:
    sides = [runs[runs["side"].eq(side)] for side in "AB"]
    a, b = (side.groupby("pair")["pattern"].first() for side in sides)
    shared = share_a_baseline(*sides) & within_one
    chosen = {pair: measure_of(a[pair], b[pair], asked, shared_baseline=shared[pair]) for pair in a.index}
    return pd.Series(chosen, dtype="str")
