"""The inputs of a run's tasks: shared by all of them, or a fresh copy for each if the task changes its input."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from time import perf_counter_ns
from typing import Any, Optional

from .verification import same

_MOST_BYTES = 64 << 20  # of pickles copied at a time: as objects they take several times as much
_UNKNOWN_BYTES = 1 << 20  # of an input that cannot be pickled
_UNCHANGEABLE = (type(None), bool, int, float, complex, str, bytes)


class Template(ABC):
    """What equal copies of an object are made from, as it was at construction; ``size`` is in bytes, about."""

    size = _UNKNOWN_BYTES

    @abstractmethod
    def make(self) -> Any:
        """Return a fresh copy."""

    @abstractmethod
    def differs(self, now: Any) -> bool:
        """Return whether the object, as it is now, is another than it was."""


class Pickled(Template):
    """The pickle of an object."""

    def __init__(self, original: Any) -> None:
        self._pickle = pickle.dumps(original, pickle.HIGHEST_PROTOCOL)
        if len(self._pickle) <= _MOST_BYTES:  # a larger one would take as much memory again
            self.make()  # some objects can be pickled but not restored
        self.size = len(self._pickle)

    def make(self) -> Any:
        """Unpickle."""
        return pickle.loads(self._pickle)  # noqa: S301  # our own bytes

    def differs(self, now: Any) -> bool:
        """Compare the pickles; an object that has none any more was changed."""
        compared = _Compared(self._pickle)
        try:
            pickle.Pickler(compared, pickle.HIGHEST_PROTOCOL).dump(now)
        except Exception:  # noqa: BLE001  # what the call put into the object may refuse in any way
            return True
        return compared.differs


class Copied(Template):
    """A deep copy of an object that cannot be pickled."""

    def __init__(self, original: Any) -> None:
        self._copy = deepcopy(original)

    def make(self) -> Any:
        """Copy."""
        return deepcopy(self._copy)

    def differs(self, now: Any) -> bool:
        """Compare with the copy."""
        return not same(now, self._copy)


class Remade(Template):
    """The maker of an object that can be neither pickled nor copied and that a call uses up, such as a generator."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def make(self) -> Any:
        """Call the maker."""
        return self._make()

    def differs(self, now: Any) -> bool:
        """Return True: it is at its end after a call."""
        del now
        return True


class Uncopied(Template):
    """An object that can be neither pickled nor copied nor rebuilt."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def make(self) -> Any:
        """Return the input as it is."""
        return self._original

    def differs(self, now: Any) -> bool:
        """Return False: nothing is known."""
        del now
        return False


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


def template_of(original: Any, remake: Optional[Callable[[], Any]] = None) -> Template:
    """Return the best template of an object, from which ``remake`` rebuilds it."""
    for kind in (Pickled, Copied):
        try:
            return kind(original)
        except Exception:  # noqa: BLE001, S112  # an object may refuse to be pickled or copied in any way
            continue
    return Uncopied(original) if remake is None or not _is_used_up(original) else Remade(remake)


def _is_used_up(original: Any) -> bool:
    """Return whether an object is its own iterator: a generator, a file."""
    return isinstance(original, Iterator) and iter(original) is original


def can_change(original: Any) -> bool:
    """Return whether a function could change an object in place."""
    return type(original) not in _UNCHANGEABLE


class Inputs:
    """The payloads of tasks 0, 1, ...: the originals in turn, or fresh copies of them made from ``templates``."""

    def __init__(self, originals: list[Any], templates: Optional[Sequence[Template]] = None) -> None:
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

    @property
    def all_shared(self) -> Optional[list[Any]]:
        """Return all originals if calls share them, else None."""
        return self.originals if self.templates is None else None

    def stock(self, wanted: int) -> Optional[Stock]:
        """Return an empty stock for ``wanted`` calls with the inputs in turn; None if calls share them."""
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
    """Fresh inputs for the calls that one worker repeats, made before the clock starts: each in turn.

    If more are needed than were made, they are made between two calls; ``paused_ns`` is the time that took. Each
    time the clock starts, the first input is the first one to be taken, so the calls between must be whole turns.
    """

    def __init__(self, inputs: Inputs, wanted: int) -> None:
        self._inputs = inputs
        self._wanted = min(wanted, inputs.most_at_once)
        self._ready: deque[Any] = deque()
        self._next = 0  # the number of the one that is made next
        self.paused_ns = 0

    def fill(self) -> None:
        """Make as many inputs as are missing, outside the timed part."""
        self.paused_ns = 0
        while len(self._ready) < self._wanted:
            self._ready.append(self._make())

    def take(self) -> Any:
        """Return an input that no call has seen."""
        if self._ready:
            return self._ready.popleft()
        start = perf_counter_ns()
        made = self._make()
        self.paused_ns += perf_counter_ns() - start
        return made

    def _make(self) -> Any:
        made = self._inputs[self._next]
        self._next = (self._next + 1) % self._inputs.count
        return made
