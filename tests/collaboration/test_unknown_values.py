"""What a stored run may leave unknown ends no command that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.schema import LATER, TABLES
from breakeven.command import main
from tests import commands
from tests.stored import store_without
from tests.traces import FEW

_HOST = TABLES["runs"].names
_HOST = _HOST[_HOST.index("hostname") : _HOST.index("python_build")]
_KERNEL = TABLES["trials"].names
_KERNEL = _KERNEL[_KERNEL.index("steal_ns") :]
_SAYS_WHAT = frozenset({"reason", "function", "tasks", "task_ns"})
"""Columns that are null only in runs of another kind: without them it is not known what was measured."""

UNKNOWN = {
    "earlier": {table: {*LATER} & {*TABLES[table].names} for table in TABLES},
    "no facts of the host": {"runs": {*_HOST}, "trials": {*_KERNEL}},
    "whatever may be null": {
        table: {
            field.name
            for field in schema
            if b"null" in field.metadata[b"meaning"] and field.name not in _SAYS_WHAT
        }
        for table, schema in TABLES.items()
    },
}
"""Columns that a version of breakeven, a host or a run may lack, by table."""

COMMANDS = {
    "show": ["show", "{sweep}", "--all"],
    "report": ["report", "{sweep}", "-o", "page.html"],
    "compare": ["compare", "model=thread", "model=process", "--in", "{sweep}", "--page", "compared.html"],
    "claims": ["claims", "{sweep}", "--page", "claims.html"],
    "export": ["export", "{sweep}", "-o", "trace"],
    "export as measured": ["export", "{sweep}", "-o", "trace", "--place", "as-measured"],
    "status": ["status", "{sweep}"],
    "compact": ["compact", "{sweep}"],
}
"""All that reads a results folder, whatever measured it."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep of a thread and a process, with traced trials."""
    folder = tmp_path_factory.mktemp("measured")
    typed = ("-m", "model=thread,process", "workers=2", "measure.traced=1", "sweep=known")
    ended = commands.run(commands.module("breakeven", "run", *typed, *FEW), folder)
    assert ended.returncode == 0, ended.stderr
    return folder / "outputs" / "known"


@pytest.fixture(scope="module", params=UNKNOWN)
def partly_known(
    request: pytest.FixtureRequest, measured: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the sweep without columns that may be unknown."""
    target = tmp_path_factory.mktemp("partly") / "sweep"
    store_without(UNKNOWN[request.param], measured, target)
    return target


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_unknown_ends_no_command(
    name: str, partly_known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an earlier version's columns, nor facts that the host or the kernel hides."""
    monkeypatch.chdir(tmp_path)
    assert main([word.format(sweep=partly_known) for word in COMMANDS[name]]) == ALL_DONE
