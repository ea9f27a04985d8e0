"""What follows from a sweep: a verdict per question, with its reason.

`question` says what is one question, `ranking` holds the rule, `costs` what else a candidate takes, `words` how a
mechanism is named in a sentence, `sentences` what is said, `table` all of it as a frame.
"""

from breakeven.analysis.verdicts.answer import lines
from breakeven.analysis.verdicts.export import write_verdicts
from breakeven.analysis.verdicts.table import brief_lines, iter_verdict_lines, verdict_lines, verdicts

__all__ = ["brief_lines", "iter_verdict_lines", "lines", "verdict_lines", "verdicts", "write_verdicts"]
