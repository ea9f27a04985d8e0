"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import commands
from tests.commands import Command, Completed


@pytest.fixture(autouse=True)
def called_as_breakeven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let suggested commands start with ``breakeven``, as if the shell had found the script."""
    monkeypatch.setattr("sys.argv", ["breakeven"])


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Type a command in the test's folder, far from the source tree."""

    def run(*arguments: str, program: str = "runner", **environment: str) -> Completed:
        return commands.run(commands.module(program, *arguments), tmp_path, environment)

    return run
