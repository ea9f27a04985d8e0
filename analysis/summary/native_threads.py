"""Tasks that compute on more CPUs than their own thread's: native threads of BLAS, OpenMP, Arrow and the like."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.factors import label_mechanisms
from breakeven.analysis.frames.load import Lab

NATIVE = 1.2
"""A serial trial runs on one Python thread: more CPU time than this for each ns it could run is of native threads."""


def native_threads(lab: Lab) -> Iterator[str]:
    """Yield a caution if tasks alone use several CPUs, with the cell that oversubscribes its CPUs most."""
    cells = lab.estimates.join(_cpus_alone(lab.trials).rename("cpus_alone"), how="inner")
    cells = cells[cells["cpus_alone"].gt(NATIVE)]
    if cells.empty:
        return
    demand = cells["cpus_alone"] * cells["workers"]
    worst = int((demand / cells["cpu_count"]).astype("float64").argmax())
    cell, name = cells.iloc[worst], label_mechanisms(lab.estimates)[cells.index[worst]]
    text = (
        f"a task alone keeps {cell['cpus_alone']:.1f} CPUs busy in {len(cells)} of {len(lab.estimates)} cells: native "
        "threads (BLAS, OpenMP, ...) compute beside its own, which the figure overhead shows as off CPU"
    )
    if demand.iloc[worst] > NATIVE * cell["cpu_count"]:
        text += (
            f"; oversubscribed: {cell['workers']} workers x {cell['cpus_alone']:.1f} CPUs on {cell['cpu_count']} "
            f"({name}): environment.OPENBLAS_NUM_THREADS=1 or environment.OMP_NUM_THREADS=1 leaves each worker one"
        )
    yield text


def _cpus_alone(trials: pd.DataFrame) -> pd.Series[float]:
    """Return the CPUs that each cell's serial trials kept busy, as a median.

    The time that the thread was ready but had no CPU is left out: on a busy machine it would hide the others.
    """
    serial = trials[trials["kind"].eq("serial") & ~trials["warmup"].astype(bool)]
    numbers = serial[["cpu_ns", "wall_ns", "run_delay_ns"]].astype("float64")
    could_run = numbers["wall_ns"] - numbers["run_delay_ns"].fillna(0.0)
    used = (numbers["cpu_ns"] / could_run).where(could_run > 0)
    return used.groupby(serial["cell_id"]).median().dropna()
