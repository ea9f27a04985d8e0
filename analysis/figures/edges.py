"""Where axes end: near what matters, with an arrow where an interval goes on; and what lies within them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from matplotlib import markers
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import BarContainer, Container, ErrorbarContainer
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

ARROW = "beyond the axes"
"""The group id of the arrows."""

HEADROOM = 1.1
"""How far an axis goes on beyond the highest of what it must show."""

_VISIBLE = 0.5
"""A bar narrower than this many pixels cannot be seen."""

_TIPS: dict[tuple[str, bool], Any] = {
    ("x", False): markers.CARETLEFT,
    ("x", True): markers.CARETRIGHT,
    ("y", False): markers.CARETDOWN,
    ("y", True): markers.CARETUP,
}


def cut(body: SubFigure, which: Literal["x", "y"], low: float, high: float) -> None:
    """End the axes of all panels at ``low`` and ``high``; an interval that goes on ends in an arrow at the edge."""
    for axes in body.axes:
        cut_axes(axes, which, low, high)


def cut_axes(axes: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """End one panel's axis; otherwise as `cut`."""
    (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)
    along = "xy".index(which)
    for bar in _bars(axes):
        for ends in bar.get_segments():
            reach = np.asarray(ends, float).reshape(-1, 2)
            if not len(reach):  # a point without an interval
                continue
            beyond = {False: reach[:, along].min() < low, True: reach[:, along].max() > high}
            for upper in (side for side, leaves in beyond.items() if leaves):
                place = [reach[0, 0], reach[0, 1]]
                place[along] = high if upper else low
                axes.plot(
                    *[[value] for value in place],
                    marker=_TIPS[which, upper],
                    markersize=6,
                    color=bar.get_color()[0],
                    linestyle="none",
                    zorder=5,
                    clip_on=False,
                    gid=ARROW,
                )


def _bars(axes: Axes) -> Iterator[LineCollection]:
    """Yield the intervals that are drawn in a panel."""
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            yield from container.lines[2]


def list_drawn(body: SubFigure) -> set[str]:
    """Return the labels of all lines, intervals and bars that lie within the axes of any panel."""
    lines = {str(line.get_label()) for axes in body.axes for line in axes.lines if _is_within(line, axes)}
    groups = {
        str(group.get_label()) for axes in body.axes for group in axes.containers if _is_seen(group, axes)
    }
    return lines | groups


def _is_seen(group: Container, axes: Axes) -> bool:
    if isinstance(group, BarContainer):
        return any(bar.get_window_extent().width >= _VISIBLE for bar in group.patches)
    line = group.lines[0] if isinstance(group, ErrorbarContainer) else None
    return line is not None and _is_within(line, axes)


def _is_within(line: Line2D, axes: Axes) -> bool:
    """Return whether some of the line may lie within the axes: their boxes touch."""
    points = line.get_transform().transform(line.get_path().vertices)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return False
    low, high = points.min(axis=0), points.max(axis=0)
    view = axes.bbox.padded(1)
    return bool((low <= (view.x1, view.y1)).all() and (high >= (view.x0, view.y0)).all())
