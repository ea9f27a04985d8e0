"""Where workers live, seen from the parent: what reaches them, and what they share, follows from it."""

from __future__ import annotations

PLACE = "place"
"""In the parent's own thread: a task is a call."""

THREADS = "threads"
"""In threads of the parent: they share all of its objects."""

LOOP = "loop"
"""In one thread, as tasks of an event loop: they share all objects, and one that blocks holds up the others."""

INTERPRETERS = "interpreters"
"""In interpreters of the parent's process: they share its memory and its files, and none of its objects."""

PROCESSES = "processes"
"""In processes of their own: they share what the system lets them map, inherit or open."""

PARENTS_THREAD = frozenset({PLACE, LOOP})
"""Where workers run in the parent's own thread, and so on its CPU."""

SHARING_OBJECTS = frozenset({PLACE, THREADS, LOOP})
"""Where a worker takes the object itself; elsewhere what travels is a pickle, or bytes."""

BY_HANDLE = frozenset({THREADS, PROCESSES, INTERPRETERS})
"""What a handle of the system's reaches: a descriptor, a name, an address."""
