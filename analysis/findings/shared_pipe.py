"""Does a pipe that several write to and read from need locks? The rule is in `docs/verdicts.md`."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from breakeven.analysis.findings.cells import NONE_SEEN, SAFE, decide, find_in_groups, group_cells
from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rare import count_events, count_tasks, write_none, write_share_of
from breakeven.analysis.units import format_count, format_rate, format_size

PATTERN, LOCK, FORM = "shared_pipe", "pattern.lock", "pattern.form"
LOST, TORN, AGAIN = "lost_per_million", "torn_per_million", "duplicated_per_million"
RATE = "messages_per_s"

LOSES = "loses"

ENOUGH = 10_000
"""Messages without locks of which none was lost or torn, before that is said to be more than a lack of messages."""

SHARED = 4
"""Workers of which two write and two read: with fewer, one end of the pipe is nobody else's."""

IN_ONE_PIECE = 4096
"""PIPE_BUF of Linux: as many bytes are written in one piece."""

_LENGTH_BYTES = 4


def find(lab: Lab) -> list[Finding]:
    """Return a finding for each mechanism and setting, with and without locks."""
    counts = pd.DataFrame(
        {
            "tasks": count_tasks(lab),
            **{name: count_events(lab, f"{name}_per_million") for name in ("lost", "torn", "duplicated")},
        }
    )
    rates = lab.observed[lab.observed["quantity"].eq(RATE) & lab.observed["kind"].eq("parallel")]
    facts = counts.join(rates.set_index("cell_id")["value"].rename("rate"))
    return find_in_groups(group_cells(lab, PATTERN, LOCK), facts, _find)


class Case(NamedTuple):
    """The cells of one mechanism and setting.

    What became of messages without locks, and how many there are a second with and without.

    What was not measured is 0 (``tasks``, ``locked``) or NaN.
    """

    name: str
    workers: int
    size: float
    framed: bool
    tasks: int
    lost: int
    torn: int
    duplicated: int
    free_per_s: float
    locked: int
    locked_per_s: float

    @classmethod
    def of(cls, name: str, cells: pd.DataFrame) -> Case:
        """Sum the ``cells`` up."""
        held = cells[LOCK].eq("lock")
        free, locked = cells[~held], cells[held]
        return cls(
            name,
            int(cells["workers"].iloc[0]),
            float(cells["payload_bytes"].iloc[0]),
            bool(cells[FORM].ne("raw").all()),
            int(free["tasks"].sum()),
            int(free["lost"].sum()),
            int(free["torn"].sum()),
            int(free["duplicated"].sum()),
            float(free["rate"].mean()),
            int(locked["tasks"].sum()),
            float(locked["rate"].mean()),
        )

    @property
    def decision(self) -> str:
        """Return what follows: one message that is lost or torn shows that messages are."""
        seen = self.lost + self.torn + self.duplicated > 0
        enough = self.workers >= SHARED and self.tasks >= ENOUGH
        return decide(LOSES, seen=seen, tried=self.tasks > 0, enough=enough)

    @property
    def why(self) -> str:
        """Return what the size of a message has to do with it."""
        size = self.size + _LENGTH_BYTES * self.framed
        limit = f"{IN_ONE_PIECE} B (PIPE_BUF of Linux)"
        if size > IN_ONE_PIECE:
            held = ", though here it was" if self.decision == NONE_SEEN else ""
            return f"Messages of {format_size(self.size)} are larger than {limit}: that each is written in one piece is not promised{held}"
        if self.framed:
            return (
                f"Messages of {format_size(self.size)} are below {limit}, so each is written in one piece; but a reader takes its length first "
                "and then the rest, and another reader may come in between"
            )
        return f"Messages of {format_size(self.size)} are below {limit}, so each is written in one piece, and read by one call"


def _find(name: str, known: pd.DataFrame) -> Finding:
    case = Case.of(name, known)
    decision, cells = case.decision, tuple(known.index)
    sentence = f"{case.name}: {_say(case, decision)}{_cost(case)}. {case.why}."
    clause = _say_briefly(case, decision)
    return Finding(f"shared pipe, {case.name}", decision, sentence, cells, clause=clause)


def _say(case: Case, decision: str) -> str:
    tasks = format_count(case.tasks)
    if decision == LOSES:
        return f"without locks {_losses(case)}, of {tasks}"
    if decision == NONE_SEEN:
        return f"without locks none of {tasks} messages was lost or torn, {write_none(case.tasks)}"
    if decision == SAFE:
        return f"with locks each of {format_count(case.locked)} messages arrived once, as each trial checks"
    why = (
        f"that is fewer than {ENOUGH:,}"
        if case.tasks < ENOUGH
        else "both ends are shared by four workers or more alone"
    )
    return f"not decided whether messages are lost without locks: none of {tasks} was, and {why}"


def _losses(case: Case) -> str:
    counts = {"lost": case.lost, "duplicated": case.duplicated}
    said = [
        f"{write_share_of(count, case.tasks, 'the messages')} are {name}"
        for name, count in counts.items()
        if count
    ]
    torn = f"{format_count(case.torn)} reads give what nobody wrote"
    return " and ".join([*said, *([torn] if case.torn else [])])


def _say_briefly(case: Case, decision: str) -> str:
    if decision == LOSES:
        often = write_share_of(case.lost, case.tasks, "messages")
        return f"{case.name} loses {often}" if case.lost else f"{case.name} tears messages"
    if decision == NONE_SEEN:
        return f"{case.name} lost none of {format_count(case.tasks)}"
    if decision == SAFE:
        return f"{case.name} with locks loses none"
    return f"{case.name}: not decided whether messages are lost"


def _cost(case: Case) -> str:
    """Return what locks cost, if both were measured."""
    if not case.tasks or not case.locked:
        return ""
    return (
        f"; with locks none of {format_count(case.locked)}, at {format_rate(case.locked_per_s)} instead of "
        f"{format_rate(case.free_per_s)}"
    )
