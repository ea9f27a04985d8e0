"""`threading.Thread`: workers share the parent's interpreter, memory and GIL."""

from __future__ import annotations

import threading
from typing import Any

from ._bare import Bare, serve, set_up
from ._threads import Context


class Thread(Bare):
    """One thread per worker."""

    def _context(self) -> Any:
        self.threads: list[threading.Thread] = []
        return Context()

    def _make(self, worker: int) -> None:
        thread = threading.Thread(target=self._work, args=(worker,), name=f"worker-{worker}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def _work(self, worker: int) -> None:
        ready = set_up(worker, self.work, self.board, self.barrier)
        if ready is not None:
            serve(self.channel.port(worker), ready, self.barrier)

    def _join(self, worker: int) -> None:
        self.threads[worker].join()
