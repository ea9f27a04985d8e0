"""Rules of storage: whole or absent, typed, documented, readable by others."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import OutputsUnwritable
from runner.schema import STATUSES, TABLES, VERSION
from runner.store import Sweep, write_atomically

ROW = {"cell_id": "a1", "round": 0, "status": "ok", "workers": 2, "speedup": 1.5}


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Give an empty sweep."""
    made = Sweep(tmp_path / "outputs" / "mine")
    made.create()
    return made


def test_every_column_says_what_it_means() -> None:
    """Each field carries its meaning, and names with a unit carry it in the name."""
    for name, schema in TABLES.items():
        assert schema.metadata == {b"breakeven_schema": VERSION.encode(), b"breakeven_table": name.encode()}
        for field in schema:
            meaning = field.metadata[b"meaning"].decode()
            assert len(meaning) > 10
            assert ("in ns" in meaning) <= field.name.endswith("_ns")


def test_a_run_is_stored_whole_and_read_back(sweep: Sweep) -> None:
    """What was written is read; columns not given are null."""
    sweep.write_run(ROW)
    row = sweep.read_run("a1", 0)
    assert row is not None
    assert {name: row[name] for name in ROW} == ROW
    assert row["reason"] is None
    assert sweep.read_run("a1", 1) is None


NAMES = st.text("abcdef0123456789", min_size=1, max_size=16)
OPTIONAL = st.one_of(st.none(), st.floats(allow_nan=False), st.just(0.0))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    cell_id=NAMES,
    round_=st.integers(0, 999),
    status=st.sampled_from(STATUSES),
    reason=st.one_of(st.none(), st.text()),
    speedup=OPTIONAL,
    wall_ns=st.integers(0, 2**62),
    config=st.text(),
    started=st.datetimes(timezones=st.just(UTC)),
)
def test_any_row_survives_storage(sweep: Sweep, **row: Any) -> None:
    """Every value that a column can hold comes back as it was."""
    row["round"] = row.pop("round_")
    row["started_at"] = row.pop("started")
    if row["reason"] is not None:
        row["reason"] = row["reason"].encode("utf-8", "replace").decode()
    row["config"] = row["config"].encode("utf-8", "replace").decode()
    sweep.write_run(row)
    found = sweep.read_run(row["cell_id"], row["round"])
    assert found is not None
    assert {name: found[name] for name in row} == row


def test_an_unknown_column_is_refused(sweep: Sweep) -> None:
    """A misspelt column is an error, not a lost value."""
    with pytest.raises(KeyError, match="table runs has no column speed_up"):
        sweep.write_run(ROW | {"speed_up": 1.0})
    assert sweep.read_run("a1", 0) is None


def test_a_table_is_one_dataset_for_every_reader(sweep: Sweep) -> None:
    """Pandas, DuckDB and Polars read a table's folder as it stands, null columns included."""
    for place, model in enumerate(("thread", None)):
        sweep.write_run(ROW | {"round": place, "model": model, "started_at": datetime.now(UTC)})
    folder = sweep.table("runs")
    assert len(pd.read_parquet(folder)) == 2
    assert len(pl.read_parquet(folder)) == 2
    with duckdb.connect() as connection:
        asked = connection.execute("select count(model) from read_parquet(?)", [f"{folder}/*.parquet"])
        assert asked.fetchall() == [(1,)]


def test_spans_keep_their_phases(sweep: Sweep) -> None:
    """A dictionary column is stored with its type."""
    phases = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array(["wait", "send"]))
    sweep.write("spans", "a1", 0, pa.table({"phase": phases, "trial": [0, 1]}))
    stored = pq.read_table(sweep.file("spans", "a1", 0))
    assert stored.schema.field("phase").type == TABLES["spans"].field("phase").type
    assert stored.column("phase").to_pylist() == ["send", "wait"]


def test_a_write_that_fails_leaves_what_was_there(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old file stays and no part of the new one does."""
    path = sweep.path / "file"
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in sweep.path.iterdir() if file.is_file()] == ["file"]


def test_latest_follows_the_newest(sweep: Sweep) -> None:
    """The link is replaced, never missing in between."""
    other = Sweep(sweep.path.with_name("other"))
    other.create()
    for made in (sweep, other, sweep):
        made.point_latest()
        assert (sweep.path.parent / "latest").resolve() == made.path.resolve()


def test_a_folder_that_cannot_be_made_is_bad_input(tmp_path: Path) -> None:
    """The message names the folder, the cause and the way out."""
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "mine"
    with pytest.raises(OutputsUnwritable) as caught:
        Sweep(path).create()
    assert str(caught.value) == (
        f"cannot write results to {path}: Not a directory; free or unlock that folder, or choose another with "
        "outputs=FOLDER"
    )


def test_the_layout_is_documented_as_it_is() -> None:
    """outputs/README.md lists every column of every table with its meaning."""
    text = (Path(__file__).parents[2] / "outputs" / "README.md").read_text(encoding="utf-8")
    for schema in TABLES.values():
        for field in schema:
            assert f"| `{field.name}` |" in text
            assert field.metadata[b"meaning"].decode() in text
