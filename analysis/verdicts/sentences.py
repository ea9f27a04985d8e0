"""What is said of a question: one sentence, and a clause for a title."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from breakeven.analysis.units import format_ratio, format_time
from breakeven.analysis.verdicts.question import Question
from breakeven.analysis.verdicts.ranking import BAND, SERIAL, Ranking
from breakeven.analysis.verdicts.words import count, mechanisms

CLAUSE = 60
"""The most characters of a clause."""


@dataclass(frozen=True)
class Said:
    """A question with what follows, to be put into words."""

    question: Question
    ranking: Ranking

    @property
    def names(self) -> list[str]:
        """Name the candidates."""
        return list(mechanisms(self.question.cells))

    def sentence(self) -> str:
        """Return the verdict as one sentence."""
        return f"For {self.question.about}: {self._what()}."

    def clause(self) -> str:
        """Return the verdict in at most `CLAUSE` characters."""
        subject = self.question.about
        decision, best = self.ranking.decision, self.ranking.best
        if best is not None:
            texts = [f"{self.names[best]}, {self.value(best, interval=False)}"]
        else:
            texts = ["stay serial" if decision == SERIAL else "not decided"]
        found = next((text for text in (f"{subject}: {texts[0]}", texts[0]) if len(text) <= CLAUSE), texts[0])
        return found if len(found) <= CLAUSE else f"{found[: CLAUSE - 3]}..."

    def value(self, number: int, *, interval: bool = True) -> str:
        """Return what a candidate measured, such as ``1.83x [1.79, 1.88]``."""
        cell = self.question.cells.iloc[number]
        column, form, unit = (
            ("latency_p50_ns", format_time, "")
            if self.question.of_round_trips
            else ("speedup", format_ratio, "x")
        )
        value, low, high = (cell[f"{column}{end}"] for end in ("", "_low", "_high"))
        ends = f" [{form(low)}, {form(high)}]" if interval and pd.notna(low) else ""
        return f"{form(value)}{unit}{ends}"

    def _what(self) -> str:
        ranking = self.ranking
        if ranking.best is not None:
            return f"{self.names[ranking.best]}, {self.value(ranking.best)}{self._left_open()}"
        if ranking.decision == SERIAL:
            return f"stay serial; {self._nothing_gains()}"
        return f"not decided; {self._undecided()}"

    def _left_open(self) -> str:
        if not self.ranking.open:
            return ""
        first = self._leader(self.ranking.open)
        more = len(self.ranking.open) - 1
        others = f" and {count(more)} more" if more else ""
        return f"; whether {self.names[first]}{others} gain more is not decided"

    def _nothing_gains(self) -> str:
        best = self._leader(range(len(self.names)))
        return f"at best {self.names[best]}, {self.value(best)}, gain less than {100 * BAND:g} %"

    def _undecided(self) -> str:
        if self.question.cells["covers"].ne("cell").all():
            return "each candidate ran in one process only (rounds=auto runs more)"
        first = self._leader(self.ranking.open)
        if self.question.of_round_trips:
            others = len(self.ranking.open) - 1
            return f"{self.names[first]}, {self.value(first)}, may be slower than {count(others)} more"
        return f"{self.names[first]}, {self.value(first)}, may pay or not"

    def _leader(self, numbers: range | tuple[int, ...]) -> int:
        column = "latency_p50_ns" if self.question.of_round_trips else "speedup"
        values = self.question.cells[column].astype("float64").iloc[list(numbers)]
        place = values.argmin() if self.question.of_round_trips else values.argmax()
        return list(numbers)[int(place)]
