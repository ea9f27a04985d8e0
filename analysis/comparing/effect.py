"""How much faster one side is than the other, from one value per fresh process.

Trials of one process share its memory layout, hash seed and warm-up; only values of different processes are
independent (T. Kalibera and R. Jones, *Rigorous benchmarking in reasonable time*, ISMM 2013, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from breakeven.analysis.frames.welch import standard_error

Samples = NDArray[np.float64]


class Effect(NamedTuple):
    """The effect between two samples, > 1 if B is faster, its interval, and the test of no difference.

    If no test is possible, ``reason`` says why, and unknown values are NaN.
    """

    effect: float = np.nan
    low: float = np.nan
    high: float = np.nan
    df: float = np.nan
    p: float = np.nan
    reason: str = ""


@dataclass(frozen=True)
class Welch:
    """Compare logarithms of two samples by Welch's t.

    The samples may differ in size and variance (`frames.welch`). On logarithms a difference is a ratio, and swapping
    the sides inverts it exactly. ``level`` is that of the interval.
    """

    level: float = 0.95

    def __call__(self, rounds: pd.DataFrame) -> pd.DataFrame:
        """Return one row per ``pair`` of ``rounds``: value_a, value_b and the effect.

        ``rounds`` has the columns pair, side, value and lower_is_better.
        """
        rows = {pair: self._row(frame) for pair, frame in rounds.groupby("pair")}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pair")

    def _row(self, frame: pd.DataFrame) -> dict[str, float | str]:
        a, b = (frame.loc[frame["side"].eq(side), "value"].to_numpy(float) for side in ("A", "B"))
        effect = self.compare(b, a) if frame["lower_is_better"].iloc[0] else self.compare(a, b)
        counts = {"rounds_a": len(a), "rounds_b": len(b)}
        return {**counts, "value_a": _center(a), "value_b": _center(b), **effect._asdict()}

    def compare(self, a: Samples, b: Samples) -> Effect:
        """Return the ratio of the geometric means of ``b`` and ``a``, with interval and p value."""
        reason = _unusable(a, b)
        if reason:
            return Effect(reason=reason)
        shift = float(np.log(b).mean() - np.log(a).mean())
        reason = _untestable(a, b)
        if reason:
            return Effect(effect=float(np.exp(shift)), reason=reason)
        error, df = _standard_error(np.log(a), np.log(b))
        reach = float(stdtrit(df, (1 + self.level) / 2)) * error
        with np.errstate(over="ignore"):  # the interval of two scattered rounds can reach to infinity
            low, effect, high = np.exp([shift - reach, shift, shift + reach]).tolist()
        return Effect(effect, low, high, df, float(2 * stdtr(df, -abs(shift) / error)))


def _center(values: Samples) -> float:
    """Return the geometric mean; NaN if a value is missing or not above 0."""
    return float(np.exp(np.log(values).mean())) if len(values) and _all_positive(values) else np.nan


def _all_positive(values: Samples) -> bool:
    return bool((np.isfinite(values) & (values > 0)).all())


def _unusable(*sides: Samples) -> str:
    for name, values in zip("AB", sides, strict=True):
        if not np.isfinite(values).all():
            return f"a round of {name} has no value of this measure"
        if not (values > 0).all():
            return f"a round of {name} measured 0 or less, which has no ratio"
    return ""


def _untestable(*sides: Samples) -> str:
    single = [name for name, values in zip("AB", sides, strict=True) if len(values) < 2]  # noqa: PLR2004 - one has no spread
    if single:
        return f"only one round of {' and '.join(single)}: the spread between processes is unknown"
    if all(np.ptp(values) == 0 for values in sides):
        return "all rounds of each side are exactly equal: their spread is unknown"
    return ""


def _standard_error(a: Samples, b: Samples) -> tuple[float, float]:
    """Return the standard error of the difference of means, and its degrees of freedom."""
    squares = (np.array(a.var(ddof=1) / len(a)), np.array(b.var(ddof=1) / len(b)))
    error, df = standard_error(squares, (np.array(len(a) - 1), np.array(len(b) - 1)))
    return float(error), float(df)
