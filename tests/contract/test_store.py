"""Rules of storage: whole or absent, typed, documented, readable by others."""

from __future__ import annotations

import os
import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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

from breakeven.base.schema import TABLES, VERSION
from breakeven.base.statuses import STATUSES
from breakeven.runner.errors import OutputsUnreadable, OutputsUnwritable
from breakeven.runner.store import COLUMNS, NotStored, Stored, Sweep, write_atomically
from tests.examples import at_most
from tests.stored import KEY, ROW, commit, leave, measured, small_disk, why_damaged


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Return an empty sweep."""
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
    commit(sweep, ROW)
    row = sweep.read_run("a1", 0)
    assert row is not None
    assert {name: row[name] for name in ROW} == ROW
    assert row["reason"] is None
    assert sweep.read_run("a1", 1) is None


NAMES = st.text("abcdef0123456789", min_size=1, max_size=16)
OPTIONAL = st.one_of(st.none(), st.floats(allow_nan=False), st.just(0.0))


@settings(at_most(50), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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
    commit(sweep, row)
    found = sweep.read_run(row["cell_id"], row["round"])
    assert found is not None
    assert {name: found[name] for name in row} == row


def test_an_unknown_column_is_refused(sweep: Sweep) -> None:
    """A misspelt column is an error, not a lost value."""
    with pytest.raises(KeyError, match="table runs has no column speed_up"):
        commit(sweep, ROW | {"speed_up": 1.0})
    assert sweep.read_run("a1", 0) is None


def test_a_table_is_one_dataset_for_every_reader(sweep: Sweep) -> None:
    """Pandas, DuckDB and Polars read a table's folder as it stands, null columns included."""
    for place, model in enumerate(("thread", None)):
        commit(sweep, ROW | {"round": place, "model": model, "started_at": datetime.now(UTC)})
    folder = sweep.table("runs")
    assert len(pd.read_parquet(folder)) == 2
    assert len(pl.read_parquet(folder)) == 2
    with duckdb.connect() as connection:
        asked = connection.execute("select count(model) from read_parquet(?)", [f"{folder}/*.parquet"])
        assert asked.fetchall() == [(1,)]


def test_spans_keep_their_phases(sweep: Sweep) -> None:
    """A dictionary column is stored with its type."""
    phases = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array(["wait", "send"]))
    commit(sweep, ROW, spans=pa.table({"phase": phases, "trial": [0, 1]}))
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


# --- what is believed ------------------------------------------------------------------------------------


def _old(**columns: Any) -> pa.Table:
    """Return a row as older versions stored it, without the list of its parts."""
    schema = TABLES["runs"].remove(TABLES["runs"].get_field_index("parts"))
    lacking = ROW | columns
    return pa.Table.from_pylist([lacking], schema=schema)


def test_all_runs_are_read_at_once(sweep: Sweep) -> None:
    """Each run is found under its key, with the columns that tell what it was."""
    measured(sweep)
    measured(sweep, round_=1, status="failed", hostname="n1", wall_ns=5)
    found = sweep.stored()
    assert found == Stored(found.rows, {})
    assert set(found.rows) == {("a1", 0), ("a1", 1)}
    assert set(found.rows[KEY]) == set(COLUMNS)
    assert found.rows["a1", 1]["hostname"] == "n1"
    assert (found.rows["a1", 1]["status"], found.rows["a1", 1]["wall_ns"]) == ("failed", 5)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    """Without folders of tables there are neither runs nor damage."""
    assert Sweep(tmp_path).stored() == Stored({}, {})


def test_a_row_tells_its_parts(sweep: Sweep) -> None:
    """The size and checksum of each other file of the run stand in its row; a run without such has none."""
    measured(sweep)
    commit(sweep, ROW | {"cell_id": "b2"})
    row = sweep.read_run("a1", 0)
    assert row is not None
    told = [line.split() for line in row["parts"].splitlines()]
    assert [(table, int(size)) for table, size, _ in told] == [
        (table, sweep.file(table, "a1", 0).stat().st_size) for table in ("trials", "spans")
    ]
    bare = sweep.read_run("b2", 0)
    assert bare is not None
    assert bare["parts"] == ""


def test_an_older_sweep_is_believed(sweep: Sweep) -> None:
    """Rows from before there were checksums are read; what they lack is None, and tables they do not tell are kept."""
    table = _old().drop_columns(["source", "code"])
    pq.write_table(table, sweep.file("runs", "a1", 0))
    leave(sweep, "trials", ("a1", 0), {"trial": [0]})
    found = sweep.stored()
    assert not found.damaged
    assert found.rows[KEY]["status"] == "ok"
    assert found.rows[KEY]["source"] is found.rows[KEY]["code"] is None


def _rewrite(table: pa.Table, version: str = VERSION) -> pa.Table:
    return table.replace_schema_metadata({"breakeven_schema": version, "breakeven_table": "runs"})


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (_rewrite(_old(), "1"), f"it is not a table of runs of schema version {VERSION}"),
        (pa.table({"a": [1]}), f"it is not a table of runs of schema version {VERSION}"),
        (_rewrite(pa.table({"cell_id": ["a1"]})), "its column round is missing or has the wrong type"),
        (_rewrite(pa.table({"cell_id": [1]})), "its column cell_id is missing or has the wrong type"),
        (_old(cell_id="b2"), "it holds the run b2-000"),
        (_old(round=7), "it holds the run a1-007"),
        (_old(status=None), "it lacks the cell, the round or the status"),
        (_old().slice(0, 0), "it holds 0 rows instead of one"),
        (_old().append_column("parts", pa.array([""])), "its checksum is missing"),
    ],
)
def test_another_row_is_not_believed(sweep: Sweep, table: pa.Table, why: str) -> None:
    """A file that is whole and yet not this run's row says what it is instead."""
    pq.write_table(table, sweep.file("runs", "a1", 0))
    assert why_damaged(sweep) == {"runs/a1-000.parquet": why}


def test_what_is_no_parquet_is_not_believed(sweep: Sweep) -> None:
    """Text, noise between the magic bytes, a footer longer than the file, and a folder are told apart from a row."""
    file, noise = sweep.file("runs", "a1", 0), random.Random(3).randbytes(400)
    for data, why in (
        (b"hello, I am a text", "it is not a whole Parquet file (18 bytes)"),
        (b"PAR1" + noise[:4] + b"\xff\xff\xff\x7fPAR1", "its footer is longer than the file"),
    ):
        file.write_bytes(data)
        assert why_damaged(sweep) == {"runs/a1-000.parquet": why}
    file.write_bytes(b"PAR1" + noise + (300).to_bytes(4, "little") + b"PAR1")
    assert set(why_damaged(sweep)) == {"runs/a1-000.parquet"}
    file.unlink()
    file.mkdir()
    assert why_damaged(sweep) == {"runs/a1-000.parquet": "it is not a regular file"}


def test_a_row_may_not_tell_nonsense_of_its_parts(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A description of a part that cannot be read is damage, not a crash."""
    monkeypatch.setattr("breakeven.runner.store.integrity.Part.__str__", lambda _: "trials many\x1b")
    measured(sweep)
    assert why_damaged(sweep) == {"runs/a1-000.parquet": "it describes a file as trials many\\x1b"}


def test_a_table_that_the_row_does_not_know_is_left_over(sweep: Sweep) -> None:
    """A retry that was cut short leaves tables beside the earlier row: the run is to be measured again."""
    commit(sweep, ROW | {"status": "failed"})
    leave(sweep, "spans", ("a1", 0), {"trial": [0]})
    assert why_damaged(sweep) == {
        "spans/a1-000.parquet": "its run does not list it: it is left over from an interrupted write"
    }


def test_what_may_not_be_read_is_bad_input(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another user is no damage: the message names it, the cause and the way out."""
    measured(sweep)
    file = sweep.file("runs", "a1", 0)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OutputsUnreadable) as caught:
        sweep.stored()
    assert str(caught.value) == (
        f"cannot read {file}: Permission denied; make it readable, or choose another folder"
    )


def test_other_readers_do_not_see_the_checksum(sweep: Sweep) -> None:
    """The seal lies where Parquet has room: every reader gets the row, page checksums included."""
    measured(sweep)
    file = sweep.file("runs", "a1", 0)
    assert b"breakeven CRC-32" in file.read_bytes()
    assert pd.read_parquet(file)["speedup"].tolist() == [1.5]
    assert pl.read_parquet(file)["speedup"].to_list() == [1.5]
    assert pq.read_table(file, page_checksum_verification=True).column("speedup").to_pylist() == [1.5]
    with duckdb.connect() as connection:
        assert connection.execute("select speedup from read_parquet(?)", [str(file)]).fetchall() == [(1.5,)]


def test_every_file_is_read_once(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """To know all runs costs one look at each file, and no search for datasets: it grows with the runs alone."""
    for number in range(5):
        measured(sweep, f"{number:02x}")
    opened, original = list[str](), Path.open

    def count(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(str(path.relative_to(sweep.path)))
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", count)
    assert len(sweep.stored().rows) == 5
    assert sorted(opened) == sorted(_files(sweep))


# --- what is taken out -----------------------------------------------------------------------------------


def _files(sweep: Sweep) -> set[str]:
    return {str(path.relative_to(sweep.path)) for path in sweep.path.rglob("*") if path.is_file()}


def test_runs_are_set_aside_whole(sweep: Sweep) -> None:
    """All files of a run move, none is lost, others stay, and a second time nothing is overwritten."""
    for _ in range(3):
        measured(sweep)
        measured(sweep, "b2")
        content = sweep.file("spans", "a1", 0).read_bytes()
        folder = sweep.set_aside([KEY, ("c3", 0)], "other code")
        assert folder is not None
        assert folder.parent == sweep.aside
        assert "Z-other-code" in folder.name
        assert {str(path.relative_to(folder)) for path in folder.rglob("*.parquet")} == {
            f"{table}/a1-000.parquet" for table in ("runs", "trials", "spans")
        }
        assert (folder / "spans" / "a1-000.parquet").read_bytes() == content
        assert set(sweep.stored().rows) == {("b2", 0)}
    assert len(list(sweep.aside.iterdir())) == 3
    assert len(pd.read_parquet(sweep.table("trials"))) == 50


def test_setting_nothing_aside_leaves_no_folder(sweep: Sweep) -> None:
    """A run that has no file is none to move."""
    assert sweep.set_aside([KEY], "changed") is None
    assert not sweep.aside.exists()


def test_damaged_runs_are_set_aside_with_the_reason(sweep: Sweep) -> None:
    """A file under the name of another run goes, too; what stays is believed."""
    measured(sweep)
    measured(sweep, "b2")
    sweep.file("trials", "a1", 0).write_bytes(b"")
    (sweep.table("runs") / "b2-001.parquet").write_bytes(sweep.file("runs", "b2", 0).read_bytes())
    folder = sweep.set_aside_damaged(sweep.stored())
    assert folder is not None
    lines = (folder / "why.txt").read_text().splitlines()
    assert lines[0] == "runs/b2-001.parquet: it holds the run b2-000"
    assert lines[1].startswith("trials/a1-000.parquet: it has 0 bytes instead of ")
    again = sweep.stored()
    assert (set(again.rows), dict(again.damaged)) == ({("b2", 0)}, {})
    assert sweep.set_aside_damaged(again) is None


def test_setting_aside_that_is_cut_short_is_found(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row moves last: until then the run is damaged, so that nothing of it is taken for a leftover."""
    measured(sweep)
    rename, moved = Path.rename, list[Path]()

    def once(path: Path, target: Path) -> Path:
        if moved:
            raise KeyboardInterrupt
        moved.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(KeyboardInterrupt):
        sweep.set_aside([KEY], "changed")
    monkeypatch.undo()
    assert sweep.tidy() == 0
    assert why_damaged(sweep) == {"trials/a1-000.parquet": "it is missing"}


def test_what_interrupted_writes_left_is_removed(sweep: Sweep) -> None:
    """Parts of files and tables without their run go; whole runs, other hidden files and other folders stay."""
    measured(sweep)
    sweep.aside.mkdir()
    kept = [sweep.path / ".writer", sweep.aside / ".old.part", sweep.table("runs") / ".hidden"]
    for path in kept:
        path.write_text("")
    before = _files(sweep)
    leave(sweep, "spans", ("b2", 0), {"trial": [0]})
    (sweep.table("trials") / ".a1-000.parquet-12.part").write_text("")
    (sweep.path / ".sweep.yaml-12.part").write_text("")
    under_way = f".latest-{os.getpid()}.part"
    for name in (".latest-4194305.part", f".latest-{10**20}.part", ".latest-x.part", under_way):
        (sweep.path.parent / name).symlink_to("mine")
    assert sweep.tidy() == 6
    assert _files(sweep) == before
    assert {path.name for path in sweep.path.parent.iterdir()} == {"mine", under_way}
    assert sweep.tidy() == 0


# --- storage that fails ----------------------------------------------------------------------------------


def _fill(sweep: Sweep) -> None:
    for number in range(100):
        measured(sweep, f"{number:02x}")


def test_a_full_disk_keeps_what_was_stored(tmp_path: Path) -> None:
    """The error says so, no part of a file stays, and the runs before are whole."""
    with small_disk(tmp_path):
        sweep = Sweep(tmp_path / "mine")
        sweep.create()
        with pytest.raises(NotStored) as caught:
            _fill(sweep)
        file = str(caught.value).removeprefix("cannot store ").partition(":")[0]
        assert Path(file).parent.parent == sweep.path
        assert str(caught.value) == (
            f"cannot store {file}: No space left on device; what was stored before is kept, this run is not"
        )
        stored = len(list(sweep.table("runs").iterdir()))
        assert 0 < stored < 20
        assert not [path for path in sweep.path.rglob("*") if path.name.endswith(".part")]
        sweep.tidy()
        found = sweep.stored()
        assert len(found.rows) == stored
        assert not found.damaged


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_may_not_grow_leaves_nothing(sweep: Sweep) -> None:
    """What was written of it before the limit is removed."""
    with _largest_file(1000), pytest.raises(NotStored, match=r"a1-000.parquet: File too large; what was"):
        commit(sweep, ROW)
    assert not list(sweep.table("runs").iterdir())
    commit(sweep, ROW)
    assert set(sweep.stored().rows) == {KEY}


def test_a_folder_that_is_gone_is_told(sweep: Sweep) -> None:
    """A results folder that was deleted under way is an error of storing."""
    shutil.rmtree(sweep.path)
    with pytest.raises(NotStored) as caught:
        commit(sweep, ROW)
    assert str(caught.value) == (
        f"cannot store {sweep.file('runs', 'a1', 0)}: No such file or directory; "
        "what was stored before is kept, this run is not"
    )
    with pytest.raises(NotStored) as caught:
        sweep.tidy()
    assert str(caught.value) == (
        f"cannot write {sweep.path}: No such file or directory; what was stored before is kept"
    )


def test_a_write_that_fails_is_told_even_if_its_part_stays(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be removed either, the first error is the one that is told; the next sweep tidies up."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "fsync", read_only)
    monkeypatch.setattr(Path, "unlink", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(NotStored, match="Read-only file system"):
        commit(sweep, ROW)
    monkeypatch.undo()
    assert sweep.tidy() == 1
