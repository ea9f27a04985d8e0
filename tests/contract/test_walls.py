"""The walls of the house: who may import what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDARD = sys.stdlib_module_names | {"__future__", "breakeven_cell"}


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Give the level and the dotted name of every import of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def _files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("path", _files("runner/cell"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_measured_side_is_standard_library_only(path: Path) -> None:
    """The cell imports the standard library and, relatively, itself; no import leaves its folder."""
    depth = len(path.relative_to(ROOT / "runner/cell").parts)
    for level, name in _imports(path):
        assert level <= depth
        assert level or name.partition(".")[0] in STANDARD, name


@pytest.mark.parametrize("path", _files("analysis"), ids=lambda path: str(path.relative_to(ROOT)))
def test_analysis_knows_nothing_of_the_runner(path: Path) -> None:
    """Analysis reads what is stored; it imports neither Hydra nor the runner, but for the intervals of one process."""
    for _, name in _imports(path):
        assert name.partition(".")[0] not in {"hydra", "omegaconf", "hydra_plugins"}
        assert not name.startswith("breakeven.runner") or name == "breakeven.runner.cell.intervals"


@pytest.mark.parametrize("path", _files("breakeven/base"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_ground_floor_stands_on_nothing(path: Path) -> None:
    """What both sides need imports neither of them."""
    for _, name in _imports(path):
        assert not name.startswith("breakeven") or name.startswith("breakeven.base"), name
