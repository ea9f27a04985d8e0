"""Whether inputs and results can travel to workers and back, found before there are workers.

A queue's feeder thread drops a message that cannot be pickled, and a worker that fails to send hangs or ends:
neither says what is wrong with the object.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from .difference import show_key
from .errors import NotPicklable

_DEEPEST = 20
_REMEDIES = {
    "input": "make one that can be, and open what cannot in the function itself or in workload.before",
    "result": "return something that can be",
}


def unpicklable(thing: Any, name: str) -> str:
    """Return which part of an object cannot be pickled and why; empty if all can."""
    error = _refusal(thing)
    if error is None:
        return ""
    place = name
    for _ in range(_DEEPEST):
        found = next(
            ((path, part, why) for path, part in _parts(place, thing) if (why := _refusal(part))), None
        )
        if found is None:
            break
        place, thing, error = found
    return f"{place} (of type {type(thing).__qualname__}) cannot be pickled ({type(error).__name__}: {error})"


def refuse_unpicklable(what: str, said: str) -> None:
    """Raise NotPicklable if ``said``, by `unpicklable`, says that an ``input`` or ``result`` cannot travel."""
    if said:
        raise NotPicklable(
            f"{said}, but it has to travel between parent and worker as a pickle; {_REMEDIES[what]}, or measure with model=thread "
            "ipc=reference, which passes the object itself"
        )


def _refusal(thing: Any) -> Optional[Exception]:
    """Return what pickling an object as `multiprocessing` does raises."""
    from multiprocessing.reduction import ForkingPickler  # noqa: PLC0415  # only for objects of a function

    try:
        ForkingPickler.dumps(thing, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # an object of the user's may refuse in any way
        return error
    return None


def _parts(place: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a container or an object with their places."""
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            yield f"a key of {place}", key
            yield f"{place}[{show_key(key)}]", value
    elif isinstance(thing, (list, tuple)):
        for index, value in enumerate(thing):
            yield f"{place}[{index}]", value
    elif isinstance(thing, (set, frozenset)):
        for value in thing:
            yield f"a member of {place}", value
    else:
        for name, value in getattr(thing, "__dict__", {}).items() if not callable(thing) else ():
            yield f"{place}.{name}", value
