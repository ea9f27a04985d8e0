"""Typed records between host and measured process, to JSON and back.

A record is a NamedTuple, which costs a measured process no import; in JSON it is an object. The reader
requires exactly the record's fields, each of its type, and `BadRecord` names the first that differs: the
other side may run another version, and the measured code can overwrite the memory that a result is made from.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Reader = Callable[[Any], Any]
Part = tuple[Any, str, Reader]  # the key of a part, its name in messages, and what reads it
_UNIONS = (Union, getattr(types, "UnionType", Union))  # ``int | None`` has a type of its own from 3.10 on
T = TypeVar("T")

_SCALARS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "null"}
_NAMES = {**_SCALARS, list: "a list", dict: "an object"}


class BadRecord(ValueError):
    """Raised when plain data do not match the record; ``place`` is where, such as ``trials[3].tasks``."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"{place} {problem}".strip())
        self.problem = problem
        self.place = place

    def within(self, outer: str) -> BadRecord:
        """Return the same error with its place seen from one level further out."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        return BadRecord(self.problem, f"{outer}{dot}{self.place}")


def to_json(record: Any) -> str:
    """Return a record as JSON."""
    return json.dumps(to_plain(record))


def from_json(kind: type[T], text: str) -> T:
    """Read a record of ``kind`` from JSON; raise BadRecord, or ValueError if it is not JSON."""
    return from_plain(kind, json.loads(text))


def to_plain(value: Any) -> Any:
    """Return a record as plain data. Either all items of a sequence are records, or none is."""
    if not isinstance(value, (tuple, list)):
        return value
    if hasattr(value, "_fields"):
        return {name: to_plain(part) for name, part in zip(value._fields, value)}
    return [to_plain(item) for item in value] if value and hasattr(value[0], "_fields") else list(value)


def from_plain(kind: type[T], plain: Any) -> T:
    """Read a record of ``kind`` from plain data; raise BadRecord."""
    hint: Any = kind
    found: T = _reader(hint)(plain)
    return found


@lru_cache(maxsize=None)
def _reader(hint: Any) -> Reader:
    """Return the reader of a type that records use; raise TypeError for any other type."""
    if hasattr(hint, "_fields"):
        return _record_reader(hint)
    if get_origin(hint) is not None:
        return _generic_reader(get_origin(hint), get_args(hint))
    if hint is Any:
        return _anything
    if hint not in _SCALARS:
        raise TypeError(f"records do not use {hint}")
    return _float_reader if hint is float else _scalar_reader(hint)


def _generic_reader(origin: Any, args: tuple[Any, ...]) -> Reader:
    if origin in _UNIONS:
        return _optional_reader(_reader(args[0]))
    if origin is dict:
        return _dict_reader(_reader(args[1]))
    if origin is list or (origin is tuple and args[1:] == (...,)):
        return _sequence_reader(origin, args[0])
    if origin is tuple:
        return _tuple_reader(args)
    raise TypeError(f"records do not use {origin}")


def _anything(value: Any) -> Any:
    return value


def _expect(expected: type, value: Any) -> None:
    """Raise BadRecord if ``value`` is of another type; true and false are not numbers."""
    if type(value) is not expected:
        raise BadRecord(f"is {_NAMES[type(value)]}, not {_NAMES[expected]}")


def _scalar_reader(expected: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not expected:
            _expect(expected, value)
        return value

    return read


def _float_reader(value: Any) -> float:
    if type(value) is not int:  # a whole number is accepted
        _expect(float, value)
    return float(value)


def _optional_reader(part: Reader) -> Reader:
    def read(value: Any) -> Any:
        return None if value is None else part(value)

    return read


def _dict_reader(part: Reader) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        _expect(dict, value)
        return dict(zip(value, _each(part, value.items())))

    return read


def _sequence_reader(make: Callable[[Any], Any], hint: Any) -> Reader:
    part = _reader(hint)

    def read(value: Any) -> Any:
        _expect(list, value)
        if set(map(type, value)) <= {hint}:  # scalars of the right type: nothing to convert
            return make(value)
        return make(_each(part, ((f"[{place}]", item) for place, item in enumerate(value))))

    return read


def _tuple_reader(hints: tuple[Any, ...]) -> Reader:
    parts = [(place, f"[{place}]", _reader(hint)) for place, hint in enumerate(hints)]

    def read(value: Any) -> tuple[Any, ...]:
        _expect(list, value)
        if len(value) != len(parts):
            raise BadRecord(f"has {len(value)} items, not {len(parts)}")
        return tuple(_parts(parts, value))

    return read


def _record_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    parts = [(name, name, _reader(hints[name])) for name in kind._fields]
    names = set(kind._fields)

    def read(value: Any) -> Any:
        _expect(dict, value)
        if value.keys() != names:
            _refuse_keys(names, value)
        return kind._make(_parts(parts, value))

    return read


def _parts(parts: list[Part], value: Any) -> Iterator[Any]:
    for key, name, part in parts:
        try:
            yield part(value[key])
        except BadRecord as error:
            raise error.within(name) from None


def _each(part: Reader, items: Any) -> Iterator[Any]:
    """Read the values of named items."""
    for name, item in items:
        try:
            yield part(item)
        except BadRecord as error:
            raise error.within(name) from None


def _refuse_keys(names: set[str], value: dict[str, Any]) -> None:
    for name in sorted(names - value.keys()):
        raise BadRecord("is missing", name)
    for name in sorted(value.keys() - names):
        raise BadRecord("is unknown", name)
