"""A run that measures nothing: it finds how much work a task does, or what calls of a user's function cost."""

from __future__ import annotations

import os
from math import inf
from time import perf_counter_ns

from .calibration import CalibrationResult, Calls
from .first_calls import observe
from .records import to_json
from .result import RESULT
from .run import make_pattern, make_workload, prepare_imports, write
from .specification import Specification
from .workloads._abc import Workload


def calibrate(specification: Specification) -> None:
    """Write a `CalibrationResult` to the run's folder; raise what the task raises."""
    prepare_imports(specification)
    workload = make_workload(specification, make_pattern(specification))
    found = _amount(workload) if workload.LENGTH else _calls(workload, specification.longest_trial_ns or inf)
    write(os.path.join(specification.folder, RESULT), to_json(found).encode())


def _amount(workload: Workload) -> CalibrationResult:
    return CalibrationResult(workload.amount, observe(workload, apart=False)[0].task_ns)


def _calls(workload: Workload, within_ns: float) -> CalibrationResult:
    begin = perf_counter_ns()
    workload.open()
    imported = perf_counter_ns()
    seen, inputs = observe(workload, apart=False, within_ns=within_ns)
    calls = Calls(
        import_ns=imported - begin,
        inputs_ns=seen.inputs_ns,
        inputs=inputs.count,
        first_ns=seen.first_ns,
        largest_bytes=seen.largest_bytes,
        cpus=seen.cpus,
        unpicklable=seen.bad_result,
    )
    return CalibrationResult(None, seen.task_ns, calls)
