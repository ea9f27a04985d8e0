"""A run that takes too much memory ends with a reason; what held the limit is removed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.environment import files
from breakeven.runner.environment.cgroup import own_groups
from breakeven.runner.host import memory
from breakeven.runner.host.memory import GroupV2, PerProcess
from tests.collaboration.host_runs import call
from tests.crews import Mechanism
from tests.kernel_files import V2, KernelFiles
from tests.patience import AT_ONCE_NS

LIMIT = 192 << 20
TOO_MUCH = "ended by signal SIGKILL: it took more than limits.memory (192MiB), all its processes together"
grouped = pytest.mark.skipif(
    not any(os.access(group, os.W_OK) for group in (*own_groups("memory")[:1], *own_groups("")[:2])),
    reason="no control group may be made here",
)


@grouped
@pytest.mark.parametrize(
    "mechanism",
    [
        Mechanism("process", "fork", "pipe"),
        Mechanism("process_pool", "forkserver", "native"),
        Mechanism("mp_pool", "fork", "native"),
    ],
    ids=str,
    indirect=True,
)
@pytest.mark.parametrize(
    "body",
    [
        "if not apart(): bytearray(600 << 20)",
        "if apart(): bytearray(600 << 20)",
        "if apart():\n    much = bytearray(120 << 20)\n    time.sleep(1000)",
    ],
    ids=["parent", "worker", "together"],
)
def test_too_much_memory_ends_a_run(tmp_path: Path, body: str, mechanism: Mechanism) -> None:
    """The measured process, one worker, or all of them together: the run ends at once, the group is gone."""
    row = call(tmp_path, body, **mechanism._asdict(), memory_limit_bytes=LIMIT)
    assert row["reason"].startswith(TOO_MUCH)
    assert (row["status"], row["signal"], row["exit_code"]) == ("crashed", "SIGKILL", None)
    assert row["memory_limit_asked_bytes"] == LIMIT
    assert row["wall_ns"] < AT_ONCE_NS


def test_within_the_limit_a_run_is_well(tmp_path: Path) -> None:
    """Shared memory, workers and the interpreter count as well, and have room."""
    row = call(tmp_path, "bytearray(20 << 20)", ipc="shared_memory", memory_limit_bytes=LIMIT)
    assert (row["status"], row["reason"]) == ("ok", None)


@pytest.mark.parametrize("where", ["apart()", "not apart()"])
def test_without_a_group_each_process_has_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """An allocation beyond it fails, and the reason says by what limit."""
    monkeypatch.setattr(memory, "own_groups", lambda _: [])
    row = call(tmp_path, f"if {where}: bytearray(600 << 20)", memory_limit_bytes=LIMIT)
    assert row["status"] == "failed"
    assert "MemoryError" in row["reason"]
    assert row["reason"].endswith("; it asked for more than limits.memory (192MiB), each process by itself")


def test_without_any_means_a_run_with_a_limit_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not measured without the limit that was asked for."""
    monkeypatch.setattr(memory, "_means", lambda *_: iter(()))
    row = call(tmp_path, "pass", memory_limit_bytes=LIMIT)
    assert row["status"] == "failed"
    assert row["reason"] == (
        "limits.memory=192MiB: this system offers neither a usable control group nor a memory limit for a process; "
        "remove the limit with limits.memory=null"
    )


def test_the_kernels_own_shortage_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit, SIGKILL while the kernel ended processes for want of memory is most likely that."""
    counts = iter([3, 4, 4, 4])
    monkeypatch.setattr(memory, "ended_by_kernel", lambda: next(counts))
    shortage = ", while the kernel ended processes because there was no memory left; lower payload or workers"
    killed = call(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    assert killed["reason"] == f"ended by signal SIGKILL{shortage}"
    assert call(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")["reason"] == "ended by signal SIGKILL"
    monkeypatch.setattr(memory, "ended_by_kernel", iter([3, 4]).__next__)
    worker = call(tmp_path, "if apart(): os.kill(os.getpid(), signal.SIGKILL)", workers=1)
    assert worker["reason"] == f"worker 0 was ended by signal SIGKILL in the middle of the run{shortage}"


def test_the_kernel_counts_here() -> None:
    """The counter is found where the kernel keeps one."""
    assert memory.ended_by_kernel() >= 0
    if Path("/proc/vmstat").exists():
        assert "\noom_kill " in Path("/proc/vmstat").read_text()


# --- version 2 -----------------------------------------------------------------------------------------------

OWN = "sys/fs/cgroup/user.slice/app.slice"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelFiles:
    """Put this process into a group of v2 without limits, within one that gives memory to its groups."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    made = KernelFiles(tmp_path)
    made.put(
        {
            "proc/self/cgroup": "0::/user.slice/app.slice/ours.scope\n",
            "proc/self/mountinfo": V2,
            f"{OWN}/cgroup.subtree_control": "cpu memory pids\n",
            f"{OWN}/ours.scope/cgroup.subtree_control": "\n",
            f"{OWN}/ours.scope/memory.max": "max\n",
            f"{OWN}/ours.scope/cpu.max": "max 100000\n",
        }
    )
    return made


def test_a_group_of_v2_lies_beside_ours(kernel: KernelFiles) -> None:
    """Ours holds processes, so that none with a limit may be made within it."""
    assert memory._parent_v2() == kernel.root / OWN


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (f"{OWN}/cgroup.subtree_control", "cpu pids\n"),
        (f"{OWN}/ours.scope/cpu.max", "50000 100000\n"),
        (f"{OWN}/ours.scope/memory.max", "1073741824\n"),
        (f"{OWN}/ours.scope/cpuset.cpus", "0-1\n"),
    ],
)
def test_a_limit_of_ours_is_not_left_behind(kernel: KernelFiles, file: str, text: str) -> None:
    """Beside a group with a quota a run would be measured without it; and a group must give memory."""
    kernel.put({file: text})
    assert memory._parent_v2() is None


def test_a_group_that_gives_memory_holds_the_runs(kernel: KernelFiles) -> None:
    """As the topmost one does, which may hold processes as well."""
    kernel.put({f"{OWN}/ours.scope/cgroup.subtree_control": "memory\n"})
    assert memory._parent_v2() == kernel.root / OWN / "ours.scope"


def test_a_group_of_v2_is_ended_as_a_whole(tmp_path: Path) -> None:
    """The limit holds for memory and swap, and the kernel is told to end all processes at once."""
    group = GroupV2(LIMIT, tmp_path, "breakeven-1-0a1b")
    written = {path.name: path.read_text() for path in group.folder.iterdir()}
    assert written == {"memory.max": str(LIMIT), "memory.oom.group": "1", "memory.swap.max": "0"}
    group.hold(4711)
    assert (group.folder / "cgroup.procs").read_text() == "4711"
    assert not group.exceeded()
    (group.folder / "memory.events").write_text(
        "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n"
    )
    assert group.exceeded()


def test_a_means_that_fails_gives_way_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that cannot be made, and one that takes no process, leave nothing behind."""
    held: list[int] = []

    class Refusing(PerProcess):
        def hold(self, pid: int) -> None:
            raise PermissionError(pid)

        def close(self) -> None:
            held.append(-1)

    class Holding(PerProcess):
        def hold(self, pid: int) -> None:
            held.append(pid)

    def means(limit: int, name: str) -> Any:
        yield lambda: GroupV2(limit, tmp_path / "absent", name)
        yield lambda: Refusing(limit)
        yield lambda: Holding(limit)

    monkeypatch.setattr(memory, "_means", means)
    with memory.limited(LIMIT, "breakeven-1-0a1b", 4711) as limit:
        assert isinstance(limit, Holding)
    assert held == [-1, 4711]
