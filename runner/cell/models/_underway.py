"""Tasks that an executor is given one by one, and how many of them are under way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, as_completed
from typing import Any, Optional

MAP, SUBMIT = "map", "submit"


class Gate:
    """Lets so many tasks be under way, any number if that is None; it costs nothing then."""

    def __init__(self, most: Optional[int]) -> None:
        self._free = None if most is None else threading.BoundedSemaphore(most)

    @property
    def leave(self) -> Optional[Callable[[Any], None]]:
        """Return the function to call with a task that is done; None without one."""
        free = self._free
        return None if free is None else lambda _: free.release()

    def enter(self, seconds: Optional[float] = None) -> bool:
        """Wait until one more task may be submitted, or so long; return whether it may."""
        return self._free is None or self._free.acquire(timeout=seconds)


def submit_each(
    submit: Callable[..., Future[Any]], calls: Iterable[tuple[Any, ...]], gate: Gate
) -> list[Any]:
    """Submit calls of a function, as many at a time as the gate allows; take results as they are completed.

    Return them in the order of the calls.
    """
    leave, places = gate.leave, {}
    for place, call in enumerate(calls):
        gate.enter()
        future = submit(*call)
        places[future] = place
        if leave is not None:
            future.add_done_callback(leave)
    results: list[Any] = [None] * len(places)
    for future in as_completed(places):
        results[places[future]] = future.result()
    return results


def without_effect(options: dict[str, Any]) -> Optional[str]:
    """Return which knob has no effect on the chosen call; None if all have one."""
    call, chunksize, in_flight = (options.get(name) for name in ("call", "chunksize", "in_flight"))
    if call == SUBMIT and chunksize is not None:
        return f"model.chunksize={chunksize}: model.call={SUBMIT} sends tasks one by one; leave it null, or choose model.call={MAP}"
    if call != SUBMIT and in_flight is not None:
        return f"model.in_flight={in_flight}: model.call={call} hands out all tasks at once; leave it null, or choose model.call={SUBMIT}"
    return None
