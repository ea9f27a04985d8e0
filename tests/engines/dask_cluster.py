"""A real Dask cluster on loopback: a scheduler, and workers that each count as a machine with a lock of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from breakeven.runner.locks.machine import FOLDER
from tests.commands import environment
from tests.patience import wait_for

_ORDERLY_S = 10.0  # before it is killed: a worker whose scheduler is gone goes on
_JOINED = b"Registered to:"  # what a worker writes then


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, and that of the authority which signed it, as files."""

    authority: Path
    signed: Path
    key: Path

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options of Dask's scheduler and workers."""
        files = {"ca-file": self.authority, "cert": self.signed, "key": self.key}
        return tuple(word for name, file in files.items() for word in (f"--tls-{name}", str(file)))

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables of Dask's clients."""
        files = {"CA_FILE": self.authority, "CLIENT__CERT": self.signed, "CLIENT__KEY": self.key}
        return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(file) for name, file in files.items()}


def certificate(folder: Path) -> Certificate:
    """Return a certificate of an authority of its own, made by openssl."""
    folder.mkdir()
    made = Certificate(folder / "ca.pem", folder / "node.pem", folder / "node.key")
    new = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    _openssl(folder, "req", "-x509", *new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    _openssl(folder, "req", *new[:3], "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    _openssl(folder, "x509", "-req", "-in", "node.csr", *signing, "-out", "node.pem")
    return made


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607  # whichever is on the PATH


class Cluster:
    """A scheduler and its workers, by number; with ``certificate``, all of them show it and want one of the same authority."""

    def __init__(self, folder: Path, certificate: Certificate | None = None) -> None:
        self.folder = folder
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        protocol = "tcp" if certificate is None else "tls"
        self._tls = () if certificate is None else certificate.options
        about = folder / "scheduler.json"
        self.scheduler = self._start(
            *(
                "scheduler",
                "dask_scheduler",
                "--host",
                f"{protocol}://127.0.0.1",
                "--port",
                "0",  # any that is free; chosen here, another program might have it by then
                "--scheduler-file",
                str(about),
                "--no-dashboard",
                "--protocol",
                protocol,
            ),
            *self._tls,
        )
        self.address = self._await_scheduler(about)

    def start_worker(
        self, number: int, *, nanny: bool = False, variables: Mapping[str, str] | None = None
    ) -> None:
        """Start a worker with the resource, a lock of its own, and these environment variables; it joins by itself."""
        home = self.folder / f"node{number}"
        home.mkdir(exist_ok=True)
        self.workers[number] = self._start(
            f"worker{number}",
            *(
                "dask_worker",
                self.address,
                "--host",
                "127.0.0.1",
                "--nthreads",
                "1",
                "--nworkers",
                "1",
                "--nanny" if nanny else "--no-nanny",
            ),
            *("--resources", "breakeven=1", "--no-dashboard", "--local-directory", str(home)),
            *self._tls,
            cwd=home,
            variables=variables,
        )

    def await_workers(self) -> None:
        """Wait until the scheduler knows all workers."""
        for number, worker in self.workers.items():
            log = self.folder / f"worker{number}.log"
            wait_for(lambda log=log, worker=worker: _JOINED in log.read_bytes() or worker.poll() is not None)  # type: ignore[misc]  # loop variables bound now
            if worker.poll() is not None:
                raise AssertionError(log.read_text())

    def kill(self, number: int) -> None:
        """End a worker as a machine ends that loses its power."""
        worker = self.workers.pop(number)
        worker.kill()
        worker.wait()

    def kill_scheduler(self) -> None:
        """End the scheduler in the same way."""
        self.scheduler.kill()
        self.scheduler.wait()

    def stop(self) -> None:
        """End all, and wait for them."""
        for process in (*self.workers.values(), self.scheduler):
            process.send_signal(signal.SIGTERM)
        for process in (*self.workers.values(), self.scheduler):
            try:
                process.wait(_ORDERLY_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(
        self,
        name: str,
        program: str,
        *arguments: str,
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        home = cwd or self.folder
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
                cwd=home,
                env=environment({FOLDER: str(home), **(variables or {})}),
                stdout=log,
                stderr=log,
            )

    def _await_scheduler(self, about: Path) -> str:
        """Wait for the file that the scheduler writes once it listens, and return the address in it."""
        wait_for(lambda: self.scheduler.poll() is not None or (about.exists() and about.read_text()))
        address: str = json.loads(about.read_text())["address"]
        return address


@contextmanager
def cluster(folder: Path, workers: int, certificate: Certificate | None = None) -> Iterator[Cluster]:
    """Provide a cluster with so many workers, and end it."""
    made = Cluster(folder, certificate)
    try:
        for number in range(workers):
            made.start_worker(number)
        made.await_workers()
        yield made
    finally:
        made.stop()
