"""From the command line through Hydra to stored rows, with an engine that makes them up at once."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from breakeven.runner import engines
from breakeven.runner.hydra_app.command import run as main
from breakeven.runner.locks import SweepLock
from breakeven.runner.store import Sweep
from tests.commands import changed
from tests.fakes import FakeEngine

Command = Callable[..., int]
SWEEP = ("model=thread,process", "workers=1,2", "rounds=2", "sweep=mine")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Type a command in an empty folder."""
    FakeEngine.reset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(engines.REGISTRY, "local", "tests.fakes:FakeEngine")
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
    assert "breakeven show outputs/mine" in shown.out


def test_one_cell_takes_the_same_road(command: Command) -> None:
    """Without -m and without several values there is one cell, with its rounds."""
    assert command("sweep=mine", "model=thread") == 0
    assert len(_rows()) == 5
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
        *("runs", "trials", "spans", "activity", "observations", "workers"),
        *("sweep.yaml", "events.jsonl", "sweep.log", "calibration.json", "verdicts.json"),
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
    assert "1 cell, 2 rounds, about 0:02, 1 incompatible" in capsys.readouterr().err


def test_the_same_command_carries_on(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """What is done is not done again; new cells and rounds are added."""
    assert command("-m", *SWEEP) == 0
    FakeEngine.reset()
    assert command("-m", *changed(SWEEP, "ipc=queue,simple_queue", "rounds=3")) == 0
    assert len(FakeEngine.made) == 16
    assert [run.round for run in FakeEngine.made if run.cell.ipc == "queue"] == [2] * 4
    assert len(_rows()) == 24
    assert "16 runs, 8 already done" in capsys.readouterr().err


def test_failed_runs_are_made_again_when_asked(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Else they stay failed, and the exit code says so; what they were is kept aside."""
    FakeEngine.endings = {"process": "failed"}
    assert command("-m", *SWEEP) == 1
    FakeEngine.reset()
    assert command("-m", *SWEEP) == 1
    assert FakeEngine.made == []
    assert (
        "0 runs, 4 already done, 4 failed before (retry_failed=true reruns\n   them)\n"
        in capsys.readouterr().err
    )
    assert command("-m", *SWEEP, "retry_failed=true") == 0
    assert {run.cell.model for run in FakeEngine.made} == {"process"}
    assert set(_rows().status) == {"ok"}
    (aside,) = Path("outputs/mine/aside").iterdir()
    assert set(pd.read_parquet(aside / "runs").status) == {"failed"}


def test_other_conditions_are_told_and_the_user_chooses(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep on another host stops with what changed; it can be kept, or measured again."""
    assert command("-m", *SWEEP) == 0
    monkeypatch.setattr("breakeven.runner.planning.conditions.socket.gethostname", lambda: "elsewhere")
    FakeEngine.reset()
    assert command("-m", *SWEEP) == 2
    refusal = capsys.readouterr().err
    assert "mine holds 8 runs measured under other conditions (host: " in refusal
    assert ", now elsewhere (8 runs)); measure them again with on_change=remeasure" in refusal
    assert command("-m", *SWEEP, "on_change=keep") == 0
    assert FakeEngine.made == []
    assert "kept although measured under other conditions: host: " in capsys.readouterr().err
    assert command("-m", *SWEEP, "on_change=remeasure") == 0
    assert (len(FakeEngine.made), len(_rows())) == (8, 8)
    assert len(pd.read_parquet(next(Path("outputs/mine/aside").iterdir()) / "runs")) == 8


@pytest.mark.parametrize(
    ("policy", "made", "why"),
    [
        ("on_failure=stop", 1, "stopped after a failed run (on_failure=stop)"),
        ("max_failures=3", 3, "stopped after 3 failed runs (max_failures=3)"),
        ("max_failures=9", 8, None),
    ],
)
def test_failures_end_a_sweep_where_asked(
    command: Command, capsys: pytest.CaptureFixture[str], policy: str, made: int, why: str | None
) -> None:
    """The exit code is that of failures, and the command that resumes it is given."""
    FakeEngine.endings = {"process": "crashed", "thread": "timeout"}
    assert command("-m", *SWEEP, policy) == 1
    assert len(FakeEngine.made) == made
    shown = capsys.readouterr().err
    if why is not None:
        assert shown.endswith(
            f"{why}. Resume with: breakeven run -m model=thread,process workers=1,2 rounds=2 {policy} sweep=mine\n"
        )


def test_a_dry_run_measures_nothing(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints cells, what is done of them, what cannot exist, the order and the time; nothing is written."""
    command("-m", "model=thread", "workers=1", "rounds=1", "sweep=mine")
    FakeEngine.reset()
    before = sorted(Path("outputs").rglob("*"))
    capsys.readouterr()
    assert command("-m", *SWEEP, "ipc=queue,reference", "dry_run=true") == 0
    assert (FakeEngine.made, sorted(Path("outputs").rglob("*"))) == ([], before)
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert shown.err == ""
    assert lines[:3] == [
        "cells:",
        "     1  spin 1KiB 1ms thread/queue x1  2 rounds, 1 done",
        "     2  spin 1KiB 1ms thread/reference x1  2 rounds",
    ]
    impossible = [line for line in lines if "/reference " in line and ": " in line]
    assert [line.split(": ")[0].strip() for line in impossible] == [
        f"spin 1KiB 1ms process/reference x{workers}" for workers in (1, 2)
    ]
    order = [line.split(": ")[1].split() for line in lines if line.startswith(("     0: ", "     1: "))]
    assert [sorted(round_) for round_ in order] == [list("23456"), list("123456")]
    assert lines[-1].startswith("11 of 12 runs to make: about 0:")
    assert lines[-1].endswith("(estimated from the stored runs)")


@pytest.mark.parametrize("rounds", ["rounds=9", "rounds=auto"])
def test_a_plan_that_its_budget_does_not_hold_says_so(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, rounds: str
) -> None:
    """In a dry run and when the launch begins; a budget that holds it is not named."""
    monkeypatch.setenv("COLUMNS", "200")
    swept = ("-m", "workers=range(1,5)", rounds, "sweep=mine")
    misfit = "budget=1ms holds none of the "
    assert command(*swept, "budget=1ms", "dry_run=true") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1].startswith(misfit)
    assert ": about 0:00 (" in shown[-2] or ", about 0:00 (" in shown[-2]
    assert command(*swept, "budget=100min", "dry_run=true") == 0
    assert "holds" not in capsys.readouterr().out
    command(*swept, "budget=1ms")
    assert misfit in capsys.readouterr().err


def test_a_dry_run_tells_all_cells_apart(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Where their short names are the same, by the overrides that differ."""
    assert command("-m", "model=thread", "tasks=1,2", "rounds=1", "dry_run=true") == 0
    assert capsys.readouterr().out.splitlines()[1:3] == [
        f"     {tasks}  spin 1KiB 1ms thread/queue x2 tasks={tasks}  1 round" for tasks in (1, 2)
    ]


def test_a_quiet_sweep_says_nothing(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it ends early."""
    assert command("-m", *SWEEP, "progress=quiet") == 0
    assert capsys.readouterr() == ("", "")
    FakeEngine.reset()
    FakeEngine.interrupt_at = 0
    assert command("-m", *changed(SWEEP, "rounds=3", "progress=quiet")) == 130
    assert capsys.readouterr().err.startswith("interrupted; what was measured is kept. Resume with: ")


def test_events_can_be_followed_on_stdout(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object a line and nothing else, the same lines as in the file."""
    FakeEngine.endings = {"process": "failed"}
    assert command("-m", *SWEEP, "progress=json") == 1
    shown = capsys.readouterr()
    assert (shown.err, shown.out) == ("", Path("outputs/mine/events.jsonl").read_text())
    events = [json.loads(line) for line in shown.out.splitlines()]
    assert [event["event"] for event in events] == [
        "sweep_began",
        "calibration_began",
        *("run_began", "run_ended") * 8,
        "sweep_ended",
    ]
    assert (events[-2]["ok"], events[-2]["failed"], events[-2]["seconds_left"]) == (4, 4, 0)
    assert (events[-1]["how"], events[-1]["code"]) == ("done", 1)


def test_damaged_files_are_moved_aside_and_made_again(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """A truncated row is no row, and nothing that was stored is deleted."""
    assert command("-m", *SWEEP) == 0
    damaged = next(Path("outputs/mine/runs").iterdir())
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-100])
    FakeEngine.reset()
    assert command("-m", *SWEEP) == 0
    assert len(FakeEngine.made) == 1
    assert len(_rows()) == 8
    assert "moved 1 damaged file to " in capsys.readouterr().err
    (kept,) = Path("outputs/mine/aside").rglob(damaged.name)
    assert kept.read_bytes() == whole[:-100]


def test_a_folder_that_another_process_writes_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """With who that is; nothing is measured."""
    command("-m", *SWEEP)
    FakeEngine.reset()
    with SweepLock(Path("outputs/mine").resolve()).held():
        assert command("-m", *changed(SWEEP, "rounds=3")) == 2
    assert FakeEngine.made == []
    assert f"outputs/mine is being written by pid {os.getpid()} on host " in capsys.readouterr().err


def test_every_launch_of_a_sweep_is_described(command: Command) -> None:
    """sweep.yaml keeps what was typed, the configuration they started from, the seed and the order of each."""
    command("-m", *SWEEP)
    command("-m", *SWEEP, "seed=7")
    first, second = _described()["launches"]
    assert first["overrides"] == list(SWEEP)
    assert (first["seed"], second["seed"]) == (1, 7)
    assert first["config"]["payload_out"] == "1KiB"
    assert "order" not in first
    made = [f"{run.cell_id}-{run.round}" for run in FakeEngine.made]
    assert second["order"] == made[8:]


def test_a_failed_run_does_not_end_the_sweep(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told with its reason, and the exit code says it."""
    FakeEngine.endings = {"thread": "crashed"}
    assert command("-m", *SWEEP) == 1
    assert list(_rows().status.value_counts().sort_index()) == [4, 4]
    assert "crashed spin 1KiB 1ms thread/queue x1: made up" in capsys.readouterr().err


def test_an_interrupted_sweep_says_how_to_carry_on(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is stored stays, the engine is closed, and the command to type is given in full."""
    FakeEngine.interrupt_at = 3
    assert command("-m", "workers=1,2,3", "payload='1 KiB'", "sweep=mine") == 130
    assert (len(_rows()), FakeEngine.closed) == (3, 1)
    assert capsys.readouterr().err.endswith(
        "interrupted; what was measured is kept. Resume with: "
        "breakeven run -m workers=1,2,3 'payload='\"'\"'1 KiB'\"'\"'' sweep=mine\n"
    )


def test_a_result_that_cannot_be_stored_ends_the_sweep(
    command: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A folder lost in mid-sweep is one line with the cause and the command that resumes it."""
    FakeEngine.lose_at, FakeEngine.folder = 1, tmp_path / "outputs" / "mine"
    assert command("-m", "workers=1,2,3", "sweep=mine") == 1
    assert FakeEngine.closed == 1
    lost = FakeEngine.made[1]
    path = tmp_path / "outputs" / "mine" / "runs" / f"{lost.cell_id}-{lost.round:03d}.parquet"
    assert capsys.readouterr().err.endswith(
        f"cannot store {path}: No such file or directory; what was stored before is kept, this run is not. "
        "Resume with: breakeven run -m workers=1,2,3 sweep=mine\n"
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
        "outputs/latest: Is a directory; free or unlock that folder, or choose another with outputs=FOLDER"
        in (capsys.readouterr().err)
    )
    assert FakeEngine.made == []


def test_failures_end_the_later_calls_of_a_stock_launcher_too(command: Command) -> None:
    """The first failure under on_failure=stop is the last run, though Hydra calls on."""
    FakeEngine.endings = {"process": "failed"}
    stock = ("hydra/launcher=basic", "on_failure=stop", "sweep=mine")
    assert command("-m", "workers=1,2,3", "rounds=1", *stock) == 1
    assert len(FakeEngine.made) == 1
