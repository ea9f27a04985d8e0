"""One run on one machine: start a fresh interpreter, watch it, clean up after it, turn its trace into rows.

`execution` takes a run from start to result; `child` is its process, `processes` all that this starts,
`process_mark` identifies their owner, `memory` limits them, `stacks` shows where they hang; `diagnosis` and
`ending` say how the run ended, `cleanup` removes what is left.
"""

from breakeven.runner.host.child import abandon, in_child, kill_now
from breakeven.runner.host.cleanup import clear_leftovers
from breakeven.runner.host.ending import Abandoned, Ending
from breakeven.runner.host.execution import calibrate, execute, specification, variation

__all__ = [
    "Abandoned",
    "Ending",
    "abandon",
    "calibrate",
    "clear_leftovers",
    "execute",
    "in_child",
    "kill_now",
    "specification",
    "variation",
]
