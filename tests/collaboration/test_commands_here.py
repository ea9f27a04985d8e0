"""A command that a test types in its own process says what one in a new process says, and leaves no trace there."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.sweep.signals import SIGNALS
from tests.commands import Command

OWN = (
    *("workload=function", "workload.target=mine:work", "engine=debug"),
    *("model=serial", "workers=1", "rounds=1", "measure.max_time=20ms"),
)
"""A function that this process imports itself."""


@pytest.mark.parametrize(
    ("program", "typed", "code"),
    [
        ("breakeven", ["--version"], 0),
        ("breakeven", ["nonsense"], 2),
        ("runner", ["--help"], 0),
        ("runner", ["workers=0"], 2),
        ("runner", ["task=1ms,2ms", "rounds=1", "dry_run=true"], 0),
        ("runner.status", ["nowhere"], 2),
        ("analysis", ["nowhere"], 2),
    ],
    ids=str,
)
def test_it_says_the_same(
    command: Command, command_here: Command, program: str, typed: list[str], code: int
) -> None:
    """Word for word, on both streams, whether the door is left by a number or by Hydra."""
    here = command_here(*typed, program=program)
    apart = command(*typed, program=program)
    assert (here.returncode, here.stdout, here.stderr) == (code, apart.stdout, apart.stderr)
    assert apart.returncode == code


def _process() -> dict[str, Any]:
    """Return what a command may change of its process."""
    root = logging.getLogger()
    return {
        "folder": Path.cwd(),
        "variables": dict(os.environ),
        "words": [*sys.argv],
        "search path": [*sys.path],
        "streams": (sys.stdout, sys.stderr),
        "signals": {number: signal.getsignal(number) for number in SIGNALS},
        "logging": (root.level, [*root.handlers]),
        "temporary folder": tempfile.tempdir,
        "user's modules": sys.modules.keys() & {"mine", "__main__"},
    }


@pytest.mark.parametrize(
    "typed",
    [(*OWN, "sweep=mine"), ("--info", "config"), ("workers=0",)],
    ids=lambda typed: typed[0],
)
def test_nothing_of_it_is_left(command_here: Command, tmp_path: Path, typed: tuple[str, ...]) -> None:
    """Neither of a sweep that imports the user's module, nor of one that Hydra ends, nor of one that is refused."""
    (tmp_path / "mine.py").write_text("import os\n\ndef work():\n    return os.environ['MODE']\n")
    before = _process()
    done = command_here(*typed, MODE="set", TMPDIR=str(tmp_path))
    assert done.returncode == (2 if typed == ("workers=0",) else 0), done.stderr
    assert ("1/1 ok" in done.stderr) == (typed[0] == OWN[0])
    assert _process() == before


def test_each_finds_the_modules_that_are_there_now(command_here: Command, tmp_path: Path) -> None:
    """Also where they are imported into this process, and another of the same name was before."""
    for name in ("one", "three"):
        (tmp_path / "mine.py").write_text(f"def work():\n    open('{name}', 'w').close()\n    return 1\n")
        done = command_here(*OWN, f"sweep={name}")
        assert (done.returncode, (tmp_path / name).exists()) == (0, True), done.stderr
