"""A start method that nobody chooses is stored as the one that the interpreter has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from breakeven.runner.planning.interpreters import find_interpreter
from breakeven.runner.planning.start_methods import default_start_method, with_start_method
from tests.machines import EVERY_INTERPRETER
from tests.samples import cell


@EVERY_INTERPRETER
def test_the_default_is_what_the_interpreter_says(executable: str) -> None:
    """On each that is here; it is named, so that a cell of 3.14 says forkserver."""
    ask = "import multiprocessing; print(multiprocessing.get_start_method())"
    said = subprocess.run(
        [executable, "-c", ask], capture_output=True, text=True, check=True, cwd=Path.home()
    )
    chosen = with_start_method(cell(model="process", start_method="default"), find_interpreter(executable))
    assert chosen.start_method == said.stdout.strip()


@pytest.mark.parametrize(
    ("version", "platform", "method"),
    [
        ("3.9.18", "linux", "fork"),
        ("3.13.0", "linux", "fork"),
        ("3.14.0rc1", "linux", "forkserver"),
        ("3.15.0a1", "freebsd14", "forkserver"),
        ("3.9.18", "darwin", "spawn"),
        ("3.14.0", "darwin", "spawn"),
    ],
)
def test_versions_and_systems_differ(version: str, platform: str, method: str) -> None:
    """Only 3.14 changed it, and not on macOS."""
    assert default_start_method(version, platform) == method


def test_what_is_chosen_stays() -> None:
    """So does nothing, and a model without a choice has none."""
    here = find_interpreter(sys.executable)
    for model, method, found in (
        ("process", "spawn", "spawn"),
        ("thread", None, None),
        ("thread", "default", None),
    ):
        assert with_start_method(cell(model=model, start_method=method), here).start_method == found
