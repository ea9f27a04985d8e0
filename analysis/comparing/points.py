"""What the explorer of a comparison's page reads: its pairs by the factors in which they differ, with their ratio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from breakeven.analysis.comparing.comparison import Comparison
from breakeven.analysis.comparing.measures import MEASURES
from breakeven.analysis.comparing.select import Side
from breakeven.analysis.comparing.show import write_effect
from breakeven.analysis.comparing.verdict import VERDICTS
from breakeven.analysis.frames.asked import answers_alike
from breakeven.analysis.frames.factors import BARE, IMPLIED, is_varied, name_work, write
from breakeven.analysis.pages.points import (
    NOTHING,
    Estimate,
    Measure,
    Point,
    categories,
    measure_again,
    name_machine,
    to_explore,
    to_number,
)
from breakeven.analysis.summary.cells import heading
from breakeven.base.factors import FACTORS

_VERDICT = "verdict"
_TITLE = "times as fast"
_FEWEST = 2
"""The fewest pairs that are worth exploring."""


def explore(comparison: Comparison) -> dict[str, Any]:
    """Return the factors in which pairs differ, and the pairs by their cell of A, as JSON knows them.

    There is nothing if they differ in none.
    """
    cells = comparison.cells.set_index("cell_id_a", drop=False)
    factors = dict(_factors(comparison, cells))
    if len(cells) < _FEWEST or not factors:
        return NOTHING
    verdicts = pd.Series(
        pd.Categorical(cells["verdict"], VERDICTS), cells.index
    ).cat.remove_unused_categories()
    band = 1 + comparison.question.band
    measure = Measure(_TITLE, f"B by A, {_TITLE}", log=True, one=True, format=",.3~r", band=(1 / band, band))
    runs = [dict(iter(side.runs.groupby("cell_id"))) for side in (comparison.a, comparison.b)]
    points = [
        _describe(comparison, row, (runs[0][row["cell_id_a"]], runs[1][row["cell_id_b"]]))
        for _, row in cells.iterrows()
    ]
    return to_explore({**factors, _VERDICT: verdicts}, [_VERDICT, *map(heading, IMPLIED)], [measure], points)


def _factors(comparison: Comparison, cells: pd.DataFrame) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Yield what varies among the pairs, as categories of texts; a pair whose sides differ in it has both."""
    a, b = (
        _rows(side, cells[f"cell_id_{side.name.lower()}"]).set_axis(cells.index)
        for side in (comparison.a, comparison.b)
    )
    without = {"function", *(["payload_out_asked_bytes"] if answers_alike(a) and answers_alike(b) else [])}
    for name in FACTORS:
        texts = _both(write(a, name), write(b, name))
        if name not in without and is_varied(texts):
            yield heading(name), categories(a[name], texts)


def _rows(side: Side, cells: pd.Series[str]) -> pd.DataFrame:
    """Return a run of each of ``cells``, in their order."""
    rows = side.runs.drop_duplicates("cell_id").set_index("cell_id").loc[list(cells)]
    return rows.assign(workload=name_work(rows))


def _both(a: pd.Series[str], b: pd.Series[str]) -> pd.Series[str]:
    """Return the text of both sides, without what stands for no channel."""
    pairs = zip(
        *(side.fillna("").astype("str").replace(dict.fromkeys(BARE, "")) for side in (a, b)), strict=True
    )
    return pd.Series([" v ".join(dict.fromkeys(filter(None, pair))) for pair in pairs], a.index, dtype="str")


def _describe(comparison: Comparison, row: pd.Series[Any], runs: tuple[pd.DataFrame, pd.DataFrame]) -> Point:
    """Return a pair as a point; ``runs`` are those of its cell on either side."""
    measure, both = MEASURES[row["measure"]], pd.concat(runs)
    paths = (comparison.a.path, comparison.b.path)
    commands = (measure_again(path, own) for path, own in zip(paths, runs, strict=True))
    return Point(
        id=str(row["cell_id_a"]),
        name=f"{row['cell']}: {row['verdict']}",
        of=[_estimate(row)],
        n=f"{row['rounds_a']} v {row['rounds_b']} rounds, {measure.write(row['value_a'])} v {measure.write(row['value_b'])}",
        machine=name_machine(both),
        command="\n".join(dict.fromkeys(commands)),
    )


def _estimate(row: pd.Series[Any]) -> Estimate | None:
    effect, low, high = (to_number(row[name]) for name in ("effect", "low", "high"))
    return None if effect is None else (effect, low, high, write_effect(row, "x"))
