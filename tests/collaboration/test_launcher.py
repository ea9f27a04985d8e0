"""From the command line through Hydra to stored rows, with an engine that makes them up at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from runner import engines
from runner.__main__ import main
from runner.store import Sweep
from tests.fakes import FakeEngine

Command = Callable[..., int]
SWEEP = ("model=thread,process", "workers=1,2", "rounds=2", "sweep=mine")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Type a command in an empty folder."""
    FakeEngine.reset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engines, "load", lambda _: FakeEngine)
    return lambda *arguments: main(arguments)


def _rows(name: str = "mine") -> pd.DataFrame:
    return pd.read_parquet(Path("outputs") / name / "runs")


def _described(name: str = "mine") -> Any:
    return yaml.safe_load(Sweep(Path("outputs") / name).description.read_text())


def test_every_cell_is_measured_in_every_round(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """A grid of four cells with two rounds has eight rows, and the end tells what to type next."""
    assert command("-m", *SWEEP) == 0
    rows = _rows()
    assert len(rows) == len(rows.drop_duplicates(["cell_id", "round"])) == 8
    assert [(run.order, run.round) for run in FakeEngine.made] == [(place, place // 4) for place in range(8)]
    assert FakeEngine.closed == 1
    shown = capsys.readouterr()
    assert "8/8 ok spin" in shown.err
    assert "analysis outputs/mine" in shown.out


def test_one_cell_takes_the_same_road(command: Command) -> None:
    """Without -m and without several values there is one cell, with its rounds."""
    assert command("sweep=mine", "model=thread") == 0
    assert len(_rows()) == 3
    assert _described()["launches"][0]["overrides"] == ["sweep=mine", "model=thread"]


def test_latest_leads_to_the_sweep(command: Command) -> None:
    """outputs/latest is the one that was started last."""
    command("sweep=first", "rounds=1")
    command("sweep=second", "rounds=1")
    assert Path("outputs/latest").resolve() == Path("outputs/second").resolve()


def test_hydra_writes_nothing(command: Command) -> None:
    """The results folder is all that appears."""
    command("-m", *SWEEP)
    assert [path.name for path in Path().iterdir()] == ["outputs"]
    assert {path.name for path in Path("outputs/mine").iterdir()} == {
        *("runs", "trials", "spans", "activity", "workers", "sweep.yaml"),
    }


def test_what_cannot_exist_is_a_row_with_a_reason(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the grid runs, and the exit code is that of success."""
    assert command("-m", "model=thread,process", "ipc=reference", "rounds=2", "sweep=mine") == 0
    rows = _rows()
    assert sorted(zip(rows.model, rows.status, strict=True)) == [
        ("process", "incompatible"),
        *2 * [("thread", "ok")],
    ]
    assert "reference" in rows.reason.dropna().item()
    assert "2 runs, 1 incompatible" in capsys.readouterr().err


def test_the_same_command_carries_on(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """What is done is not done again; new cells are added; failed ones are tried again."""
    FakeEngine.endings = {"process": "failed"}
    assert command("-m", *SWEEP) == 1
    FakeEngine.reset()
    assert command("-m", *SWEEP, "ipc=queue,pipe") == 0
    assert [(run.cell.model, run.cell.ipc) for run in FakeEngine.made].count(("thread", "queue")) == 0
    assert len(FakeEngine.made) == 12
    assert len(_rows()) == 16
    assert "12 runs, 4 already done" in capsys.readouterr().err


def test_every_launch_of_a_sweep_is_described(command: Command) -> None:
    """sweep.yaml keeps what was typed, the configuration they started from, the seed and the order of each."""
    command("-m", *SWEEP)
    command("-m", *SWEEP, "seed=7")
    first, second = _described()["launches"]
    assert first["overrides"] == list(SWEEP)
    assert (first["seed"], second["seed"]) == (1, 7)
    assert first["config"]["payload_out"] == "1KiB"
    assert len(first["order"]) == 8
    rows = _rows()
    assert set(first["order"]) | set(second["order"]) == {
        f"{row.cell_id}-{row['round']}" for _, row in rows.iterrows()
    }


def test_a_failed_run_does_not_end_the_sweep(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told with its reason, and the exit code says it."""
    FakeEngine.endings = {"thread": "crashed"}
    assert command("-m", *SWEEP) == 1
    assert list(_rows().status.value_counts().sort_index()) == [4, 4]
    assert "crashed spin thread x1 queue map 1KiB 1ms: made up" in capsys.readouterr().err


def test_an_interrupted_sweep_says_how_to_carry_on(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is stored stays, the engine is closed, and the command to type is given in full."""
    FakeEngine.interrupt_at = 3
    assert command("-m", "workers=1,2,3", "payload='1 KiB'", "sweep=mine") == 130
    assert (len(_rows()), FakeEngine.closed) == (3, 1)
    assert capsys.readouterr().err.endswith(
        "interrupted; what was measured is kept. Carry on with: "
        "breakeven -m workers=1,2,3 'payload='\"'\"'1 KiB'\"'\"'' sweep=mine\n"
    )


def test_a_result_that_cannot_be_stored_ends_the_sweep(
    command: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A folder lost in mid-sweep is one line with the cause and the command that carries on."""
    FakeEngine.lose_at = 1
    assert command("-m", "workers=1,2,3", "sweep=mine") == 1
    assert FakeEngine.closed == 1
    lost = FakeEngine.made[1]
    path = tmp_path / "outputs" / "mine" / "runs" / f"{lost.cell_id}-{lost.round:03d}.parquet"
    assert capsys.readouterr().err.endswith(
        f"cannot store {path}: No such file or directory; what was stored before is kept, this run is not. "
        "Carry on with: breakeven -m workers=1,2,3 sweep=mine\n"
    )


def test_a_run_carries_what_it_needs(command: Command, tmp_path: Path) -> None:
    """The overrides of its cell, its configuration, and the folder where the command was typed."""
    command("-m", *SWEEP, "task=1ms")
    run = next(run for run in FakeEngine.made if (run.cell.model, run.cell.workers) == ("thread", 2))
    assert run.overrides == ("model=thread", "workers=2", "rounds=2", "sweep=mine", "task=1ms")
    assert run.path == tmp_path
    assert run.config["workers"] == 2


def test_an_experiment_brings_its_grids(command: Command) -> None:
    """They are concatenated, and what is typed replaces a key in each of them."""
    assert command("+experiment=tour", "workers=2", "rounds=1", "sweep=mine") == 0
    rows = _rows()
    assert set(rows.workers) == {2}
    assert set(rows.pattern) == {"map", "window", "pingpong"}
    assert set(rows.loc[rows.model == "serial", "status"]) == {"incompatible"}


def test_a_grid_can_be_given_in_a_folder_of_ones_own(command: Command, tmp_path: Path) -> None:
    """--config-dir adds choices and experiments beside those that come along."""
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "small.yaml").write_text(
        "# @package _global_\nrounds: 1\nhydra: {sweeper: {params: {model: thread}, grids: [{tasks: '1,2'}, {tasks: 3}]}}\n"
    )
    assert command("--config-dir", "own", "+experiment=small", "sweep=mine") == 0
    assert sorted(_rows().tasks) == [1, 2, 3]


def test_hydras_own_launcher_and_mode_work(command: Command) -> None:
    """A stock launcher calls with one configuration after the other; a named sweep takes them all."""
    assert command("-m", "workers=1,2", "rounds=1", "sweep=mine", "hydra/launcher=basic") == 0
    assert command("workers=3", "rounds=1", "sweep=mine", "hydra.mode=RUN") == 0
    assert sorted(_rows().workers) == [1, 2, 3]


def test_a_refusal_under_hydras_own_launcher_is_one_line(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hydra's words about a failed job do not appear."""
    assert command("workers=0", "hydra.mode=RUN") == 2
    assert (
        capsys.readouterr().err
        == "workers=0: not a whole number from 1 to 4096; write one, such as workers=2\n"
    )


def test_latest_that_is_in_the_way_is_refused(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder called latest is never removed."""
    Path("outputs/latest/mine").mkdir(parents=True)
    assert command("sweep=mine") == 2
    assert (
        "outputs/latest: Is a directory; free or unlock it, or choose another folder with outputs=FOLDER"
        in (capsys.readouterr().err)
    )
    assert FakeEngine.made == []
