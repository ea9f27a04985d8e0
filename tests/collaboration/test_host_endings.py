"""Whatever the measured code does to its process becomes a row with a status and a reason, and nothing is left."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from breakeven.runner import host
from breakeven.runner.host import cleanup
from breakeven.runner.host.ending import MOST_SAID
from breakeven.runner.store import NotStored
from tests.collaboration.host_runs import call, execute, function, write_module
from tests.crews import MECHANISMS, Mechanism
from tests.patience import AT_ONCE_NS
from tests.samples import run

MOUNT, UMOUNT = "/bin/mount", "/bin/umount"
PROCESSES = [
    mechanism
    for mechanism in MECHANISMS
    if mechanism.start_method and mechanism.ipc in ("shared_memory", "native")
]


@pytest.mark.parametrize("ipc", ["queue", "pipe", "shared_memory"])
def test_a_function_that_fails_in_a_worker_fails_the_run(tmp_path: Path, ipc: str) -> None:
    """The worker's traceback is the reason."""
    row = call(tmp_path, "if apart(): raise RuntimeError('only in a worker')", ipc=ipc)
    assert row["status"] == "failed"
    assert "raised in a worker" in row["reason"]
    assert row["reason"].endswith("RuntimeError: only in a worker")


def test_a_worker_that_ignores_signals_is_ended_with_the_run(tmp_path: Path) -> None:
    """The failure is told at once, not when the run's time is over."""
    body = "if apart():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    raise RuntimeError('no such luck')"
    row = call(tmp_path, body)
    assert (row["status"], "no such luck" in row["reason"]) == ("failed", True), row["reason"]


@pytest.mark.parametrize("number", [signal.SIG_IGN, signal.SIG_BLOCK])
def test_workers_are_ended_whatever_the_command_inherited(tmp_path: Path, number: int) -> None:
    """A shell or a service may start the command with SIGTERM ignored or blocked."""
    before = signal.getsignal(signal.SIGTERM)
    if number == signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        row = call(tmp_path, "if apart(): raise RuntimeError('no such luck')", model="mp_pool", ipc="native")
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    assert (row["status"], "no such luck" in row["reason"]) == ("failed", True), row["reason"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("raise RuntimeError('no such luck')", "failed", "RuntimeError: no such luck"),
        ("raise ValueError('first\\nsecond')", "failed", "ValueError: first\nsecond"),
        ("return random.random()", "failed", "a function must return the same result for the same input"),
        ("return lambda: None", "failed", "pickle"),
        ("os._exit(0)", "crashed", "exit code 0 without a result"),
        ("print('bye', flush=True); os._exit(3)", "crashed", "exit code 3; it last said: bye"),
        (
            "if apart(): os.closerange(0, 1000)",
            "crashed",
            "worker 0 exited with code 1 in the middle of the run",
        ),
    ],
)
def test_how_a_run_ends_is_told(tmp_path: Path, body: str, status: str, reason: str) -> None:
    """An exception is a failure, an exit is a crash, and the reason says which."""
    row = call(tmp_path, body, workers=1)
    assert (row["status"], reason in row["reason"]) == (status, True), row["reason"]


def test_a_run_that_closes_its_descriptors_is_a_row(tmp_path: Path) -> None:
    """The measured process cannot say any more what happens to it; what ends it, or that nothing did, is told."""
    row = call(tmp_path, "os.closerange(0, 1000)", time_limit_ns=10**9)
    assert row["status"] in ("crashed", "failed", "timeout")
    assert row["reason"]


def test_a_crash_of_the_interpreter_is_told_with_its_place(tmp_path: Path) -> None:
    """The signal has a column, the reason names the line of the user's file, and the stack is kept."""
    row = call(tmp_path, "ctypes.string_at(0)")
    line = (tmp_path / "user/mine.py").read_text().splitlines().index("    ctypes.string_at(0)") + 1
    assert row["reason"] == (
        f"ended by signal SIGSEGV; Fatal Python error: Segmentation fault at mine.py:{line} in work"
    )
    assert (row["status"], row["signal"], row["exit_code"]) == ("crashed", "SIGSEGV", None)
    assert "in string_at" in row["stderr"]


@pytest.mark.parametrize("mechanism", PROCESSES, indirect=True, ids=str)
@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("os._exit(9)", "exited with code 9"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended by signal SIGKILL"),
        ("ctypes.string_at(0)", "was ended by signal SIGSEGV"),
    ],
)
def test_a_worker_that_dies_ends_the_run(tmp_path: Path, mechanism: Mechanism, body: str, how: str) -> None:
    """Which worker, and how, is the reason, at once and for every model: a pool would wait, or fail in its own words."""
    row = call(tmp_path, f"if apart(): {body}", **mechanism._asdict())
    worker, _, told = row["reason"].partition(" was " if how.startswith("was") else " exited ")
    assert worker in ("worker 0", "worker 1")
    assert f"{worker} {how} in the middle of the run" in row["reason"], told
    assert (row["status"], row["exit_code"], row["signal"]) == ("crashed", 70, None)
    assert row["wall_ns"] < AT_ONCE_NS


def test_a_run_that_is_well_says_nothing(tmp_path: Path) -> None:
    """What an ok run wrote to its stderr is not kept."""
    row = call(tmp_path, "sys.stderr.write('chatter\\n')")
    assert (row["status"], row["reason"], row["exit_code"], row["signal"], row["stderr"]) == (
        "ok",
        *[None] * 4,
    )


def test_of_much_that_was_said_the_last_is_kept(tmp_path: Path) -> None:
    """Megabytes of output, bytes that are no text and control characters among them, leave a bounded row."""
    body = "os.write(2, bytes(range(256)) * 40_000 + b'\\nthe last line\\n'); os._exit(5)"
    row = call(tmp_path, body)
    assert row["status"] == "crashed"
    assert row["reason"].startswith("exit code 5; it last said: ")
    assert row["reason"].endswith("the last line")
    assert len(row["reason"]) < 2100
    assert len(row["stderr"]) <= MOST_SAID
    assert "\x1b" not in row["stderr"]


# --- files ---------------------------------------------------------------------------------------------------

GARBAGE = """
import atexit
def spoil(name):
    if os.getpid() == PARENT and first():
        (folder,) = [path for path in glob.glob(f"/dev/shm/breakeven-{os.getppid()}-*") if os.path.isdir(path)]
        atexit.register(spoil_now, os.path.join(folder, name))

def spoil_now(path):
    if HOW == "flip":
        raw = bytearray(Path(path).read_bytes())
        raw[len(raw) // 2] ^= 1
        Path(path).write_bytes(raw)
    elif HOW == "cut":
        os.truncate(path, os.path.getsize(path) // 2)
    elif HOW == "pipe":
        os.unlink(path)
        os.mkfifo(path)
    elif HOW == "gone":
        os.unlink(path)
    else:
        os.unlink(path)
        os.symlink("/dev/zero", path)
"""


@pytest.mark.parametrize("how", ["flip", "cut", "pipe", "gone", "link"])
@pytest.mark.parametrize("name", ["result.json", "trace.bin"])
def test_a_spoilt_file_is_a_crash(tmp_path: Path, name: str, how: str) -> None:
    """A bit that differs, an end that is missing, something else in its place: nothing of it is believed."""
    user = write_module(tmp_path / "user", f"HOW = {how!r}\n{GARBAGE}\ndef work():\n    spoil({name!r})\n")
    row = execute(user, **function("work") | {"ipc": "pipe"}).row
    expected = {
        "flip": f"{name} is not what the run wrote: its checksum differs",
        "cut": f"{name} is not what the run wrote: its checksum differs",
        "pipe": f"{name} is no longer a regular file",
        "gone": f"{name} cannot be read: No such file or directory",
        "link": f"{name} cannot be read: Too many levels of symbolic links",
    }[how]
    if (name, how) in (("result.json", "gone"), ("result.json", "pipe")):
        expected = "exit code 0 without a result" if how == "gone" else expected
    assert (row["status"], row["reason"]) == ("crashed", expected)


@pytest.mark.parametrize("seed", range(4))
def test_a_board_full_of_garbage_is_a_row(tmp_path: Path, seed: int) -> None:
    """A worker that writes over the memory it shares with the parent, at any place, makes no exception."""
    start = Random(seed).randrange(4096)
    body = (
        "for board in glob.glob(f'/dev/shm/breakeven-*/board') if apart() and first() else ():\n"
        "    with open(board, 'r+b') as file:\n"
        f"        file.seek({start}); file.write(random.Random({seed}).randbytes(1 << 12))"
    )
    body = body.replace("breakeven-*", "{os.path.basename(FOLDER)}")
    user = write_module(
        tmp_path / "user",
        "(FOLDER,) = [path for path in glob.glob(f'/dev/shm/breakeven-{os.getppid()}-*') if os.path.isdir(path)]\n"
        "def work():\n" + "\n".join(f"    {line}" for line in body.splitlines()) + "\n",
    )
    row = execute(user, **function("work") | {"ipc": "pipe", "time_limit_ns": 2 * 10**9}).row
    assert row["status"] in ("ok", "failed", "crashed", "timeout")
    assert (row["reason"] is None) == (row["status"] == "ok")


def test_a_run_that_cannot_write_is_a_row(tmp_path: Path) -> None:
    """Where no file can be written, nor the reason, the exit code is all there is to tell."""
    row = call(
        tmp_path,
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
        model="thread",
        start_method=None,
    )
    assert (row["status"], row["reason"], row["exit_code"]) == ("crashed", "exit code 3", 3)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a file system of 2 MiB, which runs take for their folders."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", "size=2m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:  # pragma: no cover
        pytest.skip("only root may mount")
    monkeypatch.setattr(cleanup, "_SHARED", folder)
    yield folder
    subprocess.run([UMOUNT, folder], check=True)


def test_a_full_disk_is_a_row(tmp_path: Path, small: Path) -> None:
    """A function that fills the memory where its run keeps its files ends that run, and the next one has room again."""
    body = f"fill = lambda: Path({str(small)!r}).joinpath(os.listdir({str(small)!r})[0], 'much').write_bytes(bytes(3 << 20))\n"
    row = call(tmp_path, body + "fill()", model="serial", start_method=None, ipc="none", workers=1)
    assert row["status"] in ("failed", "crashed")
    assert "No space left on device" in row["reason"]
    assert list(small.iterdir()) == []
    assert call(tmp_path, "pass", model="serial", start_method=None, ipc="none", workers=1)["status"] == "ok"


def test_a_run_whose_folder_is_removed_is_a_row(tmp_path: Path) -> None:
    """What is missing is told."""
    body = (
        "import shutil\n"
        "if not apart():\n"
        "    [shutil.rmtree(path, True) for path in glob.glob(f'/dev/shm/breakeven-{os.getppid()}-*')]"
    )
    row = call(tmp_path, body)
    assert row["status"] == "crashed"
    assert "No such file or directory" in row["reason"]


# --- starting ------------------------------------------------------------------------------------------------


def test_an_interpreter_that_is_gone_is_a_row(tmp_path: Path) -> None:
    """One that was removed in mid-sweep is told with its path."""
    gone = str(tmp_path / "python")
    outcome = host.execute(run(gone))
    assert (outcome.status, outcome.row["reason"]) == (
        "crashed",
        f"{gone} could not be started: No such file or directory",
    )


def test_no_place_for_a_runs_files_ends_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither memory nor a temporary folder: no row can tell of it, so the sweep is told, with the remedy."""
    absent = tmp_path / "absent"
    monkeypatch.setattr(cleanup, "_bases", lambda: [absent])
    with pytest.raises(NotStored) as caught:
        call(tmp_path, "pass")
    assert str(caught.value).startswith(
        "cannot create a folder for a run: [Errno 2] No such file or directory: "
    )
    assert str(caught.value).endswith("; free some space there, or choose another folder with TMPDIR=FOLDER")
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.tempdir", str(absent))
    with pytest.raises(
        NotStored, match=r"cannot create a temporary file: .*absent.*; free some space there, or"
    ):
        host.in_child(host.specification(run("python"), tmp_path), 10**9)
