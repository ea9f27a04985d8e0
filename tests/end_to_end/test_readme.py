"""The code of the README, and of the page on loading results, runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from breakeven.analysis.frames.load import load
from tests import commands
from tests.commands import QUIET, ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SHORT = ("rounds=1", "tasks=4", "task=200us", "measure.min_trials=2", "measure.max_time=50ms")


RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def _blocks(language: str, text: str = TEXT) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    assert found
    return found


def _run(folder: Path, *arguments: str) -> None:
    done = commands.run(commands.module("runner", *arguments, QUIET), folder, {"PATH": ""})
    assert done.returncode == 0, done.stderr


def test_the_snippets_read_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both Python blocks work on a real sweep, one after the other, in its folder."""
    _run(tmp_path, "-m", "model=thread,process", "workers=1,2", "sweep=channels", *SHORT)
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    for block in _blocks("python") + _blocks("python", RESULTS):
        exec(compile(block, "a page", "exec"), known)  # noqa: S102  # our own text
    assert len(known["runs"]) == 4
    assert known["workers"].phase.nunique() > 3
    assert len(known["lab"].cells) == 4


def test_the_snippets_read_a_sweep_of_which_every_run_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables without rows have no file, and their columns all the same."""
    (tmp_path / "mine.py").write_text("def fail():\n    raise ValueError('no such luck')\n")
    words = ("workload=function", "workload.target=mine:fail", "model=thread", "workers=1,2", *SHORT[:1])
    done = commands.run(commands.module("runner", *words, QUIET), tmp_path, {"PATH": ""})
    assert done.returncode == 1, done.stderr
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    for block in _blocks("python"):
        exec(compile(block, "a page", "exec"), known)  # noqa: S102  # our own text
    assert len(known["runs"]) == 2
    assert known["ok"].empty
    lab = load("outputs/latest")
    for table in (lab.trials, lab.workers, lab.spans(), lab.activity, lab.observations):
        assert table.empty
        assert {"cell_id", "round"} < set(table.columns)


def test_the_experiment_runs_from_a_folder_of_ones_own(tmp_path: Path) -> None:
    """The YAML block is a sweep of every combination it names."""
    (block,) = _blocks("yaml")
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "mine.yaml").write_text(block)
    _run(tmp_path, "--config-dir", str(tmp_path / "mine"), "+experiment=mine", *SHORT[0:2], *SHORT[3:])
    axes = yaml.safe_load(block)["hydra"]["sweeper"]["params"]
    runs = pd.read_parquet(tmp_path / "outputs" / "mine" / "runs")
    assert len(runs) == len(axes["model"].split(",")) * len(axes["task"].split(","))


def test_two_screens_hold_it_all_and_the_first_one_the_commands() -> None:
    """What one reads before anything is typed has a picture and the two commands; details are in docs/."""
    lines = TEXT.splitlines()
    first = lines[:50]
    assert len(lines) <= 120
    assert all(len(line) <= 120 for line in lines)
    assert any(line.startswith("![") for line in first)
    assert [line.split("#")[0].strip() for line in first if line.startswith("make ")] == [
        "make demo",
        "make test",
    ]


def test_its_pictures_and_pages_are_there() -> None:
    """No link leads to a file that is missing."""
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
