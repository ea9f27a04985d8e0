"""What tests of the machine's description share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from breakeven.runner.environment import files, machine
from tests.kernel_files import KernelFiles


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[KernelFiles]:
    """Let the kernel's files be those that a test puts, none to begin with; 64 CPUs are allowed."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    machine.lasting_facts.cache_clear()
    yield KernelFiles(tmp_path)
    machine.lasting_facts.cache_clear()
