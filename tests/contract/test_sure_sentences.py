"""What a sentence calls sure, whatever was measured: it rests on the intervals that decided, and contradicts no doubt."""

from __future__ import annotations

import re
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from breakeven.analysis.frames.rows import to_rows
from breakeven.analysis.verdicts.answer import Answer
from breakeven.analysis.verdicts.question import OPTIONS, Cut, Question
from breakeven.analysis.verdicts.ranking import BAND, UNDECIDED, Sample, rank
from breakeven.analysis.verdicts.sentences import Words
from breakeven.analysis.verdicts.words import count, family

Candidate = tuple[str, int, float, float, int]
"""A model, its number of workers, the speedup, the spread between its processes, and their number."""

_COSTS = ("memory_bytes", "startup_ns", "repaid_tasks", "spared", "keeps")


def _answer(candidates: list[Candidate]) -> Answer:
    rows, samples = [], []
    for seed, (model, workers, middle, spread, rounds) in enumerate(candidates):
        values = middle * np.exp(spread * np.random.default_rng(seed).standard_normal(rounds))
        samples.append(Sample(values, 0.95))
        rows.append(_row(model, workers, np.log(values)))
    cells = pd.DataFrame(rows, [f"cell{number}" for number in range(len(rows))])
    cut = Cut(cells, 0, len(cells), to_rows(cells))
    question = Question("spin", (), {"pattern": "map"}, cut, Cut(cells, 0, 0, []))
    costs = [dict.fromkeys(_COSTS, nan)] * len(rows)
    return Answer(question, rank(samples, lambda some: some[0]), costs, {}, {}, {})


def _row(model: str, workers: int, logs: Any) -> dict[str, Any]:
    """Return the row of a cell, with its own interval."""
    low, high = (nan, nan)
    if len(logs) > 1:
        low, high = np.exp(stats.t.interval(0.95, len(logs) - 1, logs.mean(), stats.sem(logs)))
    known = {"speedup": float(np.exp(logs.mean())), "speedup_low": float(low), "speedup_high": float(high)}
    covers = "cell" if len(logs) > 1 else "process"
    names = {"start_method": None, "affinity": "none", OPTIONS: "", "verify": "all", "ipc": "queue"}
    asked = {"model": model, "workers": workers, "covers": covers}
    return asked | {"efficiency_low": nan, "pairs_disturbed": 0.0} | known | names


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["thread", "process", "interpreter", "thread_pool"]),
            st.integers(1, 4),
            st.one_of(st.floats(0.3, 2.0), st.floats(0.95, 1.1)),
            st.sampled_from([0.001, 0.01, 0.05, 0.4]),
            st.integers(1, 6),
        ),
        min_size=1,
        max_size=7,
    )
)
@example([("process", 2, 0.97, 0.4, 3), ("thread", 2, 0.86, 0.05, 3), ("thread", 1, 0.9, 0.05, 3)])
@example([("thread", 1, 0.81, 0.4, 3), ("process", 2, 0.38, 0.3, 3), ("process", 1, 0.39, 0.4, 3)])
@example([("thread", 2, 1.045, 0.01, 6), ("process", 2, 1.04, 0.4, 3)])
def test_what_is_sure_rests_on_the_intervals_that_decided(candidates: list[Candidate]) -> None:
    """No family "gains nothing" of which a member may pay, and none is "slower" of which one may not be."""
    answer = _answer(candidates)
    words, ranking = Words(answer), answer.ranking
    texts = (words.sentence(), words.brief(), *words.details())
    for name, verb in re.findall(r"(\w+) (gain nothing|are slower than serial)", "\n".join(texts)):
        members = [number for number, (model, *_) in enumerate(candidates) if family(model) == name]
        assert members
        assert not set(members) & set(ranking.open)
        limit = 1 + BAND if verb == "gain nothing" else 1.0
        assert all(ranking.high[member] < limit for member in members)
        assert all(answer.question.candidates[member]["speedup_high"] < limit for member in members)
    if ranking.decision == UNDECIDED and "surely gain" in words.sentence():
        surely = sum(bool(ranking.low[number] > 1) for number in ranking.open)
        doubtful = len(ranking.open) - surely
        more = f" and {count(surely - 1)} more, surely gain, " if surely > 1 else ", surely gain"
        assert more in words.sentence()
        assert (f"; {count(doubtful)} more may pay or not" in words.sentence()) == (doubtful > 0)
