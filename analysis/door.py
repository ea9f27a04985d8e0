"""The door to ``breakeven show``: keeps the user's settings of matplotlib out before that is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from breakeven.base.loading import load

_SHOW = "breakeven.analysis.show:main"


def main(arguments: Sequence[str]) -> int:
    """Draw and print what ``arguments`` request and return the exit code; raise BadInput.

    A notebook's MPLBACKEND may name a backend that is not installed here, and a matplotlibrc a font or program. Within a
    process that has imported matplotlib already nothing is changed.
    """
    if "matplotlib" not in sys.modules:
        os.environ.update(MPLBACKEND="agg", MATPLOTLIBRC=os.devnull)
    code: int = load(_SHOW)(arguments)
    return code
