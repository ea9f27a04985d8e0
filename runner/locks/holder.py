"""Who holds a lock: what its file says, told to others as far as it can be read."""

from __future__ import annotations

import json
import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from breakeven.base.text import printable
from breakeven.runner.environment.process_table import is_running, namespace_of, start_of

MOST_BYTES = 4096
_MOST_TEXT = 200
_MOST_PID, _MOST_TICKS = 2**31 - 1, 2**63 - 1
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that holds a lock, and what it writes; what its file does not tell is None.

    ``boot`` is the kernel's id of this boot, ``processes`` the namespace that ``pid`` belongs to, ``started`` when
    the process started, in clock ticks since boot: a process id is used again.
    """

    pid: int | None = None
    user: str | None = None
    host: str | None = None
    sweep: str | None = None
    since: datetime | None = None
    boot: str | None = None
    processes: str | None = None
    started: int | None = None

    @classmethod
    def myself(cls, sweep: str) -> Holder:
        """Describe this process, which writes ``sweep``."""
        return cls(
            pid=os.getpid(),
            user=_user(),
            host=socket.gethostname(),
            sweep=sweep,
            since=datetime.now().astimezone(),
            boot=boot(),
            processes=_processes(),
            started=start_of(os.getpid()),
        )

    @classmethod
    def read(cls, data: bytes) -> Holder:
        """Read what `encoded` gave; anybody may have written it, so all of it may be missing or wrong."""
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, Mapping):
            return cls()
        return cls(
            pid=_number(told.get("pid"), _MOST_PID),
            user=_text(told.get("user")),
            host=_text(told.get("host")),
            sweep=_text(told.get("sweep")),
            since=_moment(told.get("since")),
            boot=_text(told.get("boot")),
            processes=_text(told.get("processes")),
            started=_number(told.get("started"), _MOST_TICKS),
        )

    def encoded(self) -> bytes:
        """Return the text for the file of the lock."""
        told = asdict(self) | {"since": self.since and self.since.isoformat(timespec="seconds")}
        return json.dumps(told).encode()

    @property
    def shares_kernel(self) -> bool:
        """Return whether it runs under this very kernel, so that flock reaches it whatever the file system."""
        return self.boot is not None and self.boot == boot()

    @property
    def is_alive(self) -> bool | None:
        """Return whether the process exists; None if this process cannot see it: another machine or container."""
        if self.pid is None or not self.shares_kernel or self.processes != _processes():
            return None
        return is_running(self.pid, self.started or 0)

    @property
    def moment(self) -> str:
        """Write since when, in local time: ``14:05`` of today, else with the date."""
        return clock(self.since) if self.since else "an unknown time"


def clock(moment: datetime) -> str:
    """Write a moment in local time: ``14:05`` of today, else with the date."""
    local = moment.astimezone()
    same_day = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M}" if same_day else f"{local:%Y-%m-%d %H:%M}"


@cache
def boot() -> str:
    """Return what tells this boot of this kernel from others; the host's name where the system has no such id."""
    try:
        return _BOOT.read_text(encoding="utf-8").strip()
    except OSError:
        return socket.gethostname()


@cache
def _processes() -> str:
    return namespace_of()


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container that is given a number
        return str(os.getuid())


def _text(value: Any) -> str | None:
    return printable(value[:_MOST_TEXT]) if isinstance(value, str) else None


def _number(value: Any, most: int) -> int | None:
    return value if type(value) is int and 0 < value <= most else None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone()
    except (TypeError, ValueError, OverflowError):
        return None
