"""How a sweep chooses its runs if it does not measure a whole grid.

The settings of ``hydra/sweeper=race`` and ``bisect``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log, log2
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.base.units import format_size, format_time, read_size, read_time
from breakeven.runner.config.parsing import AUTO, read_choice, read_count, read_share, typed

RACE, BISECT = "race", "bisect"
RACE_KEYS = ("regret", "structure")
BISECT_KEYS = ("along", "between", "factor", "most")
"""Keys of the sweeper that only one kind of search has."""
_MOST_REGRET = 0.5
TASK, PAYLOAD = "task", "payload"
_AXES: dict[str, tuple[Callable[[object, str], int], Callable[[int], str], tuple[str, str]]] = {
    TASK: (read_time, format_time, ("10us", "30ms")),
    PAYLOAD: (read_size, format_size, ("64B", "16MiB")),
}
"""By axis how its values are read and written, and between which the crossing is looked for by default."""
_LEAST_FACTOR, _MOST_FACTOR = 1.05, 4.0
_LEAST_RUNS = 6
_BINARY_DIGITS = 7  # a step of one in the last is 0.8 to 1.6 %
_A_STEP = 4
"""So many positions are there within the factor."""


@dataclass(frozen=True)
class RaceSearch:
    """A race: by how much the best may be better than the one chosen, and whether cells tell about each other.

    ``structure`` is None for a rule: each is measured once where the budget allows.
    """

    regret: float
    structure: bool | None


@dataclass(frozen=True)
class BisectSearch:
    """A bisection: the knob ``along`` which the crossing is looked for, from ``low`` to ``high`` in ns or bytes.

    ``factor`` is how wide a bracket may be at most, ``most`` how many runs there are for each line.
    """

    along: str
    low: int
    high: int
    factor: float
    most: int

    @property
    def positions(self) -> tuple[str, ...]:
        """Return the values of the knob at which cells may be measured, as typed, with equal ratios."""
        count = round(_A_STEP * log(self.high / self.low) / log(self.factor)) or 1
        ratio = self.high / self.low
        inner = (self.low * ratio ** (place / count) for place in range(1, count))
        values = [self.low, *map(self._rounded, inner), self.high]
        return tuple(dict.fromkeys(map(self.write, values)))

    def about(self, position: float) -> str:
        """Return a position with its unit, and with as many digits as tell two of them apart."""
        return self.write(self._rounded(position))

    def _rounded(self, position: float) -> int:
        """Return a position near this one that is short when written: with three digits, or seven binary ones."""
        if self.along == TASK:
            return int(float(f"{position:.3g}"))
        step = 1 << max(int(log2(position)) - _BINARY_DIGITS + 1, 0)
        return round(position / step) * step

    @property
    def write(self) -> Callable[[int], str]:
        """Return what writes a position as typed."""
        return _AXES[self.along][1]


Search = RaceSearch | BisectSearch


def read_race(sweeper: Mapping[str, Any]) -> RaceSearch:
    """Return the settings of a race's sweeper; raise BadValue."""
    regret = read_share(sweeper["regret"], "hydra.sweeper.regret")
    if regret > _MOST_REGRET:
        raise BadValue(
            f"hydra.sweeper.regret={typed(sweeper['regret'])}: more than half of what there is to gain; write a share up to 50%"
        )
    structure = sweeper["structure"]
    if structure == AUTO or isinstance(structure, bool):
        return RaceSearch(regret, None if structure == AUTO else structure)
    raise BadValue(
        f"hydra.sweeper.structure={typed(structure)}: neither auto nor true nor false; "
        "write true to skip cells that their neighbours say are slower, false to measure each at least once"
    )


def read_bisection(sweeper: Mapping[str, Any]) -> BisectSearch:
    """Return the settings of a bisection's sweeper; raise BadValue or UnknownChoice."""
    along = read_choice(sweeper["along"], "hydra.sweeper.along", _AXES)
    factor = sweeper["factor"]
    if (
        isinstance(factor, bool)
        or not isinstance(factor, int | float)
        or not _LEAST_FACTOR <= factor <= _MOST_FACTOR
    ):
        raise BadValue(
            f"hydra.sweeper.factor={typed(factor)}: not a number from {_LEAST_FACTOR} to {_MOST_FACTOR:g}; write one such as 1.25"
        )
    most = read_count(sweeper["most"], "hydra.sweeper.most", least=_LEAST_RUNS)
    low, high = _ends(sweeper["between"], along, float(factor))
    return BisectSearch(along, low, high, float(factor), most)


def _ends(between: Any, along: str, factor: float) -> tuple[int, int]:
    read, _, usual = _AXES[along]
    key = "hydra.sweeper.between"
    given = usual if between is None else between
    example = f"[{','.join(usual)}]"
    match given:
        case [first, second]:
            low, high = read(first, key), read(second, key)
        case _:
            raise BadValue(f"{key}={typed(between)}: not two values of {along}; write them as {example}")
    if low <= 0 or high < low * factor**2:
        written = f"[{','.join(map(typed, given))}]"
        raise BadValue(
            f"{key}={written}: holds no range to look for a crossing in: the first value must be above 0 and the second larger "
            f"by the factor twice at least; write for example {example}"
        )
    return low, high
