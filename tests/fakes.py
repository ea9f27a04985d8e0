"""Hand-written stand-ins: an engine that makes up its rows at once, and configurations composed once."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.config.files import conf_folder
from breakeven.runner.engines.loading import Calibrated, Engine
from breakeven.runner.hydra_app.compose import HYDRA_BASE, plain_config
from breakeven.runner.planning.request import Request
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult, rows
from breakeven.runner.store import Sweep

if TYPE_CHECKING:
    from omegaconf import DictConfig


class FakeEngine(Engine):
    """Ends every run at once: ``ok``, or as ``endings`` says for its model; ``interrupt_at`` stands for Ctrl-C.

    Before run ``lose_at`` the table ``runs`` of the sweep in ``folder`` is lost.
    """

    endings: ClassVar[dict[str, str]] = {}
    interrupt_at: ClassVar[int | None] = None
    lose_at: ClassVar[int | None] = None
    folder: ClassVar[Path] = Path()
    made: ClassVar[list[Run]] = []
    closed: ClassVar[int] = 0

    @classmethod
    def reset(cls) -> None:
        """Forget what was made and how runs end."""
        cls.endings, cls.interrupt_at, cls.lose_at, cls.made, cls.closed = {}, None, None, [], 0

    def submit(self, run: Run) -> Future[RunResult]:
        """Return the result of a run that took no time."""
        if len(self.made) == self.interrupt_at:
            raise KeyboardInterrupt
        if len(self.made) == self.lose_at:
            shutil.rmtree(Sweep(self.folder).table("runs"))
        self.made.append(run)
        status = self.endings.get(run.cell.model, "ok")
        row = rows.about(run, datetime(2026, 1, 1, tzinfo=UTC)) | {"status": status, "wall_ns": 10**6}
        row |= {"speedup": 1.5, "n_trials": 6} if status == "ok" else {"reason": "made up"}
        future: Future[RunResult] = Future()
        future.set_result(RunResult(row=row))
        return future

    def calibrate(self, run: Run) -> Future[Calibrated]:
        """Return an amount of work that takes exactly as long as was asked for."""
        future: Future[Calibrated] = Future()
        length = run.cell.task_ns
        future.set_result(CalibrationResult(length // 100 if length else None, length or 10**6))
        return future

    def close(self) -> None:
        """Count how often it was closed."""
        type(self).closed += 1


def configuration(*overrides: str) -> DictConfig:
    """Compose one configuration from conf/ through Hydra's own interface."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), **HYDRA_BASE):
        return compose("config", list(overrides))


@cache
def _plain(*overrides: str) -> dict[str, Any]:
    return plain_config(configuration(*overrides))


def plain(*overrides: str, **knobs: Any) -> dict[str, Any]:
    """Return a resolved configuration, a fresh copy, with top-level knobs replaced by ``knobs``."""
    found = {
        key: dict(value) if isinstance(value, dict) else value for key, value in _plain(*overrides).items()
    }
    return found | knobs


def request(*overrides: str, **knobs: Any) -> Request:
    """Return one configuration as the planner takes it."""
    return Request(plain(*overrides, **knobs), overrides)
