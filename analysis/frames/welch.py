"""Welch's t between two means, many pairs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def standard_error(squares: tuple[Floats, Floats], freedom: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the standard error of the difference of two means, and its degrees of freedom.

    ``squares`` are those of the standard errors of the two means, variance by number of values, with their degrees of
    ``freedom``; a side that is known exactly has the square 0. The samples may differ in size and variance: B. L.
    Welch, *The generalization of "Student's" problem when several different population variances are involved*,
    Biometrika 34 (1947), with degrees of freedom after F. E. Satterthwaite, Biometrics Bulletin 2 (1946). Both are NaN
    where neither side varies.
    """
    total = squares[0] + squares[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = [(square / total) ** 2 / df for square, df in zip(squares, freedom, strict=True)]
        df = 1 / (weights[0] + weights[1])
    return np.sqrt(np.where(total > 0, total, np.nan)), df
