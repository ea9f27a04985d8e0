"""The verdicts as `verdicts.json`: numbers as numbers, for programs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from breakeven.analysis.errors import VerdictsUnwritable
from breakeven.analysis.findings import findings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.verdicts.answer import Answer, answers
from breakeven.analysis.verdicts.question import MECHANISM
from breakeven.analysis.verdicts.ranking import BAND
from breakeven.analysis.verdicts.sentences import Words
from breakeven.base.aside import written_aside
from breakeven.base.json_text import json_text
from breakeven.base.layout import SweepPaths
from breakeven.base.version import __version__

SCHEMA = 1
"""Changes if a key changes its meaning or is removed; keys may be added."""

_ENDS = ("", "_low", "_high")
_SPENT = ("memory_bytes", "startup_ns", "teardown_ns", *(f"repaid_tasks{end}" for end in _ENDS))


def write_verdicts(lab: Lab) -> Path:
    """Write the verdicts into the results folder and return the file; raise VerdictsUnwritable.

    The file is whole or absent.
    """
    path = SweepPaths(lab.path).verdicts
    text = json_text(to_json(lab), indent=1) + "\n"
    try:
        with written_aside(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise VerdictsUnwritable(
            f"{path} cannot be written ({error.strerror}); `lab.verdicts` has the same"
        ) from error
    return path


def to_json(lab: Lab) -> dict[str, Any]:
    """Return the verdicts as what JSON knows; a number that is missing or infinite is null.

    `docs/verdicts.md` lists the keys.
    """
    return {
        "schema": SCHEMA,
        "breakeven_version": __version__,
        "band": BAND,
        "verdicts": [_verdict(answer) for answer in answers(lab)],
        "findings": [finding._asdict() for finding in findings(lab)],
    }


def _verdict(answer: Answer) -> dict[str, Any]:
    words, ranking = Words(answer), answer.ranking
    return {
        "question": answer.question.text,
        "settings": {name: _plain(value) for name, value in answer.question.keys.items()},
        "decision": ranking.decision,
        "sentence": words.sentence(),
        "clause": words.clause(),
        "beyond": words.beyond(),
        "use": words.use(),
        "details": list(words.details()),
        "cell_id": None if ranking.best is None else answer.cell_id(ranking.best),
        "candidates": [_candidate(answer, words, number) for number in range(len(answer.question.ids))],
        "failed": [
            {"cell_id": str(cell), "status": row["status"], "reason": _plain(row["reason"])}
            for cell, row in answer.question.failed.iterrows()
        ],
    }


def _candidate(answer: Answer, words: Words, number: int) -> dict[str, Any]:
    cell, spent = answer.question.candidates[number], answer.costs[number]
    cell_id, ranking = answer.cell_id(number), answer.ranking
    reason = answer.reasons.get(cell_id)
    measured = [f"{answer.measure}{end}" for end in _ENDS]
    return {
        "cell_id": cell_id,
        "name": words.names[number],
        **{name: _plain(cell[name]) for name in (*MECHANISM, "rounds", *measured)},
        **{name: _plain(spent[name]) for name in _SPENT},
        "is_best": number == ranking.best,
        "as_good": number in ranking.as_good,
        "undecided": number in ranking.open,
        "slower_than_serial": number in ranking.slower,
        "repaid": not math.isinf(spent["repaid_tasks"]),
        "reason": None if reason is None else reason._asdict(),
        "pays": [{"along": line.axis, **line.payoff._asdict()} for line in answer.lines.get(cell_id, ())],
    }


def _plain(value: Any) -> Any:
    """Return what JSON knows: None for what is missing or infinite."""
    if pd.isna(value):
        return None
    found = value.item() if hasattr(value, "item") else value
    return None if isinstance(found, float) and math.isinf(found) else found
