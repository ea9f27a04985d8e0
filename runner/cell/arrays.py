"""The parts of arrays, tensors, scalars and frames, found without importing the library that they come from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Optional, Protocol

from . import objects
from .difference import Different, Pair, Text, show_key

_TOLERANCES = {2: 1e-3, 4: 1e-5}  # by bytes of a float; otherwise that of Python's floats
_TOLERANCE = 1e-9
_NOISE = 64  # rounding errors of the largest element, which are close to zero beside it


class Comparing(Protocol):
    """What is needed of `runner.cell.structure.Walk`."""

    close: bool

    def alike(self, found: Any, expected: Any) -> bool:
        """Return whether two parts are equal."""


def parts(walk: Comparing, place: str, found: Any, expected: Any) -> Iterable[Pair]:
    """Return the parts by which two objects of one class must be compared; raise Different."""
    if _says_equal(found, expected):
        return _names(place, found, expected)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(expected, (pandas.DataFrame, pandas.Series, pandas.Index)):
        two = isinstance(expected, pandas.DataFrame)
        return _frame(place, found, expected) if two else _column(place, found, expected)
    one, other = _as_numpy(found), _as_numpy(expected)
    if one is not None and other is not None:
        if hasattr(type(expected), "filled") and hasattr(type(expected), "mask"):
            return _masked(place, found, expected)
        return _array(walk, place, one, other)
    if hasattr(type(expected), "tolist"):
        return _tensor(walk, place, found, expected)
    return objects.parts(walk, place, found, expected)


def _says_equal(found: Any, expected: Any) -> bool:
    """Return the answer of a method ``equals``, for which missing values are equal; false if there is none."""
    if not callable(getattr(type(expected), "equals", None)):
        return False
    try:
        return found.equals(expected) is True
    except Exception:  # noqa: BLE001  # what raises here is compared part by part
        return False


# --- pandas --------------------------------------------------------------------------------------------------------


def _names(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    """Yield what ``equals`` of pandas does not compare."""
    for axis in ("index", "columns"):
        if hasattr(getattr(expected, axis, None), "names"):
            yield from _names(f"{place}.{axis}", getattr(found, axis), getattr(expected, axis))
    for name in ("name", "names"):
        if isinstance(getattr(type(expected), name, None), property):
            yield f"{place}.{name}", _name(found, name), _name(expected, name)


def _name(thing: Any, name: str) -> Any:
    value = getattr(thing, name)
    return list(value) if name == "names" else value


def _frame(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    if found.shape != expected.shape:
        raise Different(f"{place}.shape", found.shape, expected.shape)
    yield f"{place}.columns", found.columns, expected.columns
    yield f"{place}.index", found.index, expected.index
    for number, name in enumerate(expected.columns):
        yield f"{place}[{show_key(name)}]", found.iloc[:, number], expected.iloc[:, number]


def _column(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    yield f"{place}.dtype", Text(str(found.dtype)), Text(str(expected.dtype))
    yield from _names(place, found, expected)
    if hasattr(expected, "iloc"):
        yield f"{place}.index", found.index, expected.index
        place = f"{place}.iloc"
    yield place, found.to_numpy(), expected.to_numpy()


# --- arrays --------------------------------------------------------------------------------------------------------


def _as_numpy(thing: Any) -> Any:
    """Return an object as an array of NumPy; None if that is not loaded, or the object does not allow it."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(type(thing), "__array__"):
        return None
    try:
        return numpy.asarray(thing)
    except Exception:  # noqa: BLE001  # a tensor on another device, for example
        return None


def _masked(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    mask = sys.modules["numpy.ma"].getmaskarray
    yield f"{place}.mask", mask(found), mask(expected)
    value = expected.fill_value
    yield place, _as_numpy(found.filled(value)), _as_numpy(expected.filled(value))


def _array(walk: Comparing, place: str, found: Any, expected: Any) -> Iterator[Pair]:
    texts = found.dtype.kind == expected.dtype.kind and found.dtype.kind in "US"  # as long as the longest
    if found.dtype != expected.dtype and not texts:
        raise Different(f"{place}.dtype", Text(str(found.dtype)), Text(str(expected.dtype)))
    if found.shape != expected.shape:
        raise Different(f"{place}.shape", found.shape, expected.shape)
    if found.dtype.names:
        for name in found.dtype.names:
            yield f"{place}[{show_key(name)}]", found[name], expected[name]
    elif found.dtype.hasobject or found.dtype.kind == "V":
        yield from _elements(place, found, expected)
    elif found.dtype.kind == "c" and not walk.close:
        yield f"{place}.real", found.real, expected.real
        yield f"{place}.imag", found.imag, expected.imag
    else:
        wrong = _unequal(found, expected)
        if walk.close and found.dtype.kind in "fc":
            wrong &= ~_near(found, expected)
        _refuse(place, wrong, found, expected)


def _unequal(found: Any, expected: Any) -> Any:
    """Return where elements differ, not counting NaN on both sides; for arrays of any library."""
    return (found != expected) & ~((found != found) & (expected != expected))  # noqa: PLR0124  # NaN


def _near(found: Any, expected: Any) -> Any:
    numpy = sys.modules["numpy"]
    about = numpy.finfo(expected.dtype)
    sizes = numpy.abs(expected[numpy.isfinite(expected)])
    noise = _NOISE * float(about.eps) * float(sizes.max()) if sizes.size else 0.0
    tolerance = _TOLERANCES.get(about.dtype.itemsize, _TOLERANCE)
    return numpy.isclose(found, expected, rtol=tolerance, atol=noise, equal_nan=True)


def _elements(place: str, found: Any, expected: Any) -> Iterator[Pair]:
    pairs = zip(found.reshape(-1).tolist(), expected.reshape(-1).tolist())
    for number, (one, other) in enumerate(pairs):
        yield f"{place}{_index(number, expected.shape)}", one, other


def _tensor(walk: Comparing, place: str, found: Any, expected: Any) -> Iterator[Pair]:
    """Compare tensors by their own operators, or element by element."""
    for name in ("dtype", "shape"):
        one, other = (str(getattr(thing, name, None)) for thing in (found, expected))
        if one != other:
            raise Different(f"{place}.{name}", Text(one), Text(other))
    wrong = _unequal_elements(found, expected)
    if wrong is None or walk.close:
        yield place, found.tolist(), expected.tolist()
    else:
        _refuse(place, wrong, found, expected)


def _unequal_elements(found: Any, expected: Any) -> Optional[Any]:
    try:
        wrong = _unequal(found, expected)
        bool(wrong.any())
    except Exception:  # noqa: BLE001  # a library with other operators, or elements that cannot be compared
        return None
    return wrong


def _refuse(place: str, wrong: Any, found: Any, expected: Any) -> None:
    """Raise Different at the first element that is wrong."""
    if not bool(wrong.any()):
        return
    number = wrong.reshape(-1).tolist().index(True)
    one, other = (thing.reshape(-1)[number] for thing in (found, expected))
    values = [value.item() if hasattr(value, "item") else value for value in (one, other)]
    raise Different(f"{place}{_index(number, tuple(expected.shape))}", *values)


def _index(number: int, shape: tuple[int, ...]) -> str:
    """Return the place of an element, such as ``[1, 4]``; nothing for a scalar."""
    index = []
    for length in reversed(shape):
        number, rest = divmod(number, length)
        index.append(rest)
    return f"[{', '.join(map(str, reversed(index)))}]" if index else ""
