"""How a sweep chooses its runs if it does not measure a whole grid: what ``hydra/sweeper=race`` was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.runner.config.parsing import AUTO, read_share, typed

RACE = "race"
RACE_KEYS = ("regret", "structure")
"""Keys of the sweeper that only a race has."""
_MOST_REGRET = 0.5


@dataclass(frozen=True)
class Search:
    """A race: by how much the best may be better than the one chosen, and whether cells tell about each other.

    ``structure`` is None for a rule: each is measured once where the budget allows.
    """

    regret: float
    structure: bool | None


def read_search(sweeper: Mapping[str, Any]) -> Search:
    """Return what a race's sweeper was told; raise BadValue."""
    regret = read_share(sweeper["regret"], "hydra.sweeper.regret")
    if regret > _MOST_REGRET:
        raise BadValue(
            f"hydra.sweeper.regret={typed(sweeper['regret'])}: more than half of what there is to gain; write a share up to 50%"
        )
    structure = sweeper["structure"]
    if structure == AUTO or isinstance(structure, bool):
        return Search(regret, None if structure == AUTO else structure)
    raise BadValue(
        f"hydra.sweeper.structure={typed(structure)}: neither auto nor true nor false; "
        "write true to skip cells that their neighbours say are slower, false to measure each at least once"
    )
