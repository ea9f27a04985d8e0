"""The serial results of a run's inputs, against which parallel results are checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional

from .errors import WrongResult
from .inputs import Inputs, can_change, template_of
from .off_heap import bytes_of
from .sizes import mean_size, size_of
from .workloads import Workload


class Reference:
    """Inputs and their serial results. ``task`` is the parent's own copy of the task.

    ``sizes_in`` are the sizes of the payloads, and ``bytes_in`` and ``bytes_back`` the mean sizes of one each way: of
    the bytes themselves, or of the pickle of any other Python object, None if one has none. ``task_ns`` is about the
    length of a task.
    """

    def __init__(self, workload: Workload, inputs: Optional[Inputs] = None, task_ns: int = 1) -> None:
        self.task_ns = task_ns
        self.inputs = Inputs(workload.inputs()) if inputs is None else inputs
        self.task = workload.open()
        self.verification = workload.verification()
        self.hooks = workload.hooks()
        with self.hooks.around():
            self.expected = [self._expect(self.inputs[place], workload) for place in range(self.inputs.count)]
        self.sizes_in = [size_of(original) for original in self.inputs.originals]
        self.bytes_in = mean_size(self.sizes_in)
        self.bytes_back = mean_size([size_of(back) for _, back in self.expected])

    def _expect(self, payload: Any, workload: Workload) -> tuple[int, Any]:
        """Return what the serial call returns; a copy, since the next call may return the same object, changed."""
        value, back = self.task(payload)
        return value, template_of(back).make() if workload.FOREIGN and can_change(back) else back

    def check(self, results: Iterable[tuple[int, Any]], moment: str, first: int = 0) -> None:
        """Compare the results of tasks ``first``, ``first + 1``, ... with the serial ones; raise WrongResult."""
        expected = self.expected
        for task, (value, found) in enumerate(results, first):
            right, right_back = expected[task % len(expected)]
            back = (
                bytes_of(found, right_back) if type(found) is memoryview else found
            )  # a channel's own memory
            differs = self.verification.difference(back, right_back)
            if value != right or differs is not None:
                where = differs if value == right else f"checksum: {value} instead of {right}"
                raise WrongResult(
                    f"task {task} of {moment} returned a different result from the serial call: {where}; "
                    f"{self.verification.remedy(back, right_back)}"
                )
