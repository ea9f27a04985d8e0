"""Tasks that compute on more CPUs than their own thread's: on those of BLAS, OpenMP, Arrow and the like."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.slowed import BUSY
from breakeven.analysis.summary.caution import NATIVE, Caution
from breakeven.analysis.summary.wording import out_of, span
from breakeven.analysis.units import plural

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


def native_threads(lab: Lab) -> Iterator[Caution]:
    """Yield cautions if tasks alone use several CPUs, with the cell that oversubscribes its CPUs most."""
    cpus = lab.runs.set_index("cell_id")["cpus_alone"].astype("float64").groupby(level="cell_id").median()
    cells = lab.estimates.join(cpus, how="inner")
    cells = cells[cells["cpus_alone"].gt(BUSY)]
    if cells.empty:
        return
    runs = lab.runs[lab.runs["cell_id"].isin(cells.index) & lab.runs["status"].eq("ok")]
    text = (
        f"{out_of(len(cells), len(lab.estimates))} a task alone keeps {span(cells['cpus_alone'], '{:.1f}'.format)} CPUs busy: "
        f"{_name_threads(runs)} beside its own"
    )
    demand = (cells["cpus_alone"] * cells["workers"]).astype("float64")
    over = cells[demand.gt(BUSY * cells["cpu_count"])]
    if len(over):
        worst = str((demand / cells["cpu_count"]).astype("float64").idxmax())
        cell, name = cells.loc[worst], name_cells(lab.estimates)[worst]
        text += (
            f"; oversubscribed {out_of(len(over), len(lab.estimates))}, most with {plural(str(cell['workers']), 'worker')} x "
            f"{cell['cpus_alone']:.1f} CPUs on {cell['cpu_count']} ({name}){_name_remedy(runs)}"
        )
    yield Caution(NATIVE, text, frozenset(map(str, cells.index)), "n")
    yield Caution(NATIVE, cells=frozenset(map(str, over.index)), flag="o")


def _name_threads(runs: pd.DataFrame) -> str:
    """Return what the threads are: how many in a process, of which libraries; or that Python started them."""
    counts = runs["native_threads"].dropna()
    libraries = _libraries(runs)
    of = f" ({', '.join(libraries)})" if libraries else " (BLAS, OpenMP, ...)"
    if counts.empty or (counts.max() == 0 and libraries):
        return f"native threads{of} compute"
    if counts.max() == 0:
        return "threads that the function starts compute"
    if counts.max() == 1 == counts.min():
        return f"1 native thread a process{of} computes"
    return f"{span(counts.astype('float64'), '{:.0f}'.format)} native threads a process{of} compute"


def _libraries(runs: pd.DataFrame) -> list[str]:
    """Return the names of the libraries that were loaded, each once."""
    return [name for name in dict.fromkeys(", ".join(runs["native_libraries"].dropna()).split(", ")) if name]


def _name_remedy(runs: pd.DataFrame) -> str:
    """Return the variables that limit the loaded libraries; the two most frequent if none is known.

    Nothing limits threads that Python started.
    """
    if runs["native_threads"].max() == 0 and runs["native_libraries"].isna().all():
        return ""
    known = dict.fromkeys(_VARIABLES[name] for name in _libraries(runs) if name in _VARIABLES)
    variables = list(known) or ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]
    joint = " " if known else " or "
    settings = joint.join(f"environment.{name}=1" for name in variables)
    return f": {settings} leaves each worker one thread"
