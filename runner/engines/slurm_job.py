"""What a job of Slurm runs on its node: ``python -m breakeven.runner.engines.slurm_job FOLDER DESK once|stay``.

It carries out the orders on its desk, each in a fresh process: one, or all until the desk is removed. What Slurm tells
its jobs is no part of a run: a program that finds it may start its workers by Slurm's means, as MPI does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from time import monotonic, sleep
from types import FrameType

from breakeven.runner import host
from breakeven.runner.engines import node
from breakeven.runner.engines._exchange import Desk
from breakeven.runner.errors import Interrupted

ONCE, STAY = "once", "stay"
_LEAST_S, _MOST_S, _SHARE = (
    0.005,
    0.2,
    0.02,
)  # between two looks, which is a share of the time since the last order
_ABANDONED_S = 5.0
_SET_BY_SLURM = ("SLURM", "SRUN_", "PMI_", "PMIX_")


class _Job:
    """Carries out orders in a thread of its own, so that a signal is handled at any time."""

    def __init__(self, desk: Desk, *, once: bool) -> None:
        self._desk = desk
        self._once = once
        self._node = os.environ.get("SLURMD_NODENAME") or os.uname().nodename
        self._number = os.environ.get("SLURM_JOB_ID", "")
        self._executor = ThreadPoolExecutor(1)
        self._current: Future[bytes] = Future()

    def serve(self) -> None:
        """Carry out what is on the desk; raise FileNotFoundError if that is removed."""
        self._desk.announce(self._number, self._node)
        since = monotonic()
        while True:
            taken = self._desk.take()
            if taken is not None:
                number, order = taken
                self._current = self._executor.submit(node.carry_out, order, self._node)
                self._desk.answer(number, self._current.result())
                since = monotonic()
            if self._once or self._desk.is_deserted():
                return
            if taken is None:
                sleep(min(_MOST_S, max(_LEAST_S, _SHARE * (monotonic() - since))))

    def abandon(self) -> None:
        """End the current run, and let its thread clean up unless it waits for something else, such as a lock."""
        host.abandon()
        wait([self._current], _ABANDONED_S if self._current.running() else 0)


def main(arguments: Sequence[str]) -> None:
    """Carry out orders until Slurm ends the job, or nobody waits for answers any longer."""
    folder, desk, how = arguments
    job = _Job(Desk(Path(folder), desk), once=how == ONCE)
    for name in [name for name in os.environ if name.startswith(_SET_BY_SLURM)]:
        del os.environ[name]
    try:
        signal.signal(signal.SIGTERM, _end)
        job.serve()
    except FileNotFoundError:  # the sweep has ended, and removed the folder
        return
    except Interrupted:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        job.abandon()
        os._exit(128 + signal.SIGTERM)  # without the thread, if that still waits


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Interrupted


if __name__ == "__main__":
    main(sys.argv[1:])
