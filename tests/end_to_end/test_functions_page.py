"""The page on one's own functions runs as it stands: its modules, and every command that it types."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import ROOT, Command

TEXT = (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
SHORT = ("rounds=1", "trial=2ms", "measure.warmup=1", "measure.min_trials=2", "measure.max_time=50ms")
MODULES = re.findall(r"`(\w+\.py)`[^\n]*:\n\n```python\n(.*?)```", TEXT, flags=re.DOTALL)
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
]


def test_there_are_modules_and_commands() -> None:
    """None of either is missed by how it is looked for."""
    assert len(MODULES) == TEXT.count("```python")
    assert len(COMMANDS) == TEXT.count("\nbreakeven run ")


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_measures(command: Command, command_here: Command, tmp_path: Path, line: str) -> None:
    """All its runs end well, with the modules of the page and some files beside them; the first in a process of its own, as a reader types it."""
    for name, text in MODULES:
        (tmp_path / name).write_text(text)
    (tmp_path / "data").mkdir()
    for name, length in (("may", 3), ("june", 400)):
        orders = [{"price": 0.5, "pieces": piece} for piece in range(length)]
        (tmp_path / "data" / f"{name}.json").write_text(json.dumps(orders))
    run = command if line == COMMANDS[0] else command_here
    done = run(*shlex.split(line)[1:], "sweep=mine", *SHORT, program="breakeven")
    assert done.returncode == 0, done.stderr
    runs = pd.read_parquet(tmp_path / "outputs" / "mine" / "runs")
    assert set(runs["status"]) == {"ok"}
