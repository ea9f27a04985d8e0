"""breakeven's configuration under Hydra's own launcher and sweeper, with a job that does nothing.

    python -m benchmarks.empty_job -m 'label=range(0,10)' hydra.sweep.dir=FOLDER

Hydra's settings are those that it comes with: each job has a folder of its own and its configuration and log
there.
"""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig

from breakeven.runner.config.files import conf_folder
from breakeven.runner.hydra_app.compose import HYDRA_BASE

STOCK = (
    "hydra/launcher=basic",
    "hydra/sweeper=basic",
    "hydra/job_logging=default",
    "hydra/hydra_logging=default",
    "hydra.output_subdir=.hydra",
    "hydra.sweep.subdir=${hydra:job.num}",
)


def job(config: DictConfig) -> None:
    """Do nothing."""


if __name__ == "__main__":
    sys.argv += STOCK
    hydra.main(config_path=str(conf_folder()), config_name="config", **HYDRA_BASE)(job)()
