"""What tests of the host share."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.runner.store import Sweep
from tests.analysis_samples import Sample


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Return an empty sweep."""
    made = Sweep(tmp_path / "sweep")
    made.create()
    return made


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Return an empty sweep `outputs/a`, with the current directory beside `outputs`."""
    monkeypatch.chdir(tmp_path)
    return Sample(tmp_path / "outputs" / "a")
