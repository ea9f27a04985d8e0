"""How long tests wait for what ends by itself as soon as it can, and how they do so: one number for all of them.

Whatever else the machine does, an interpreter that takes a tenth of a second to start on an idle host takes several on
a busy one. A wait that ends with what it waits for costs nothing by being allowed long; it is over only if what a test
waits for will not happen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from breakeven.runner.cell.models._abc import BARRIER_SECONDS

PATIENCE_S = 300.0
PATIENCE_NS = int(PATIENCE_S * 1e9)
SWEEPS_S = 4 * PATIENCE_S
"""For commands that make many runs, some of which must hang until their time is over."""
AT_ONCE_NS = int(BARRIER_SECONDS * 1e9)
"""A run that ends earlier was ended by what happened: whoever hears nothing of a worker waits that long for it."""
_LOOK_S = 0.02


def wait_for(condition: Callable[[], Any]) -> Any:
    """Wait until ``condition`` gives something, and give that; fail if it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(_LOOK_S)
    return found
