"""One run on one machine: start a fresh interpreter, watch it, clean up after it, turn its trace into rows.

`execution` takes a run from start to result, `preparation` to its start, of the next one as well; `present` gives
runs up. `child` is a run's process, `processes` all that this starts,
`process_mark` identifies their owner, `memory` limits them, `stacks` shows where they hang; `diagnosis` and
`ending` say how the run ended, `cleanup` removes what is left.
"""

from breakeven.runner.host.child import in_child
from breakeven.runner.host.cleanup import clear_leftovers
from breakeven.runner.host.ending import Abandoned, Ending
from breakeven.runner.host.execution import calibrate, execute
from breakeven.runner.host.preparation import Next, specification, variation
from breakeven.runner.host.present import abandon, kill_now

__all__ = [
    "Abandoned",
    "Ending",
    "Next",
    "abandon",
    "calibrate",
    "clear_leftovers",
    "execute",
    "in_child",
    "kill_now",
    "specification",
    "variation",
]
