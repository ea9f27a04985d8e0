"""One measurement at a time on a machine, one writer of a results folder.

Both are flock(2) locks: the kernel lets go of them when their holder ends, however it ends. Their files say who holds
them, for those who are refused or wait.
"""

from __future__ import annotations

from breakeven.runner.locks.holder import Holder
from breakeven.runner.locks.machine import HostLock, told
from breakeven.runner.locks.writer import DEAD_SECONDS, SweepLock

__all__ = ["DEAD_SECONDS", "Holder", "HostLock", "SweepLock", "told"]
