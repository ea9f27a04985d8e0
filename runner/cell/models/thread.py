"""`threading.Thread`: workers share the parent's interpreter, memory and GIL."""

from __future__ import annotations

import threading
from typing import Any

from ..boot import Later, Ready, start
from ._bare import Bare, serve, set_up
from ._threads import Context


class Thread(Bare):
    """One thread per worker."""

    EQUIPS = True

    def _context(self) -> Any:
        self.threads: list[threading.Thread] = []
        return Context()

    def _make(self, worker: int) -> None:
        args = (self.users, self.says, Later(self.barrier), Later((self._work, worker)))
        thread = threading.Thread(target=start, args=args, name=f"worker-{worker}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def _work(self, index: int, barrier: Any, ready: Ready) -> None:
        worker = set_up(index, self._work_of(index), self.board, barrier, ready)
        if worker is not None:
            serve(self.channel.port(index), worker, barrier)

    def _join(self, worker: int) -> None:
        self.threads[worker].join()
