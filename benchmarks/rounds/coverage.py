"""What the reported intervals cover: by regime, by what ended a cell, and in groups that stop together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from benchmarks.rounds.draws import NOISY, Floats, Shape, draw
from benchmarks.rounds.lines import Line, percent, span
from benchmarks.rounds.rule import ENDS, MOST, PRECISION, SHIPPED, Cells, Rule

PRECISIONS = (0.05, 0.1, 0.2)
SPREADS = ((0.03, 0.03), (0.03, 0.15), (0.08, 0.15), (0.15, 0.25))
PROCESSES = ("normal", "t3", "lognormal", "kinds", "rare kind", "drift")
TRIALS = ("normal", "t3", "outliers")
GROUPS = (2, 6, 16)
MAKES = ("alike", "first doubled", "different")
GROUP_SPREADS = (0.05, 0.07, 0.1)
_UNLIMITED = 0.5  # share of cells without a budget
ENOUGH = 1000  # cells below which a coverage is too uncertain to judge


def by_regime(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per shape and spread of processes: coverage over the shapes of trials, and mean rounds."""
    for processes, spreads in product(PROCESSES, SPREADS):
        found: dict[float, list[tuple[float, float]]] = {precision: [] for precision in PRECISIONS}
        for trials in TRIALS:
            rng = np.random.default_rng([seed, 1])
            logs = draw((repetitions, 1), spreads, Shape(processes, trials), MOST, rng)
            for precision in PRECISIONS:
                found[precision].append(covered(logs, precision))
        texts = {"processes": processes, "between/within": "{:.2f}/{:.2f}".format(*spreads)}
        for precision, results in found.items():
            texts |= {
                f"±{precision:.0%} covered": span(share for share, _ in results),
                f"±{precision:.0%} rounds": f"{results[0][1]:.1f}",
            }
        shares = tuple(share for results in found.values() for share, _ in results)
        yield Line(texts, shares if Shape(processes).claimed else ())


def covered(logs: Floats, precision: float, rule: Rule = SHIPPED) -> tuple[float, float]:
    """Return the share of cells whose interval contains the truth, and their mean number of rounds."""
    cells = Cells(logs, precision, rule)
    rounds = cells.stop().rounds
    return float(cells.report(rounds).covered.mean()), float(rounds.mean())


def by_end(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per shape of processes and precision, for cells as different as in a noisy sweep.

    Half of the cells have as many rounds as they need; a budget ends the others after 3 to 29.
    """
    for processes, precision in product(PROCESSES, PRECISIONS):
        rng = np.random.default_rng([seed, 2])
        cells = (4 * repetitions, 1)
        logs = draw(cells, NOISY.choose(cells, rng), Shape(processes), MOST, rng)
        cut = np.where(rng.random(cells[0]) < _UNLIMITED, MOST, rng.integers(3, MOST, cells[0]))
        asked = Cells(logs, precision)
        stopped = asked.stop(cut)
        hits = asked.report(stopped.rounds).covered
        texts = {"processes": processes, "precision": f"±{precision:.0%}"}
        enough = {}
        for end in ENDS:
            ended = stopped.ended == end
            share = float(hits[ended].mean()) if ended.any() else np.nan
            texts[f"{end} (of cells)"] = f"{percent(share)} ({ended.mean():.0%})" if ended.any() else "-"
            if ended.sum() >= ENOUGH and Shape(processes).claimed:
                enough[end] = share
        by_rule = [enough.pop(PRECISION)] if PRECISION in enough else []
        yield Line(texts, tuple(by_rule), tuple(enough.values()))


def in_groups(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per size and make of groups: coverage of the first cell and of the others, rounds, rounds alone.

    The cells are alike (`GROUP_SPREADS`), or the first varies twice as much, or they differ as in a noisy sweep.
    """
    for size, make in product(GROUPS, MAKES):
        rng = np.random.default_rng([seed, 3])
        shape = (repetitions, size)
        first, others, together, alone = [], [], [], []
        for spread, precision in product((0.0,) if make == "different" else GROUP_SPREADS, PRECISIONS[:2]):
            logs = draw(shape, _spreads(make, spread, shape, rng), Shape(), MOST, rng)
            cells = Cells(logs, precision)
            rounds = cells.stop().rounds
            hits = cells.report(rounds).covered
            first.append(float(hits[:, 0].mean()))
            others.append(float(hits[:, 1:].mean()))
            together.append(rounds.mean())
            alone.append(covered(logs.reshape(-1, 1, MOST), precision)[1])
        texts = {"cells": str(size), "spreads": make, "first covers": span(first), "others": span(others)}
        texts |= {"rounds together": f"{np.mean(together):.1f}", "alone": f"{np.mean(alone):.1f}"}
        yield Line(texts, (*first, *others) if shape[0] >= ENOUGH else ())


def _spreads(
    make: str, spread: float, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the standard deviations between and within processes."""
    if make == "different":
        return NOISY.choose(shape, rng)
    between = np.full(shape, spread)
    between[:, 0] *= 2 if make == "first doubled" else 1
    return between, np.zeros(shape)
