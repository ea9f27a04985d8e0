"""Where axes end: near what matters, with an arrow where an interval goes on; and what lies within them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

_NEAR, _CAP = 0.12, 0.015
"""Shares of an axis: as far beyond its end as an interval may end for the axis to hold it, and the room for its cap."""

_VISIBLE = 0.5
"""A bar narrower than this many pixels cannot be seen."""

_NO_MARKER = ("", " ", "None", "none", None)

_TIPS: dict[tuple[str, bool], Any] = {
    ("x", False): markers.CARETLEFT,
    ("x", True): markers.CARETRIGHT,
    ("y", False): markers.CARETDOWN,
    ("y", True): markers.CARETUP,
}


def cut(body: SubFigure, which: Literal["x", "y"], low: float, high: float) -> None:
    """End the axes of all panels near ``low`` and ``high``; an interval that goes on ends in an arrow at the edge.

    Where intervals end just beyond, so do the axes.
    """
    cut_panels(body.axes, which, low, high)


def cut_panels(panels: Sequence[Axes], which: Literal["x", "y"], low: float, high: float) -> None:
    """End the axes of some panels alike; otherwise as `cut`."""
    low, high = _hold(panels, which, low, high)
    for axes in panels:
        cut_axes(axes, which, low, high)


def _hold(panels: Sequence[Axes], which: Literal["x", "y"], low: float, high: float) -> tuple[float, float]:
    """Return ``low`` and ``high``, moved apart so that they hold the intervals that end just beyond, caps included."""
    axis = getattr(panels[0], f"{which}axis")
    scale = axis.get_transform()
    bars = (bar for axes in panels for bar in _bars(axes))
    reach = [
        np.asarray(ends, float).reshape(-1, 2)[:, "xy".index(which)]
        for bar in bars
        for ends in bar.get_segments()
    ]
    found = np.concatenate([np.empty(0), *reach])
    if axis.get_scale() == "log":
        found = found[found > 0]
    found = scale.transform(found[np.isfinite(found)])
    first, last = scale.transform(np.array([low, high], float))
    near, cap = _NEAR * (last - first), _CAP * (last - first)
    below = found[(found < first) & (found >= first - near)]
    above = found[(found > last) & (found <= last + near)]
    ends = (below.min() - cap if len(below) else first, above.max() + cap if len(above) else last)
    lower, upper = scale.inverted().transform(np.array(ends, float))
    return (float(lower) if len(below) else low, float(upper) if len(above) else high)


def cut_axes(axes: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """End one panel's axis where it is said, whatever goes on; otherwise as `cut`."""
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
    """Return whether some of the line may lie within the axes: their boxes touch, and it is more than a bare point."""
    points = line.get_transform().transform(line.get_path().vertices)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return False
    low, high = points.min(axis=0), points.max(axis=0)
    if (low == high).all() and line.get_marker() in _NO_MARKER:
        return False
    view = axes.bbox.padded(1)
    return bool((low <= (view.x1, view.y1)).all() and (high >= (view.x0, view.y0)).all())
