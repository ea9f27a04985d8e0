"""Ticks of logarithmic axes: at round values, as many as can be read beside each other, whatever the range."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axis import Axis, XAxis
from matplotlib.ticker import FuncFormatter, Locator, NullLocator

_MOST = 8
"""The most ticks of an axis."""

_NARROW = 3.0
"""Over less than so many times its lower end an axis has ticks at equal steps."""

_WITHIN_DECADES = ((100.0, (1,)), (8.0, (1, 2, 5)), (0.0, (1, 1.5, 2, 3, 4, 5, 7)))
"""The densest ticks, by how many times its lower end the upper end of an axis is."""

_STEPS = (1, 2, 5)
_UNIT = 1024
"""From one unit of size to the next."""

_LETTER, _GAP, _LINE = 0.64, 0.9, 1.5
"""Width of a letter, gap between two labels and height of a line, in sizes of the font."""

_POINTS = 72

_ZEROS = re.compile(r"(\.\d*?)0+(?!\d)")

Write = Callable[[float], str]


def set_log_axis(axis: Axis, write: Write) -> None:
    """Label a logarithmic axis at round values within its view, few enough to read: seen when it is drawn."""

    def text(value: float) -> str:
        return _ZEROS.sub(lambda found: found[1].rstrip("."), write(value))

    axis.set_major_locator(RoundValues(text))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


class RoundValues(Locator):
    """Round values whose labels, as ``write`` has them, lie apart on the axis as long as it is."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __call__(self) -> Sequence[float]:
        """Return the ticks within the view of the axis."""
        low, high = sorted(map(float, self._axis().get_view_interval()))
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Return the ticks between two ends: the densest that can be read."""
        ways = list(round_values(vmin, vmax, binary="iB" in self._write(vmax)))
        several = [ticks for ticks in ways if len(ticks) > 1]
        ends = [[ticks[0], ticks[-1]] for ticks in several]
        found = (ticks for ticks in (*several, *ends) if self._lie_apart(ticks, vmin, vmax))
        return next(found, next((ticks[:1] for ticks in ways), []))

    def _axis(self) -> Axis:
        if not isinstance(self.axis, Axis):
            raise TypeError("ticks at round values belong to an axis")
        return self.axis

    def _lie_apart(self, ticks: Sequence[float], low: float, high: float) -> bool:
        """Return whether the labels of ``ticks`` differ, and neither touch nor nearly do."""
        axis = self._axis()
        texts = [self._write(tick) for tick in ticks]
        size = float(axis.get_major_ticks(1)[0].label1.get_fontsize())
        along = isinstance(axis, XAxis)
        figure, box = axis.get_figure(root=True), axis.axes.bbox
        length = (box.width if along else box.height) / (figure.dpi if figure else 1) * _POINTS / size
        places = np.log(np.divide(ticks, low)) / np.log(high / low) * length
        rooms = [(_LETTER * len(text) + _GAP if along else _LINE) for text in texts]
        apart = (
            after - before >= (room + further) / 2
            for (before, after), (room, further) in zip(pairwise(places), pairwise(rooms), strict=True)
        )
        return len(set(texts)) == len(texts) and all(apart)


def round_values(low: float, high: float, *, binary: bool = False) -> Iterator[list[float]]:
    """Yield the round values from ``low`` to ``high``, from the densest to the sparsest, `_MOST` at most.

    Where the ends are near each other they have equal steps. Of sizes they are ``binary``: round in their unit.
    """
    every = [*(_in_steps(low, high, binary=binary) if high < _NARROW * low else ())]
    every += _in_powers_of_two(low, high) if binary else _in_decades(low, high)
    if high >= _NARROW * low:
        every += _in_steps(low, high, binary=binary)
    for ticks in every:
        seen = [tick for tick in ticks if low <= tick <= high]
        if seen and len(seen) <= _MOST:
            yield seen


def _in_steps(low: float, high: float, *, binary: bool) -> Iterator[list[float]]:
    """Yield multiples of round steps, from steps with more than `_MOST` of them to a single one."""
    unit = float(_UNIT ** max(np.floor(np.log(high) / np.log(_UNIT)), 0)) if binary else 1.0
    first, last = low / unit, high / unit
    if last <= first:
        return
    finest = int(np.floor(np.log10((last - first) / _MOST)))
    for power in range(finest, int(np.floor(np.log10(last))) + 1):
        for digit in _STEPS:
            step = float(f"{digit}e{power}")
            count = np.arange(np.ceil(first / step), np.floor(last / step) + 1)
            yield [float(f"{value:.12g}") * unit for value in count * step]


def _in_decades(low: float, high: float) -> Iterator[list[float]]:
    """Yield values such as 1, 2 and 5 in each decade, then whole decades, then every second of them and so on."""
    first, last = int(np.floor(np.log10(low))), int(np.floor(np.log10(high)))
    densest = next(place for place, (span, _) in enumerate(_WITHIN_DECADES) if high / low >= span)
    for _, digits in reversed(_WITHIN_DECADES[: densest + 1]):
        yield [float(f"{digit}e{power}") for power in range(first, last + 1) for digit in digits]
    for every in range(2, last - first + 1):
        yield [float(f"1e{power}") for power in range(first, last + 1) if power % every == 0]


def _in_powers_of_two(low: float, high: float) -> Iterator[list[float]]:
    first, last = int(np.floor(np.log2(low))), int(np.floor(np.log2(high)))
    for every in range(1, max(last - first, 1) + 1):
        yield [2.0**power for power in range(first, last + 1) if power % every == 0]
