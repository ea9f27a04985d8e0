"""Suggestions for mistyped names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` if one of ``known`` is close to ``value``, otherwise an empty text."""
    close = [] if value is None else difflib.get_close_matches(str(value), list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
