"""What the tests find on the machine: interpreters to measure, and what a run may leave behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = (
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.13t",
    "python3.14",
    "python3.14t",
    "pypy3",
)
_SHARED = Path("/dev/shm")


def interpreters() -> list[str]:
    """Find interpreters on PATH, installed by pyenv, or under ~/.cache/pythons, that start."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [*pyenv.glob("versions/3.*/bin"), *(Path.home() / ".cache/pythons").glob("*/bin")]
    found = [shutil.which(name) for name in _NAMES]
    found += [str(folder / name) for folder in folders for name in _NAMES if (folder / name).exists()]
    kinds = {kind: path for path in found if path and (kind := _kind(path))}
    return [path for kind, path in sorted(kinds.items()) if kind[0] >= (3, 9)]


def _kind(path: str) -> tuple[tuple[int, ...], str] | None:
    """Return version and build of an interpreter, None if it does not start (a shim without a target)."""
    ask = "import sys, sysconfig as s; print(*sys.version_info[:2], s.get_config_var('Py_GIL_DISABLED'), sys.implementation.name)"
    done = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    major, minor, *build = done.stdout.split()
    return (int(major), int(minor)), " ".join(build)


def skip_pypys_executor(executable: str, start_method: str | None) -> None:
    """Skip a test of ``ProcessPoolExecutor`` that PyPy 3.9 cannot pass: it starts workers in no way but by fork."""
    if "pypy" in Path(executable).name and start_method != "fork":
        pytest.skip(
            "PyPy 3.9's ProcessPoolExecutor has no _adjust_process_count, which it calls itself; take a newer PyPy"
        )


def left_behind() -> set[str]:
    """Return what runs of this process have in shared memory now; other sweeps may be under way."""
    return {path.name for path in _SHARED.glob(f"breakeven-{os.getpid()}-*")} if _SHARED.exists() else set()


def _each(paths: list[str], kind: str) -> pytest.MarkDecorator:
    """Return the parameter of a test for each interpreter; without any it is skipped and says how to get one."""
    lacking = pytest.mark.skip(reason=f"no {kind} here; .ci/pythons brings it on Debian")
    here = [pytest.param(path, id=f"{Path(path).name}-{Path(path).parts[-3]}") for path in paths]
    return pytest.mark.parametrize("executable", here or [pytest.param("", marks=lacking, id="none")])


EVERY_INTERPRETER = _each(interpreters(), "interpreter to measure")

FREE_THREADED = _each(
    [path for path in interpreters() if _kind(path)[1].startswith("1 ")],  # type: ignore[index]  # all of them start
    "free-threaded CPython",
)
"""Of those, builds without a GIL."""
