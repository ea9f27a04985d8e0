"""What is unknown is never best."""

from __future__ import annotations

import ast
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.comparing.show import write_disturbed
from breakeven.analysis.frames.extremes import place_of_best
from breakeven.analysis.frames.rows import to_rows
from breakeven.analysis.verdicts.answer import Answer
from breakeven.analysis.verdicts.question import ROUND_TRIPS, Cut, Question
from breakeven.analysis.verdicts.ranking import UNDECIDED, Ranking

ROOT = Path(__file__).parents[2]
OF_NO_ESTIMATES = {"analysis/frames/kinds.py", "analysis/figures/timeline.py", "analysis/frames/extremes.py"}
"""Files that pick by gaps between values that are sorted, or by shares of a pixel: none is ever NaN."""


@pytest.mark.parametrize("lowest", [False, True])
@given(values=st.lists(st.floats(allow_infinity=False), min_size=1))
def test_it_is_the_first_of_those_that_no_other_exceeds(values: list[float], lowest: bool) -> None:
    """NaN comes last, whatever the direction."""
    place = place_of_best(values, lowest=lowest)
    known = [value for value in values if not isnan(value)]
    if known:
        assert values[place] == (min if lowest else max)(known)
        assert place == values.index(values[place])
    else:
        assert place == 0


@pytest.mark.parametrize(("pattern", "measure"), [("map", "speedup"), (ROUND_TRIPS, "latency_p50_ns")])
def test_a_candidate_without_an_estimate_leads_no_answer(pattern: str, measure: str) -> None:
    """Neither the largest speedup nor the soonest round trip."""
    cells = pd.DataFrame({measure: [nan, 2.0, nan]}, ["a", "b", "c"])
    cut = Cut(cells, 0, len(cells), to_rows(cells))
    question = Question("", (), {"pattern": pattern}, cut, cut)
    nothing = Ranking(UNDECIDED, None, (), (), (), (), np.empty(0), np.empty(0))
    answer = Answer(question, nothing, (), {}, {}, {})
    assert answer.leader(range(3)) == 1
    assert answer.leader((0, 2)) == 0


@pytest.mark.parametrize("known", ["disturbed_a", "disturbed_b"])
def test_what_disturbed_one_side_is_said_if_the_other_is_unknown(known: str) -> None:
    """A pair of cells of which one did not count its disturbed trials."""
    row = pd.Series({"disturbed_a": nan, "disturbed_b": nan} | {known: 0.5})
    assert write_disturbed(row) == "(50% disturbed)"


def test_estimates_are_picked_in_one_way() -> None:
    """NumPy's ``argmax`` and ``argmin`` take what is NaN for the best."""
    found = {
        str(path.relative_to(ROOT))
        for folder in ("analysis", "breakeven/search")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("argmax", "argmin")
    }
    assert found <= OF_NO_ESTIMATES | {"breakeven/search/bisect.py"}
