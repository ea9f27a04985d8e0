"""The door to the commands that read results: ``breakeven show``, ``report``, ``compare`` and ``claims``.

It keeps the user's settings of matplotlib out before that is imported, and chooses how pandas stores texts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pandas as pd

from breakeven.base.loading import load

_SHOW = "breakeven.analysis.show:main"
_REPORT = "breakeven.analysis.report.command:main"
_COMPARE = "breakeven.analysis.comparing.command:main"
_CLAIMS = "breakeven.analysis.claims.command:main"


def main(arguments: Sequence[str]) -> int:
    """Draw and print what ``arguments`` request and return the exit code; raise BadInput."""
    return _call(_SHOW, arguments)


def report(arguments: Sequence[str]) -> int:
    """Write the page that ``arguments`` request and return the exit code; raise BadInput."""
    return _call(_REPORT, arguments)


def compare(arguments: Sequence[str]) -> int:
    """Compare what ``arguments`` name and return the exit code; raise BadInput."""
    return _call(_COMPARE, arguments)


def claims(arguments: Sequence[str]) -> int:
    """Judge claims as ``arguments`` ask and return the exit code; raise BadInput."""
    return _call(_CLAIMS, arguments)


def _call(command: str, arguments: Sequence[str]) -> int:
    """Call a command that draws, without the user's settings of matplotlib.

    A notebook's MPLBACKEND may name a backend that is not installed here, and a matplotlibrc a font or program. Within
    a process that has imported matplotlib already nothing is changed.

    Texts are objects of Python: for the thousands of rows that frames have here, each call of Arrow takes longer than
    its work. In a notebook the user's own choice stands.
    """
    if "matplotlib" not in sys.modules:
        os.environ.update(MPLBACKEND="agg", MATPLOTLIBRC=os.devnull)
    with pd.option_context("mode.string_storage", "python"):
        code: int = load(command)(arguments)
    return code
