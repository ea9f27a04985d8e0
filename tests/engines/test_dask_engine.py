"""Sweeps on a real Dask cluster of workers on this host: function and faults, no timings."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from breakeven.analysis.frames.load import load
from breakeven.runner.cell.question import Answer, this_interpreter
from breakeven.runner.engines import node as on_node
from breakeven.runner.engines.orders import Order, read_answer
from breakeven.runner.errors import EngineLost, EngineUnusable
from breakeven.runner.planning.modules import source_of
from breakeven.runner.results import RunResult
from tests import commands
from tests.collaboration.host_runs import function, write_module
from tests.commands import QUIET, Command, Started, changed
from tests.samples import run

pytest.importorskip("distributed", reason="needs the package distributed: pip install 'breakeven[dask]'")
import dask

from breakeven.runner.engines._dask_tls import check_certificate
from breakeven.runner.engines.dask import Dask
from tests.engines.dask_cluster import Cluster, certificate, cluster
from tests.engines.sweeps import (
    ENDINGS,
    LIMITS,
    STATUSES,
    Held,
    nodes_changed,
    processes_in,
    runs_of,
    spans_of,
    stored,
)
from tests.patience import PATIENCE_NS, PATIENCE_S, wait_for

QUICK = (
    *(
        "engine=dask",
        "tasks=8",
        "task=200us",
        "measure.min_trials=2",
        "measure.max_trials=2",
        "measure.traced=1",
    ),
    *("measure.warmup=0", "measure.max_warmup=0", "sweep=mine"),
)
SLOW = "\ndef work():\n    time.sleep(0.08)\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Provide a cluster of two nodes, which every test leaves with two."""
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Provide a scheduler for one test, without a node."""
    with cluster(tmp_path_factory.mktemp("cluster"), 0) as made:
        yield made


@contextmanager
def start(folder: Path, *arguments: str) -> Iterator[Started]:
    """Type a command that goes on while the test does something, and end it if the test fails."""
    with commands.start(commands.module("breakeven", *arguments), folder) as started:
        try:
            yield started
        finally:
            started.kill()


def test_a_sweep_is_made_on_both_nodes_and_carried_on(
    command: Command, tmp_path: Path, shared: Cluster
) -> None:
    """Runs overlap in time between nodes, never on one; rounds end by precision; the same command finds nothing left to do."""
    asked = (
        *("-m", *QUICK, f"engine.address={shared.address}", "model=thread,process", "tasks=200"),
        *("max_rounds=6", "precision=90%"),
    )
    first = command(*asked)
    assert first.returncode == 0, first.stderr
    runs = spans_of(runs_of(tmp_path))
    assert runs.groupby("cell_id").size().between(5, 6).all()
    assert (bool(runs["status"].eq("ok").all()), runs["node"].nunique()) == (True, 2)
    assert not runs.duplicated(["cell_id", "round"]).any()
    for _, own in runs.groupby("node"):
        assert (own["begin"].to_numpy()[1:] >= own["end"].to_numpy()[:-1]).all()
    assert (runs["begin"].to_numpy()[1:] < runs["end"].cummax().to_numpy()[:-1]).any()
    assert set(load(tmp_path / "outputs" / "mine").spans()["cell_id"]) == set(runs["cell_id"])
    again = command(*asked)
    assert again.returncode == 0
    assert "0 runs, " in again.stderr, again.stderr


def test_however_a_run_ends_on_a_node_it_is_recorded(
    command: Command, tmp_path: Path, shared: Cluster
) -> None:
    """A run that exits, is killed, hangs, raises or takes all memory ends alone: the others are made, and the nodes live on."""
    (tmp_path / "mine.py").write_text(ENDINGS)
    targets = ",".join(STATUSES)
    done = command(
        *(
            "-m",
            *QUICK,
            f"engine.address={shared.address}",
            "workload=function",
            f"workload.target={targets}",
        ),
        *("model=process", "rounds=1", QUIET, *LIMITS),
    )
    assert done.returncode == 1
    assert runs_of(tmp_path).set_index("function")["status"].to_dict() == STATUSES
    assert [worker.poll() for worker in shared.workers.values()] == [None, None]


def test_a_node_that_dies_and_one_that_joins(tmp_path: Path, shared: Cluster) -> None:
    """The run that it was making is made again elsewhere; a new one takes part."""
    held = Held(tmp_path)
    with start(
        tmp_path,
        *("-m", f"engine.address={shared.address}", "workload=function", "workload.target=mine:work"),
        *(*changed(QUICK, "tasks=2"), "model=thread", "rounds=3", "workers=1,2", "limits.time=10min", QUIET),
    ) as sweep:
        wait_for(lambda: stored(tmp_path) >= 2 and runs_of(tmp_path)["node"].nunique() == 2)
        shared.kill(min(shared.workers))
        held.hold()  # no run ends while the next node starts, however long that takes
        shared.start_worker(2)
        wait_for(lambda: nodes_changed(tmp_path))
        held.let_go()
        assert sweep.wait(PATIENCE_S) == 0, sweep.stderr and sweep.stderr.read()
    runs = runs_of(tmp_path)
    assert len(runs) == 6
    assert not runs.duplicated(["cell_id", "round"]).any()
    assert runs["status"].eq("ok").all()
    assert runs["node"].nunique() == 3


def test_the_last_node_and_the_scheduler_can_be_lost(tmp_path: Path, own: Cluster) -> None:
    """The sweep stops with what it has and says so; the same command resumes the sweep."""
    write_module(tmp_path, SLOW)
    asked = (
        *("-m", *QUICK, "workload=function", "workload.target=mine:work", "engine.patience=5min"),
        *("model=thread", "rounds=6", "tasks=2", f"engine.address={own.address}"),
    )
    own.start_worker(0)
    engine = Dask({"address": own.address, "placement": "any", "patience": PATIENCE_NS})
    (node,) = engine._nodes()  # what begins when the scheduler is gone already, from within
    with start(tmp_path, *asked) as sweep:
        wait_for(lambda: stored(tmp_path) >= 1)
        own.kill_scheduler()
        _, said = sweep.communicate(timeout=PATIENCE_S)
        assert sweep.returncode == 1
        assert "resumes the sweep" in said
    assert 1 <= len(runs_of(tmp_path)) < 6
    wait_for(lambda: not engine._nodes())
    order = Order(kind="run", run=run(sys.executable, tmp_path), sweep="x")
    with pytest.raises(EngineLost, match="no longer answers"):
        engine._start(node, order)
    engine.close()


def test_ctrl_c_leaves_nothing_on_the_nodes(tmp_path: Path, shared: Cluster) -> None:
    """The runs under way are ended there, and the same command resumes the sweep; none is stored twice."""
    write_module(tmp_path, SLOW)
    asked = (
        *("-m", *QUICK, f"engine.address={shared.address}", "workload=function", "workload.target=mine:work"),
        *("model=process", "rounds=4", "tasks=2", QUIET),
    )
    with start(tmp_path, *asked) as sweep:
        wait_for(lambda: stored(tmp_path) >= 1)
        sweep.send_signal(signal.SIGINT)
        assert sweep.wait(PATIENCE_S) == 130
    workers = {worker.pid for worker in shared.workers.values()} | {shared.scheduler.pid}
    wait_for(lambda: set(processes_in(shared.folder)) <= workers)
    with start(tmp_path, *asked) as sweep:
        assert sweep.wait(PATIENCE_S) == 0
    runs = runs_of(tmp_path)
    assert (len(runs), bool(runs.duplicated(["cell_id", "round"]).any())) == (4, False)


def test_an_orchestrator_that_is_killed_is_carried_on(tmp_path: Path, shared: Cluster) -> None:
    """Whatever the nodes still did is dropped, and made once."""
    write_module(tmp_path, SLOW)
    asked = (
        *("-m", *QUICK, f"engine.address={shared.address}", "workload=function", "workload.target=mine:work"),
        *("model=thread", "rounds=5", "tasks=2", QUIET),
    )
    with start(tmp_path, *asked) as sweep:
        wait_for(lambda: stored(tmp_path) >= 1)
        sweep.kill()
    with start(tmp_path, *asked) as sweep:
        assert sweep.wait(PATIENCE_S) == 0
    runs = runs_of(tmp_path)
    assert (len(runs), bool(runs.duplicated(["cell_id", "round"]).any())) == (5, False)


def test_what_is_missing_is_said_in_one_line(command: Command, own: Cluster) -> None:
    """No scheduler, no node, a knob that there is not: exit code 2, and nothing is stored."""
    refused = {
        "no worker offers the resource breakeven after 5 s": (  # in which a scheduler answers that is there
            f"engine.address={own.address}",
            "engine.patience=5s",
        ),
        "no Dask scheduler answers there": ("engine.address=tcp://127.0.0.1:9", "engine.patience=1s"),
        "the chosen engine has no such knob": ("engine.adress=x",),
        "engine.placement=row: no such choice; choose one of block, any": ("engine.placement=row",),
    }
    for said, options in refused.items():
        done = command(*QUICK, *options, "rounds=1")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert said in done.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_a_cluster_with_certificates(command: Command, tmp_path: Path) -> None:
    """Who shows none, or one of another authority, is refused in one line; with the right one a sweep is made."""
    good, other = certificate(tmp_path / "good"), certificate(tmp_path / "other")
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster", 1, good) as made:
        asked = (*QUICK, f"engine.address={made.address}", "rounds=1", "model=thread", "engine.patience=5min")
        done = command(*asked)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "this machine has no certificate to show; name files with" in done.stderr
        at = "distributed.comm.tls"
        known = {f"{at}.ca-file": str(good.authority), f"{at}.client.cert": str(other.signed)}
        known |= {f"{at}.client.key": str(other.key)}
        refused = {
            "no Dask scheduler takes this machine's certificate there": known,
            "the certificate of this machine cannot be read": known | {f"{at}.ca-file": str(tmp_path / "x")},
        }
        for said, files in refused.items():
            with dask.config.set(files), pytest.raises(EngineUnusable, match=said):
                check_certificate(made.address, PATIENCE_S)
        done = command(*asked, QUIET, **good.variables)
        assert done.returncode == 0, done.stderr
    assert runs_of(tmp_path)["node"].str.startswith("tls://").all()


def test_what_a_node_was_started_with_is_a_condition_of_its_runs(
    command: Command, tmp_path: Path, own: Cluster
) -> None:
    """The command itself has other variables; a sweep that is carried on says what no node has any more."""
    asked = (*QUICK, f"engine.address={own.address}", "model=thread", "rounds=1", QUIET)
    for threads, said in (("1", ""), ("2", "environment: OMP_NUM_THREADS=1, now 2 (1 run)")):
        own.start_worker(int(threads), variables={"OMP_NUM_THREADS": threads})
        own.await_workers()
        first = command(*asked, OMP_NUM_THREADS="3")
        assert (first.returncode, said in first.stderr) == (2 if said else 0, True), first.stderr
        done = command(*asked, "on_change=remeasure", OMP_NUM_THREADS="3")
        assert done.returncode == 0, done.stderr
        (row,) = runs_of(tmp_path)["environment"]
        assert f"OMP_NUM_THREADS={threads}" in row.splitlines()
        own.kill(int(threads))


def test_what_a_nanny_sets_is_no_part_of_a_run(command: Command, tmp_path: Path) -> None:
    """Dask's default worker trims its heap and has one thread for native libraries; what is measured has neither."""
    names = ("MALLOC_TRIM_THRESHOLD_", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    raising = f"    found = [name for name in {names} if name in os.environ]\n    if found:\n        raise ValueError(found)\n"
    (tmp_path / "mine.py").write_text(f"import os\ndef work():\n{raising}")
    home = tmp_path / "cluster"
    home.mkdir()
    with cluster(home, 0) as made:
        made.start_worker(0, nanny=True)
        asked = ("workload=function", "workload.target=mine:work", "model=process", "rounds=1", QUIET)
        done = command(*QUICK, f"engine.address={made.address}", *asked)
    assert done.returncode == 0, done.stderr
    assert runs_of(tmp_path)["status"].tolist() == ["ok"]


def test_modules_travel_where_a_node_has_none(tmp_path: Path) -> None:
    """The user's files are unpacked for the run alone, and are those that were planned."""
    user = write_module(tmp_path / "user", "\nimport helper\ndef work():\n    return helper.three()\n")
    (user / "helper.py").write_text("def three():\n    return 3\n")
    files = (str(user / "mine.py"), str(user / "helper.py"))
    answer = Answer(this_interpreter(), {}, files[:1], modules=files)
    planned = run(sys.executable, user, model="thread", **function("work"))
    source = source_of(answer, user)
    contents = {name: (user / name).read_bytes() for name in ("mine.py", "helper.py")}
    for path in files:
        Path(path).unlink()
    found = read_answer(
        on_node.carry_out(
            Order(kind="run", run=replace(planned, source=source), sweep="x", files=contents).to_text()
        )
    )
    assert isinstance(found, RunResult)
    assert (found.status, found.row["reason"]) == ("ok", None)
    assert "helper.py" in found.row["sources"]
