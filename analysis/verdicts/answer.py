"""A question with all that its measurements say, before it is put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from breakeven.analysis.frames.hosts import host_of
from breakeven.analysis.frames.intervals import independent
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.page_faults import faults_of_tasks, keeps
from breakeven.analysis.frames.precision import rule_of_rounds
from breakeven.analysis.verdicts.costs import Cheapest, costs
from breakeven.analysis.verdicts.lines import AXES, Line, find_lines
from breakeven.analysis.verdicts.parts import lost
from breakeven.analysis.verdicts.question import Question, questions
from breakeven.analysis.verdicts.ranking import Ranking, Sample, rank
from breakeven.analysis.verdicts.reasons import Reason, find_reason
from breakeven.analysis.verdicts.repaid import repaid

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Answer:
    """What follows for a question.

    Numbers of ``ranking`` are places in ``question.cells``. ``costs`` has a row per candidate: `costs`, `repaid` and `faults_of_tasks`, with
    the override ``keeps`` that keeps memory. ``reasons`` and ``lines`` are by cell_id, of those that have any; a cell may lie on a line of each
    axis. ``alone`` is the length of a serial task, ns, by the ``environment`` of questions that differ in it alone, its own included.
    """

    question: Question
    ranking: Ranking
    costs: pd.DataFrame
    reasons: Mapping[str, Reason]
    lines: Mapping[str, tuple[Line, ...]]
    alone: Mapping[str, float]

    @property
    def measure(self) -> str:
        """Return the column of the estimates by which candidates are ranked."""
        return _measure(self.question)

    def cell_id(self, number: int) -> str:
        """Return the cell of a candidate."""
        return str(self.question.cells.index[number])

    def leader(self, numbers: tuple[int, ...] | range) -> int:
        """Return that of some candidates whose estimate is best; of a tie the first."""
        values = self.question.cells[self.measure].astype("float64").to_numpy()[list(numbers)]
        return numbers[int(values.argmin() if self.question.of_round_trips else values.argmax())]


def answers(lab: Lab) -> list[Answer]:
    """Return what follows from a sweep, question by question."""
    return lab.once(_answers)


def lines(lab: Lab) -> tuple[Line, ...]:
    """Return the lines of a sweep's speedups, along task lengths first: from where on each mechanism pays."""
    found = (line for answer in answers(lab) for cell in answer.lines.values() for line in cell)
    distinct = {(line.axis, line.cells): line for line in found}
    return tuple(sorted(distinct.values(), key=lambda line: AXES.index(line.axis)))


def _answers(lab: Lab) -> list[Answer]:
    asked = [one for one in questions(lab) if not (one.of_round_trips and lab.unlike_hosts)]
    good = lab.runs[lab.runs["status"].eq("ok")]
    levels = rule_of_rounds(good)["level"]
    values = good[["cell_id", "hostname", "machine", "speedup", "latency_p50_ns"]]
    places = {cell: np.asarray(found) for cell, found in values.groupby("cell_id").indices.items()}
    samples = {
        cell: sample
        for question in asked
        for cell, sample in _samples(question, _rows_of(question, values, places), levels).items()
    }
    spent = costs(lab).join(repaid(good)).join(_faults(good))
    reasons = {str(cell): reason for cell, row in lost(lab).iterrows() if (reason := find_reason(row))}
    lines_of = defaultdict[str, list[Line]](list)
    for line in find_lines(asked, samples):
        for cell in line.cells:
            lines_of[cell].append(line)
    known = _Known(samples, spent, reasons, lines_of, _alone(asked))
    return [_answer(question, known) for question in asked]


@dataclass(frozen=True)
class _Known:
    """What is known of a sweep's cells, by cell_id, and of its questions."""

    samples: Mapping[str, Sample]
    spent: pd.DataFrame
    reasons: Mapping[str, Reason]
    lines: Mapping[str, Sequence[Line]]
    alone: Mapping[Hashable, Mapping[str, float]]


def _faults(good: pd.DataFrame) -> pd.DataFrame:
    found = faults_of_tasks(good)
    builds = good.groupby("cell_id")["python_build"].first().reindex(found.index).fillna("")
    pairs = zip(builds, found["task_faults_alone"], strict=True)
    return found.assign(keeps=[keeps(build, faults) for build, faults in pairs])


def _all_else(question: Question) -> Hashable:
    return tuple((name, value) for name, value in question.keys.items() if name != "variables")


def _alone(asked: Sequence[Question]) -> dict[Hashable, dict[str, float]]:
    """Return the length of a serial task by environment, for each setting of all else; it is that beside the largest speedup."""
    found: dict[Hashable, dict[str, float]] = defaultdict(dict)
    for question in asked:
        cells = question.cells[["speedup", "task_measured_ns"]].astype({"speedup": "float64"})
        known = cells[cells["speedup"].notna() & cells["task_measured_ns"].notna()]
        if len(known):
            length = known.nlargest(1, "speedup")["task_measured_ns"].iloc[0]
            found[_all_else(question)][question.environment] = float(length)
    return found


def _answer(question: Question, known: _Known) -> Answer:
    ids = [str(cell) for cell in question.cells.index]
    mine = known.spent.reindex(ids)
    samples = [known.samples[cell] for cell in ids]
    return Answer(
        question=question,
        ranking=rank(samples, Cheapest(mine), serial=not question.of_round_trips),
        costs=mine,
        reasons={cell: known.reasons[cell] for cell in ids if cell in known.reasons},
        lines={cell: tuple(known.lines.get(cell, ())) for cell in ids},
        alone=known.alone.get(_all_else(question), {}),
    )


def _measure(question: Question) -> str:
    return "latency_p50_ns" if question.of_round_trips else "speedup"


def _rows_of(question: Question, values: pd.DataFrame, places: Mapping[Hashable, Places]) -> pd.DataFrame:
    """Return the rows of the question's cells in their order, found by their places: a sweep has as many questions as it likes."""
    mine = [places[cell] for cell in question.cells.index if cell in places]
    return values.iloc[np.sort(np.concatenate(mine))] if mine else values.iloc[:0]


def _samples(question: Question, mine: pd.DataFrame, levels: pd.Series[float]) -> dict[str, Sample]:
    """Return the values of the candidates: speedups, or round trips a second, one per process, or per host if there are several."""
    measured = mine[_measure(question)].astype("float64")
    mine = mine[np.isfinite(measured) & measured.gt(0)]
    measured = mine.set_index("cell_id")[_measure(question)].astype("float64")
    logs = pd.Series(np.log(measured.to_numpy()), measured.index)
    logs = independent(-logs if question.of_round_trips else logs, host_of(mine))
    return {
        str(cell): Sample(np.exp(logs[logs.index == cell].to_numpy()), float(levels[cell]))
        for cell in question.cells.index
    }
