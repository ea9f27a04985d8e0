"""All questions of a sweep are answered at once: each as if it were the only one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.verdicts.answer import Answer, answers
from breakeven.analysis.verdicts.sentences import Words
from tests.analysis_samples import MS, Sample

SIZES = {1024: 0.6, 65536: 1.3, 2**20: 1.9}
LENGTHS = (MS, 4 * MS)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return calls of three sizes and two lengths, and messages, with what wins, loses, is open, fails and has reasons."""
    sample = Sample(tmp_path_factory.mktemp("together") / "sweep", rounds=3, pairs=2)
    for size, gain in SIZES.items():
        payload = {"payload_bytes": size, "payload_asked_bytes": size}
        for length in LENGTHS:
            work = payload | {"task_ns": length, "tasks": 20}
            for model, share in (("thread", 0.55), ("process", 1.0), ("process_pool", 0.98)):
                sample.add_map(model=model, speedup=gain * share, spread=0.08, spans=True, **work)
            sample.add_bad("timeout", "no result within 60 s", model="mp_pool", ipc="native", **work)
        for ipc, factor in (("pipe", 1.0), ("queue", 1.8)):
            sample.add_pingpong(latency_ns=50_000 * factor / gain, model="process", ipc=ipc, **payload)
    return load(sample.path)


@pytest.fixture(scope="module")
def pairs(lab: Lab) -> list[tuple[Answer, Answer]]:
    """Return each answer with that to the same question of a sweep that asks no other one."""
    return [(answer, _alone(lab, answer)) for answer in answers(lab)]


def _alone(lab: Lab, answer: Answer) -> Answer:
    (found,) = answers(lab.narrow([*answer.question.cells.index, *answer.question.failed.index]))
    return found


def test_each_is_ranked_as_if_it_were_alone(pairs: list[tuple[Answer, Answer]]) -> None:
    """The decision, the ends of the intervals, what candidates cost and why they are not faster."""
    assert len(pairs) == len(SIZES) * (len(LENGTHS) + 1)
    assert len({answer.ranking.decision for answer, _ in pairs}) > len(LENGTHS)
    for answer, alone in pairs:
        for name in ("decision", "best", "as_good", "open", "slower", "worse"):
            assert getattr(alone.ranking, name) == getattr(answer.ranking, name)
        np.testing.assert_array_equal(alone.ranking.low, answer.ranking.low)
        np.testing.assert_array_equal(alone.ranking.high, answer.ranking.high)
        pd.testing.assert_frame_equal(pd.DataFrame(alone.costs), pd.DataFrame(answer.costs))
        assert alone.reasons == answer.reasons


def test_each_is_put_into_the_same_words(pairs: list[tuple[Answer, Answer]]) -> None:
    """But for its settings, which tell it from the others, and for where its mechanism pays, which takes several questions."""
    for answer, alone in pairs:
        assert _said(answer) == _said(alone)
    assert any("did not finish (timeout" in text for answer, _ in pairs for text in _said(answer))


def _said(answer: Answer) -> list[str]:
    words = Words(answer)
    details = [text for text in words.details() if not text.startswith(("pays ", "from which ", "start-up "))]
    return [*words.names, words.use(), words.sentence().partition(": ")[2], *details]


def test_candidates_are_the_cells_row_by_row(lab: Lab) -> None:
    """In the same order, with the same values."""
    for answer in answers(lab):
        cells, rows = answer.question.cells, pd.DataFrame(answer.question.candidates)
        assert list(rows["model"]) == list(cells["model"])
        np.testing.assert_array_equal(rows["speedup"], cells["speedup"])
        assert [answer.cell_id(place) for place in range(len(rows))] == list(cells.index)
