"""A comparison as CSV and JSON, complete."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from breakeven.analysis.comparing.comparison import CORRECTION, Comparison
from breakeven.analysis.comparing.select import Side
from breakeven.base.json_text import json_text
from breakeven.runner.cell.intervals import LEVEL


def to_csv(comparison: Comparison) -> str:
    """Return one line per pair; cells without a partner follow, with their ``side`` and no verdict."""
    cells = comparison.cells.assign(side="")
    alone = comparison.unpaired.drop(columns="cell_id").reindex(columns=cells.columns)
    rows = pd.concat([part.astype("object") for part in (cells, alone)], ignore_index=True)
    text: str = rows.to_csv(index=False, lineterminator="\n")
    return text


def to_json(comparison: Comparison) -> str:
    """Return question and findings as one object; unknown and infinite values are null."""
    whole = {
        **_head(comparison),
        "verdicts": comparison.counts,
        "cells": comparison.cells.to_dict("records"),
        "unpaired": comparison.unpaired.to_dict("records"),
    }
    return json_text(_plain(whole), indent=2) + "\n"


def _head(comparison: Comparison) -> dict[str, Any]:
    question = comparison.question
    allowed = [
        {"fact": one.what, "a": sorted(one.a), "b": sorted(one.b)}
        for one in comparison.allowed
        if not one.compared
    ]
    return {
        "a": _side(comparison.a),
        "b": _side(comparison.b),
        "by": question.by or "the pattern's own",
        "band": question.band,
        "level": LEVEL,
        "correction": CORRECTION,
        "tests": int(comparison.cells["p"].notna().sum()),
        "allowed": allowed,
        "differs": comparison.differs,
        "warnings": list(comparison.warnings),
        "not_checked": list(comparison.notes),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "folder": str(side.path),
        "selection": [str(condition) for condition in side.conditions],
        "runs": len(side.runs),
        "left_out": side.left_out["status"].value_counts().to_dict(),
    }


def _plain(value: Any) -> Any:
    """Return ``value`` as a JSON type."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA:
        return None
    return value
