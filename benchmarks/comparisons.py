"""How often `breakeven compare` is wrong, and how much it finds: simulated sides, judged by the shipped test and rule.

    python -m benchmarks.comparisons [--pairs 10000] [--seed 1]

A pair of cells is drawn as the values of the rounds of its two sides; `CELLS` pairs are a sweep, whose p values are
adjusted together. Three tables:

- *Equal cells*, without a noise band: the share of pairs with a p value below 0.05, that of pairs that are called
  different after the adjustment, and that of sweeps with at least one of these;
- *Verdicts*, with the default noise band and 2 % of noise: the share of pairs whose sides differ by 10 % and by 20 %
  that are found, and of equal ones that are found ``same``;
- *Paired*: a difference of 5 % in three rounds with 2 % of noise, of which a part is shared by the first rounds of both
  sides, the second ones and so on: how often Welch's test, which is used, and a paired one find it, and how often
  Welch's finds one between equal cells.

Exits with 1 if more than 5 % of equal pairs are called different anywhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from breakeven.analysis.comparing.effect import Welch
from breakeven.analysis.comparing.verdict import FASTER, SAME, SLOWER, Judge

CELLS = 40
"""Pairs of a sweep."""

MOST_FALSE = 0.05
_NOISE = 0.02
_HEAVY = 0.2  # the spread of what is drawn log-normal in the first table
_LEVEL = 0.05

Samples = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Samples]


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    """Return values whose logarithms are normal."""
    return np.exp(_NOISE * rng.normal(size=shape))


def lognormal(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    """Return the same with ten times the spread."""
    return np.exp(_HEAVY * rng.normal(size=shape))


def t3(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    """Return values whose logarithms follow Student's t with three degrees of freedom."""
    return np.exp(_NOISE * rng.standard_t(3, shape))


DRAWS: dict[str, Draw] = {"log-normal": lognormal, "Student's t, 3": t3}
ROUNDS = ((3, 3), (3, 10))


def effects(a: Samples, b: Samples) -> pd.DataFrame:
    """Return the effect of each pair of rows."""
    return pd.DataFrame([Welch().compare(*pair) for pair in zip(a, b, strict=True)])


def _sweeps(pairs: int) -> NDArray[np.int64]:
    """Return the number of the sweep of each pair."""
    return np.arange(pairs) // CELLS


def judged(found: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """Return ``found`` with verdicts; p values are adjusted sweep by sweep."""
    sweeps = found.groupby(_sweeps(len(found)))
    return pd.concat([judge(rows) for _, rows in sweeps])


def equal_cells(pairs: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return how often equal cells seem to differ."""
    rows = []
    for noise, draw in DRAWS.items():
        for rounds in ROUNDS:
            found = judged(effects(*(draw(rng, (pairs, count)) for count in rounds)), Judge(band=0.0))
            different = found["verdict"].isin([FASTER, SLOWER])
            rows.append(
                {
                    "noise": noise,
                    "rounds": f"{rounds[0]} v {rounds[1]}",
                    "p < 0.05": found["p"].lt(_LEVEL).mean(),
                    "different": different.mean(),
                    "sweeps with one": different.groupby(_sweeps(len(found))).any().mean(),
                }
            )
    return pd.DataFrame(rows)


def verdicts(pairs: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return how often the verdict is right."""
    rows = []
    for rounds in (3, 5, 10):
        a, b = (normal(rng, (pairs, rounds)) for _ in range(2))
        right = {
            "10 % found": judged(effects(a, b * 1.1), Judge())["verdict"].eq(FASTER).mean(),
            "20 % found": judged(effects(a, b * 1.2), Judge())["verdict"].eq(FASTER).mean(),
            "equal, same": judged(effects(a, b), Judge())["verdict"].eq(SAME).mean(),
        }
        rows.append({"rounds": rounds, **right})
    return pd.DataFrame(rows)


def paired(pairs: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return what both tests find if a part of the variance is shared by rounds of one number."""
    rows = []
    for shared in (0.0, 0.3, 0.6):
        common = rng.normal(0, _NOISE * shared**0.5, (pairs, 3))
        own = (rng.normal(0, _NOISE * (1 - shared) ** 0.5, (pairs, 3)) for _ in range(2))
        a, b = (np.exp(common + noise) for noise in own)
        rows.append(
            {
                "shared": shared,
                "Welch": effects(a, b * 1.05)["p"].lt(_LEVEL).mean(),
                "paired": (stats.ttest_rel(np.log(a), np.log(b * 1.05), axis=1).pvalue < _LEVEL).mean(),
                "Welch, equal": effects(a, b)["p"].lt(_LEVEL).mean(),
            }
        )
    return pd.DataFrame(rows)


def main() -> int:
    """Print the three tables; return 1 if equal cells are called different too often."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=10_000, help=f"of each row, a multiple of {CELLS}")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    equal = equal_cells(options.pairs, rng)
    for title, table in (
        ("Equal cells", equal),
        ("Verdicts", verdicts(options.pairs, rng)),
        ("Paired", paired(options.pairs, rng)),
    ):
        print(f"{title}\n{table.to_string(index=False, float_format='{:.1%}'.format)}\n")
    return int(equal["different"].gt(MOST_FALSE).any())


if __name__ == "__main__":
    sys.exit(main())
