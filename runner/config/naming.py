"""Names of cells for people."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from breakeven.base.patterns import ECHOES
from breakeven.base.units import format_size, format_time
from breakeven.base.variables import write
from breakeven.runner.config.cell import CURRENT, Cell

_MOST_TEXT = 60
_BARE = ("native", "none")
_START = "model.start_method="
_NEVER = (
    "sweep",
    "outputs",
    "workload.target",
    "interpreter",
    "interpreter.path",
    "interpreter.flags",
    "environment",
)
"""Knobs that are of the whole sweep, or that a name shows anyway."""


def describe(cell: Cell, distinct: Collection[str] = ()) -> str:
    """Return a short one-line name of a cell; ``distinct`` are words by which it differs from others of its sweep.

    A function goes by its own name, with its module if that is among the words.
    """
    start = f"({cell.start_method})" if cell.start_method else ""
    whole = cell.function in distinct
    parts = [
        (cell.function if whole else short_name(cell.function)) if cell.function else cell.workload,
        f"{cell.model}{start}",
        f"x{cell.workers}",
        cell.ipc,
        cell.pattern,
    ]
    if "payload_bytes" not in cell.effectless:
        parts.append(format_size(cell.payload_bytes))
    if cell.task_ns:
        parts.append(format_time(cell.task_ns))
    if cell.interpreter != CURRENT:
        parts.append(cell.interpreter)
    return " ".join(
        [*parts, *(word for word in distinct if word != cell.function and not word.startswith(_START))]
    )


def brief(cell: Cell, distinct: Collection[str] = ()) -> str:
    """Return the name of a cell for a screen: its work, then the mechanism, such as ``resize 1MiB process/pipe x2``.

    It leaves out what goes without saying: the start method, a pool's own channel, the usual pattern, the work of
    messages.
    """
    echoes = cell.pattern in ECHOES
    work = (
        (cell.function if cell.function in distinct else short_name(cell.function))
        if cell.function
        else cell.workload
    )
    parts = [
        *([cell.pattern] if echoes else [str(work), *([cell.pattern] if cell.pattern != "map" else [])]),
        *([format_size(cell.payload_bytes)] if "payload_bytes" not in cell.effectless else []),
        *([format_time(cell.task_ns)] if cell.task_ns and not echoes else []),
        cell.model if cell.ipc in _BARE else f"{cell.model}/{cell.ipc}",
        f"x{cell.workers}",
        *([cell.interpreter] if cell.interpreter != CURRENT else []),
    ]
    return " ".join([*parts, *(word for word in distinct if word != cell.function)])


def short_name(function: str) -> str:
    """Return the name of a function without that of its module."""
    return function.rpartition(":")[2]


def describe_task(cell: Cell) -> str:
    """Return a short name of a cell's task, and of what it is called by, such as ``photos:resize, 1MiB``."""
    parts = [str(cell.workload_options.get("target", cell.workload))]
    if cell.task_ns:
        parts.append(format_time(cell.task_ns))
    if cell.payload_bytes:
        parts.append(format_size(cell.payload_bytes))
    if cell.interpreter != CURRENT:
        parts.append(cell.interpreter)
    return ", ".join(parts)


def numbered(number: int, of: int | None) -> str:
    """Return ``3/8``, or ``3`` if the total is unknown."""
    return str(number) if of is None else f"{number}/{of}"


def distinguish(cells: Sequence[Cell], configs: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return, for each cell, the words by which `brief` and `describe` tell it from all others.

    They are its function with the module, if two modules have one of that name; the flags and environment variables
    that not all cells have alike; and the knobs in ``configs`` in which cells differ that would have one name.
    """
    functions = _ambiguous(cells)
    words = [_start(cell) for cell in cells]
    common = set.intersection(*map(set, words)) if words else set()
    found = [
        (*(functions & {cell.function}), *(word for word in own if word not in common))
        for cell, own in zip(cells, words, strict=True)
    ]
    names: dict[str, list[int]] = defaultdict(list)
    for place, (cell, own) in enumerate(zip(cells, found, strict=True)):
        names[brief(cell, own)].append(place)
    for places in names.values():
        if len(places) > 1:
            further = _differing([configs[place] for place in places])
            for place, own in zip(places, further, strict=True):
                found[place] += own
    return found


def _ambiguous(cells: Sequence[Cell]) -> set[str]:
    """Return the functions of which another module has one with the same name."""
    modules: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        if cell.function:
            modules[short_name(cell.function)].add(cell.function)
    return {name for names in modules.values() if len(names) > 1 for name in names}


def _start(cell: Cell) -> tuple[str, ...]:
    variables = write(cell.environment).splitlines()
    flags = (shlex.join(cell.interpreter_flags),) if cell.interpreter_flags else ()
    return (*flags, *(line if "=" in line else f"{line} unset" for line in variables))


def _differing(configs: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the knobs of each configuration that are not the same in all of them, as they are typed."""
    knobs = [dict(_flatten(config)) for config in configs]
    names = dict.fromkeys(name for own in knobs for name in own if name not in _NEVER)
    differ = [name for name in names if len({own.get(name, "null") for own in knobs}) > 1]
    return _shortened([tuple(f"{name}={own.get(name, 'null')}" for name in differ) for own in knobs])


def _flatten(plain: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in plain.items():
        if f"{prefix}{name}" in _NEVER:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"))
            yield f"{prefix}{name}", text


def _shortened(words: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the words of each cell without the ends of long ones, unless two cells would then have the same."""
    short = [tuple(map(_shorten, own)) for own in words]
    return short if len(set(short)) == len(set(words)) else list(words)


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 3]}..."
