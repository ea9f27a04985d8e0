"""What one question is: the work, and where it runs. What answers it is a mechanism."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from breakeven.analysis.frames.factors import drop_implied, varying, write
from breakeven.analysis.frames.lengths import name_lengths
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import Row, to_rows
from breakeven.analysis.units import plural

COMPARED = ("map", "window", "pingpong", "scatter", "pipeline")
"""The patterns whose question is which mechanism is fastest; what follows from others is found in
`breakeven.analysis.findings`."""

ROUND_TRIPS = "pingpong"
"""The pattern whose question is another one: which channel answers soonest."""

OPTIONS = "options"
"""The column with the options of a mechanism that have no column of their own, such as ``model.chunksize=4``."""

MECHANISM = ("model", "start_method", "ipc", "workers", "affinity", OPTIONS)
"""Columns in which the candidates of a question differ."""

_OF_A_MECHANISM = ("model.", "ipc.", "pattern.split", "pattern.chunk")
_BETWEEN = re.compile(r", (?=[+~]*[\w.]+=)")

_SETTINGS = (
    "pattern",
    "label",
    "workload",
    "function",
    "payload_asked_bytes",
    "payload_out_asked_bytes",
    "task_ns",
    "tasks",
    "window_ns",
    "interpreter",
    "interpreter_flags",
    "variables",
    "variant",
)
_ALWAYS = ("payload_asked_bytes",)
"""Settings that are named though they do not vary, if there is something to name."""

_PATTERNS = {"window": "window", "scatter": "scatter"}
"""What is said of a pattern beside others: the usual one, and one that the subject names, need no words."""

_NEVER = ("workload", "function")
"""Settings that the subject names."""


@dataclass(frozen=True)
class Cut:
    """Rows of a frame, taken when they are first asked for: a slice of a wide frame costs a third of a millisecond.

    ``rows`` are the same as plain values.
    """

    whole: pd.DataFrame
    begin: int
    end: int
    rows: Sequence[Row]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a frame."""
        return self.whole.iloc[self.begin : self.end]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The index of the rows."""
        return tuple(map(str, self.whole.index[self.begin : self.end]))


@dataclass(frozen=True)
class Question:
    """The cells of one question, in the order of the sweep.

    ``subject`` is the function or workload, ``settings`` are texts of what tells the questions of the sweep apart, such
    as ``1 MiB``, and ``keys`` all that the cells have in common. ``measured`` are the candidates, rows of
    `Lab.estimates` without those of the model serial, and ``unmeasured`` the cells of which no run is ok, rows of
    `Lab.cells`. ``environment`` is that of the settings which names environment variables.
    """

    subject: str
    settings: tuple[str, ...]
    keys: dict[str, Any]
    measured: Cut
    unmeasured: Cut
    environment: str = ""

    @property
    def cells(self) -> pd.DataFrame:
        """The candidates as a frame."""
        return self.measured.frame

    @property
    def candidates(self) -> Sequence[Row]:
        """The candidates as plain values, to be read one by one."""
        return self.measured.rows

    @property
    def ids(self) -> tuple[str, ...]:
        """The cells of the candidates."""
        return self.measured.ids

    @property
    def failed(self) -> pd.DataFrame:
        """The cells of which no run is ok."""
        return self.unmeasured.frame

    @property
    def text(self) -> str:
        """Return what it is about, such as ``photos:resize, 1 MiB``."""
        return ", ".join((self.subject, *self.settings))

    @property
    def about(self) -> str:
        """Return what a sentence is about, such as ``resize at 1 MiB``: a function goes without its module."""
        name = self.subject.rpartition(":")[2]
        return f"{name} at {', '.join(self.settings)}" if self.settings else name

    @property
    def of_round_trips(self) -> bool:
        """Return whether it asks for the soonest answer, not for the most work done."""
        return bool(self.keys["pattern"] == ROUND_TRIPS)


def questions(lab: Lab) -> Iterator[Question]:
    """Yield the questions of a sweep in the order of its cells."""
    cells = lab.cells[lab.cells["model"].ne("serial") & lab.cells["pattern"].isin(COMPARED)]
    if cells.empty:
        return
    found = lab.estimates.columns.difference(cells.columns, sort=False)
    parts = cells["variant"].map(_split_variant)
    cells = (
        cells.drop(columns="rounds").join(lab.estimates[[*found, "rounds"]]).assign(**{OPTIONS: parts.str[0]})
    )
    keys = _keys(cells.assign(variant=parts.str[1]), lab.runs)
    texts = _write(cells, keys)
    number = keys.groupby(list(keys), dropna=False, sort=False).ngroup()
    first = ~number.duplicated()
    ran, measured = cells["status"].eq("ok"), cells[["speedup", "latency_p50_ns"]].gt(0).any(axis=1)
    asked = zip(
        to_rows(keys[first]),
        to_rows(texts[first]),
        _split(cells[ran & measured], number),
        _split(cells[~ran], number),
        strict=True,
    )
    for shared, said, mine, failed in asked:
        common = {name: plain(value) for name, value in shared.items()}
        yield Question(
            subject=_subject(common),
            settings=tuple(text for text in said.values() if text),
            keys=common,
            measured=mine,
            unmeasured=failed,
            environment=str(said.get("variables", "")),
        )


def _split(cells: pd.DataFrame, number: pd.Series[int]) -> Iterator[Cut]:
    """Yield the ``cells`` of each question; ``number`` is the question of a cell.

    They are slices of one frame: rows that are picked would cost a copy of each column for every question.
    """
    own = number.loc[cells.index].to_numpy()
    cells = cells.iloc[np.argsort(own, kind="stable")]
    rows, ends = to_rows(cells), np.searchsorted(np.sort(own), np.arange(number.max() + 2)).tolist()
    for begin, end in pairwise(ends):
        yield Cut(cells, begin, end, rows[begin:end])


def _subject(keys: dict[str, Any]) -> str:
    if keys["pattern"] == ROUND_TRIPS:
        return "round trips"
    return str(keys["function"] or keys["workload"])


def _split_variant(variant: str) -> tuple[str, str]:
    """Return the overrides that belong to a mechanism, and the others."""
    parts = [part for part in _BETWEEN.split(variant) if part]
    of_it = [part for part in parts if part.lstrip("+~").startswith(_OF_A_MECHANISM)]
    return ", ".join(of_it), ", ".join(part for part in parts if part not in of_it)


def _keys(cells: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the settings of each cell; payloads as they were asked for, tasks only if their number was.

    What crossed is no setting: what a mechanism sends of its arguments and results depends on the mechanism.
    """
    names = ["function", "trial_ns", "payload_asked_bytes", "payload_out_asked_bytes"]
    stored = runs.groupby("cell_id")[names].first().reindex(cells.index)
    asked = stored[names[2:]].astype("float64")
    return cells.assign(
        function=stored["function"],
        payload_asked_bytes=asked["payload_asked_bytes"].where(asked["payload_asked_bytes"].gt(0)),
        payload_out_asked_bytes=asked["payload_out_asked_bytes"],
        tasks=cells["tasks"].where(stored["trial_ns"].isna() & cells["pattern"].isin(("map", "scatter"))),
    )[list(_SETTINGS)]


def _write(cells: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Return the settings that tell questions apart as texts, empty if there is nothing to say."""
    differ = drop_implied(keys, varying(keys, _SETTINGS))
    names = [name for name in _SETTINGS if name not in _NEVER and (name in _ALWAYS or name in differ)]
    texts = _texts(cells, keys, names)
    further = _also_differing(keys, texts)
    return (
        _texts(cells, keys, [name for name in _SETTINGS if name in {*names, *further}]) if further else texts
    )


def _also_differing(keys: pd.DataFrame, texts: pd.DataFrame) -> set[str]:
    """Return settings that tell questions of the same text apart.

    Such as a number of tasks that was asked in one alone.
    """
    said = texts.assign(**{name: keys[name] for name in ("pattern", *_NEVER)})
    number = said.groupby(list(said), dropna=False, sort=False).ngroup()
    names = [name for name in _SETTINGS if name not in _NEVER and name not in texts]
    differ = keys.groupby(number)[names].nunique(dropna=False).gt(1).any()
    return set(differ.index[differ])


def _texts(cells: pd.DataFrame, keys: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the settings ``names`` as texts."""
    back = keys["payload_out_asked_bytes"].where(
        keys["payload_out_asked_bytes"].ne(keys["payload_asked_bytes"].fillna(0.0))
    )
    forms = {
        "pattern": keys["pattern"].map(_PATTERNS).fillna(""),
        "payload_asked_bytes": write(keys, "payload_asked_bytes"),
        "payload_out_asked_bytes": write(
            keys.assign(payload_out_asked_bytes=back), "payload_out_asked_bytes"
        ).map("{} back".format, na_action="ignore"),
        "task_ns": "tasks of " + name_lengths(cells),
        "tasks": keys["tasks"].map(lambda count: plural(int(count), "task"), na_action="ignore"),
        "window_ns": write(keys, "window_ns").map("windows of {}".format, na_action="ignore"),
        "variant": keys["variant"],
    }
    texts = {name: forms[name] if name in forms else write(cells, name) for name in names}
    return pd.DataFrame(texts, index=cells.index).astype("object").fillna("")


def plain(value: Any) -> Any:
    """Return None for a missing value, otherwise the value."""
    return None if pd.isna(value) else value
