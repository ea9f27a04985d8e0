"""A /dev/shm that is too small for a run is named with its size and the need, before the run starts."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.commands import QUIET, changed
from tests.faults import NOTHING, RUNNER, Done, needs_namespaces, rows, run

SHORT = (
    *("rounds=1", "measure.max_time=50ms", "tasks=4", "workers=2", "model=process", "ipc=shared_memory"),
    *(QUIET, "sweep=s"),
)


def _run(folder: Path, size: str, *knobs: str) -> Done:
    """Type a sweep where /dev/shm has a ``size``."""
    words = shlex.join(changed(SHORT, *knobs))
    return run(folder, f"mount -t tmpfs -o size={size} none /dev/shm; {RUNNER} {words}")


@needs_namespaces
@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        (
            "payload=64MiB",
            r"the slots of ipc=shared_memory \(64 MiB x 2 x 4 slots x 2 workers\) take 1 GiB: try a smaller",
        ),
        (
            "tasks=200000 task=1us",
            r"the marks of 200000 tasks in 7 lanes take 117 MiB: try fewer tasks or workers",
        ),
    ],
)
def test_a_need_that_does_not_fit_is_told(tmp_path: Path, knobs: str, told: str) -> None:
    """And nothing is ended by SIGBUS."""
    done = _run(tmp_path, "64m", *knobs.split())
    (row,) = rows(tmp_path / "outputs/s").to_dict("records")
    assert row["status"] == "failed", done.said
    assert row["reason"].startswith("/dev/shm has 6"), row["reason"]
    assert " left of 64 MiB, and " in row["reason"]
    assert re.search(told, row["reason"]), row["reason"]
    assert done.left == NOTHING


@needs_namespaces
def test_what_fits_is_measured(tmp_path: Path) -> None:
    """The smaller payload that the reason asks for."""
    done = _run(tmp_path, "64m", "payload=1MiB")
    assert (done.code, done.left) == (0, NOTHING), done.said


@needs_namespaces
def test_a_need_below_the_reserve_is_told_whole(tmp_path: Path) -> None:
    """What is free and what a run takes there are both true: fewer tasks would not help."""
    done = _run(tmp_path, "1m", "ipc=queue")
    (row,) = rows(tmp_path / "outputs/s").to_dict("records")
    assert re.match(
        r"/dev/shm has (1 MiB|1[0-9]{3} KiB) left of 1 MiB, and a run takes 1\.0[0-9]* MiB there: free some of it, or a larger",
        row["reason"],
    ), row["reason"]
    assert done.left == NOTHING
