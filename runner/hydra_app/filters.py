"""Select cells of a grid by the conditions ``only`` and ``exclude`` of a YAML file or the command line."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.base.interpreters import canonical
from breakeven.base.suggestions import did_you_mean
from breakeven.base.text import plural
from breakeven.base.units import read_size, read_time
from breakeven.runner.config.parsing import typed
from breakeven.runner.hydra_app.grid import spelled, write
from breakeven.runner.hydra_app.kinds import is_text
from breakeven.runner.hydra_app.texts import as_number, for_hydra
from breakeven.runner.planning.request import Request

_Job = TypeVar("_Job")
EXCLUDE, ONLY = "exclude", "only"

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_SAME, _OTHER = "==", "!="
_COMPARISON = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*(.*)", re.DOTALL)
_KNOB = re.compile(r"\$\{\s*([^\W\d][\w.@/-]*)\s*\}")
_EXAMPLE = "[{model: thread, workers: '>4'}]"


@dataclass(frozen=True)
class Comparison:
    """A test of a value of a cell; ``right`` may name other knobs of the same cell, such as ``${tasks}``."""

    operator: str
    right: tuple[Any, ...]
    text: str


@dataclass(frozen=True)
class Entry:
    """One mapping of ``exclude`` or ``only``: the comparisons by key, at least one of which must hold."""

    where: str
    tests: Mapping[str, tuple[Comparison, ...]]
    text: str

    def matches(self, request: Request) -> bool:
        """Return whether a comparison of every key holds; raise BadValue if values cannot be compared."""
        return all(
            any(_holds(test, key, request, self.where) for test in tests) for key, tests in self.tests.items()
        )


@dataclass(frozen=True)
class Selection:
    """Conditions on cells: keep those that match one of ``only``, if any, and none of ``exclude``."""

    only: tuple[Entry, ...] = ()
    exclude: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any condition."""
        return bool(self.only or self.exclude)

    def keeps(self, request: Request) -> bool:
        """Return whether a cell is selected."""
        if self.only and not any(entry.matches(request) for entry in self.only):
            return False
        return not any(entry.matches(request) for entry in self.exclude)


@dataclass(frozen=True)
class Selected:
    """The selected cells; ``notes`` list the conditions that match no cell, one line each."""

    requests: tuple[Request, ...]
    notes: tuple[str, ...] = ()


def read_selection(sweeper: Mapping[str, Any]) -> Selection:
    """Return ``only`` and ``exclude`` of a sweeper's unresolved configuration; raise BadValue."""
    return Selection(**{key: _entries(sweeper.get(key), f"hydra.sweeper.{key}") for key in (ONLY, EXCLUDE)})


def select(jobs: Iterable[_Job], compose: Callable[[_Job, int], Request], selection: Selection) -> Selected:
    """Return the selected cells; raise BadValue if none is left and UnknownChoice for keys that no cell has.

    ``compose`` returns the configuration of a job; its second argument numbers the cells that are kept.
    """
    cells: list[Request] = []
    kept: list[Request] = []
    for job in jobs:
        cells.append(compose(job, len(kept)))
        if selection.keeps(cells[-1]):
            kept.append(cells[-1])
    entries = (*selection.only, *selection.exclude)
    for entry in entries:
        _check_keys(entry, cells)
    if not kept:
        raise BadValue(_nothing_left(selection, len(cells)))
    return Selected(tuple(kept), tuple(_without_effect(entries, cells)))


def _entries(given: Any, where: str) -> tuple[Entry, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(one, Mapping) and one for one in given):
        raise BadValue(f"{where}={typed(given)}: not a list of mappings; write one such as {_EXAMPLE}")
    return tuple(
        Entry(
            where, {str(key): _comparisons(where, str(key), value) for key, value in one.items()}, write(one)
        )
        for one in given
    )


def _comparisons(where: str, key: str, value: Any) -> tuple[Comparison, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_comparison(where, key, one) for one in values)


def _comparison(where: str, key: str, value: Any) -> Comparison:
    if isinstance(value, Mapping):
        raise BadValue(f"{where}: {key} is compared with a mapping; name one knob of it, such as {key}.name")
    if is_text(key) and isinstance(value, bool | float):
        raise BadValue(f"{where}: {key}: {write(value)} is compared with a text; write it in quotes")
    if not isinstance(value, str):
        return Comparison(_SAME, (value,), write(value))
    match = _COMPARISON.fullmatch(value)
    sign, text = match.groups() if match else (_SAME, value)
    right = tuple(_values(where, key, text))
    if sign in _ORDERS and len(right) != 1:
        raise BadValue(f"{where}: {key}: {value} compares with {len(right)} values; write one")
    return Comparison(sign, right, value)


def _values(where: str, key: str, text: str) -> Iterable[Any]:
    """Return the value of ``text``, read as that of an override; several if it is a sweep."""
    try:
        override = _parsed(key, text)
    except HydraException as error:
        raise BadValue(
            f"{where}: {key}: {text or 'nothing'} cannot be read; quote special characters within the quotes"
        ) from error
    value = override.value()
    if isinstance(value, Glob):
        return [value]
    if not override.is_sweep_override():
        return [_value(key, override)]
    if not override.is_discrete_sweep():
        raise BadValue(f"{where}: {key}: {text} cannot be enumerated; compare with < and > instead")
    return [_value(key, _parsed("key", spelled(one))) for one in override.sweep_iterator()]


def _parsed(key: str, text: str) -> Override:
    """Parse a text as the value of a knob; only of a knob that holds texts does the name matter."""
    typed_text = for_hydra(f"{key}={text}").partition("=")[2] if is_text(key) else text
    return OverridesParser.create().parse_override(f"key={typed_text}")


def _value(key: str, override: Override) -> Any:
    return as_number(override.value()) if is_text(key) else override.value()


# --- comparing -------------------------------------------------------------------------------------------


def _holds(test: Comparison, key: str, request: Request, where: str) -> bool:
    left = _named(request, key, where)
    if test.operator in _ORDERS:
        (right,) = _resolved(test.right, request, where)
        return _in_order(test, key, left[0], right, where)
    same = any(_same(one, right) for one in left for right in _resolved(test.right, request, where))
    return same if test.operator == _SAME else not same


def _in_order(test: Comparison, key: str, left: Any, right: Any, where: str) -> bool:
    """Compare two amounts; null is neither less nor more than anything."""
    if left is None or right is None:
        return False
    (kind, amount), (other_kind, other) = _amount(left), _amount(right)
    if "" in {kind, other_kind} or (kind != other_kind and amount != 0 != other):
        raise BadValue(
            f"{where}: {key}={typed(left)} cannot be compared with {typed(right)} ({key}: {test.text}); "
            "compare numbers with numbers, sizes with sizes, times with times"
        )
    return _ORDERS[test.operator](amount, other)


def _same(left: Any, right: Any) -> bool:
    """Compare two values; a version such as 3.14 is the interpreter of that name."""
    if isinstance(left, str) and not isinstance(right, Glob) and left == canonical(str(right)):
        return True
    if isinstance(right, Glob):
        return isinstance(left, str) and bool(right.filter([left]))
    (kind, amount), (other_kind, other) = _amount(left), _amount(right)
    if "" in {kind, other_kind}:
        return type(left) is type(right) and bool(left == right)
    return amount == other and (kind == other_kind or amount == 0)


def _amount(value: Any) -> tuple[str, Any]:
    """Return the kind of an amount and its value in the base unit; the kind is empty if it is no amount."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", value
    return _quantity(value) if isinstance(value, str) else ("", value)


@cache
def _quantity(text: str) -> tuple[str, int | str]:
    for kind, read in (("size", read_size), ("time", read_time)):
        with suppress(BadValue):
            return kind, read(text, "")
    return "", text


def _named(request: Request, key: str, where: str) -> tuple[Any, ...]:
    """Return the value of ``key`` in a cell; for a group its option and its name; None if it is missing."""
    value = _lookup(request.plain, key)
    if is_text(key):
        value = as_number(value)
    names = [request.choices[key]] if key in request.choices else []
    if key == "interpreter" and isinstance(value, Mapping):
        return tuple({*names, canonical(str(value["path"] or names[0]))} if value["path"] else names)
    if not isinstance(value, Mapping):
        return tuple(names) or (value,)
    if "name" in value:
        names.append(value["name"])
    if not names:
        raise BadValue(
            f"{where}: {key} is a group of knobs; name one of them, such as {key}.{next(iter(value))}"
        )
    return tuple(names)


def _lookup(plain: Any, key: str) -> Any:
    for part in key.replace("/", ".").split("."):
        if not isinstance(plain, Mapping) or part not in plain:
            return None
        plain = plain[part]
    return plain


def _resolved(right: Sequence[Any], request: Request, where: str) -> Iterator[Any]:
    """Replace the knobs that ``right`` names by their values in the cell."""
    for value in right:
        if not isinstance(value, str) or "${" not in value:
            yield value
        elif match := _KNOB.fullmatch(value):
            yield _named(request, match[1], where)[-1]
        else:  # resolvers, or several knobs in one string: rare, and only OmegaConf can resolve them
            yield OmegaConf.create({**request.plain, "_": value})["_"]


# --- errors and notes ------------------------------------------------------------------------------------


def _check_keys(entry: Entry, cells: Sequence[Request]) -> None:
    for key in _keys(entry):
        if not any(_has(cell, key) for cell in cells):
            group, _, _ = key.rpartition(".")
            known = _known(cells, group) or _known(cells, "")
            raise UnknownChoice(
                f"{entry.where}: {key}: no such knob{did_you_mean(key, known)}; there are {', '.join(known)}"
            )


def _keys(entry: Entry) -> Iterator[str]:
    """Yield the keys of an entry and the knobs that its values name."""
    for key, tests in entry.tests.items():
        yield key
        for test in tests:
            matches = (_KNOB.fullmatch(value) for value in test.right if isinstance(value, str))
            yield from (match[1] for match in matches if match)


def _has(request: Request, key: str) -> bool:
    if key in request.choices:
        return True
    group, _, name = key.rpartition(".")
    inside = _lookup(request.plain, group) if group else request.plain
    return isinstance(inside, Mapping) and name in inside


def _known(cells: Sequence[Request], group: str) -> list[str]:
    """Return the knobs within ``group`` that any cell has, with their full names."""
    found: dict[str, None] = {}
    for cell in cells:
        inside = _lookup(cell.plain, group) if group else cell.plain
        if isinstance(inside, Mapping):
            found |= dict.fromkeys(f"{group}.{name}" if group else str(name) for name in inside)
    return list(found)


def _nothing_left(selection: Selection, cells: int) -> str:
    used = [f"hydra.sweeper.{key}" for key in (ONLY, EXCLUDE) if getattr(selection, key)]
    leave = "leave" if len(used) > 1 else "leaves"
    return f"{' and '.join(used)} {leave} none of the {plural(cells, 'cell')} of the grid; remove a filter or add values"


def _without_effect(entries: Iterable[Entry], cells: Sequence[Request]) -> Iterator[str]:
    for entry in entries:
        if not any(entry.matches(cell) for cell in cells):
            yield f"{entry.where}: {entry.text} matches no cell of the grid"
