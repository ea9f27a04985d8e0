"""What tests of the host share."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.runner.store import Sweep


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Return an empty sweep."""
    made = Sweep(tmp_path / "sweep")
    made.create()
    return made
