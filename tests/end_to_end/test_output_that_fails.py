"""What becomes of its output ends no sweep: it goes on to its last event, with the exit code of its runs."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests import commands

SWEEP = (
    *("-m", "model=thread", "workers=1,2", "rounds=1", "task=200us", "tasks=4"),
    *("measure.min_trials=2", "measure.max_time=50ms", "sweep=mine"),
)
LOST = "could not be written (No space left on device)"


def _type(folder: Path, words: tuple[str, ...], ending: str) -> subprocess.CompletedProcess[str]:
    """Type a command in a shell with ``ending`` behind it."""
    typed = f"{shlex.join(commands.module('breakeven', *words))} {ending}"
    return commands.run(["bash", "-o", "pipefail", "-c", typed], folder)


@pytest.mark.parametrize(
    ("ending", "note"),
    [
        ("2>&1 | head -1", None),
        ("progress=json | head -1", None),
        ("progress=json >/dev/full 2>/dev/full", LOST),
        ("progress=json <&- >&- 2>&-", None),
    ],
)
def test_a_sweep_goes_on(tmp_path: Path, ending: str, note: str | None) -> None:
    """Its runs, its events and its exit code are those of any other; the log says what was lost."""
    done = _type(tmp_path, SWEEP, ending)
    assert done.returncode == 0, done.stderr
    results = tmp_path / "outputs" / "mine"
    assert len(list((results / "runs").iterdir())) == 2
    *_, before, last = (json.loads(line) for line in (results / "events.jsonl").read_text().splitlines())
    assert (last["event"], last["code"]) == ("sweep_ended", 0)
    assert (before["event"] == "note" and LOST in before["text"]) == (note is not None)


def test_a_command_whose_output_is_its_product_says_that_it_is_lost(tmp_path: Path) -> None:
    """With an exit code, since what reads the file would take a part of it for the whole."""
    done = _type(tmp_path, ("--help",), ">/dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        "cannot write standard output: No space left on device\n",
    )
    assert _type(tmp_path, ("--help",), "| head -1").returncode == 0
    assert _type(tmp_path, ("--help",), "<&- >&- 2>&-").returncode == 0
