"""What tests of the host share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.host import child, stacks
from breakeven.runner.store import Sweep
from tests.analysis_samples import Sample
from tests.patience import PATIENCE_S, wait_for

EndTime = Callable[[Callable[[], Any]], None]
_LOOK_S = 0.01


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


@pytest.fixture
def end_time_when(monkeypatch: pytest.MonkeyPatch) -> EndTime:
    """Return what lets the time of this process's runs be over as soon as something has happened, and not before.

    How long a run takes to come to where it hangs, and to say where that is, is the host's affair.
    """
    readable = child._readable

    def end(happened: Callable[[], Any]) -> None:
        def wait(descriptors: list[int], _: float) -> set[int]:
            ready: set[int] = set()

            def is_over() -> Any:
                ready.update(readable(descriptors, _LOOK_S))
                return ready or happened()

            wait_for(is_over)
            return ready

        monkeypatch.setattr(child, "_readable", wait)
        monkeypatch.setattr(stacks, "_PATIENCE_S", PATIENCE_S)

    return end
