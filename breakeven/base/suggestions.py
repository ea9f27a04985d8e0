"""Suggestions for mistyped names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` if one of ``known`` is close to ``value``, otherwise an empty text."""
    close = None if value is None else closest(str(value), known)
    return "" if close is None else f" (did you mean {close}?)"


def closest(value: str, known: Iterable[str]) -> str | None:
    """Return the one of ``known`` that is closest to ``value``; None if none is close."""
    return next(iter(difflib.get_close_matches(value, list(known), n=1)), None)
