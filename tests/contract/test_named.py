"""Records made without `typing`'s checks are what `typing.NamedTuple` makes."""

from __future__ import annotations

import inspect
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from breakeven.runner.cell import result, specification
from breakeven.runner.cell.board import Geometry
from breakeven.runner.cell.named import NamedTuple
from breakeven.runner.cell.specification import Rules


class Ours(NamedTuple):
    """A record with a default, a method and a property."""

    name: str
    sizes: tuple[int, ...] = (1, 2)

    def most(self) -> int:
        """Return the largest size."""
        return max(self.sizes)

    @property
    def title(self) -> str:
        """Return the name, in capitals."""
        return self.name.upper()


class Theirs(typing.NamedTuple):
    """A record with a default, a method and a property."""

    name: str
    sizes: tuple[int, ...] = (1, 2)

    def most(self) -> int:
        """Return the largest size."""
        return max(self.sizes)

    @property
    def title(self) -> str:
        """Return the name, in capitals."""
        return self.name.upper()


LOOKS: list[Callable[[Any], Any]] = [
    lambda kind: kind._fields,
    lambda kind: kind._field_defaults,
    lambda kind: kind.__doc__,
    lambda kind: kind.__module__,
    lambda kind: kind.__mro__[1:],
    typing.get_type_hints,
    lambda kind: inspect.signature(kind).parameters.keys(),
    lambda kind: kind("a")._asdict(),
    lambda kind: tuple(kind("a", (3,))),
    lambda kind: (kind("a").most(), kind("b").title, hash(kind("a"))),
    lambda kind: tuple(kind._make(["a", ()])._replace(name="c")),
    lambda kind: repr(kind("a")).replace(kind.__name__, ""),
]


@pytest.mark.parametrize("look", LOOKS)
def test_a_record_is_a_named_tuple(look: Callable[[Any], Any]) -> None:
    """Fields, defaults, methods, hints and all that `collections` adds."""
    assert look(Ours) == look(Theirs)


@pytest.mark.parametrize("kind", [Geometry, Rules, specification.Specification, result.Result])
def test_hints_are_those_of_the_class_body(kind: Any) -> None:
    """Whether the module keeps them as texts or not; a field has one, in order."""
    assert tuple(typing.get_type_hints(kind)) == kind._fields


def test_records_can_be_pickled() -> None:
    """They are found by module and name, as workers that are spawned need."""
    for record in (Ours("a"), Geometry("board", 1, 2, 3)):
        assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301  # our own
