"""A fixed amount of single-core work on a private deep copy of an array, one for each worker."""

from __future__ import annotations

from copy import deepcopy
from random import Random

from ._abc import Task
from ._looped import Looped
from ._resources import CPU

_BINS = 64
_ELEMENTS = 4096


class Histogram(Looped):
    """Sorts a number of elements of the array into bins, and returns a checksum of the bins."""

    BOUND = (CPU,)

    def open(self) -> Task:
        """Return the task, with its copy of the array."""
        random = Random(self.seed)
        array = deepcopy([random.randrange(_BINS) for _ in range(_ELEMENTS)])
        passes, rest = divmod(self.amount, _ELEMENTS)
        part = array[:rest]
        answer = self.answer()

        def histogram(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            bins = [0] * _BINS
            for _ in range(passes):
                for element in array:
                    bins[element] += 1
            for element in part:
                bins[element] += 1
            return check + sum(place * count for place, count in enumerate(bins)), back

        return histogram
