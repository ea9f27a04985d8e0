"""Real sweeps: every cell does the same work, calibrated once; rounds go on until precision, budget or failures end them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from breakeven.base.layout import SweepPaths
from tests.commands import Command, changed
from tests.machines import interpreters

QUICK = (
    *("model=serial", "workers=1", "task=200us", "tasks=4", "sweep=mine"),
    *("measure.min_trials=1", "measure.warmup=0", "measure.max_warmup=0", "measure.traced=0"),
)
ONE = (*QUICK, "rounds=1")
STEADY = changed(QUICK, "workload=sleep", "task=20ms", "tasks=1", "precision=99%")
"""Cells whose rounds agree within a factor of two on a machine that is busy with other work."""


def _runs(folder: Path, sweep: str = "mine") -> pd.DataFrame:
    return pd.read_parquet(folder / "outputs" / sweep / "runs")


def _calibration(folder: Path, sweep: str = "mine") -> dict[str, Any]:
    file = SweepPaths(folder / "outputs" / sweep).calibration
    (found,) = json.loads(file.read_text())["calibrations"]
    return dict(found)


def test_all_interpreters_do_the_same_work(command_here: Command, tmp_path: Path) -> None:
    """The loops were counted on that of the first cell, and how long they take elsewhere is a result."""
    paths = interpreters()[:3]
    done = command_here("-m", f"interpreter.path={','.join(paths)}", *ONE)
    assert done.returncode == 0, done.stderr
    runs = _runs(tmp_path)
    assert len(runs) == len(paths)
    assert len(set(runs["task_amount"])) == 1
    assert (_calibration(tmp_path)["interpreter"], _calibration(tmp_path)["amount"]) == (
        *(paths[0], runs["task_amount"].iloc[0]),
    )


def test_the_reference_interpreter_can_be_chosen(command_here: Command, tmp_path: Path) -> None:
    """Whichever measures."""
    reference = interpreters()[-1]
    assert command_here(f"calibrate_on={reference}", *ONE).returncode == 0
    assert _calibration(tmp_path)["interpreter"] == reference


def test_a_reference_that_does_not_exist_is_refused(command_here: Command, tmp_path: Path) -> None:
    """Before anything is measured."""
    done = command_here("calibrate_on=python0.0", *ONE)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "interpreter=python0.0 was not found" in done.stderr
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("lost", [False, True])
def test_a_sweep_that_is_carried_on_does_the_same_work(
    command_here: Command, command: Command, tmp_path: Path, lost: bool
) -> None:
    """Also if its file of calibrations was deleted: the stored runs say what they did, even to a new process."""
    assert command_here(*ONE).returncode == 0
    if lost:
        SweepPaths(tmp_path / "outputs" / "mine").calibration.unlink()
    assert command(*ONE, "label=another").returncode == 0
    assert len(set(_runs(tmp_path)["task_amount"])) == 1
    assert len(_runs(tmp_path)) == 2


def test_another_sweep_can_do_the_same_work(command_here: Command, tmp_path: Path) -> None:
    """With calibration=FOLDER; then the two can be compared, and otherwise the remedy names the knob."""
    assert command_here(*ONE).returncode == 0
    amount = int(_runs(tmp_path)["task_amount"].iloc[0])
    assert (
        command_here(
            *[text for text in ONE if text != "sweep=mine"], "calibration=outputs/mine", "sweep=same"
        ).returncode
        == 0
    )
    assert _runs(tmp_path, "same")["task_amount"].tolist() == [amount]
    compared = command_here("compare", "outputs/mine", "outputs/same", program="breakeven")
    assert compared.returncode == 0, compared.stderr


def test_stored_runs_with_other_work_are_a_changed_condition(command_here: Command, tmp_path: Path) -> None:
    """A calibration that another sweep lends, or that was edited, stops the sweep with both counts."""
    assert command_here(*ONE).returncode == 0
    file = SweepPaths(tmp_path / "outputs" / "mine").calibration
    amount = _calibration(tmp_path)["amount"]
    file.write_text(file.read_text().replace(f'"amount": {amount}', f'"amount": {2 * amount}'))
    done = command_here(*ONE)
    assert done.returncode == 2
    assert f"calibrated work of a task: {amount}, now {2 * amount} (1 run)" in done.stderr
    assert command_here(*ONE, "on_change=remeasure").returncode == 0
    assert _runs(tmp_path)["task_amount"].tolist() == [2 * amount]


def test_rounds_end_by_precision_or_their_number(command_here: Command, tmp_path: Path) -> None:
    """Five of a cell that any precision satisfies, the most of one that none does."""
    assert command_here(*STEADY).returncode == 0
    assert (
        command_here(*QUICK, "precision=0.0001%", "max_rounds=7", "budget=null", "label=exact").returncode
        == 0
    )
    runs = _runs(tmp_path)
    assert sorted(runs.groupby("cell_id").size()) == [5, 7]
    assert sorted(runs["precision"].unique()) == pytest.approx([1e-6, 0.99])


def test_a_budget_that_is_over_leaves_the_rest_for_the_next_launch(
    command_here: Command, tmp_path: Path
) -> None:
    """Nothing is measured in no time, which is no failure; the same command with more time measures."""
    assert command_here(*STEADY, "budget=1ns").returncode == 0
    assert not list((tmp_path / "outputs" / "mine" / "runs").glob("*.parquet"))
    assert command_here(*STEADY, "budget=5min").returncode == 0
    assert len(_runs(tmp_path)) == 5


def test_a_function_is_called_beforehand_and_has_its_number_of_tasks(
    command_here: Command, tmp_path: Path
) -> None:
    """As many calls as a trial holds; one that fails gets no more than three runs."""
    (tmp_path / "mine.py").write_text(
        "import time\ndef work():\n    time.sleep(0.004)\ndef bad():\n    raise ValueError('no')\n"
    )
    asked = [text for text in QUICK if not text.startswith(("task", "sweep"))]
    function = ("workload=function", "trial=40ms", "precision=99%")
    assert command_here(*asked, *function, "workload.target=mine:work", "sweep=good").returncode == 0
    (tasks,) = set(_runs(tmp_path, "good")["tasks"])
    assert 5 <= tasks <= 10
    done = command_here(*asked, *function, "workload.target=mine:bad", "sweep=bad")
    assert done.returncode == 1
    assert _runs(tmp_path, "bad")["status"].tolist() == ["failed"] * 3
    assert "incomplete" not in done.stdout
