"""The verdict on each cell, after a correction for their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FASTER, SLOWER, SAME, CANNOT_TELL = VERDICTS = ("faster", "slower", "same", "cannot tell")


def adjust(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p values for their number; NaN, no test, stays NaN and does not count.

    The adjusted value of a test is the smallest rate of false discoveries at which it is one: Y. Benjamini
    and Y. Hochberg, *Controlling the false discovery rate*, Journal of the Royal Statistical Society B 57
    (1995), section 3.
    """
    adjusted = np.full(len(p), np.nan)
    (tested,) = np.nonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested])]
    steps = p[order] * (len(order) / np.arange(1, len(order) + 1))
    adjusted[order] = np.minimum.accumulate(steps[::-1])[::-1].clip(max=1)
    return adjusted


@dataclass(frozen=True)
class Judge:
    """Judges each cell.

    ``faster`` and ``slower`` need both a test that holds after the correction and an estimate outside the
    noise ``band``, a share: 5 % reaches from 1 / 1.05 to 1.05, so that swapping the sides swaps the verdicts;
    ``same`` needs the whole interval within it; anything else is ``cannot tell``.
    """

    band: float = 0.05
    alpha: float = 0.05

    def __call__(self, effects: pd.DataFrame) -> pd.DataFrame:
        """Return ``effects`` with p_adjusted, ``verdict``, and the ``reason`` if it is ``cannot tell``."""
        effects = effects.assign(p_adjusted=adjust(effects["p"].to_numpy(float)))
        found = [self._judge(row) for _, row in effects.iterrows()]
        return effects.assign(
            verdict=[verdict for verdict, _ in found], reason=[reason for _, reason in found]
        )

    def _judge(self, row: pd.Series[Any]) -> tuple[str, str]:
        if row["reason"]:
            return CANNOT_TELL, row["reason"]
        differs, limit = row["p_adjusted"] < self.alpha, 1 + self.band
        if differs and row["effect"] > limit:
            return FASTER, ""
        if differs and row["effect"] < 1 / limit:
            return SLOWER, ""
        if row["low"] >= 1 / limit and row["high"] <= limit:
            return SAME, ""
        if differs:
            return CANNOT_TELL, "they differ, but maybe by less than the band; more rounds would tell"
        return (
            CANNOT_TELL,
            "neither a difference nor equality is shown: the interval is too wide; more rounds would tell",
        )
