"""A claim, and what becomes of it: the interface of this room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from breakeven.analysis.claims.expectation import (
    CONTRADICTED,
    INCONCLUSIVE,
    SUPPORTED,
    Expectation,
    Part,
)
from breakeven.analysis.frames.load import Lab


class Figure(NamedTuple):
    """The figure that shows it, and the cells that it is drawn of."""

    name: str
    select: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence, what it leads one to expect, what would change the verdict, and the figure that shows it.

    It is supported if every expectation is met, contradicted if any is not, else inconclusive. ``builds`` compares
    interpreters, so that it is judged on all of a sweep's.
    """

    id: str
    text: str
    expects: Sequence[Expectation]
    changes: str
    figure: Figure
    builds: bool = False

    def judge(self, lab: Lab) -> tuple[Part, ...]:
        """Return what ``lab`` says of each expectation."""
        return tuple(expectation.look(lab) for expectation in self.expects)


def combine(parts: Sequence[Part]) -> str:
    """Return the decision about a claim from those about its expectations."""
    found = {part.decision for part in parts}
    if CONTRADICTED in found:
        return CONTRADICTED
    return INCONCLUSIVE if INCONCLUSIVE in found or not found else SUPPORTED
