"""What follows from a race, before it is put into words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from breakeven.analysis.advice.replay import Replayed, replay
from breakeven.analysis.advice.snippet import Given
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.part import Part, part_of
from breakeven.analysis.verdicts.answer import Answer, answers
from breakeven.analysis.verdicts.sentences import Words
from breakeven.search.race import EQUAL, FAILED, LEADER, OPEN, WORSE, Standing


@dataclass(frozen=True)
class Choice:
    """One candidate: its name in words, how it stands, and the tasks handed over at once.

    ``place`` is its number among the cells of the answer.

    There is no cell of the serial program, and no place of one that was not measured. ``chunk`` is None for the
    default. ``refused`` says why it could not be measured, empty if it could; ``failures`` why runs of it failed, a
    text for each. ``backend`` is that of joblib, empty for other models.
    """

    name: str
    standing: Standing
    cell_id: str | None
    place: int | None
    chunk: int | None
    refused: str = ""
    failures: tuple[str, ...] = ()
    backend: str = ""

    @property
    def has_speedup(self) -> bool:
        """Return whether its speedup is known: what the race expects of one that was not measured is no result."""
        return self.standing.runs > 0 or self.cell_id is None

    @property
    def is_compared(self) -> bool:
        """Return whether it was measured and no run of it failed, so that the choice is compared with it."""
        return self.standing.runs > 0 and self.standing.word != FAILED

    @property
    def is_struck_out(self) -> bool:
        """Return whether it may not be recommended because a run of it failed, whatever its other runs gained."""
        return self.standing.word == FAILED and not self.refused


@dataclass(frozen=True)
class Advice:
    """What follows from a race: its ``choices``, the best first, and what their cells say (None if no cell ran).

    Those that are not measured come after those that are, and those that failed last.

    ``at_once`` is how many calls the CPUs can carry out at the same time: more than there are CPUs if a call waits most
    of its time. ``decided``: no candidate is better than the leader by more than the ``regret``, as far as the rule
    sees; otherwise ``ahead`` is how many may be. ``structure`` says whether candidates that were not measured are
    judged by their neighbours. ``seconds`` is how long its runs took. ``given`` is how the function was called,
    ``part`` how many of the inputs each run took if not all.
    """

    choices: tuple[Choice, ...]
    answer: Answer | None
    decided: bool
    ahead: int
    regret: float
    structure: bool
    seconds: float
    at_once: float
    given: Given | None = None
    part: Part | None = None

    @property
    def leader(self) -> Choice:
        """Return the candidate that is probably best."""
        return next(choice for choice in self.choices if choice.standing.word == LEADER)

    def of(self, word: str) -> list[Choice]:
        """Return the candidates that stand so, the best first."""
        return [choice for choice in self.choices if choice.standing.word == word]

    @property
    def compared(self) -> list[Choice]:
        """Return the candidates that the choice is compared with, or is one of; the best first."""
        return [choice for choice in self.choices if choice.is_compared]

    @property
    def struck_out(self) -> list[Choice]:
        """Return the candidates that may not be recommended because a run of them failed; the best first."""
        return [choice for choice in self.choices if choice.is_struck_out]

    @property
    def measured(self) -> int:
        """Return how many candidates were measured."""
        return sum(choice.standing.runs > 0 for choice in self.choices)

    @property
    def runs(self) -> int:
        """Return how many runs that took."""
        return sum(choice.standing.runs for choice in self.choices)


def advise(lab: Lab) -> Advice | None:
    """Return what follows from a race; None if the sweep was none."""
    return lab.once(_advise)


def _advise(lab: Lab) -> Advice | None:
    replayed = replay(lab)
    if replayed is None:
        return None
    race, answer = replayed.race, next(iter(answers(lab)), None)
    choices = sorted(_choices(replayed, answer), key=_rank)
    return Advice(
        choices=tuple(choices),
        answer=answer,
        decided=race.decided and any(choice.is_compared for choice in choices),
        ahead=len(race.ahead()),
        regret=race.rule.regret,
        structure=race.rule.structure,
        seconds=float(lab.runs["wall_ns"].sum()) / 1e9,
        at_once=_at_once(lab),
        given=replayed.given,
        part=part_of(lab.runs[lab.runs["status"].eq("ok")]),
    )


def _at_once(lab: Lab) -> float:
    """Return the CPUs divided by the share of one that a call keeps busy when it is alone."""
    good = lab.runs[lab.runs["status"].eq("ok")]
    cpus, busy = good["cpu_count"].median(), good["cpus_alone"].astype("float64").median()
    return float(cpus / busy) if busy > 0 else inf


def _rank(choice: Choice) -> tuple[bool, bool, bool, float]:
    return (
        choice.standing.word != LEADER,
        choice.standing.word == FAILED,
        not choice.has_speedup,
        -choice.standing.speedup,
    )


def _choices(replayed: Replayed, answer: Answer | None) -> Iterator[Choice]:
    names = [] if answer is None else Words(answer).names
    ids = () if answer is None else answer.question.ids
    places = {cell: place for place, cell in enumerate(ids)}
    race = replayed.race
    for candidate, entrant, standing in zip(
        race.candidates, replayed.entrants, race.standings(), strict=True
    ):
        place = None if entrant.cell_id is None else places.get(entrant.cell_id)
        yield Choice(
            name=entrant.name if place is None else _plain(names[place]),
            standing=standing,
            cell_id=entrant.cell_id,
            place=place,
            chunk=candidate.chunk,
            refused=entrant.refused,
            failures=entrant.failures,
            backend=entrant.backend,
        )


def _plain(name: str) -> str:
    """Return the name of a mechanism without what goes without saying among candidates."""
    return re.sub(
        r"\bmodel\.(\w+)=", r"\1 ", name.replace(" (started by fork)", "").replace("started by fork, ", "")
    )


WORDS = {
    LEADER: "best",
    EQUAL: "as good",
    WORSE: "slower",
    OPEN: "maybe",
    FAILED: "failed",
}
"""What to call how a candidate stands, in tables."""
