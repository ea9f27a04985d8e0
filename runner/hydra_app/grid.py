"""Expand overrides with several values, and grids of them, into lists of overrides with one value each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString, Transformer

from breakeven.base.errors import BadValue

ZIP = "zip"
LIKE_A_NUMBER = re.compile(
    r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[-+]?\d+)?|[-+]?(inf|nan)|true|false|null", re.IGNORECASE
)
"""What Hydra does not read as text."""
_REFERENCE = re.compile(r"(\$\{[^}]+\})")
_ZIP_EXAMPLE = "[{workers: '1,2,4', tasks: '8,16,32'}]"


def expand(
    arguments: Sequence[str],
    params: Mapping[str, Any],
    grids: Sequence[Mapping[str, Any]],
    loader: ConfigLoader | None = None,
    zipped: Sequence[Mapping[str, Any]] = (),
) -> list[list[str]]:
    """Return the overrides of every cell: the full product within each grid, one grid after the other.

    ``arguments`` are the overrides as typed; ``params`` and ``zipped`` belong to every grid. The keys of one
    mapping of ``zipped``, or of a grid's own ``zip``, vary together as one axis. If a key is set more than
    once, the last of params, zipped, grid, its zip and arguments wins, so that the command line holds in
    every grid. A value may be any sweep of Hydra's that can be enumerated (choices, ``range``, ``glob``);
    ``loader`` knows the names that a glob matches. Raise BadValue.
    """
    parser = OverridesParser.create(config_loader=loader)
    cells: list[list[str]] = []
    for grid in grids or [{}]:
        single, together = _apart(grid)
        axes = _Axes(parser)
        axes.set(_lines(params))
        axes.tie(zipped, "hydra.sweeper.zip")
        axes.set(_lines(single))
        axes.tie(together, "zip of a grid")
        axes.set(arguments)
        cells += axes.product()
    return cells


def in_batches(
    jobs: Sequence[Sequence[str]], most: int | None
) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
    """Yield batches of ``most`` jobs, None for one batch, with the number of their first; raise BadValue."""
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise BadValue(
            f"hydra.sweeper.max_batch_size={write(most)}: not a whole number of at least 1; "
            "write one, or null to launch all jobs at once"
        )
    size = most or len(jobs) or 1
    return ((first, jobs[first : first + size]) for first in range(0, len(jobs), size))


class _Axes:
    """The axes of one grid, each with the values of its keys; a key belongs to one axis only."""

    def __init__(self, parser: OverridesParser) -> None:
        self._parser = parser
        self._axes: list[dict[str, list[str]]] = []

    def set(self, lines: Iterable[str]) -> None:
        """Set the values of keys in the axes that hold them; a new key becomes an axis."""
        for override in self._parser.parse_overrides(list(lines)):
            key = _identity(override)
            axis = next((axis for axis in self._axes if key in axis), None)
            if axis is None:
                self._axes.append({key: _values(override)})
            else:
                axis[key] = _values(override)

    def tie(self, mappings: Any, where: str) -> None:
        """Make one axis of the keys of each mapping; remove them from the axes that held them."""
        tied = [self._zip(mapping) for mapping in _mappings(mappings, where)]
        taken: set[str] = set()
        for axis in tied:
            _check_once(axis, taken, where)
            _check_lengths(axis)
        for axis in self._axes:
            for key in taken & set(axis):
                del axis[key]
        self._axes = [axis for axis in self._axes if axis] + tied

    def product(self) -> Iterator[list[str]]:
        """Yield every combination of positions on the axes, as overrides."""
        for cell in itertools.product(*(_places(axis) for axis in self._axes)):
            yield [line for place in cell for line in place]

    def _zip(self, mapping: Mapping[str, Any]) -> dict[str, list[str]]:
        axis: dict[str, list[str]] = {}
        for key, value in mapping.items():
            for override in self._parser.parse_overrides(_several(key, value)):
                axis.setdefault(_identity(override), []).extend(_values(override))
        return axis


def write(value: Any, *, nested: bool = False) -> str:
    """Return a value of a YAML file as the text of an override; a ``nested`` string is quoted."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{write(one, nested=True)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(one, nested=True) for one in value) + "]"
    if nested and isinstance(value, str) and not _REFERENCE.fullmatch(value):
        return QuotedString(value, Quote.single).with_quotes()
    return str(value)


def _apart(grid: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Split a grid into its keys and its ``zip``; if that is a string, it is the value of a knob."""
    together = grid.get(ZIP) if not isinstance(grid.get(ZIP), str) else None
    return {key: value for key, value in grid.items() if key != ZIP or together is None}, together or ()


def _lines(grid: Mapping[str, Any]) -> list[str]:
    return [f"{key}={write(value)}" for key, value in grid.items()]


def _several(key: str, value: Any) -> list[str]:
    """Return an override for each entry of a list; a string may itself hold several values."""
    return [f"{key}={write(one)}" for one in (value if isinstance(value, list) else [value])]


def _mappings(given: Any, where: str) -> Sequence[Mapping[str, Any]]:
    if isinstance(given, Sequence) and all(isinstance(one, Mapping) and one for one in given):
        return given
    raise BadValue(f"{where}: not a list of mappings; write one such as {_ZIP_EXAMPLE}")


def _check_once(axis: Mapping[str, Any], taken: set[str], where: str) -> None:
    for key in axis:
        if key in taken:
            raise BadValue(f"{where}: {_named(key)} appears in two of its mappings; remove it from one")
        taken.add(key)


def _check_lengths(axis: Mapping[str, list[str]]) -> None:
    counts = {key: len(values) for key, values in axis.items()}
    (first, most), *_ = sorted(counts.items(), key=lambda entry: -entry[1])
    for key, count in counts.items():
        if count != most:
            raise BadValue(
                f"zip: {_named(first)} has {most} values and {_named(key)} has {count}; keys that vary together need "
                "equally many: list as many for both, or a single one, which is used throughout"
            )


def _places(axis: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    """Return the overrides at each position of an axis; a key with a single value keeps it throughout."""
    several = {key: values for key, values in axis.items() if len(values) > 1}
    if several:
        _check_lengths(several)
    places = max(len(values) for values in axis.values())
    return [
        tuple(values[place if len(values) > 1 else 0] for values in axis.values()) for place in range(places)
    ]


def _identity(override: Override) -> str:
    """Return the name of what is overridden, without a leading ``+``, ``++`` or ``~``."""
    return f"{override.key_or_group}@{override.package or ''}"


def _named(identity: str) -> str:
    return identity.removesuffix("@")


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [str(override.input_line)]
    if not override.is_discrete_sweep():
        raise BadValue(
            f"{override.input_line}: cannot be enumerated; write the values, as in key=1,2,4 or key=range(1,5)"
        )
    values = [f"{override.get_key_element()}={spelled(value)}" for value in override.sweep_iterator()]
    if not values:
        raise BadValue(f"{override.input_line}: matches nothing; write the values, as in key=a,b")
    return values


def spelled(value: Any) -> str:
    """Return one value of a sweep as typed.

    A text that a function of Hydra's took out of its quotes gets them again; references need no backslashes.
    """
    if not isinstance(value, str):
        return str(Transformer.str(value))
    if LIKE_A_NUMBER.fullmatch(value):
        return QuotedString(value, Quote.single).with_quotes()
    pieces = _REFERENCE.split(value)  # every second one is a reference
    return "".join(piece if place % 2 else Transformer.str(piece) for place, piece in enumerate(pieces))
