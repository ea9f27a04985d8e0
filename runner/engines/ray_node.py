"""What Ray's workers are asked to do; the module imports little, since the process that asks loads it as well."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from breakeven.runner.engines.variables import restore_variables

_SET_BY_RAY = ("OMP_NUM_THREADS", "PYTHONBREAKPOINT", "CUDA_VISIBLE_DEVICES")
"""Variables that Ray sets in its workers, and that measured processes would inherit."""


def carry_out(text: str) -> bytes:
    """Carry out an order on this machine and return the answer."""
    from breakeven.runner.engines import node  # noqa: PLC0415  # a second to import, needed on nodes alone

    be_as_the_node_is()
    return node.carry_out(text)


def fitness(code: str) -> str:
    """Return why this node cannot measure for a sweep whose measuring code is ``code``, empty if it can.

    What the first run needs is loaded by then.
    """
    from breakeven.runner.engines import node  # noqa: PLC0415  # as above
    from breakeven.runner.environment import own_code  # noqa: PLC0415  # as above

    del node
    if own_code() != code:
        return "it has another version of breakeven; install the same everywhere"
    try:
        be_as_the_node_is()
    except PermissionError:
        return (
            "Ray lowers the priority of its workers there, which this user may not undo; start that node with "
            "RAY_worker_niceness=0 ray start ..."
        )
    return ""


def clear() -> None:
    """Remove what an ended worker left on this machine."""
    from breakeven.runner.host import clear_leftovers  # noqa: PLC0415  # as above

    clear_leftovers()


def be_as_the_node_is() -> None:
    """Undo what Ray changes in its workers, and what measured processes would inherit; raise PermissionError.

    Workers have a lower priority than the node (by 15), block SIGINT, and get variables. Priority and mask are of this
    thread, which starts those processes.
    """
    raylet = int(os.environ["RAY_RAYLET_PID"])
    priority = os.getpriority(os.PRIO_PROCESS, raylet)
    if os.getpriority(os.PRIO_PROCESS, 0) != priority:
        os.setpriority(os.PRIO_PROCESS, 0, priority)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with suppress(OSError):  # another system than Linux, or another user's: they stay
        restore_variables(_SET_BY_RAY, Path(f"/proc/{raylet}/environ").read_bytes())
