"""Contract of the study's tables: every claim of every interpreter, in the words of what judged it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.study import read, study
from breakeven.base.layout import SweepPaths


def _judged(folder: Path, interpreter: str, decision: str, value: str) -> Path:
    """Write a `claims.json` in which C04 has been judged so, and C10 on builds of another version."""
    measured = [
        {"quantity": "work", "rule": "work: above 1.50", "decision": decision, "sentence": f"work: {value}"}
    ]
    claims = [
        {
            "id": "C04",
            "claim": "They overlap.",
            "interpreter": interpreter,
            "decision": decision,
            "measured": measured,
        },
        {
            "id": "C06",
            "claim": "It costs.",
            "interpreter": interpreter,
            "decision": "inconclusive",
            "measured": [],
        },
        {"id": "C10", "claim": "It is free.", "interpreter": "3.13", "decision": "supported", "measured": []},
    ]
    folder.mkdir()
    SweepPaths(folder).claims.write_text(json.dumps({"claims": claims}))
    return folder


def test_each_interpreter_has_a_column_and_a_line(tmp_path: Path) -> None:
    """It is named after what most claims were judged on; what was measured stands under its rule, word for word."""
    old = _judged(tmp_path / "old", "CPython 3.11.7", "supported", "1.91 [1.88, 1.95]")
    new = _judged(tmp_path / "new", "CPython 3.14.0", "contradicted", "1.02 [0.99, 1.05]")
    lines = [*study(read([old, new]))]
    assert lines[:5] == [
        "| | claim | 3.11.7 | 3.14.0 |",
        "|---|---|---|---|",
        "| [C04](#c04) | They overlap. | supported | **contradicted** |",
        "| [C06](#c06) | It costs. | open | open |",
        "| [C10](#c10) | It is free. | supported | supported |",
    ]
    start = lines.index("### C04")
    assert lines[start + 2 : start + 7] == [
        '"They overlap."',
        "",
        "- work: above 1.50",
        "    - 3.11.7, supported: 1.91 [1.88, 1.95]",
        "    - 3.14.0, contradicted: 1.02 [0.99, 1.05]",
    ]


def test_what_another_sweep_decides_is_added(tmp_path: Path) -> None:
    """Under the claim that it decides, and nowhere else."""
    old = _judged(tmp_path / "old", "CPython 3.11.7", "inconclusive", "needs more rounds")
    builds = _judged(
        tmp_path / "builds", "CPython 3.13.5, CPython 3.13.5+GIL off", "supported", "1.13 [1.11, 1.16]"
    )
    lines = [*study(read([old]), read([builds]))]
    assert [line for line in lines if "3.13.5" in line] == [
        "    - 3.13.5 and 3.13.5 without the GIL, supported: 1.13 [1.11, 1.16]"
    ]
