"""Interpreters as an axis, as a user types them: names, what is missing, and what the runs say of themselves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from breakeven.analysis.frames.load import load
from tests.commands import Command, changed
from tests.machines import EVERY_INTERPRETER, FREE_THREADED, interpreters, named, newest

QUICK = ("rounds=1", "tasks=4", "task=200us", "measure.min_trials=2", "measure.max_trials=2", "sweep=mine")


@pytest.fixture
def bare() -> str:
    """Return an interpreter that has none of the packages of this one."""
    here = Path(sys.executable).resolve()
    others = [path for path in interpreters() if Path(path).resolve() != here]
    if not others:
        pytest.skip("no second interpreter here; .ci/pythons brings one on Debian")
    return others[0]


def _said_of(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the status and the reason of the run of each interpreter."""
    runs = load(folder / "outputs" / "mine").runs
    names = runs["interpreter"].astype(str)
    status, reason = (dict(zip(names, runs[name].astype(str), strict=True)) for name in ("status", "reason"))
    return status, reason


def test_one_that_is_missing_leaves_the_others(command: Command, tmp_path: Path) -> None:
    """Its cells are incompatible, with where it was looked for and what installs it; alone it is bad input, with the exit code that a shell gets of the process."""
    done = command("-m", *QUICK, "model=thread", "interpreter=current,3.99t")
    assert done.returncode == 0, done.stderr
    status, reason = _said_of(tmp_path)
    assert status == {"current": "ok", "python3.99t": "incompatible"}
    assert reason["python3.99t"].endswith("uv python install 3.99t, or pyenv install 3.99t, brings it")
    alone = command("-m", *QUICK, "interpreter=3.99t,3.98")
    assert (alone.returncode, len(alone.stderr.splitlines())) == (2, 1)


def test_a_module_that_one_lacks_leaves_the_others(command_here: Command, tmp_path: Path, bare: str) -> None:
    """The reason names the module and how to install it there."""
    (tmp_path / "mine.py").write_text("import omegaconf\n\ndef work():\n    return 1\n")
    done = command_here(
        *("-m", *QUICK, "model=thread", "workload=function", "workload.target=mine:work"),
        f"interpreter=current,{bare}",
    )
    assert done.returncode == 0, done.stderr
    status, reason = _said_of(tmp_path)
    assert status == {"current": "ok", bare: "incompatible"}
    assert "No module named 'omegaconf' (mine.py:1); install it for " in reason[bare]
    alone = command_here(*QUICK, "workload=function", "workload.target=mine:work", f"interpreter={bare}")
    assert (alone.returncode, len(alone.stderr.splitlines())) == (2, 1)


@EVERY_INTERPRETER
def test_every_interpreter_measures(command_here: Command, tmp_path: Path, executable: str) -> None:
    """Threads and processes, with nothing installed there; what was measured is what was asked for."""
    done = command_here("-m", *QUICK, "model=thread,process", f"interpreter={executable}")
    assert done.returncode == 0, done.stderr
    runs = load(tmp_path / "outputs" / "mine").runs
    assert runs["status"].eq("ok").all(), runs["reason"].tolist()
    assert set(runs["executable"]) == {executable}


def test_an_executor_that_only_forks_leaves_the_other_start_methods(
    command_here: Command, tmp_path: Path
) -> None:
    """PyPy 3.9 has such a one: its cells are incompatible instead of failed."""
    executable = named("pypy3")
    ask = "from concurrent.futures import ProcessPoolExecutor as pool; pool._adjust_process_count"
    whole = subprocess.run([executable, "-c", ask], capture_output=True, check=False).returncode == 0
    methods = "model.start_method=fork,spawn"
    done = command_here("-m", *QUICK, "model=process_pool", methods, f"interpreter={executable}")
    assert done.returncode == 0, done.stderr
    runs = load(tmp_path / "outputs" / "mine").runs.set_index("start_method")
    assert runs["status"].to_dict() == {"fork": "ok", "spawn": "ok" if whole else "incompatible"}
    assert whole or "choose model.start_method=fork" in runs["reason"]["spawn"]


@FREE_THREADED
def test_the_gil_is_switched_on(command_here: Command, tmp_path: Path, executable: str) -> None:
    """By an option and by a variable; what the workers saw is stored."""
    flags = (
        "-m",
        *QUICK,
        "model=thread",
        f"interpreter={executable}",
        "interpreter.flags=-X gil=0,-X gil=1",
    )
    assert command_here(*flags).returncode == 0
    runs = load(tmp_path / "outputs" / "mine").runs
    assert runs.set_index("interpreter_flags")["gil_enabled"].to_dict() == {
        "-X gil=0": False,
        "-X gil=1": True,
    }
    variables = (
        "-m",
        *changed(QUICK, "sweep=other"),
        "model=process",
        f"interpreter={executable}",
        "environment.PYTHON_GIL=0,1",
    )
    assert command_here(*variables).returncode == 0
    runs = load(tmp_path / "outputs" / "other").runs
    assert runs.set_index("variables")["gil_enabled"].to_dict() == {
        "PYTHON_GIL=0": False,
        "PYTHON_GIL=1": True,
    }


def test_the_jit_is_switched_on_and_off(command_here: Command, tmp_path: Path) -> None:
    """By a variable; every worker says what holds for it. CPython 3.14 compiles nothing in interpreters but the first."""
    executable = newest(since=(3, 14))
    ask = "import sys; sys.exit(not sys._jit.is_available())"
    if subprocess.run([executable, "-c", ask], check=False).returncode:
        pytest.skip(f"{executable} was built without a JIT; .ci/pythons brings Debian's, which has one")
    jit = "environment.PYTHON_JIT=0,1"
    done = command_here("-m", *QUICK, "model=thread,process,interpreter", f"interpreter={executable}", jit)
    assert done.returncode == 0, done.stderr
    lab = load(tmp_path / "outputs" / "mine")
    runs = lab.runs.set_index("cell_id")
    assert runs["jit_enabled"].eq(runs["variables"].eq("PYTHON_JIT=1")).all()
    workers = lab.workers[lab.workers["worker"].ge(0)].join(runs[["model", "variables"]], on="cell_id")
    found = {
        (model, variables): set(some["jit_enabled"])
        for (model, variables), some in workers.groupby(["model", "variables"], observed=True)
    }
    for model in ("thread", "process", "interpreter"):
        on = {model != "interpreter"}
        assert [found[model, f"PYTHON_JIT={value}"] for value in (0, 1)] == [{False}, on]


_OLD_STYLE = """
#include <Python.h>
static struct PyModuleDef old_style = {PyModuleDef_HEAD_INIT, "old_style", NULL, 0, NULL};
PyMODINIT_FUNC PyInit_old_style(void) { return PyModule_Create(&old_style); }
"""


def _compile(folder: Path, executable: str) -> None:
    """Put a module that does not say that it can do without the GIL into a folder."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here; apt install gcc libc6-dev brings it")
    ask = "import sysconfig; print(sysconfig.get_path('include'))"
    headers = subprocess.run(
        [executable, "-c", ask], capture_output=True, text=True, check=True
    ).stdout.strip()
    (folder / "old_style.c").write_text(_OLD_STYLE)
    command = [compiler, "-shared", "-fPIC", f"-I{headers}", "old_style.c", "-o", "old_style.so"]
    subprocess.run(command, cwd=folder, check=True)


@FREE_THREADED
def test_a_module_that_switches_the_gil_on_is_seen(
    command_here: Command, tmp_path: Path, executable: str
) -> None:
    """Also if a task imports it; the run says so, unless the GIL was asked for or is kept off."""
    _compile(tmp_path, executable)
    (tmp_path / "mine.py").write_text("def work():\n    import old_style\n    return sum(range(2000))\n")
    function = ("workload=function", "workload.target=mine:work", f"interpreter={executable}")
    plain = command_here("-m", *QUICK, *function, "model=thread,process")
    assert plain.returncode == 0, plain.stderr
    runs = load(tmp_path / "outputs" / "mine").runs
    assert runs["gil_enabled"].all()
    assert runs["notes"].str.contains("gil: ").all()
    asked = command_here(
        "-m", *changed(QUICK, "sweep=other"), *function, "model=process", "environment.PYTHON_GIL=0,1"
    )
    assert asked.returncode == 0, asked.stderr
    runs = load(tmp_path / "outputs" / "other").runs
    assert sorted(runs["gil_enabled"]) == [False, True]
    assert not runs["notes"].astype(str).str.contains("gil: ").any()
