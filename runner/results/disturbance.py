"""Find the trials that other processes disturbed, from the kernel's counters during the trial.

Trials are marked here, never dropped; the analysis reports its figures with and without them. The rule
requires a certain share of the trial's time, and counters that move in ticks are taken at the least they can
mean, so that every marked trial really was disturbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from breakeven.base.disturbances import FOREIGN, NATIVE, STEAL, THROTTLING
from breakeven.runner.cell.meter import TICK_NS
from breakeven.runner.cell.result import TrialRecord
from breakeven.runner.cell.sampling import SERIAL

SHARE = 0.05


@dataclass(frozen=True)
class Judge:
    """The rule for the trials of a run with ``workers`` workers, which may use ``cpus`` CPUs."""

    workers: int
    cpus: int
    share: float = SHARE

    def __call__(self, trials: Sequence[TrialRecord]) -> list[str | None]:
        """Return what disturbed each trial; None for an undisturbed one."""
        waited = {trial.block for trial in trials if trial.kind == SERIAL and self._was_kept_waiting(trial)}
        met = NATIVE if any(map(self._has_native_threads, trials)) else FOREIGN
        return [", ".join(self._causes(trial, trial.block in waited, met)) or None for trial in trials]

    def _causes(self, trial: TrialRecord, waited: bool, met: str) -> list[str]:
        found = {
            STEAL: self._was_stolen_from(trial),
            THROTTLING: (trial.throttled_ns or 0) > 0,
            met: self._met_others(trial, waited),
        }
        return [cause for cause, applies in found.items() if applies]

    def _has_native_threads(self, trial: TrialRecord) -> bool:
        """Return whether our processes had further threads, such as those of BLAS.

        They go on for some ms after a trial, in the workers while the parent has its own: what had a CPU then may be
        one of them.
        """
        return trial.other_cpu_ns > self.share * trial.wall_ns

    def _was_stolen_from(self, trial: TrialRecord) -> bool:
        """Return whether a share of the trial's CPUs was stolen, less a tick that may have begun earlier."""
        lanes = 1 if trial.kind == SERIAL else min(self.workers, self.cpus)
        return (trial.steal_ns or 0) - TICK_NS > self.share * lanes * trial.wall_ns

    def _was_kept_waiting(self, trial: TrialRecord) -> bool:
        """Return whether any of our threads was ready to run but had no CPU for a share of the trial."""
        return (trial.longest_wait_ns or 0) > self.share * trial.wall_ns

    def _met_others(self, trial: TrialRecord, waited: bool) -> bool:
        """Return whether our threads waited for a CPU that other processes used.

        A serial trial has one thread, which cannot wait for another of ours. In a parallel trial our threads
        wait for each other, and each starts some time after its wake-up: there, waiting counts only if other
        processes are seen to have run, by the ticks of our CPUs or, since these are coarse, by the serial
        trial of the same block.
        """
        if not self._was_kept_waiting(trial):
            return False
        alone = trial.kind == SERIAL
        return alone or waited or self._others_ran_ns(trial) > self.share * trial.wall_ns

    def _others_ran_ns(self, trial: TrialRecord) -> int:
        """Return the least time that our CPUs were busy with other processes."""
        if trial.busy_ns is None:
            return 0
        return trial.busy_ns - trial.cpu_ns - self.cpus * TICK_NS
