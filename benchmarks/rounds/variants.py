"""Other rules than the shipped one, on the same cells: what they cover and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from benchmarks.rounds.coverage import PRECISIONS, SPREADS, covered
from benchmarks.rounds.draws import NOISY, QUIET, Floats, Shape, draw
from benchmarks.rounds.lines import Line, percent, span
from benchmarks.rounds.rule import MOST, PRECISION, SHIPPED, Cells, Flags, Rule, constant
from breakeven.base.rounds import LEVEL, LOOKS


def _after(first: int, level: float, later: float) -> Callable[[int], float]:
    return lambda rounds: level if rounds <= first else later


ALONE = (
    SHIPPED,
    Rule("every round, 95 %", range(5, MOST + 1), constant(LEVEL), constant(LEVEL)),
    Rule("looks from 3, 95 %", (3, 4, *LOOKS), constant(LEVEL), constant(LEVEL)),
    Rule("shipped looks, 95 %", LOOKS, constant(LEVEL), constant(LEVEL)),
    Rule("first look asks 95 %", asked=_after(5, LEVEL, 0.975)),
    Rule("first look reports 97.5 %", reported=constant(0.975)),
    Rule("looks from 6", LOOKS[1:], reported=_after(6, LEVEL, 0.975)),
    Rule("98 %", asked=constant(0.98), reported=_after(5, LEVEL, 0.98)),
    Rule("pooled, 95 %", asked=constant(LEVEL), reported=constant(LEVEL), pooled=4),
    Rule("pooled, 96.5 %", asked=_after(5, LEVEL, 0.965), reported=_after(5, LEVEL, 0.965), pooled=4),
)
"""Pooled: a cell has to be narrow by its own spread and by one drawn towards the median of the sweep's cells."""


def once(narrow: Flags) -> Flags:
    """End a group when each of its cells was narrow at some look."""
    return np.asarray(np.maximum.accumulate(narrow, axis=-1).all(axis=-2))


def most_of(narrow: Flags) -> Flags:
    """End a group when three quarters of its cells are narrow at the same look."""
    return np.asarray(narrow.mean(axis=-2) >= 0.75)  # noqa: PLR2004 - the three quarters


GROUPED = (
    SHIPPED,
    Rule("97.5 % for those that waited", waited=False),
    Rule("each was narrow once", group=once),
    Rule("three quarters are narrow", group=most_of),
)


def alone(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per rule of single cells.

    The cells are of one spread each, and as different as in a noisy sweep: of these also the ones that precision
    ended, and the noisiest fifth.
    """
    for rule in ALONE:
        rng = np.random.default_rng([seed, 7])
        found = [
            covered(draw((repetitions, 1), spreads, Shape(processes), MOST, rng), precision, rule)[0]
            for processes, spreads, precision in product(("normal", "t3"), SPREADS, PRECISIONS[:2])
        ]
        texts = {"rule": rule.name, "one spread": span(found)}
        cells = (4 * repetitions, 1)
        spreads = NOISY.choose(cells, rng)
        logs = draw(cells, spreads, Shape(), MOST, rng)
        noisiest = (
            spreads[0] ** 2 + spreads[1] ** 2 / 4
        )  # a median of six has about a quarter of a trial's variance
        fifth = noisiest >= np.quantile(noisiest, 0.8)
        for precision in PRECISIONS[:2]:
            texts |= _mixed(Cells(logs, precision, rule), f"±{precision:.0%}", fifth)
        quiet = draw(cells, QUIET.choose(cells, rng), Shape(), MOST, rng)
        yield Line(texts | {"quiet ±5%: rounds": f"{covered(quiet, 0.05, rule)[1]:.1f}"})


def _mixed(cells: Cells, name: str, fifth: Flags) -> dict[str, str]:
    stopped = cells.stop()
    hits = cells.report(stopped.rounds).covered
    return {
        f"noisy {name}: ended by it": percent(float(hits[stopped.ended == PRECISION].mean())),
        f"{name}: noisiest": percent(float(hits[fifth].mean())),
        f"{name}: rounds": f"{stopped.rounds.mean():.1f}",
    }


def grouped(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per rule of groups and size: coverage, share of cells as precise as asked, rounds, at ±10 %."""
    for size, rule in product((2, 6, 16), GROUPED):
        rng = np.random.default_rng([seed, 8])
        shape = (2 * repetitions // size, size)
        spreads: tuple[Floats, Floats] = NOISY.choose(shape, rng)
        cells = Cells(draw(shape, spreads, Shape(), MOST, rng), PRECISIONS[1], rule)
        stopped = cells.stop()
        found = cells.report(stopped.rounds)
        yield Line(
            {
                "cells": str(size),
                "rule": rule.name,
                "covered": percent(float(found.covered.mean())),
                "half-width ±%": percent(float(np.expm1(np.median(found.half)))),
                "as asked": f"{(found.half <= np.log1p(PRECISIONS[1])).mean():.0%}",
                "rounds": f"{stopped.rounds.mean():.1f}",
            }
        )
