"""Sums of groups in a pandas frame: bound by the CPU, half in Python code and half in C that releases the GIL."""

from __future__ import annotations

from typing import Any, ClassVar

from ..member import Requirement
from ._abc import Task
from ._looped import Prepared
from ._resources import CPU

_ROWS, _GROUPS = 10_000, 100
_LARGEST = 1000


class PandasGroupby(Prepared):
    """Groups the rows of a frame by a column and sums another one, ``amount`` times."""

    OPTIONS: ClassVar[dict[str, str]] = {"rows": "count"}
    BOUND = (CPU,)
    RELEASES_GIL = True
    REQUIRES = (Requirement("pandas", "pandas>=2.2", "pandas"),)

    def prepare(self) -> Any:
        """Return a frame of the worker's own."""
        import numpy as np  # noqa: PLC0415  # comes with what is measured
        import pandas as pd  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing

        random, rows = np.random.default_rng(self.seed), self.options.get("rows", _ROWS)
        columns = {
            "group": random.integers(_GROUPS, size=rows),
            "value": random.integers(_LARGEST, size=rows),
        }
        return pd.DataFrame(columns)

    def bind(self, data: Any) -> Task:
        """Return the task."""
        loops, answer = self.amount, self.answer()

        def group(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            total = 0
            for _ in range(loops):
                total += int(data.groupby("group")["value"].sum().to_numpy()[0])
            return check + total, back

        return group
