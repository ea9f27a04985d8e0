"""Faults of measured code, of the machine and of users: each is told, nothing is lost, nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.faults.inspecting import Stock
from benchmarks.faults.launches import Violated
from tests import commands
from tests.commands import QUIET
from tests.faults import NOTHING, Done, command, cut, needs_namespaces, rows, run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="looks for processes and memory where Linux tells"
)

HUNG = r"not done within limits\.time \(30 s\)"
FAULTS = {
    "exits": ("crashed", r"worker [01] exited with code 9 in the middle of the run"),
    "segfaults": (
        "crashed",
        r"worker [01] was ended by signal SIGSEGV .*Segmentation fault at faulty\.py:[0-9]+ in segfaults",
    ),
    "deadlocks": ("timeout", HUNG + r".* was at faulty\.py:[0-9]+ in deadlocks"),
    "hogs_memory": ("crashed|failed", r"limits\.memory \(256MiB\)"),
    "leaves_daemons_and_exits": ("crashed", r"worker [01] .* in the middle of the run"),
    "stops_itself": ("timeout", HUNG + r".* was stopped by a signal"),
    "writes_into_pipes": ("crashed|failed|timeout", r"."),
    "writes_over_the_trace": ("crashed|failed|timeout", r"."),
    "replaces_the_result": ("crashed|failed|timeout", r"."),
}
WELL = ("is_well", "leaves_daemons")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where the sweep of all misbehaving functions is typed."""
    return tmp_path_factory.mktemp("faulty")


@pytest.fixture(scope="module")
def swept(folder: Path) -> Done:
    """Measure every misbehaving function in one sweep, and those that are well among them."""
    return run(folder, command(",".join([*FAULTS, *WELL]), "all", "limits.memory=256MiB"))


@pytest.fixture(scope="module")
def stored(swept: Done, folder: Path) -> pd.DataFrame:
    """Return its rows by the function's name."""
    runs = rows(folder / "outputs" / "all")
    assert len(runs) == len(FAULTS) + len(WELL), swept.said
    return runs.set_index(runs.config.str.extract(r"target: faulty:(\w+)", expand=False))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_becomes_a_row(stored: pd.DataFrame, name: str) -> None:
    """With a status and a reason that says what happened."""
    status, reason = FAULTS[name]
    told, why = str(stored.loc[name, "status"]), str(stored.loc[name, "reason"])
    assert re.fullmatch(status, told), why
    assert re.search(reason, why, re.DOTALL), why


@pytest.mark.parametrize("name", WELL)
def test_the_other_cells_are_measured(stored: pd.DataFrame, name: str) -> None:
    """Whatever the runs before did; a function that leaves daemons behind, but ends well, is measured too."""
    assert stored.loc[name].status == "ok", stored.loc[name].reason


def test_nothing_is_left_of_faulty_runs(swept: Done, folder: Path) -> None:
    """No process, no shared memory, no temporary file; the exit code says that some failed."""
    assert (swept.code, swept.left) == (1, NOTHING), swept.said
    assert [path for path in (folder / "outputs").rglob("*") if path.name.startswith(".")] == []


def test_the_stacks_of_a_hung_run_are_kept(stored: pd.DataFrame) -> None:
    """All of them, down to the line that waits for ever."""
    stacks = str(stored.loc["deadlocks", "stderr"])
    assert "(most recent call first)" in stacks
    assert re.search(r'File ".*faulty\.py", line [0-9]+ in deadlocks', stacks)


# --- storage -------------------------------------------------------------------------------------------------


@needs_namespaces
def test_a_full_disk_ends_the_sweep_and_keeps_what_was_measured(tmp_path: Path) -> None:
    """With a clear error; once there is space, the same command completes the sweep."""
    sweep = command("is_well", "full", "outputs=disk", "label=range(0,20)")
    done = run(
        tmp_path,
        f"""mkdir disk && mount -t tmpfs -o size=2m none disk
        head -c 1600k /dev/zero > disk/ballast
        {sweep}; echo "full: $?"
        cp -r disk/full full
        rm disk/ballast
        {sweep}; echo "free: $?"
        cp -r disk/full free""",
    )
    told = r"cannot (store|write) .*No space left on device; what was .*\. Resume with: .* sweep=full\n"
    assert re.search(told, done.said), done.said
    assert "full: 1\n" in done.said, done.said
    assert "free: 0\n" in done.said, done.said
    before, after = Stock(tmp_path / "full"), Stock(tmp_path / "free")
    before.take()
    after.runs = before.runs  # all of which must be there, unchanged
    after.take()
    assert 0 < before.done < after.done == 20
    assert done.left == NOTHING


@needs_namespaces
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    """Before anything is measured."""
    done = run(
        tmp_path,
        f"""mkdir disk && mount -t tmpfs none disk && mount -o remount,ro disk
        {command("is_well", "new", "outputs=disk")}""",
    )
    assert (done.code, done.left) == (2, NOTHING), done.said
    assert re.search(
        r"cannot write results to .*/disk/new: Read-only file system; .* outputs=FOLDER\n", done.said
    )


@needs_namespaces
def test_full_shared_memory_is_a_failed_run(tmp_path: Path) -> None:
    """It is freed with the run's folder, so that the next run has room."""
    done = run(
        tmp_path,
        f"mount -o remount,size=32m /dev/shm; {command('fills_shared_memory,is_well', 'shm', QUIET)}",
    )
    runs = rows(tmp_path / "outputs" / "shm").sort_values("status")
    assert (done.code, done.left) == (1, NOTHING), done.said
    assert list(runs.status) in (["failed", "ok"], ["crashed", "ok"])
    assert runs.reason.iloc[0]


@needs_namespaces
def test_a_full_place_for_temporary_files_is_passed_over(tmp_path: Path) -> None:
    """What a run says goes to another one."""
    done = run(
        tmp_path,
        f"""mkdir tmp && mount -t tmpfs -o size=4k none tmp && head -c 4k /dev/zero > tmp/ballast
        TMPDIR=$PWD/tmp {command("is_well", "full", QUIET)}""",
    )
    assert (done.code, done.left) == (0, NOTHING), done.said


def test_a_folder_deleted_in_mid_sweep_ends_it(tmp_path: Path) -> None:
    """What is measured cannot be stored any more, which is said; no folder is made anew behind the user's back."""
    done = run(
        tmp_path,
        f"""{command("waits_for_go", "gone", "limits.time=10min")} & until [ -e reached ]; do sleep 0.05; done
        rm -r outputs/gone; touch go; wait $!""",
    )
    assert (done.code, done.left) == (1, NOTHING), done.said
    assert "outputs/gone" in done.said
    assert "Resume with: " in done.said
    assert "Traceback" not in done.said
    assert not (tmp_path / "outputs" / "gone").exists()


# --- others --------------------------------------------------------------------------------------------------


@needs_namespaces
def test_two_sweeps_at_once(tmp_path: Path) -> None:
    """One folder has one writer; the machine measures for one sweep, the next waits and says for whom, or stops."""
    held = command("waits_for_go", "held", "limits.time=10min")
    other = command("is_well", "other")
    done = run(
        tmp_path,
        f"""{held} & until [ -e reached ]; do sleep 0.05; done
        echo "holder $!"
        {held}; echo "same folder: $?"
        {other} on_busy=stop; echo "stop: $?"
        {other} > other.txt 2>&1 & second=$!
        until grep -qs "waiting until" other.txt; do sleep 0.05; done
        touch go
        wait $second; echo "waited: $?" """,
    )
    holder = re.search(r"holder ([0-9]+)", done.said)
    assert holder, done.said
    pid = holder[1]
    assert f"is being written by pid {pid} on host {socket.gethostname()} since " in done.said
    assert re.search(
        rf"this machine is measuring .*outputs/held for user \S+ \(pid {pid}, since .*on_busy=wait", done.said
    )
    assert all(words in done.said for words in ("same folder: 2\n", "stop: 2\n", "waited: 0\n")), done.said
    told = (tmp_path / "other.txt").read_text()
    assert re.search(rf"waiting until this machine has measured .*outputs/held .*\(pid {pid}, ", told), told
    assert done.left == NOTHING
    assert [*rows(tmp_path / "outputs" / "held").status, *rows(tmp_path / "outputs" / "other").status] == [
        "ok"
    ] * 2


def test_the_lock_of_a_dead_host_is_taken_over(tmp_path: Path) -> None:
    """When it has given no sign of life for long, and the user is told."""
    folder = tmp_path / "outputs" / "stale"
    folder.mkdir(parents=True)
    lock = {"pid": 77, "host": "gone.example.org", "boot": "another", "since": "2026-01-31T14:05:09+00:00"}
    (folder / ".writer").write_text(json.dumps(lock))
    os.utime(folder / ".writer", (1.7e9, 1.7e9))
    done = run(tmp_path, command("is_well", "stale"))
    assert (done.code, done.left) == (0, NOTHING), done.said
    assert "removed the lock of pid 77 on host gone.example.org, which is gone" in done.said
    assert not (folder / ".writer").exists()


JUMPING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    static long turn;
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += (turn++ % 31 - 15) * 86400;
    return code;
}
"""


@pytest.mark.skipif(
    shutil.which("cc") is None, reason="needs a C compiler to come between a process and its clock"
)
def test_a_clock_that_jumps_does_no_harm(tmp_path: Path) -> None:
    """Set forth by a day at every reading, and then back by a month; lengths are of another clock, runs stored once and found again."""
    (tmp_path / "jumping.c").write_text(JUMPING)
    sweep = command("is_well", "jumps", "label=a,b,c")
    build = "cc -shared -fPIC -o jumping.so jumping.c -ldl && export LD_PRELOAD=$PWD/jumping.so"
    done = run(tmp_path, f"{build}; {sweep} {QUIET} && {sweep}")
    assert (done.code, done.left) == (0, NOTHING), done.said
    assert "0 runs, 3 already done" in done.said
    runs = rows(tmp_path / "outputs" / "jumps")
    assert list(runs.status) == ["ok"] * 3
    assert runs.started_at.max() - runs.started_at.min() > pd.Timedelta(hours=12)
    assert runs.wall_ns.between(0, 60e9).all()


# --- kill and resume -----------------------------------------------------------------------------------------


@pytest.fixture
def stock(stored: pd.DataFrame, folder: Path, tmp_path: Path) -> Stock:
    """Return what the checks know of a copy of that sweep."""
    assert len(stored)
    shutil.copytree(folder / "outputs" / "all", tmp_path / "all")
    known = Stock(tmp_path / "all")
    known.take()
    return known


@pytest.mark.parametrize(
    ("table", "spoil", "told"),
    [
        ("runs", cut, "cannot be read"),
        ("trials", cut, "does not match its run's row"),
        ("spans", Path.unlink, "does not match its run's row"),
        ("runs", Path.unlink, "is gone"),
    ],
)
def test_the_checks_notice_what_is_lost(
    stock: Stock, table: str, spoil: Callable[[Path], None], told: str
) -> None:
    """A run that is torn or gone is found by what `benchmarks.faults` asks after every round."""
    stock.take()
    well = next(name for name, kept in stock.runs.items() if kept.status == "ok")
    spoil(stock.folder / table / f"{well}.parquet")
    with pytest.raises(Violated, match=told):
        stock.take()


def test_nothing_is_lost_by_random_faults() -> None:
    """Rounds of `benchmarks.faults`, whose every check must hold; all are made, and their sweeps completed."""
    rounds = ("--rounds", "10", "--runs", "10", "--seed", "4")
    done = commands.run(commands.module("benchmarks.faults", *rounds))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"launches, [1-9][0-9]* sweeps completed, [1-9][0-9]*0 runs stored, each once", done.stdout
    )
