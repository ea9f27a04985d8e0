"""The public face of a results folder: its tables and estimates, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from breakeven.analysis.frames import load as frames
from breakeven.analysis.verdicts import verdicts
from breakeven.base.layout import LATEST_SWEEP


class Lab(frames.Lab):
    """A sweep's results: the stored tables, one frame each, the estimates from them, and the verdicts."""

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row per question: what to use, why, and what is as good; see `docs/verdicts.md`."""
        return verdicts(self)


def load(path: str | Path = LATEST_SWEEP, *, mix_hosts: bool = False) -> Lab:
    """Open the results folder at ``path``; raise BadInput.

    Frames are read on first use, ``runs`` now. A link such as ``outputs/latest`` is followed once, so that a
    sweep started later changes nothing here. With ``mix_hosts`` times and rates are compared across unlike hosts.
    """
    return Lab.open(path, mix_hosts=mix_hosts)
