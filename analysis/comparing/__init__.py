"""Compare two sweeps, or two selections of one, cell by cell.

>>> from analysis.comparing import compare
>>> cells = compare("label=a", "label=b", within="outputs/null_test")  # doctest: +SKIP
>>> cells[["cell", "effect", "low", "high", "p_adjusted", "verdict", "reason"]]  # doctest: +SKIP
"""

from breakeven.analysis.comparing.comparison import Comparison, Question, compare
from breakeven.analysis.comparing.select import Side, open_side

__all__ = ["Comparison", "Question", "Side", "compare", "open_side"]
