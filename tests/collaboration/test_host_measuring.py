"""Host, measured process and store together: what a run measures."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.cell import channels, patterns
from breakeven.runner.engines.loading import load
from breakeven.runner.results.rows import incompatible
from breakeven.runner.store import Sweep
from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import EVERY_CHANNEL, Mechanism
from tests.machines import EVERY_INTERPRETER, described
from tests.options import options_of
from tests.samples import QUICK, run

USER = """
def double(data, times=2):
    return data * times

def make(size):
    return list(range(size // 8))

def raises():
    raise RuntimeError("no such luck")
"""


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return the directory of a user's module."""
    return write_module(tmp_path / "user", USER)


OVER_NEW_CHANNELS = [
    mechanism
    for mechanism in EVERY_CHANNEL
    if mechanism.start_method == "spawn" and mechanism.ipc in ("os_pipe", "tcp", "unix_socket", "manager")
]
"""One that hands over each kind of end: descriptors, sockets, connections and proxies."""


SHARED = (
    ("shared_memory", "spin", "view"),
    ("shared_memory", "futex", "resident"),
    ("shared_memory", "eventfd", "copy"),
    ("mmap", "pipe", "resident"),
    ("array", "semaphore", None),
    ("pickle5", "pipe", None),
)


def test_the_budget_closes(tmp_path: Path, mechanism: Mechanism) -> None:
    """For every model and channel, each worker's phases fill the trial's wall time within 2 %, and tasks are in them."""
    workers = mechanism.workers
    outcome = execute(tmp_path, **mechanism._asdict(), workers=workers)
    assert outcome.row["reason"] is None
    trials = outcome.tables["trials"].to_pandas().set_index("trial")
    spans = outcome.tables["spans"].to_pandas()
    traced = spans[spans.trial >= 0]
    sums = traced.groupby(["trial", "worker"]).duration_ns.sum().unstack("worker")
    assert list(sums.index) == list(trials.index[trials.traced])
    assert {int(worker) for worker in sums.columns} == set(range(-1, workers))
    error = sums.div(trials.wall_ns[sums.index], axis=0) - 1
    assert error.abs().to_numpy().max() < 0.02
    ends = traced.start_ns + traced.duration_ns
    assert (ends <= traced.trial.map(trials.wall_ns)).all()
    compute = traced[traced.phase == "compute"]
    assert sorted(compute.task) == list(range(16))
    assert (compute.on_cpu_ns <= compute.duration_ns).all()
    alone = trials.cpu_ns[trials.kind.eq("serial")].min()  # of the same tasks; the calibration may be off
    assert compute.on_cpu_ns.sum() > 0.5 * alone
    workers_own = traced[traced.worker >= 0]
    assert _phases(mechanism.model, mechanism.ipc) <= set(workers_own.phase[workers_own.duration_ns > 0])


def _phases(model: str, ipc: str) -> set[str]:
    """Return the phases that a worker cannot do without, so that none of them hides in waiting or idle."""
    if ipc in ("shared_memory", "mmap", "array", "pickle5"):
        return {"wait", "receive", "compute", "serialize", "send"}
    channel = channels.load(ipc) if ipc in channels.REGISTRY else None
    if (
        channel is not None and channel.PLAIN_BYTES and channel.ALWAYS_PICKLES
    ):  # which frames its messages itself
        return {"wait", "receive", "compute", "send"}
    if ipc == "pipe" or "process" in model or model == "mp_pool":
        return {"wait", "receive", "deserialize", "compute", "serialize", "send"}
    return {"compute"} if ipc in ("native", "none") else {"wait", "compute", "send"}


@pytest.mark.parametrize("model", ["process_pool", "mp_pool"])
def test_what_a_pools_threads_do_for_the_parent_is_seen(tmp_path: Path, model: str) -> None:
    """Pickling and sending tasks, reading and unpickling results: by threads of the parent, within its own time."""
    changes = {"model": model, "ipc": "native", "payload_bytes": 1 << 20, "payload_out_bytes": 1 << 20}
    outcome = execute(tmp_path, **changes)
    assert outcome.row["reason"] is None
    spans = outcome.tables["spans"].to_pandas()
    parent = spans[(spans.worker == -1) & (spans.trial >= 0)]
    assert {"serialize", "send", "receive", "deserialize"} <= set(parent.phase[parent.duration_ns > 0])
    passing = parent[parent.phase.isin(["serialize", "receive", "deserialize"])]
    assert passing.thread_id.nunique() == 2
    assert (passing.pid == os.getpid()).sum() == 0


def test_known_waiting_shows_as_such(tmp_path: Path) -> None:
    """Sleeping tasks of known length fill compute with that length, and take no CPU time."""
    changes = {"workload": "sleep", "task_ns": 5_000_000, "model": "thread", "start_method": None, "tasks": 8}
    spans = execute(tmp_path, **changes).tables["spans"].to_pandas()
    compute = spans[spans.phase == "compute"]
    assert len(compute) == 8
    assert compute.duration_ns.min() == pytest.approx(5_000_000, rel=0.2)  # the others also waited for a CPU
    assert compute.on_cpu_ns.median() < 1_000_000


@pytest.mark.parametrize("pattern", patterns.REGISTRY)
@EVERY_INTERPRETER
def test_every_interpreter_runs_every_pattern(executable: str, pattern: str) -> None:
    """Interpreters with nothing installed carry out a run with processes, and say what they are."""
    found = described(executable)
    options: dict[str, Any] = {"pattern_options": options_of("pattern", pattern)}
    if "window_ns" not in patterns.load(pattern).IGNORES:
        options["window_ns"] = 20_000_000
    outcome = host.execute(run(found.executable, pattern=pattern, ipc="shared_memory", **options))
    assert outcome.row["reason"] is None
    assert outcome.row["python_version"] == found.version
    assert outcome.row["gil_enabled"] == found.gil_enabled
    assert outcome.row["throughput_per_s"] > 0


@EVERY_INTERPRETER
def test_every_interpreter_hands_over_every_kind_of_end(executable: str) -> None:
    """Spawned processes exchange messages over each; what that costs before the first trial is stored."""
    found = described(executable)
    for mechanism in OVER_NEW_CHANNELS:
        outcome = host.execute(run(found.executable, **mechanism._asdict(), pattern="pingpong", tasks=20))
        assert (mechanism, outcome.row["reason"]) == (mechanism, None)
        assert outcome.row["channel_construction_ns"] > 0
        assert outcome.row["first_message_ns"] > 0


@EVERY_INTERPRETER
def test_every_interpreter_shares_memory_in_every_way(executable: str) -> None:
    """Spawned processes wake each other in each way that there is, and reach payloads in each way; results are verified."""
    found = described(executable)
    for ipc, sync, access in SHARED:
        if sync == "eventfd" and found.version.startswith("3.9."):
            continue
        options = options_of("ipc", ipc) | {"sync": sync} | ({} if access is None else {"access": access})
        outcome = host.execute(
            run(found.executable, ipc=ipc, ipc_options=options, start_method="spawn", tasks=8)
        )
        assert (ipc, sync, access, outcome.row["reason"]) == (ipc, sync, access, None)


def test_a_users_function_with_input_is_measured(user: Path) -> None:
    """Input maker, arguments and object results work between processes, and the pickle's size is stored."""
    options = function("double", make_input="mine:make", kwargs={"times": 3}) | {"payload_bytes": 4096}
    outcome = execute(user, **options)
    assert outcome.row["reason"] is None
    assert outcome.row["speedup"] > 0
    assert outcome.row["payload_out_bytes"] > outcome.row["payload_bytes"] > 512
    assert outcome.row["task_ns"] is None
    assert outcome.row["task_measured_ns"] > 0


def test_debug_runs_in_this_process() -> None:
    """The debug engine gives a whole row, and the measured code has this process's id."""
    engine = load("debug")()
    options: dict[str, Any] = {"model": "thread", "start_method": None}
    outcome = engine.submit(run(sys.executable, **options)).result()
    engine.close()
    assert outcome.row["reason"] is None
    spans = outcome.tables["spans"].to_pandas()
    assert set(spans.pid) == {os.getpid()}


def test_debug_tells_what_the_function_raised(
    user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is short, and the whole traceback is shown once, so that the line can be found."""
    monkeypatch.syspath_prepend(str(user))
    outcome = load("debug")().submit(run(sys.executable, user, **function("raises"))).result()
    assert outcome.status == "failed"
    assert re.fullmatch(r"RuntimeError: no such luck \(mine.py:[0-9]+ in raises\)", outcome.row["reason"])
    assert capsys.readouterr().err.count("mine.py") == 1


def test_an_incompatible_cell_is_a_row(sweep: Sweep) -> None:
    """It has a status and a reason, and nothing measured."""
    sweep.commit(incompatible(run(sys.executable), "cannot be"))
    stored = sweep.read_run("0123456789abcdef", 0)
    assert stored is not None
    assert (stored["status"], stored["reason"], stored["speedup"]) == ("incompatible", "cannot be", None)


@pytest.mark.parametrize("model", ["thread", "process"])
def test_affinity_pins_each_worker(tmp_path: Path, model: str) -> None:
    """With compact affinity a run works and says so."""
    start = "fork" if model == "process" else None
    outcome = execute(tmp_path, model=model, start_method=start, affinity="compact", measure=QUICK)
    assert (outcome.row["reason"], outcome.row["affinity"]) == (None, "compact")
