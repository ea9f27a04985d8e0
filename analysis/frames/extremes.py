"""Which of several estimates is best, if some are unknown."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def place_of_best(values: Iterable[float], *, lowest: bool = False) -> int:
    """Return the place of the first of the largest ``values``, or of the least; one that is NaN is never best.

    NumPy and Python take NaN for the best of all, or whichever comes first. If all are NaN, it is the first.
    """
    known = np.fromiter(values, np.float64)
    return int(np.argmax(np.where(np.isnan(known), -np.inf, -known if lowest else known)))
