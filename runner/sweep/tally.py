"""Counts of the runs of a sweep that ended, by status."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The counts of a launch: of ``total`` runs to make, ``ok`` and ``failed`` ended so far.

    Cells that cannot exist are counted separately, as ``incompatible``. Of ``cells`` whose rounds end by a rule,
    ``decided`` ones need no further rounds; then ``total`` grows with the rounds.
    """

    total: int
    ok: int = 0
    failed: int = 0
    incompatible: int = 0
    cells: int = 0
    decided: int = 0

    @property
    def ended(self) -> int:
        """Return how many runs ended."""
        return self.ok + self.failed

    @property
    def of(self) -> int | None:
        """Return how many runs there are to make; None if their precision decides."""
        return None if self.cells else self.total

    def with_one(self, status: str) -> Tally:
        """Return the counts after one more run ended with ``status``."""
        if status == "ok":
            return replace(self, ok=self.ok + 1)
        return replace(self, failed=self.failed + 1)

    def __str__(self) -> str:
        parts = [f"{self.ok} ok", f"{self.failed} failed", f"{self.incompatible} incompatible"]
        return ", ".join(part for part in parts if not part.startswith("0 ") or part.endswith("ok"))
