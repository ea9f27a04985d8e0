"""Where modules are looked for: no folder of a user's comes before the standard library."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import search_path
from breakeven.runner.cell.errors import ModuleHidden
from breakeven.runner.cell.resolving import resolve
from breakeven.runner.cell.search_path import (
    after_standard_library,
    extend_path,
    put_users_folders_aside,
    put_working_directory_aside,
)

LIBRARY = str(Path(os.__file__).parent)
DYNAMIC = f"{LIBRARY}/lib-dynload"


@pytest.fixture(autouse=True)
def no_python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the folders that the tests themselves were started with."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a search path as an interpreter of a virtual environment has it."""
    monkeypatch.setattr(sys, "path", ["/python3.zip", LIBRARY, DYNAMIC, "/venv/site-packages"])
    return sys.path


def test_a_users_folder_comes_between_library_and_packages(path: list[str]) -> None:
    """So its modules hide those of packages, as they do for a script, and none of the standard library."""
    extend_path(("/mine", "/ours"))
    assert path == ["/python3.zip", LIBRARY, DYNAMIC, "/mine", "/ours", "/venv/site-packages"]
    assert after_standard_library() == 3


def test_a_folder_that_comes_earlier_is_moved_behind_the_library(path: list[str]) -> None:
    """Once is enough."""
    path.insert(0, "/mine")
    for _ in range(2):
        extend_path(("/mine",))
        assert path == ["/python3.zip", LIBRARY, DYNAMIC, "/mine", "/venv/site-packages"]


def test_folders_of_pythonpath_wait_for_a_users_function(
    path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then they come behind the user's folder, as they do for a script."""
    monkeypatch.setenv("PYTHONPATH", f"/theirs{os.pathsep}/mine")
    path[:0] = ["/theirs", "/mine"]
    put_users_folders_aside()
    assert path == ["/python3.zip", LIBRARY, DYNAMIC, "/venv/site-packages"]
    extend_path(("/mine",))
    assert path == ["/python3.zip", LIBRARY, DYNAMIC, "/mine", "/theirs", "/venv/site-packages"]


FOLDERS = st.sampled_from(
    ["/python311.zip", "/python3.zip", LIBRARY, DYNAMIC, "", "/a", "/b/c", "/python3.11", "/site"]
)


@given(st.lists(FOLDERS), st.lists(st.sampled_from(["/a", "/b/c", "/d"])))
def test_nothing_of_a_user_comes_before_the_library(found: list[str], users: list[str]) -> None:
    """Whatever the path was: the library, the user's folders, then the rest, each in its order; nothing is lost."""
    library = {"/python311.zip", "/python3.zip", LIBRARY, DYNAMIC}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "path", [*found])
        extend_path(tuple(users))
        at = after_standard_library()
        first, rest = sys.path[:at], sys.path[at:]
    assert first == [folder for folder in found if folder in library]
    assert rest == [*dict.fromkeys(users), *(folder for folder in found if folder not in {*library, *users})]


def test_a_folder_that_comes_later_is_moved_up(path: list[str]) -> None:
    """A run of the debug engine finds what one in a fresh process does."""
    path.append("/mine")
    extend_path(("/mine",))
    assert path.index("/mine") == 3


def test_without_a_library_on_disk_a_folder_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedded interpreter has its library elsewhere."""
    monkeypatch.setattr(sys, "path", ["", "/packages"])
    extend_path(("/mine",))
    assert sys.path == ["/mine", "", "/packages"]


@pytest.mark.parametrize("first", ["", "cwd"])
def test_the_working_directory_is_not_searched(
    path: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Python puts it first for ``-m``; in a clone it stays, before packages, one of which may be another clone."""
    monkeypatch.chdir(tmp_path)
    rest = list(path)
    path.insert(0, first and str(tmp_path))
    put_working_directory_aside()
    assert path == rest
    path[:] = [first and str(tmp_path), *rest]
    monkeypatch.setattr(search_path, "_ROOT", str(tmp_path))
    put_working_directory_aside()
    assert path == [*rest[:3], str(tmp_path), *rest[3:]]


def test_another_first_folder_is_left_alone(
    path: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script's own folder is not the working directory: it is searched behind the library."""
    monkeypatch.chdir(tmp_path)
    path.append("/usr/bin")
    before = list(path)
    path.insert(0, path.pop())
    put_working_directory_aside()
    assert path == [*before[:3], "/usr/bin", *before[3:-1]]


def test_a_module_that_the_standard_library_hides_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, and the remedy; a module that is not hidden fails as it does anywhere."""
    (tmp_path / "colorsys.py").write_text("def work():\n    return 1\n")
    (tmp_path / "mine_alone.py").write_text("def work():\n    return 1\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    extend_path((str(tmp_path),))
    for target in ("colorsys:work", "colorsys.sub:work"):
        with pytest.raises(ModuleHidden) as hidden:
            resolve(target)
        assert str(hidden.value) == (
            f"{tmp_path}/colorsys.py is hidden by the module colorsys of Python's standard library; rename it"
        )
    assert resolve("colorsys:rgb_to_hsv")(0.5, 0.5, 0.5)
    with pytest.raises(AttributeError):
        resolve("mine_alone:absent")
    with pytest.raises(AttributeError):
        resolve("quopri:absent")
    with pytest.raises(ModuleNotFoundError):
        resolve("nowhere_at_all:work")
