"""Few cells in which any two values of any two factors occur together, if they can.

Most combinations of a model with a channel cannot exist, and a run of some models takes seconds. So each cell is chosen
for a pair that is still missing, those of one model after another, with as many other missing pairs in it as there are:
two thirds of the cells that a general generator (`allpairspy`) needs, and as few with each model as its values allow.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations as two_of
from itertools import product
from math import lcm
from typing import Any, NamedTuple

from benchmarks.combinations import TRANSPORTS, Cell, Started, choices, chosen, reason, started, variants
from breakeven.runner.cell import models, patterns

WORKERS = (1, 2, 3)
PAYLOADS = ("0B", "64B", "64KiB", "1MiB")
AFFINITIES = ("none", "compact", "scatter")
WORKLOADS = ("spin", "sleep", "histogram")

_HOW, _VARIANT, _PATTERN, _WORKLOAD = 0, 2, 3, 7
_RESTRICTING = 5
"""So many factors, the first ones, restrict each other."""
_BEST = 20
"""So many of what can exist are tried with all values of the other factors."""

Pair = tuple[int, Any, int, Any]
"""Two factors by their place, each with a value."""


class Factors(NamedTuple):
    """What one cell of the covering combines."""

    how: Started
    ipc: str
    variant: int
    pattern: str
    workers: int
    payload: str
    affinity: str
    workload: str

    def cell(self) -> Cell:
        """Return the cell as it is typed."""
        options = {
            f"model.{key}": value for key, value in chosen("model", self.how.model, self.variant).items()
        }
        options |= {f"ipc.{key}": value for key, value in chosen("ipc", self.ipc, self.variant).items()}
        method = {} if self.how.start_method is None else {"model.start_method": self.how.start_method}
        own = {"model": self.how.model, **method, "ipc": self.ipc, **options, "pattern": self.pattern}
        sizes = {"workers": self.workers, "payload": self.payload, "affinity": self.affinity}
        return own | sizes | ({} if patterns.load(self.pattern).ECHOES else {"workload": self.workload})

    def pairs(self) -> Iterator[Pair]:
        """Yield the pairs of values in this cell; a pattern that only echoes calls no workload."""
        last = _WORKLOAD if patterns.load(self.pattern).ECHOES else len(self)
        for first, second in two_of(range(last), 2):
            yield _pair(first, self[first], second, self[second])


@cache
def covering() -> tuple[Factors, ...]:
    """Return cells in which any two values of any two factors that can exist together do so at least once."""
    rows: list[Factors] = []
    left = dict.fromkeys(possible_pairs())  # a set whose order is the same in every process
    while left:
        row = _best_with(next(iter(left)), left)
        rows.append(row)
        for pair in row.pairs():
            left.pop(pair, None)
    return tuple(rows)


@cache
def possible_pairs() -> tuple[Pair, ...]:
    """Return all pairs of values of two factors that can exist together in some cell, those of slow models first."""
    values = _values()
    found = {pair: None for row in _can_exist() for pair in _pairs_within(row)}
    for first, second in two_of(range(len(values)), 2):
        if second >= _RESTRICTING:
            every = (_pair(first, one, second, other) for one in values[first] for other in values[second])
            found |= dict.fromkeys(pair for pair in every if not _calls_nothing(pair))
    slow = {how: bool(models.load(how.model).REQUIRES) for how in started()}
    return tuple(sorted(found, key=lambda pair: (pair[0] != _HOW, not slow.get(pair[1], False), pair[0])))


def _values() -> tuple[Sequence[Any], ...]:
    """Return the values of each of `Factors`."""
    ways = (started(), TRANSPORTS, range(variants()), tuple(patterns.REGISTRY), WORKERS)
    return (*ways, PAYLOADS, AFFINITIES, WORKLOADS)


def _pairs_within(row: tuple[Any, ...]) -> Iterator[Pair]:
    """Yield the pairs of the factors that restrict each other."""
    for first, second in two_of(range(_RESTRICTING), 2):
        yield _pair(first, row[first], second, row[second])


def _pair(first: int, one: Any, second: int, other: Any) -> Pair:
    """Return a pair; a variant in which a member's knobs have the values of an earlier one is that one."""
    if second == _VARIANT:
        other %= _distinct("model", one.model) if first == _HOW else _distinct("ipc", one)
    return first, one, second, other


def _calls_nothing(pair: Pair) -> bool:
    return (pair[0], pair[2]) == (_PATTERN, _WORKLOAD) and patterns.load(pair[1]).ECHOES


@cache
def _distinct(family: str, name: str) -> int:
    """Return after how many variants the values of a member's knobs repeat."""
    return lcm(*(len(values) for values in choices(family, name).values()))


@cache
def _can_exist() -> tuple[tuple[Any, ...], ...]:
    """Return what can exist of the factors that restrict each other."""
    values = _values()[:_RESTRICTING]
    return tuple(row for row in product(*values) if _fits(*row))


def _fits(how: Started, ipc: str, variant: int, pattern: str, workers: int) -> bool:
    if models.load(how.model).refuses_workers(workers):
        return False
    return reason(how, ipc, variant=variant, pattern=pattern, workers=workers) is None


def _best_with(pair: Pair, left: Container[Pair]) -> Factors:
    """Return the cell with the pair in it that holds the most missing pairs, those of its model twice."""
    fixed = {pair[0]: (pair[1],), pair[2]: (pair[3],)}
    rest = [fixed.get(place, values) for place, values in enumerate(_values())][_RESTRICTING:]

    def gain(pairs: Iterable[Pair]) -> int:
        return sum(2 if found[0] == _HOW else 1 for found in pairs if found in left)

    alike = (row for row in _can_exist() if pair[0] >= _RESTRICTING or row[pair[0]] == pair[1])
    holding = [row for row in alike if pair in Factors(*row, *next(product(*rest))).pairs()]
    holding.sort(key=lambda row: gain(_pairs_within(row)), reverse=True)
    rows = (Factors(*row, *more) for row in holding[:_BEST] for more in product(*rest))
    return max(rows, key=lambda row: gain(row.pairs()))
