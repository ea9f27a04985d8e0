"""What one call leaves behind does not reach the next: inputs, forked workers, pools inside a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.collaboration.host_runs import execute, function, write_module

USER = """
import concurrent.futures, functools

def numbers(size):
    random.seed(1)
    return [random.random() for _ in range(size // 8)]

def was_sorted(values):
    before = all(a <= b for a, b in zip(values, values[1:]))
    values.sort()
    return before

def count_up(values, times):
    times.append(len(values))
    return len(times)

pool = None

def in_the_pool():
    global pool
    if pool is None:
        pool = concurrent.futures.ThreadPoolExecutor(1)
    return pool.submit(os.cpu_count).result()

def one(_):
    return 1

def nested():
    with concurrent.futures.ProcessPoolExecutor(2) as inner:
        return sum(inner.map(one, range(4)))

kept = None

def keeps():
    global kept
    if kept is None:
        kept = concurrent.futures.ProcessPoolExecutor(1)
    return kept.submit(one, 0).result()

def talks():
    one, other = multiprocessing.Pipe()
    total = sum(range(200_000))
    one.send([total] * 1000)
    return len(other.recv())

def dies():
    os.kill(os.getpid(), signal.SIGILL)

def leaves():
    os._exit(7)
"""
MODELS = ["serial", "thread", "thread_pool", "process", "process_pool", "mp_pool"]


def _model(name: str, start_method: str | None = "fork", ipc: str | None = None) -> dict[str, Any]:
    """Return the knobs of a cell with this model."""
    processes = "process" in name or name == "mp_pool"
    native = {"serial": "none", "thread": "queue", "process": "queue"}.get(name, "native")
    method = start_method if processes else None
    return {
        "model": name,
        "start_method": method,
        "ipc": ipc or native,
        "workers": 1 if name == "serial" else 2,
    }


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return the directory of a user's module."""
    return write_module(tmp_path / "user", USER)


@pytest.mark.parametrize("pattern", ["map", "window"])
@pytest.mark.parametrize("model", MODELS)
def test_every_call_gets_an_input_that_no_other_has_changed(user: Path, model: str, pattern: str) -> None:
    """A function that says if its input was sorted before says no in every call, and a note says why that is so."""
    options = {"bin": 10_000_000} if pattern == "window" else {}
    changes = function("was_sorted", make_input="mine:numbers") | {"payload_bytes": 8000, "pattern": pattern}
    row = execute(user, **changes | _model(model), pattern_options=options, window_ns=20_000_000).row
    assert row["reason"] is None
    assert row["inputs"] == "fresh"
    assert "mine:was_sorted changes its input in place, so every task gets a fresh copy" in row["notes"]


@pytest.mark.parametrize("model", ["thread", "process"])
def test_configured_arguments_are_fresh_as_well(user: Path, model: str) -> None:
    """A list in ``kwargs`` that every call appends to has the same length in every call."""
    options = {"make_input": "mine:numbers", "kwargs": {"times": []}}
    row = execute(user, **function("count_up", **options) | _model(model)).row
    assert row["reason"] is None
    assert "changes its arguments in place" in row["notes"]


@pytest.mark.parametrize("model", ["process", "process_pool", "mp_pool"])
def test_what_the_first_call_made_does_not_hang_forked_workers(user: Path, model: str) -> None:
    """A pool of threads made by the first call exists in the process that called, and in no worker forked later."""
    row = execute(user, **function("in_the_pool") | _model(model)).row
    assert row["reason"] is None


@pytest.mark.parametrize("start_method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("model", ["process", "process_pool"])
def test_a_pool_inside_the_function_works(user: Path, model: str, start_method: str) -> None:
    """Workers may start processes of their own, as in the user's program, and nothing of them is left."""
    row = execute(user, **function("nested") | _model(model, start_method), tasks=2).row
    assert row["reason"] is None


@pytest.mark.parametrize("model", ["process", "process_pool", "thread"])
def test_a_pool_that_the_function_keeps_does_not_hold_up_the_end(user: Path, model: str) -> None:
    """Processes that wait for further calls are ended with the worker that started them."""
    row = execute(user, **function("keeps") | _model(model)).row
    assert row["reason"] is None


@pytest.mark.parametrize("model", ["thread", "process", "mp_pool"])
@pytest.mark.parametrize("pattern", ["map", "window"])
def test_messages_of_the_function_are_part_of_its_computing(user: Path, model: str, pattern: str) -> None:
    """A function that pickles and sends by itself does not show as transport of ours."""
    options = {"bin": 10_000_000} if pattern == "window" else {}
    changes = function("talks") | {"pattern": pattern, "pattern_options": options, "window_ns": 50_000_000}
    spans = execute(user, **changes | _model(model)).tables["spans"].to_pandas()
    own = spans[(spans.trial >= 0) & (spans.worker >= 0)]
    times = own.groupby("phase", observed=True).duration_ns.sum()
    assert times["compute"] > 10 * times.get("serialize", 0)


@pytest.mark.parametrize("model", ["thread", "process"])
def test_a_first_call_that_ends_its_process_ends_the_run_in_that_way(user: Path, model: str) -> None:
    """A signal and an exit code are the same whether the first call was made in a process apart or not."""
    died = execute(user, **function("dies") | _model(model)).row
    assert (died["status"], died["signal"]) == ("crashed", "SIGILL")
    left = execute(user, **function("leaves") | _model(model)).row
    assert (left["status"], left["exit_code"]) == ("crashed", 7)


BUSY = """
import os, subprocess, sys, time
from breakeven.runner.cell import workloads
from breakeven.runner.cell.first_calls import observe
from breakeven.runner.cell.workloads._abc import Sizes

workload = workloads.load("spin")({}, Sizes(64, 64), 3)
workload.amount = workload.calibrate(20_000_000)
task, payload = workload.open(), workload.inputs()[0]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
try:
    began, cpu = time.perf_counter_ns(), time.thread_time_ns()
    for _ in range(20):
        task(payload)
    wall_ns, cpu_ns = time.perf_counter_ns() - began, time.thread_time_ns() - cpu
    seen, _ = observe(workload, apart=False)
finally:
    for other in others:
        other.kill()
print(wall_ns / cpu_ns, seen.task_ns / (cpu_ns / 20), seen.cpus)
"""


@pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="only Linux counts how long a thread waits for a CPU"
)
def test_what_a_call_waits_for_a_cpu_is_no_part_of_its_length(tmp_path: Path) -> None:
    """On a CPU that others use, too, a call takes several times as long as it computes: its length is that of its work."""
    done = commands.run(commands.script(BUSY), tmp_path)
    slowed, length, cpus = map(float, done.stdout.split())
    assert slowed > 2, done.stderr
    assert 0.5 < length < 2
    assert cpus == pytest.approx(1, abs=0.1)
