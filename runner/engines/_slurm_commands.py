"""Slurm's own commands: sbatch, squeue, sinfo and scancel, as an engine needs them; no accounting is asked."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from breakeven.base.suggestions import did_you_mean
from breakeven.runner.errors import EngineUnusable

_COMMANDS = ("sbatch", "squeue", "sinfo", "scancel")
_ANSWER_S = 30.0  # Slurm's own patience with its controller is 10 s for a message
_OURS = (
    "--job-name",
    "--output",
    "--error",
    "--nodelist",
    "--nodes",
    "--partition",
    "--exclusive",
    "--array",
)
_OURS_TOO = (
    "--parsable",
    "--wrap",
    "--wait",
    "--chdir",
    "--requeue",
    "--no-requeue",
    "--test-only",
    "--open-mode",
)
_SIZE = ("--nodes=1", "--exclusive", "--mem=0", "--no-requeue")
_FILTERS = ("SQUEUE_", "SINFO_", "SCANCEL_", "SBATCH_WAIT", "SBATCH_REQUEUE", "SBATCH_ARRAY")
_AWAY = re.compile(
    "unable to contact|connection|timed out|zero bytes|transport|temporarily|authentication|munge|standby|missing socket|"
    "message (send|receive) failure|communication|unexpected message|insane message|try again|(submissions|presently) disabled",
    re.IGNORECASE,
)
"""What Slurm says if it could not be asked, or cannot answer now: the errors of its communication layer, and of a
controller that is not in service."""
_HEAD = re.compile(r"^\w+: (error: )?")
_USABLE = re.compile(
    r"(idle|mixed|allocated|completing|planned)[~#$@^%+]*"
)  # a * at the end: it does not respond
_ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "DEADLINE")
_KILLED = ("OUT_OF_MEMORY", "REVOKED", "LAUNCH_FAILED", "SPECIAL_EXIT")
COMPLETED, PENDING, RUNNING = "COMPLETED", "PENDING", "RUNNING"
INSTALL = "on Debian: apt-get install slurm-client; on a cluster, use a login node"


class Unreachable(Exception):
    """Raised when the controller does not answer; the message is what the command said."""


class Refused(Exception):
    """Raised when Slurm answers and does not do what is asked; the message is what the command said."""


@dataclass(frozen=True)
class Job:
    """A job as the queue shows it; ``why`` is the reason for its state, ``node`` is empty before it starts."""

    state: str
    node: str
    why: str

    @property
    def has_ended(self) -> bool:
        """Return whether nothing of it can run any more."""
        return self.state in _ENDED or self.state in _KILLED


GONE = Job("gone from the queue", "", "")


@dataclass(frozen=True)
class Commands:
    """The commands for the jobs that are called ``name``, in a partition (None: the default one)."""

    name: str
    partition: str | None
    options: Sequence[str]

    def check(self) -> None:
        """Raise EngineUnusable if a job could not be submitted.

        Commands, controller, partition or options are wrong then.
        """
        missing = next((name for name in _COMMANDS if shutil.which(name) is None), None)
        if missing is not None:
            raise EngineUnusable(f"engine=slurm needs the command {missing}, which is not here; {INSTALL}")
        check_options(self.options)
        try:
            known = set(_call("sinfo", "--noheader", "--format=%R").split())
        except Unreachable as error:
            raise EngineUnusable(
                f"engine=slurm: the Slurm controller does not answer ({error}); see what `sinfo` says, and "
                "whether SLURM_CONF and the services munge and slurmctld are right"
            ) from error
        if self.partition is not None and self.partition not in known:
            raise EngineUnusable(
                f"engine.partition={self.partition}: no such partition{did_you_mean(self.partition, sorted(known))}; "
                f"there are {', '.join(sorted(known)) or 'none'}"
            )
        self._check_a_job()

    def _check_a_job(self) -> None:
        """Raise EngineUnusable if Slurm refuses a job with the options; it cannot say so while no node is up."""
        try:
            if self.nodes():
                _call("sbatch", "--test-only", *_SIZE, *self._where(), *self.options, "--wrap", "true")
        except (Refused, Unreachable) as error:
            raise EngineUnusable(
                f"engine=slurm: Slurm refuses the jobs of this sweep: {error}; see engine.partition and engine.sbatch"
            ) from error

    def submit(self, command: Sequence[str], log: Path, node: str | None = None) -> str:
        """Submit a job that takes a whole node, and return its id; raise Unreachable or Refused."""
        placed = [] if node is None else [f"--nodelist={node}"]
        said = _call(
            "sbatch",
            *("--parsable", f"--job-name={self.name}", f"--output={_as_it_is(log)}", f"--chdir={Path.cwd()}"),
            *(*_SIZE, *self._where(), *placed, *self.options),
            *("--wrap", f"exec {shlex.join(command)}"),
        )
        return said.strip().partition(";")[0]

    def queue(self) -> dict[str, Job]:
        """Return all jobs of the name by id, with those that ended a while ago; raise Unreachable."""
        return self._queue("--states=all")

    def waiting_or_running(self) -> dict[str, Job]:
        """Return the jobs of the name that have not ended; raise Unreachable."""
        return self._queue()

    def _queue(self, *choice: str) -> dict[str, Job]:
        said = _call(
            "squeue",
            *("--noheader", f"--user={os.getuid()}", f"--name={self.name}", "--format=%A|%T|%N|%r"),
            *choice,
        )
        found = (line.split("|", 3) for line in said.splitlines())
        return {number: Job(state, node, why) for number, state, node, why in found}

    def cancel_all(self) -> None:
        """Cancel all jobs of the name; raise Unreachable."""
        _call("scancel", "--quiet", f"--user={os.getuid()}", f"--name={self.name}")

    def cancel(self, job: str) -> None:
        """Cancel a job if the controller can be reached and the job has not ended."""
        with suppress(Unreachable):  # scancel fails as well for a job that is not there any more
            _call("scancel", "--quiet", job)

    def nodes(self) -> Mapping[str, str]:
        """Return the nodes of the partition that can run jobs and their states; raise Unreachable."""
        return {node: state for node, state in self.states().items() if _USABLE.fullmatch(state)}

    def states(self) -> Mapping[str, str]:
        """Return the states of all nodes of the partition; raise Unreachable."""
        said = _call("sinfo", "--noheader", "--Node", "--format=%N|%T|%P", *self._where())
        found = [line.split("|") for line in said.splitlines()]
        default = self.partition is None and any(partition.endswith("*") for *_, partition in found)
        return {node: state for node, state, partition in found if not default or partition.endswith("*")}

    def _where(self) -> list[str]:
        return [] if self.partition is None else [f"--partition={self.partition}"]


def _as_it_is(path: Path) -> str:
    """Return a path in which Slurm replaces nothing."""
    return str(path).replace("%", "%%")


def check_options(options: Sequence[object]) -> None:
    """Raise EngineUnusable for what is no option of sbatch, or one that the engine sets itself."""
    for option in options:
        if not isinstance(option, str) or not re.fullmatch(r"--[a-z][a-z0-9-]*(=.*)?", option):
            raise EngineUnusable(
                f"engine.sbatch: {option} is no long option of sbatch; write a list such as "
                "engine.sbatch=['--account=me','--time=60']"
            )
        name = option.partition("=")[0]
        if name in _OURS or name in _OURS_TOO:
            raise EngineUnusable(
                f"engine.sbatch: {name} is set by breakeven; leave it out (engine.partition and engine.nodes choose nodes)"
            )


def _call(*command: str) -> str:
    """Return what a command prints; raise Unreachable or Refused with what it says."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_FILTERS)}
    try:
        done = subprocess.run(
            command,
            env=plain,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
            start_new_session=True,  # a Ctrl-C is for us, who then cancel the jobs
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"{command[0]} said nothing for {_ANSWER_S:g} s") from error
    if done.returncode == 0:
        return done.stdout
    lines = [line for line in done.stderr.strip().splitlines() if not line.startswith("Try ")]
    lines = lines or [f"exit code {done.returncode}"]
    why = _HEAD.sub("", lines[-1])
    if command[0] == "sbatch" and not any(map(_AWAY.search, lines)):
        raise Refused(why)
    raise Unreachable(why)
