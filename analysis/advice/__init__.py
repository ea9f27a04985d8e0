"""What to use for one function: what follows from a race, its candidates, and the code to write.

`replay` asks the rule of `breakeven.search` again about what was stored, `advice` joins that with what the cells cost,
`snippet` writes the call, `text` and `table` say it, `export` leaves it in the results folder. `crossings` does all of
it for a bisection.
"""

from breakeven.analysis.advice.advice import Advice, advise
from breakeven.analysis.advice.crossings import (
    crossing_lines,
    crossing_table,
    crossings,
    write_crossings,
)
from breakeven.analysis.advice.export import advice_table, write_advice
from breakeven.analysis.advice.text import advice_lines

__all__ = [
    "Advice",
    "advice_lines",
    "advice_table",
    "advise",
    "crossing_lines",
    "crossing_table",
    "crossings",
    "write_advice",
    "write_crossings",
]
