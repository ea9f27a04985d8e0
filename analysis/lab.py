"""The public face of a results folder: its tables and estimates, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from breakeven.analysis.advice import advice_table, advise, crossing_table, crossings
from breakeven.analysis.frames import load as frames
from breakeven.analysis.verdicts import verdicts
from breakeven.base.layout import LATEST_SWEEP


class Lab(frames.Lab):
    """A sweep's results: the stored tables, one frame each, the estimates from them, and what follows from them."""

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row per question: what to use, why, and what is as good; see `docs/verdicts.md`."""
        return verdicts(self)

    @property
    def advice(self) -> pd.DataFrame:
        """One row per candidate of a race, the best first; empty if the sweep was none. See `docs/advise.md`."""
        return advice_table(advise(self))

    @property
    def crossings(self) -> pd.DataFrame:
        """One row per line of a bisection: from where on it pays; empty if the sweep was none.

        See `docs/crossings.md`.
        """
        return crossing_table(crossings(self))


def load(path: str | Path = LATEST_SWEEP, *, mix_hosts: bool = False) -> Lab:
    """Open the results folder at ``path``; raise BadInput.

    Frames are read on first use, ``runs`` now. A link such as ``outputs/latest`` is followed once, so that a
    sweep started later changes nothing here. With ``mix_hosts`` times and rates are compared across unlike hosts.
    """
    return Lab.open(path, mix_hosts=mix_hosts)
