"""The owner of a run: which runner started it, by names in shared memory and by a mark on its processes.

The mark is the soft limit RLIMIT_RTTIME (getrlimit(2)): it acts on real-time threads alone, in microseconds,
and at this size (more than 100 000 years) on none. Unlike a variable it survives a cleared environment,
unlike a session setsid(2), unlike a parent its death: whatever a run starts has it, and nothing else does.
"""

from __future__ import annotations

import os
import re
import resource
import secrets
import string
import sys
from dataclasses import dataclass
from functools import cache

from breakeven.runner.environment.process_table import is_running, start_of

LINUX = sys.platform == "linux"

_LIMIT: int = getattr(resource, "RLIMIT_RTTIME", -1)
_MARKED = 1 << 62  # the bit that no limit set for its own sake has
_PID_BITS = 22  # PID_MAX_LIMIT of the kernel is 2**22
_PID = (1 << _PID_BITS) - 1
_NAME = re.compile("breakeven-([0-9]{1,9})-([0-9a-z]*)[0-9a-f]{4}(?:-.*)?", re.DOTALL)
_DIGITS = string.digits + string.ascii_lowercase


@dataclass(frozen=True)
class Owner:
    """A runner: its process id and, since ids are reused, its start; clock ticks since boot, 0 if unknown."""

    pid: int
    started: int

    @property
    def mark(self) -> int:
        """Return the limit that marks the processes of this runner's runs."""
        return _MARKED | self.started << _PID_BITS | self.pid

    @classmethod
    def of_mark(cls, mark: int) -> Owner | None:
        """Return the owner that a limit marks; None if it is not a mark."""
        return cls(mark & _PID, (mark & ~_MARKED) >> _PID_BITS) if mark > 0 and mark & _MARKED else None

    def name(self) -> str:
        """Return a new name for a run's folder: at most 20 characters where the system allows 31 to shared memory.

        macOS does (PSHMNAMLEN); it reports no start time, which is left out there.
        """
        return f"breakeven-{self.pid}-{_in_base_36(self.started)}{secrets.token_hex(2)}"

    @classmethod
    def of_name(cls, name: str) -> Owner | None:
        """Return the owner of a folder or segment; None if the name is not one of ours."""
        found = _NAME.fullmatch(name)
        return cls(int(found[1]), int(found[2] or "0", 36)) if found else None

    def is_gone(self) -> bool:
        """Return whether this runner is gone; a new process with its id does not count."""
        return not is_running(self.pid, self.started)


def own() -> Owner:
    """Return this process as an owner."""
    return _own(os.getpid())


@cache
def _own(pid: int) -> Owner:  # by id: a fork of this process is another owner
    return Owner(pid, start_of(pid) or 0)


def put_mark(pid: int) -> bool:
    """Mark a process, and so all that it will start; return whether that was possible.

    It is not if the hard limit is lower, or outside Linux.
    """
    if not LINUX:
        return False
    try:
        _, hard = resource.prlimit(pid, _LIMIT)
        resource.prlimit(pid, _LIMIT, (own().mark, hard))
    except (ValueError, OSError):
        return False
    return True


def mark_of(pid: int) -> int:
    """Return the limit that may be a mark; -1 for none, as for a process that is gone or another user's."""
    try:
        return resource.prlimit(pid, _LIMIT)[0]
    except (ValueError, OSError):
        return -1


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
