"""The command that a page prints for a cell: typed, it measures that cell and no other."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from breakeven.analysis.summary.next_command import repeat
from breakeven.base.layout import SweepPaths
from breakeven.runner.hydra_app import task
from breakeven.runner.hydra_app.options import kept_options, read_options
from breakeven.runner.planning.plan import Plan
from tests import commands

TYPED = {
    "an experiment": "+experiment=tour",
    "an experiment with environments": "+experiment=oversubscription",
    "two experiments": "+experiment=contention,free_threading",
    "an experiment of a setting": "+experiment=tour affinity=none task=3ms",
    "an experiment with rounds": "+experiment=tour rounds=7",
    "a part of an experiment": "+experiment=tour hydra.sweeper.only=[{model:thread}]",
    "a grid": "model=thread,process workers=1,2 label='a b'",
    "rounds": "model=thread,process rounds=1,2",
    "precision": "model=thread,process precision=3% max_rounds=9 preset=fast",
    "a grid of the sweeper": '\'++hydra.sweeper.params={workers: "1,2"}\' \'++hydra.sweeper.zip=[{task: "1ms,2ms", payload: "1KiB,2KiB"}]\'',
    "a function": "workload=function workload.target=math:sqrt workload.args=[1],[2]",
    "a race": "model=thread,process workers=1,2 hydra/sweeper=race",
    "a zip of an experiment": "+experiment=zipped task=3ms",
    "a grid of one's own configuration": "--config-name own model=thread",
    "a part of a grid": "model=thread,process workers=1,2 hydra.sweeper.only=[{workers:1}]",
    "for this sweep only": "model=thread,process budget=1min on_failure=stop sweep=mine",
}
"""What starts a sweep."""


def _plan(typed: str, folder: Path, captured: pytest.CaptureFixture[str]) -> Plan:
    """Return the plan that a command shows."""
    made: list[Plan] = []

    def keep(plan: Plan, *_: object) -> None:
        made.append(plan)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(task, "show_plan", keep)
        words = [*shlex.split(typed), "dry_run=true"]
        ended = commands.run_here(captured, "breakeven", "run", *words, folder=folder)
    assert (ended.returncode, len(made)) == (0, 1), ended.stderr
    return made[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an experiment and a configuration of the user's."""
    own = tmp_path / "conf"
    (own / "experiment").mkdir(parents=True)
    zipped = (
        "hydra: {sweeper: {zip: [{workers: '1,2', payload: '1KiB,2KiB'}], params: {model: 'thread,process'}}}"
    )
    (own / "experiment" / "zipped.yaml").write_text(f"# @package _global_\n{zipped}\n")
    (own / "own.yaml").write_text(
        "defaults: [config, _self_]\nhydra: {sweeper: {params: {workers: '1,2', task: '1ms,2ms'}}}\n"
    )
    return tmp_path


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_the_command_of_a_cell_measures_that_cell(
    typed: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of its cells, with what an experiment sets beside its grids."""
    plan = _plan(typed, folder, capsys)
    path = folder / "outputs" / "a"
    path.mkdir(parents=True, exist_ok=True)
    launch = {"options": list(kept_options(read_options(shlex.split(typed))))}
    SweepPaths(path).description.write_text(yaml.safe_dump({"launches": [launch]}))
    cells = {run.cell_id: run for run in plan.runs}
    assert len(cells) > 1
    for cell in (min(cells), max(cells)):
        said = repeat(path, "\n".join(cells[cell].overrides))
        assert said.startswith("breakeven run ")
        again = _plan(said.removeprefix("breakeven run "), folder, capsys)
        assert {run.cell_id for run in again.runs} == {cell}, said
