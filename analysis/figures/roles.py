"""Which factor lies along x, which tells the colours apart and which the panels.

Chosen by the reader or by the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from breakeven.analysis.errors import UnknownName
from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.factors import (
    MECHANISM,
    drop_implied,
    is_varied,
    label_cells,
    label_mechanisms,
    label_settings,
    tell_apart,
    varying,
)
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.order import rank_cells
from breakeven.analysis.frames.selection import read_conditions, select, typed
from breakeven.base.factors import COLUMNS, FACTORS
from breakeven.base.suggestions import did_you_mean
from breakeven.base.text import shown

HUES = 10
"""The most mechanisms drawn in one figure; the palette has as many colours."""

_FACTS = ("python_version", "implementation", "gil_enabled", "hostname", "cpu_model", "cpu_count")
"""What cells can be selected by that is no factor."""


@dataclass(frozen=True)
class Roles:
    """The factors chosen for x, hue and facet, by column; what is empty the figure chooses."""

    x: str = ""
    hue: tuple[str, ...] = ()
    facet: tuple[str, ...] = ()
    knobs: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    """The chosen knobs that have no column, one row a cell."""

    @property
    def chosen(self) -> dict[str, Any]:
        """Return the options in use, by name."""
        return {name: value for name in ("x", "hue", "facet") if (value := getattr(self, name))}

    def add_to(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return ``cells`` with the chosen knobs as columns."""
        return cells.join(self.knobs)


DEFAULT = Roles()
"""Nothing chosen."""


def read_roles(lab: Lab, x: str | None, hue: str | None, facet: str | None) -> Roles:
    """Return the roles that are asked for; raise UnknownName, which suggests what was meant."""
    asked = {"x": x, "hue": hue, "facet": facet}
    names = {option: _split(text) for option, text in asked.items()}
    knobs = _varying_knobs(lab)
    columns = {
        option: tuple(_column(name, option, knobs) for name in texts) for option, texts in names.items()
    }
    if len(columns["x"]) > 1:
        raise UnknownName(f"--x {x}: one factor lies along x; put the others into --hue or --facet")
    used = [name for given in columns.values() for name in given if name in knobs]
    return Roles("".join(columns["x"]), columns["hue"], columns["facet"], knobs[list(dict.fromkeys(used))])


def _split(text: str | None) -> list[str]:
    return [] if text is None else [name.strip() for name in text.split(",")]


def _column(name: str, option: str, knobs: pd.DataFrame) -> str:
    column = COLUMNS.get(name, name)
    known = [*FACTORS, *knobs.columns]
    if column not in known:
        names = [typed(factor) for factor in known]
        raise UnknownName(
            f"--{option} {name}: no factor {name}{did_you_mean(name, names)}; there are {', '.join(names)}"
        )
    return column


def _varying_knobs(lab: Lab) -> pd.DataFrame:
    """Return the knobs without a column in which cells differ, one row a cell."""
    runs = lab.runs.drop_duplicates("cell_id")
    known = add_knobs(runs).set_index("cell_id").drop(columns=runs.columns, errors="ignore")
    return known[[name for name in known if is_varied(known[name])]]


def select_cells(lab: Lab, text: str) -> Lab:
    """Return ``lab`` with the cells that the selection ``text`` matches alone; raise BadInput."""
    runs = add_knobs(lab.runs)
    conditions = read_conditions(text, runs, "--select", _FACTS)
    return lab.narrow(select(runs, conditions, f"--select: {shown(lab.path)}")["cell_id"])


def name_cells(cells: pd.DataFrame, roles: Roles, along: str | None) -> pd.DataFrame:
    """Add ``mechanism`` for the colours and ``setting`` for the panels, each with its ``_place``.

    Without a choice they are the mechanism and the work. Whatever else varies goes where nothing was chosen, else to
    the colours: no two cells of a panel share a line and a place along x.
    """
    hue, facet = _divide(cells, roles, along)
    if roles.chosen:
        labels = {"mechanism": label_cells(cells, hue, "/"), "setting": label_cells(cells, facet, ", ")}
    else:
        labels = {"mechanism": label_mechanisms(cells), "setting": _settings(cells, along)}
    places = {"mechanism_place": rank_cells(cells, hue), "setting_place": rank_cells(cells, facet)}
    named = cells.assign(**labels, **places)
    beside = ["setting", *([along] if along else [])]
    return named.assign(mechanism=tell_apart(named, "mechanism", beside))


def _settings(cells: pd.DataFrame, along: str | None) -> pd.Series[str]:
    return label_settings(cells, () if along in {None, "workers"} else (str(along),))


def _divide(cells: pd.DataFrame, roles: Roles, along: str | None) -> tuple[list[str], list[str]]:
    """Return the factors of the colours and those of the panels; what follows from others is left out."""
    known = [*(name for name in (*FACTORS, "variant") if name in cells), *roles.knobs.columns]
    chosen = [name for name in (along, *roles.hue, *roles.facet) if name]
    vary = [name for name in varying(cells, known) if name not in chosen]
    first = [*chosen, *sorted(vary, key=_by_importance)]
    rest = [name for name in drop_implied(cells, first) if name not in chosen]
    if roles.hue and roles.facet:
        return [*roles.hue, *rest], list(roles.facet)
    if roles.hue:
        return list(roles.hue), rest
    mechanism = ["model"] if "model" not in chosen else []
    if roles.facet:
        return [*mechanism, *(name for name in rest if name != "model")], list(roles.facet)
    hue = [*mechanism, *(name for name in rest if name in MECHANISM[1:])]
    return hue, [name for name in rest if name not in MECHANISM]


def _by_importance(name: str) -> int:
    """Return the place of a factor: what follows from others, such as tasks from workers, comes last."""
    last = ("variant", "start_method", "window_ns", "tasks", "payload_out_asked_bytes")
    return last.index(name) + 1 if name in last else 0


def place_styles(lab: Lab, roles: Roles = DEFAULT) -> pd.Series[int]:
    """Return the place of each cell's style, so that all figures of a sweep draw a mechanism alike.

    It is that of its mechanism, or of its values of the factors chosen as hue, among all that the whole sweep measured.
    If there are more than the palette has colours, there is none: each figure gives its own the first colours.
    """
    whole = lab.whole
    places = (
        place_hues(roles.add_to(whole.estimates), roles.hue) if roles.hue else whole.once(_place_mechanisms)
    )
    return places if places.nunique() <= HUES else places.head(0)


def _place_mechanisms(lab: Lab) -> pd.Series[int]:
    return place_hues(lab.estimates)


def place_hues(cells: pd.DataFrame, hue: Sequence[str] = ()) -> pd.Series[int]:
    """Return the place of each cell's mechanism, or of its values of the factors ``hue``, in the order of factors."""
    if cells.empty:
        return pd.Series(0, cells.index)
    names = list(hue) or ["model", *varying(cells, MECHANISM[1:])]
    labels = label_cells(cells, names, "/") if hue else label_mechanisms(cells)
    first = rank_cells(cells, names).groupby(labels).min().sort_values(kind="stable")
    return labels.map({label: place for place, label in enumerate(first.index)}).astype("int64")


def keep_hues(frame: pd.DataFrame, by: str, *, lowest: bool = False) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of the `HUES` mechanisms that are best by the column ``by``, and what the caption says of it."""
    best = frame.groupby("mechanism")[by].agg("min" if lowest else "max")
    if len(best) <= HUES:
        return frame, ()
    kept = best.sort_values(ascending=lowest, kind="stable").index[:HUES]
    return frame[frame["mechanism"].isin(kept)], (f"best {HUES} of {len(best)} shown",)


def in_order(frame: pd.DataFrame, label: str) -> list[str]:
    """Return the distinct labels of ``mechanism`` or ``setting`` in the order of their factors."""
    place = f"{label}_place"
    if place not in frame:
        return list(dict.fromkeys(frame[label]))
    places = frame.groupby(label, sort=False)[place].min()
    return [str(name) for name in places.sort_values(kind="stable").index]
