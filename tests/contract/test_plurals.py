"""Counts in words: one of something has no plural, wherever a count is written before a noun."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from breakeven.base.text import fill_plural, plural

ROOT = Path(__file__).parents[2]
_NOUNS = (
    *(
        "runs",
        "cells",
        "rounds",
        "workers",
        "threads",
        "processes",
        "tasks",
        "calls",
        "inputs",
        "hosts",
        "lines",
    ),
    *("candidates", "messages", "files", "settings", "CPUs", "nodes", "values", "items", "others", "stages"),
)
_COUNTED = re.compile(rf" (?:{'|'.join(_NOUNS)})\b")

NEVER_ONE = {
    "advice/table.py: runs + failed": "struck out: one that failed, of one more at least",
    "advice/text.py: failed + choice.standing.runs": "the same",
    "advice/text.py: part.of": "more than were taken",
    "advice/text.py: count(number)": "one is named by itself",
    "cautions.py: part.of": "more than were taken",
    "claims/expectation.py: len(without)": "one is named by itself",
    "claims/expectation.py: expectation.cpus": "more than there are",
    "comparing/points.py: row['rounds_b']": "of two sides",
    "figures/activity.py: ends['high'].max()": "more than the fewest",
    "figures/by_payload.py: len(settings)": "more than are kept",
    "figures/look.py: text": "one is written as a word",
    "figures/memory.py: count": "one is written as a word",
    "figures/started.py: most": "one is not said",
    "findings/memory.py: workers": "one is written as a word",
    "findings/oversubscription.py: cell['cpus_alone']": "a decimal",
    "findings/shared_pipe.py: tasks": "as many as decide",
    "findings/shared_pipe.py: format_count(case.locked)": "as many as decide",
    "summary/hosts.py: out_of(len(cells), len(lab.estimates))": "rounds of several hosts",
    "summary/hosts.py: count": "several hosts",
    "summary/kinds.py: row[_SPLIT]": "at least two, which fall into two kinds",
    "summary/kinds.py: of": "the same",
    "summary/native_threads.py: span(cells['cpus_alone'], '{:.1f}'.format)": "a decimal",
    "summary/native_threads.py: cell['cpus_alone']": "a decimal",
    "summary/screen.py: count": "one is not said",
    "summary/shared_counts.py: out_of(len(ratios), runs['cell_id'].nunique())": "some of the cells",
    "cell/board.py: self.tasks - 1": "of the size of a block of shared memory, where it does not fit",
    "cell/patterns/shared_pipe.py: tasks": "one cannot be lost between several writers",
    "cell/records.py: len(value)": "a record of several fields that is not whole",
    "hydra_app/filters.py: len(right)": "not one",
    "hydra_app/grid.py: most": "more than one other key has",
    "sweep/schedule.py: most": "more than the fewest",
    "base/results.py: len(found)": "one is written as a word",
}
"""Where the number before a noun is no count that may be one, and why."""

VERBS = {
    *("pattern", "joined.name", "way.pattern", "name", "SUBMIT", "cell.pattern", "planned.cell_id"),
    "'returned' if called else 'holds'",
}
"""What stands before ``needs``, ``sends`` and the like, and is no number."""


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 cells"), (1, "1 cell"), (2, "2 cells"), ("1", "1 cell"), ("1 to 4", "1 to 4 cells")],
)
def test_one_has_no_plural(count: int | str, text: str) -> None:
    """A range has one, and nothing as well."""
    assert plural(count, "cell") == text
    assert fill_plural("{} cells", str(count)) == text
    assert fill_plural("task {}", str(count)) == f"task {count}"


def _counts() -> Iterator[str]:
    """Yield ``file: expression`` of each value that is written right before a plural noun."""
    for folder in ("analysis", "runner", "breakeven/base", "breakeven/search"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for text in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
                yield from (f"{path.relative_to(ROOT)}: {value}" for value in _before_nouns(text))


def _before_nouns(text: ast.JoinedStr) -> Iterator[str]:
    for value, after in zip(text.values, text.values[1:], strict=False):
        if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
            continue
        if _COUNTED.match(str(after.value)) and ast.unparse(value.value) not in VERBS:
            yield ast.unparse(value.value)


def test_every_count_may_be_one() -> None:
    """A new count before a noun is written by `plural`, unless it is known why it is never one."""
    unknown = [count for count in _counts() if not any(count.endswith(known) for known in NEVER_ONE)]
    assert not unknown
    assert not [known for known in NEVER_ONE if not any(count.endswith(known) for count in _counts())]
