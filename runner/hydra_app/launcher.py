"""The work of a Hydra launcher and sweeper: select the jobs of a sweep and carry them out."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from breakeven.base.errors import BadValue
from breakeven.base.exit_codes import EXIT_INTERRUPTED
from breakeven.runner.config.search import BisectSearch
from breakeven.runner.hydra_app.choices import refuse_choices
from breakeven.runner.hydra_app.compose import Composer, as_written, plain_config, without_hydra
from breakeven.runner.hydra_app.filters import Selected, Selection, read_selection, select
from breakeven.runner.hydra_app.grid import expand
from breakeven.runner.hydra_app.parts import (
    Part,
    at_positions,
    parts_of,
    read_search,
    search_kind,
    search_of,
)
from breakeven.runner.hydra_app.task import Sweeping
from breakeven.runner.hydra_app.texts import as_typed, grid_for_hydra, zips_for_hydra
from breakeven.runner.hydra_app.unused import OURS, refuse_unused
from breakeven.runner.planning.request import Launch, Request

_ONE_BY_ONE = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


@dataclass(frozen=True)
class Setup:
    """What Hydra passes to a launcher or sweeper; ``config`` is the configuration of the sweep as a whole."""

    context: HydraContext
    task: Any
    config: DictConfig

    @property
    def as_a_whole(self) -> bool:
        """Return whether the task takes a whole sweep; any other is called once for each cell."""
        return hasattr(self.task, "carry_out")

    def composer(self) -> Composer:
        """Return the composer for the cells of a whole sweep."""
        return Composer(self.context.config_loader, self.config, [as_written(self.config.hydra.sweeper)])


class CellReturn(JobReturn):
    """The result of one cell of a sweep; its value is read on demand, since few sweepers need it."""

    def __init__(self, sweeping: Sweeping, request: Request) -> None:
        super().__init__(overrides=list(request.overrides), status=JobStatus.COMPLETED)
        self._sweeping = sweeping
        self._request = request

    @property
    def return_value(self) -> float:
        """Return the value of the cell for sweepers that optimise; more is better."""
        if self._return_value is None:
            self._return_value = self._sweeping.value(self._request)
        return float(self._return_value)

    @return_value.setter
    def return_value(self, value: float) -> None:
        self._return_value = value


def plan_jobs(setup: Setup, arguments: Sequence[str]) -> tuple[Sequence[Sequence[str]], Selected | None]:
    """Return the jobs of a sweep; raise BadInput.

    Their configurations too, if choosing the jobs required composing them.
    """
    if not setup.as_a_whole:
        part = Part.of_another(arguments, setup.config)
        jobs = _expanded(setup, part)
        return _chosen(jobs, _select(setup, jobs, read_selection(part.unresolved)))
    if setup.config.hydra.launcher.get("_target_") == OURS:
        refuse_unused(setup.config)
    elif search_of(setup.config) is not None:
        raise BadValue(
            f"hydra/sweeper={search_kind(setup.config.hydra.sweeper)}: chooses each run by those before it, so that it needs a launcher that takes all cells at once; "
            "leave out hydra/launcher (engine=slurm, ray or dask measures on other machines)"
        )
    composer = setup.composer()
    parts = parts_of(arguments, composer)
    made = [part.unresolved for part in parts]
    at_once = made == composer.sweepers
    composer.sweepers = made
    several = [(_expanded(setup, part), read_selection(part.unresolved)) for part in parts]
    for jobs, _ in several:
        _refuse_choices(jobs)
    if at_once and not several[0][1]:
        return several[0][0], None
    found = [
        select(jobs, lambda job, number: composer.compose_all([job], number)[0], selection)
        for jobs, selection in several
    ]
    requests = tuple(request for one in found for request in one.requests)
    return _chosen((), Selected(requests, tuple(note for one in found for note in one.notes)))


def _refuse_choices(jobs: Iterable[Sequence[str]]) -> None:
    refuse_choices(dict.fromkeys(text for job in jobs for text in job))


def _expanded(setup: Setup, part: Part) -> list[list[str]]:
    knobs = {key: part.sweeper.get(key) for key in ("params", "grids", "zip")}
    params, grids, zipped = knobs["params"] or {}, knobs["grids"] or [], knobs["zip"] or ()
    if setup.as_a_whole:
        params, grids, zipped = (
            grid_for_hydra(params),
            list(map(grid_for_hydra, grids)),
            zips_for_hydra(zipped),
        )
    jobs = expand(part.arguments, params, grids, setup.context.config_loader, zipped)
    search = read_search(part.sweeper)
    return at_positions(jobs, search) if isinstance(search, BisectSearch) else jobs


def _chosen(
    jobs: Sequence[Sequence[str]], selected: Selected | None
) -> tuple[Sequence[Sequence[str]], Selected | None]:
    return (jobs if selected is None else [list(one.overrides) for one in selected.requests]), selected


def _select(setup: Setup, jobs: Sequence[Sequence[str]], selection: Selection) -> Selected | None:
    if not selection:
        return None
    return select(jobs, lambda job, number: _as_request(_composed(setup, job, number)), selection)


def launch_jobs(
    setup: Setup, jobs: Sequence[Sequence[str]], first_number: int, selected: Selected | None = None
) -> Sequence[JobReturn]:
    """Compose every job, then carry out all of them, as a Hydra launcher does.

    ``selected`` holds the configurations of all jobs of the sweep if selecting them required composing them.
    """
    if not setup.as_a_whole:
        return _launch_one_by_one(setup, jobs, first_number)
    _refuse_choices(jobs)
    search = search_of(setup.config)
    chosen = _of_these_jobs(setup, jobs, first_number, selected)
    base = plain_config(without_hydra(setup.config), whole=False)
    sweeping: Sweeping = setup.task
    requests = [
        replace(request, overrides=tuple(map(as_typed, request.overrides))) for request in chosen.requests
    ]
    typed = tuple(map(as_typed, setup.config.hydra.overrides.task))
    launch = Launch(requests, typed, base, chosen.notes, search=search)
    if sweeping.carry_out(launch) == EXIT_INTERRUPTED:
        raise KeyboardInterrupt  # a sweeper that launches in batches would go on with the next batch
    return [CellReturn(sweeping, request) for request in chosen.requests]


def describe_sweep(setup: Setup) -> None:
    """Write ``multirun.yaml`` to the folder of a sweep, as Hydra's own sweeper does."""
    folder = Path(str(setup.config.hydra.sweep.dir))
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(setup.config, folder / "multirun.yaml")


def _of_these_jobs(
    setup: Setup, jobs: Sequence[Sequence[str]], first_number: int, selected: Selected | None
) -> Selected:
    """Return the configurations of the jobs of one launch; only the first launch gets the notes."""
    if selected is None:
        return Selected(tuple(setup.composer().compose_all(jobs, first_number)))
    requests = selected.requests[first_number : first_number + len(jobs)]
    return Selected(requests, () if first_number else selected.notes)


class _Composed:
    """A stand-in for Hydra's loader that returns configurations composed before, each once, then drops it."""

    def __init__(self, configs: Sequence[DictConfig]) -> None:
        self._configs = deque(configs)

    def load_sweep_config(self, _: DictConfig, __: list[str]) -> DictConfig:
        return self._configs.popleft()


def _launch_one_by_one(setup: Setup, jobs: Sequence[Sequence[str]], first_number: int) -> Sequence[JobReturn]:
    """Let Hydra's own launcher call the task once for each job, after all of them are composed."""
    configs = [_composed(setup, job, first_number + place) for place, job in enumerate(jobs)]
    loader: Any = _Composed(configs)
    configs.clear()
    own = copy.deepcopy(setup.config)
    with read_write(own.hydra), open_dict(own.hydra):
        own.hydra.launcher = {"_target_": _ONE_BY_ONE}
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=replace(setup.context, config_loader=loader), task_function=setup.task, config=own
    )
    return launcher.launch(jobs, first_number)


def _composed(setup: Setup, job: Sequence[str], number: int) -> DictConfig:
    config = setup.context.config_loader.load_sweep_config(setup.config, list(job))
    with open_dict(config):
        config.hydra.job.id = str(number)
        config.hydra.job.num = number
    return config


def _as_request(config: DictConfig) -> Request:
    choices = {str(group): choice for group, choice in config.hydra.runtime.choices.items()}
    overrides = tuple(config.hydra.overrides.task)
    return Request(plain_config(without_hydra(config), whole=False), overrides, choices)
