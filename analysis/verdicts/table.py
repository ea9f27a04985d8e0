"""The verdicts of a sweep as a frame, one row per question, and as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from breakeven.analysis.findings import Finding, findings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.verdicts.answer import Answer, answers
from breakeven.analysis.verdicts.sentences import Words
from breakeven.base.wrapping import wrap

COLUMNS = (
    "question",
    "sentence",
    "clause",
    "decision",
    "use",
    "beyond",
    "details",
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
    "memory_bytes",
    "startup_ns",
    "repaid_tasks",
    "repaid_tasks_low",
    "repaid_tasks_high",
    "pays_along",
    "pays",
    "pays_low",
    "pays_at",
    "pays_high",
    "reasons",
    "cells",
)
"""What every verdict says; its further columns are the settings of the question. ``cells`` are those behind a finding,
which has no candidates."""


def verdicts(lab: Lab) -> pd.DataFrame:
    """Return one row per question of a sweep; see `docs/verdicts.md`."""
    return lab.once(_verdicts)


FEW = 3
"""The most questions that are answered with all details without being asked for."""


def verdict_lines(lab: Lab, width: int = 80) -> list[str]:
    """Return for each question its sentence and the details that it does not hold, as lines.

    Lines have at most ``width`` columns.
    """
    return list(iter_verdict_lines(lab, width))


def iter_verdict_lines(lab: Lab, width: int = 80) -> Iterator[str]:
    """Yield the same line by line: who only wants to know how it begins need not wait for thousands of questions."""
    for words in map(Words, answers(lab)):
        yield from wrap(words.sentence(), width, "  ")
        for detail in words.beyond_the_sentence():
            yield from (f"  {line}" for line in wrap(detail, width - 2, "  "))
    yield from _finding_lines(lab, width, in_full=True)


def brief_lines(lab: Lab, width: int = 80) -> list[str]:
    """Return for each question what fits two lines of a terminal; of a few questions everything, as `verdict_lines`."""
    found = answers(lab)
    if len(found) <= FEW:
        return verdict_lines(lab, width)
    brief = [line for answer in found for line in wrap(Words(answer).brief(), width, "  ")]
    return brief + _finding_lines(lab, width, in_full=False)


def _finding_lines(lab: Lab, width: int, *, in_full: bool) -> list[str]:
    lines: list[str] = []
    for finding in findings(lab):
        lines += wrap(finding.sentence, width, "  ")
        for detail in finding.details if in_full else ():
            lines += [f"  {line}" for line in wrap(detail, width - 2, "  ")]
    return lines


def _verdicts(lab: Lab) -> pd.DataFrame:
    rows = [_row(answer) for answer in answers(lab)]
    names = list(dict.fromkeys((*COLUMNS, *(rows[0] if rows else ()))))
    rows += [_row_of(finding) for finding in findings(lab)]
    return pd.DataFrame(rows, columns=names)


def _row_of(finding: Finding) -> dict[str, Any]:
    return {
        "question": finding.question,
        "sentence": finding.sentence,
        "clause": finding.clause,
        "decision": finding.decision,
        "details": finding.details,
        "cells": finding.cells,
    }


def _row(answer: Answer) -> dict[str, Any]:
    ranking, words = answer.ranking, Words(answer)
    row: dict[str, Any] = {
        "question": answer.question.text,
        "sentence": words.sentence(),
        "clause": words.clause(),
        "decision": ranking.decision,
        "use": words.use(),
        "beyond": words.beyond(),
        "details": words.details(),
        "cell_id": None if ranking.best is None else answer.cell_id(ranking.best),
        "as_good": tuple(map(answer.cell_id, ranking.as_good)),
        "slower": tuple(map(answer.cell_id, ranking.slower)),
        "undecided": tuple(map(answer.cell_id, ranking.open)),
        "reasons": {cell: (reason.kind, reason.explains) for cell, reason in answer.reasons.items()},
        **answer.question.keys,
    }
    return row if ranking.best is None else row | _of_the_best(answer, ranking.best)


def _of_the_best(answer: Answer, best: int) -> dict[str, Any]:
    """Return what was measured of the recommended candidate."""
    ends = [f"{answer.measure}{end}" for end in ("", "_low", "_high")]
    spent = ["memory_bytes", "startup_ns", "repaid_tasks", "repaid_tasks_low", "repaid_tasks_high"]
    cell, what_it_costs = answer.question.candidates[best], answer.costs[best]
    found: dict[str, Any] = {name: cell[name] for name in ends} | {
        name: what_it_costs[name] for name in spent
    }
    lines = answer.lines.get(answer.cell_id(best), ())
    if not lines:
        return found
    payoff = lines[0].payoff
    pays = {"pays_low": payoff.low, "pays_at": payoff.crossing, "pays_high": payoff.high}
    return found | {"pays_along": lines[0].axis, "pays": payoff.pays} | pays
