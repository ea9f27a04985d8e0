"""A question with all that its measurements say, before it is put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import pandas as pd

from breakeven.analysis.frames.extremes import place_of_best
from breakeven.analysis.frames.hosts import host_of
from breakeven.analysis.frames.intervals import independent
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.page_faults import faults_of_tasks, keeps
from breakeven.analysis.frames.precision import own_measure, rule_of_rounds
from breakeven.analysis.frames.rows import Row, to_rows
from breakeven.analysis.verdicts.costs import Cheapest, costs
from breakeven.analysis.verdicts.lines import AXES, Line, find_lines
from breakeven.analysis.verdicts.parts import lost
from breakeven.analysis.verdicts.question import ROUND_TRIPS, Question, questions
from breakeven.analysis.verdicts.ranking import Ranking, Sample, rank
from breakeven.analysis.verdicts.reasons import Reason, find_reason
from breakeven.analysis.verdicts.repaid import repaid


@dataclass(frozen=True)
class Answer:
    """What follows for a question.

    Numbers of ``ranking`` are places in ``question.cells``. ``costs`` has a row per candidate: `costs`, `repaid` and
    `faults_of_tasks`, with the override ``keeps`` that keeps memory. ``reasons`` and ``lines`` are by cell_id, of those
    that have any; a cell may lie on a line of each axis. ``alone`` is the length of a serial task, ns, by the
    ``environment`` of questions that differ in it alone, its own included.
    """

    question: Question
    ranking: Ranking
    costs: Sequence[Row]
    reasons: Mapping[str, Reason]
    lines: Mapping[str, tuple[Line, ...]]
    alone: Mapping[str, float]

    @property
    def measure(self) -> str:
        """Return the column of the estimates by which candidates are ranked."""
        return _measure(self.question)

    def cell_id(self, number: int) -> str:
        """Return the cell of a candidate."""
        return self.question.ids[number]

    def leader(self, numbers: tuple[int, ...] | range) -> int:
        """Return the candidate with the best estimate that is known; the first if several are as good."""
        values = (float(self.question.candidates[number][self.measure]) for number in numbers)
        return numbers[place_of_best(values, lowest=self.question.of_round_trips)]


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
    samples = _samples(good)
    spent = costs(lab).join(repaid(good)).join(_faults(good))
    cells = [cell for question in asked for cell in question.ids]
    spent_by = dict(zip(cells, to_rows(spent.reindex(cells)), strict=True))
    lines_of = defaultdict[str, list[Line]](list)
    for line in find_lines(asked, samples):
        for cell in line.cells:
            lines_of[cell].append(line)
    known = _Known(samples, spent_by, _reasons(lab), lines_of, _alone(asked))
    return [_answer(question, known) for question in asked]


@dataclass(frozen=True)
class _Known:
    """What is known of a sweep's cells, by cell_id, and of its questions."""

    samples: Mapping[str, Sample]
    spent: Mapping[str, Row]
    reasons: Mapping[str, Reason]
    lines: Mapping[str, Sequence[Line]]
    alone: Mapping[Hashable, Mapping[str, float]]


def _reasons(lab: Lab) -> dict[str, Reason]:
    parts = lost(lab)
    rows = zip(map(str, parts.index), to_rows(parts), strict=True)
    return {cell: reason for cell, row in rows if (reason := find_reason(row))}


def _faults(good: pd.DataFrame) -> pd.DataFrame:
    found = faults_of_tasks(good)
    builds = good.groupby("cell_id")["python_build"].first().reindex(found.index).fillna("")
    pairs = zip(builds, found["task_faults_alone"], strict=True)
    return found.assign(keeps=[keeps(build, faults) for build, faults in pairs])


def _all_else(question: Question) -> Hashable:
    return tuple((name, value) for name, value in question.keys.items() if name != "variables")


def _alone(asked: Sequence[Question]) -> dict[Hashable, dict[str, float]]:
    """Return the length of a serial task by environment, for each setting of all else.

    It is the one beside the largest speedup.
    """
    found: dict[Hashable, dict[str, float]] = defaultdict(dict)
    for question in asked:
        pairs = [(float(cell["speedup"]), float(cell["task_measured_ns"])) for cell in question.candidates]
        known = [pair for pair in pairs if not np.isnan(pair).any()]
        if known:
            _, length = max(known, key=itemgetter(0))
            found[_all_else(question)][question.environment] = length
    return found


def _answer(question: Question, known: _Known) -> Answer:
    ids = question.ids
    mine = [known.spent[cell] for cell in ids]
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


def _samples(good: pd.DataFrame) -> dict[str, Sample]:
    """Return the values of each cell: speedups, or round trips a second.

    One per process, or per host if there are several.
    """
    measured = own_measure(good)
    counts = good[measured.gt(0)]
    logs = pd.Series(np.log(measured[measured.gt(0)].to_numpy()), counts["cell_id"])
    logs = independent(logs.where(counts["pattern"].ne(ROUND_TRIPS).to_numpy(), -logs), host_of(counts))
    places = logs.groupby(level="cell_id").indices
    values, none = np.exp(logs.to_numpy()), np.empty(0, np.intp)
    levels = rule_of_rounds(good)["level"]
    return {str(cell): Sample(values[places.get(cell, none)], float(level)) for cell, level in levels.items()}
