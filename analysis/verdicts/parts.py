"""What a worker's time goes into beyond the task itself: frame in, frame out.

If nothing were lost, a worker would spend on a task what it takes alone, and the speedup would be the number of
workers. What its time comes to beyond that is divided here, without rest, among what may have caused it.
"""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.frames.budget import Budget, select_traced, sum_phases
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.page_faults import faults_of_tasks
from breakeven.analysis.frames.slowed import BUSY

GIL, CPU, LOCK, NATIVE_THREADS = "gil", "cpu", "lock", "native_threads"
FAULTS, SLOWED, COUNTS = "page_faults", "slowed", "counts"
SERIALISING, TRANSPORT, WORK = "serialising", "transport", "work"
LOOP, STARTING, STRAGGLING = "loop", "starting", "straggling"
PARTS = (
    GIL,
    LOOP,
    CPU,
    LOCK,
    NATIVE_THREADS,
    FAULTS,
    SLOWED,
    COUNTS,
    STARTING,
    STRAGGLING,
    SERIALISING,
    TRANSPORT,
    WORK,
)
"""What may take a worker's time; the docstring of `lost` says what is counted as what."""

ONE_CPU = (0.85, 1.2)
"""Threads that keep between so many CPUs busy, whatever their number, take turns on one."""

COMPUTES = 0.5
"""A task that is on a CPU for more than this share of its time alone computes."""

ONE_TASK = 1.2
"""Workers of an event loop that have at most so many tasks under way at a time, on average, do one after the other."""

STRAGGLERS = "straggler_share"
"""What `pattern=scatter` observes of it."""

_THREADS = ("thread", "thread_pool", "asyncio_to_thread")
_TASKS = ("asyncio",)
_START = ["startup", "teardown"]
_SERIALISE, _MOVE, _WAIT = ("serialize", "deserialize"), ("send", "receive"), ("wait", "idle")


def lost(lab: Lab) -> pd.DataFrame:
    """Return one row per cell with a traced trial: ns of worker time for one task, by cell_id.

    ``total`` is all of it, ``task`` what the task takes alone, ``inside`` what it takes in a worker, ``waits`` how much
    of that it is off its CPU beyond what it is alone, ``alone_on_cpu`` its CPU time alone; ``workers``, ``cpu_count``
    and ``cpus_alone`` are those of `runs`. The columns of `PARTS` divide what is beyond ``task``:

    - ``native_threads``: what a task takes longer than alone, if alone it keeps more than one CPU busy
    - ``page_faults``, ``slowed``, ``counts``: CPU time beyond that of a task alone; the first as far as more page
      faults take it, ``counts`` if threads without a GIL share counted objects
    - ``gil``: waiting, within the task and for the next one, of threads with a GIL which together keep one CPU busy
    - ``loop``: the same of tasks of one event loop, of which one is under way at a time or whose thread keeps one CPU
      busy
    - ``cpu``: waiting of workers that could run but had no CPU, as the kernel counts it; if there are enough CPUs for
      the workers, without that share of it in which the parent handles messages and needs one, too
    - ``lock``: other waiting within the task
    - ``starting``: creating and ending workers within the trial, if each has a pool of its own
    - ``straggling``: time with nothing left to do while the last worker worked, as `pattern=scatter` observes it
    - ``serialising``, ``transport``: pickling; sending, copying and receiving. Both with that share of the time between
      tasks in which the parent does the same: then it is what workers wait for, for the message or for the CPU
    - ``work``: the rest of the time between tasks
    """
    sums = sum_phases(lab)
    if sums.empty:
        return pd.DataFrame(columns=["total", "task", "inside", "waits", *PARTS])
    facts = _facts(lab)
    phases = Budget()(sums)
    phases = phases[phases["cell_id"].isin(facts.index)]
    spent = _pivot(phases, "ns", facts.index)
    compute = phases[phases["phase"].eq("compute")].set_index("cell_id").reindex(facts.index)
    facts["on_cpu"] = compute["on_cpu_ns"].where(compute["on_cpu_ns"].gt(0), compute["ns"]).fillna(0.0)
    return divide(spent, facts, _parents_share(lab, facts.index))


def _facts(lab: Lab) -> pd.DataFrame:
    """Return what is known of each cell beside its phases: its task alone, its CPUs, who could run and did not."""
    good = lab.runs[lab.runs["status"].eq("ok") & lab.runs["pattern"].ne("pingpong")]
    cells = good.groupby("cell_id")
    facts = cells[["task_measured_ns", "task_cpu_alone_ns", "cpus_alone"]].median().astype("float64")
    facts = facts.join(cells[["model", "gil_enabled", "workers", "cpu_count", "shared_counted"]].first())
    traced = select_traced(lab).groupby("cell_id")[["tasks", "wall_ns", "cpu_ns", "run_delay_ns"]]
    trials = traced.sum(min_count=1).astype("float64")
    facts["delay"] = (trials["run_delay_ns"] / trials["tasks"]).reindex(facts.index).fillna(0.0)
    facts["cpus"] = (trials["cpu_ns"] / trials["wall_ns"]).reindex(facts.index)
    facts = facts.join(faults_of_tasks(good)[["task_faults_alone", "task_faults", "page_fault_ns"]])
    facts["straggler_share"] = _straggling(lab).reindex(facts.index)
    alone = facts["task_cpu_alone_ns"].where(facts["task_cpu_alone_ns"].gt(0))
    facts["alone_on_cpu"] = alone.clip(upper=facts["task_measured_ns"])
    return facts[facts["task_measured_ns"].gt(0)]


def _straggling(lab: Lab) -> pd.Series[float]:
    """Return the share of the workers' time with nothing left to do while the last one worked.

    It is there if it was observed.
    """
    seen = lab.observed[lab.observed["quantity"].eq(STRAGGLERS) & lab.observed["kind"].eq("parallel")]
    return seen.set_index("cell_id")["value"].astype("float64")


def _pivot(phases: pd.DataFrame, column: str, cells: pd.Index[str]) -> pd.DataFrame:
    table = phases.pivot_table(index="cell_id", columns="phase", values=column, aggfunc="sum")
    names = ("compute", *_SERIALISE, *_MOVE, *_WAIT, *_START)
    return table.reindex(index=cells[cells.isin(table.index)], columns=list(names)).fillna(0.0)


def _parents_share(lab: Lab, cells: pd.Index[str]) -> pd.DataFrame:
    """Return for which share of its time the parent pickles, and moves data."""
    phases = Budget()(sum_phases(lab, parent=True))
    shares = _pivot(phases, "share", cells).reindex(cells).fillna(0.0)
    found = {SERIALISING: shares[list(_SERIALISE)].sum(axis=1), TRANSPORT: shares[list(_MOVE)].sum(axis=1)}
    return pd.DataFrame(found).clip(upper=1.0)


def divide(spent: pd.DataFrame, facts: pd.DataFrame, parent: pd.DataFrame) -> pd.DataFrame:
    """Divide the time that is ``spent`` in phases, ns a task, among the parts; see `lost`.

    ``facts`` are of the same cells: the columns of `runs`, and ``on_cpu``, ``alone_on_cpu``, ``delay`` in ns a task and
    ``cpus`` busy in all; ``parent`` is the share of its time in which the parent does each.
    """
    facts, parent = facts.loc[spent.index], parent.loc[spent.index]
    longer = (spent["compute"] - facts["task_measured_ns"]).clip(lower=0)
    off = spent["compute"] - facts["on_cpu"] - (facts["task_measured_ns"] - facts["alone_on_cpu"])
    between = spent[list(_WAIT)].sum(axis=1)
    found = pd.DataFrame(0.0, index=spent.index, columns=list(PARTS))
    found["waits"] = off.clip(lower=0).fillna(longer)
    slower = (facts["on_cpu"] - facts["alone_on_cpu"]).clip(lower=0).fillna(0.0)

    native = facts["cpus_alone"].gt(BUSY)
    found[NATIVE_THREADS] = longer.where(native, 0.0)
    waits, slower = found["waits"].mask(native, 0.0), slower.mask(native, 0.0)

    counts = facts["gil_enabled"].eq(False) & facts["shared_counted"].notna()
    more = facts["task_faults"] - facts["task_faults_alone"]
    found[FAULTS] = (more * facts["page_fault_ns"]).fillna(0.0).clip(lower=0, upper=slower)
    slower = slower - found[FAULTS]
    found[COUNTS], found[SLOWED] = slower.where(counts, 0.0), slower.mask(counts, 0.0)

    turns = _take_turns(facts)
    found[GIL] = (waits + between).where(turns, 0.0)
    on_loop = _share_a_loop(spent, facts)
    found[LOOP] = (waits + between).where(on_loop, 0.0)
    waits, between = waits.mask(turns | on_loop, 0.0), between.mask(turns | on_loop, 0.0)
    found[STARTING] = spent.reindex(columns=_START).sum(axis=1)

    within = facts[["delay"]].assign(most=waits).min(axis=1)
    beyond = (facts["delay"] - within).clip(upper=between)
    of_parent = (within + beyond).where(facts["workers"].le(facts["cpu_count"]), 0.0)
    found[CPU], found[LOCK] = within + beyond - of_parent * parent.sum(axis=1), waits - within
    between = between - beyond
    alone = facts["straggler_share"] * spent.sum(axis=1)
    found[STRAGGLING] = alone.fillna(0.0).clip(upper=between)
    between = between - found[STRAGGLING]
    for part, phases in ((SERIALISING, _SERIALISE), (TRANSPORT, _MOVE)):
        found[part] = spent[list(phases)].sum(axis=1) + (between + of_parent) * parent[part]
    found[WORK] = between * (1 - parent.sum(axis=1))
    known = facts[["workers", "cpu_count", "cpus_alone", "alone_on_cpu", "task_faults_alone", "task_faults"]]
    return found.assign(
        total=spent.sum(axis=1), task=facts["task_measured_ns"], inside=spent["compute"]
    ).join(known)


def _take_turns(facts: pd.DataFrame) -> pd.Series[bool]:
    """Return where threads that compute hold one lock in turn: with a GIL, and about one CPU busy in all."""
    threads = facts["model"].isin(_THREADS) & facts["gil_enabled"].eq(True) & facts["workers"].gt(1)
    computes = (facts["alone_on_cpu"] / facts["task_measured_ns"]).gt(COMPUTES)
    return threads & computes & facts["cpus"].between(*ONE_CPU)


def _share_a_loop(spent: pd.DataFrame, facts: pd.DataFrame) -> pd.Series[bool]:
    """Return where tasks of an event loop hold up each other: one is under way at a time, or their thread is busy."""
    tasks = facts["model"].isin(_TASKS) & facts["workers"].gt(1)
    at_once = facts["workers"] * spent["compute"] / spent.sum(axis=1)
    return tasks & (at_once.le(ONE_TASK) | facts["cpus"].between(*ONE_CPU))
