"""Files of a user's that are named like modules of the standard library: nothing takes them for those."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.engines.loading import load
from breakeven.runner.errors import FunctionUnusable
from breakeven.runner.planning.interpreters import check_function, find_interpreter
from tests import commands
from tests.collaboration.host_runs import function
from tests.machines import EVERY_INTERPRETER, described, interpreters, skip_pypys_executor
from tests.samples import run

MINE = """
def work():
    import concurrent.futures, logging, queue, random, sqlite3, statistics
    return statistics.fmean([1, 2])
"""
STARTS = [
    ("serial", None, "none"),
    ("thread", None, "queue"),
    ("thread_pool", None, "native"),
    ("process", "fork", "queue"),
    ("process", "forkserver", "pipe"),
    ("process", "spawn", "shared_memory"),
    ("process_pool", "fork", "native"),
    ("process_pool", "forkserver", "native"),
    ("process_pool", "spawn", "native"),
    ("mp_pool", "fork", "native"),
    ("mp_pool", "forkserver", "native"),
    ("mp_pool", "spawn", "native"),
]
SHORT = (
    "model=process",
    "rounds=1",
    "tasks=4",
    "measure.min_trials=2",
    "measure.max_time=50ms",
    "progress=quiet",
)
TELL_NAMES = "import sys; print(*getattr(sys, 'stdlib_module_names', ()))"
TELL_LOADED = "import sys; print(*sys.modules)"


def standard_names(*executables: str) -> set[str]:
    """Return the names of these interpreters' standard libraries and of this one's, those of other systems' modules included."""
    return set(sys.stdlib_module_names).union(*(told(path, TELL_NAMES) for path in executables))


@cache
def told(executable: str, text: str) -> list[str]:
    """Return the words that a script prints, far from any user's folder."""
    command = [executable, "-c", text]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout.split()


def poison(folder: Path, names: Iterable[str]) -> Path:
    """Write a module or a package of each name that cannot be imported, beside a function; return the folder."""
    for name in names:
        file = folder / (f"{name}.py" if len(name) % 2 else f"{name}/__init__.py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"raise ImportError('not the {name} of the standard library')\n")
    (folder / "mine.py").write_text(MINE)
    return folder


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's folder with a function and files of all names that hide nothing, of any interpreter here."""
    return poison(tmp_path_factory.mktemp("users"), standard_names(*interpreters()))


@pytest.fixture
def users(poisoned: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return that folder, the working directory; no test changes it."""
    monkeypatch.delitem(sys.modules, "mine", raising=False)  # of another test that measured in this process
    monkeypatch.chdir(poisoned)
    return poisoned


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return such a folder, the working directory, that the test may change."""
    monkeypatch.chdir(tmp_path)
    return poison(tmp_path, standard_names())


@EVERY_INTERPRETER
@pytest.mark.parametrize(("model", "start_method", "ipc"), STARTS)
def test_every_process_finds_the_standard_library(
    users: Path, executable: str, model: str, start_method: str | None, ipc: str
) -> None:
    """The measured one, the workers however they start, the fork server and the resource tracker."""
    if model == "process_pool":
        skip_pypys_executor(executable, start_method)
    _measure(executable, users, model=model, start_method=start_method, ipc=ipc, **function("work"))


@pytest.mark.parametrize(("model", "start_method", "ipc"), STARTS)
def test_so_does_every_process_of_a_built_in_workload(
    users: Path, model: str, start_method: str | None, ipc: str
) -> None:
    """The user's folder is not on its path."""
    _measure(sys.executable, users, model=model, start_method=start_method, ipc=ipc)


@EVERY_INTERPRETER
@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_a_folder_of_pythonpath_hides_nothing(
    own: Path, executable: str, start_method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python itself searches it first while it starts, but not for what is imported afterwards."""
    elsewhere = own / "elsewhere"
    elsewhere.mkdir()
    starting = {name.partition(".")[0] for name in told(executable, TELL_LOADED)}
    poison(elsewhere, standard_names(executable) - starting - {"sitecustomize", "usercustomize"})
    (elsewhere / "mine.py").write_text("from helping import work\n")
    (elsewhere / "helping.py").write_text(MINE)
    (own / "mine.py").unlink()
    monkeypatch.setenv("PYTHONPATH", str(elsewhere), prepend=os.pathsep)
    assert find_interpreter(executable).executable == executable
    for knobs in ({}, function("work")):
        _measure(executable, own, start_method=start_method, **knobs)


def _measure(executable: str, users: Path, **changes: Any) -> None:
    workers = 1 if changes.get("model") == "serial" else 2
    planned = run(executable, users, workers=workers, **changes)
    version = described(executable).version
    result = host.execute(replace(planned, conditions={"python_version": version}))
    assert (result.status, result.row["reason"], result.row["stderr"]) == ("ok", None, None)


@pytest.mark.parametrize("door", ["breakeven", "runner"])
def test_the_command_finds_the_standard_library(
    own: Path, tmp_path_factory: pytest.TempPathFactory, door: str
) -> None:
    """All but what ``python -m`` itself has imported before the command begins."""
    clean = tmp_path_factory.mktemp("clean")
    (clean / "telling.py").write_text(TELL_LOADED)
    for name in {
        name.partition(".")[0] for name in commands.run(commands.module("telling"), clean).stdout.split()
    }:
        (own / f"{name}.py").unlink(missing_ok=True)
        shutil.rmtree(own / name, ignore_errors=True)
    for workload in (("workload=spin", "task=200us"), ("workload=function", "workload.target=mine:work")):
        done = commands.run(commands.module(door, *workload, "model.start_method=spawn", *SHORT), own)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_so_do_workers_of_the_debug_engine(users: Path, start_method: str) -> None:
    """They are started by this process, whichever way that was started."""
    planned = run(sys.executable, users, start_method=start_method, **function("work"))
    result = load("debug")().submit(planned).result()
    assert (result.status, result.row["reason"]) == ("ok", None)


@EVERY_INTERPRETER
def test_planning_finds_the_standard_library(users: Path, executable: str) -> None:
    """An interpreter that is asked in this folder says what it is, and what the function depends on."""
    assert find_interpreter(executable).executable == executable
    assert check_function(executable, {"target": "mine:work"}, users).files == (str(users / "mine.py"),)


@EVERY_INTERPRETER
def test_a_function_in_such_a_file_is_refused_with_the_remedy(users: Path, executable: str) -> None:
    """What hides the file is said, since nobody would guess it."""
    with pytest.raises(FunctionUnusable) as refused:
        check_function(executable, {"target": "queue:work"}, users)
    assert str(refused.value) == (
        f"queue:work cannot be imported by {executable} in {users}: {users}/queue.py is hidden by the module queue of "
        "Python's standard library; rename it"
    )
