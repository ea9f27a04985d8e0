"""A table of many files, each read by itself: the same rows, and the same refusals, as a table of a few."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from breakeven.analysis.errors import OtherSchema, ResultsDamaged
from breakeven.analysis.frames.files import read_whole
from breakeven.analysis.frames.load import load
from breakeven.analysis.show import main as show
from breakeven.base.errors import ResultsUnreadable
from breakeven.base.schema import TABLES
from breakeven.command import main
from breakeven.runner.store import Sweep
from tests.stored import commit

RUNS = 40


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Return a sweep of so many runs, whose spans have phases of their own, stored under different numbers."""
    sweep = Sweep(tmp_path / "many")
    sweep.create()
    for number in range(RUNS):
        key = {"cell_id": f"{number % 8:02x}", "round": number // 8}
        phases = pa.array(["compute", "wait", "send"][number % 3 :] * 2).dictionary_encode()
        spans = {name: [value] * len(phases) for name, value in key.items()}
        spans["phase"] = phases.cast(TABLES["spans"].field("phase").type)
        spans["duration_ns"] = list(range(number, number + len(phases)))
        commit(sweep, key | {"status": "ok", "order": number, "notes": f"note {number}"}, spans=spans)
    return sweep


def _file(sweep: Sweep, table: str) -> Path:
    return sorted(sweep.table(table).glob("*.parquet"))[RUNS // 2]


def test_the_rows_are_those_of_the_files(sweep: Sweep) -> None:
    """In their order, with texts whatever number each file stores them under."""
    lab = load(sweep.path)
    assert lab.runs["notes"].tolist() == [f"note {number}" for number in range(RUNS)]
    stored = pd.concat(
        [pq.read_table(file).to_pandas() for file in sorted(sweep.table("spans").glob("*.parquet"))]
    ).astype({"phase": "str"})
    columns = ["cell_id", "round", "phase", "duration_ns"]
    found = lab.spans(columns).astype({"phase": "str"})
    pd.testing.assert_frame_equal(
        found.sort_values(columns, ignore_index=True),
        stored[columns].sort_values(columns, ignore_index=True),
        check_dtype=False,
    )


def test_rows_of_a_run_that_is_not_finished_are_left_out(sweep: Sweep) -> None:
    """Its row in the table of runs is what makes it one, whichever columns are asked for."""
    _file(sweep, "runs").unlink()
    lab = load(sweep.path)
    assert len(lab.runs) == RUNS - 1
    left = lab.spans(["duration_ns"])
    assert left.columns.tolist() == ["duration_ns"]
    assert len(left) == sum(map(len, map(pq.read_table, sweep.table("spans").glob("*.parquet")))) - len(
        pq.read_table(_file(sweep, "spans"))
    )


def test_a_damaged_file_is_named(sweep: Sweep) -> None:
    """One that is cut short."""
    file = _file(sweep, "runs")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ResultsDamaged) as caught:
        load(sweep.path)
    assert str(caught.value).startswith(f"{file} is truncated or damaged (")


def test_a_file_that_is_gone_is_named(sweep: Sweep) -> None:
    """One that was listed, and moved before it could be read."""
    file = _file(sweep, "runs")
    file.unlink()
    file.symlink_to("nowhere")
    with pytest.raises(
        ResultsUnreadable, match=f"^cannot read {file}: No such file or directory; it was moved"
    ):
        load(sweep.path)


def test_a_file_of_another_version_is_refused(sweep: Sweep) -> None:
    """Even if all others are of this one."""
    file = _file(sweep, "runs")
    pq.write_table(pq.read_table(file).replace_schema_metadata({"breakeven_schema": "2"}), file)
    with pytest.raises(OtherSchema, match=f"^{file} has schema version 2; this analysis reads version 3"):
        load(sweep.path)


def test_a_column_that_one_file_lacks(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is null in a file from before there was such a column, and is kept in the others."""
    monkeypatch.setattr("breakeven.analysis.frames.files.LATER", frozenset({"notes"}))
    file = _file(sweep, "runs")
    pq.write_table(pq.read_table(file).drop_columns(["notes"]), file)
    notes = load(sweep.path).runs["notes"]
    assert notes.isna().sum() == 1
    assert notes.notna().sum() == RUNS - 1


def test_a_table_of_many_files_has_few_pieces(sweep: Sweep) -> None:
    """Whatever reads a piece for each row takes longer than for the rows."""
    assert read_whole(sweep.path, "runs", ["cell_id", "round"])["cell_id"].num_chunks < RUNS / 10


def test_a_command_prints_the_same_however_pandas_stores_texts(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stores them as Python's, and leaves the user's choice as it was."""
    with pd.option_context("mode.string_storage", "pyarrow"):
        assert show([str(sweep.path), "--no-figures"]) == 0
        direct = capsys.readouterr().out
        assert main(["show", str(sweep.path), "--no-figures"]) == 0
        assert pd.get_option("mode.string_storage") == "pyarrow"
    assert capsys.readouterr().out == direct != ""
