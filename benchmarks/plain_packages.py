"""The speedup and the start-up of packages' pools of two processes, written by hand: the reference for others.

    python -m benchmarks.plain_packages loky|joblib|mpire|dask|ray|mpi [--seconds 1]

Prints the median speedup of pairs, as `benchmarks.plain_pool` does: the same calls one after the other, and through the
pool's map, in turns whose order alternates; and the time in ns from the creation of the pool until both processes were
in their first tasks, of which each waits for the other. Nothing of the lab is imported.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns, sleep
from typing import Any

from benchmarks.plain_pool import WORKERS, Map, speedups


def meet(path: str) -> int:
    """Return when this task began, once the other one has begun as well."""
    began = perf_counter_ns()
    Path(path).touch()
    while len(list(Path(path).parent.iterdir())) < WORKERS:
        sleep(0.001)
    return began


@contextmanager
def _loky() -> Iterator[Map]:
    import loky  # noqa: PLC0415  # one of them is measured, and the others may be missing

    with loky.ProcessPoolExecutor(WORKERS) as pool:
        yield lambda function, items: list(pool.map(function, items))


@contextmanager
def _joblib() -> Iterator[Map]:
    import joblib  # noqa: PLC0415  # as above

    with joblib.Parallel(WORKERS) as parallel:
        yield lambda function, items: list(parallel(joblib.delayed(function)(item) for item in items))


@contextmanager
def _mpire() -> Iterator[Map]:
    import mpire  # noqa: PLC0415  # as above

    with mpire.WorkerPool(WORKERS, keep_alive=True) as pool:
        yield lambda function, items: list(pool.map(function, items))


@contextmanager
def _dask() -> Iterator[Map]:
    import distributed  # noqa: PLC0415  # as above

    cluster = distributed.LocalCluster(WORKERS, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        yield lambda function, items: list(client.gather(client.map(function, items, pure=False)))


@contextmanager
def _ray() -> Iterator[Map]:
    import ray  # noqa: PLC0415  # as above

    ray.init(
        address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level=40
    )
    known: dict[str, Any] = {}

    def mapped(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        remote = known.setdefault(function.__name__, ray.remote(function))
        return list(ray.get([remote.remote(item) for item in items]))

    yield mapped
    ray.shutdown()


@contextmanager
def _mpi() -> Iterator[Map]:
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # where pip puts mpiexec
    from mpi4py.futures import MPIPoolExecutor  # noqa: PLC0415  # as above

    with MPIPoolExecutor(WORKERS, main=False) as pool:
        yield lambda function, items: list(pool.map(function, items))


PACKAGES: dict[str, Callable[[], AbstractContextManager[Map]]] = {
    "loky": _loky,
    "joblib": _joblib,
    "mpire": _mpire,
    "dask": _dask,
    "ray": _ray,
    "mpi": _mpi,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    __import__({"dask": "distributed", "mpi": "mpi4py.futures"}.get(asked.package, asked.package))
    with TemporaryDirectory() as folder:
        start = perf_counter_ns()
        with PACKAGES[asked.package]() as mapped:
            # by its name, and not that of __main__: a worker imports it
            from benchmarks.plain_packages import meet as first  # noqa: PLC0415

            began = mapped(first, [f"{folder}/{number}" for number in range(WORKERS)])
            started = max(began) - start
            print(statistics.median(speedups(mapped, asked.seconds)), started)


if __name__ == "__main__":
    main()
