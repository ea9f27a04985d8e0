"""The parts of objects that are no containers: what they consist of when they are copied or pickled."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Iterator
from typing import Any, Optional, Protocol

from .difference import NOTHING, Different, Pair

_PROTOCOL = 4
_ABSENT = object()
_RECONSTRUCTORS = ("__newobj__", "__newobj_ex__", "_reconstructor")
_NO_STATE = ("__weakref__", "__dict__")


class Comparing(Protocol):
    """What is needed of `runner.cell.structure.Walk`."""

    close: bool

    def alike(self, found: Any, expected: Any) -> bool:
        """Return whether two parts are equal."""


def same_class(found: type, expected: type) -> bool:
    """Return whether two classes are the same, or were made by two calls of the same function."""
    return found is expected or (name_of(found) == name_of(expected) and "<locals>" in found.__qualname__)


def name_of(kind: type) -> str:
    """Return the full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def says_equal(found: Any, expected: Any) -> Optional[bool]:
    """Return the answer of ``==``; None if it raises, or does not answer with true or false."""
    try:
        answer = found == expected
        if isinstance(answer, bool):
            return answer
        return bool(answer) if getattr(answer, "shape", None) == () else None  # a scalar of an array library
    except Exception:  # noqa: BLE001  # the == of an object of the user's may raise anything
        return None


def parts(walk: Comparing, place: str, found: Any, expected: Any) -> Iterable[Pair]:
    """Return the parts by which two objects of one class must be compared; raise Different."""
    kind: Any = type(expected)
    has_own = kind.__eq__ is not object.__eq__
    says = says_equal(found, expected) if has_own else None
    if says:
        return ()
    fields = getattr(type(expected), "__dataclass_fields__", None)
    if fields is not None and has_own:
        return _field_pairs(place, found, expected, [name for name in fields if fields[name].compare])
    one, other = _reduced(found), _reduced(expected)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _reduced_parts(walk, place, (found, one), (expected, other))
    if isinstance(one, str) and one == other:
        return ()
    visible = list(attribute_pairs(found, expected))
    if says is False and not visible:
        raise Different(place, found, expected)
    return [(f"{place}.{name}", value, right) for name, value, right in visible]


def function_parts(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    """Yield what two functions consist of: their code, their defaults, and what they took from outside."""
    if found.__code__ != expected.__code__:
        raise Different(place, found, expected)
    yield f"{place}.__defaults__", found.__defaults__, expected.__defaults__
    yield f"{place}.__kwdefaults__", found.__kwdefaults__, expected.__kwdefaults__
    yield f"{place}.__closure__", _cells(found), _cells(expected)


def attribute_pairs(found: Any, expected: Any) -> Iterator[Pair]:
    """Yield the attributes that either object has, in its ``__dict__`` or in slots."""
    one, other = _attributes(found), _attributes(expected)
    for name in {**other, **one}:
        yield name, one.get(name, NOTHING), other.get(name, NOTHING)


def _cells(function: Any) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # an empty cell: the name is not bound yet
            found.append(None)
    return found


def _field_pairs(place: str, found: Any, expected: Any, names: Iterable[str]) -> Iterator[Pair]:
    for name in names:
        yield f"{place}.{name}", getattr(found, name, NOTHING), getattr(expected, name, NOTHING)


def _attributes(thing: Any) -> dict[str, Any]:
    found = dict(getattr(thing, "__dict__", None) or {})
    for kind in type(thing).__mro__:
        names = kind.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            private = name.startswith("__") and not name.endswith("__")
            real = f"_{kind.__name__.lstrip('_')}{name}" if private else name
            value = _ABSENT if name in _NO_STATE else getattr(thing, real, _ABSENT)
            if value is not _ABSENT:
                found[real] = value
    return found


def _reduced(thing: Any) -> Any:
    """Return what `pickle` would keep of an object, without pickling it; None if it cannot be pickled."""
    special = copyreg.dispatch_table.get(type(thing))
    try:
        return special(thing) if special else thing.__reduce_ex__(_PROTOCOL)
    except Exception:  # noqa: BLE001  # an object of the user's may refuse in any way
        return None


def _reduced_parts(
    walk: Comparing, place: str, found: tuple[Any, tuple[Any, ...]], expected: tuple[Any, tuple[Any, ...]]
) -> Iterator[Pair]:
    """Yield the attributes among what pickle would keep; compare the rest as a whole."""
    one, other = (list(reduced) + [None] * (6 - len(reduced)) for _, reduced in (found, expected))
    states = [_named_state(state) for state in (one[2], other[2])]
    rests = [_rest(reduced, state) for reduced, state in zip((one, other), states)]
    if not walk.alike(*rests):
        raise Different(place, found[0], expected[0])
    named, right = (state or {} for state in states)
    for name in {**right, **named}:
        yield f"{place}.{name}", named.get(name, NOTHING), right.get(name, NOTHING)


def _rest(reduced: list[Any], state: Optional[dict[str, Any]]) -> tuple[Any, ...]:
    """Return what pickle would keep apart from attributes: how the object is made, and its items."""
    make, args, whole, items, mapped = reduced[:5]
    return (
        name if (name := getattr(make, "__name__", "")) in _RECONSTRUCTORS else make,
        args,
        None if state is not None else whole,
        None if items is None else list(items),
        None if mapped is None else dict(mapped),
    )


def _named_state(state: Any) -> Optional[dict[str, Any]]:
    """Return attributes by name, those in slots too; None if the state is something else."""
    parts = state if isinstance(state, tuple) else (state,)  # without slots, and with
    if not all(part is None or isinstance(part, dict) for part in parts):
        return None
    return {str(name): value for part in parts if part for name, value in part.items()}
