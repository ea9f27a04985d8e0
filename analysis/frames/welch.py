"""Welch's t between two means, many pairs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def standard_error(variances: tuple[Floats, Floats], counts: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the standard error of the difference of two means, and its degrees of freedom.

    ``variances`` are those of the samples, of ``counts`` values each; a side that is known exactly has the variance 0. The
    samples may differ in size and variance: B. L. Welch, *The generalization of "Student's" problem when several
    different population variances are involved*, Biometrika 34 (1947), with degrees of freedom after F. E.
    Satterthwaite, Biometrics Bulletin 2 (1946). Both are NaN where neither side varies.
    """
    shares = [variance / count for variance, count in zip(variances, counts, strict=True)]
    total = shares[0] + shares[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = [
            (share / total) ** 2 / np.maximum(count - 1, 1)
            for share, count in zip(shares, counts, strict=True)
        ]
        df = 1 / (weights[0] + weights[1])
    return np.sqrt(np.where(total > 0, total, np.nan)), df
