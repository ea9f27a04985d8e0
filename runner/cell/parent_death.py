"""No measured process outlives the one that started it, however that ended."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing import parent_process
from threading import Thread

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends; Linux only.

    The parent may be killed where no handler of ours runs.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415  # only here, and only on Linux

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def die_with_creator() -> None:
    """End this worker when the process that had it made ends; called once it signed in, so that no startup pays for it.

    Workers of a fork server are its children and keep it alive: what tells them is a thread that sleeps until the end
    of their creator.
    """
    creator = parent_process()
    if creator is None or creator.pid == os.getppid():
        die_with_parent()
        return

    def outlive() -> None:
        creator.join()
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=outlive, name="orphan", daemon=True).start()
