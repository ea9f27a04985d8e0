"""How often rounds of two kinds are told apart, and how often rounds of one kind are called two, by the shipped rule.

    python -m benchmarks.kinds [--repetitions 2000] [--seed 1]

A cell is drawn as the logarithms of its rounds' values, of spread 1 within a kind, times the spread of real rounds (5
%). One kind may be skewed, heavy-tailed, flat, or remember the round before. Two kinds lie a number of those spreads
apart; the rarer one has half of the rounds, or a fifth. A recorded share tells them apart, wrongly in one round of ten
(misread), or nothing does. Exits with 1 if more than `MOST_FALSE` of any cells of one kind are called two.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import product

import numpy as np

from benchmarks.rounds.lines import Line, percent, put
from breakeven.analysis.frames.kinds import ONE_CPU, UNKNOWN, Floats, Kinds, find

ROUNDS = (5, 10, 20, 30)
GAPS = (3, 5, 8, 12)
SHARES = (0.5, 0.2)
SHAPES = ("normal", "t3", "laplace", "lognormal", "uniform", "drift")
MOST_FALSE = 0.01
_SPREAD = 0.05
_SKEW = 0.6  # of the lognormal's exponent: its skewness is 2.3
_MEMORY = 0.5
_MISREAD = 0.1


def one_kind(shape: str, size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return cells x rounds logarithms of one kind."""
    if shape == "t3":
        return _SPREAD * rng.standard_t(3, size)
    if shape == "laplace":
        return _SPREAD * rng.laplace(size=size)
    if shape == "uniform":
        return _SPREAD * rng.uniform(-2, 2, size)
    values = rng.normal(size=size)
    if shape == "lognormal":
        return _SPREAD * np.exp(_SKEW * values) / _SKEW
    for later in range(1, size[1] if shape == "drift" else 0):
        values[:, later] = _MEMORY * values[:, later - 1] + np.sqrt(1 - _MEMORY**2) * values[:, later]
    return _SPREAD * values


def placements(size: tuple[int, int], share: float, rng: np.random.Generator) -> Floats:
    """Return cells x rounds shares of messages with both on one CPU: nearly none or nearly all of a round's."""
    rare = rng.random(size) < share
    return np.asarray(np.where(rare, 1 - 0.2 * rng.random(size), 0.2 * rng.random(size)))


def found(logs: Floats, recorded: Floats | None) -> list[Kinds | None]:
    """Return what the shipped rule says of each cell; ``recorded`` is None if nothing is."""
    if recorded is None:
        return [find(values.tolist(), ()) for values in logs]
    return [find(row.tolist(), [(ONE_CPU, shares)]) for row, shares in zip(logs, recorded, strict=True)]


def false_alarms(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per shape of one kind: % of cells called two, by rounds.

    They are found by a placement without effect, and by values alone.
    """
    for shape in SHAPES:
        texts, worst = {"one kind": shape}, 0.0
        for rounds in ROUNDS:
            rng = np.random.default_rng([seed, rounds, SHAPES.index(shape)])
            size = (repetitions, rounds)
            called = [found(one_kind(shape, size, rng), placements(size, share, rng)) for share in SHARES]
            named = [
                np.mean([kinds is not None and kinds.cause is ONE_CPU for kinds in some]) for some in called
            ]
            blind = [
                np.mean([kinds is not None and kinds.cause is UNKNOWN for kinds in some]) for some in called
            ]
            texts[f"{rounds}: named, unknown"] = f"{percent(float(max(named)))}, {percent(float(max(blind)))}"
            worst = max(worst, float(max(named)), float(max(blind)))
        yield Line(texts, at_least=(1.0 if worst <= MOST_FALSE else 0.0,))


def power(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per gap and share of the rarer kind: % of cells told apart, by rounds.

    Recorded, misread, nothing recorded.
    """
    for gap, share in product(GAPS, SHARES):
        texts = {"gap": f"{gap}", "share": f"{share:g}"}
        for rounds in ROUNDS:
            rng = np.random.default_rng([seed, rounds, gap, int(10 * share)])
            size = (repetitions, rounds)
            recorded = placements(size, share, rng)
            logs = one_kind("normal", size, rng) + gap * _SPREAD * (recorded < ONE_CPU.least)
            misread = np.where(rng.random(size) < _MISREAD, 1 - recorded, recorded)
            shares = [
                np.mean([kinds is not None and kinds.cause is cause for kinds in found(logs, given)])
                for given, cause in ((recorded, ONE_CPU), (misread, ONE_CPU), (None, UNKNOWN))
            ]
            texts[f"{rounds}: named, misread, unknown"] = ", ".join(f"{found_:.0%}" for found_ in shares)
        yield Line(texts)


def main() -> int:
    """Simulate, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    failed = put("One kind called two, % of cells, by rounds", false_alarms(given.repetitions, given.seed))
    put("Two kinds told apart, by rounds", power(max(given.repetitions // 8, 1), given.seed))
    print(f"\n{failed} shapes with more than {MOST_FALSE:.0%} false alarms")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
