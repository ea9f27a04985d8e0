"""The verdicts of a sweep as a frame, one row per question."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.precision import rule_of_rounds
from breakeven.analysis.verdicts.costs import Cheapest, costs
from breakeven.analysis.verdicts.question import Question, questions
from breakeven.analysis.verdicts.ranking import Ranking, Sample, rank
from breakeven.analysis.verdicts.sentences import Said
from breakeven.base.wrapping import wrap

COLUMNS = (
    "question",
    "sentence",
    "clause",
    "decision",
    "cell_id",
    "speedup",
    "speedup_low",
    "speedup_high",
    "latency_p50_ns",
    "latency_p50_ns_low",
    "latency_p50_ns_high",
    "as_good",
    "slower",
    "undecided",
)
"""What every verdict says; its further columns are the settings of the question."""

_MEASURES = {True: "latency_p50_ns", False: "speedup"}


def verdicts(lab: Lab) -> pd.DataFrame:
    """Return one row per question of a sweep; see `docs/verdicts.md`."""
    return lab.once(_verdicts)


def verdict_lines(lab: Lab, width: int = 80) -> list[str]:
    """Return the sentences as lines of at most ``width`` characters, those of one question together."""
    sentences = verdicts(lab)["sentence"]
    return [line for sentence in sentences for line in wrap(sentence, width, "  ")]


def _verdicts(lab: Lab) -> pd.DataFrame:
    good = lab.runs[lab.runs["status"].eq("ok")]
    levels, what_it_costs = rule_of_rounds(good)["level"], costs(lab)
    rows = []
    for question in questions(lab.estimates, lab.runs):
        cheapest = Cheapest(what_it_costs.loc[question.cells.index])
        ranking = rank(_samples(question, good, levels), cheapest, serial=not question.of_round_trips)
        rows.append(_row(question, ranking))
    return pd.DataFrame(rows, columns=list(dict.fromkeys((*COLUMNS, *(rows[0] if rows else ())))))


def _samples(question: Question, good: pd.DataFrame, levels: pd.Series[float]) -> list[Sample]:
    """Return the values of the candidates by which they are ranked: speedups, or round trips a second."""
    column = _MEASURES[question.of_round_trips]
    values = good.set_index("cell_id")[column].astype("float64")
    values = values[np.isfinite(values) & values.gt(0)]
    values = 1 / values if question.of_round_trips else values
    return [
        Sample(values[values.index == cell].to_numpy(), float(levels[cell])) for cell in question.cells.index
    ]


def _row(question: Question, ranking: Ranking) -> dict[str, Any]:
    ids, said = list(question.cells.index), Said(question, ranking)
    best = None if ranking.best is None else ids[ranking.best]
    measure = _MEASURES[question.of_round_trips]
    ends = [f"{measure}{end}" for end in ("", "_low", "_high")]
    values = {} if best is None else question.cells.loc[best, ends].astype("float64").to_dict()
    return {
        "question": question.text,
        "sentence": said.sentence(),
        "clause": said.clause(),
        "decision": ranking.decision,
        "cell_id": best,
        **values,
        "as_good": tuple(ids[one] for one in ranking.as_good),
        "slower": tuple(ids[one] for one in ranking.slower),
        "undecided": tuple(ids[one] for one in ranking.open),
        **question.keys,
    }
