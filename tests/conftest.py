"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def called_as_breakeven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let suggested commands start with ``breakeven``, as if the shell had found the script."""
    monkeypatch.setattr("sys.argv", ["breakeven"])
