"""How much work a task does, as one fresh process finds it: the whole result of a run that calibrates.

All other runs of a sweep get the amount that was found, so that cells that are compared do the same work, whatever
interpreter they are measured with.
"""

from __future__ import annotations

from typing import Optional

from .named import NamedTuple


class Calls(NamedTuple):
    """What calls of a user's function cost beside their length, in ns, by which forecasts know what a run takes.

    ``import_ns`` is the time to import it, ``inputs_ns`` that to make its ``inputs``, ``first_ns`` the length of the
    very first call; ``largest_bytes`` is the size of the largest payload either way, and ``cpus`` how many CPUs a call
    keeps busy: about 0 if it waits. ``unpicklable`` says what of a result cannot be pickled; empty for nothing.
    """

    import_ns: int
    inputs_ns: int
    inputs: int
    first_ns: int
    largest_bytes: int
    cpus: float
    unpicklable: str = ""


class CalibrationResult(NamedTuple):
    """The amount of work in a task, and the median length of a task in ns.

    The amount is None if the task sets its own; ``calls`` are those of a function.
    """

    amount: Optional[int]
    task_ns: int
    calls: Optional[Calls] = None
