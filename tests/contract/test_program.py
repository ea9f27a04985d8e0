"""What to type to start this program again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from breakeven.base import program as module
from breakeven.base.program import command, program, python


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside an environment ``.venv`` with an interpreter and the script, neither of them on PATH."""
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    for name in ("python", "breakeven", "breakeven-analysis"):
        (scripts / name).write_text("#!/bin/sh\n")
        (scripts / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(scripts / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    return scripts


def test_a_script_is_named_as_the_shell_finds_it(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path from here, or by its name alone once it is on PATH; an old script leads to the new one."""
    for name in ("breakeven", "breakeven-analysis"):
        monkeypatch.setattr(sys, "argv", [str(environment / name)])
        assert command("show") == ".venv/bin/breakeven show"
    monkeypatch.setenv("PATH", str(environment))
    assert (command("show"), python()) == ("breakeven show", "python")


def test_from_elsewhere_it_is_the_whole_path(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that leads out of the working directory is not written with dots."""
    monkeypatch.setattr(sys, "argv", [str(environment / "breakeven")])
    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "prefix", "/nowhere")
    assert program() == (str(environment / "breakeven")[1:],)
    (Path(environment) / "below").mkdir()
    monkeypatch.chdir(environment / "below")
    assert program() == (str(environment / "breakeven"),)


def test_a_module_is_named_as_its_script_if_that_starts_the_same_code(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script of a clone's environment does; that of another clone's would start other code."""
    monkeypatch.setattr(sys, "argv", ["/clone/runner/__main__.py"])
    assert command("run") == ".venv/bin/python -m breakeven run"
    monkeypatch.setattr(module, "_ROOT", environment.parents[1])
    assert command("run") == ".venv/bin/breakeven run"
    (environment / "breakeven").unlink()
    assert command("run") == ".venv/bin/python -m breakeven run"
