"""Finished runs merged into larger files: whatever happens on the way, each run is there once, and everything reads on."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from breakeven.analysis.frames.load import load
from breakeven.analysis.show import main as show
from breakeven.base.errors import ResultsUnreadable
from breakeven.base.layout import SweepPaths
from breakeven.base.schema import TABLES
from breakeven.base.table_files import TableFiles, read_index
from breakeven.runner.compact.command import main as compact
from breakeven.runner.errors import OutputsUnwritable
from breakeven.runner.locks import CompactorLock
from breakeven.runner.status.command import main as status
from breakeven.runner.store import Sweep, compacted, compaction, swapping
from tests.analysis_samples import Sample
from tests.stored import KEY, commit, leave, small_disk, why_damaged

WRITES = {
    "open",
    "os.mkdir",
    "os.link",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "exchange",
    "exchanged",
}
"""What a process may be killed before: the audit events of changes to files, and the exchange of folders."""

RUNS = st.sets(st.tuples(st.sampled_from(("a1", "b2", "c3")), st.integers(0, 3)), min_size=1, max_size=6)


@pytest.fixture(autouse=True)
def _as_urgent_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the command from lowering the priority of all tests that follow, which not everybody may raise again."""
    monkeypatch.setattr(os, "nice", lambda _: 0)


def measured(sweep: Sweep, cell_id: str = "a1", round_: int = 0) -> None:
    """Store a run with trials and spans."""
    key = {"cell_id": cell_id, "round": round_}
    tables = {"trials": 50, "spans": 500}
    columns = {
        table: {name: [value] * count for name, value in key.items()} | {"trial": list(range(count))}
        for table, count in tables.items()
    }
    commit(sweep, key | {"status": "ok", "reason": "a reason"}, **columns)


def _keys(rows: list[tuple[Any, ...]]) -> list[tuple[str, int]]:
    return [(row[0], int(row[1])) for row in rows]


def _rows(sweep: Sweep) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table as any reader of the folder finds them, in an order of their own; without the files that rows tell of."""
    found = {}
    for table in TABLES:
        folder = sweep.table(table)
        frame = pd.read_parquet(folder) if any(folder.iterdir()) else pd.DataFrame()
        rows = frame.drop(columns="parts", errors="ignore").astype(object).itertuples(index=False, name=None)
        found[table] = sorted(tuple(map(str, row)) for row in rows)
    return found


def _runs(sweep: Sweep) -> list[tuple[str, int]]:
    stored = sweep.stored()
    assert not stored.damaged
    return sorted(stored.rows)


def _store(sweep: Sweep, keys: set[tuple[str, int]]) -> None:
    """Store runs, every fourth of which failed without trials, and one in two of which has observations."""
    for number, (cell_id, round_) in enumerate(sorted(keys)):
        if number % 4 == 3:
            commit(sweep, {"cell_id": cell_id, "round": round_, "status": "failed", "reason": "no"})
        elif number % 2:
            commit(
                sweep,
                {"cell_id": cell_id, "round": round_, "status": "ok"},
                observations={"value": [1.0, 2.0], "cell_id": [cell_id] * 2, "round": [round_] * 2},
            )
        else:
            measured(sweep, cell_id, round_)


def _dies(act: Callable[[], object], step: int) -> bool:
    """Let a child process ``act`` until it is killed before its change number ``step``; return whether it came so far."""
    child = os.fork()
    if not child:
        _act(act, step)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _act(act: Callable[[], object], step: int) -> None:
    left = step

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in WRITES:
            left -= 1
            if left < 0:
                os._exit(9)

    exchange = swapping.exchange

    def announced(one: Path, other: Path) -> None:
        sys.audit("exchange")
        exchange(one, other)
        sys.audit("exchanged")

    swapping.exchange = announced
    sys.addaudithook(count)
    code = 1
    try:
        act()
        code = 0
    finally:
        os._exit(code)


def _steps(act: Callable[[], object], folder: Path) -> Iterator[int]:
    step = 0
    while _dies(act, step):
        yield step
        step += 1
    assert step > 20, folder


def test_a_run_that_is_merged_is_where_it_was(sweep: Sweep) -> None:
    """For pandas, Polars, DuckDB, and for us; a second time there is nothing to do."""
    _store(sweep, {("a1", 0), ("a1", 1), ("b2", 0), ("c3", 11), ("c3", 2)})
    rows, runs = _rows(sweep), sweep.stored()
    assert compact([str(sweep.path)]) == 0
    assert (_rows(sweep), sweep.stored()) == (rows, runs)
    folder = sweep.table("trials")
    assert [path.name for path in folder.iterdir()] == ["compacted.a1-000.parquet"]
    assert len(pl.read_parquet(folder)) == len(rows["trials"])
    with duckdb.connect() as connection:
        counted = connection.execute(
            "select count(*) from read_parquet(?)", [f"{folder}/*.parquet"]
        ).fetchall()
    assert counted == [(len(rows["trials"]),)]
    files = sorted(sweep.path.rglob("*"))
    assert compact([str(sweep.path)]) == 0
    assert sorted(sweep.path.rglob("*")) == files


def test_a_merged_row_is_read_back(sweep: Sweep) -> None:
    """By its key, with all that it had; another is not there."""
    measured(sweep)
    measured(sweep, "b2")
    row = sweep.read_run(*KEY)
    compact([str(sweep.path)])
    assert sweep.read_run(*KEY) == row
    assert sweep.read_run("a1", 1) is None


def test_killed_before_every_change_nothing_is_lost_or_doubled(sweep: Sweep) -> None:
    """Each time the next command goes on, and in the end one file holds all of a table."""
    _store(sweep, {("a1", 0), ("a1", 1), ("b2", 0)})
    rows, runs = _rows(sweep), _runs(sweep)
    act = partial(sweep.compact, lambda _: None)
    for _ in _steps(act, sweep.path):
        assert (_rows(sweep), _runs(sweep)) == (rows, runs)
    assert (_rows(sweep), _runs(sweep)) == (rows, runs)
    assert {table: len(sweep.stored_files(table)) for table in ("runs", "trials", "spans")} == {
        "runs": 1,
        "trials": 1,
        "spans": 1,
    }
    assert not sweep.staging.exists()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(first=RUNS, second=RUNS, aside=RUNS, step=st.integers(0, 120))
def test_any_runs_and_any_death(
    tmp_path_factory: pytest.TempPathFactory, first: set[Any], second: set[Any], aside: set[Any], step: int
) -> None:
    """Runs merged, further ones stored, merged and killed, some moved out and killed: the rows that are left are those of the runs that are."""
    sweep = Sweep(tmp_path_factory.mktemp("any"))
    sweep.create()
    _store(sweep, first)
    sweep.compact(lambda _: None)
    _store(sweep, second - first)
    rows = _rows(sweep)
    _dies(partial(sweep.compact, lambda _: None), step)
    assert (_rows(sweep), _runs(sweep)) == (rows, sorted(first | second))
    _dies(partial(sweep.set_aside, sorted(aside), "rerun"), step)
    sweep.set_aside_damaged(sweep.stored())
    sweep.set_aside(aside, "rerun")
    sweep.tidy()
    left = (first | second) - aside
    assert _runs(sweep) == sorted(left)
    expected = {
        table: [row for row, key in zip(each, _keys(each), strict=True) if key in left]
        for table, each in rows.items()
    }
    assert _rows(sweep) == expected


def test_only_one_compacts(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """Another one is refused with who does."""
    measured(sweep)
    with (
        CompactorLock(sweep.path).held(),
        pytest.raises(
            Exception,
            match=rf"sweep is being compacted by pid {os.getpid()} on host \S+ since \d\d:\d\d; wait for it$",
        ),
    ):
        compact([str(sweep.path)])
    assert compact([str(sweep.path)]) == 0
    assert capsys.readouterr().out.startswith("trials: 1 file is now 1\n")


@pytest.mark.parametrize("change", ["stored", "moved"])
def test_a_sweep_goes_on_meanwhile(sweep: Sweep, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """What it stores stays beside, and what it moves out is not brought back."""
    measured(sweep)
    measured(sweep, "b2")
    merge, changes = compaction._merge, [change]

    def beside(*arguments: Any) -> Any:
        merged = merge(*arguments)
        if changes:
            changes.pop()
            if change == "stored":
                measured(sweep, "c3")
            else:
                sweep.set_aside([KEY], "rerun")
        return merged

    monkeypatch.setattr(compaction, "_merge", beside)
    sweep.compact(lambda _: None)
    expected = [KEY, ("b2", 0), ("c3", 0)] if change == "stored" else [("b2", 0)]
    assert _runs(sweep) == expected
    assert sorted({(row[0], int(row[1])) for row in _rows(sweep)["runs"]}) == expected
    assert len(pd.read_parquet(sweep.table("spans"))) == 500 * len(expected)


def test_a_folder_whose_name_is_not_utf_8(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is merged, merged further, taken out of and read: Arrow takes no such path."""
    monkeypatch.setattr(compacted, "MOST_RUNS", 3)
    sweep = Sweep(tmp_path / os.fsdecode(b"n\xfc"))
    sweep.create()
    for cell in ("a1", "b2", "c3", "d4"):
        measured(sweep, cell)
        assert compact([str(sweep.path)]) == 0
    measured(sweep, "e5")
    assert capsys.readouterr().err == ""
    assert len(sweep.stored_files("spans")) == 3
    assert sweep.set_aside([KEY], "measured again") is not None
    assert _runs(sweep) == [("b2", 0), ("c3", 0), ("d4", 0), ("e5", 0)]
    for cell in ("b2", "e5"):
        row = sweep.read_run(cell, 0)
        assert row is not None
        assert row["cell_id"] == cell


def test_what_is_no_finished_run_is_left(sweep: Sweep) -> None:
    """A table without its row, a damaged file and a stranger stay as they are."""
    for cell in ("a1", "b2", "c3"):
        measured(sweep, cell)
    leave(sweep, "spans", ("d4", 0), {"trial": [0]})
    sweep.file("trials", "b2", 0).write_bytes(b"PAR1")
    (sweep.table("spans") / "a1-000 2.parquet").write_bytes(b"a copy")
    sweep.compact(lambda _: None)
    assert sorted(path.name for path in sweep.table("spans").iterdir()) == [
        "a1-000 2.parquet",
        "b2-000.parquet",
        "compacted.a1-000.parquet",
        "d4-000.parquet",
    ]
    assert why_damaged(sweep)["trials/b2-000.parquet"] == "it has 4 bytes instead of " + str(
        _size_of_trials(sweep)
    )
    assert sorted(sweep.stored().rows) == [KEY, ("c3", 0)]


@pytest.mark.parametrize("table", ["runs", "trials", "spans"])
def test_damage_is_named_and_nothing_rewritten_for_it(
    sweep: Sweep, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever file of a run it is: the rest is merged once, after which there is nothing to do."""
    for cell in ("a1", "b2", "c3"):
        measured(sweep, cell)
    file = sweep.file(table, "b2", 0)
    file.write_bytes(file.read_bytes()[:-9])
    assert compact([str(sweep.path)]) == 0
    *merged, last = capsys.readouterr().out.splitlines()
    assert merged == [f"{name}: 3 files are now 2" for name in ("trials", "spans", "runs")]
    assert last.startswith(f"1 damaged, not merged: {table}/b2-000.parquet: it ")
    assert last.endswith("; run the same sweep again, which repeats those runs")
    before = sorted((path, path.stat().st_mtime_ns) for path in sweep.path.rglob("*.parquet"))
    assert compact([str(sweep.path)]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(": nothing to merge, 2 runs")
    assert sorted((path, path.stat().st_mtime_ns) for path in sweep.path.rglob("*.parquet")) == before


def _size_of_trials(sweep: Sweep) -> int:
    row = sweep.read_run("b2", 0)
    assert row is not None
    return int(row["parts"].split()[1])


_LEFT_BYTES = 16 << 10


def _fill(file: Path) -> None:
    """Let ``file`` take the space that is left, but for what a lock needs."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"0" * 1024)
    os.truncate(file, file.stat().st_size - _LEFT_BYTES)


def test_a_folder_that_cannot_be_written_is_named(sweep: Sweep) -> None:
    """With what helps this command, which takes no outputs=FOLDER."""
    measured(sweep)
    (sweep.path / ".compactor").mkdir()
    with pytest.raises(OutputsUnwritable) as caught:
        compact([str(sweep.path)])
    said, _, remedy = str(caught.value).partition("; ")
    assert said.startswith(f"cannot write results to {sweep.path}: ")
    assert remedy == "free or unlock that folder, or compact a copy of it"


def test_a_full_disk_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is lost, and what was made for it is removed."""
    with small_disk(tmp_path):
        sweep = Sweep(tmp_path / "mine")
        sweep.create()
        measured(sweep)
        measured(sweep, "b2")
        rows = _rows(sweep)
        _fill(tmp_path / "filler")
        assert compact([str(sweep.path)]) == 1
        assert capsys.readouterr().err == (
            f"cannot merge the files in {sweep.path}: No space left on device; "
            "all runs are kept, and the same command resumes with what is left\n"
        )
        assert _rows(sweep) == rows
        assert not sweep.staging.exists()


def test_a_file_system_without_exchange_is_told(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a network: the remedy is named and nothing is changed."""
    measured(sweep)
    rows = _rows(sweep)

    def refuse(*_: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(swapping, "exchange", refuse)
    assert compact([str(sweep.path)]) == 1
    assert capsys.readouterr().err == (
        f"cannot merge the files in {sweep.path}: its file system cannot exchange two folders in one step; "
        "nothing was changed; compact a copy on a local disk\n"
    )
    assert _rows(sweep) == rows


@pytest.mark.parametrize("table", ["runs", "trials"])
@pytest.mark.parametrize("place", [40, -30, -4])
def test_damage_of_a_merged_file_is_found(
    sweep: Sweep, table: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its pages, in its footer and at its end: the runs in it are moved aside with all they have, others stay."""
    monkeypatch.setattr(compacted, "MOST_RUNS", 2)
    monkeypatch.setattr(compaction, "MOST_RUNS", 2)
    for cell in ("a1", "b2", "c3", "d4"):
        measured(sweep, cell)
    sweep.compact(lambda _: None)
    file = sweep.table(table) / "compacted.a1-000.parquet"
    data = bytearray(file.read_bytes())
    data[place] ^= 4
    file.write_bytes(data)
    stored = sweep.stored()
    assert (list(stored.damaged), sorted(stored.rows)) == ([file], [("c3", 0), ("d4", 0)])
    folder = sweep.set_aside_damaged(stored)
    assert folder is not None
    assert (folder / table / file.name).read_bytes() == data
    assert _runs(sweep) == [("c3", 0), ("d4", 0)]
    assert sweep.tidy() == 0
    for other in ("spans", "trials"):
        assert {row[0] for row in _rows(sweep)[other]} == {"c3", "d4"}
    assert len(pd.read_parquet(sweep.table("spans"))) == 1000


def test_what_was_brought_back_is_moved_alone(sweep: Sweep) -> None:
    """A program for synchronising may restore the files that were merged: the merged run stays."""
    measured(sweep)
    measured(sweep, "b2")
    brought = {sweep.file(table, *KEY): sweep.file(table, *KEY).read_bytes() for table in ("runs", "trials")}
    sweep.compact(lambda _: None)
    for path, data in brought.items():
        path.write_bytes(data)
    assert set(why_damaged(sweep).values()) == {"compacted.a1-000.parquet holds that run, too"}
    assert sorted(sweep.stored().rows) == [KEY, ("b2", 0)]
    sweep.set_aside_damaged(sweep.stored())
    assert _runs(sweep) == [KEY, ("b2", 0)]
    assert len(pd.read_parquet(sweep.table("trials"))) == 100


def test_the_screen_stays_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `show` and `status` say of a sweep does not depend on how its runs are stored."""
    sample = Sample(tmp_path / "outputs" / "mine")
    for workers in (1, 2):
        for speedup in (1.4, 1.5, 1.6):
            sample.add_map(workers=workers, speedup=speedup)
    said = []
    for _ in range(2):
        for command in (show, status):
            command([str(sample.path), *(["--no-figures", "--all"] if command is show else [])])
        said.append(capsys.readouterr().out)
        assert load(sample.path).missing.empty
        compact([str(sample.path)])
        capsys.readouterr()
    assert said[0] == said[1]


def test_no_file_is_opened_for_each_run(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of runs that are merged: listing and checking them opens each file that there is at most three times."""
    for number in range(12):
        measured(sweep, f"{number:02x}")
    sweep.compact(lambda _: None)
    opened, original = list[Path](), Path.open

    def count(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path)
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", count)
    assert len(sweep.stored(check_parts=False).rows) == 12
    assert len(opened) <= 4
    opened.clear()
    assert len(sweep.stored().rows) == 12
    assert len(opened) <= 9


def test_a_run_is_found_without_the_others(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups hold whole runs in order, so that readers skip those that another run is in; a run of many rows has several."""
    monkeypatch.setattr(compacted, "GROUP_ROWS", 600)
    for number in range(6):
        cell = f"{number:02x}"
        rows = 3000 if number == 5 else 500
        commit(
            sweep,
            {"cell_id": cell, "round": 0, "status": "ok"},
            spans={"cell_id": [cell] * rows, "round": [0] * rows, "trial": list(range(rows))},
        )
    sweep.compact(lambda _: None)
    (file,) = sweep.stored_files("spans")
    groups = read_index(file)
    assert groups[:2] == [[(("00", 0), 500), (("01", 0), 500)], [(("02", 0), 500), (("03", 0), 500)]]
    (fragment,) = ds.dataset(str(file)).get_fragments()
    assert len(fragment.split_by_row_group(ds.field("cell_id") == "02")) == 1
    assert (
        len(fragment.split_by_row_group(ds.field("cell_id") == "05"))
        == sum(("05", 0) in dict(group) for group in groups)
        >= 2
    )
    assert ds.dataset(str(file)).to_table(filter=ds.field("cell_id") == "05")["trial"].to_pylist() == list(
        range(3000)
    )


def test_many_runs_are_several_files_which_small_ones_join(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file holds more runs than are to be lost with it, and few runs more do not make many files."""
    monkeypatch.setattr(compacted, "MOST_RUNS", 4)
    monkeypatch.setattr(compaction, "MOST_RUNS", 4)
    for number in range(9):
        measured(sweep, f"{number:02x}")
    sweep.compact(lambda _: None)
    assert [len(names) for names in TableFiles.of(sweep.table("spans")).compacted.values()] == [4, 4, 1]
    for number in range(9, 11):
        measured(sweep, f"{number:02x}")
    rows = _rows(sweep)
    sweep.compact(lambda _: None)
    assert [len(names) for names in TableFiles.of(sweep.table("spans")).compacted.values()] == [4, 4, 3]
    assert _rows(sweep) == rows


def test_a_folder_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folders that there are."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception, match=r"^no results folder at .*none; name another folder"):
        compact([str(tmp_path / "none")])
    assert not SweepPaths(tmp_path).compactor.exists()


def test_a_reader_that_is_overtaken_is_told(tmp_path: Path) -> None:
    """The files that it had opened are gone; what reads a whole table lists it anew, as does the same command again."""
    sample = Sample(tmp_path / "outputs" / "mine")
    cell = sample.add_map(speedup=1.5)
    lab = load(sample.path)
    assert lab.describe("trials").index[0] == "cell_id"
    compact([str(sample.path)])
    gone = sample.sweep.file("trials", cell, 0)
    with pytest.raises(ResultsUnreadable) as caught:
        next(lab.batches("trials", ["trial"]))
    assert str(caught.value) == (
        f"cannot read {gone}: No such file or directory; it was moved or merged meanwhile: type the same again, or name another folder"
    )
    assert len(lab.trials) == len(load(sample.path).trials) > 0
