"""The notes on runs: one form a kind, written by the runner as a line and read back by the analysis.

A line is text for people and stays so. What varies in it has a name and a type, so that notes of one kind can be
merged: numbers to the range that they cover, names to a list. Nothing is guessed from digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any, NamedTuple

from breakeven.base.text import plural
from breakeven.base.units import format_time, read_time

_CLOCK = "the machine drifts, or the work gets faster or slower with every call"
_COPIES = "in place, so every task gets {copies}, made before the clock starts"

FORMS: Mapping[str, str] = {
    "task": (
        "task={asked:time}: shorter than {steps:count} steps of this machine's clock ({step:count} ns each), so one task "
        "cannot be timed to 1 %; ask for {enough:time_or_more} or more"
    ),
    "affinity": "affinity={affinity:text}: without effect, since this system cannot pin threads to CPUs",
    "gil": (
        "gil: this build of Python has none, but a module that was imported switched it on again, so threads take turns; "
        "environment.PYTHON_GIL=0 keeps it off, if the module can do without"
    ),
    "warm-up": f"warm-up: still not steady after {{pairs:count}} pairs of trials (measure.max_warmup); {_CLOCK}",
    "trace": (
        "trace: {merged:count} spans did not fit the buffer and were merged into the one after them; the phases of this "
        "run are shown coarser than they were (use a shorter window or fewer tasks)"
    ),
    "input": f"inputs: {{target:text}} changes its input {_COPIES.format(copies='a fresh copy')}",
    "arguments": f"inputs: {{target:text}} changes its arguments {_COPIES.format(copies='fresh copies')}",
    "shared input": (
        "inputs: {target:text} gets an input that can be neither pickled nor copied, so all calls share it: what one "
        "changes the next one sees"
    ),
    "cache": (
        "cache: the first call of {target:text} took {first:time}, a repeated one with an equal input {later:time}: "
        "results are cached (functools.lru_cache), or the first call sets something up; speeds are those of repeated calls"
    ),
    "cached": (
        "cache: {target:text} answers from its own cache (cache_info): its first call took {first:time}, one in a trial "
        "{later:time}; speeds are those of the cache"
    ),
    "window": (
        "window={asked:time}: holds only {calls:calls} of a worker, each timed to its end; for {least:count} or more ask "
        "for window={enough:time_or_more}"
    ),
    "calibrations": (
        "task={asked:time}: {tries:count} calibrations of {workload:text} found {low:least} to {high:most} loops, and no "
        "two agreed within {agreement:text}; the machine was disturbed: all cells do the same work, but it may not take "
        "the time asked for"
    ),
    "calibrated": (
        "task={asked:time}: calibration reached {reached:time}; the machine was disturbed, or {workload:text} cannot be "
        "that short with this payload"
    ),
}
"""The form of each kind of note: fields with their types in braces."""


@dataclass(frozen=True)
class _Type:
    """How the values of a field are written, found, read and merged."""

    write: Callable[[Any], str]
    pattern: str
    read: Callable[[str], Any]
    merge: Callable[[list[Any]], list[Any]]


def _ends(values: list[Any]) -> list[Any]:
    return sorted({min(values), max(values)})


def _calls(count: int) -> str:
    return plural(count, "call")


def _read_time(text: str) -> int:
    return read_time(text, "a note")


_TIME = r"\d+(?:\.\d+)?(?:ns|us|ms|s|min)|0"
_TYPES = {
    "time": _Type(format_time, _TIME, _read_time, _ends),
    "time_or_more": _Type(format_time, _TIME, _read_time, lambda values: [max(values)]),
    "count": _Type(str, r"\d+", int, _ends),
    "least": _Type(str, r"\d+", int, lambda values: [min(values)]),
    "most": _Type(str, r"\d+", int, lambda values: [max(values)]),
    "calls": _Type(_calls, r"\d+ calls?", lambda text: int(text.split()[0]), _ends),
    "text": _Type(str, r".+?", str, lambda values: list(dict.fromkeys(values))),
}


class Note(NamedTuple):
    """A note that was read: its kind, and the values of the fields of its form."""

    kind: str
    values: Mapping[str, Any]


def write(kind: str, **values: Any) -> str:
    """Return the note of this ``kind`` as a line."""
    return _fill(kind, {name: [value] for name, value in values.items()})


def read(line: str) -> Note | None:
    """Return the note that ``write`` made this line of; None if it is of no known form."""
    for kind in FORMS:
        found = _pattern(kind).fullmatch(line)
        if found is not None:
            types = {name: _TYPES[type_] for _, name, type_ in _parts(kind) if name}
            return Note(kind, {name: types[name].read(text) for name, text in found.groupdict().items()})
    return None


def merge(notes: Iterable[Note]) -> str:
    """Return notes of one kind as one line, with the range or the list of the values of each field."""
    found = list(notes)
    kind = found[0].kind
    types = {name: _TYPES[type_] for _, name, type_ in _parts(kind) if name}
    return _fill(
        kind, {name: type_.merge([note.values[name] for note in found]) for name, type_ in types.items()}
    )


def _fill(kind: str, values: Mapping[str, list[Any]]) -> str:
    """Return the form of ``kind`` with these values: two numbers are a range, several texts a list."""
    parts = []
    for literal, name, type_ in _parts(kind):
        parts.append(literal)
        if name:
            between = ", " if type_ == "text" else " to "
            parts.append(between.join(map(_TYPES[type_].write, values[name])))
    return "".join(parts)


@cache
def _parts(kind: str) -> tuple[tuple[str, str, str], ...]:
    """Return the form of ``kind`` as literal text, each followed by a field's name and type, if any."""
    return tuple((text, name or "", type_ or "") for text, name, type_, _ in Formatter().parse(FORMS[kind]))


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    parts = (
        re.escape(text) + (f"(?P<{name}>{_TYPES[type_].pattern})" if name else "")
        for text, name, type_ in _parts(kind)
    )
    return re.compile("".join(parts))
