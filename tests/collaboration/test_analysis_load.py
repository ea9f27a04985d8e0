"""Stored sweeps to frames: what counts, what is left out, what leaves the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest

from breakeven.analysis.frames.factors import label_mechanisms
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.summary.screen import summarise
from breakeven.base.schema import TABLES
from tests import commands
from tests.analysis_samples import REFUSAL, Sample, build_rich
from tests.stored import commit


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return the rich sweep."""
    return load(build_rich(tmp_path_factory.mktemp("outputs") / "rich"))


def test_a_cell_is_a_row_with_its_factors(lab: Lab) -> None:
    """One row a cell; status, reason and rounds of its runs; factors as stored."""
    assert lab.cells["status"].value_counts().to_dict() == {"ok": 42, "incompatible": 3, "timeout": 1}
    cell = lab.cells.query(
        "model == 'process' and ipc == 'queue' and workers == 4 and payload_bytes == 2**20 and pattern == 'map'"
    )
    assert cell[["rounds", "rounds_ok", "tasks", "gil_enabled"]].to_numpy().tolist() == [[2, 2, 200, True]]
    assert set(lab.cells.loc[lab.cells["status"].eq("incompatible"), "reason"]) == {REFUSAL}
    assert lab.cells.loc[lab.cells["status"].eq("ok"), "reason"].isna().all()


def test_one_good_round_makes_a_cell_ok(tmp_path: Path) -> None:
    """A cell whose first round failed and whose second ran is ok, with one good round."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    cell = sample.add_map(model="process", speedup=1.5)
    good = sample.sweep.read_run(cell, 0)
    assert good is not None
    commit(sample.sweep, good | {"status": "failed", "reason": "killed", "gil_enabled": None})
    trials = pd.read_parquet(sample.sweep.file("trials", cell, 0))
    commit(sample.sweep, good | {"round": 1, "order": 1})
    sample.store("trials", cell, 1, trials)
    lab = load(sample.path)
    row = lab.cells.loc[cell]
    assert (row["status"], row["rounds"], row["rounds_ok"]) == ("ok", 2, 1)
    assert bool(row["gil_enabled"]) is True
    assert lab.estimates.loc[cell, "samples"] == 3  # the failed round's trials do not count


def test_leftovers_of_a_run_without_its_row_are_left_out(tmp_path: Path) -> None:
    """Trials, spans and activity count only once the run's own row, the commit mark, is there."""
    sample = Sample(tmp_path / "sweep", pairs=3, rounds=2)
    kept = sample.add_map(model="process", speedup=1.5, spans=True)
    lost = sample.add_map(model="thread", speedup=1.0, spans=True)
    sample.sweep.file("runs", lost, 0).unlink()
    sample.sweep.file("runs", lost, 1).unlink()
    sample.sweep.file("runs", kept, 1).unlink()
    lab = load(sample.path)
    for frame in (lab.trials, lab.spans()):
        assert len(frame)
        assert set(frame["cell_id"]) == {kept}
        assert set(frame["round"]) == {0}


def test_spans_of_one_cell_trial_and_worker(lab: Lab) -> None:
    """A selection gives the very rows that the whole table has, and the named columns only."""
    cell = lab.cells.query(
        "model == 'thread' and workers == 4 and pattern == 'map' and status == 'ok'"
    ).index[0]
    spans = lab.spans(columns=["round", "phase", "duration_ns"], cells=[cell], trials=[16], workers=[1, 2])
    assert spans.columns.tolist() == ["round", "phase", "duration_ns"]
    files = str(lab.path / "spans" / "*.parquet")
    query = f"select count(*), sum(duration_ns) from '{files}' where cell_id = '{cell}' and trial = 16 and worker in (1, 2)"  # noqa: S608 - names are of this test
    assert (len(spans), spans["duration_ns"].sum()) == duckdb.execute(query).fetchone()


def test_other_cells_spans_stay_on_disk(lab: Lab) -> None:
    """The selection of cells is pushed down: files of other cells are not read at all."""
    cell = lab.cells.query("model == 'thread' and pattern == 'map' and status == 'ok'").index[0]
    dataset, _, where = lab._scan("spans", None, lab._select([cell], None, None))
    files = {
        Path(fragment.path).name for fragment in dataset.get_fragments() if fragment.count_rows(filter=where)
    }
    assert files == {f"{cell}-000.parquet", f"{cell}-001.parquet"}
    groups = [fragment.subset(filter=where).row_groups for fragment in dataset.get_fragments()]
    assert sum(map(len, groups)) == 2  # by their statistics alone, without reading a page


def test_pieces_and_whole_agree(lab: Lab) -> None:
    """Reading piece by piece gives as many rows as reading at once."""
    where = ds.field("worker") == 0
    pieces = sum(batch.num_rows for batch in lab.batches("spans", ["worker"], where))
    assert pieces == lab.table("spans", ["worker"], where).num_rows > 0


def test_tables_describe_themselves(lab: Lab) -> None:
    """Type and meaning of each column, as the schema stores them."""
    described = lab.describe("trials")
    assert described.loc[["wall_ns"]].to_numpy().tolist() == [
        ["int64", "duration of the timed part of the trial, in ns"]
    ]
    assert described.index.tolist() == TABLES["trials"].names


def test_latest_is_followed_once(tmp_path: Path) -> None:
    """A lab opened through the link stays with its sweep when the link moves on."""
    for name, model in (("first", "process"), ("second", "thread")):
        sample = Sample(tmp_path / name, pairs=3)
        sample.add_map(model=model, speedup=1.0)
        sample.sweep.point_latest()
        if name == "first":
            lab = load(tmp_path / "latest")
    assert lab.path == (tmp_path / "first").resolve()
    assert lab.trials["cell_id"].unique().tolist() == lab.cells.index.tolist()
    assert load(tmp_path / "latest").path == (tmp_path / "second").resolve()


def test_a_sweep_in_which_nothing_ran_loads(tmp_path: Path) -> None:
    """All frames are there, with their columns, and empty."""
    sample = Sample(tmp_path / "bad")
    sample.add_bad("incompatible", "it cannot exist", model="process", ipc="reference")
    lab = load(sample.path)
    assert lab.cells["status"].tolist() == ["incompatible"]
    frames = {
        "trials": lab.trials,
        "activity": lab.activity,
        "spans": lab.spans(),
        "observations": lab.observations,
    }
    for table, frame in frames.items():
        assert frame.empty
        assert set(frame.columns) == set(TABLES[table].names)
    assert lab.estimates.empty
    assert lab.observed.empty
    assert lab.missing.empty
    assert list(lab.missing.columns) == ["cell_id", "round", "table"]


def test_estimates_are_those_of_the_data(lab: Lab) -> None:
    """Each pattern has its own measures, near what the sample was made with, and no others."""
    estimates = lab.estimates
    speedups = estimates[estimates["pattern"].ne("pingpong")]
    assert (speedups["speedup_low"] <= speedups["speedup"]).all()
    assert (speedups["speedup"] <= speedups["speedup_high"]).all()
    assert (speedups["efficiency"] * speedups["workers"]).to_numpy() == pytest.approx(
        speedups["speedup"].to_numpy()
    )
    row = speedups.query(
        "model == 'process' and workers == 4 and ipc == 'queue' and payload_bytes == 1024 and pattern == 'map'"
    ).iloc[0]
    assert row["speedup"] == pytest.approx(1.92, rel=0.03)
    assert row["speedup_with_startup"] == pytest.approx(0.8 * row["speedup"], rel=0.03)
    assert (row["samples"], row["rounds"], row["covers"]) == (16, 2, "cell")
    messages = estimates[estimates["pattern"].eq("pingpong")]
    assert messages["speedup"].isna().all()
    assert speedups["latency_p50_ns"].isna().all()
    pipe = messages.query("ipc == 'pipe' and payload_bytes == 2**20").iloc[0]
    assert pipe["latency_p50_ns"] == pytest.approx(22e3 + 0.9 * 2**20, rel=0.05)
    assert pipe["bandwidth_bytes_per_s"] == pytest.approx(
        2 * 2**20 / (pipe["latency_p50_ns"] / 1e9), rel=0.02
    )
    window = estimates.query("pattern == 'window' and model == 'process' and workers == 2").iloc[0]
    assert window["throughput_per_s"] == pytest.approx(40_000, rel=0.02)


def test_overrides_without_a_column_tell_cells_apart(tmp_path: Path) -> None:
    """What differs between cells and is no factor is their variant; what all share is not."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for size in (10, 20):
        overrides = f"+experiment=mine\nworkload.size={size}\nmodel=process\nrounds=1"
        sample.add_map(model="process", speedup=1.0, overrides=overrides)
    assert sorted(load(sample.path).cells["variant"]) == ["workload.size=10", "workload.size=20"]


def test_importing_the_analysis_is_light(tmp_path: Path) -> None:
    """Neither the API nor the summary loads a plotting library or Hydra."""
    code = "import breakeven.analysis.summary.screen, sys; print(*{'matplotlib', 'seaborn', 'hydra'} & set(sys.modules))"
    done = commands.run(commands.script(code), tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize("kind", [list, tuple, set, iter, pd.Index, pd.Series, np.array], ids=str)
def test_a_selection_may_be_any_iterable(lab: Lab, kind: Callable[[list[Any]], Any]) -> None:
    """What pandas gives, such as part of an index, selects as a list does."""
    cell = lab.cells.query(
        "model == 'thread' and pattern == 'map' and workers == 4 and status == 'ok'"
    ).index[0]
    expected = lab.spans(["worker"], [cell], [16], [1, 2])
    assert len(expected)
    chosen = lab.spans(kind(["worker"]), kind([cell]), kind([16]), kind([1, 2]))
    pd.testing.assert_frame_equal(chosen, expected)


def test_part_of_the_index_of_cells_selects(lab: Lab) -> None:
    """As the README has it; none selects nothing, one text is one cell."""
    first = lab.cells.index[:1]
    assert lab.spans(cells=first).equals(lab.spans(cells=first[0]))
    assert lab.spans(cells=lab.cells.index[:0]).empty


def test_an_interpreter_is_named_by_version_not_by_path(tmp_path: Path) -> None:
    """Its path is neither in a label nor in the variant; a cell that never ran borrows the name."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for version, gil in (("3.9.18", True), ("3.14.0", False)):
        path = f"/opt/{version}/bin/python"
        interpreter: dict[str, Any] = {"interpreter": path, "python_version": version, "gil_enabled": gil}
        typed = f"interpreter.path={path}\nmodel.start_method=fork"
        sample.add_map(model="process", speedup=1.0, overrides=typed, **interpreter)
    nowhere = {"interpreter": "/opt/3.9.18/bin/python", "implementation": None, "python_version": None}
    sample.add_bad("incompatible", "no", model="interpreter", overrides="", **nowhere)
    sample.add_bad(
        "incompatible", "no", model="interpreter", overrides="", **nowhere | {"interpreter": "/opt/pypy3"}
    )
    cells = load(sample.path).cells
    assert set(cells["variant"]) == {""}
    assert set(label_mechanisms(cells)) == {
        "process/CPython 3.9.18",
        "process/CPython 3.14.0+GIL off",
        "interpreter/CPython 3.9.18",
        "interpreter/pypy3",
    }


def test_rounds_kept_after_an_edit_of_the_measuring_code_are_told(tmp_path: Path) -> None:
    """Stored rows that differ in the column `code` alone, as after on_change=keep."""
    sample = Sample(tmp_path / "sweep", pairs=6, rounds=2)
    cell = sample.add_map(model="process", speedup=1.5, code="before")
    assert not any("several conditions" in caution.text for caution in summarise(load(sample.path)).cautions)
    kept = sample.sweep.read_run(cell, 1)
    assert kept is not None
    commit(sample.sweep, kept | {"code": "after"})
    assert (
        "rounds of 1 of 1 cell were measured under several conditions (breakeven's own code): "
        "their interval covers that difference, too; on_change=remeasure measures them alike"
    ) in [caution.text for caution in summarise(load(sample.path)).cautions]


def test_interpreters_of_one_name_stay_apart(tmp_path: Path) -> None:
    """Two builds of one version are numbered."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for path in ("/a/python", "/b/python"):
        sample.add_map(model="process", speedup=1.0, interpreter=path)
    labels = label_mechanisms(load(sample.path).cells)
    assert sorted(labels) == ["process/CPython 3.11.7 #1", "process/CPython 3.11.7 #2"]
