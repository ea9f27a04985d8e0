"""What libraries of the user's function leave in shared memory goes with a run that is killed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from breakeven.runner.host import cleanup
from breakeven.runner.host.cleanup import remove_of_libraries
from tests.collaboration.conftest import EndTime
from tests.collaboration.host_runs import call

SHARED = Path("/dev/shm")

JOBLIB = """
import joblib, numpy
data = numpy.zeros(1_000_000)
with joblib.Parallel(2, max_nbytes=1000) as parallel:
    parallel([joblib.delayed(numpy.sum)(data)] * 2)
    Path("{noted}").write_text(str(os.getpid()))
    {then}
"""

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs /dev/shm, which Linux has")


@pytest.mark.parametrize("then", ["time.sleep(1000)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_joblib_leaves_nothing(tmp_path: Path, then: str, end_time_when: EndTime) -> None:
    """Neither its folder of mapped arrays nor loky's semaphores, if the run hangs or its process is killed."""
    noted = tmp_path / "pid"
    if "sleep" in then:
        end_time_when(lambda: noted.exists() and noted.read_text())
    row = call(
        tmp_path,
        JOBLIB.format(noted=noted, then=then),
        model="serial",
        ipc="none",
        workers=1,
    )
    assert row["status"] in ("timeout", "crashed"), row["stderr"]
    pid = noted.read_text()
    assert [
        path.name for path in SHARED.iterdir() if f"_{pid}_" in path.name or f"-{pid}-" in path.name
    ] == []


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in the place of /dev/shm."""
    monkeypatch.setattr(cleanup, "_SHARED", tmp_path)
    return tmp_path


def test_only_what_is_ours_is_removed(shared: Path) -> None:
    """By the process, the library, the owner and the time; a longer id is another one."""
    began = time.time()
    ours = ["sem.loky-12-abc", "joblib_memmapping_folder_12_a_b", "torch_12_7"]
    others = [
        "sem.loky-123-abc",
        "loky-13-x",
        "mine-12-data",
        "joblib_memmapping_folder_1_12",
        "12",
        "psm_12",
    ]
    for name in (*ours, *others, "torch_12_old"):
        (shared / name).write_text("")
    (shared / "joblib_memmapping_folder_12_folder").mkdir()
    (shared / "joblib_memmapping_folder_12_folder" / "array.pkl").write_text("")
    remove_of_libraries({12}, began + 3600)
    assert len(list(shared.iterdir())) == len(ours) + len(others) + 2
    (shared / "torch_12_link").symlink_to(shared / "psm_12")
    remove_of_libraries({12}, began)
    assert sorted(path.name for path in shared.iterdir()) == sorted(others)
