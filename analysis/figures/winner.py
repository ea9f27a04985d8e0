"""The winners' map: which mechanism to use for each task length and payload, as the verdicts say it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_uppercase
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.heat import add_key, draw_cells, new_panels, text_color, write_in
from breakeven.analysis.figures.look import (
    describe_processes,
    finish,
    look,
    sort_labels,
    styles,
    thin,
    thinned,
)
from breakeven.analysis.figures.sheets import (
    AXES,
    TASK,
    Map,
    index_of,
    lengths_of,
    map_of_both,
    name_mechanisms,
    number_places,
    place_columns,
    with_sides,
)
from breakeven.analysis.figures.style import GREY_OF_THE_PALETTE, PALETTE
from breakeven.analysis.frames.factors import tell_apart, varying, write
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import Row, to_rows
from breakeven.analysis.units import format_ratio
from breakeven.analysis.verdicts import verdicts
from breakeven.analysis.verdicts.answer import answers
from breakeven.analysis.verdicts.question import OPTIONS, Question
from breakeven.analysis.verdicts.ranking import PARALLEL, SERIAL, UNDECIDED

BEST, AS_GOOD, OPEN, OTHER = "best", "as good", "open", "other"
"""What the verdict makes of a candidate."""

CELL = (0.82, 0.46)
SERIAL_COLOR, UNDECIDED_COLOR = "#f3ead3", "0.78"
_NAMED = 3
"""The most mechanisms that are named in one cell."""

_WHERE = ("pattern", "label", "window_ns", "interpreter", "interpreter_flags", "variables")
_ELSEWHERE = {"interpreter": "", "interpreter_flags": "", "variables": ""}


def frame(lab: Lab) -> pd.DataFrame:
    """Return the candidates of the questions that make a map, one row per cell.

    Each has the verdict, and the cell's ``part`` in it.
    """
    asked = answers(lab)
    rows = to_rows(verdicts(lab).head(len(asked)))  # findings come after them
    answered = [
        (number, answer.question, verdict)
        for number, (answer, verdict) in enumerate(zip(asked, rows, strict=True))
        if not answer.question.of_round_trips and len(answer.question.cells)
    ]
    cells = with_sides(_placed(_candidates(answered))) if answered else pd.DataFrame()
    if cells.empty:
        raise NothingToDraw(
            "no question was asked of several task lengths or payloads; sweep over such as task=100us,1ms,10ms"
        )
    named = name_mechanisms(cells.assign(**_ELSEWHERE))
    options = cells[OPTIONS].where(cells[OPTIONS].eq(""), " " + cells[OPTIONS])
    cells = cells.assign(mechanism=named + options, setting=_settings(cells))
    cells = cells.assign(mechanism=tell_apart(cells, "mechanism", ["question"]))
    first = cells.drop_duplicates("question").set_index("question")
    return cells.assign(
        setting=cells["question"].map(tell_apart(first, "setting", ["subject", TASK, "payload"]))
    )


def _candidates(answered: Sequence[tuple[int, Question, Row]]) -> pd.DataFrame:
    """Return the candidates of the questions, each with its number and its verdict."""
    cells = pd.concat([question.cells for _, question, _ in answered])
    facts = pd.DataFrame([fact for one in answered for fact in _facts(*one)], index=cells.index)
    return cells.assign(**{str(name): facts[name] for name in facts}, length=lengths_of(cells))


def _facts(number: int, question: Question, verdict: Row) -> Iterator[Row]:
    """Yield for each candidate of a question what it shares with the others, and its part in the verdict."""
    parts = dict.fromkeys(verdict["undecided"], OPEN) | dict.fromkeys(verdict["as_good"], AS_GOOD)
    if verdict["decision"] == PARALLEL:
        parts[verdict["cell_id"]] = BEST
    shared = {
        "question": number,
        "subject": question.subject,
        "decision": verdict["decision"],
        "payload": float(question.keys["payload_asked_bytes"] or 0),
        "tasks": np.nan if question.keys["tasks"] is None else float(question.keys["tasks"]),
        "variant": question.keys["variant"],
    }
    for cell in question.cells.index:
        yield shared | {"part": parts.get(cell, OTHER)}


def _placed(cells: pd.DataFrame) -> pd.DataFrame:
    """Add ``place``, the number of the map: its questions differ in nothing but task length and payload."""
    cells = cells.assign(task_ns=cells[TASK].astype("float64"))
    return cells.assign(place=number_places(cells, ("subject", *_WHERE, "variant"), one="question"))


def _settings(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each map by what tells it from the others."""
    names = varying(cells, ("subject", *_WHERE, "variant"))
    texts = [write(cells, name).fillna("") for name in names]
    joined = [", ".join(filter(None, parts)) for parts in zip(*texts, strict=True)] if texts else ""
    return pd.Series(joined, cells.index, dtype="str")


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one map per setting if task lengths and payloads vary, else one row per setting."""
    settings = sort_labels(frame, "setting")
    kept = settings if frame["axis"].ne("").any() else thin(settings)
    frame = frame[frame["setting"].isin(kept)]
    maps = _to_maps(frame)
    key, candidates = Key.of(frame), _by_question(frame)
    with look():
        body, panels = new_panels(maps, CELL, len(key.entries()))
        for axes, one in zip(panels, maps, strict=True):
            _draw_map(axes, one, candidates, key)
        add_key(body, key.entries())
        sample = f"verdicts over {describe_processes(frame['rounds'])} a cell{key.describe()}"
        notes = (*thinned(len(kept), len(settings), "settings"), *describe_disturbed(frame, marked=False))
        return finish(body, _title(maps, frame), context, sample, *notes)


def _to_maps(frame: pd.DataFrame) -> list[Map]:
    """Return the maps, whose cells are one row per question."""
    asked = frame.drop_duplicates("question")
    if frame["axis"].eq("").all():
        return [map_of_both(asked[asked["setting"].eq(name)], name) for name in sort_labels(asked, "setting")]
    return [_of_one(asked[asked["axis"].eq(axis)]) for axis in sort_labels(asked, "axis")]


def _of_one(asked: pd.DataFrame) -> Map:
    axis = AXES[str(asked["axis"].iloc[0])]
    names = asked["setting"].where(asked["setting"].ne(""), asked["subject"])
    columns, rows = list(place_columns(asked, axis).index), list(dict.fromkeys(names))[::-1]
    placed = asked.assign(column=index_of(asked[axis.column], columns), row=index_of(names, rows))
    return Map("", placed, axis, None, tuple(columns), tuple(rows))


@dataclass(frozen=True)
class Key:
    """The letter of each mechanism, the colour of each that wins, and what else the cells show."""

    letters: dict[str, str]
    colors: dict[str, Any]
    decisions: frozenset[str]
    parts: frozenset[str]
    written: frozenset[str]
    """The mechanisms whose letter is written in a cell."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Key:
        """Return the key to the questions of ``frame``, in the order of its mechanisms."""
        named = frame[frame["part"].ne(OTHER)]
        names = [name for name in sort_labels(frame, "mechanism") if named["mechanism"].eq(name).any()]
        winners = [name for name in names if frame.loc[frame["part"].eq(BEST), "mechanism"].eq(name).any()]
        return cls(
            letters={name: _letter(place) for place, name in enumerate(names)},
            colors=_color(frame[frame["mechanism"].isin(winners)]),
            decisions=frozenset(frame["decision"]),
            parts=frozenset(named["part"]),
            written=frozenset(named.groupby(["question", "part"], sort=False).head(_NAMED)["mechanism"]),
        )

    def entries(self) -> list[Artist]:
        """Return what the legend lists: the mechanisms that some cell names, serial and undecided if they are drawn."""
        entries: list[Artist] = [
            Patch(facecolor=self.colors.get(name, "none"), label=f"{letter}  {name}")
            for name, letter in self.letters.items()
            if name in self.written
        ]
        if SERIAL in self.decisions:
            entries.append(Patch(facecolor=SERIAL_COLOR, label="stay serial"))
        if UNDECIDED in self.decisions:
            entries.append(Patch(facecolor=UNDECIDED_COLOR, label="not decided between these"))
        return entries

    def describe(self) -> str:
        """Return what the signs in the cells mean."""
        signs = {AS_GOOD: "=: as good, but dearer", OPEN: "?: may gain more"}
        said = [text for part, text in signs.items() if part in self.parts]
        return "".join(f"; {text}" for text in said)


def _color(winning: pd.DataFrame) -> dict[str, str]:
    """Return the colour of each mechanism of ``winning``, as in other figures, but no grey, which says undecided."""
    found = {name: style.color for name, style in styles(winning).items()}
    grey = PALETTE[GREY_OF_THE_PALETTE]
    free = [color for color in PALETTE if color != grey and color not in found.values()] or [PALETTE[0]]
    return {name: free[0] if color == grey else color for name, color in found.items()}


def _letter(place: int) -> str:
    number, letter = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[letter] + str(number or "")


def _by_question(frame: pd.DataFrame) -> dict[int, list[Row]]:
    """Return the candidates of each question as plain values: a map may have thousands of places."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in to_rows(frame[["question", "part", "mechanism", "speedup"]]):
        found[int(row["question"])].append(row)
    return found


def _draw_map(axes: Axes, one: Map, by_question: Mapping[int, Sequence[Row]], key: Key) -> None:
    colors = [SERIAL_COLOR, UNDECIDED_COLOR, *key.colors.values()]
    places = {SERIAL: 0, UNDECIDED: 1}
    winners = {name: 2 + place for place, name in enumerate(key.colors)}
    shades = np.full(one.shape, np.nan)
    for cell in to_rows(one.cells[["question", "decision", "row", "column"]]):
        candidates = by_question[int(cell["question"])]
        best = next((row for row in candidates if row["part"] == BEST), None)
        shade = places[cell["decision"]] if best is None else winners[best["mechanism"]]
        shades[cell["row"], cell["column"]] = shade
        lines = _lines(str(cell["decision"]), best, candidates, key)
        write_in(axes, (cell["column"], cell["row"]), lines, text_color(colors[shade]), linespacing=1.15)
    draw_cells(axes, shades, ListedColormap(colors), (-0.5, len(colors) - 0.5))


def _lines(decision: str, best: Row | None, candidates: Sequence[Row], key: Key) -> str:
    """Return what is written in a cell: the winner with its speedup and its rivals.

    An open one names what it is not decided between.
    """
    letters: dict[str, list[str]] = defaultdict(list)
    for row in candidates:
        if row["part"] != OTHER:
            letters[row["part"]].append(key.letters[row["mechanism"]])
    if best is None:
        return "serial" if decision == SERIAL else f"serial?\n{_some(letters[OPEN], ' ')}"
    rivals = [f"={_some(letters[AS_GOOD], ' ')}"] if AS_GOOD in letters else []
    rivals += [f"{_some(letters[OPEN], ' ')}?"] if OPEN in letters else []
    second = ", ".join(rivals)
    return f"{letters[BEST][0]} {format_ratio(best['speedup'])}" + (f"\n{second}" if second else "")


def _some(letters: Sequence[str], between: str) -> str:
    more = len(letters) - _NAMED
    return between.join(letters[:_NAMED]) + (f"+{more}" if more > 0 else "")


def _title(maps: Sequence[Map], frame: pd.DataFrame) -> str:
    """Return who wins: of a strip, from where to where; of maps, at how many places."""
    best = frame[frame["part"].eq(BEST)].set_index("question")["mechanism"]
    if maps[0].y is None:
        texts = [text for one in maps for text in _say_rows(one, best)]
        return "; ".join(texts[:_NAMED]) + (
            f"; {len(texts) - _NAMED} more below" if len(texts) > _NAMED else ""
        )
    asked = frame.drop_duplicates("question").set_index("question")
    winners = best.reindex(asked.index).fillna(asked["decision"])
    counts = winners.value_counts(sort=True)
    open_ = int(counts.pop(UNDECIDED)) if UNDECIDED in counts else 0
    names = [f"{name} at {count}" for name, count in counts.head(_NAMED).items()]
    if not names:
        return f"Not decided at any of {len(asked)} task lengths and payloads"
    names[0] += f" of {len(asked)} task lengths and payloads"
    return f"Best: {', '.join(names)}" + (f"; {open_} not decided" if open_ else "")


def _say_rows(one: Map, best: pd.Series[str]) -> Iterator[str]:
    """Say of each row of a strip up to where each winner is best."""
    for number, name in reversed(list(enumerate(one.rows))):
        row = one.cells[one.cells["row"].eq(number)].sort_values("column")
        winners = best.reindex(row["question"]).fillna(row.set_index("question")["decision"])
        sizes = [one.write_places()[column] for column in row["column"]]
        parts, done = [], 0
        for winner, places in groupby(winners):
            done += len(list(places))
            said = "not decided" if winner == UNDECIDED else winner
            parts.append(f"{said} up to {sizes[done - 1]}" if done < len(sizes) else str(said))
        yield f"{name}: {', then '.join(parts)}"
