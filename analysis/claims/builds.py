"""What the GIL is worth to a program of one thread: builds of one version, with and without it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.claims.cells import of_runs, pair, ratios, with_gil
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.frames.load import Lab

_FREE, _T = "free-threaded", "t"
_ALIKE = ("workload", "function", "task_ns", "payload_asked_bytes", "affinity", "minor", "built")


def _serial(lab: Lab) -> pd.DataFrame:
    """Return the cells of serial work, with ``minor`` version, and how they were ``built`` apart from the GIL."""
    cells = lab.estimates[lab.estimates["model"].eq("serial") & lab.estimates["implementation"].eq("cpython")]
    builds = lab.runs.dropna(subset=["python_build"]).groupby("cell_id")["python_build"].first()
    built = builds.reindex(cells.index).fillna("")
    return cells.assign(
        minor=cells["python_version"].str.split(".").str[:2].str.join("."),
        free=built.str.split(", ").map(lambda parts: _FREE in parts).astype("bool"),
        built=built.str.split(", ").map(lambda parts: ", ".join(part for part in parts if part != _FREE)),
    )


def _faster(lab: Lab) -> list[Seen]:
    """Return the rate of serial work with the GIL, divided by that without, at the same version.

    Both are built alike.
    """
    cells = _serial(lab)
    with_one, without = with_gil(cells[~cells["free"]]), cells[cells["free"]]
    both = pd.concat([with_one, without])
    return ratios(both, of_runs(lab, "throughput_per_s"), _off(without, with_one))


def _off(without: pd.DataFrame, with_one: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the pairs of builds, the one with the GIL first, if the other ran without."""
    off = without[~without.index.isin(with_gil(without).index)]
    return pair(with_one, off, _ALIKE)


def _needs(lab: Lab) -> str:
    """Return that there are no two builds of one version, or that those here were not built alike."""
    cells = _serial(lab)
    both = cells.groupby("minor")["free"].transform("nunique").gt(1)
    if not both.any():
        return "a build with the GIL and a free-threaded one, of one minor version"
    own = cells[both].drop_duplicates(["python_version", "free", "built"])
    builds = [
        f"{row['python_version']}{_T * bool(row['free'])} ({row['built']})" for _, row in own.iterrows()
    ]
    return f"builds that were made alike; {' and '.join(builds)} were not"


C10 = Claim(
    id="C10",
    text="The GIL makes programs of one thread faster.",
    expects=(
        Within(
            "serial work per second with the GIL, divided by that of a free-threaded build of the same minor version and build options",
            _faster,
            "model=serial workers=1 interpreter=3.13,3.13t,3.14,3.14t",
            low=1.0,
            needs=_needs,
        ),
    ),
    changes="another minor version (3.13t has no specialising interpreter), work that is mostly C code, other build options",
    figure=Figure("overhead", "model=serial"),
    builds=True,
)
