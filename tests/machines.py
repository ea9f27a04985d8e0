"""The interpreters that the tests find on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from breakeven.runner.planning.interpreters import Interpreter, find_interpreter

_VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t")
_NAMES = (*(f"python{version}" for version in _VERSIONS), "pypy3")
_BROUGHT = ("3.13", "3.13t", "3.14", "pypy3")
"""What .ci/pythons brings."""
_OLDEST = (3, 9)


class Build(NamedTuple):
    """What an interpreter is."""

    version: tuple[int, int]
    free_threaded: bool
    implementation: str


@cache
def build(path: str) -> Build | None:
    """Return what an interpreter says of itself, None if it does not start or is too old."""
    ask = "import sys, sysconfig as s; print(*sys.version_info[:2], s.get_config_var('Py_GIL_DISABLED'), sys.implementation.name)"
    done = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    major, minor, disabled, implementation = done.stdout.split()
    found = Build((int(major), int(minor)), disabled == "1", implementation)
    return found if found.version >= _OLDEST else None


@cache
def candidates() -> dict[str, str]:
    """Return the path of each interpreter by its name; none of them has been started, which takes long.

    They come from PATH, pyenv and ~/.cache/pythons, the later before the earlier. Shims of pyenv answer for versions that
    are not set.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [path for path in os.get_exec_path() if Path(path) != pyenv / "shims"]
    more = [*pyenv.glob("versions/*/bin"), *(Path.home() / ".cache/pythons").glob("*/bin")]
    found = {name: shutil.which(name, path=os.pathsep.join(folders)) for name in _NAMES}
    for folder, name in product(more, _NAMES):
        alike = name.endswith("t") == folder.parent.name.endswith("t")  # a build without a GIL has both names
        if alike and (folder / name).exists():
            found[name] = str(folder / name)
    return {name: path for name, path in found.items() if path}


@cache
def interpreters() -> list[str]:
    """Return the interpreters that start, from the oldest to the newest."""
    builds = {path: found for path in candidates().values() if (found := build(path))}
    return sorted(builds, key=builds.__getitem__)


@cache
def described(executable: str) -> Interpreter:
    """Return what planning finds out about an interpreter; each is started once for all tests that are about something else."""
    return find_interpreter(executable)


def newest(*, free_threaded: bool = False, since: tuple[int, int] = _OLDEST) -> str:
    """Return the newest CPython of a kind; skip the test if there is none."""
    for path in reversed(interpreters()):
        if (found := build(path)) and found[1:] == (free_threaded, "cpython") and found.version >= since:
            return path
    name = f"{'.'.join(map(str, since))}{'t' if free_threaded else ''}"
    pytest.skip(f"no CPython {name} or newer here; {_how_to_get(name)}")


def _how_to_get(name: str) -> str:
    """Return what brings an interpreter."""
    version = name.removeprefix("python")
    if version in _BROUGHT:
        return ".ci/pythons brings it on Debian"
    return f"uv python install {version}, or pyenv install {version}, brings it"


def named(name: str) -> str:
    """Return the path of the interpreter with a name; skip the test if it is not here, does not start or is too old."""
    path = candidates().get(name)
    if path is not None and build(path):
        return path
    pytest.skip(f"no {name} that starts here; {_how_to_get(name)}")


def skip_pypys_executor(executable: str, start_method: str | None) -> None:
    """Skip a test of ``ProcessPoolExecutor`` that PyPy 3.9 cannot pass: it starts workers in no way but by fork."""
    if "pypy" in Path(executable).name and start_method != "fork":
        pytest.skip(
            "PyPy 3.9's ProcessPoolExecutor has no _adjust_process_count, which it calls itself; take a newer PyPy"
        )


def _each(names: Sequence[str]) -> pytest.MarkDecorator:
    """Return the parameters of a test for each interpreter by name; the fixture `executable` looks whether it is here."""
    return pytest.mark.parametrize("executable", names, indirect=True)


EVERY_INTERPRETER = _each(_NAMES)

FREE_THREADED = _each([name for name in _NAMES if name.endswith("t")])
"""Of those, builds without a GIL."""
