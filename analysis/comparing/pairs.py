"""Which cell of one side is compared with which of the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from breakeven.analysis.comparing.cells import Key, Names, cells_of, differing_columns, left_out_of
from breakeven.analysis.comparing.facts import GROUPS
from breakeven.analysis.comparing.knobs import TRIAL, UNCHOSEN, factors_of
from breakeven.analysis.comparing.select import Side
from breakeven.analysis.errors import AmbiguousPairs, NothingPaired, SameRuns
from breakeven.analysis.frames.factors import BARE
from breakeven.analysis.frames.selection import show_value, typed
from breakeven.base.factors import FACTORS
from breakeven.base.schema import TABLES

_FOLLOW = {
    "model": ("start_method", "ipc"),
    "pattern": ("tasks", "window_ns", "task_ns"),
    "workload": ("function", "task_ns", "payload_asked_bytes", "payload_out_asked_bytes"),
    "function": ("payload_asked_bytes", "payload_out_asked_bytes"),
}
"""Factors that a cell may lack, by the factor that determines them.

If the sides differ in the model, threads have no start method and a pool has its own transport: a missing
value then matches any other.
"""
_NO_CHOICE = {"", *BARE}
_DIFFERENCES_SHOWN = 3
_HELD = "held by a trial: "
"""Before the number of tasks of a cell that did not choose it, but the length of a trial."""

_WHOLE = [name for name in FACTORS if pa.types.is_integer(TABLES["runs"].field(name).type)]
_THE_SAME = "the same"

Keys = dict[Key, dict[str, str]]
"""For each cell the values it is paired by, as texts that are equal if the values are."""

Link = tuple[Key, Key]


@dataclass(frozen=True)
class Pairs:
    """Cells of A and B that are equal except for what was selected.

    ``cells`` has one row per pair: cell_id_a, cell_id_b, ``cell`` (its name), each factor if both sides share
    it, and ``differs``, what they do not share. ``unpaired`` has one row per cell without a partner: side,
    cell_id, cell, reason.
    """

    cells: pd.DataFrame
    unpaired: pd.DataFrame


@dataclass(frozen=True)
class Pairing:
    """Pair cells by all factors and knobs except the ``named`` columns and what follows from these."""

    named: frozenset[str]

    @classmethod
    def of(cls, a: Side, b: Side) -> Pairing:
        """Leave out what the selections name; a fact of an interpreter stands for the interpreter too.

        Of several values, such as ``workers=1,2``, a cell is paired with that of the same one.
        """
        conditions = (*a.conditions, *b.conditions)
        named = {condition.column for condition in conditions if len(condition.wanted) == 1}
        if named & {*GROUPS["interpreter"], "executable"}:
            named.add("interpreter")
        return cls(frozenset(named))

    def __call__(self, a: Side, b: Side) -> Pairs:
        """Pair the cells of two sides; raise AmbiguousPairs, NothingPaired or SameRuns."""
        cells = cells_of(a, b)
        names = Names.of(cells, self.named)
        links = self.link(*self._sides(cells))
        _refuse_ambiguous(links, cells, names)
        _refuse_same(links, cells, a, b)
        unpaired = self._list_unpaired(links, cells, names, left_out_of(a, b))
        if not links:
            first = unpaired.iloc[0]
            raise NothingPaired(
                f"no cell of A has a partner in B, such as {first['cell']}: {first['reason']}"
            )
        rows = pd.DataFrame([_describe(link, cells, names) for link in links])
        return Pairs(rows.astype(dict.fromkeys(_WHOLE, "Int64")), unpaired)

    def _list_unpaired(
        self, links: list[Link], cells: pd.DataFrame, names: Names, left_out: pd.DataFrame
    ) -> pd.DataFrame:
        alone = _Alone(self, cells, self._sides(cells), self._sides(left_out))
        rows = cells.drop(index=[key for link in links for key in link])[["side", "cell_id"]]
        keys = rows.index.tolist()
        texts = {"cell": map(names.of_cell, keys), "reason": map(alone.explain, keys)}
        return rows.assign(**{name: list(column) for name, column in texts.items()}).reset_index(drop=True)

    def _sides(self, cells: pd.DataFrame) -> tuple[Keys, Keys]:
        sides, keys = dict(cells["side"]), self.keys(cells)
        a, b = ({cell: key for cell, key in keys.items() if sides[cell] == side} for side in ("A", "B"))
        return a, b

    def keys(self, cells: pd.DataFrame) -> Keys:
        """Return the values by which ``cells`` are paired."""
        names = [name for name in factors_of(cells.columns) if name not in self.named]
        keys = cells[names].map(_text).astype("object")
        keys = keys.replace({name: {text: ""} for name, text in UNCHOSEN.items() if name in names})
        if "tasks" in names:
            keys["tasks"] = keys["tasks"].mask(cells[TRIAL].notna(), _HELD + keys["tasks"])
        if "payload_asked_bytes" in self.named and "payload_out_asked_bytes" in names:
            # what is sent back is as large as what is sent, unless it was chosen
            same = cells["payload_out_asked_bytes"].eq(cells["payload_asked_bytes"])
            keys["payload_out_asked_bytes"] = keys["payload_out_asked_bytes"].mask(same, _THE_SAME)
        return {Key(cell): dict(zip(names, row, strict=True)) for cell, *row in keys.itertuples(name=None)}

    def link(self, a: Keys, b: Keys) -> list[Link]:
        """Return every pair of cells of A and B that are equal in all strict columns and fit in the loose ones."""
        known: dict[tuple[str, ...], list[Key]] = defaultdict(list)
        for other, key in b.items():
            known[self._strict(key)].append(other)
        near = [(one, other) for one, key in a.items() for other in known.get(self._strict(key), [])]
        return [(one, other) for one, other in near if not self.unequal(a[one], b[other])]

    def unequal(self, one: dict[str, str], other: dict[str, str]) -> list[str]:
        """Return the columns that keep two cells from being a pair."""
        return [name for name in one if not self._fits(name, one[name], other.get(name, ""))]

    def _fits(self, name: str, one: str, other: str) -> bool:
        if name == "tasks" and _HELD in (one[: len(_HELD)], other[: len(_HELD)]):
            chosen = [text for text in (one, other) if not text.startswith(_HELD)]
            return not chosen or one.removeprefix(_HELD) == other.removeprefix(_HELD)
        return one == other or (self._is_loose(name) and bool({one, other} & _NO_CHOICE))

    def _strict(self, key: dict[str, str]) -> tuple[str, ...]:
        return tuple(value for name, value in key.items() if not (self._is_loose(name) or name == "tasks"))

    def _is_loose(self, name: str) -> bool:
        family = name.split(".", maxsplit=1)[0]
        follows = {name for factor in self.named for name in _FOLLOW.get(factor, ())}
        return name == TRIAL or name in follows or (family != name and family in self.named)


def _text(value: Any) -> str:
    """Write a value; 2 and 2.0, which a folder has beside missing ones, are the same."""
    if pd.isna(value):
        return ""
    return value if isinstance(value, str) else f"{float(value):.15g}"


@dataclass(frozen=True)
class _Alone:
    """Explains why a cell has no partner."""

    pairing: Pairing
    cells: pd.DataFrame
    keys: tuple[Keys, Keys]
    left_out: tuple[Keys, Keys]

    def explain(self, cell: Key) -> str:
        """Return that the partner did not succeed, or how the nearest cell of the other side differs."""
        of_b = bool(self.cells.loc[cell, "side"] == "B")
        there, own = "BA"[of_b], self.keys[of_b][cell]
        if any(not self.pairing.unequal(own, key) for key in self.left_out[not of_b].values()):
            return f"its partner in {there} has no run of status ok"
        unequal = {other: self.pairing.unequal(own, key) for other, key in self.keys[not of_b].items()}
        nearest = min(unequal, key=lambda other: len(unequal[other]))
        texts = [self._differ(name, cell, nearest) for name in unequal[nearest][:_DIFFERENCES_SHOWN]]
        more = len(unequal[nearest]) - len(texts)
        return f"no such cell in {there}; the nearest has {', '.join(texts)}{f' and {more} more' if more else ''}"

    def _differ(self, name: str, cell: Key, other: Key) -> str:
        here, there = (show_value(self.cells.loc[key, name], name) for key in (cell, other))
        return f"{typed(name)} {there}, not {here}"


def _refuse_ambiguous(links: list[Link], cells: pd.DataFrame, names: Names) -> None:
    for side, there, place in (("A", "B", 0), ("B", "A", 1)):
        partners: dict[Key, list[Key]] = defaultdict(list)
        for link in links:
            partners[link[place]].append(link[1 - place])
        for cell, others in partners.items():
            if len(others) > 1:
                raise AmbiguousPairs(
                    f"{names.of_cell(cell)}: this cell of {side} has {len(others)} partners in {there}; "
                    f"{_separate(cells.loc[others])}"
                )


def _separate(cells: pd.DataFrame) -> str:
    """Describe how ``cells`` differ, and what to add to the selection."""
    columns = differing_columns(cells)
    if not columns:
        return "nothing stored distinguishes them; measure each under its own label"
    values = {name: [show_value(value, name) for value in cells[name].unique()] for name in columns}
    found = " and ".join(f"{typed(name)} ({', '.join(known)})" for name, known in values.items())
    return f"they differ in {found}: add {typed(columns[0])}={values[columns[0]][0]}, for example, to the selection"


def _refuse_same(links: list[Link], cells: pd.DataFrame, a: Side, b: Side) -> None:
    ids = cells["cell_id"]
    if a.path == b.path and any(ids[one] == ids[other] for one, other in links):
        raise SameRuns(
            f"A ({a}) and B ({b}) share runs; select by what distinguishes them, such as model=thread and model=process"
        )


def _describe(link: Link, cells: pd.DataFrame, names: Names) -> dict[str, Any]:
    one, other = (cells.loc[cell] for cell in link)
    shared = {name: one[name] if _text(one[name]) == _text(other[name]) else None for name in FACTORS}
    unequal = [name for name in factors_of(cells.columns) if _text(one[name]) != _text(other[name])]
    found = (
        f"{typed(name)} {show_value(one[name], name)} v {show_value(other[name], name)}" for name in unequal
    )
    return {
        "cell": names.of_pair(*link),
        **shared,
        "differs": ", ".join(found),
        "cell_id_a": one["cell_id"],
        "cell_id_b": other["cell_id"],
    }
