"""A run that hangs is ended, and says where each of its processes stood."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.watchdog import EXIT_WORKER_DIED
from breakeven.runner.host import stacks
from breakeven.runner.host.diagnosis import Seen, judge
from breakeven.runner.host.stacks import Frame, Standing
from tests.collaboration.conftest import EndTime
from tests.collaboration.host_runs import REACHED, call, execute, function, reached, write_module
from tests.patience import PATIENCE_S, wait_for

LIMIT = {"time_limit_ns": 1_500_000_000}
HANGS = f"{REACHED}; time.sleep(1000)"
STOPS = f"{REACHED}; os.kill(os.getpid(), signal.SIGSTOP)"


def _line(tmp_path: Path, text: str) -> int:
    lines = (tmp_path / "user/mine.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(("who", "method"), [("the first call", "fork"), ("the measured process", "spawn")])
def test_a_first_call_that_hangs_says_where(
    tmp_path: Path, who: str, method: str, end_time_when: EndTime
) -> None:
    """The reason names the line of the user's file, the column stderr holds the whole stack, wherever it is called."""
    end_time_when(lambda: reached(tmp_path))
    row = call(tmp_path, HANGS, start_method=method, **LIMIT)
    line = _line(tmp_path, HANGS)
    assert (row["status"], row["exit_code"], row["signal"]) == ("timeout", None, None)
    assert row["reason"] == (f"not done within limits.time (1.5 s); {who} was at mine.py:{line} in work")
    assert "most recent call first" in row["stderr"]
    assert "in execute" in row["stderr"]


def test_a_run_has_the_time_that_it_is_given(tmp_path: Path) -> None:
    """By the clock, wherever it stands then."""
    row = call(tmp_path, "time.sleep(1000)", time_limit_ns=10**8)
    assert row["status"] == "timeout"
    assert row["reason"].startswith("not done within limits.time (0.1 s)")
    assert row["wall_ns"] >= 10**8


@pytest.mark.parametrize(
    ("model", "ipc", "method"),
    [
        ("process", "queue", "fork"),
        ("process", "pipe", "spawn"),
        ("process", "shared_memory", "forkserver"),
        ("process_pool", "native", "spawn"),
        ("mp_pool", "native", "forkserver"),
        ("mp_pool", "native", "fork"),
    ],
)
def test_workers_that_hang_say_where(
    tmp_path: Path, model: str, ipc: str, method: str, end_time_when: EndTime
) -> None:
    """Every process is asked, however it was started; a fork server is none that hangs."""
    body = f"lock = multiprocessing.Lock()\nif apart():\n    lock.acquire()\n    {REACHED}; lock.acquire()"
    end_time_when(lambda: len(reached(tmp_path)) == 2)
    changes = {"model": model, "ipc": ipc, "start_method": method, "time_limit_ns": 3 * 10**9}
    row = call(tmp_path, body, **changes)
    deadlock = _line(tmp_path, f"{REACHED}; lock.acquire()")
    remedy = r"; its workers were forked, .*" if method == "fork" else ""
    said = re.fullmatch(
        r"not done within limits\.time \(3 s\); the measured process was at \S+ in \S+"
        rf"(; process [0-9]+ was at mine\.py:{deadlock} in work){{2}}{remedy}",
        row["reason"],
    )
    assert said, row["reason"]
    assert row["stderr"].count(f'mine.py", line {deadlock} in work') == 2


def test_processes_that_are_stopped_are_said_to_be(tmp_path: Path, end_time_when: EndTime) -> None:
    """They cannot answer, and are ended all the same."""
    end_time_when(lambda: any(_status_is(pid, "T") for pid in reached(tmp_path)))
    row = call(tmp_path, f"if apart(): {STOPS}", workers=1, **LIMIT)
    assert re.search(r"; process [0-9]+ was stopped by a signal$", row["reason"]), row["reason"]
    itself = call(tmp_path, STOPS, **LIMIT)
    assert itself["reason"].endswith("(1.5 s); the first call was stopped by a signal")


def test_what_was_said_before_is_quoted_apart_from_the_stacks(tmp_path: Path, end_time_when: EndTime) -> None:
    """First the status, then where it stood, then its own last words."""
    end_time_when(lambda: reached(tmp_path))
    row = call(tmp_path, f"print('so far', flush=True); {HANGS}", **LIMIT)
    assert row["reason"].endswith(" in work; it last said: so far")
    assert row["stderr"].startswith("so far\n")


def test_a_user_who_handles_the_signal_or_not_python_at_all(tmp_path: Path, end_time_when: EndTime) -> None:
    """A handler of the user's own gives no stack; a child that would end by the signal is not sent it."""
    body = (
        "if apart():\n"
        "    child = os.fork()\n"
        "    if child == 0: os.execvp('sleep', ['sleep', '1000'])\n"
        "    signal.signal(signal.SIGUSR1, lambda *_: None)\n"
        "    open(f'{__file__}.reached-{child}', 'w').close(); time.sleep(1000)"
    )
    end_time_when(
        lambda: any(stacks._status(f"/proc/{pid}/status").get("Name") == "sleep" for pid in reached(tmp_path))
    )
    row = call(tmp_path, body, workers=1, **LIMIT)
    assert re.fullmatch(
        r"not done within limits\.time \(1\.5 s\); the measured process was at \S+ in \S+", row["reason"]
    )


# --- asking --------------------------------------------------------------------------------------------------


@pytest.fixture
def said() -> Iterator[int]:
    """Provide a file for what processes say."""
    with tempfile.TemporaryFile() as file:
        yield file.fileno()


def _start(code: str, said: int) -> subprocess.Popen[bytes]:
    listening = (
        "import faulthandler, signal, time\nfaulthandler.register(signal.SIGUSR1, 2, all_threads=True)\n"
    )
    return subprocess.Popen([sys.executable, "-c", listening + code], stderr=said, start_new_session=True)


def _catches(pid: int) -> bool:
    return bool(int(stacks._status(f"/proc/{pid}/status")["SigCgt"], 16) & stacks._BIT)


def test_asking_waits_until_the_last_line_is_written(said: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of many calls is whole when the answer is read, every time."""
    process = _start("def call(n):\n  call(n - 1) if n else time.sleep(1000)\ncall(60)", said)
    wait_for(lambda: _catches(process.pid) and _status_is(process.pid, "S"))
    wait_for(lambda: len(stacks.ask([process.pid], said)[0].threads[0]) > 60)
    monkeypatch.setattr(stacks, "_PATIENCE_S", PATIENCE_S)
    for _ in range(20):
        (standing,) = stacks.ask([process.pid], said)
        assert len(standing.threads[0]) == 62
        assert str(standing.threads[0][-1]).endswith("in <module>")
    process.kill()
    process.wait()


def _status_is(pid: int, state: str) -> bool:
    return stacks._status(f"/proc/{pid}/status").get("State", "").startswith(state)


def test_a_process_that_does_not_answer_is_not_waited_for_long(
    said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that blocks the signal keeps nobody longer than the patience there is."""
    monkeypatch.setattr(stacks, "_PATIENCE_S", 0.3)
    process = _start("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\ntime.sleep(1000)", said)
    wait_for(lambda: _catches(process.pid) and stacks._handling(process.pid))
    begin = time.perf_counter()
    assert stacks.ask([process.pid], said) == []
    assert time.perf_counter() - begin >= 0.3
    assert process.poll() is None
    process.kill()
    process.wait()


def test_processes_that_are_gone_are_left_out(said: int) -> None:
    """One that was reaped, one that was not."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert stacks.ask([process.pid], said) == []
    process.wait()
    assert stacks.ask([process.pid], said) == []


# --- reading -------------------------------------------------------------------------------------------------

FRAMES = st.builds(
    Frame,
    file=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"'), min_size=1),
    line=st.integers(1, 10**6),
    function=st.from_regex(r"[a-z_<>]{1,20}", fullmatch=True),
)
HEADS = st.sampled_from(["Current thread 0x00007f1a", "Thread 0x00007f1b", "Thread 0x1c [feeder]", "Stack"])


@given(st.lists(st.tuples(HEADS, st.lists(FRAMES, max_size=4))))
def test_what_is_written_is_read(threads: list[tuple[str, list[Frame]]]) -> None:
    """Frames of every thread in order, whatever the version calls the thread."""
    text = "\n\n".join(
        "\n".join(
            [
                f"{head} (most recent call first):",
                *(f'  File "{frame.file}", line {frame.line} in {frame.function}' for frame in frames),
            ]
        )
        for head, frames in threads
    )
    assert stacks.parse(f"chatter\n{text}\n") == tuple(tuple(frames) for _, frames in threads)


def test_the_users_call_is_found_among_threads() -> None:
    """The innermost one below the user's folder; what was installed there is not the user's; else the main thread's."""
    waiting = Frame("/usr/lib/python3/threading.py", 10, "wait")
    installed = Frame("/home/me/venv/lib/site-packages/numpy/core.py", 20, "dot")
    mine = Frame("/home/me/mine.py", 30, "work")
    outer = Frame("/home/me/mine.py", 40, "<module>")
    standing = Standing(1, ((waiting,), (installed, mine, outer)))
    assert standing.frame(["/home/me"]) == mine
    assert standing.frame(["/home/you"]) == installed
    assert Standing(1, ()).frame(["/home/me"]) is None


def test_many_places_are_cut_short() -> None:
    """A reason stays readable with 64 workers."""
    standings = [Standing(pid, ((Frame("/mine.py", 1, "work"),),)) for pid in range(20)]
    told = stacks.describe(standings, 0, ["/"])
    assert told.startswith(
        "; the measured process was at mine.py:1 in work; process 1 was at mine.py:1 in work"
    )
    assert told.endswith("; process 7 was at mine.py:1 in work; and 12 more")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("well\n", None),
        ("Fatal Python error: Aborted\n", "Fatal Python error: Aborted"),
        (
            (
                "Fatal Python error: Bus error\n\nThread 0x1 (most recent call first):\n"
                '  File "/mine.py", line 9 in other\n\nCurrent thread 0x2 (most recent call first):\n'
                '  File "/usr/lib.py", line 3 in inner\n  File "/mine.py", line 7 in work\n'
            ),
            "Fatal Python error: Bus error at mine.py:7 in work",
        ),
    ],
)
def test_a_crash_is_told_with_the_call_of_its_thread(text: str, told: str | None) -> None:
    """Not with that of another one."""
    paths = ["/mine.py"]
    assert stacks.crash(text, paths) == told


# --- crashes at once -----------------------------------------------------------------------------------------


def _report(name: str) -> list[str]:
    """Return a report in the pieces in which `faulthandler` writes it."""
    frames = [
        piece
        for line in (1, 22)
        for piece in ('  File "', f"/home/me/{name}.py", '"', ", line ", str(line), " in ", name, "\n")
    ]
    return ["Fatal Python error: ", "Segmentation fault", "\n\n", "Current thread ", "0x1", *_HEAD, *frames]


_HEAD = (" (most recent call first):", "\n")


@given(st.lists(st.booleans()), st.integers(0, 1))
def test_the_crash_of_the_worker_that_died_is_told_whatever_else_was_said(
    turns: list[bool], died: int
) -> None:
    """Other processes may write pieces of theirs to the same stderr at once."""
    reports = [_report("first"), _report("second")]
    left = [list(report) for report in reports]
    mixed = "".join(left[turn].pop(0) for turn in turns if left[turn]) + "".join(left[0] + left[1])
    said = f"{mixed}\nworker {died} was ended by signal SIGSEGV in the middle of the run\n"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        for worker, report in enumerate(reports):
            (Path(folder) / f"crash-{worker}").write_text("".join(report))
        file.write(said.encode())
        file.flush()
        ending = judge(_seen(Path(folder), file.fileno(), len(said)))
    name = ("first", "second")[died]
    assert ending.reason == (
        f"worker {died} was ended by signal SIGSEGV in the middle of the run; "
        f"Fatal Python error: Segmentation fault at {name}.py:1 in {name}"
    )
    assert ending.stderr == said + "\n".join("".join(report) for report in reports)


def _seen(folder: Path, said: int, said_bytes: int) -> Seen:
    return Seen(
        code=EXIT_WORKER_DIED,
        pid=1,
        forked=False,
        workers_hung=False,
        folder=folder,
        said=said,
        said_bytes=said_bytes,
        cause=None,
        limit=None,
        limit_ns=1,
        standing="",
        paths=("/home/me",),
        ended_by_kernel=0,
        remaining=(),
    )


@pytest.mark.parametrize(
    ("model", "method", "ipc"),
    [("process", "fork", "pipe"), ("process", "forkserver", "queue"), ("process_pool", "spawn", "native")],
)
def test_workers_that_crash_at_once_are_told_apart(tmp_path: Path, model: str, method: str, ipc: str) -> None:
    """Each writes a report of its own, so that the reason names the line however many die in the same moment."""
    body = (
        "if apart():\n"
        "    Path(f'{__file__}.{os.getpid()}').touch()\n"
        "    while len(names := glob.glob(__file__ + '.*')) < 2: time.sleep(0.001)\n"
        "    moment = max(map(os.path.getmtime, names)) + 0.05\n"
        "    while time.time() < moment: pass\n"
        "    ctypes.string_at(0)"
    )
    row = call(tmp_path, body, model=model, ipc=ipc, start_method=method, workers=2)
    line = _line(tmp_path, "    ctypes.string_at(0)")
    assert re.fullmatch(
        r"worker [01] was ended by signal SIGSEGV in the middle of the run; "
        rf"Fatal Python error: Segmentation fault at mine\.py:{line} in work",
        row["reason"],
    ), row["stderr"]
    assert f'mine.py", line {line} in work' in row["stderr"]


def test_processes_without_a_number_have_reports_of_their_own(tmp_path: Path) -> None:
    """Children of a worker that crash at once: each has a file, and the stderr that all share has no pieces."""
    body = (
        "if not apart(): return\n"
        "moment = time.time() + 0.2\n"
        "children = [pid for pid in (os.fork() for _ in range(3)) if pid]\n"
        "if len(children) < 3:\n"
        "    while time.time() < moment: pass\n"
        "    ctypes.string_at(0)\n"
        "for pid in children: os.waitpid(pid, 0)\n"
        "os._exit(3)"
    )
    row = call(tmp_path, body, workers=1)
    line = _line(tmp_path, "    ctypes.string_at(0)")
    assert row["reason"].startswith("worker 0 exited with code 3 in the middle of the run")
    reports = row["stderr"].split("Fatal Python error: ")[1:]
    assert len(reports) >= 3
    for report in reports:
        assert report.startswith("Segmentation fault\n\n"), row["stderr"]
        assert f'mine.py", line {line} in work' in report


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_hang_of_forked_workers_names_the_fork(tmp_path: Path, method: str, end_time_when: EndTime) -> None:
    """A lock that a thread of the parent held at the fork is held for ever in the worker."""
    text = (
        "import threading\nLOCK = threading.Lock()\nif not apart(): LOCK.acquire()\n\n"
        f"def work():\n    if apart(): {REACHED}; LOCK.acquire()\n"
    )
    end_time_when(lambda: reached(tmp_path))
    user = write_module(tmp_path / "user", text)
    changes = function("work") | {
        "ipc": "pipe",
        "start_method": method,
        "time_limit_ns": 3 * 10**9,
        "workers": 1,
    }
    row = execute(user, **changes).row
    told = (
        "its workers were forked, and a library with threads or locks from before the fork can hang in them"
    )
    assert row["status"] == ("timeout" if method == "fork" else row["status"])
    assert (told in str(row["reason"])) == (method == "fork"), row["reason"]


_FORKS = """
import os
from breakeven.runner.cell import stacks

def files_of_child(then):
    child = os.fork()
    if child == 0:
        then()
        os._exit(0)
    os.waitpid(child, 0)
    return os.path.exists(f"{os.environ['BREAKEVEN_RUN']}/crash-{child}")

def nothing():
    pass

def grandchild():
    os._exit(0) if files_of_child(nothing) else os._exit(1)

stacks.listen()
with stacks.deferred():
    print(files_of_child(nothing), files_of_child(stacks.report_alone), end=" ")
    child = os.fork()
    if child == 0:
        grandchild()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), end=" ")
print(files_of_child(nothing))
"""


def test_a_forked_worker_opens_a_file_for_crashes_only_when_it_is_ready(tmp_path: Path) -> None:
    """Its start-up is that of a user's program, which opens none; whatever else is forked has a file at once."""
    environment = {**os.environ, "BREAKEVEN_RUN": str(tmp_path)}
    said = subprocess.check_output([sys.executable, "-c", _FORKS], env=environment, text=True)
    assert said.split() == ["False", "True", "0", "True"]
