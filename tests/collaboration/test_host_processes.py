"""A run's processes are gone to the last grandchild, however they hide; nobody else's are touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.engines.loading import load
from breakeven.runner.environment.process_table import start_of, stat
from breakeven.runner.host import process_mark, processes
from breakeven.runner.host.present import _present
from breakeven.runner.results import RunResult, rows
from tests import commands
from tests.collaboration.conftest import EndTime
from tests.collaboration.host_runs import (
    call,
    function,
    is_there,
    left_behind,
    marked,
    write_module,
)
from tests.crews import MECHANISMS, Mechanism
from tests.patience import AT_ONCE_NS, PATIENCE_S, wait_for
from tests.samples import run

HANGS = "open(__file__ + '.reached', 'w').close(); time.sleep(1000)"


def _daemon(tmp_path: Path) -> int:
    return int((tmp_path / "user/mine.py.daemon").read_text())


@pytest.mark.parametrize(
    "ending", ["pass", "os._exit(9)", "os.kill(os.getpid(), signal.SIGKILL)", "time.sleep(1000)"]
)
@pytest.mark.parametrize("where", ["apart()", "not apart()"])
def test_a_daemon_is_ended_with_its_run(
    tmp_path: Path, where: str, ending: str, end_time_when: EndTime
) -> None:
    """It left its session, its parent, its program and its environment; however the run ends, it goes with it."""
    body = f"if {where} and first():\n    leave_daemon()\n    {ending}"
    if "sleep" in ending:
        end_time_when((tmp_path / "user/mine.py.daemon").exists)
    row = call(tmp_path, body)
    assert (row["status"] == "ok") == (ending == "pass")
    assert not is_there(_daemon(tmp_path))
    with pytest.raises(ChildProcessError):  # it was reaped as well
        os.waitpid(_daemon(tmp_path), os.WNOHANG)


@pytest.mark.parametrize("ending", ["pass", "os._exit(9)"])
def test_a_process_that_forks_and_exits_without_end_is_ended(tmp_path: Path, ending: str) -> None:
    """It is another process whenever one looks."""
    links = "def chain():\n    for _ in range(5000):\n        if os.fork(): os._exit(0)\n"
    body = f"{links}\nif apart() and first():\n    leave_daemon(chain)\n    {ending}"
    row = call(tmp_path, body)
    assert (row["status"] == "ok") == (ending == "pass")
    assert row["wall_ns"] < AT_ONCE_NS  # nobody waited for what the worker had forked


def test_a_daemon_that_ignores_signals_and_is_stopped_is_ended(tmp_path: Path) -> None:
    """Nothing but SIGKILL ends it."""
    stops = (
        "def stops():\n    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):\n"
        "        signal.signal(number, signal.SIG_IGN)\n    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    assert call(tmp_path, f"{stops}\nif apart() and first(): leave_daemon(stops)")["status"] == "ok"
    assert not is_there(_daemon(tmp_path))


def test_other_children_of_this_process_are_left_alone(tmp_path: Path) -> None:
    """Neither one of our session nor one that leads its own, started before the run or during it, nor their orphans."""
    command = [sys.executable, "-c", "import os, time; os.fork(); time.sleep(1000)"]
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        wait_for((tmp_path / "user/mine.py.called").exists)
        started.extend(subprocess.Popen(command, start_new_session=apart) for apart in (True, False))
        (tmp_path / "user/mine.py.go").touch()

    started.append(subprocess.Popen(command, start_new_session=True))
    thread = Thread(target=start)
    thread.start()
    body = "if apart() and first():\n    while not os.path.exists(__file__ + '.go'): time.sleep(0.01)"
    row = call(tmp_path, body)
    thread.join()
    assert row["status"] == "ok"
    assert [process.poll() for process in started] == [None] * 3
    for process in started:
        children = wait_for(lambda parent=process.pid: _children(parent))  # type: ignore[misc]  # a loop variable bound now
        for pid in (*children, process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _children(parent: int) -> list[int]:
    return [pid for pid in processes.all_pids() if (stat(pid) or ["", "0"])[1] == str(parent)]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_shared_memory_and_semaphores_of_a_killed_worker_are_removed(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resource tracker is left alone until it has done that."""
    for patience in ("_PATIENCE_S", "_TRACKER_PATIENCE_S"):
        monkeypatch.setattr(processes, patience, PATIENCE_S)
    body = (
        "if apart() and first():\n"
        "    from multiprocessing.shared_memory import SharedMemory\n"
        "    segment = SharedMemory(create=True, size=1000)\n"
        "    semaphore = multiprocessing.get_context('spawn').Semaphore()\n"
        "    Path(__file__ + '.names').write_text(f'{segment.name} sem.{semaphore._semlock.name[1:]}')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    row = call(tmp_path, body, start_method=method)
    assert row["status"] == "crashed"
    names = (tmp_path / "user/mine.py.names").read_text().split()
    assert [name for name in names if Path("/dev/shm", name).exists()] == []
    assert len(names) == 2


def test_what_cannot_be_ended_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that outlives SIGKILL, as in an uninterruptible sleep, makes even a good run a crash: it would disturb the next."""
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda *_: None)
    monkeypatch.setattr(os, "killpg", lambda *_: None)
    user = write_module(tmp_path / "user", "\ndef work():\n    if first(): leave_daemon()\n")
    outcome = host.execute(run(sys.executable, user, ipc="pipe", **function("work")))
    pid = _daemon(tmp_path)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert (outcome.status, outcome.row["reason"]) == (
        "crashed",
        f"1 of its processes did not end although they were sent SIGKILL: {pid}",
    )


# --- giving up -----------------------------------------------------------------------------------------------


def _hanging(tmp_path: Path) -> Any:
    user = write_module(tmp_path / "user", f"\ndef work():\n    if first(): leave_daemon()\n    {HANGS}\n")
    return run(sys.executable, user, ipc="pipe", **function("work"))


@pytest.mark.parametrize("give_up", [host.abandon, host.kill_now])
def test_a_run_that_is_given_up_leaves_nothing(tmp_path: Path, give_up: Any) -> None:
    """It ends at once with all its processes; there is no result that could be stored."""
    engine = load("local")()
    future: Future[RunResult] = engine.submit(_hanging(tmp_path))
    wait_for((tmp_path / "user/mine.py.reached").exists)
    give_up()
    with pytest.raises(host.Abandoned, match="run of cell 0123456789abcdef was given up"):
        future.result(PATIENCE_S)
    engine.close()
    assert not is_there(_daemon(tmp_path))
    assert (marked(process_mark.own().mark), left_behind()) == ([], set())


def test_a_run_is_given_up_before_its_process_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing the engine while the run still looks at the machine ends it as well."""
    look = rows.about

    def slowly(*args: Any) -> Any:
        wait_for(lambda: any(present.given_up for present in _present.values()))
        return look(*args)

    monkeypatch.setattr(rows, "about", slowly)
    engine = load("local")()
    future = engine.submit(_hanging(tmp_path))
    wait_for(lambda: _present)
    engine.close()
    with pytest.raises(host.Abandoned):
        future.result(0)


def test_kill_now_works_in_the_handler_of_a_signal(tmp_path: Path) -> None:
    """The thread that carries out the run may be the very one that the signal interrupts."""
    before = signal.signal(signal.SIGUSR2, lambda *_: host.kill_now())
    interrupt = f"os.kill({os.getpid()}, signal.SIGUSR2); time.sleep(1000)"
    user = write_module(tmp_path / "user", f"\ndef work():\n    {interrupt}\n")
    try:
        with pytest.raises(host.Abandoned):
            host.execute(run(sys.executable, user, ipc="pipe", **function("work")))
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert (marked(process_mark.own().mark), left_behind()) == ([], set())


# --- a runner that is killed ---------------------------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
from breakeven.runner import host
from tests.collaboration.host_runs import function
from tests.samples import run
model, ipc, method = sys.argv[2:]
host.execute(run(sys.executable, Path(sys.argv[1]), model=model, ipc=ipc, start_method=method,
    memory_limit_bytes=1 << 30, **function("work")))
"""


FORKED = Mechanism("process", "fork", "shared_memory")
APART = [
    mechanism
    for mechanism in MECHANISMS
    if mechanism.start_method and mechanism.ipc in ("queue", "shared_memory", "native")
]


def _killed_runner(
    tmp_path: Path,
    body: str,
    mechanism: Mechanism = FORKED,
    before: Callable[[int], object] = lambda _: None,
) -> tuple[int, int]:
    """Kill a runner in mid-task; give its process id and the mark of its run's processes.

    ``before`` is called with the id while it lives: any other sweep that starts on this machine clears what it leaves.
    """
    user = write_module(tmp_path / "user", f"\ndef work():\n    if apart():\n{body}")
    arguments = [str(user), mechanism.model, mechanism.ipc, str(mechanism.start_method)]
    runner = commands.start(commands.script(SCRIPT, *arguments))
    wait_for((user / "mine.py.reached").exists)
    before(runner.pid)
    mark = process_mark.Owner(runner.pid, start_of(runner.pid) or 0).mark
    assert len(marked(mark)) >= 3
    runner.kill()
    runner.communicate()
    return runner.pid, mark


@pytest.mark.parametrize("mechanism", APART, ids=str, indirect=True)
def test_a_run_dies_with_its_parent(tmp_path: Path, mechanism: Mechanism) -> None:
    """When the process that started a run is killed, the run and its workers end too, even in mid-task."""
    _, mark = _killed_runner(tmp_path, f"        {HANGS}", mechanism)
    wait_for(lambda: not [pid for pid in marked(mark) if is_there(pid)])
    host.clear_leftovers()


def test_what_a_killed_runner_left_is_cleared(tmp_path: Path) -> None:
    """A daemon, the folder, the segments, the control group: the next sweep removes them."""
    body = f"        if not first(): time.sleep(1000)\n        leave_daemon()\n        {HANGS}"
    shared: list[Path] = []

    def look(pid: int) -> None:
        shared.extend(Path("/dev/shm").glob(f"breakeven-{pid}-*"))
        assert is_there(_daemon(tmp_path))

    pid, _ = _killed_runner(tmp_path, body, before=look)
    assert shared
    host.clear_leftovers()
    assert not is_there(_daemon(tmp_path))
    assert [path for path in shared if path.exists()] == []
    assert not [group for group in host.memory.left_groups() if f"-{pid}-" in group.name]
