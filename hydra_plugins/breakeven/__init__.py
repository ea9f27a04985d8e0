"""breakeven's launcher and sweeper, where Hydra looks for them; what they do is in `runner`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from runner.jobs import launch_jobs
from runner.planning.grid import expand


class BreakevenLauncher(Launcher):
    """Plans all cells first, then measures them one at a time in a random order."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives: how to compose, whom to call, and the configuration of the grid as a whole."""
        self._loader = hydra_context.config_loader
        self._task_function = task_function
        self._config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Carry out one cell for each list of overrides."""
        return launch_jobs(self._loader, self._task_function, self._config, job_overrides, initial_job_idx)


class BreakevenSweeper(Sweeper):
    """Full grids and concatenations of them, all launched at once so that their order can be random.

    ``params`` belong to every grid, ``grids`` are made one after the other; values as on the command line.
    """

    def __init__(
        self, params: Mapping[str, Any] | None = None, grids: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self._params: Mapping[str, Any] = params or {}
        self._grids: Sequence[Mapping[str, Any]] = grids or []

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Make the launcher that the configuration names."""
        self._loader = hydra_context.config_loader
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Launch every cell of the grids."""
        jobs = expand(arguments, dict(self._params), [dict(grid) for grid in self._grids], self._loader)
        returns = self._launcher.launch(jobs, initial_job_idx=0)
        for job in returns:
            _ = job.return_value  # raises what the job raised, where another launcher was chosen
        return [returns]


def _store(group: str, member: type, **knobs: Any) -> None:
    node = {"_target_": f"{__name__}.{member.__name__}", **knobs}
    ConfigStore.instance().store(group=group, name="breakeven", node=node, provider="breakeven")


_store("hydra/launcher", BreakevenLauncher)
_store("hydra/sweeper", BreakevenSweeper, params={}, grids=[])
