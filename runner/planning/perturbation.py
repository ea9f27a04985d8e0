"""What differs on purpose between the rounds of a cell, since any single choice would bias the measurement.

The size of the environment moves the stack, the hash seed the order of sets and the collisions of
dictionaries; either can change the speed of a process by some percent (Mytkowicz, Diwan, Hauswirth and
Sweeney, *Producing wrong data without doing anything obviously wrong*, ASPLOS 2009, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from breakeven.runner.config.start import HASH_SEED, PADDING

_MOST_PADDING = 4096
_HASH_SEEDS = 2**32


@dataclass(frozen=True)
class Variation:
    """The hash seed of one fresh process, and the bytes of padding in its environment."""

    hash_seed: int
    padding_bytes: int

    @classmethod
    def of(cls, seed: int, cell_id: str, round_: int) -> Variation:
        """Draw the variation of a round, always the same for the same arguments."""
        random = Random(f"{seed}/{cell_id}/{round_}")
        return cls(random.randrange(_HASH_SEEDS), random.randrange(_MOST_PADDING))

    def under(self, chosen: Mapping[str, str | None]) -> Variation:
        """Return the variation of a cell that sets the variables ``chosen``: its own hash seed, if any, holds."""
        seed = chosen.get(HASH_SEED)
        return self if seed is None else replace(self, hash_seed=int(seed))

    def environment(self) -> dict[str, str]:
        """Return the environment variables to add."""
        return {HASH_SEED: str(self.hash_seed), PADDING: "x" * self.padding_bytes}
