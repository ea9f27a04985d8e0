"""The figures, one module each, all with the same two functions: from a lab its tidy frame, from that a picture.

>>> from analysis.figures import draw, scaling
>>> draw("scaling", lab)  # doctest: +SKIP
>>> draw("scaling", lab, x="workers", hue="model", facet="payload", select="workload=spin")  # doctest: +SKIP
>>> scaling.draw(scaling.frame(lab).query("workload == 'spin'"), Context.of(lab.runs))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pandas as pd

from breakeven.analysis.errors import UnfitOption, UnknownName
from breakeven.analysis.figures.answers import choose_answers, choose_clauses
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.roles import DEFAULT, Roles, place_styles, read_roles, select_cells
from breakeven.analysis.frames.hosts import models_of
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.verdicts import lines, verdicts
from breakeven.base.suggestions import did_you_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "FIGURES",
    "Context",
    "NothingToDraw",
    "Plot",
    "Roles",
    "check_options",
    "choose",
    "draw",
    "draw_roles",
]


class Plot(Protocol):
    """What a module of this package offers."""

    def frame(self, lab: Lab) -> pd.DataFrame:
        """Return the tidy frame that the figure shows; raise NothingToDraw if the sweep has no data for it."""

    def draw(self, frame: pd.DataFrame, context: Context) -> Figure:
        """Draw ``frame``; the caller may have narrowed it."""


class HasRoles(Plot, Protocol):
    """What a module offers whose factors can be chosen."""

    ACCEPTS: tuple[str, ...]
    """The options it has a use for, of x, hue and facet."""

    def frame(self, lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
        """Return the frame of `Plot` with the factors of ``roles``."""


P = TypeVar("P", bound=Plot)


class _Modules(Mapping[str, P]):
    """Modules of this package by name, each imported when it is first asked for.

    matplotlib takes long to import.
    """

    def __init__(self, *names: str) -> None:
        self._names = names

    def __getitem__(self, name: str) -> P:
        if name not in self._names:
            raise KeyError(name)
        return cast("P", import_module(f"{__name__}.{name}"))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


WITH_ROLES: Mapping[str, HasRoles] = _Modules(
    *(
        "scaling",
        "timeline",
        "activity",
        "overhead",
        "latency",
        "bandwidth",
        "startup",
        "channels",
        "observed",
    ),
)
"""The figures in which factors can be chosen."""

ABSOLUTE = (
    *("overhead", "latency", "bandwidth", "startup", "channels", "observed", "stream"),
    *("heartbeat", "switching", "oversubscription"),
)
"""The figures of times and rates, which unlike hosts do not share."""

FIGURES: Mapping[str, Plot] = _Modules(
    *("advice", "bisection", "breakeven", "winner", "memory", "oversubscription"),
    *WITH_ROLES,
    *("stream", "heartbeat", "switching"),
)
"""All figures, in the order in which they are drawn."""


def __getattr__(name: str) -> Any:
    """Return the module of a figure, as if it were imported with the package."""
    if name in FIGURES:
        return FIGURES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def draw(
    name: str,
    lab: Lab,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    select: str | None = None,
) -> Figure:
    """Draw the figure ``name`` of ``lab``; raise BadInput or NothingToDraw.

    ``x``, ``hue`` and ``facet`` are factors by the name under which they are typed (hue and facet may be several,
    separated by commas), ``select`` narrows the sweep, such as ``model=process,payload=1MiB``.
    """
    return draw_roles(name, *choose(lab, x=x, hue=hue, facet=facet, select=select))


def choose(
    lab: Lab,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    select: str | None = None,
) -> tuple[Lab, Roles]:
    """Return the cells of ``lab`` that are selected, and the factors that are chosen; raise BadInput."""
    roles = read_roles(lab, x, hue, facet)
    return (lab if select is None else select_cells(lab, select)), roles


def draw_roles(name: str, lab: Lab, roles: Roles = DEFAULT) -> Figure:
    """Draw the figure ``name`` with the factors of ``roles``; raise UnknownName, UnfitOption or NothingToDraw."""
    if name not in FIGURES:
        raise UnknownName(f"no figure {name}{did_you_mean(name, FIGURES)}; there are {', '.join(FIGURES)}")
    if roles.chosen:
        check_options(name, roles)
        frame = WITH_ROLES[name].frame(lab, roles)
    else:
        frame = FIGURES[name].frame(lab)
    cells = pd.Index(frame.get("cell_id", frame.index))
    shown = lab.runs[lab.runs["cell_id"].isin(cells)]
    if name in ABSOLUTE and not lab.mix_hosts:
        _refuse_unlike(name, shown)
    found = verdicts(lab)
    context = Context.of(shown, choose_answers(found, cells), lines(lab), choose_clauses(found, cells))
    places = place_styles(lab, roles).reindex(cells)
    return FIGURES[name].draw(frame.assign(style_place=places.to_numpy()), context)


def _refuse_unlike(name: str, shown: pd.DataFrame) -> None:
    """Raise NothingToDraw if the runs that the figure ``name`` shows are of hosts with unlike CPUs."""
    models = models_of(shown)
    if len(models) > 1:
        raise NothingToDraw(
            f"figure {name} compares times, and they are of hosts with unlike CPUs ({'; '.join(models)}): speedups compare, "
            "as in figure scaling; --mix-hosts (mix_hosts=True) draws it all the same"
        )


_FIXED = {
    **dict.fromkeys(("breakeven", "winner"), ": it is a map over task lengths and payloads"),
    "heartbeat": ": it has a row for each mechanism",
    "switching": ": it is drawn against the switch interval",
}
"""Why factors cannot be chosen in a figure."""


def check_options(name: str, roles: Roles) -> None:
    """Raise UnfitOption if the figure ``name`` has no use for a factor that ``roles`` chooses."""
    accepts = WITH_ROLES[name].ACCEPTS if name in WITH_ROLES else ()
    unfit = [option for option in roles.chosen if option not in accepts]
    if unfit:
        options = ", ".join(f"--{option}" for option in (*accepts, "select"))
        why = _FIXED.get(name, "")
        raise UnfitOption(f"figure {name} has no use for --{unfit[0]}{why}; it accepts {options}")
