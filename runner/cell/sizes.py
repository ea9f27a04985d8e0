"""Sizes of payloads."""

from __future__ import annotations

import pickle
from typing import Any


def size_of(payload: Any) -> int:
    """Return the bytes of a payload, 0 for none."""
    if payload is None:
        return 0
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return len(payload)
    return len(pickle.dumps(payload, pickle.HIGHEST_PROTOCOL))
