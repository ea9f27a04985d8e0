"""Sweeps for benchmarks: started and read as a user would."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from breakeven.runner.environment import cpu_count, cpu_model

ROOT = Path(__file__).parents[1]


class SweepFailed(RuntimeError):
    """Raised when a sweep did not end with all of its runs, with what it said."""


def start(folder: Path, overrides: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a sweep whose results go to ``folder``; what it says on the screen goes to a file beside them.

    Of a key that is there twice, the last counts: what was typed for a benchmark replaces what it sets itself.
    """
    last = {text.partition("=")[0].lstrip("+"): text for text in overrides}
    place = (f"outputs={folder.parent}", f"sweep={folder.name}")
    command = [sys.executable, "-m", "runner", *place, *last.values()]
    with folder.with_suffix(".txt").open("wb") as said:
        return subprocess.Popen(command, stdout=said, stderr=said, cwd=ROOT)


def finish(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for a sweep; raise SweepFailed with its output if it failed."""
    if process.wait():
        raise SweepFailed(f"the sweep failed:\n{folder.with_suffix('.txt').read_text()}")


@contextmanager
def swept(*overrides: str) -> Iterator[Path]:
    """Run a sweep and yield its results folder, which is removed afterwards."""
    with TemporaryDirectory() as base:
        folder = Path(base, "sweep")
        finish(start(folder, overrides), folder)
        yield folder


def machine() -> str:
    """Return a line that describes this machine."""
    return (
        f"{cpu_count()} CPUs ({cpu_model()}), {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, load {os.getloadavg()[0]:.2f}"
    )
