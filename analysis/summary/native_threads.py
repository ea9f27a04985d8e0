"""Tasks that compute on more CPUs than their own thread's: on those of BLAS, OpenMP, Arrow and the like."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.factors import label_mechanisms
from breakeven.analysis.frames.load import Lab

NATIVE = 1.2
"""Tasks that keep more CPUs than this busy compute on further threads."""

_VARIABLES = {
    "openblas": "OPENBLAS_NUM_THREADS",
    "mkl": "MKL_NUM_THREADS",
    "blis": "BLIS_NUM_THREADS",
    "gomp": "OMP_NUM_THREADS",
    "iomp": "OMP_NUM_THREADS",
    "omp": "OMP_NUM_THREADS",
    "polars": "POLARS_MAX_THREADS",
}
"""The environment variable that says how many threads a library starts."""


def native_threads(lab: Lab) -> Iterator[str]:
    """Yield a caution if tasks alone use several CPUs, with the cell that oversubscribes its CPUs most."""
    cpus = lab.runs.set_index("cell_id")["cpus_alone"].astype("float64").groupby(level="cell_id").median()
    cells = lab.estimates.join(cpus, how="inner")
    cells = cells[cells["cpus_alone"].gt(NATIVE)]
    if cells.empty:
        return
    demand = cells["cpus_alone"] * cells["workers"]
    worst = int((demand / cells["cpu_count"]).astype("float64").argmax())
    cell, name = cells.iloc[worst], label_mechanisms(lab.estimates)[cells.index[worst]]
    runs = lab.runs[lab.runs["cell_id"].eq(cells.index[worst]) & lab.runs["status"].eq("ok")]
    text = (
        f"a task alone keeps {cell['cpus_alone']:.1f} CPUs busy in {len(cells)} of {len(lab.estimates)} cells: "
        f"{_name_threads(runs)} beside its own"
    )
    if demand.iloc[worst] > NATIVE * cell["cpu_count"]:
        text += (
            f"; oversubscribed: {cell['workers']} workers x {cell['cpus_alone']:.1f} CPUs on {cell['cpu_count']} "
            f"({name}){_name_remedy(runs)}"
        )
    yield text


def _name_threads(runs: pd.DataFrame) -> str:
    """Return what the threads are: how many in a process, of which libraries; or that Python started them."""
    counts, libraries = runs["native_threads"].dropna(), runs["native_libraries"].dropna()
    of = f" ({libraries.iloc[0]})" if len(libraries) else " (BLAS, OpenMP, ...)"
    if counts.empty or (counts.max() == 0 and len(libraries)):
        return f"native threads{of} compute"
    if counts.max() == 0:
        return "threads that the function starts compute"
    if counts.max() == 1:
        return f"1 native thread a process{of} computes"
    return f"{counts.max():.0f} native threads a process{of} compute"


def _name_remedy(runs: pd.DataFrame) -> str:
    """Return what limits the libraries that were loaded, the two most frequent if none is known.

    Nothing limits threads that Python started.
    """
    if runs["native_threads"].max() == 0 and runs["native_libraries"].isna().all():
        return ""
    libraries = ", ".join(runs["native_libraries"].dropna()).split(", ")
    known = dict.fromkeys(_VARIABLES[name] for name in libraries if name in _VARIABLES)
    variables = list(known) or ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]
    joint = " " if known else " or "
    settings = joint.join(f"environment.{name}=1" for name in variables)
    return f": {settings} leaves each worker one thread"
