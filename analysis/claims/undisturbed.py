"""What disturbed trials leave of a claim about times: other programs are no property of threads or processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan

import pandas as pd

from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.frames.disturbed import MOST, is_above_workers, may_be_disturbance
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import Row, to_rows
from breakeven.base.disturbances import NATIVE

_BLOCK = ["cell_id", "round", "block"]
_WHOLE_RUN = (
    *("throughput_per_s", "latency_p50_ns", "latency_p99_ns", "startup_ns", "teardown_ns"),
    *("channel_construction_ns", "first_message_ns", "cpus_alone"),
)
"""What `runs` stores of all of a run's trials, or of what came before them; of the undisturbed ones it is unknown."""


def settle(lab: Lab, see: Callable[[Lab], Sequence[Seen]]) -> list[Seen]:
    """Return what ``see`` sees in ``lab``, where disturbance decides nothing.

    What is of cells that were mostly disturbed is replaced by what their undisturbed pairs of trials show. If these
    have no interval, it stays, and is marked as doubtful.
    """
    found = list(see(lab))
    shares = lab.once(doubtful_shares)
    worst = [max((shares.get(cell, 0.0) for cell in one.cells), default=0.0) for one in found]
    if not any(worst):
        return found
    quiet = {one.cells: one for one in _see_undisturbed(lab, see) if not isnan(one.low)}
    return [_settle(one, quiet.get(one.cells), share) for one, share in zip(found, worst, strict=True)]


def _settle(one: Seen, quiet: Seen | None, share: float) -> Seen:
    if not share:
        return one
    if quiet is None:
        return one._replace(disturbed=share)
    return quiet._replace(name=one.name, disturbed=share, undisturbed=True)


def doubtful_shares(lab: Lab) -> dict[str, float]:
    """Return the share of disturbed pairs of each cell whose times say more of the disturbance than of the cell.

    Most of its pairs were disturbed, or its speedup is above what its workers allow, which disturbance may explain.
    """
    cells = lab.estimates
    shares = cells["pairs_disturbed"].astype("float64")
    if not shares.gt(0).any():
        return {}
    own = _native_pairs(lab) / _count_pairs(lab)
    others = (shares - own.reindex(shares.index).fillna(0.0)).clip(lower=0.0)
    rows = zip(cells.index, others, to_rows(cells), strict=True)
    return {str(cell): share for cell, share, row in rows if share > MOST or (share > 0 and _is_above(row))}


def _is_above(cell: Row) -> bool:
    return is_above_workers(cell) and may_be_disturbance(cell)


def _native_pairs(lab: Lab) -> pd.Series[float]:
    """Return by cell how many pairs were disturbed by native threads of the measured processes alone.

    These belong to the work, such as a library's own: nothing else ran on the machine.
    """
    pairs = _good(lab, _disturbed(lab)).assign(native=lambda trials: trials["disturbed_by"].eq(NATIVE))
    alone = pairs.groupby(_BLOCK)["native"].all().astype("float64")
    return alone.groupby(level="cell_id").sum()


def _count_pairs(lab: Lab) -> pd.Series[float]:
    good = lab.runs[lab.runs["status"].eq("ok")]
    return good.groupby("cell_id")["n_trials"].sum().astype("float64")


def _good(lab: Lab, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the ``trials`` of runs that are ok."""
    return trials.merge(lab.runs.loc[lab.runs["status"].eq("ok"), ["cell_id", "round"]])


def _disturbed(lab: Lab) -> pd.DataFrame:
    """Return the disturbed ones of the trials by which pairs are counted."""
    trials = lab.trials
    return trials[~trials["warmup"] & ~trials["traced"] & trials["disturbed_by"].notna()]


def _see_undisturbed(lab: Lab, see: Callable[[Lab], Sequence[Seen]]) -> Sequence[Seen]:
    quiet = lab.once(undisturbed)
    return [] if quiet is None else see(quiet)


def undisturbed(lab: Lab) -> Lab | None:
    """Return the same results without disturbed pairs of trials; None if no run has another one.

    What is stored of a run as a whole is missing in it.
    """
    runs = lab.runs
    left = runs["n_trials"] - runs["n_disturbed"]
    kept = runs[~left.eq(0).fillna(value=False).astype("bool")]
    if kept.empty:
        return None
    ends = {f"speedup{end}": kept[f"speedup_quiet{end}"] for end in ("", "_low", "_high")}
    unknown = dict.fromkeys(_WHOLE_RUN, float("nan"))
    counts = {"n_trials": left[kept.index], "n_disturbed": kept["n_disturbed"].mask(left.notna(), 0)}
    trials = lab.trials
    marked = trials[trials["disturbed_by"].notna()][_BLOCK].drop_duplicates().assign(marked=True)
    of_pairs = trials[_BLOCK].merge(marked, how="left", on=_BLOCK)["marked"].isna().to_numpy()
    return lab.replace(
        runs=kept.assign(**ends, **unknown, **counts).reset_index(drop=True),
        trials=trials[of_pairs].reset_index(drop=True),
    )
