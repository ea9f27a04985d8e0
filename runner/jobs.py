"""What a Hydra launcher is asked: to carry out the jobs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from runner.launcher import Launch, Sweeping
from runner.planning.compose import Composer, Request, plain_config, without_hydra


def launch_jobs(
    loader: ConfigLoader,
    task: Any,
    config: DictConfig,
    jobs: Sequence[Sequence[str]],
    first_number: int,
) -> list[JobReturn]:
    """Compose every job of a sweep and hand all of them to ``task``; what a Hydra launcher does.

    ``config`` is what Hydra composed for the sweep as a whole.
    """
    requests = Composer(loader, config).compose_all(jobs, first_number)
    sweeping: Sweeping = task
    base = plain_config(without_hydra(config), whole=False)
    code = sweeping.carry_out(Launch(requests, tuple(config.hydra.overrides.task), base))
    return [_job_return(request, code) for request in requests]


def _job_return(request: Request, code: int) -> JobReturn:
    done = JobReturn(overrides=list(request.overrides), status=JobStatus.COMPLETED)
    done.return_value = code
    return done
