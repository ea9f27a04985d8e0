"""A real Slurm cluster on loopback, without systemd: a controller, and nodes that each have a machine lock of their own."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakeven.runner.locks.machine import FOLDER
from tests.engines.ports import free_ports
from tests.patience import PATIENCE_S

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel")
MISSING = "needs a Slurm to start (munged, slurmctld, slurmd and its commands): run .ci/slurm as root"
PARTITION = "bench"
_MOST_NODES = 3
_MOST_FIRST = 900_000  # job ids; two clusters on a host must not use the same
_ORDERLY_S = 10.0  # before it is killed
_MOST_BYTES = 107  # of the path of a socket; a node has one for each job
_SOCKET = "n1/spool/n1_999999.4294967291"
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))

_CONF = """
ClusterName=breakeven
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog={folder}/lock-of-the-node
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_min_interval=0
ReturnToService=2
SlurmdParameters=config_overrides
SlurmdTimeout={notices_s}
MessageTimeout=3
TCPTimeout=1
KillWait=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n/slurmd.log
FirstJobId={first}
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MailProg=/bin/true
MpiDefault=none
{nodes}
PartitionName={partition} Nodes={names} Default=YES MaxTime=INFINITE State=UP OverSubscribe=EXCLUSIVE
"""

_PROLOG = """#!/bin/sh
echo "export {variable}={folder}/$SLURMD_NODENAME"
"""


def is_there() -> bool:
    """Return whether all programs are installed."""
    return all(shutil.which(program, path=_PATH) for program in PROGRAMS)


class Cluster:
    """A controller and its nodes, ``n1`` and so on; all of it lies in ``folder``, and ends with it.

    ``variables`` are those with which Slurm's commands find it. A node that is silent for ``notices_s`` is lost: a busy
    machine may stop one for seconds.
    """

    def __init__(self, folder: Path, notices_s: int) -> None:
        if len(os.fsencode(folder / _SOCKET)) > _MOST_BYTES:
            raise ValueError(f"{folder} is too long a path for the sockets of Slurm; choose a shorter one")
        self.folder = folder
        self._notices_s = notices_s
        self.nodes: dict[str, subprocess.Popen[bytes]] = {}
        self.variables = {"SLURM_CONF": str(folder / "slurm.conf")}
        folder.chmod(0o700)
        (folder / "state").mkdir()
        self._write()
        self._munged = self._start_munged()
        self._await("munge", (folder / "munge.socket").exists)
        self.controller = self._start_controller()

    def _write(self) -> None:
        """Write key and configuration; every port is free, and on loopback."""
        folder, host = self.folder, socket.gethostname()
        ports = free_ports(_MOST_NODES + 1)
        names = [f"n{number + 1}" for number in range(_MOST_NODES)]
        lines = [
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=1000"
            for name, port in zip(names, ports, strict=False)
        ]
        for name in names:
            (folder / name / "spool").mkdir(parents=True)
        text = _CONF.format(
            host=host,
            port=ports[-1],
            user=getpass.getuser(),
            folder=folder,
            notices_s=self._notices_s,
            first=1 + secrets.randbelow(_MOST_FIRST),
            nodes="\n".join(lines),
            names=",".join(names),
            partition=PARTITION,
        )
        (folder / "slurm.conf").write_text(text)
        (folder / "lock-of-the-node").write_text(_PROLOG.format(variable=FOLDER, folder=folder))
        (folder / "lock-of-the-node").chmod(0o700)
        (folder / "munge.key").write_bytes(secrets.token_bytes(128))
        (folder / "munge.key").chmod(0o400)

    def _start_munged(self) -> subprocess.Popen[bytes]:
        files = {
            "key-file": "key",
            "socket": "socket",
            "pid-file": "pid",
            "log-file": "log",
            "seed-file": "seed",
        }
        options = [f"--{option}={self.folder}/munge.{name}" for option, name in files.items()]
        # --force: its socket is to be reached by this user alone, and so lies in a private folder
        return self._start("munged", "--foreground", "--force", *options, home=self.folder)

    def _start_controller(self) -> subprocess.Popen[bytes]:
        return self._start("slurmctld", "-D", home=self.folder)

    def start_node(self, name: str) -> None:
        """Start a node; it joins by itself."""
        self.nodes[name] = self._start("slurmd", "-D", "-N", name, home=self.folder / name)

    def await_idle(self, *names: str) -> None:
        """Wait until nodes are idle."""
        self._await("nodes", lambda: set(names) <= set(self._states("idle")))

    def _states(self, state: str) -> list[str]:
        return self.ask(
            "sinfo", "--noheader", "--Node", "--format=%N", f"--states={state}", "--responding"
        ).split()

    def ask(self, *command: str) -> str:
        """Return what one of Slurm's commands prints; nothing if it fails."""
        done = subprocess.run(
            command,
            env=os.environ | self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout

    def queue(self) -> list[str]:
        """Return the ids of the jobs that have not ended."""
        return self.ask("squeue", "--noheader", "--format=%A").split()

    def running(self, node: str) -> list[str]:
        """Return the ids of the jobs that run on a node."""
        return self.ask(
            "squeue", "--noheader", "--format=%A", "--states=RUNNING", f"--nodelist={node}"
        ).split()

    def kill_node(self, name: str) -> None:
        """End a node and all that runs on it as a machine ends that loses its power."""
        slurmd = self.nodes.pop(name)
        while found := self.processes_of(name):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            slurmd.wait()

    def restart_controller(self) -> None:
        """End the controller as an update of Slurm does, and start another that finds its state.

        One that is killed forgets what happened in the last seconds: it gives ids of jobs that it forgot to others, and
        drains nodes which still have the old ones.
        """
        self.controller.terminate()
        self.controller.wait(PATIENCE_S)
        self.controller = self._start_controller()

    def processes_of(self, name: str) -> list[int]:
        """Return the processes of a node: its daemon, the keepers of its jobs and what runs in these."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_of(pid, name)]  # noqa: PTH208  # names are all that is needed

    def _is_of(self, pid: int, name: str) -> bool:
        process = Path("/proc") / str(pid)
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            home = (process / "cwd").readlink()
        except OSError:  # it has ended
            return False
        ours = f"SLURM_CONF={self.variables['SLURM_CONF']}".encode()
        return home == self.folder / name or {ours, f"SLURMD_NODENAME={name}".encode()} <= set(variables)

    def stop(self) -> None:
        """End all, and wait for it."""
        for name in tuple(self.nodes):
            self.kill_node(name)
        for process in (self.controller, self._munged):
            process.terminate()
            try:
                process.wait(_ORDERLY_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, program: str, *arguments: str, home: Path) -> subprocess.Popen[bytes]:
        with (self.folder / f"{program}.out").open("ab") as log:
            return subprocess.Popen(
                [str(shutil.which(program, path=_PATH)), *arguments],
                cwd=home,
                env=os.environ | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await(self, what: str, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end:
                said = "\n".join(path.read_text()[-500:] for path in self.folder.glob("*.out"))
                raise TimeoutError(f"{what} did not come up: {said}")
            time.sleep(0.05)


@contextmanager
def cluster(folder: Path, nodes: int = 2, notices_s: int = 60) -> Iterator[Cluster]:
    """Provide a cluster of which so many nodes are up, and end it."""
    made = Cluster(folder, notices_s)
    try:
        names = [f"n{number + 1}" for number in range(nodes)]
        for name in names:
            made.start_node(name)
        made.await_idle(*names)
        yield made
    finally:
        made.stop()
