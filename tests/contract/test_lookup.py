"""Where interpreters are found, by which names, and what is said of one that is missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.interpreters import canonical, looks_like_interpreter
from breakeven.runner.errors import InterpreterMissing
from breakeven.runner.hydra_app.texts import as_typed, for_hydra
from breakeven.runner.planning import lookup
from breakeven.runner.planning.interpreters import find_interpreter

Place = Callable[[str], str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Return what puts a program into a made-up home, where nothing else is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{tmp_path}/.pyenv/shims:relative")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    for name in ("PYENV_ROOT", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    lookup._uv.cache_clear()

    def put(name: str) -> str:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
        return str(file)

    return put


def test_places_are_searched_in_order(place: Place, tmp_path: Path) -> None:
    """What is on PATH comes first, then pyenv, uv, conda and the cache of test interpreters."""
    places = (
        "bin/",
        ".pyenv/versions/3.77.1/bin/",
        "uv/cpython-3.77.2-linux/bin/",
        "envs/one/bin/",
        ".cache/pythons/3.77/bin/",
    )
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda/environments.txt").write_text(f"{tmp_path}/envs/one\n{tmp_path}/envs/gone\n")
    files = [place(f"{folder}python3.77") for folder in places]
    for file in files:
        assert lookup.find("3.77") == lookup.find("python3.77") == file
        Path(file).unlink()
    assert lookup.find("3.77") is None


def test_a_stand_in_is_passed_over(place: Place) -> None:
    """Pyenv's answers for versions that are not set; the newest of its versions is taken."""
    place(".pyenv/shims/python3.77")
    assert lookup.find("3.77") is None
    for version in ("3.77.2", "3.77.10", "3.77.9"):
        place(f".pyenv/versions/{version}/bin/python3.77")
    assert str(lookup.find("python3.77")).endswith("versions/3.77.10/bin/python3.77")


def test_a_path_is_taken_as_it_is(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working directory, never looked up on PATH; a virtual environment's link stays."""
    monkeypatch.chdir(tmp_path)
    place("bin/python")
    assert lookup.find("./python") is None
    (tmp_path / "venv").symlink_to("bin")
    assert lookup.find("./venv/python") == str(tmp_path / "venv/python")
    assert lookup.find("~/bin/python") == str(tmp_path / "bin/python")
    (tmp_path / "bin/python").chmod(0o644)
    assert os.geteuid() == 0 or lookup.find("./bin/python") is None


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("3.77", "uv python install 3.77, or pyenv install 3.77, brings it"),
        ("python3.77t", "uv python install 3.77t, or pyenv install 3.77t, brings it"),
        ("pypy3.77", "uv python install pypy3.77, or apt install pypy3, bring it"),
        ("/opt/x", "write its path, as in interpreter=/path/to/python"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_is_missing_can_be_had(name: str, remedy: str) -> None:
    """The message says where it was looked for, and the command that installs it."""
    with pytest.raises(InterpreterMissing) as missing:
        find_interpreter(name)
    assert str(missing.value).startswith(f"interpreter={name} ")
    assert str(missing.value).endswith(remedy)
    assert (lookup.PLACES in str(missing.value)) == ("/" not in name)


@pytest.mark.parametrize("name", ["3.14", "python3.14", "cpython3.14"])
def test_several_names_are_one(name: str) -> None:
    """Cells of one interpreter are one, however it was typed."""
    assert canonical(name) == "python3.14"


@given(st.from_regex(r"(python)?3\.[0-9]{1,2}t?", fullmatch=True))
def test_a_version_stays_a_text(name: str) -> None:
    """Hydra would read 3.10 as the number 3.1; what is shown is what was typed."""
    assert looks_like_interpreter(name)
    assert for_hydra(f"interpreter={name}") == f"++interpreter.path='{name}'"
    assert as_typed(for_hydra(f"interpreter={name}")) == f"interpreter={name}"
    assert for_hydra(f"interpreter=current,{name}") == f"++interpreter.path='current','{name}'"


@pytest.mark.parametrize("name", ["mine", "3.l4", "fast_one"])
def test_other_names_are_files_of_the_users(name: str) -> None:
    """Beside them versions are those of our own files."""
    assert for_hydra(f"interpreter={name},3.14") == f"interpreter={name},python3.14"


def test_this_interpreter_is_found_by_its_path() -> None:
    """An absolute path needs no lookup."""
    assert find_interpreter(sys.executable).executable == sys.executable
