"""Ends a run whose worker process died, since nobody would ever answer for it."""

from __future__ import annotations

import os
import sys
from multiprocessing import connection
from threading import Thread
from typing import Any

EXIT_WORKER_DIED = 70


class Watch:
    """A thread that sleeps until one of ``processes`` ends; it takes no CPU time in between.

    The parent may be blocked in a read that cannot be interrupted, so the process ends at once (`os._exit`): what
    was measured in this run so far has no partner any more.
    """

    def __init__(self, processes: list[Any]) -> None:
        self._processes = processes
        self._wake, self._asleep = connection.Pipe()
        self._thread = Thread(target=self._sleep, name="watch", daemon=True)
        self._thread.start()

    def _sleep(self) -> None:
        ended = connection.wait([self._asleep, *(process.sentinel for process in self._processes)])
        if self._asleep in ended:
            return
        worker, process = next(
            (number, process) for number, process in enumerate(self._processes) if process.sentinel in ended
        )
        process.join()
        code = process.exitcode
        how = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        sys.stderr.write(f"worker {worker} {how} in the middle of the run\n")
        sys.stderr.flush()
        os._exit(EXIT_WORKER_DIED)

    def end(self) -> None:
        """Stop watching: from now on processes may end."""
        self._wake.send(None)
        self._thread.join()
        self._wake.close()
        self._asleep.close()
