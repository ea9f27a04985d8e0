"""Tell the user why an engine with nodes makes no run at the moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from breakeven.runner.engines.loading import Engine
from breakeven.runner.sweep.observer import Noted

LOOK_S = 1.0
"""How long to wait before looking at an engine's nodes again; an engine without nodes, this machine, is left alone."""

T = TypeVar("T")


class Waiting:
    """Notifies of each reason once, until a run is made again."""

    def __init__(self, notify: Callable[[Noted], None]) -> None:
        self._notify = notify
        self._told: set[str] = set()

    def tell(self, engine: Engine) -> None:
        """Notify of why ``engine`` makes no run, if it has not been said."""
        why = engine.why_waiting()
        if not why:
            self._told.clear()
        elif why not in self._told:
            self._told.add(why)
            self._notify(Noted(text=f"waiting: {why}", urgent=True))

    def result(self, future: Future[T], engine: Engine) -> T:
        """Return the result of ``future``, and tell meanwhile why that takes so long; raise what it raises."""
        while engine.node_names() and not wait([future], LOOK_S).done:
            self.tell(engine)
        return future.result()
