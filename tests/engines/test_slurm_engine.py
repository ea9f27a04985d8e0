"""Sweeps on a real Slurm cluster of nodes on this host: function and faults, no timings."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from breakeven.runner.cell import models
from breakeven.runner.engines._slurm_commands import Commands
from breakeven.runner.engines.slurm import name_of
from breakeven.runner.errors import EngineUnusable
from tests import commands
from tests.collaboration.host_runs import write_module
from tests.commands import QUIET, Completed, Started
from tests.engines import slurm_cluster
from tests.engines.slurm_cluster import PARTITION, Cluster, cluster
from tests.engines.sweeps import ENDINGS, LIMITS, QUICK, SLOW, STATUSES, Held, runs_of, spans_of, stored
from tests.patience import PATIENCE_S, wait_for

pytestmark = pytest.mark.skipif(not slurm_cluster.is_there(), reason=slurm_cluster.MISSING)

MINE = ("engine=slurm", "engine.nodes=3", "engine.patience=5min", *QUICK)
FUNCTION = ("workload=function", "workload.target=mine:work", "tasks=2")
AT_HOME = """
import os
import re

def at_home():
    assert not [name for name in os.environ if name.startswith(("SLURM", "SRUN", "PMI"))]
"""
SWELLS = "\ndef swells():\n    return bytearray(2**40)\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Provide a cluster of two nodes that no test damages."""
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Provide a cluster of two nodes for one test, which soon notices that one is lost."""
    with cluster(tmp_path_factory.mktemp("cluster"), notices_s=8) as made:
        yield made


def once_each(runs: pd.DataFrame) -> bool:
    """Return whether no run is there twice."""
    return not runs.duplicated(["cell_id", "round"]).any()


def typed(folder: Path, of: Cluster, *arguments: str) -> Completed:
    """Type a command and wait for its end."""
    return commands.run(commands.module("breakeven", "-m", *MINE, *arguments), folder, of.variables)


def start(folder: Path, of: Cluster, *arguments: str) -> Started:
    """Type a command that goes on while the test does something."""
    return commands.start(commands.module("breakeven", "-m", *MINE, QUIET, *arguments), folder, of.variables)


def test_both_nodes_make_runs_and_none_two_at_once(tmp_path: Path, shared: Cluster) -> None:
    """Runs overlap in time between nodes, never on one; each cell of each round is stored once; no job and no folder is left."""
    done = typed(tmp_path, shared, "model=thread,process", "rounds=3", "tasks=200")
    assert done.returncode == 0, done.stderr
    runs = spans_of(runs_of(tmp_path))
    assert (len(runs), bool(runs["status"].eq("ok").all()), set(runs["node"])) == (6, True, {"n1", "n2"})
    assert once_each(runs)
    for _, own in runs.groupby("node"):
        assert (own["begin"].to_numpy()[1:] >= own["end"].to_numpy()[:-1]).all()
    assert (runs["begin"].to_numpy()[1:] < runs["end"].cummax().to_numpy()[:-1]).any()
    assert shared.queue() == []
    assert not (tmp_path / "outputs" / "mine" / ".slurm").exists()


def test_however_a_run_ends_on_a_node_it_is_recorded(tmp_path: Path, shared: Cluster) -> None:
    """A run that exits, is killed, hangs, raises, takes all memory or asks for too much ends alone; the job on the node goes on, and no run sees it."""
    (tmp_path / "mine.py").write_text(ENDINGS + SWELLS + AT_HOME)
    names = (*STATUSES, "mine:swells", "mine:at_home")
    done = typed(
        tmp_path,
        shared,
        *(
            "engine.allocation=shared",
            "workload=function",
            f"workload.target={','.join(names)}",
            QUIET,
        ),
        *("model=process", "rounds=1", *LIMITS, f"engine.folder={tmp_path / 'exchange'}"),
    )
    assert done.returncode == 1, done.stderr
    runs = runs_of(tmp_path)
    assert dict(zip(runs["function"], runs["status"], strict=True)) == {
        **STATUSES,
        "mine:swells": "failed",
        "mine:at_home": "ok",
    }
    assert set(runs["node"]) <= {"n1", "n2"}
    assert (shared.queue(), (tmp_path / "exchange").exists()) == ([], False)


def test_mpi_starts_its_workers_itself(tmp_path: Path, shared: Cluster) -> None:
    """Its starter would ask Slurm for a step, in a network of the run's own that Slurm is not in."""
    lack = models.load("mpi").lacks({"network": "private"})
    if lack is not None:
        pytest.skip(f"needs {lack.what}: {lack.remedy or f'pip install breakeven[{lack.extra}]'}")
    done = typed(tmp_path, shared, "model=mpi", "workers=2", "rounds=1", "limits.time=5min", QUIET)
    assert done.returncode == 0, done.stderr
    assert runs_of(tmp_path)["status"].tolist() == ["ok"]


@pytest.mark.parametrize("allocation", ["per_run", "shared"])
def test_a_sweep_survives_its_cluster(allocation: str, tmp_path: Path, own: Cluster) -> None:
    """A node dies in the middle of a run, another joins, the controller is restarted: each run is stored once, some from the new node."""
    held = Held(tmp_path)
    asked = (
        *(*FUNCTION, f"engine.allocation={allocation}", "model=thread", "rounds=4", "workers=1,2"),
        "limits.time=10min",  # those that are held wait for a node that starts
    )
    with start(tmp_path, own, *asked) as sweep:
        wait_for(lambda: stored(tmp_path) >= 1 and own.running("n1") != [])
        own.kill_node("n1")
        held.hold()
        own.start_node("n3")
        wait_for(lambda: own.running("n3") != [] and held.waiting >= 2)  # one of them on n2
        own.restart_controller()
        held.let_go()
        _, said = sweep.communicate(timeout=PATIENCE_S)
        assert sweep.returncode == 0, said
    runs = runs_of(tmp_path)
    assert (len(runs), once_each(runs), bool(runs["status"].eq("ok").all())) == (8, True, True)
    assert "n3" in set(runs["node"])
    wait_for(lambda: own.queue() == [])


def test_a_killed_orchestrator_finds_its_jobs_again(tmp_path: Path, own: Cluster) -> None:
    """Those that run and those that wait are cancelled before the same command submits; no run is stored twice."""
    write_module(tmp_path, SLOW)
    asked = (*FUNCTION, "engine.placement=any", "model=thread", "rounds=8")
    other = own.ask(
        "sbatch", "--parsable", "--exclusive", "--output=/dev/null", "--wrap", "sleep 3600"
    ).strip()
    with start(tmp_path, own, *asked) as sweep:
        wait_for(lambda: stored(tmp_path) >= 1 and len(own.queue()) >= 3)
        sweep.kill()
    left = set(own.queue()) - {other}
    assert left
    with start(tmp_path, own, *asked) as sweep:
        wait_for(lambda: not left & set(own.queue()))
        _, said = sweep.communicate(timeout=PATIENCE_S)
        assert sweep.returncode == 0, said
    runs = runs_of(tmp_path)
    assert (len(runs), once_each(runs)) == (8, True)
    assert own.queue() == [other]
    assert not (tmp_path / "outputs" / "mine" / ".slurm").exists()


@pytest.mark.parametrize("allocation", ["per_run", "shared"])
def test_ctrl_c_leaves_nothing_in_the_queue(allocation: str, tmp_path: Path, shared: Cluster) -> None:
    """The runs under way are ended on their nodes, and the jobs are gone when the command ends."""
    write_module(tmp_path, SLOW)
    number = signal.SIGINT if allocation == "per_run" else signal.SIGTERM
    with start(
        tmp_path, shared, *FUNCTION, f"engine.allocation={allocation}", "model=process", "rounds=9"
    ) as sweep:
        wait_for(lambda: stored(tmp_path) >= 1)
        sweep.send_signal(number)
        assert sweep.wait(PATIENCE_S) == 130
    assert shared.queue() == []
    assert not (tmp_path / "outputs" / "mine" / ".slurm").exists()
    for name, slurmd in shared.nodes.items():
        wait_for(lambda name=name, slurmd=slurmd: shared.processes_of(name) == [slurmd.pid])  # type: ignore[misc]  # loop variables bound now


def test_nodes_that_are_drained_are_waited_for(tmp_path: Path, own: Cluster) -> None:
    """The reason that Slurm gives is said meanwhile; the sweep goes on by itself once they are back."""
    nodes = f"nodename={','.join(own.nodes)}"
    own.ask("scontrol", "update", nodes, "state=drain", "reason=maintenance")
    command = commands.module("breakeven", *MINE, "engine.placement=any", "rounds=1")
    with commands.start(command, tmp_path, own.variables) as sweep:
        assert sweep.stderr is not None
        line = next(line for line in sweep.stderr if line.startswith("waiting: "))
        assert re.fullmatch(
            r"waiting: Slurm has 1 job in its queue, none running \(.+\); see squeue .*\n", line
        )
        own.ask("scontrol", "update", nodes, "state=resume")
        _, said = sweep.communicate(timeout=PATIENCE_S)
    assert sweep.returncode == 0, said
    assert set(runs_of(tmp_path)["status"]) == {"ok"}
    assert "waiting: Slurm has 1 job" in (tmp_path / "outputs" / "mine" / "sweep.log").read_text()


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, shared: Cluster) -> None:
    """A partition, nodes or options that there are not, no controller: exit code 2, nothing is stored."""
    done = typed(tmp_path, shared, "engine.partition=benhc", "rounds=1")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert (
        f"engine.partition=benhc: no such partition (did you mean {PARTITION}?); there are {PARTITION}"
        in done.stderr
    )
    done = typed(tmp_path, shared, "engine.nodes=4", "rounds=1")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "engine.nodes=4: partition the default one has 3" in done.stderr


def test_what_slurm_refuses_is_said(monkeypatch: pytest.MonkeyPatch, shared: Cluster, tmp_path: Path) -> None:
    """Its own words, with the knob to look at; and where to get it if it is not there."""
    monkeypatch.setenv("SLURM_CONF", shared.variables["SLURM_CONF"])
    mine = Commands(name_of(tmp_path), None, ["--constraint=gpu"])
    with pytest.raises(
        EngineUnusable, match=r"refuses the jobs .* Invalid feature specification; see engine\.partition"
    ):
        mine.check()
    with pytest.raises(EngineUnusable, match="unrecognized option '--colour=red'"):
        Commands(name_of(tmp_path), PARTITION, ["--colour=red"]).check()
    conf = Path(shared.variables["SLURM_CONF"]).read_text().replace("SlurmctldPort=", "SlurmctldPort=9#")
    (tmp_path / "slurm.conf").write_text(conf)
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    with pytest.raises(EngineUnusable, match=r"controller does not answer .* see what `sinfo` says"):
        Commands(name_of(tmp_path), None, []).check()
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(
        EngineUnusable, match="needs the command sbatch, which is not here; on Debian: apt-get install"
    ):
        Commands(name_of(tmp_path), None, []).check()
