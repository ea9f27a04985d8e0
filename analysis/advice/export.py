"""The advice as ``advice.json`` and ``advice.parquet`` in the results folder, for programs."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from breakeven.analysis.advice.advice import WORDS, Advice, Choice
from breakeven.analysis.advice.text import breakeven_ns, code_of, sentence, writable
from breakeven.analysis.frames.aside import write_aside
from breakeven.base.json_text import json_text
from breakeven.base.layout import SweepPaths
from breakeven.base.version import __version__

SCHEMA = 1
"""Changes if a key changes its meaning or is removed; keys may be added."""


def to_json(advice: Advice) -> dict[str, Any]:
    """Return the advice as what JSON knows."""
    leader, written = advice.leader, writable(advice)
    return {
        "schema": SCHEMA,
        "breakeven_version": __version__,
        "question": None if advice.answer is None else advice.answer.question.text,
        "decided": advice.decided,
        "regret": advice.regret,
        "structure": advice.structure,
        "sentence": sentence(advice),
        "code": "\n".join(code_of(advice)),
        "code_of": None if written is None else written.name,
        "cell_id": leader.cell_id,
        "use": leader.name,
        "breakeven_ns": _finite(breakeven_ns(advice)),
        "speedup": leader.standing.speedup,
        "speedup_low": leader.standing.low,
        "speedup_high": leader.standing.high,
        "measured": advice.measured,
        "runs": advice.runs,
        "struck_out": len(advice.struck_out),
        "seconds": advice.seconds,
        "inputs_taken": None if advice.part is None else advice.part.taken,
        "inputs_given": None if advice.part is None else advice.part.of,
        "candidates": _rows(advice),
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


COLUMNS = (
    *("name", "cell_id", "stands", "speedup", "speedup_low", "speedup_high", "runs"),
    *("failed_runs", "failure"),
)


def advice_table(advice: Advice | None) -> pd.DataFrame:
    """Return one row per candidate, the best first; none if the sweep was no race.

    How it stands, its speedup with the interval (null if it was not measured), how many of its runs ended well and how
    many failed, and why the first of those did.
    """
    return pd.DataFrame([] if advice is None else _rows(advice), columns=COLUMNS)


def _rows(advice: Advice) -> list[dict[str, Any]]:
    return [_row(choice) for choice in advice.choices]


def _row(choice: Choice) -> dict[str, Any]:
    standing, known = choice.standing, choice.has_speedup
    return {
        "name": choice.name,
        "cell_id": choice.cell_id,
        "stands": WORDS[standing.word],
        "speedup": standing.speedup if known else None,
        "speedup_low": standing.low if known else None,
        "speedup_high": standing.high if known else None,
        "runs": standing.runs,
        "failed_runs": len(choice.failures),
        "failure": next(iter(choice.failures), None),
    }


def write_advice(advice: Advice, folder: Path) -> tuple[Path, Path]:
    """Write both files, each of which is whole or absent, and return them; raise VerdictsUnwritable."""
    paths = SweepPaths(folder)
    text = json_text(to_json(advice), indent=1) + "\n"
    write_aside(paths.advice, lambda aside: aside.write_text(text, encoding="utf-8"))
    frame = advice_table(advice)
    write_aside(paths.advice_table, lambda aside: frame.to_parquet(aside, index=False))
    return paths.advice, paths.advice_table
