"""The hosts of a sweep.

Where each run was made, which ran beside another one, and how much hosts differ beside processes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SEVERAL = 2

ABSOLUTE = (
    *(f"{name}{end}" for name in ("latency_p50_ns", "latency_p99_ns") for end in ("", "_low", "_high")),
    *(
        f"{name}{end}"
        for name in ("throughput_per_s", "bandwidth_bytes_per_s")
        for end in ("", "_low", "_high")
    ),
    *(f"{name}{end}" for name in ("startup_ns", "teardown_ns") for end in ("", "_low", "_high")),
    *("task_measured_ns", "memcpy_bytes_per_s"),
)
"""Estimates in seconds or per second: across unlike hosts they are of both and of neither. Ratios of one run are not
among them."""


def host_of(runs: pd.DataFrame) -> pd.Series[str]:
    """Return the host of each run: its name, and one name for all containers of a machine; empty if unknown.

    A machine that was started again has another boot and the same name, and is the same host.
    """
    names = runs["hostname"].astype("object")
    shared = names.groupby(runs["machine"].astype("object")).transform("min")
    return shared.where(shared.notna(), names).fillna("").astype("str")


def name_hosts(runs: pd.DataFrame) -> list[str]:
    """Return the names of the hosts that made ``runs``, in order."""
    return sorted(set(host_of(runs)) - {""})


def models_of(runs: pd.DataFrame) -> list[str]:
    """Return the CPU models of the good ones of ``runs``; hosts with one model are alike."""
    good = runs[runs["status"].eq("ok")]
    return sorted(good["cpu_model"].dropna().astype("str").unique())


def without_absolute(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with the estimates that cannot be compared across unlike hosts missing."""
    return frame.assign(**{name: np.nan for name in ABSOLUTE if name in frame})


def beside_another(runs: pd.DataFrame) -> pd.Series[bool]:
    """Return which ``runs`` were under way while another one was on the same machine, whatever its workers are called.

    Begin and end are on the machine's own monotonic clock; older runs, which lack them, and machines that are virtual
    and share one of metal are not seen.
    """
    found = pd.Series(data=False, index=runs.index)
    for _, rows in runs.dropna(subset=["machine", "began_ns", "ended_ns"]).groupby("machine"):
        ordered = rows.sort_values("began_ns", kind="stable")
        begins, ends = (ordered[name].to_numpy(np.float64) for name in ("began_ns", "ended_ns"))
        followed = begins[1:] < ends[:-1]
        preceded = begins[1:] < np.maximum.accumulate(ends)[:-1]
        beside = np.append(followed, False) | np.append(False, preceded)
        found[ordered.index[beside]] = True
    return found


def spreads(values: pd.Series[float], hosts: pd.Series[str]) -> pd.DataFrame:
    """Return by cell_id how much its processes and its hosts differ: ``hosts``, ``spread_processes``, ``spread_hosts``.

    ``values`` is indexed by cell_id, one per process, ``hosts`` are their hosts in the same order. Both spreads are
    standard deviations of logarithms as shares, 0.1 for a factor of 1.1: a one-way random effect of the host, with the
    estimators of the analysis of variance for unequal numbers of processes, and 0 where that of the host would be
    negative (S. Searle, G. Casella and C. McCulloch, *Variance Components*, 1992, section 3.6). That of hosts is NaN
    for one host, or if none has two processes.
    """
    logs = np.log(values.where(values.gt(0)).to_numpy(np.float64))
    table = pd.DataFrame({"cell_id": values.index, "host": hosts.to_numpy(), "log": logs}).dropna(
        subset=["log"]
    )
    groups = table.groupby(["cell_id", "host"])["log"].agg(["size", "mean", "var"])
    groups = groups.assign(
        within=groups["var"].fillna(0.0) * (groups["size"] - 1), square=groups["size"] ** 2
    )
    groups["sum"] = groups["size"] * groups["mean"]
    cells = groups.groupby(level="cell_id")
    totals = cells[["size", "sum", "within", "square"]].sum().assign(hosts=cells.size())
    middle = (totals["sum"] / totals["size"]).reindex(groups.index.get_level_values("cell_id")).to_numpy()
    between = (groups["size"] * (groups["mean"] - middle) ** 2).groupby(level="cell_id").sum()
    return _components(totals, between)


def _components(totals: pd.DataFrame, between: pd.Series[float]) -> pd.DataFrame:
    """Return the components from the sums of squares; equations 3.6 (a) and (b) of the source."""
    count, hosts = totals["size"], totals["hosts"]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = (totals["within"] / (count - hosts)).where(count.gt(hosts))
        each = (count - totals["square"] / count) / (hosts - 1)  # processes a host, if all had as many
        host = ((between / (hosts - 1) - error) / each).where(hosts.ge(SEVERAL))
    return pd.DataFrame(
        {
            "hosts": hosts,
            "spread_processes": np.expm1(error**0.5),
            "spread_hosts": np.expm1(host.clip(lower=0) ** 0.5),
        }
    )
