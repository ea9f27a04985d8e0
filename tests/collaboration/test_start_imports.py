"""What a measured process loads: every run pays for it, and a program of threads stands for one without multiprocessing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakeven.base.conditions import CPU_MODEL
from breakeven.runner import host
from breakeven.runner.cell.records import to_json
from breakeven.runner.planning.interpreters import MAIN
from tests import commands
from tests.collaboration.host_runs import function, write_module
from tests.samples import run

_LOADED = re.compile(r"^import time:[ 0-9]+\|[ 0-9]+\| +(\S+)$", re.MULTILINE)
_SELDOM = {"decimal", "fractions", "statistics", "traceback"}


def loaded(tmp_path: Path, **changes: Any) -> set[str]:
    """Return the modules that a run loads; it must end well."""
    user = write_module(tmp_path / "user", "\ndef work(): pass\n")
    made = replace(
        run(sys.executable, user, **changes), conditions={CPU_MODEL: "of a machine that the plan knows"}
    )
    specification = host.specification(made, tmp_path)
    process = subprocess.run(
        [sys.executable, "-X", "importtime", str(MAIN)],
        input=to_json(specification._replace(parent=os.getpid())),
        env=commands.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(_LOADED.findall(process.stderr))


@pytest.mark.parametrize(
    ("model", "ipc"),
    [("serial", "none"), ("thread", "reference"), ("thread", "queue"), ("thread", "simple_queue")],
)
def test_threads_load_no_multiprocessing(tmp_path: Path, model: str, ipc: str) -> None:
    """Nor what only seldom is needed, such as the words for a failure."""
    found = loaded(tmp_path, model=model, ipc=ipc)
    assert "breakeven_cell.run" in found
    assert not {name for name in found if name.startswith("multiprocessing")}
    assert not found & _SELDOM
    assert ("sysconfig" in found) == (
        sys.version_info[:2] == (3, 13)
    )  # the only one that must be asked for its JIT


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "process", "start_method": "fork", "ipc": "pipe"},
        {"model": "thread", "ipc": "pipe"},
        {"model": "thread", "ipc": "shared_memory"},
        {"model": "thread", "ipc": "reference", **function("work")},
    ],
    ids=str,
)
def test_what_uses_multiprocessing_is_prepared_for_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Its semaphores are named after the run, and its interpreters find the standard library: also a function's own."""
    found = loaded(tmp_path, **changes)
    assert {"multiprocessing.util", "breakeven_cell.spawning"} <= found


def test_a_function_that_fails_needs_no_import_to_say_so(tmp_path: Path) -> None:
    """There may be neither memory nor descriptors left for one."""
    assert "traceback" in loaded(tmp_path, model="thread", ipc="reference", **function("work"))
