"""Paths of a results folder: spelled in one place, and what is not stored yet is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from breakeven.base.layout import LATEST, RUNS, SUFFIX, SweepPaths, is_stored, stem, sweeps_in

ROOT = Path(__file__).parents[2]
SPELLED = re.compile(
    r"""["'](?:\.writer|sweep\.yaml|events\.jsonl|sweep\.log|aside|latest)["']|\*\.parquet"""
)


def _store(paths: SweepPaths, *names: str) -> None:
    paths.table(RUNS).mkdir(parents=True)
    for name in names:
        (paths.table(RUNS) / name).write_text("")


def test_everything_lies_in_the_folder_and_the_link_beside_it(tmp_path: Path) -> None:
    """All paths are of the sweep's own folder, and differ."""
    paths = SweepPaths(tmp_path / "mine")
    inside = [paths.description, paths.figures, paths.events, paths.log, paths.writer, paths.aside]
    assert {path.parent for path in inside} == {paths.path}
    assert len({*inside, *map(paths.table, (RUNS, "spans"))}) == len(inside) + 2
    assert paths.latest == tmp_path / LATEST
    assert paths.file("spans", "a1", 7) == paths.table("spans") / f"{stem('a1', 7)}{SUFFIX}"


def test_what_is_being_written_is_not_stored(tmp_path: Path) -> None:
    """Files that begin with a dot, and those of other kinds, are no part of a table."""
    paths = SweepPaths(tmp_path / "mine")
    assert (paths.exists(), paths.holds_runs(), paths.stored_files(RUNS)) == (False, False, [])
    _store(paths, ".a1-000.parquet", "note.txt")
    assert (paths.exists(), paths.holds_runs(), paths.stored_files(RUNS)) == (True, False, [])
    for name in ("b2-000.parquet", "a1-000.parquet"):
        (paths.table(RUNS) / name).write_text("")
    assert paths.holds_runs()
    assert [path.name for path in paths.stored_files(RUNS)] == ["a1-000.parquet", "b2-000.parquet"]
    assert is_stored(paths.file(RUNS, "a1", 0).name)


def test_sweeps_are_found_by_their_table_of_runs(tmp_path: Path) -> None:
    """Other folders are none; a link to a sweep is one, a link to nothing is not."""
    for name in ("b", "a"):
        _store(SweepPaths(tmp_path / name))
    (tmp_path / "other").mkdir()
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / LATEST).symlink_to("a")
    assert [paths.path.name for paths in sweeps_in(tmp_path)] == ["a", "b", LATEST]
    assert sweeps_in(tmp_path / "missing") == []


@pytest.mark.parametrize("folder", ["runner", "analysis"])
def test_no_other_module_spells_a_path(folder: str) -> None:
    """Neither a file's name nor the glob for stored runs stands in a second place."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")}
    assert not [path for path, text in texts.items() if SPELLED.search(text)]
