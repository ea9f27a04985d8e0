"""breakeven's launcher, sweeper and search path, where Hydra looks for them; what they do is in `runner.hydra_app`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from breakeven.runner.hydra_app.filters import Selected
from breakeven.runner.hydra_app.grid import expand, in_batches
from breakeven.runner.hydra_app.launcher import Asked, describe_sweep, launch_jobs, select_jobs
from breakeven.runner.hydra_app.search_path import add_folders

_log = logging.getLogger(__name__)


class BreakevenSearchPath(SearchPathPlugin):
    """Lets the user's own YAML files be found, when breakeven is the application that Hydra composes."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the folders that breakeven searches beside its own."""
        add_folders(search_path)


class BreakevenLauncher(Launcher):
    """Composes all jobs first. breakeven gets them as one sweep, any other task is called with one after the other."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives: how to compose, whom to call, and the configuration of the sweep as a whole."""
        self._asked = Asked(hydra_context, task_function, config)
        self.selected: Selected | None = None

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Carry out one job for each list of overrides."""
        return launch_jobs(self._asked, job_overrides, initial_job_idx, self.selected)


class BreakevenSweeper(Sweeper):
    """Full grids, zipped axes and concatenations of them, less what is not wanted.

    ``params`` and ``zip`` belong to every grid, ``grids`` are made one after the other; values as on the command line.
    ``only`` and ``exclude`` are conditions on the configurations that come out. ``max_batch_size`` is how many jobs are
    launched at once; null for all, so that their order can be random.
    """

    def __init__(
        self,
        params: Mapping[str, Any] | None = None,
        zip: Sequence[Mapping[str, Any]] | None = None,  # noqa: A002  # the key that a user writes
        grids: Sequence[Mapping[str, Any]] | None = None,
        max_batch_size: int | None = None,
        **_: Any,  # only and exclude are read where their interpolations are not resolved yet
    ) -> None:
        self._params = dict(params or {})
        self._zipped = zip or ()
        self._grids = [dict(grid) for grid in grids or ()]
        self._batch = max_batch_size

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Make the launcher that the configuration names."""
        self._asked = Asked(hydra_context, task_function, config)
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Launch every cell that is wanted, batch by batch; raise what a job raised."""
        jobs = self._jobs(arguments)
        if not self._asked.as_a_whole:
            describe_sweep(self._asked)
        returns: list[Sequence[JobReturn]] = []
        for first, batch in in_batches(jobs, self._batch):
            returns.append(self._launcher.launch(batch, initial_job_idx=first))
            for job in returns[-1]:
                if job.status is not JobStatus.COMPLETED:
                    _ = job.return_value  # raises what the job raised
        return returns

    def _jobs(self, arguments: list[str]) -> Sequence[Sequence[str]]:
        loader = self._asked.context.config_loader
        jobs = expand(arguments, self._params, self._grids, loader, self._zipped)
        selected = select_jobs(self._asked, jobs)
        if selected is None:
            return jobs
        if isinstance(self._launcher, BreakevenLauncher) and self._asked.as_a_whole:
            self._launcher.selected = selected
        else:
            for note in selected.notes:
                _log.warning(note)
        return [list(request.overrides) for request in selected.requests]


def _store(group: str, member: type, **knobs: Any) -> None:
    node = {"_target_": f"{__name__}.{member.__name__}", **knobs}
    ConfigStore.instance().store(group=group, name="breakeven", node=node, provider="breakeven")


_store("hydra/launcher", BreakevenLauncher)
_store(
    "hydra/sweeper",
    BreakevenSweeper,
    _convert_="all",  # plain lists and mappings are what the constructor is given
    params={},
    zip=[],
    grids=[],
    only=[],
    exclude=[],
    max_batch_size=None,
)
