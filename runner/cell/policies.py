"""How an interpreter switches threads and collects garbage: what is asked for, and what holds."""

from __future__ import annotations

import gc
import sys

from .errors import RunFailed
from .named import NamedTuple

DEFAULT, OFF, FREEZE = "default", "off", "freeze"
COLLECTORS = (DEFAULT, OFF, FREEZE)


class NoFreezing(RunFailed):
    """Raised when the collector of this interpreter cannot leave out what exists."""


class Policies(NamedTuple):
    """The switch interval in ns, 0 for the interpreter's own, and one of `COLLECTORS` for its garbage collector."""

    switch_interval_ns: int = 0
    gc: str = DEFAULT

    def apply(self) -> None:
        """Make this interpreter keep them from now on; raise NoFreezing."""
        if self.switch_interval_ns and hasattr(sys, "setswitchinterval"):
            sys.setswitchinterval(self.switch_interval_ns / 1e9)
        if self.gc == OFF:
            gc.disable()
        if self.gc == FREEZE:
            if not hasattr(gc, "freeze"):
                raise NoFreezing(f"gc=freeze: {sys.implementation.name} cannot; choose gc=off or gc=default")
            gc.freeze()


def switch_interval_ns() -> int:
    """Return the switch interval of this interpreter."""
    return round(sys.getswitchinterval() * 1e9)
