"""One measurement at a time on a machine, one writer of a results folder.

Both are flock(2) locks: the kernel releases them when their holder ends, however it ends. Their files name
the holder, for the messages of those that are refused or wait.
"""

from __future__ import annotations

from breakeven.runner.locks.holder import Holder
from breakeven.runner.locks.machine import HostLock, describe_holder
from breakeven.runner.locks.writer import DEAD_SECONDS, CompactorLock, SweepLock

__all__ = ["DEAD_SECONDS", "CompactorLock", "Holder", "HostLock", "SweepLock", "describe_holder"]
