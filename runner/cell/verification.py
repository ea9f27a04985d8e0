"""Whether two results are equal."""

from __future__ import annotations

import pickle
from typing import Any


def same(found: Any, expected: Any) -> bool:
    """Return whether two results are equal.

    Objects that ``==`` does not decide (arrays, NaN) are compared by their pickles after a round trip, which
    evens out how parts are shared within them.
    """
    if found is expected:
        return True
    equal = found == expected
    if isinstance(equal, bool) and (equal or isinstance(expected, bytes)):
        return equal
    return _normal(found) == _normal(expected)


def _normal(result: Any) -> bytes:
    once = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
    return pickle.dumps(pickle.loads(once), pickle.HIGHEST_PROTOCOL)  # noqa: S301  # our own bytes
