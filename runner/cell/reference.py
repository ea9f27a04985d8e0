"""The serial results of a run's inputs, against which parallel results are checked."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

from .errors import WrongResult
from .workloads import Workload

_SHOWN = 60


class Reference:
    """Inputs and their serial results. ``task`` is the parent's own copy of the task.

    ``bytes_in`` and ``bytes_back`` are the sizes of one payload each way: of the bytes themselves, or of the
    pickle of any other Python object.
    """

    def __init__(self, workload: Workload) -> None:
        self.inputs = workload.inputs()
        self.task = workload.open()
        self.expected = [self.task(payload) for payload in self.inputs]
        self.bytes_in = size_of(self.inputs[0])
        self.bytes_back = size_of(self.expected[0][1])

    def items(self, count: int) -> list[Any]:
        """Return the payloads of ``count`` tasks: the inputs in turn."""
        inputs = self.inputs
        return [inputs[task % len(inputs)] for task in range(count)]

    def check(self, results: Iterable[tuple[int, Any]], moment: str) -> None:
        """Compare the results of tasks 0, 1, ... with the serial ones; raise WrongResult."""
        expected = self.expected
        for task, (value, back) in enumerate(results):
            right, right_back = expected[task % len(expected)]
            if value != right or not same(back, right_back):
                raise WrongResult(
                    f"task {task} of {moment} returned a different result from the serial call: "
                    f"{_show(value, back)} instead of {_show(right, right_back)}; "
                    "a function must return the same result for the same input"
                )


def size_of(payload: Any) -> int:
    """Return the bytes of a payload, 0 for none."""
    if payload is None:
        return 0
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return len(payload)
    return len(pickle.dumps(payload, pickle.HIGHEST_PROTOCOL))


def same(found: Any, expected: Any) -> bool:
    """Return whether two results are equal.

    Objects that ``==`` does not decide (arrays, NaN) are compared by their pickles after a round trip, which
    evens out how parts are shared within them.
    """
    if found is expected:
        return True
    equal = found == expected
    if isinstance(equal, bool) and (equal or isinstance(expected, bytes)):
        return equal
    return _normal(found) == _normal(expected)


def _normal(result: Any) -> bytes:
    once = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
    return pickle.dumps(pickle.loads(once), pickle.HIGHEST_PROTOCOL)  # noqa: S301  # our own bytes


def _show(value: int, back: Any) -> str:
    text = repr(back)
    return f"({value}, {text if len(text) <= _SHOWN else text[:_SHOWN] + '...'})"
