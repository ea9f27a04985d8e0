"""Lines of a table, and whether the coverages among them are as claimed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LEAST, MOST = 0.93, 0.97


@dataclass(frozen=True)
class Line:
    """A line of a table: heading and text of each column, and the coverages that are claimed.

    ``at_least`` are those of cells that were left because they look wide: these may cover more.
    """

    texts: dict[str, str]
    judged: tuple[float, ...] = ()
    at_least: tuple[float, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether every claim holds."""
        return all(LEAST <= covered <= MOST for covered in self.judged) and all(
            covered >= LEAST for covered in self.at_least
        )


def put(title: str, lines: Iterable[Line]) -> int:
    """Print a table and return how many of its lines are not as claimed; these end with an exclamation mark."""
    found = list(lines)
    rows = [list(found[0].texts), *(list(line.texts.values()) for line in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    marks = ["", *("" if line.fits else " !" for line in found)]
    print(f"\n{title}")
    for row, mark in zip(rows, marks, strict=True):
        print("  ".join(map(str.ljust, row, widths)).rstrip() + mark, flush=True)
    return sum(not line.fits for line in found)


def percent(share: float) -> str:
    """Return a share in percent with one decimal, without the sign."""
    return f"{share * 100:.1f}"


def span(shares: Iterable[float]) -> str:
    """Return the least and the largest share in percent."""
    ordered = sorted(shares)
    return f"{percent(ordered[0])}-{percent(ordered[-1])}"
