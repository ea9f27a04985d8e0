"""Where faults are injected: separate namespaces if possible, and what is left behind in them.

    python -m benchmarks.faults.surroundings REPORT COMMAND [ARGUMENT ...]

runs a command there, waits for the end of what it started, writes to the file REPORT what is left (JSON), and
exits with the command's code.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from breakeven.runner.locks.machine import place

SHARED = Path("/dev/shm")  # noqa: S108  # the place of shared memory itself
PATIENCE_SECONDS = 60.0
_ALONE = "BREAKEVEN_FAULTS_ALONE"
_MARK = "BREAKEVEN_FAULTS_MARK"
_LOOK_SECONDS = 0.01
_OURS = ("breakeven-", "psm_", "sem.")
_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def _names() -> set[str]:
    return {path.name for path in SHARED.iterdir()}


@dataclass
class Surroundings:
    """The processes and shared memory of a place, without those that were there before.

    ``alone`` says whether no others can exist there; else processes are recognised by an environment
    variable.
    """

    alone: bool = field(default_factory=lambda: _ALONE in os.environ)
    mark: str = field(default_factory=lambda: f"{os.getpid()}-{time.time_ns()}")
    before: set[str] = field(default_factory=_names)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment for commands: this one's, marked."""
        return os.environ | {_MARK: self.mark}

    def processes(self) -> dict[int, str]:
        """Return the commands of the living processes by id, this one apart."""
        others = (pid for pid in all_pids() if pid != os.getpid())
        return {pid: command_of(pid) for pid in others if self._is_ours(pid) and is_alive(pid)}

    def shared(self) -> list[str]:
        """Return the names in shared memory that are of breakeven or multiprocessing and were not there before."""
        return sorted(name for name in _names() - self.before if name.startswith(_OURS))

    def await_nobody(self, seconds: float = PATIENCE_SECONDS) -> dict[int, str]:
        """Wait until there is no process left, at most so long; give those that are."""
        until = time.perf_counter() + seconds
        while (left := self.processes()) and time.perf_counter() < until:
            time.sleep(_LOOK_SECONDS)
        reap()
        return left

    def end_all(self) -> None:
        """Send SIGKILL to the processes that are left."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _is_ours(self, pid: int) -> bool:
        if self.alone:
            return True
        with suppress(OSError):
            return f"{_MARK}={self.mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return False


def all_pids() -> list[int]:
    """Return the id of every process there is."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def reap() -> None:
    """Reap children that ended; in its own namespace this process inherits all orphans."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def is_alive(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    return fields_of(pid)[:1] not in ([], ["Z"], ["X"])


def fields_of(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on (proc(5)); none where the process is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []


def command_of(pid: int) -> str:
    """Return the command of a process; empty if it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


# --- namespaces of its own -----------------------------------------------------------------------------------


@cache
def how_to_be_alone() -> tuple[str, ...]:
    """Return the command to start others with, so that they are in namespaces of their own.

    It is empty if that is impossible.
    """
    for more in ((), ("--user", "--map-root-user")):
        command = (*_UNSHARE, *more)
        try:
            tried = subprocess.run(
                [*command, "mount", "-t", "tmpfs", "none", str(SHARED)], capture_output=True, check=False
            )
        except FileNotFoundError:
            return ()
        if tried.returncode == 0:
            return command
    return ()


def in_surroundings(module: str, arguments: Sequence[str], begin: Callable[[], int]) -> int:
    """Call ``begin`` alone: in this process where it is, else in ``python -m module`` in new namespaces; give its code.

    Where there can be none it is called here.
    """
    if _ALONE in os.environ:
        furnish()
        return begin()
    if not how_to_be_alone():
        return begin()
    command = [*how_to_be_alone(), sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=os.environ | {_ALONE: "1"}, check=False).returncode


def furnish() -> None:
    """Mount shared memory and a lock of the machine that nobody else has."""
    _mount("-t", "tmpfs", "-o", "size=1g,mode=1777", "none", str(SHARED))
    machine = place()
    with suppress(FileExistsError):
        machine.touch(0o666, exist_ok=False)
        machine.chmod(0o666)
    descriptor, own = tempfile.mkstemp(dir=SHARED, prefix="machine-")
    os.fchmod(descriptor, 0o666)
    os.close(descriptor)
    _mount("--bind", own, str(machine))


def _mount(*arguments: str) -> None:
    mount = shutil.which("mount") or "mount"
    subprocess.run([mount, *arguments], check=True, stdout=subprocess.DEVNULL)


def run_alone(
    command: Sequence[str], folder: Path, more: Mapping[str, str], seconds: float
) -> tuple[subprocess.CompletedProcess[str], dict[str, list[str]]]:
    """Run a command in surroundings of its own, in ``folder``; give how it ended and what it left behind."""
    with tempfile.TemporaryDirectory() as base:
        report = Path(base, "left.json")
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, str(report), *command],
            cwd=folder,
            env=os.environ | dict(more),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"there is no report:\n{done.stderr}")
        return done, json.loads(report.read_text(encoding="utf-8"))


def _main() -> int:
    report, *command = sys.argv[1:]
    return in_surroundings(__spec__.name, sys.argv[1:], lambda: _run(Path(report), command))


def _run(report: Path, command: Sequence[str]) -> int:
    here = Surroundings()
    code = subprocess.run(command, env=here.environment, check=False).returncode
    processes = here.await_nobody()
    left = {"processes": [f"{pid} {what}" for pid, what in processes.items()], "shared": here.shared()}
    report.write_text(json.dumps(left), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(_main())
