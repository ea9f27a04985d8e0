"""Refuse settings of Hydra's that have no effect on a sweep of breakeven's.

So nothing that was said is dropped.
"""

from __future__ import annotations

from functools import reduce
from operator import getitem
from typing import Any

from hydra.conf import HydraConf
from hydra.types import RunMode
from omegaconf import MISSING, DictConfig, OmegaConf

from breakeven.base.errors import BadValue

OURS = "hydra_plugins.breakeven.BreakevenLauncher"
"""The launcher that takes a sweep as a whole; any other one may use what is refused here."""
_RESULTS = "results land in outputs=FOLDER, in a folder of the name sweep=NAME"
_INSTEAD = {
    "run.dir": _RESULTS,
    "sweep.dir": _RESULTS,
    "sweep.subdir": _RESULTS,
    "output_subdir": "sweep.yaml in the results folder holds the configuration",
    "job.name": "name a sweep with sweep=NAME, a cell with label=NAME",
    "job.chdir": "functions are called in the folder where the command is typed",
    "job.env_set": "write environment.NAME=VALUE",
    "job.env_copy": "variables are inherited as they are",
}
_USUAL: dict[str, tuple[Any, ...]] = {
    "run.dir": (".", "outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}"),
    "sweep.dir": (".", "multirun/${now:%Y-%m-%d}/${now:%H-%M-%S}"),
    "sweep.subdir": (".", "${hydra.job.num}"),
    "output_subdir": (None, ".hydra"),
    "job.chdir": (False, None),
    "job.env_copy": ([],),
}
"""What breakeven's own configuration says of such a setting, and Hydra if that of a user says nothing."""
_GRID = ("params", "zip", "grids", "only", "exclude")


def refuse_unused(config: DictConfig) -> None:
    """Raise BadValue for a setting, typed or of a file, that only Hydra's own launcher or sweeper would use."""
    for override in config.hydra.overrides.hydra:
        key = str(override).partition("=")[0].lstrip("+~").removeprefix("hydra.")
        for name, instead in _INSTEAD.items():
            if f"{key}.".startswith(f"{name}."):
                raise BadValue(f"{override}: has no effect here; {instead}")
    refuse_set(config)


def refuse_set(config: DictConfig) -> None:
    """Raise BadValue for a setting of a file that only Hydra's own launcher or sweeper would use."""
    settings: Any = OmegaConf.to_container(config.hydra, resolve=False)
    for name, usual in _USUAL.items():
        value: Any = reduce(getitem, name.split("."), settings)
        if value not in (*usual, MISSING):
            raise BadValue(f"hydra.{name}={value}: has no effect here; {_INSTEAD[name]}")
    refuse_variables(config)


def refuse_variables(config: DictConfig) -> None:
    """Raise BadValue for variables that a file sets for Hydra's jobs."""
    for name in config.hydra.job.env_set:
        raise BadValue(f"hydra.job.env_set.{name}: has no effect here; write environment.{name}=VALUE")


def refuse_single_run(config: HydraConf) -> None:
    """Raise BadValue if Hydra makes a single run, and so drops the grid that the configuration describes."""
    if config.mode is not RunMode.RUN:
        return
    sweeper: Any = OmegaConf.to_container(config.sweeper, resolve=False)
    dropped = [key for key in _GRID if sweeper.get(key)]
    if dropped:
        raise BadValue(
            f"hydra.mode=RUN: would measure one cell and drop hydra.sweeper.{dropped[0]}; leave it out"
        )
