"""The contexts of `multiprocessing`, ready to start processes."""

from __future__ import annotations

import importlib
import multiprocessing
from multiprocessing import resource_tracker
from typing import Any, Optional

_STARTERS = {
    "fork": "multiprocessing.popen_fork",
    "forkserver": "multiprocessing.popen_forkserver",
    "spawn": "multiprocessing.popen_spawn_posix",
}


def context_of(method: Optional[str]) -> Any:
    """Return `multiprocessing`'s context of a start method, with all that starting a process needs imported.

    What the parent imports is charged to nobody: a program does so once, and much else may have done so before.
    """
    context = multiprocessing.get_context(method)
    importlib.import_module(_STARTERS[context.get_start_method()])
    importlib.import_module("multiprocessing.queues")
    if context.get_start_method() != "fork":
        resource_tracker.ensure_running()  # whatever shares a semaphore starts it, and so does each such worker
    return context
