"""Host, measured process and store together: how runs end, and that they leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runner import host
from runner.engines import Outcome, load
from runner.errors import FunctionUnusable, InterpreterUnusable
from runner.store import Sweep
from tests.machines import interpreters, left_behind
from tests.samples import QUICK, Pair, named, pairs, run, workers_for

USER = '''
"""A user's module."""
import multiprocessing, os, random, signal, sys, time

def double(data, times=2):
    return data * times

def make(size):
    return list(range(size // 8))

def raises():
    raise RuntimeError("no such luck")

def raises_at_length():
    raise ValueError("first\\nsecond")

def raises_in_a_worker(data):
    if os.getpid() != PARENT:
        raise RuntimeError("only in a worker")
    return data

def varies():
    return random.random()

def hangs_in_a_worker(data):
    if multiprocessing.parent_process() is not None:
        open(__file__.replace("mine.py", "reached"), "w").close()
        time.sleep(1000)
    return data

def hangs():
    time.sleep(1000)

def exits():
    os._exit(9) if os.getpid() != PARENT else None

def is_killed():
    os.kill(os.getpid(), signal.SIGKILL) if os.getpid() != PARENT else None

def kills_the_parent():
    os.kill(PARENT, signal.SIGSEGV)

def unpicklable():
    return lambda: None

PARENT = os.getpid()
not_callable = 3
'''


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Give the directory of a user's module."""
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "mine.py").write_text(USER)
    return folder


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Give an empty sweep."""
    made = Sweep(tmp_path / "sweep")
    made.create()
    return made


def _function(target: str, **options: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"target": f"mine:{target}", "args": [], "kwargs": {}, "make_input": None}
    return {"workload": "function", "workload_options": known | options, "task_ns": 0, "payload_bytes": 0}


def _execute(sweep: Sweep, path: Path, **changes: Any) -> Outcome:
    before = left_behind()
    outcome = host.execute(run(sweep.path, sys.executable, path, **changes))
    assert left_behind() == before
    stored = sweep.read_run(outcome.row["cell_id"], 0)
    assert stored is not None
    assert stored["status"] == outcome.status
    assert stored["reason"] == outcome.row["reason"]
    return outcome


@pytest.mark.parametrize("pair", pairs(), ids=named)
def test_the_budget_closes(sweep: Sweep, pair: Pair) -> None:
    """For every model and channel, each worker's phases fill the trial's wall time within 2 %, and tasks are in them."""
    model, method, ipc = pair
    workers = workers_for(model)
    outcome = _execute(sweep, sweep.path, model=model, start_method=method, ipc=ipc, workers=workers)
    assert outcome.row["reason"] is None
    trials = pd.read_parquet(sweep.table("trials")).set_index("trial")
    spans = pd.read_parquet(sweep.table("spans"))
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
    assert compute.duration_ns.sum() > 0.5 * 16 * 200_000
    assert trials.verified.all()
    workers_own = traced[traced.worker >= 0]
    assert _phases(model, ipc) <= set(workers_own.phase[workers_own.duration_ns > 0])


def _phases(model: str, ipc: str) -> set[str]:
    """Give the phases that a worker cannot do without, so that none of them hides in waiting or idle."""
    if ipc == "shared_memory":
        return {"wait", "receive", "compute", "serialize", "send"}
    if ipc == "pipe" or "process" in model or model == "mp_pool":
        return {"wait", "receive", "deserialize", "compute", "serialize", "send"}
    return {"compute"} if ipc in ("native", "none") else {"wait", "compute", "send"}


def test_known_waiting_shows_as_such(sweep: Sweep) -> None:
    """Sleeping tasks of known length fill compute with that length, and take no CPU time."""
    changes = {"workload": "sleep", "task_ns": 5_000_000, "model": "thread", "start_method": None, "tasks": 8}
    _execute(sweep, sweep.path, **changes)
    spans = pd.read_parquet(sweep.table("spans"))
    compute = spans[spans.phase == "compute"]
    assert len(compute) == 8
    assert compute.duration_ns.median() == pytest.approx(5_000_000, rel=0.2)
    assert compute.on_cpu_ns.median() < 1_000_000


@pytest.mark.parametrize("pattern", ["map", "window", "pingpong"])
@pytest.mark.parametrize(
    "executable", interpreters(), ids=lambda path: Path(path).name + "-" + Path(path).parts[-3]
)
def test_every_interpreter_runs_every_pattern(sweep: Sweep, executable: str, pattern: str) -> None:
    """Interpreters with nothing installed carry out a run with processes, and say what they are."""
    found = host.find_interpreter(executable)
    options: dict[str, Any] = (
        {"window_ns": 20_000_000, "pattern_options": {"bin": 1_000_000}} if pattern == "window" else {}
    )
    outcome = host.execute(run(sweep.path, found.executable, pattern=pattern, ipc="shared_memory", **options))
    assert outcome.row["reason"] is None
    assert outcome.row["python_version"] == found.version
    assert outcome.row["gil_enabled"] == found.gil_enabled
    assert outcome.row["throughput_per_s"] > 0


def test_a_users_function_with_input_is_measured(sweep: Sweep, user: Path) -> None:
    """Input maker, arguments and object results work between processes, and the pickle's size is stored."""
    options = _function("double", make_input="mine:make", kwargs={"times": 3}) | {"payload_bytes": 4096}
    outcome = _execute(sweep, user, **options)
    assert outcome.row["reason"] is None
    assert outcome.row["speedup"] > 0
    assert outcome.row["payload_out_bytes"] > outcome.row["payload_bytes"] > 512
    assert outcome.row["task_ns"] is None
    assert outcome.row["task_measured_ns"] > 0


@pytest.mark.parametrize("ipc", ["queue", "pipe", "shared_memory"])
def test_a_function_that_fails_in_a_worker_fails_the_run(sweep: Sweep, user: Path, ipc: str) -> None:
    """The worker's traceback is the reason."""
    options = _function("raises_in_a_worker", make_input="mine:make") | {"payload_bytes": 64}
    outcome = _execute(sweep, user, ipc=ipc, **options)
    assert outcome.status == "failed"
    assert "raised in a worker" in outcome.row["reason"]
    assert outcome.row["reason"].endswith("RuntimeError: only in a worker\n")


@pytest.mark.parametrize(
    ("target", "status", "reason"),
    [
        ("raises", "failed", "RuntimeError: no such luck"),
        ("raises_at_length", "failed", "ValueError: first\nsecond"),
        ("varies", "failed", "a function must give the same result for the same input"),
        ("unpicklable", "failed", "pickle"),
        ("exits", "crashed", "worker 0 exited with code 9 in the middle of the run"),
        ("is_killed", "crashed", "was ended by signal 9 in the middle of the run"),
        ("kills_the_parent", "crashed", "ended by signal SIGSEGV"),
    ],
)
def test_how_a_run_ends_is_told(sweep: Sweep, user: Path, target: str, status: str, reason: str) -> None:
    """Whatever the user's function does to its process becomes a status and a reason."""
    outcome = _execute(sweep, user, ipc="shared_memory", **(_function(target) | {"workers": 1}))
    assert (outcome.status, reason in outcome.row["reason"]) == (status, True), outcome.row["reason"]


def test_a_run_that_hangs_is_ended(sweep: Sweep, user: Path) -> None:
    """The time limit ends the run with all its processes."""
    begin = time.monotonic()
    outcome = _execute(sweep, user, time_limit_ns=10**9, **_function("hangs"))
    assert outcome.status == "timeout"
    assert outcome.row["reason"] == "not done within limits.time (1 s)"
    assert time.monotonic() - begin < 10


def test_a_run_that_is_given_up_stores_nothing(sweep: Sweep, user: Path) -> None:
    """Closing the engine ends the run at once; no row claims that it happened."""
    engine = load("local")()
    future = engine.submit(run(sweep.path, sys.executable, user, **_function("hangs")))
    while not host._running:
        time.sleep(0.01)
    (pid,) = host._running
    engine.close()
    with pytest.raises(host.Abandoned, match="was given up"):
        future.result(10)
    assert sweep.read_run("0123456789abcdef", 0) is None
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


@pytest.mark.parametrize(
    "pair",
    [pair for pair in pairs() if pair[1] and pair[2] in ("queue", "shared_memory", "native")],
    ids=named,
)
def test_a_run_dies_with_its_parent(tmp_path: Path, user: Path, pair: Pair) -> None:
    """When the process that started a run is killed, the run and its workers end too, even in mid-task."""
    script = (
        "import sys; from pathlib import Path; from runner import host; from tests.samples import run;"
        "from tests.collaboration.test_host import _function\n"
        "options = _function('hangs_in_a_worker', make_input='mine:make') | {'payload_bytes': 64}\n"
        "host.execute(run(Path(sys.argv[1]), sys.executable, Path(sys.argv[2]), model=sys.argv[3], "
        "ipc=sys.argv[4], start_method=sys.argv[5], **options))"
    )
    root = Path(__file__).parents[2]
    pid = os.spawnve(
        os.P_NOWAIT,
        sys.executable,
        [sys.executable, "-c", script, str(tmp_path), str(user), pair[0], pair[2], str(pair[1])],
        os.environ | {"PYTHONPATH": str(root)},
    )
    _wait_for((user / "reached").exists)
    session = _session_of_child(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    _wait_for(lambda: not _alive_in(session))


def _session_of_child(pid: int) -> int:
    """Give the session that the measured process leads."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return os.getsid(int(child))


def _alive_in(session: int) -> list[str]:
    """Give the processes of a session that are neither gone nor zombies."""
    fields = {
        path.parts[2]: _read(path).rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat")
    }
    return [pid for pid, found in fields.items() if found and int(found[3]) == session and found[0] != "Z"]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # the process ended meanwhile
        return ""


def _wait_for(condition: Any, seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.02)
    return found


def test_debug_runs_in_this_process(sweep: Sweep) -> None:
    """The debug engine gives a whole row, and the measured code has this process's id."""
    engine = load("debug")()
    options: dict[str, Any] = {"model": "thread", "start_method": None}
    outcome = engine.submit(run(sweep.path, sys.executable, **options)).result()
    engine.close()
    assert outcome.row["reason"] is None
    spans = pd.read_parquet(sweep.table("spans"))
    assert set(spans.pid) == {os.getpid()}


def test_debug_tells_what_the_function_raised(
    sweep: Sweep, user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is short, and the whole traceback is shown once, so that the line can be found."""
    monkeypatch.syspath_prepend(str(user))
    outcome = load("debug")().submit(run(sweep.path, sys.executable, user, **_function("raises"))).result()
    assert outcome.status == "failed"
    assert outcome.row["reason"] == "RuntimeError: no such luck"
    assert capsys.readouterr().err.count("mine.py") == 1


def test_an_incompatible_cell_is_a_row(sweep: Sweep) -> None:
    """It has a status and a reason, and nothing measured."""
    outcome = host.record_incompatible(run(sweep.path, sys.executable), "cannot be")
    stored = sweep.read_run(outcome.row["cell_id"], 0)
    assert stored is not None
    assert (stored["status"], stored["reason"], stored["speedup"]) == ("incompatible", "cannot be", None)


@pytest.mark.parametrize("model", ["thread", "process"])
def test_affinity_pins_each_worker(sweep: Sweep, model: str) -> None:
    """With compact affinity a run works and says so."""
    start = "fork" if model == "process" else None
    outcome = _execute(sweep, sweep.path, model=model, start_method=start, affinity="compact", measure=QUICK)
    assert (outcome.row["reason"], outcome.row["affinity"]) == (None, "compact")


def test_an_interpreter_that_is_not_there_is_bad_input() -> None:
    """The message names it and the way out."""
    with pytest.raises(InterpreterUnusable) as caught:
        host.find_interpreter("python9.99")
    assert str(caught.value) == (
        "interpreter 'python9.99' was not found on PATH or as an executable file; "
        "give its path as interpreter.path=/path/to/python, or use interpreter=current"
    )


def test_another_program_is_no_interpreter() -> None:
    """One that exits well and says something is refused as well."""
    with pytest.raises(InterpreterUnusable, match="it does not answer as a Python interpreter does;"):
        host.find_interpreter("echo")


def test_an_executable_that_is_no_interpreter_is_bad_input() -> None:
    """Whatever it answers, it is refused in one line."""
    with pytest.raises(
        InterpreterUnusable, match=r"/false cannot run the measured side, .* it exited with code 1;"
    ):
        host.find_interpreter("false")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("absent:work", "ModuleNotFoundError: No module named 'absent'"),
        ("mine:absent", "AttributeError: module 'mine' has no attribute 'absent'"),
        ("mine:not_callable", "TypeError: mine:not_callable is not callable"),
    ],
)
def test_a_function_that_cannot_be_imported_is_bad_input(user: Path, target: str, problem: str) -> None:
    """The target, the interpreter, the place and the cause are named."""
    with pytest.raises(FunctionUnusable) as caught:
        host.check_function(sys.executable, {"target": target}, user)
    assert str(caught.value) == (
        f"{target} cannot be imported by {sys.executable} in {user}: {problem}; "
        "run from the directory that holds the module, and write module:callable"
    )
    host.check_function(sys.executable, {"target": "mine:double", "make_input": "mine:make"}, user)


def test_a_functions_source_has_a_hash(user: Path) -> None:
    """It is the same for the same files and another when one of them was edited."""
    options = {"target": "mine:double", "make_input": "mine:make"}
    first, second = (host.check_function(sys.executable, options, user) for _ in range(2))
    (user / "mine.py").write_text(USER + "# edited\n")
    assert first == second != host.check_function(sys.executable, options, user)


def test_leftovers_of_processes_that_are_gone_are_cleared() -> None:
    """A folder of a dead process is removed, one of a living process stays."""
    shared = Path("/dev/shm")
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead, alive = (shared / f"breakeven-{pid}-test" for pid in (done.pid, os.getpid()))
    for folder in (dead, alive):
        (folder / "within").mkdir(parents=True)
    host.clear_leftovers()
    assert (dead.exists(), alive.exists()) == (False, True)
    shutil.rmtree(alive)
