"""A difference between two objects: its place, and what is there."""

from __future__ import annotations

from typing import Any

_SHOWN, _LONGEST = 60, 200

Pair = tuple[str, Any, Any]  # a place, and what was found and what was expected there


class Different(Exception):
    """Raised where two objects differ; says the place and what is there: ``result[3]: 1.0 instead of 2.0``."""

    def __init__(self, place: str, found: Any, expected: Any) -> None:
        where = place if len(place) <= _LONGEST else f"{place[:_SHOWN]}...{place[-_SHOWN:]}"
        super().__init__(f"{where}: {show(found)} instead of {show(expected)}")


class Text:
    """A text that is shown as it is, without quotation marks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


NOTHING = Text("nothing")


def show(value: Any) -> str:
    """Return a value as text, shortened."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # an object of the user's may refuse in any way
        text = f"an object of type {type(value).__qualname__}"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def show_key(key: Any) -> str:
    """Return a key as it would be written in brackets."""
    return f'"{key}"' if type(key) is str and len(key) <= _SHOWN and '"' not in key else show(key)


def with_type(value: Any) -> Text:
    """Return a value together with its type, for two that differ in that."""
    named = value is None or isinstance(value, Text)
    return Text(show(value) if named else f"{show(value)} ({type(value).__qualname__})")
