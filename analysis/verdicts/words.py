"""A mechanism in words, such as ``two processes over shared memory``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from breakeven.analysis.frames.factors import varying
from breakeven.analysis.verdicts.question import OPTIONS

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURALS = {
    "thread": "threads",
    "process": "processes",
    "interpreter": "interpreters",
    "asyncio": "coroutines",
}
_POOLS = {
    "thread_pool": "a ThreadPoolExecutor",
    "process_pool": "a ProcessPoolExecutor",
    "interpreter_pool": "an InterpreterPoolExecutor",
    "mp_pool": "a multiprocessing.Pool",
}
_CHANNELS = {
    "queue": "over a queue",
    "simple_queue": "over a SimpleQueue",
    "pipe": "over pipes",
    "shared_memory": "over shared memory",
    "reference": "handed references",
}
_FURTHER: dict[str, Callable[[str], str]] = {
    "start_method": "started by {}".format,
    "affinity": "affinity={}".format,
    OPTIONS: str,
}


def count(number: int) -> str:
    """Return a small number as a word, a larger one in digits."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def kind(model: str) -> str:
    """Return the model in words, without a number: ``processes`` or ``a ProcessPoolExecutor``."""
    return _PLURALS.get(model) or _POOLS.get(model) or model


def mechanisms(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each of a question's ``cells`` in words: workers, channel, and what else differs between them."""
    further = [name for name in _FURTHER if name in varying(cells, _FURTHER)]
    return cells.apply(lambda cell: _name(cell, further), axis=1).astype("object")


def _name(cell: pd.Series[Any], further: list[str]) -> str:
    number, model = int(cell["workers"]), str(cell["model"])
    more = ", ".join(
        _FURTHER[name](cell[name])
        for name in further
        if pd.notna(cell[name]) and cell[name] not in {"", "none"}
    )
    name = (
        _of_a_pool(model, number)
        if model not in _PLURALS
        else f"{count(number)} {_PLURALS[model] if number != 1 else model}"
    )
    channel = _CHANNELS.get(str(cell["ipc"]), "")
    return " ".join(filter(None, (name, channel, f"({more})" if more else "")))


def _of_a_pool(model: str, number: int) -> str:
    return f"{_POOLS.get(model, model)} of {count(number)}"
