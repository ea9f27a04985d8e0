"""Where two objects differ first, by their structure: what they hold, not what ``==`` says about them.

``==`` compares arrays element by element, calls NaN different from itself and most objects different from their
copies, or raises. So containers, arrays and objects are taken apart until only numbers and texts are left.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from math import isclose
from typing import Any, Optional

from . import objects
from .difference import NOTHING, Different, Pair, Text, show, show_key, with_type

REL_TOLERANCE = 1e-9
"""Relative difference of two floats that are close."""

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
Parts = Callable[[str, Any, Any], Iterable[Pair]]
_FUNCTION = type(lambda: None)
_PROXY = type(object.__dict__)


def first_difference(found: Any, expected: Any, *, close: bool = False) -> Optional[str]:
    """Return where and how two objects differ first; None if they are equal, or nearly so with ``close``."""
    try:
        Walk(close).check(found, expected)
    except Different as difference:
        return str(difference)
    return None


class Walk:
    """One comparison. Pairs that were met before are skipped, so that it ends for objects that hold themselves."""

    def __init__(self, close: bool) -> None:
        self.close = close
        self._met: dict[tuple[int, int], tuple[Any, Any]] = {}  # the objects too, so that ids stay theirs
        self._containers: tuple[tuple[tuple[type, ...], Parts], ...] = (
            ((list, tuple, deque), self._items),
            ((dict,), self._mapped),
            ((set, frozenset), self._members),
        )

    def check(self, found: Any, expected: Any, place: str = "result") -> None:
        """Raise Different at the first difference, however deeply it is nested."""
        pending: list[Iterator[Pair]] = [iter(((place, found, expected),))]
        while pending:
            pair = next(pending[-1], None)
            if pair is None:
                pending.pop()
            else:
                pending.append(iter(self._parts(*pair)))

    def alike(self, found: Any, expected: Any) -> bool:
        """Return whether two parts are equal, whatever their place."""
        try:
            self.check(found, expected)
        except Different:
            return False
        return True

    def _parts(self, place: str, found: Any, expected: Any) -> Iterable[Pair]:
        """Return the parts by which two objects must be compared, none if they are equal; raise Different."""
        if found is expected:
            return ()
        if type(found) in PLAIN and type(expected) in PLAIN:
            if not self._equal(found, expected):
                raise Different(place, found, expected)
            return ()
        pair = (id(found), id(expected))
        if pair in self._met:
            return ()
        self._met[pair] = (found, expected)
        if objects.same_class(type(found), type(expected)):
            return self._contents(place, found, expected)
        floats = isinstance(found, float) and isinstance(expected, float)  # those of NumPy as well, also NaN
        if not (
            self._equal(float(found), float(expected)) if floats else objects.says_equal(found, expected)
        ):
            raise Different(place, with_type(found), with_type(expected))
        return ()

    def _contents(self, place: str, found: Any, expected: Any) -> Iterable[Pair]:
        for kinds, parts in self._containers:
            if isinstance(expected, kinds):
                return parts(place, found, expected)
        return self._contents_of_others(place, found, expected)

    def _contents_of_others(self, place: str, found: Any, expected: Any) -> Iterable[Pair]:
        if isinstance(expected, (*_VIEWS, _PROXY, bytearray, memoryview)) or _is_packed(expected):
            return _unpacked(place, found, expected)
        if isinstance(expected, type):
            return ((f"{place}.__qualname__", objects.name_of(found), objects.name_of(expected)),)
        if isinstance(expected, _FUNCTION):
            return objects.function_parts(place, found, expected)
        if _is_array(type(expected)):
            from . import arrays  # noqa: PLC0415  # seldom needed, and every import prolongs the start of a run

            return arrays.parts(self, place, found, expected)
        return objects.parts(self, place, found, expected)

    # --- numbers -----------------------------------------------------------------------------------------------

    def _equal(self, found: Any, expected: Any) -> bool:
        """Return whether two numbers or texts are equal; NaN is equal to NaN."""
        if found == expected:
            return True
        if type(found) is type(expected) is complex:
            parts = ((found.real, expected.real), (found.imag, expected.imag))
            return all(self._equal(*part) for part in parts) or self._near(found, expected)
        return (found != found and expected != expected) or self._near(found, expected)  # noqa: PLR0124  # NaN

    def _near(self, found: Any, expected: Any) -> bool:
        kinds = {type(found), type(expected)}
        if not self.close or not kinds <= {int, float, complex} or kinds == {int}:
            return False
        try:
            if complex in kinds:
                return bool(abs(found - expected) <= REL_TOLERANCE * max(abs(found), abs(expected)))
            return isclose(found, expected, rel_tol=REL_TOLERANCE)
        except OverflowError:  # an int that is too large for a float
            return False

    # --- containers ----------------------------------------------------------------------------------------------

    def _items(self, place: str, found: Any, expected: Any) -> Iterator[Pair]:
        kind = type(expected)
        if len(found) != len(expected):
            raise Different(f"len({place})", len(found), len(expected))
        if are_plain_and_equal(found, expected):
            return
        names = getattr(kind, "_fields", None) if isinstance(expected, tuple) else None
        for index, (one, other) in enumerate(zip(found, expected)):
            if not _are_equal(one, other):
                yield (f"{place}.{names[index]}" if names else f"{place}[{index}]"), one, other
        if kind not in (list, tuple):
            yield from _own_attributes(place, found, expected)

    def _mapped(self, place: str, found: Any, expected: Any) -> Iterator[Pair]:
        unmatched = [key for key in expected if key not in found]
        surplus = (
            [key for key in found if key not in expected] if unmatched or len(found) != len(expected) else []
        )
        pairs = dict(self._matched(surplus, unmatched))
        for key, value in expected.items():
            own = pairs.get(key, key)
            if own not in found:
                raise Different(f"{place}[{show_key(key)}]", NOTHING, value)
            one = found[own]
            if not _are_equal(one, value):
                yield f"{place}[{show_key(key)}]", one, value
        for key in surplus:
            if not any(key is other for other in pairs.values()):
                raise Different(f"{place}[{show_key(key)}]", found[key], NOTHING)
        if isinstance(expected, OrderedDict):
            yield f"list({place})", list(found), list(expected)
        if type(expected) is not dict:
            yield from _own_attributes(place, found, expected)

    def _members(self, place: str, found: Any, expected: Any) -> Iterator[Pair]:
        unmatched = [member for member in expected if member not in found]
        surplus = [member for member in found if member not in expected]
        pairs = self._matched(surplus, unmatched)
        if len(pairs) < max(len(surplus), len(unmatched)):
            paired = [id(member) for pair in pairs for member in pair]
            left = [[member for member in some if id(member) not in paired] for some in (surplus, unmatched)]
            one, other = (Text(show(some[0])) if some else NOTHING for some in left)
            raise Different(f"{place}, a member", one, other)
        if type(expected) not in (set, frozenset):
            yield from _own_attributes(place, found, expected)

    def _matched(self, found: list[Any], expected: list[Any]) -> list[tuple[Any, Any]]:
        """Pair keys that no look-up finds, such as NaN or objects without ``==``, by their structure."""
        pairs, left = [], list(found)
        for key in expected:
            for place, other in enumerate(left):
                if Walk(self.close).alike(other, key):
                    pairs.append((key, left.pop(place)))
                    break
        return pairs


def _own_attributes(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    """Yield the attributes of an object of a class that is derived from a container."""
    for name, one, other in objects.attribute_pairs(found, expected):
        yield f"{place}.{name}", one, other


def _unpacked(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    """Yield what views and buffers hold."""
    if isinstance(expected, (bytearray, memoryview)):
        one, other = memoryview(found), memoryview(expected)
        yield f"{place}.shape", (one.format, one.shape), (other.format, other.shape)
        yield place, one.tobytes(), other.tobytes()
    elif isinstance(expected, _PROXY):
        yield place, dict(found), dict(expected)
    elif _is_packed(expected):
        yield f"{place}.typecode", found.typecode, expected.typecode
        yield place, found.tolist(), expected.tolist()
    else:
        yield place, list(found), list(expected)


def _is_packed(thing: Any) -> bool:
    """Return whether it is an `array.array`."""
    return type(thing).__module__ == "array"


def _are_equal(found: Any, expected: Any) -> bool:
    """Return whether two objects are equal at first sight."""
    return found is expected or (type(found) in PLAIN and type(expected) in PLAIN and bool(found == expected))


def are_plain_and_equal(found: Any, expected: Any) -> bool:
    """Return whether two lists or tuples hold nothing but numbers and texts, and the same ones."""
    if type(found) not in (list, tuple) or type(found) is not type(expected):
        return False
    return (
        PLAIN.issuperset(map(type, expected))
        and PLAIN.issuperset(map(type, found))
        and bool(found == expected)
    )


def _is_array(kind: type) -> bool:
    """Return whether objects of a class are arrays, tensors, frames, or scalars of such a library."""
    return hasattr(kind, "__array__") or (hasattr(kind, "dtype") and hasattr(kind, "shape"))
