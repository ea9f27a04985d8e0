"""`mpi4py.futures.MPIPoolExecutor`, which spawns its workers as MPI processes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from shutil import which
from typing import Any, ClassVar, Optional

from .. import failures, network
from ..isolated import isolated
from ..member import Lack, Requirement
from ._foreign import pass_gate
from ._foreign_executor import ForeignExecutor

_STARTER = "mpiexec"
_PRIVATE = "private"
_SHARED = "/dev/shm/"  # noqa: S108  # where MPI makes it
_SEGMENTS = ("mpich_shm_", "sm_segment.", "vader_segment.")  # of MPICH and of Open MPI


class Mpi(ForeignExecutor):
    """MPI processes that look for messages with pauses in between, and a thread of the parent that sends them tasks."""

    OPTIONS: ClassVar[dict[str, str]] = {"chunksize": "count?", "network": "private|host"}
    REQUIRES = (Requirement("mpi4py", "mpi4py", "mpi"),)

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return the lack of the package, of an MPI, or of the right to keep it to this machine."""
        found = super().lacks(options)
        if found is None and not which(_STARTER, path=_path()):
            return Lack(f"an MPI with its command {_STARTER}", package="mpich", extra="mpi")
        if found is None and options.get("network") == _PRIVATE and not _may_be_private():
            remedy = "choose model.network=host, with which MPI listens on every address of this machine"
            return Lack("a network namespace of its own", remedy)
        return found

    def _prepare(self) -> None:
        """Import it where what it opens should be; MPI looks for its commands on PATH."""
        self._former = network.enter() if self.settings.options["network"] == _PRIVATE else None
        os.environ["PATH"] = _path()
        from mpi4py import futures  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing

        self._make = futures.MPIPoolExecutor

    def _open(self) -> None:
        self._executor = self._make(self.settings.workers, main=False)
        self._executor.bootup(wait=True)

    def start(self) -> None:
        """Start, then unlink the memory that all have mapped by now: it goes with them however they end."""
        super().start()
        self._meet(unlink_and_wait)
        unlink_segments()

    def _close(self) -> None:
        super()._close()
        if self._former is not None and not failures.ends_with_run():
            network.leave(self._former)


def unlink_and_wait() -> None:
    """Unlink them in a worker, and wait until all workers have."""
    unlink_segments()
    pass_gate()


def unlink_segments() -> None:
    """Remove the names of the shared memory that MPI mapped into this process."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        mapped = {line.rstrip("\n")[line.find("/") :] for line in maps if _SHARED in line}
    for path in mapped:
        if path.startswith(tuple(_SHARED + name for name in _SEGMENTS)):
            with suppress(FileNotFoundError):  # another process that has mapped it may do so at the same time
                os.unlink(path)


def _path() -> str:
    """Return PATH with the folder of this interpreter first: an MPI that pip installed has its commands there."""
    return os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])


def _may_be_private() -> bool:
    asked = isolated(str(network.__file__))
    return subprocess.run(**asked, check=False, stderr=subprocess.DEVNULL).returncode == 0
