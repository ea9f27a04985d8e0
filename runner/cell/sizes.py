"""Sizes of payloads."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, Optional


def size_of(payload: Any) -> Optional[int]:
    """Return the bytes of a payload: its own, or those of its pickle; 0 for none, None if it cannot be pickled.

    Threads pass any object, a lock or a generator as well.
    """
    if payload is None:
        return 0
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return len(payload)
    try:
        return len(pickle.dumps(payload, pickle.HIGHEST_PROTOCOL))
    except Exception:  # noqa: BLE001  # an object of the user's may refuse in any way
        return None


def mean_size(sizes: Sequence[Optional[int]]) -> Optional[int]:
    """Return the mean of some sizes; None if one of them is unknown."""
    known = [size for size in sizes if size is not None]
    return round(sum(known) / len(known)) if known and len(known) == len(sizes) else None
