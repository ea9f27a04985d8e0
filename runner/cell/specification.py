"""The specification of a run, which the measured process reads."""

from typing import Any, Optional

from .named import NamedTuple

# Without "from __future__ import annotations": a measured process reads this record, and would compile each hint.


class Rules(NamedTuple):
    """When warm-up ends and when to stop, see ``measure`` in conf/config.yaml; ``rel_ci`` is relative.

    ``fewest`` pairs and ``least_traced`` trials stay even where the time is too short for ``min_trials`` and
    ``traced``.
    """

    warmup: int
    max_warmup: int
    min_trials: int
    max_trials: int
    max_time_ns: int
    rel_ci: float
    traced: int
    fewest: int
    least_traced: int


class Specification(NamedTuple):
    """One run: its cell, with units in the names, and how and where to measure it.

    ``amount`` is the work in a task; None, if none was calibrated before, calibrates it in the run. ``known_ns`` is the
    length of a function's call as calibrated, 0 if it is not known. One that ``calibrates`` does nothing else, and
    leaves a `CalibrationResult`. Of the inputs that a user gives the run takes ``take``, drawn for its round, all if
    that is 0; one that calibrates calls with so many of them as ``longest_trial_ns`` holds. ``time_limit_ns`` is 0 if
    nobody ends the run; ``executable`` is the interpreter, started with ``options`` and the variables of
    ``environment``, of which None removes one; ``folder`` is the run's private folder, ``path`` the directories that a
    user's function is imported from, and ``parent`` the process that waits for the result. With ``names_build`` its
    facts say how the interpreter was built.
    """

    cell_id: str
    round: int
    seed: int
    workload: str
    workload_options: dict[str, Any]
    model: str
    start_method: Optional[str]
    model_options: dict[str, Any]
    ipc: str
    ipc_options: dict[str, Any]
    pattern: str
    pattern_options: dict[str, Any]
    workers: int
    payload_bytes: int
    payload_out_bytes: int
    tasks: int
    task_ns: int
    amount: Optional[int]
    known_ns: int
    window_ns: int
    affinity: str
    time_limit_ns: int
    measure: Rules
    executable: str
    options: tuple[str, ...]
    environment: dict[str, Optional[str]]
    folder: str
    path: tuple[str, ...]
    parent: int
    calibrates: bool
    switch_interval_ns: int = 0
    gc: str = "default"
    longest_trial_ns: int = 0
    take: int = 0
    names_build: bool = False
