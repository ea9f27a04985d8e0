"""The holder of a lock, as written to the lock's file and read from it by others."""

from __future__ import annotations

import json
import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any

from breakeven.base.json_text import json_text
from breakeven.base.text import printable
from breakeven.runner.environment import system
from breakeven.runner.environment.process_table import is_running, namespace_of, start_of

MOST_BYTES = 4096
_MOST_TEXT = 200
_MOST_PID, _MOST_TICKS = 2**31 - 1, 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that holds a lock, and the sweep it writes; a field that its file lacks is None.

    ``boot`` is the kernel's id of this boot, ``processes`` the namespace that ``pid`` belongs to, ``started``
    when the process started, in clock ticks since boot: process ids are reused.
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
    def this_process(cls, sweep: str) -> Holder:
        """Return the holder that describes this process, which writes ``sweep``."""
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
        """Parse the output of `encoded`; anyone may have written it, so any field may be missing or wrong."""
        try:
            fields = json.loads(data)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, Mapping):
            return cls()
        return cls(
            pid=_number(fields.get("pid"), _MOST_PID),
            user=_text(fields.get("user")),
            host=_text(fields.get("host")),
            sweep=_text(fields.get("sweep")),
            since=_moment(fields.get("since")),
            boot=_text(fields.get("boot")),
            processes=_text(fields.get("processes")),
            started=_number(fields.get("started"), _MOST_TICKS),
        )

    def encoded(self) -> bytes:
        """Return the content of the lock's file."""
        fields = asdict(self) | {"since": self.since and self.since.isoformat(timespec="seconds")}
        return json_text(fields).encode()

    @property
    def shares_kernel(self) -> bool:
        """Return whether the holder runs under this kernel, so that flock works whatever the file system."""
        return self.boot is not None and self.boot == boot()

    @property
    def is_alive(self) -> bool | None:
        """Return whether the process exists; None if it is on another machine or in another container."""
        if self.pid is None or not self.shares_kernel or self.processes != _processes():
            return None
        return is_running(self.pid, self.started or 0)

    @property
    def moment(self) -> str:
        """Return the time since which the lock is held, as `clock` formats it."""
        return clock(self.since) if self.since else "an unknown time"


def clock(moment: datetime) -> str:
    """Format a moment in local time: ``14:05`` if it is today, else with the date."""
    local = moment.astimezone()
    same_day = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M}" if same_day else f"{local:%Y-%m-%d %H:%M}"


@cache
def boot() -> str:
    """Return the id of this boot, which does not change while this process lives."""
    return system.boot()


@cache
def _processes() -> str:
    return namespace_of()


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container that runs under a bare user id
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
