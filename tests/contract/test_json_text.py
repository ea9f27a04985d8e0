"""What is written as JSON is JSON that any reader takes."""

from __future__ import annotations

import ast
import json
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.json_text import json_text, keeping_floats, with_floats

ROOT = Path(__file__).parents[2]
FOLDERS = ("analysis", "runner", "breakeven/base", "breakeven/search", "hydra_plugins")
WRITER = "breakeven/base/json_text.py"

NOT_FOR_OTHERS = {
    "runner/cell/records.py",
    "runner/engines/_ray_process.py",
    "runner/engines/orders.py",
    "runner/engines/ray_driver.py",
    "runner/planning/carried.py",
    "runner/results/run_result.py",
    "runner/planning/calibration.py",
    "runner/planning/candidates.py",
    "runner/planning/conditions.py",
    "runner/planning/sources.py",
    "runner/planning/tasks.py",
    "runner/config/naming.py",
    "analysis/frames/configs.py",
}
"""Files that also write what no other program reads: messages between breakeven's own processes, in which an argument
may be infinite, and texts that are hashed, compared or shown."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(), each, max_size=4),
    max_leaves=12,
)


def _read(text: str) -> Any:
    """Read JSON as strictly as others do."""
    return json.loads(text, parse_constant=pytest.fail)


def _known(value: Any) -> Any:
    """Return the value with null for a number that JSON lacks."""
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_known(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


@given(VALUES, st.sampled_from([None, 1, 2]), st.booleans())
def test_any_value_is_read_by_a_strict_reader(value: Any, indent: int | None, compact: bool) -> None:
    """A number that JSON lacks is null, wherever it stands; all else is what it was."""
    assert _read(json_text(value, indent=indent, compact=compact)) == _known(value)


@given(VALUES)
def test_a_number_that_json_lacks_can_be_kept(value: Any) -> None:
    """It comes back as itself, beside all else."""
    assert repr(with_floats(_read(json_text(keeping_floats(value))))) == repr(value)


def test_a_text_is_no_number() -> None:
    """Nor is an object that says something else."""
    value = [{"float": "1"}, {"float": inf}, {"float": "inf", "or": 1}, "inf", (nan,)]
    assert repr(with_floats(keeping_floats(value))) == repr([*value[:-1], [nan]])


def test_all_that_others_read_has_one_writer() -> None:
    """No other file calls Python's own, which writes ``Infinity`` and ``NaN``."""
    found = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("dump", "dumps")
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
    }
    assert found == {WRITER} | NOT_FOR_OTHERS
