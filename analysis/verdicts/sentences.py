"""What is said of a question: one sentence, a clause for a title, and the same in parts for a screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isfinite

import pandas as pd

from breakeven.analysis.frames.disturbed import MOST, is_above_workers, may_be_disturbance
from breakeven.analysis.frames.rows import Row
from breakeven.analysis.units import format_ratio, format_time, format_times
from breakeven.analysis.verdicts.answer import Answer
from breakeven.analysis.verdicts.costs import ALIKE
from breakeven.analysis.verdicts.lines import Line
from breakeven.analysis.verdicts.memory import say_alone, say_remedy, say_spared
from breakeven.analysis.verdicts.pays import round_value, say_payoff
from breakeven.analysis.verdicts.question import plain
from breakeven.analysis.verdicts.ranking import BAND, SERIAL
from breakeven.analysis.verdicts.words import count, family, is_one, join, name_mechanisms
from breakeven.base.statuses import FAILED
from breakeven.base.text import what_happened
from breakeven.base.wrapping import wrap

CLAUSE = 60
"""The most characters of a clause."""

_LINES, _COLUMNS = 2, 80
"""What a sentence takes of a terminal where there are many."""

_NAMED = 2
"""The most candidates that are named of those that are as good, or not decided."""

_DISTURBED = "were disturbed"

_MEMORY_STEP, _TIME_STEP = 2.0**20, 1e6


@dataclass(frozen=True)
class Words:
    """An answer in words."""

    answer: Answer

    @cached_property
    def names(self) -> list[str]:
        """Name the candidates, such as ``two processes over a queue``."""
        return name_mechanisms(self.answer.question.candidates)

    def sentence(self) -> str:
        """Return the verdict as one sentence: what to use, how sure it is, and the reason that says most."""
        head = f"For {self.answer.question.about}: {self._head()}"
        parts = (head, self._disturbed(), say_alone(self.answer), self._doubt(), self._contrast())
        return "; ".join(filter(None, parts)) + "."

    def brief(self) -> str:
        """Return as much of the sentence as two lines of a terminal hold: what to use, then what says most."""
        sentence = self.sentence()
        if _is_brief(sentence):
            return sentence
        about = f"For {self.answer.question.about}: "
        text = next(filter(_is_brief, map(about.__add__, self._heads())), about + self.use())
        doubts, contrasts = self._doubts(), self._contrasts()
        for choices in (
            (self._disturbed(), self._disturbed("pairs")),
            (say_alone(self.answer),),
            doubts,
            contrasts,
        ):
            longer = (f"{text}; {choice}" for choice in choices if choice)
            text = next(filter(_is_brief, longer), text)
        return f"{text}."

    def _heads(self) -> Iterator[str]:
        """Yield the head and shorter ones."""
        yield self._head()
        best, ranking = self.answer.ranking.best, self.answer.ranking
        if best is not None:
            beyond = self._beyond_briefly(best)
            if beyond:
                yield f"{self.names[best]}, {self.value(best)}, {beyond}"
            yield f"{self.names[best]}, {self.value(best)}"
        elif ranking.decision == SERIAL:
            first = self.answer.leader(range(len(self.names)))
            yield f"stay serial; at best {self.names[first]}, {self.value(first)}"
        elif ranking.open:
            first = self.answer.leader(ranking.open)
            yield f"not decided; at best {self.names[first]}, {self.value(first)}"

    def _doubts(self) -> tuple[str, ...]:
        ranking = self.answer.ranking
        if ranking.best is None or not ranking.open:
            return ()
        others = (
            self.names[ranking.open[0]]
            if len(ranking.open) == 1
            else f"{count(len(ranking.open))} other ways"
        )
        return (self._doubt(), f"{others} may be faster")

    def _contrasts(self) -> tuple[str, ...]:
        """Return what another family gains, with its reason and without, or nothing."""
        if self.answer.ranking.best is None:
            return ()
        return (next(iter(self._others()), ""), next(iter(self._others(reasons=False)), ""))

    def clause(self) -> str:
        """Return the verdict in at most `CLAUSE` characters."""
        about, best = self.answer.question.about, self.answer.ranking.best
        if best is None:
            what = ["stay serial" if self.answer.ranking.decision == SERIAL else "not decided"]
        else:
            value = self.value(best, interval=False)
            what = [f"{self.names[best]}, {value}", f"{self.names[best].partition(' (')[0]}, {value}"]
        for text in (f"{about}: {what[0]}", *what):
            if len(text) <= CLAUSE:
                return text
        return f"{what[-1][: CLAUSE - 3]}..."

    def use(self) -> str:
        """Return what to use: a mechanism, ``stay serial`` or ``not decided``."""
        best, decision = self.answer.ranking.best, self.answer.ranking.decision
        if best is not None:
            return self.names[best]
        return "stay serial" if decision == SERIAL else "not decided"

    def details(self) -> tuple[str, ...]:
        """Return the lines below it: what is as good, what is not and why, from where on it pays."""
        when = "; ".join(filter(None, (self._pays(), self._repaid())))
        found = (
            self._as_good(),
            *self._others(),
            self._doubt(),
            when,
            say_remedy(self.answer),
            *self._failed(),
        )
        return tuple(text for text in found if text)

    def beyond_the_sentence(self) -> tuple[str, ...]:
        """Return those details that the sentence does not hold."""
        sentence = self.sentence()
        return tuple(text for text in self.details() if text not in sentence)

    def value(self, number: int, *, interval: bool = True) -> str:
        """Return what a candidate measured, such as ``1.83x [1.79, 1.88]``."""
        cell, of_messages = self.answer.question.candidates[number], self.answer.question.of_round_trips
        value, low, high = (cell[f"{self.answer.measure}{end}"] for end in ("", "_low", "_high"))
        text = format_time(value) if of_messages else f"{format_ratio(value)}x"
        if not interval or pd.isna(low):
            return text
        ends = format_times(value, low, high) if of_messages else map(format_ratio, (low, high))
        return f"{text} [{', '.join(ends)}]"

    def reason(self, number: int) -> str:
        """Return why a candidate is not as fast as its workers allow, as a clause after its name.

        It is empty if that is not known.
        """
        found = self.answer.reasons.get(self.answer.cell_id(number))
        return f"they {found.text}" if found else ""

    def _head(self) -> str:
        ranking = self.answer.ranking
        if not self.names:
            ran = any(cell["status"] in FAILED for cell in self.answer.question.unmeasured.rows)
            nothing = "nothing finished" if ran else "nothing ran"
            return f"{nothing} ({next(self._failed(), 'no cell is ok')})"
        if ranking.best is not None:
            verified = "" if self._is_verified(ranking.best) else ", its results not verified"
            beyond = self.beyond()
            return (
                f"{self.names[ranking.best]}, {self.value(ranking.best)}{verified}{beyond and f', {beyond}'}"
            )
        if ranking.decision == SERIAL:
            return f"stay serial; {self._best_loses(self.answer.leader(range(len(self.names))))}"
        return f"not decided{self._why_undecided()}"

    def _best_loses(self, best: int) -> str:
        """Return that the best candidate gains nothing worth having, and why."""
        be = "is" if is_one(self.names[best]) else "are"
        less = "slower" if best in self.answer.ranking.slower else f"surely less than {100 * BAND:g} % faster"
        why = self.reason(best)
        return f"at best {self.names[best]} {be} {less}, {self.value(best)}{f': {why}' if why else ''}"

    def beyond(self) -> str:
        """Return what makes the speedup of the recommended candidate besides parallel work; empty for nothing.

        Page faults, or any cause if the speedup is surely above what its workers allow.
        """
        number = self.answer.ranking.best
        if number is None:
            return ""
        cell, spared = self.answer.question.candidates[number], say_spared(self.answer, number)
        if spared:
            return spared
        if not is_above_workers(cell):
            return ""
        why = (
            f"{cell['pairs_disturbed']:.0%} of its pairs of trials {_DISTURBED}"
            if may_be_disturbance(cell)
            else "calls do less in a worker than alone"
        )
        return f"{_above_workers(cell)}: {why}"

    def _beyond_briefly(self, best: int) -> str:
        cell, spared = self.answer.question.candidates[best], say_spared(self.answer, best, brief=True)
        return spared or (_above_workers(cell) if is_above_workers(cell) else "")

    def _disturbed(self, pairs: str = "pairs of trials") -> str:
        """Return how much of the candidate that the head names was disturbed, if it was most of its ``pairs``.

        It is empty if the head says so.
        """
        number = self._named()
        if number is None or _DISTURBED in self.beyond():
            return ""
        share = self.answer.question.candidates[number]["pairs_disturbed"]
        return f"{share:.0%} of its {pairs} {_DISTURBED}" if share > MOST else ""

    def _named(self) -> int | None:
        """Return which candidate the head names, if any."""
        ranking = self.answer.ranking
        if ranking.best is not None or not self.names:
            return ranking.best
        if ranking.decision == SERIAL:
            return self.answer.leader(range(len(self.names)))
        return None if self._is_of_one_process() else self.answer.leader(ranking.open)

    def _is_of_one_process(self) -> bool:
        return all(cell["covers"] != "cell" for cell in self.answer.question.candidates)

    def _is_verified(self, number: int) -> bool:
        return bool(self.answer.question.candidates[number]["verify"] != "none")

    def _why_undecided(self) -> str:
        cells, still_open = self.answer.question.candidates, self.answer.ranking.open
        if self._is_of_one_process():
            return ": each candidate ran in one process only (rounds=auto runs more)"
        first = self.answer.leader(still_open)
        if self.answer.question.of_round_trips:
            return f": {self.names[first]} took {self.value(first)}, {self._among(still_open, first)} may be sooner"
        certain = cells[first]["speedup_low"] > 1
        surely = [one for one in still_open if self.answer.ranking.low[one] > 1]
        if first in surely:
            return self._say_small_gain(first, others=len(surely) - 1, doubtful=len(still_open) - len(surely))
        many = _and_more(len(still_open) - 1)
        sure = f" (sure alone, not as one of {len(cells)})" if certain else ""
        return f": {self.names[first]}, {self.value(first)}{sure},{many} may pay or not"

    def _say_small_gain(self, first: int, *, others: int, doubtful: int) -> str:
        """Return that the first candidate and ``others`` surely gain, though maybe little, and how many may not."""
        gain = "surely gains" if is_one(self.names[first]) and not others else "surely gain"
        rest = f"; {count(doubtful)} more may pay or not" if doubtful else ""
        less = f"but maybe less than {100 * BAND:g} %"
        return f": {self.names[first]}, {self.value(first)}{_and_more(others)}, {gain}, {less}{rest}"

    def _among(self, numbers: tuple[int, ...], without: int) -> str:
        names = [self.names[one] for one in numbers if one != without]
        if not names:
            return "another run"
        return names[0] if len(names) == 1 else f"{count(len(names))} other ways"

    def _doubt(self) -> str:
        """Return what may be faster than the best by more than the band."""
        ranking = self.answer.ranking
        if ranking.best is None or not ranking.open:
            return ""
        first = self.answer.leader(ranking.open)
        many = _and_more(len(ranking.open) - 1)
        return f"{self.names[first]}, {self.value(first)},{many} may be more than {100 * BAND:g} % faster"

    def _contrast(self) -> str:
        """Return the first of the other families that gains nothing, with its reason if one is known."""
        return next(iter(self._others()), "") if self.answer.ranking.best is not None else ""

    def _others(self, *, reasons: bool = True) -> Iterator[str]:
        """Yield for each other family what it gains at best and why not more, if surely none of its members gains."""
        ranking, cells = self.answer.ranking, self.answer.question.candidates
        if self.answer.question.of_round_trips or not self.names:
            return
        families = [family(cell["model"]) for cell in cells]
        mine = (
            families[ranking.best]
            if ranking.best is not None
            else families[self.answer.leader(range(len(cells)))]
        )
        for name in dict.fromkeys(families):
            members = tuple(place for place, one in enumerate(families) if one == name)
            several = tuple(place for place in members if cells[place]["workers"] > 1)
            best = self.answer.leader(several or members)  # one worker gains nothing for no reason of its own
            if name == mine or not all(map(self._gains_nothing, members)):
                continue
            why = self.reason(best) if reasons else ""
            slower = all(place in ranking.slower for place in members)
            gains = "are slower than serial" if slower else "gain nothing"
            yield f"{name} {gains}, {self.value(best)}{f': {why}' if why else ''}"

    def _gains_nothing(self, number: int) -> bool:
        """Return whether a candidate is surely not worth having, by the intervals that decided.

        The end of one process alone is not known, and never below the band.
        """
        ranking = self.answer.ranking
        return bool(ranking.high[number] < 1 + BAND) and number not in ranking.open

    def _as_good(self) -> str:
        ranking = self.answer.ranking
        if not ranking.as_good or ranking.best is None:
            return ""
        some = [
            f"{self.names[one]} ({self.value(one, interval=False)}{self._dearer(one, ranking.best)})"
            for one in ranking.as_good[:_NAMED]
        ]
        more = len(ranking.as_good) - len(some)
        return f"as good: {join([*some, f'{count(more)} more'] if more else some)}"

    def _dearer(self, number: int, best: int) -> str:
        """Return what a candidate costs more than the best, the first that counts."""
        mine, least = self.answer.costs[number], self.answer.costs[best]
        memory = mine["memory_bytes"] - least["memory_bytes"]
        if memory > max(_MEMORY_STEP, (ALIKE - 1) * least["memory_bytes"]):
            return f", {round_value('payload_asked_bytes', memory)} more memory"
        start = mine["startup_ns"] - least["startup_ns"]
        if start > max(_TIME_STEP, (ALIKE - 1) * least["startup_ns"]):
            return f", ready {format_time(start)} later"
        return ""

    def _line(self) -> Line | None:
        """Return the line of the best candidate, or of the leader if there is none."""
        ranking = self.answer.ranking
        if not self.names:
            return None
        number = ranking.best if ranking.best is not None else self.answer.leader(range(len(self.names)))
        lines = self.answer.lines.get(self.answer.cell_id(number), ())
        return lines[0] if lines else None

    def _pays(self) -> str:
        line = self._line()
        return say_payoff(line) if line else ""

    def _repaid(self) -> str:
        best = self.answer.ranking.best
        if best is None or self.answer.question.of_round_trips:
            return ""
        tasks = float(self.answer.costs[best]["repaid_tasks"])
        if not isfinite(tasks):
            return ""
        number = max(1, ceil(tasks))
        return f"start-up repaid in {number} task{'s' if number > 1 else ''}"

    def _failed(self) -> Iterator[str]:
        """Yield the mechanisms of which no cell ran to its end, with the reason of the first."""
        failed, cells = self.answer.question.unmeasured.rows, self.answer.question.candidates
        known = {(cell["model"], cell["ipc"]) for cell in cells}
        for cell in failed:
            kind = (cell["model"], cell["ipc"])
            if kind not in known and not (cells and cell["status"] == "incompatible"):
                known.add(kind)
                reason = what_happened(str(plain(cell["reason"]) or "no reason stored"))
                yield f"{name_mechanisms([cell])[0]} {_ended(cell)} ({cell['status']}: {reason})"


def _ended(cell: Row) -> str:
    """Return how a cell ended of which no run is ok: a run that failed did run."""
    return "did not finish" if cell["status"] in FAILED else "did not run"


def _and_more(number: int) -> str:
    return f" and {count(number)} more" if number else ""


def _is_brief(text: str) -> bool:
    """Return whether a sentence takes few lines, its full stop included."""
    return len(wrap(f"{text}.", _COLUMNS, "  ")) <= _LINES


def _above_workers(cell: Row) -> str:
    workers = int(cell["workers"])
    return f"above what {count(workers)} worker{'s' * (workers != 1)} can gain"
