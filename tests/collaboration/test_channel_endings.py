"""However a run over a channel ends, it ends, and nothing of it is left: no process, no socket, no folder."""

from __future__ import annotations

import gc
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import active_count
from typing import Any

import pytest

from breakeven.runner.cell import channels
from breakeven.runner.cell.channels._abc import Room
from breakeven.runner.cell.channels._private import PrivatePaths
from breakeven.runner.cell.channels.manager import Manager
from breakeven.runner.cell.models._threads import Context
from tests.collaboration.host_runs import call
from tests.collaboration.test_stream_channels import descriptors
from tests.crews import MECHANISMS, Mechanism, crew_of
from tests.patience import AT_ONCE_NS
from tests.tasks import Identity

FORKED = [one for one in MECHANISMS if one.start_method == "fork" and one.ipc in channels.REGISTRY]


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a folder of temporary files that nobody else uses, with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        monkeypatch.undo()


@pytest.mark.parametrize("mechanism", FORKED, ids=str)
def test_a_worker_that_is_killed_ends_the_run(tmp_path: Path, mechanism: Mechanism, temporary: Path) -> None:
    """In the middle of a task: the reason is its end, at once, and not that a message never came."""
    row = call(tmp_path, "if apart(): os.kill(os.getpid(), signal.SIGKILL)", **mechanism._asdict())
    assert row["status"] == "crashed"
    assert "was ended by signal SIGKILL in the middle of the run" in row["reason"]
    assert row["wall_ns"] < AT_ONCE_NS
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("mechanism", FORKED, ids=str)
def test_a_measured_process_that_is_killed_leaves_nothing(
    tmp_path: Path, mechanism: Mechanism, temporary: Path
) -> None:
    """Its workers, its servers and its sockets go with it."""
    row = call(
        tmp_path, "if apart(): os.kill(PARENT, signal.SIGKILL); time.sleep(1000)", **mechanism._asdict()
    )
    assert (row["status"], row["signal"]) == ("crashed", "SIGKILL")
    assert row["wall_ns"] < AT_ONCE_NS
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("length", [1, 150])
def test_paths_of_sockets_are_private_and_short(tmp_path: Path, length: int) -> None:
    """They lie in the run's folder, or in one that nobody else can enter and that is removed."""
    folder = tmp_path / ("x" * length)
    paths = PrivatePaths(Room(1, 1, f"breakeven-test-{tmp_path.name}"[:40], str(folder)))
    path = Path(paths.path("channel"))
    assert len(os.fsencode(path)) <= 100
    if path.parent != folder:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert Path(paths.path("another")).parent == path.parent
    paths.remove()
    assert path.parent == folder or not path.parent.exists()


def test_a_managers_server_is_gone_when_the_channel_is_closed(tmp_path: Path) -> None:
    """And its socket with it."""
    channel = Manager(Context(), Room(1, 1, "breakeven-test", str(tmp_path)), {})
    address, server = channel.manager.address, channel.manager._process  # type: ignore[attr-defined]
    assert Path(str(address)).is_socket()
    channel.close()
    assert not server.is_alive()
    assert not Path(str(address)).exists()


OPTIONS = [
    ("deque", {"sync": "condition", "poll": 100_000}),
    ("deque", {"sync": "lock", "poll": 100_000}),
    ("zeromq", {"transport": "inproc"}),
    ("arrow", {"over": "socket"}),
    ("tcp", {"nodelay": "unset"}),
]


@pytest.mark.parametrize(("ipc", "options"), OPTIONS, ids=str)
def test_the_other_values_of_a_channels_knobs_work(
    tmp_path: Path, ipc: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers answer a hundred messages, and nothing is left; an object that is not pickled is the same one."""
    monkeypatch.setattr("tests.crews.options_of", lambda family, _: options if family == "ipc" else {})
    threads, open_before = active_count(), descriptors()
    sent = [[number] for number in range(100)]
    with crew_of(Mechanism("thread", None, ipc), tmp_path)(Identity()) as workers:
        back = [payload for _, payload in workers.map([(0, one) for one in sent])]
        same = not channels.load(ipc).ALWAYS_PICKLES
    assert back == sent
    assert all(one is other for one, other in zip(sent, back, strict=True)) == same
    assert active_count() == threads
    del workers
    gc.collect()  # the board is a file that is open as long as anybody knows it
    assert descriptors() == open_before
