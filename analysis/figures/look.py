"""The common look of all figures: palette, markers, title, legend, caption, facets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from breakeven.analysis.figures.context import Context
from breakeven.analysis.figures.disturbed import draw_hollow
from breakeven.analysis.figures.edges import list_drawn
from breakeven.analysis.figures.formats import DPI
from breakeven.analysis.figures.roles import in_order
from breakeven.analysis.figures.style import PALETTE, STYLE
from breakeven.analysis.figures.texts import fit_line, fit_title, wrap_label
from breakeven.analysis.units import format_size

T = TypeVar("T")

Dash = Literal["-", "--", "-.", ":"]

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "h")
DASHES: tuple[Dash, ...] = ("-", "--", "-.", ":")
GREY = "0.35"
FACETS = 6
"""The most facets shown; more are thinned out, and the caption says so."""

ACROSS = 3
"""The most panels side by side."""

_CLOSE = 0.12
"""Share of a logarithmic axis within which the labels of two ticks would overlap."""

_NARROW = 0.24
"""The same in one of several panels side by side."""


def side_by_side(panels: int) -> int:
    """Return how many of the panels stand side by side: rows are full, or lack as few as they can."""
    rows = max(-(-panels // ACROSS), 1)
    return max(-(-panels // rows), 1)


@contextmanager
def look() -> Iterator[None]:
    """Apply the common style to the body, whatever the user's settings are, and restore these."""
    own = {
        "axes.titlesize": "medium",
        "axes.titlelocation": "left",
        "grid.color": "0.92",
        "figure.constrained_layout.h_pad": 0.08,
        "figure.constrained_layout.w_pad": 0.08,
        "font.sans-serif": ["DejaVu Sans"],  # which matplotlib brings along
        "text.parse_math": False,  # a dollar sign in a name is one
        "svg.hashsalt": "breakeven",  # otherwise ids are random
    }
    with mpl.rc_context():
        mpl.rcdefaults()  # not those of a matplotlibrc, which may ask for LaTeX or another size
        mpl.rcParams.update(STYLE | own)
        yield


class OwnFigure(Figure):
    """A figure that looks the same wherever it is drawn and saved: much of a look is only looked up then."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw it as `look` says."""
        with look():
            super().draw(renderer)

    def savefig(self, *arguments: Any, **options: Any) -> None:
        """Save it as `look` says."""
        with look():
            super().savefig(*arguments, **options)


@dataclass(frozen=True)
class Style:
    """How one mechanism is drawn."""

    color: str
    marker: str
    dash: Dash
    name: str = ""

    def handle(self) -> Line2D:
        """Return its entry in a legend."""
        return Line2D([], [], color=self.color, marker=self.marker, linestyle=self.dash, label=self.name)


Styles = dict[str, Style]


def styles(frame: pd.DataFrame) -> Styles:
    """Return a unique colour, marker and dash for each ``mechanism``, distinguishable without colour, too.

    They are in the order of their factors: interpreters by version, numbers by value. Which style a mechanism has says
    its ``style_place`` among those of the whole sweep, if the frame has it.
    """
    labels = in_order(frame, "mechanism")
    places = _place_labels(frame, labels) if len(labels) <= len(PALETTE) else range(len(labels))
    return {label: _style(place, label) for label, place in zip(labels, places, strict=True)}


def _style(place: int, name: str) -> Style:
    dash = DASHES[(place // len(PALETTE) + place) % len(DASHES)]
    return Style(PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)], dash, name)


def _place_labels(frame: pd.DataFrame, labels: Sequence[str]) -> list[int]:
    """Return the place of the style of each of ``labels``, no two the same.

    A label may stand for several mechanisms of the sweep, and several labels for one: each gets the first place of its
    mechanisms that is left, those with fewest to choose from first, or else one from the end of the palette.
    """
    if "style_place" not in frame or frame["style_place"].isna().all():
        return list(range(len(labels)))
    known = frame.dropna(subset="style_place").groupby("mechanism")["style_place"].agg(set)
    wanted = {label: sorted(map(int, known.get(label, ()))) for label in labels}
    found: dict[str, int] = {}
    for label in sorted(labels, key=lambda name: len(wanted[name])):
        left = [place for place in wanted[label] if place not in found.values()]
        found |= {label: left[0]} if left else {}
    rest = (place for place in reversed(range(len(PALETTE))) if place not in set(found.values()))
    return [found[label] if label in found else next(rest) for label in labels]


def list_styles(look_of: Styles) -> list[Artist]:
    """Return legend entries for the mechanisms of `styles`."""
    return [style.handle() for style in look_of.values()]


def split_errors(points: pd.DataFrame, column: str) -> list[pd.Series[float]]:
    """Return how far the interval of ``column`` reaches below and above it."""
    value = points[column]
    return [value - points[f"{column}_low"], points[f"{column}_high"] - value]


def draw_errors(
    axes: Axes, x: pd.Series[float], points: pd.DataFrame, column: str, style: Style, *, joined: bool = True
) -> None:
    """Draw one mechanism's points with intervals, joined by a line if x is a scale."""
    axes.errorbar(
        x,
        points[column],
        label=style.name,
        yerr=split_errors(points, column),
        color=style.color,
        marker=style.marker,
        linestyle=style.dash if joined else "none",
        linewidth=1.6,
        markersize=5.5,
        capsize=3,
        zorder=3,
    )
    draw_hollow(axes, x, points[column], points, style)


def draw_tail(
    axes: Axes,
    x: pd.Series[float],
    tail: pd.Series[float],
    style: Style,
    faint: Mapping[str, Any],
    *,
    joined: bool = True,
) -> None:
    """Draw what lies beside one mechanism's points, such as their 99th percentiles.

    It is a line if x is a scale, or else strokes; of a single point there is no line.
    """
    line = joined and int((x.notna() & tail.notna()).sum()) > 1
    how: dict[str, Any] = {"linestyle": style.dash} if line else {"linestyle": "none", "marker": "_"}
    axes.plot(x, tail, color=style.color, markersize=11, **how, **faint)


def new_figure(width: float, height: float) -> SubFigure:
    """Create a figure outside pyplot's global list, and return its body: all except title and caption."""
    body: SubFigure = (
        OwnFigure(figsize=(width, height), dpi=DPI, layout="constrained")
        .subfigures(1, 1, squeeze=False)
        .item()
    )
    return body


def finish(body: SubFigure, title: str, context: Context, *sample: str) -> Figure:
    """Set title and caption, both fitted to the figure's width: the caption is one line."""
    figure = body.get_figure(root=True)
    text = figure.suptitle("", x=0.01, ha="left", size="large", weight="bold")
    figure.set_figheight(figure.get_figheight() + fit_title(text, title))
    caption = figure.supxlabel(context.caption(*sample), x=0.01, ha="left", size="x-small", color=GREY)
    fit_line(caption)
    return figure


def wrap_setting(setting: str, axes: Axes) -> None:
    """Set the title of one panel, on as many lines as it needs."""
    axes.set_title(wrap_label(setting))


def legend_height(entries: int) -> float:
    """Return the height in inches that a legend with a title needs beside the panels."""
    return 0.3 + 0.23 * entries


def add_legend(figure: SubFigure, handles: Sequence[Artist], title: str | None = None) -> None:
    """Put the legend right of the panels, never over data: those of the entries that are drawn."""
    drawn = list_drawn(figure)
    shown = [handle for handle in handles if handle.get_label() in drawn]
    if shown:
        place_legend(figure, shown, title)


def place_legend(figure: SubFigure, handles: Sequence[Artist], title: str | None = None) -> None:
    """Put a legend with these entries right of the panels, never over data."""
    figure.legend(
        handles=handles,
        labels=[wrap_label(str(handle.get_label())) for handle in handles],
        loc="outside right upper",
        frameon=False,
        title=title,
        alignment="left",
        handlelength=2.6,
    )


def thin(values: Sequence[T], limit: int = FACETS) -> list[T]:
    """Keep at most ``limit`` of ordered values: the first, the last, and some evenly spaced between them."""
    if len(values) <= limit:
        return list(values)
    return [values[place] for place in np.linspace(0, len(values) - 1, limit).round().astype(int)]


def thinned(kept: int, total: int, what: str) -> tuple[str, ...]:
    """Return the note for the caption that only some of ``total`` are shown, if so."""
    return (f"{kept} of {total} {what} shown",) if kept < total else ()


def set_size_axis(axes: Axes, sizes: Sequence[float]) -> None:
    """Make x logarithmic in bytes; see `set_length_axis`."""
    set_length_axis(axes, sizes, format_size)


def set_length_axis(axes: Axes, sizes: Sequence[float], write: Callable[[float], str]) -> None:
    """Make x logarithmic, with ticks at values that were measured, few enough to read."""
    ordered = sorted(set(sizes))
    if min(ordered) > 0:
        axes.set_xscale("log", base=2)
    else:
        axes.set_xscale("symlog", base=2, linthresh=min([size for size in ordered if size > 0], default=1))
    spec = axes.get_subplotspec()
    columns = spec.get_gridspec().ncols if spec is not None else 1
    ticks = thin(_apart(ordered, _CLOSE if columns == 1 else _NARROW))
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: write(size)))


def _apart(ordered: Sequence[float], close: float = _CLOSE) -> list[float]:
    """Keep the positive values whose labels do not overlap: the first, the last, and some between."""
    last = ordered[-1]
    least = (last / next((value for value in ordered if value > 0), last)) ** close if last > 0 else 1
    kept = [ordered[0]]
    for value in ordered[1:-1]:
        if value >= kept[-1] * least and value * least <= last:
            kept.append(value)
    return [*kept, last] if len(ordered) > 1 else kept


def sort_labels(frame: pd.DataFrame, by: str) -> list[str]:
    """Return the distinct labels of column ``by`` in the order in which they stand."""
    return list(dict.fromkeys(frame[by]))


def describe_sample(frame: pd.DataFrame, of: str = "cell") -> str:
    """Return the part of the caption on what the bars cover, and how many processes each ``of`` them has."""
    if frame["covers"].eq("nothing").all():
        return "too few trials for an interval"
    if frame["covers"].eq("process").any():
        return f"95 % intervals of one process, so a {of} may differ by more"
    covered = frame[frame["covers"].ne("nothing")]
    some = "" if len(covered) == len(frame) else ", where there are bars"
    return f"95 % intervals over {describe_processes(covered['rounds'])} a {of}{some}"


def describe_processes(counts: pd.Series[int]) -> str:
    """Return numbers of processes in words, such as ``one process`` or ``2 to 5 processes``."""
    text = describe_range(counts)
    return "one process" if text == "1" else f"{text} processes"


def describe_range(counts: pd.Series[int]) -> str:
    """Return counts as one number if they are equal, else as a range."""
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def add_gil(name: str, enabled: object) -> str:
    """Return ``name`` with the state of the GIL, unless it says so or nothing is known."""
    if "GIL" in name or not isinstance(enabled, bool | np.bool_):
        return name
    return f"{name}, GIL {'on' if enabled else 'off'}"
