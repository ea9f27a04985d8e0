"""A real Ray cluster on this host, with a token: nodes that each count as a machine with a lock of its own.

Where the system allows, it has a network of its own, which nobody else can reach.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from breakeven.runner.locks.machine import FOLDER
from tests import commands
from tests.commands import environment
from tests.engines.ports import free_ports
from tests.engines.sweeps import processes_in
from tests.patience import PATIENCE_S

_LOOK_S = 0.1
_SIZE = "80000000"  # bytes for objects, the least that Ray takes


class Cluster:
    """A head, which is node 0, and further nodes, by number."""

    def __init__(self, folder: Path) -> None:
        """Prepare one; sockets have short paths, so ``folder`` does as well."""
        self.folder = folder
        self.network = _own_network()
        (port,) = free_ports(
            1
        )  # Ray looks for others on the whole host, and takes one of the same address for its own
        self.address = f"127.0.0.1:{port}"
        self.token = folder / "token"
        self.token.touch(0o600)
        self.token.write_text(secrets.token_hex(32))
        self.nodes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def variables(self) -> Mapping[str, str]:
        """Return what a command needs in its environment to talk to the cluster."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.token),
            "RAY_gcs_rpc_server_reconnect_timeout_s": "3",
        }

    @property
    def asked(self) -> tuple[str, ...]:
        """Return what a command is typed with that is to measure on the cluster."""
        return ("engine=ray", f"engine.address={self.address}")

    def inside(self, command: list[str]) -> list[str]:
        """Return a command that runs in the network of the cluster; its process is the same."""
        return [*self._enter(), *command]

    def start_head(self) -> None:
        """Start node 0, on which the others depend, and which measures as well."""
        port = self.address.rpartition(":")[2]
        self._start(0, "--head", "--port", port, "--include-dashboard", "false")

    def start_node(self, number: int) -> None:
        """Start a node with the resource and a lock of its own."""
        self._start(number, "--address", self.address)

    def kill(self, number: int) -> None:
        """End a node as a machine ends that loses its power; with 0 the scheduler is gone as well."""
        node = self.nodes.pop(number)
        while left := self.processes(number):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):  # until all that it started meanwhile has ended as well
                node.wait(_LOOK_S)
        node.wait(PATIENCE_S)  # it may end after the last look, and nobody else asks how

    def processes(self, number: int) -> list[int]:
        """Return the processes of a node, what it measures among them: those that work in its folder."""
        return processes_in(self._home(number))

    def stop_nodes(self) -> None:
        """End all nodes, and wait for them."""
        for number in list(self.nodes):
            self.kill(number)

    def stop(self) -> None:
        """End all, and wait for it."""
        self.stop_nodes()
        if self.network:
            _end(self.network)

    def _home(self, number: int) -> Path:
        return self.folder / f"node{number}"

    def _start(self, number: int, *arguments: str) -> None:
        home = self._home(number)
        home.mkdir(exist_ok=True)
        ray = "import sys; from ray.scripts.scripts import main; sys.exit(main())"
        with (self.folder / f"node{number}.log").open("wb") as log:
            self.nodes[number] = subprocess.Popen(
                self.inside(
                    [
                        *(sys.executable, "-c", ray, "start", "--block", *arguments),
                        *(
                            "--node-ip-address",
                            "127.0.0.1",
                            "--resources",
                            '{"breakeven": 1}',
                        ),
                        *("--num-cpus", "1", "--object-store-memory", _SIZE, "--disable-usage-stats"),
                        *("--include-log-monitor", "false"),
                    ]
                ),
                cwd=home,
                env=environment({FOLDER: str(home), "RAY_TMPDIR": str(self.folder), **self.variables}),
                stdout=log,
                stderr=log,
            )
        self._await(number)

    def _await(self, number: int) -> None:
        log, end = self.folder / f"node{number}.log", time.monotonic() + PATIENCE_S
        while b"Ray runtime started" not in log.read_bytes():
            if self.nodes[number].poll() is not None or time.monotonic() > end:
                raise AssertionError(log.read_text())
            time.sleep(0.05)

    def _enter(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.network.pid}/ns/net"] if self.network else []


def _own_network() -> subprocess.Popen[str] | None:
    """Return a process that keeps a network of its own, with its loopback; None where that is not allowed."""
    script = "ip link set lo up && echo ready && exec sleep infinity"
    try:
        keeper = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", script],  # noqa: S607  # where it is depends on the system
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except FileNotFoundError:
        return None
    if commands.said(keeper) == "ready":
        return keeper
    _end(keeper)
    return None


def _end(keeper: subprocess.Popen[str]) -> None:
    with keeper:
        keeper.kill()


@contextmanager
def cluster(nodes: int) -> Iterator[Cluster]:
    """Provide a cluster with so many nodes, and end it."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        made = Cluster(Path(folder))
        try:
            made.start_head()
            for number in range(1, nodes):
                made.start_node(number)
            yield made
        finally:
            made.stop()
