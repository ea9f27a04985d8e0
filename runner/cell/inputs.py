"""The inputs of a run's tasks: shared by all of them, or a fresh copy for each if the task changes its input."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from copy import deepcopy
from time import perf_counter_ns
from typing import Any, Optional

from .verification import same

_MOST_BYTES = 64 << 20  # of pickles copied at a time: as objects they take several times as much
_UNKNOWN_BYTES = 1 << 20  # of an input that cannot be pickled
_UNCHANGEABLE = (type(None), bool, int, float, complex, str, bytes)


class Template:
    """What equal copies of an object are made from, as it was at construction; `size` is in bytes.

    Its pickle, or a deep copy of an object that cannot be pickled; then the size is a guess.
    """

    def __init__(self, original: Any) -> None:
        self._pickle: Optional[bytes] = None
        try:
            self._pickle = pickle.dumps(original, pickle.HIGHEST_PROTOCOL)
            self.make()  # some objects can be pickled but not restored
        except Exception:  # noqa: BLE001  # whatever an object of the user's raises, it cannot be pickled
            self._pickle = None
            self._copy = deepcopy(original)

    @property
    def size(self) -> int:
        """Return the bytes that a copy takes, about."""
        return _UNKNOWN_BYTES if self._pickle is None else len(self._pickle)

    def make(self) -> Any:
        """Return a fresh copy."""
        return deepcopy(self._copy) if self._pickle is None else pickle.loads(self._pickle)  # noqa: S301  # our own bytes

    def differs(self, now: Any) -> bool:
        """Return whether the object, as it is now, is another than it was."""
        if self._pickle is None:
            return not same(now, self._copy)
        compared = _Compared(self._pickle)
        pickle.Pickler(compared, pickle.HIGHEST_PROTOCOL).dump(now)
        return compared.differs


class _Compared:
    """A file that compares what is written to it, so that a large pickle does not exist twice."""

    def __init__(self, expected: bytes) -> None:
        self._rest = memoryview(expected)
        self._differs = False

    def write(self, data: Any) -> int:
        """Compare the next part."""
        part = memoryview(data).cast("B")
        self._differs = self._differs or self._rest[: len(part)] != part
        self._rest = self._rest[len(part) :]
        return len(part)

    @property
    def differs(self) -> bool:
        """Return whether what was written is not what was expected."""
        return self._differs or bool(self._rest)


def template_of(original: Any) -> Optional[Template]:
    """Return the template of an object; None if it cannot be copied."""
    try:
        return Template(original)
    except Exception:  # noqa: BLE001  # an object may refuse to be copied in any way
        return None


def can_change(original: Any) -> bool:
    """Return whether a function could change an object in place."""
    return type(original) not in _UNCHANGEABLE


class Inputs:
    """The payloads of tasks 0, 1, ...: the originals in turn, or fresh copies of them made from ``templates``."""

    def __init__(self, originals: list[Any], templates: Optional[list[Template]] = None) -> None:
        self.originals = originals if templates is None else [template.make() for template in templates]
        self.templates = templates

    @property
    def count(self) -> int:
        """Return how many distinct inputs there are."""
        return len(self.originals)

    @property
    def shared(self) -> Any:
        """Return the first original if calls share it, else None."""
        return self.originals[0] if self.templates is None else None

    def stock(self, wanted: int) -> Optional[Stock]:
        """Return an empty stock for ``wanted`` calls with the first input; None if calls share it."""
        return None if self.templates is None or not wanted else Stock(self, wanted)

    def __getitem__(self, task: int) -> Any:
        """Return the payload of a task."""
        place = task % len(self.originals)
        return self.originals[place] if self.templates is None else self.templates[place].make()

    def batches(self, tasks: int, least: int) -> Iterator[list[Any]]:
        """Yield the payloads of ``tasks`` tasks in order: all at once if they are shared.

        Otherwise as many at a time as a bounded memory holds, but not fewer than ``least``.
        """
        step = tasks if self.templates is None else max(least, self.most_at_once)
        for start in range(0, tasks, step):
            yield [self[task] for task in range(start, min(start + step, tasks))]

    @property
    def most_at_once(self) -> int:
        """Return how many fresh copies may exist at a time."""
        largest = max((template.size for template in self.templates or ()), default=0)
        return max(1, _MOST_BYTES // max(largest, 1))


class Stock:
    """Fresh inputs for the calls that one worker repeats, made before the clock starts.

    If more are needed than were made, they are made between two calls; ``paused_ns`` is the time that took.
    """

    def __init__(self, inputs: Inputs, wanted: int) -> None:
        self._inputs = inputs
        self._wanted = min(wanted, inputs.most_at_once)
        self._ready: list[Any] = []
        self.paused_ns = 0

    def fill(self) -> None:
        """Make as many inputs as are missing, outside the timed part."""
        self.paused_ns = 0
        while len(self._ready) < self._wanted:
            self._ready.append(self._inputs[0])

    def take(self) -> Any:
        """Return an input that no call has seen."""
        if self._ready:
            return self._ready.pop()
        start = perf_counter_ns()
        made = self._inputs[0]
        self.paused_ns += perf_counter_ns() - start
        return made
