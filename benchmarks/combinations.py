"""Every way to combine the members of the registries: the pairs that can exist, and few cells that cover all others in pairs.

The members, the values of their knobs and what fits together come from what members declare, so a new member is in the
matrix, in the covering and in what `benchmarks.matrix` runs by being registered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, islice, product
from typing import Any, NamedTuple

import yaml
from allpairspy import AllPairs

from breakeven.runner.cell import channels, models, patterns
from breakeven.runner.cell.compatibility import NATIVE, NONE, why_not
from breakeven.runner.cell.families import FAMILIES
from breakeven.runner.config.files import conf_folder

TRANSPORTS = (*channels.REGISTRY, NATIVE, NONE)
WORKERS = (1, 2, 3)
PAYLOADS = ("0B", "64B", "64KiB", "1MiB")
AFFINITIES = ("none", "compact", "scatter")
WORKLOADS = ("spin", "sleep", "histogram")

Cell = dict[str, Any]
"""Knobs and values as they are typed."""


class Started(NamedTuple):
    """A model and the start method of its processes, None if there is no choice."""

    model: str
    start_method: str | None

    def __str__(self) -> str:
        return self.model if self.start_method is None else f"{self.model}({self.start_method})"


def started() -> list[Started]:
    """Return every model with each of its start methods."""
    return [
        Started(name, method)
        for name in models.REGISTRY
        for method in models.load(name).START_METHODS or (None,)
    ]


@cache
def defaults(family: str, name: str) -> Cell:
    """Return the knobs of a member as its YAML file has them."""
    if name not in FAMILIES[family].REGISTRY:
        return {}
    given: Cell = yaml.safe_load((conf_folder() / family / f"{name}.yaml").read_text(encoding="utf-8"))
    return {key: value for key, value in given.items() if key not in ("name", "start_method")}


def reason(how: Started, ipc: str, *, workers: int = 2, variant: int = 0, pattern: str = "map") -> str | None:
    """Return why a combination cannot exist, None if it can; one worker where a model refuses more."""
    fewest = 1 if models.load(how.model).refuses_workers(2) else workers  # the baseline has one in any case
    return why_not(
        model=how.model,
        start_method=how.start_method,
        ipc=ipc,
        pattern=pattern,
        workers=fewest,
        model_options={**defaults("model", how.model), **chosen("model", how.model, variant)},
        ipc_options={**defaults("ipc", ipc), **chosen("ipc", ipc, variant)},
    )


def pairs() -> list[tuple[Started, str]]:
    """Return every pair of a model and a transport that can exist, with the default knobs of both."""
    return [(how, ipc) for how in started() for ipc in TRANSPORTS if reason(how, ipc) is None]


@cache
def choices(family: str, name: str) -> dict[str, tuple[str, ...]]:
    """Return the knobs of a member that take one of a few values, with these."""
    if name not in FAMILIES[family].REGISTRY:
        return {}
    registry: Any = FAMILIES[family]
    options = registry.load(name).OPTIONS
    return {key: tuple(kind.rstrip("?").split("|")) for key, kind in options.items() if "|" in kind}


def chosen(family: str, name: str, variant: int) -> Cell:
    """Return the values of those knobs in a variant: each takes its values in turn."""
    return {key: values[variant % len(values)] for key, values in choices(family, name).items()}


@cache
def variants() -> int:
    """Return how many variants it takes until every knob of every member had every value."""
    members = [(family, name) for family in ("model", "ipc") for name in FAMILIES[family].REGISTRY]
    return max(
        (len(values) for family, name in members for values in choices(family, name).values()), default=1
    )


class Factors(NamedTuple):
    """What one cell of the covering combines; fields in the order in which the covering chooses them."""

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


def covering() -> list[Factors]:
    """Return cells in which any two values of any two factors that can exist together do so at least once.

    Where some combinations cannot exist, `AllPairs` leaves out pairs that its order of choosing does not reach; cells for
    those follow its own.
    """
    rows = [Factors(*row) for row in AllPairs(_values(), filter_func=_can_exist)]
    while missing := _missing(rows):
        rows.append(_cell_with(missing[0], len(rows)))
    return rows


Pair = tuple[int, Any, int, Any]
"""Two factors by their place, each with a value."""


def _values() -> tuple[Sequence[Any], ...]:
    """Return the values of each of `Factors`."""
    return (
        started(),
        TRANSPORTS,
        range(variants()),
        tuple(patterns.REGISTRY),
        WORKERS,
        PAYLOADS,
        AFFINITIES,
        WORKLOADS,
    )


def _missing(rows: Sequence[Factors]) -> list[Pair]:
    """Return the pairs that can exist and are in no cell."""
    covered = {pair for row in rows for pair in _pairs_of(row)}
    return [pair for pair in possible_pairs() if pair not in covered]


def _pairs_of(row: Sequence[Any]) -> Iterator[Pair]:
    for first, second in combinations(range(len(row)), 2):
        yield first, row[first], second, row[second]


@cache
def possible_pairs() -> tuple[Pair, ...]:
    """Return all pairs of values of two factors that can exist together in some cell."""
    values = _values()
    return tuple(
        (first, one, second, other)
        for first, second in combinations(range(len(values)), 2)
        for one in values[first]
        for other in values[second]
        if next(_cells_with((first, one, second, other)), None) is not None
    )


def _cells_with(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """Yield what can exist of the factors that restrict each other, with the pair in it."""
    fixed = {pair[0]: (pair[1],), pair[2]: (pair[3],)}
    return (row for row in product(*(fixed.get(n, _values()[n]) for n in range(5))) if _can_exist(row))


def _cell_with(pair: Pair, number: int) -> Factors:
    """Return a cell with the pair in it; ``number`` chooses the values of the others in turn."""
    found = list(islice(_cells_with(pair), number % 97 + 1))
    rest = [values[number % len(values)] for values in _values()[5:]]
    row = [*found[-1], *rest]
    row[pair[0]], row[pair[2]] = pair[1], pair[3]
    return Factors(*row)


@cache
def _fits(how: Started, ipc: str, variant: int, pattern: str, workers: int) -> bool:
    return reason(how, ipc, variant=variant, pattern=pattern, workers=workers) is None


def _can_exist(row: Sequence[Any]) -> bool:
    """Return whether the first factors of a cell can exist together; the others restrict nothing."""
    known = dict(zip(Factors._fields, row, strict=False))  # the later ones are not chosen yet
    if "ipc" not in known:
        return True
    how, workers = known["how"], known.get("workers", 1)
    if models.load(how.model).refuses_workers(workers):
        return False
    tried = [known["variant"]] if "variant" in known else range(variants())
    pattern = known.get("pattern", "map")  # the one that every model takes part in
    return any(_fits(how, known["ipc"], variant, pattern, workers) for variant in tried)


def sweep(cells: Sequence[Cell], **settings: Any) -> str:
    """Return the YAML of an experiment of these cells, one run of few trials each."""
    once = {"warmup": 0, "max_warmup": 0, "min_trials": 2, "max_trials": 2, "max_time": "300ms", "traced": 1}
    quick = {"rounds": 1, "trial": "4ms", "task": "200us", "window": "20ms", "measure": once}
    hydra = {"mode": "MULTIRUN", "sweeper": {"grids": [_typed(cell) for cell in cells]}}
    return "# @package _global_\n" + yaml.safe_dump({**quick, **settings, "hydra": hydra}, sort_keys=False)


def _typed(cell: Cell) -> dict[str, str]:
    return {key: "null" if value is None else str(value) for key, value in cell.items()}


def members() -> Iterator[tuple[str, str, Any]]:
    """Yield family, name and class of every model and channel."""
    for family in ("model", "ipc"):
        registry: Any = FAMILIES[family]
        for name in registry.REGISTRY:
            yield family, name, registry.load(name)
