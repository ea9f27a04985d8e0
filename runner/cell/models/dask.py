"""`distributed.LocalCluster` with a `Client`: a scheduler, workers and a client on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from ..member import Requirement
from ..spaces import PROCESSES, THREADS
from ._foreign import Foreign, Item, Numbered, perform

_LOOPBACK = "127.0.0.1"
_HEALTH = f"{_LOOPBACK}:0"  # where each serves nothing but its health; without, a worker in this process does so to everybody
_QUIET = {"distributed.admin.large-graph-warning-threshold": "1PB"}  # payloads are what is measured


class Dask(Foreign):
    """Workers that a scheduler in the parent sends tasks over TCP, or threads of the parent's only worker."""

    OPTIONS: ClassVar[dict[str, str]] = {"backend": "processes|threads"}
    REQUIRES = (Requirement("distributed", "distributed", "dask"),)
    ALWAYS_PICKLES = True

    @classmethod
    def space(cls, options: dict[str, Any]) -> str:
        """Return where the workers' tasks run."""
        return THREADS if options.get("backend") == "threads" else PROCESSES

    def _prepare(self) -> None:
        import dask  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing
        import distributed  # noqa: PLC0415  # as above

        dask.config.set(_QUIET)
        self._library = distributed

    def _open(self) -> None:
        """Listen on the loopback alone, and without a dashboard."""
        workers = self.settings.workers
        self._cluster = self._library.LocalCluster(
            n_workers=workers if self.apart else 1,
            threads_per_worker=1 if self.apart else workers,
            processes=self.apart,
            host=_LOOPBACK if self.apart else None,
            dashboard_address=None,
            worker_dashboard_address=_HEALTH,
            scheduler_kwargs={"dashboard_address": _HEALTH},
            local_directory=self._folder,
            silence_logs=logging.ERROR,
        )
        self._client = self._library.Client(self._cluster, set_as_default=False)
        self._client.wait_for_workers(self._cluster_size())
        self._addresses = list(self._client.nthreads())

    def _cluster_size(self) -> int:
        return self.settings.workers if self.apart else 1

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        places = self._addresses if self.apart else self._addresses * self.settings.workers
        asked = [
            self._client.submit(function, *arguments, workers=[place], allow_other_workers=False, pure=False)
            for place in places
        ]
        self._client.gather(asked)

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        asked = self._client.map(perform, *map(list, zip(*tasks)), pure=False)
        results: list[Item] = self._client.gather(asked)
        return results

    def _one(self, task: Numbered) -> Item:
        result: Item = self._client.submit(perform, *task, pure=False).result()
        return result

    def _close(self) -> None:
        self._client.close()
        self._cluster.close()
