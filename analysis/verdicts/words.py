"""A mechanism in words, such as ``two processes over shared memory``, and what it belongs to, such as ``processes``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from breakeven.analysis.frames.rows import Row
from breakeven.analysis.verdicts.question import OPTIONS, plain

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
    "asyncio_to_thread": "asyncio.to_thread",
}
_FAMILIES = {
    **_PLURALS,
    "thread_pool": "threads",
    "process_pool": "processes",
    "interpreter_pool": "interpreters",
    "mp_pool": "processes",
    "asyncio_to_thread": "threads",
    "loky": "processes",
}
_CHANNELS = {
    "queue": "over a queue",
    "simple_queue": "over a SimpleQueue",
    "pipe": "over pipes",
    "shared_memory": "over shared memory",
    "mmap": "over a mapped file",
    "array": "over an Array",
    "pickle5": "over buffers of pickle 5",
    "reference": "by reference",
    "asyncio_queue": "over asyncio.Queue",
}
_FURTHER: dict[str, Callable[[str], str]] = {
    "start_method": "started by {}".format,
    "affinity": "affinity={}".format,
    OPTIONS: str,
}


def count(number: int) -> str:
    """Return a small number as a word, a larger one in digits."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def family(model: str) -> str:
    """Return what the workers of a model are, such as ``processes``; the model itself if it is not known."""
    return _FAMILIES.get(model, model)


def name_mechanisms(cells: Sequence[Row]) -> list[str]:
    """Name each of a question's ``cells`` in words: workers, channel, and what else differs between them."""
    further = [name for name in _FURTHER if len({plain(cell[name]) for cell in cells}) > 1]
    return [_name(cell, further) for cell in cells]


def is_one(name: str) -> bool:
    """Return whether a mechanism's name is singular."""
    return name.startswith(("one ", "a ", "an "))


def join(texts: Iterable[str]) -> str:
    """Join texts as a list in a sentence: ``a, b and c``."""
    *some, last = texts
    return f"{', '.join(some)} and {last}" if some else last


def _name(cell: Row, further: list[str]) -> str:
    number, model = int(cell["workers"]), str(cell["model"])
    values = [_FURTHER[name](cell[name]) for name in further if _is_worth_naming(cell[name])]
    if model in _PLURALS:
        name = f"{count(number)} {_PLURALS[model] if number != 1 else model}"
    else:
        name = f"{_POOLS.get(model, model)} of {count(number)}"
    more = f"({', '.join(values)})" if values else ""
    return " ".join(filter(None, (name, _CHANNELS.get(str(cell["ipc"]), ""), more)))


def _is_worth_naming(value: object) -> bool:
    return isinstance(value, str) and value not in {"", "none"}
