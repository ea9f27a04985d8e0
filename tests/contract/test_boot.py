"""What a worker does until it is ready: it imports the user's modules, and nothing of ours is unpickled before."""

from __future__ import annotations

import sys
import time
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell.boot import Later, Users


class Unreadable:
    """An object that cannot be unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


def test_what_comes_later_is_unpickled_when_it_is_called_for() -> None:
    """Until then it is bytes; in the process where it was made it is the object itself."""
    made = ["anything"]
    assert Later(made).get() is made
    assert ForkingPickler.loads(ForkingPickler.dumps(Later(made))).get() == made
    arrived = ForkingPickler.loads(ForkingPickler.dumps(Later(Unreadable())))
    with pytest.raises(ValueError, match="no number"):
        arrived.get()


@pytest.mark.parametrize("apart", [False, True])
def test_a_worker_is_ready_when_it_has_imported_the_users_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    """The time is that after the import, in a process and in a thread."""
    name = f"users_module_{apart}"
    (tmp_path / f"{name}.py").write_text("import time\nSEEN = time.perf_counter_ns()\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    ready = Users((name,), (str(tmp_path),), apart).load()
    assert isinstance(ready, int)
    assert sys.modules.pop(name).SEEN <= ready <= time.perf_counter_ns()


def test_what_a_module_raises_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is: the worker reports it once it can."""
    (tmp_path / "users_exit.py").write_text("raise SystemExit(5)\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    ready = Users(("users_exit",), (), False).load()
    assert isinstance(ready, SystemExit)
