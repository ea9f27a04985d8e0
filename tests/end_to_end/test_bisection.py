"""`hydra/sweeper=bisect` as a user types it: real runs, interrupted by a budget and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from breakeven.base.exit_codes import EXIT_INTERRUPTED
from tests.patience import PATIENCE_S, SWEEPS_S

BISECT = (
    *("run", "hydra/sweeper=bisect", "model=thread"),
    *("measure.max_time=400ms", "measure.warmup=0", "trial=32ms"),
)


def breakeven(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type a command in a folder."""
    command = [sys.executable, "-m", "breakeven", *words]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=SWEEPS_S, check=False)


def bisect(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Bisect lines of threads, with runs that are short."""
    return breakeven(home, *BISECT, *words)


def stored(runs: Path) -> set[Path]:
    """Return the files of the runs that are stored."""
    return set(runs.glob("[!.]*.parquet"))


def interrupted(home: Path, runs: Path, *words: str) -> str:
    """Bisect until two runs are stored, press Ctrl-C, and return what was said."""
    command = [sys.executable, "-m", "breakeven", *BISECT, *words]
    with subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True) as process:
        while len(stored(runs)) < 2 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == EXIT_INTERRUPTED, said
    return said


def test_lines_are_found_and_carried_on(tmp_path: Path) -> None:
    """Tasks that sleep pay in two threads throughout; the rule is on disk before the first run and stays as it is."""
    words = ("workload=sleep", "workers=2,4", "hydra.sweeper.between=[4ms,32ms]", "sweep=mine")
    folder = tmp_path / "outputs/mine"
    said = interrupted(tmp_path, folder / "runs", *words)
    assert "a bisection of 2 lines along task from 4ms to 32ms" in said
    written = (folder / "search.json").read_text()
    before = stored(folder / "runs")
    assert 2 <= len(before) < 12
    done = bisect(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert before < stored(folder / "runs")
    assert (folder / "search.json").read_text() == written
    found = json.loads((folder / "crossings.json").read_text())["lines"]
    assert [line["found"] for line in found] == ["always", "always"]
    assert "pay throughout, 4.00 ms to 32.0 ms" in " ".join(done.stdout.split())
    table = pd.read_parquet(folder / "crossings.parquet")
    assert list(table["runs"]) == [6, 6]
    assert len(stored(folder / "runs")) == 12
    shown = breakeven(tmp_path, "show", "outputs/mine", "--figure", "bisection")
    assert shown.returncode == 0, shown.stderr
    assert (folder / "figures/bisection.png").exists()
    again = bisect(tmp_path, *words)
    assert again.returncode == 0, again.stderr
    assert len(stored(folder / "runs")) == 12


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("task=1ms",), "task=1ms: hydra/sweeper=bisect chooses the values of task"),
        (("hydra.sweeper.along=workers",), "hydra.sweeper.along=workers: no such choice"),
        (("hydra.sweeper.regret=5%",), "regret"),
        (("rounds=3",), "rounds: a bisection chooses"),
        (
            ("workload=function", "workload.target=math:pi.__abs__"),
            "hydra.sweeper.along=task: math:pi.__abs__ has a length of its own",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """Before anything runs."""
    done = bisect(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "outputs").exists()


def test_a_function_is_bisected_along_the_size_of_its_input(tmp_path: Path) -> None:
    """Sizes are made by the user's maker, and written in binary units; a function that waits longer for larger inputs pays throughout."""
    (tmp_path / "mine.py").write_text(
        "import time\n\n\ndef make(size):\n    return b'x' * size\n\n\ndef load(data):\n    time.sleep(len(data) / 2**18)\n"
    )
    done = breakeven(
        tmp_path,
        *BISECT,
        *("hydra.sweeper.along=payload", "hydra.sweeper.between=[1KiB,8KiB]", "sweep=sizes"),
        *("workload=function", "workload.target=mine:load", "workload.make_input=mine:make"),
    )
    assert done.returncode == 0, done.stderr
    assert "a bisection of 1 line along payload from 1KiB to 8KiB" in " ".join(done.stderr.split())
    assert "two threads over a queue: pay throughout, 1 KiB to 8 KiB, 6 runs" in " ".join(done.stdout.split())
    table = pd.read_parquet(tmp_path / "outputs/sizes/crossings.parquet")
    assert list(table["along"]) == ["payload"]
    assert list(table["found"]) == ["always"]
    assert bool(table["larger_pays"][0])
