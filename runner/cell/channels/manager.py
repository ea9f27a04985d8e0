"""`multiprocessing.Manager().Queue()`: queues in a process of their own.

Each call of a proxy is a request to that process.

The server listens on a socket in a folder that only this user can enter, and takes requests from who knows the
processes' key. It ends with the process that started it, however that ended.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.managers import SyncManager
from typing import Any, Optional

from ..parent_death import die_with_creator
from ..spaces import BY_HANDLE
from ._abc import Room
from ._private import PrivatePaths
from ._shared import SharedQueues


class Manager(SharedQueues):
    """Two queues in the server; `put` waits until the server has the object, `get` until it has one."""

    JOINS = BY_HANDLE
    ALWAYS_PICKLES = True
    KIND = "Queue"

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        self.paths = PrivatePaths(room)
        starts = context if hasattr(context, "Process") else multiprocessing.get_context()
        self.manager = SyncManager(self.paths.path("manager"), ctx=starts)
        self.manager.start(initializer=die_with_creator)
        super().__init__(self.manager, room, options)

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: the server takes everything that is put."""
        return None

    def close(self) -> None:
        """End the server."""
        self.manager.shutdown()
        self.paths.remove()
