"""Short loops over one thing that threads do all the time, on objects shared or of their own.

Each entry of `SNIPPETS` makes the loop of one worker: a function that takes a number of loops and returns a number that
shows that they were done. What is shared is made when this module is imported, so it is shared by the threads of one
interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from threading import Lock, get_ident, local
from types import FunctionType
from typing import Any

Run = Callable[[int], int]


class Item:
    """An object with an attribute and a method."""

    def __init__(self, value: int) -> None:
        self.value = value

    def after(self, number: int) -> int:
        """Return the number that follows, below 256."""
        return (number + self.value) & 255


def _after(number: int) -> int:
    return (number + 1) & 255


SCALE = float("2.5")  # not a constant, of which those from a bytecode cache are not counted
_SHARED_ITEM, _SHARED_DICT, _SHARED_LOCK, _LOCAL = Item(1), {"key": 1}, Lock(), local()


# --- making objects ------------------------------------------------------------------------------------------------


def _new_object() -> Run:
    def run(loops: int) -> int:
        made = Item(0)
        for number in range(loops):
            made = Item(number)
        return made.value

    return run


def _new_dict() -> Run:
    def run(loops: int) -> int:
        made = {"number": 0}
        for number in range(loops):
            made = {"number": number}
        return made["number"]

    return run


def _new_closure() -> Run:
    def run(loops: int) -> int:
        made: Callable[[], int] = int
        for _ in range(loops):
            made = lambda: loops  # noqa: E731  # making a function is what is repeated
        return made()

    return run


# --- calls ---------------------------------------------------------------------------------------------------------


def _module_function() -> Run:
    def run(loops: int) -> int:
        number = 0
        for _ in range(loops):
            number = _after(number)
        return number

    return run


def _c_function() -> Run:
    def run(loops: int) -> int:
        root = 0
        for number in range(loops):
            root = isqrt(number)
        return root

    return run


def _method() -> Run:
    item = Item(1)

    def run(loops: int) -> int:
        number = 0
        for _ in range(loops):
            number = item.after(number)
        return number

    return run


# --- reads ---------------------------------------------------------------------------------------------------------


def _thread_local() -> Run:
    def run(loops: int) -> int:
        total = 0
        _LOCAL.value = 1
        for _ in range(loops):
            total += _LOCAL.value
        return total

    return run


def _read_scale(loops: int) -> int:
    read = SCALE
    for _ in range(loops):
        read = SCALE
    return round(2 * read)


def _shared_global() -> Run:
    return _read_scale


def _private_global() -> Run:
    """Return the same code with globals of its own, whose number is another object."""
    own = {**globals(), "SCALE": float(str(SCALE))}
    return FunctionType(_read_scale.__code__, own, "read_scale")


_CONSTANT = """
def run(loops):
    read = 0
    for _ in range(loops):
        read = 3.75
    return round(4 * read)
"""


def _compiled() -> Any:
    """Return a function that was compiled here.

    Constants of code from a bytecode cache are not counted (CPython 3.13).
    """
    space: dict[str, Any] = {}
    exec(compile(_CONSTANT, "snippet", "exec"), space)  # noqa: S102  # the text stands above
    return space["run"]


_COMPILED = _compiled()


def _shared_constant() -> Run:
    run: Run = _COMPILED
    return run


def _reads_item(item: Item) -> Run:
    def run(loops: int) -> int:
        total = 0
        for _ in range(loops):
            total += item.value
        return total

    return run


def _reads_dict(table: dict[str, int]) -> Run:
    def run(loops: int) -> int:
        total = 0
        for _ in range(loops):
            total += table["key"]
        return total

    return run


# --- writes --------------------------------------------------------------------------------------------------------


def _writes_dict(table: dict[str, int]) -> Run:
    def run(loops: int) -> int:
        key = f"of thread {get_ident()}"
        for number in range(loops):
            table[key] = number
        return table.pop(key, 0)

    return run


def _locks(lock: Any) -> Run:
    def run(loops: int) -> int:
        total = 0
        for _ in range(loops):
            with lock:
                total += 1
        return total

    return run


SNIPPETS: dict[str, Callable[[], Run]] = {
    "new_object": _new_object,
    "new_dict": _new_dict,
    "new_closure": _new_closure,
    "module_function": _module_function,
    "c_function": _c_function,
    "method": _method,
    "thread_local": _thread_local,
    "shared_global": _shared_global,
    "private_global": _private_global,
    "shared_constant": _shared_constant,
    "shared_object": lambda: _reads_item(_SHARED_ITEM),
    "private_object": lambda: _reads_item(Item(1)),
    "shared_dict": lambda: _reads_dict(_SHARED_DICT),
    "private_dict": lambda: _reads_dict({"key": 1}),
    "shared_dict_write": lambda: _writes_dict(_SHARED_DICT),
    "private_dict_write": lambda: _writes_dict({}),
    "shared_lock": lambda: _locks(_SHARED_LOCK),
    "private_lock": lambda: _locks(Lock()),
}
