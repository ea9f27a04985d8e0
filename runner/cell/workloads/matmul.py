"""Products of matrices in NumPy: bound by the CPU, in native code that releases the GIL.

The library may start threads of its own.

How many it starts is up to its environment variables: ``environment.OPENBLAS_NUM_THREADS=1`` for NumPy's wheels,
``MKL_NUM_THREADS`` for MKL, ``OMP_NUM_THREADS`` for either. By default each worker's library takes all CPUs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..member import Requirement
from ._abc import Task
from ._looped import Prepared
from ._resources import CPU

_SIDE = 256
_LARGEST = 16  # so small whole numbers that sums of their products are exact, whatever their order


class Matmul(Prepared):
    """Multiplies two square matrices ``amount`` times, into a third one."""

    OPTIONS: ClassVar[dict[str, str]] = {"side": "count"}
    BOUND = (CPU,)
    RELEASES_GIL = True
    REQUIRES = (Requirement("numpy", "numpy>=1.26", "numpy"),)

    def prepare(self) -> tuple[Any, Any, Any]:
        """Return two random matrices, and one for their product."""
        import numpy as np  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing

        side, random = self.options.get("side", _SIDE), np.random.default_rng(self.seed)
        one, other = (random.integers(_LARGEST, size=(side, side)).astype(float) for _ in range(2))
        return one, other, np.empty((side, side))

    def bind(self, data: tuple[Any, Any, Any]) -> Task:
        """Return the task."""
        loops, answer = self.amount, self.answer()
        one, other, product = data

        def multiply(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            for _ in range(loops):
                one.dot(other, product)
            return check + int(product[0, 0] + product[-1, -1]) * (loops > 0), back

        return multiply
