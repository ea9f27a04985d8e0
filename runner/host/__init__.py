"""One run on one machine: a fresh interpreter is started, watched and cleaned up after, its trace becomes rows.

`interpreters` looks before anything runs; `execution` is a run from start to row; `child` its process, `processes` all
that this starts, `owners` whose they are, `memory` their limit, `stacks` where they hang; `judging` and `ending` say how
it ended, `results` reads what it left, `leftovers` removes what nobody could.
"""

from runner.host.child import abandon, in_child, kill_now
from runner.host.ending import Abandoned, Ending
from runner.host.execution import execute, record_incompatible, specification, variation
from runner.host.interpreters import Interpreter, check_function, find_interpreter
from runner.host.leftovers import clear_leftovers

__all__ = [
    "Abandoned",
    "Ending",
    "Interpreter",
    "abandon",
    "check_function",
    "clear_leftovers",
    "execute",
    "find_interpreter",
    "in_child",
    "kill_now",
    "record_incompatible",
    "specification",
    "variation",
]
