"""breakeven's launcher, sweeper and search path as Hydra plugins; the work is done in `runner.hydra_app`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins import file_config_source
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.config_source import ConfigLoadError, ConfigResult
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from breakeven.runner.config.search import BISECT, RACE, TASK
from breakeven.runner.hydra_app import resolvers, yaml_files
from breakeven.runner.hydra_app.filters import Selected
from breakeven.runner.hydra_app.grid import in_batches
from breakeven.runner.hydra_app.launcher import Setup, describe_sweep, launch_jobs, plan_jobs
from breakeven.runner.hydra_app.search_path import SCHEME, add_folders


class BreakevenFiles(file_config_source.FileConfigSource):
    """YAML files of a folder, whose names are texts as written."""

    @staticmethod
    def scheme() -> str:
        """Return how a search path says that a folder is read so."""
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """Return what a file holds; raise what Hydra's own source raises, and BadInput."""
        file = Path(self.path, self._normalize_file_name(config_path))
        if not file.exists():
            raise ConfigLoadError(f"Config not found : {file}")
        text = yaml_files.read(file, config_path.rpartition("/")[0])
        header = self._get_header_dict(text[:_HEADER])
        stream = _Named(text, str(file))
        return ConfigResult(
            provider=self.provider,
            path=f"{SCHEME}://{self.path}",
            config=OmegaConf.load(stream),
            header=header,
        )


class _Named(StringIO):
    """A text that errors of YAML name by its file."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


_HEADER = 512
_log = logging.getLogger(__name__)


class BreakevenSearchPath(SearchPathPlugin):
    """Adds the user's own YAML files to Hydra's search path if it composes breakeven."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the folders that breakeven searches besides its own."""
        add_folders(search_path)


class BreakevenLauncher(Launcher):
    """Composes all jobs first; breakeven gets them as one sweep, any other task is called once for each."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store the context, the task and the configuration of the sweep as a whole."""
        self._setup = Setup(hydra_context, task_function, config)
        self.selected: Selected | None = None

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Carry out one job for each list of overrides."""
        return launch_jobs(self._setup, job_overrides, initial_job_idx, self.selected)


class BreakevenSweeper(Sweeper):
    """Full grids, zipped axes and concatenations of grids, minus excluded cells.

    ``params`` and ``zip`` belong to every grid, ``grids`` follow one another; values are written as on the
    command line. ``only`` and ``exclude`` are conditions on the resulting configurations. ``max_batch_size``
    is the number of jobs launched at once; null for all, so that their order can be random.
    """

    def __init__(self, max_batch_size: int | None = None, **_: Any) -> None:
        # the other keys are read in `runner.hydra_app`, which refuses unknown ones in words of its own
        self._batch = max_batch_size

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Create the launcher that the configuration names."""
        self._setup = Setup(hydra_context, task_function, config)
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Launch every selected cell, batch by batch; raise what a job raised."""
        jobs = self._jobs(arguments)
        if not self._setup.as_a_whole:
            describe_sweep(self._setup)
        returns: list[Sequence[JobReturn]] = []
        for first, batch in in_batches(jobs, self._batch):
            returns.append(self._launcher.launch(batch, initial_job_idx=first))
            for job in returns[-1]:
                if job.status is not JobStatus.COMPLETED:
                    _ = job.return_value  # raises what the job raised
        return returns

    def _jobs(self, arguments: list[str]) -> Sequence[Sequence[str]]:
        jobs, selected = plan_jobs(self._setup, arguments)
        if selected is None:
            return jobs
        if isinstance(self._launcher, BreakevenLauncher) and self._setup.as_a_whole:
            self._launcher.selected = selected
        else:
            for note in selected.notes:
                _log.warning(note)
        return jobs


class RaceSweeper(BreakevenSweeper):
    """The same grid, of which a race measures what it takes to know the fastest cell."""


class BisectSweeper(BreakevenSweeper):
    """The same grid without one axis, along which a bisection finds where each of its lines begins to pay."""


def _store(group: str, member: type, name: str = "breakeven", **knobs: Any) -> None:
    node = {"_target_": f"{__name__}.{member.__name__}", **knobs}
    ConfigStore.instance().store(group=group, name=name, node=node, provider="breakeven")


resolvers.register()


_store("hydra/launcher", BreakevenLauncher)
_GRID: dict[str, Any] = {
    "_convert_": "all",  # pass plain lists and dicts to the constructor
    "params": {},
    "zip": [],
    "grids": [],
    "only": [],
    "exclude": [],
    "max_batch_size": None,
}
_store("hydra/sweeper", BreakevenSweeper, **_GRID)
_store("hydra/sweeper", RaceSweeper, RACE, **_GRID, regret="10%", structure="auto")
_store("hydra/sweeper", BisectSweeper, BISECT, **_GRID, along=TASK, between=None, factor=1.25, most=60)
