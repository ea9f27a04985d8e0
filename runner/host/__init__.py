"""One run on one machine: a fresh interpreter is started, watched and cleaned up after, its trace becomes rows.

`execution` is a run from start to result; `child` its process, `processes` all that this starts, `process_mark` whose
they are, `memory` their limit, `stacks` where they hang; `diagnosis` and `ending` say how it ended, `cleanup` removes
what is left.
"""

from breakeven.runner.host.child import abandon, in_child, kill_now
from breakeven.runner.host.cleanup import clear_leftovers
from breakeven.runner.host.ending import Abandoned, Ending
from breakeven.runner.host.execution import execute, specification, variation

__all__ = [
    "Abandoned",
    "Ending",
    "abandon",
    "clear_leftovers",
    "execute",
    "in_child",
    "kill_now",
    "specification",
    "variation",
]
