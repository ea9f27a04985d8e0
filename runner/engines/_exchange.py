"""The shared folder between an engine and its jobs on other machines.

Orders in, answers out, written aside and renamed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

_ORDERS, _ANSWERS, _READY, _LOGS, _ALIVE = "orders", "answers", "ready", "logs", "alive"
_WAITS, _TAKEN = ".order", ".taken"
_DESERTED_S = 120.0  # after which a job believes that nobody reads its answers
_LAST_BYTES = 4096


class Exchange:
    """The engine's side.

    A job finds its orders in a folder of its own, the desk. It takes one by renaming it, so that an order is carried
    out once at most, however many jobs were started for it, and not at all once it is withdrawn.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder, readable for this user alone; remember what had to be made for it."""
        self.folder = folder
        self._made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, mode=0o700)
        for name in (_ORDERS, _ANSWERS, _READY, _LOGS):
            (folder / name).mkdir(mode=0o700)
        self.keep_alive()

    def open_desk(self, desk: str) -> None:
        """Make the folder for the orders of a job."""
        (self.folder / _ORDERS / desk).mkdir(mode=0o700, exist_ok=True)

    def put(self, desk: str, number: int, order: str) -> None:
        """Lay an order on a desk."""
        _write(self.folder / _ORDERS / desk / f"{number:08}{_WAITS}", order.encode())

    def withdraw(self, desk: str, number: int) -> bool:
        """Take an order back; return whether no job had taken it."""
        try:
            (self.folder / _ORDERS / desk / f"{number:08}{_WAITS}").unlink()
        except FileNotFoundError:
            return False
        return True

    def is_taken(self, desk: str, number: int) -> bool:
        """Return whether a job has taken an order."""
        return (self.folder / _ORDERS / desk / f"{number:08}{_TAKEN}").exists()

    def answered(self) -> list[int]:
        """Return the numbers of the orders that are answered and not read yet.

        The folder is opened anew each time: only then does a network file system ask the server what is in it.
        """
        return [int(name) for name in sorted(os.listdir(self.folder / _ANSWERS)) if not name.startswith(".")]  # noqa: PTH208  # names are all that is needed, often

    def read(self, number: int) -> bytes | None:
        """Return an answer and remove it; None without one."""
        path = self.folder / _ANSWERS / f"{number:08}"
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            return None
        path.unlink()
        return found

    def ready(self) -> dict[str, tuple[str, str]]:
        """Return by desk the job that is at it and its node."""
        found = {}
        for name in os.listdir(self.folder / _READY):  # noqa: PTH208  # like the answers
            if not name.startswith("."):
                job, _, node = (self.folder / _READY / name).read_text().partition(" ")
                found[name] = job, node
        return found

    def log(self, desk: str) -> Path:
        """Return the file for what a job prints."""
        return self.folder / _LOGS / desk

    def last_line(self, desk: str) -> str:
        """Return the last line that a job printed, empty if it printed none."""
        try:
            said = self.log(desk).read_bytes()[-_LAST_BYTES:]
        except OSError:
            return ""
        return next(
            (line.strip() for line in reversed(said.decode(errors="replace").splitlines()) if line.strip()),
            "",
        )

    def keep_alive(self) -> None:
        """Show the jobs that their answers are still read."""
        (self.folder / _ALIVE).write_bytes(os.urandom(8).hex().encode())

    def remove(self) -> None:
        """Remove the folder, and what was made for it alone."""
        shutil.rmtree(self.folder, ignore_errors=True)  # a job that ends may still write its log
        for path in self._made:
            with suppress(OSError):  # it holds something else by now
                path.rmdir()


class Desk:
    """The side of a job."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._alive = b""
        self._seen = monotonic()

    def announce(self, job: str, node: str) -> None:
        """Say that a job is at this desk, ready for orders."""
        _write(self._folder / _READY / self._name, f"{job} {node}".encode())

    def take(self) -> tuple[int, str] | None:
        """Return the number and the text of the oldest order, which is then this job's; None if there is none.

        Raise FileNotFoundError if the desk was removed.
        """
        for path in self._waiting():
            taken = path.with_suffix(_TAKEN)
            with suppress(FileNotFoundError):  # it was withdrawn
                path.rename(taken)
                return int(path.stem), taken.read_text()
        return None

    def _waiting(self) -> Iterator[Path]:
        home = self._folder / _ORDERS / self._name
        return (home / name for name in sorted(os.listdir(home)) if name.endswith(_WAITS))  # noqa: PTH208  # like the answers

    def answer(self, number: int, answer: bytes) -> None:
        """Deliver an answer; raise FileNotFoundError if the folder was removed."""
        _write(self._folder / _ANSWERS / f"{number:08}", answer)

    def is_deserted(self) -> bool:
        """Return whether the engine showed no sign of life for long; the clocks of two machines are not compared."""
        now = monotonic()
        alive = (self._folder / _ALIVE).read_bytes()
        if alive != self._alive:
            self._alive, self._seen = alive, now
        return now - self._seen > _DESERTED_S


def _write(path: Path, content: bytes) -> None:
    """Write a file aside and rename it when all of it has arrived."""
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
