"""Files of a user's that are named like modules of the standard library: nothing takes them for those."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from breakeven.runner import host
from breakeven.runner.engines.loading import load
from breakeven.runner.errors import FunctionUnusable
from breakeven.runner.planning.interpreters import check_function, find_interpreter
from tests.collaboration.host_runs import function
from tests.machines import EVERY_INTERPRETER
from tests.samples import run

NAMES = (
    "types",
    "queue",
    "statistics",
    "selectors",
    "tempfile",
    "random",
    "numbers",
    "pickle",
    "socket",
    "secrets",
)
MINE = f"def work():\n    import {', '.join(NAMES)}\n    return statistics.fmean([1, 2])\n"
STARTS = [
    ("thread", None, "queue"),
    ("process", "fork", "queue"),
    ("process", "forkserver", "pipe"),
    ("process", "spawn", "shared_memory"),
    ("process_pool", "spawn", "native"),
    ("mp_pool", "forkserver", "native"),
    ("mp_pool", "spawn", "native"),
]


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a user's folder with files of those names, which cannot be imported."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("raise ImportError('not of the standard library')\n")
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.delitem(sys.modules, "mine", raising=False)  # of another test that measured in this process
    monkeypatch.chdir(tmp_path)
    return tmp_path


@EVERY_INTERPRETER
@pytest.mark.parametrize(("model", "start_method", "ipc"), STARTS)
def test_every_process_finds_the_standard_library(
    users: Path, executable: str, model: str, start_method: str | None, ipc: str
) -> None:
    """The measured one, the workers however they start, the fork server and the resource tracker."""
    version = find_interpreter(executable).version
    planned = run(executable, users, model=model, start_method=start_method, ipc=ipc, **function("work"))
    result = host.execute(replace(planned, conditions={"python_version": version}))
    assert (result.status, result.row["reason"], result.row["stderr"]) == ("ok", None, None)


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_so_do_workers_of_the_debug_engine(users: Path, start_method: str) -> None:
    """They are started by this process, whichever way that was started."""
    planned = run(sys.executable, users, start_method=start_method, **function("work"))
    result = load("debug")().submit(planned).result()
    assert (result.status, result.row["reason"]) == ("ok", None)


@EVERY_INTERPRETER
def test_a_function_in_such_a_file_is_refused_with_the_remedy(users: Path, executable: str) -> None:
    """What hides the file is said, since nobody would guess it."""
    with pytest.raises(FunctionUnusable) as refused:
        check_function(executable, {"target": "queue:work"}, users)
    assert str(refused.value) == (
        f"queue:work cannot be imported by {executable} in {users}: {users}/queue.py is hidden by the module queue of "
        "Python's standard library; rename it"
    )
