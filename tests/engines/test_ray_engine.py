"""Sweeps on a real Ray cluster on this host, with a token: function and faults, no timings."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import pytest

from breakeven.analysis.frames.load import load
from breakeven.base.exit_codes import EXIT_INTERRUPTED
from breakeven.runner.engines import ray_node
from breakeven.runner.engines.ray import Ray
from breakeven.runner.engines.variables import restore_variables
from breakeven.runner.environment import own_code
from breakeven.runner.errors import EngineUnusable
from tests import commands
from tests.collaboration.host_runs import write_module
from tests.commands import QUIET, Completed, Started
from tests.engines.ray_cluster import Cluster, cluster
from tests.engines.sweeps import (
    ENDINGS,
    LIMITS,
    QUICK,
    SLOW,
    STATUSES,
    Held,
    nodes_changed,
    runs_of,
    spans_of,
    stored,
)
from tests.patience import PATIENCE_S, wait_for

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None, reason="needs the package ray: pip install 'breakeven[ray]'"
)

BASE = ("-m", *QUICK)
FUNCTION = ("workload=function", "workload.target=mine:work", "tasks=2")


@pytest.fixture(scope="module")
def whole() -> Iterator[Cluster]:
    """Provide a cluster of two nodes; the last test takes it apart."""
    with cluster(2) as made:
        yield made


def typed(made: Cluster, folder: Path, *arguments: str, **variables: str) -> Completed:
    """Type a command on a machine of the cluster; Ray prints nothing in between."""
    command = made.inside(commands.module("breakeven", *made.asked, *arguments))
    done = commands.run(command, folder, {**made.variables, **variables})
    assert " W " not in done.stderr
    return done


@contextmanager
def begun(made: Cluster, folder: Path, *arguments: str) -> Iterator[Started]:
    """Type a command that goes on while the test does something, and end it if the test fails."""
    command = made.inside(commands.module("breakeven", *made.asked, *arguments))
    with commands.start(command, folder, made.variables) as started:
        try:
            yield started
        finally:
            started.kill()


def measured_on(made: Cluster) -> list[int]:
    """Return the processes on the nodes that are not Ray's."""
    return [pid for number in made.nodes for pid in made.processes(number) if is_measured(pid)]


def is_measured(pid: int) -> bool:
    """Return whether a process is one that measures, or a worker of Ray that had it started."""
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return False
    return b"runner/cell" in said or b"carry_out" in said


def test_only_this_user_and_this_host_can_reach_it(whole: Cluster) -> None:
    """The token is private, and the cluster of the tests listens on loopback alone."""
    assert stat.S_IMODE(whole.token.stat().st_mode) == 0o600
    listening = commands.run(whole.inside(["ss", "-ltnH", "sport", f"= :{whole.address.rpartition(':')[2]}"]))
    assert "127.0.0.1]" in listening.stdout or "127.0.0.1:" in listening.stdout


AT_HOME = """
import os, signal, sys

def at_home():
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert os.environ.keys().isdisjoint({"OMP_NUM_THREADS", "PYTHONBREAKPOINT"})
"""


def test_both_nodes_make_runs_and_none_two_at_once(tmp_path: Path, whole: Cluster) -> None:
    """Runs overlap between nodes, never on one; however one ends, it is recorded, and one that looks sees nothing of Ray."""
    (tmp_path / "mine.py").write_text(ENDINGS + AT_HOME)
    targets = ",".join([*STATUSES, "mine:at_home"])
    done = typed(
        whole,
        tmp_path,
        *(*BASE, "workload=function", f"workload.target={targets}", "model=process", "rounds=2"),
        *LIMITS,
    )
    assert done.returncode == 1
    runs = spans_of(runs_of(tmp_path))
    assert dict(zip(runs["function"], runs["status"], strict=True)) == {**STATUSES, "mine:at_home": "ok"}
    assert (len(runs), runs["node"].nunique()) == (12, 2)
    assert not runs.duplicated(["cell_id", "round"]).any()
    for _, own in runs.groupby("node"):
        assert (own["begin"].to_numpy()[1:] >= own["end"].to_numpy()[:-1]).all()
    assert (runs["begin"].to_numpy()[1:] < runs["end"].cummax().to_numpy()[:-1]).any()
    assert load(tmp_path / "outputs" / "mine").spans()["cell_id"].nunique() == 1


class Said:
    """A driver that says what it is given, and nothing more."""

    def __init__(self, *said: Mapping[str, object], lives: bool = True) -> None:
        self._said = said
        self._end = Event()
        if not lives:
            self._end.set()

    def lines(self) -> Iterator[bytes]:
        """Yield its lines."""
        yield from (json.dumps(line).encode() for line in self._said)
        self._end.wait(PATIENCE_S)

    def was_refused(self) -> bool:
        """Return whether another token is needed."""
        return False

    def last_line(self) -> str:
        """Return what it printed last."""
        return "a line of Ray's"

    def end(self, seconds: float = 0) -> None:
        """End it."""
        del seconds
        self._end.set()

    def forget(self) -> None:
        """Forget it."""


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (
            Said({"nodes": [], "unfit": {}, "judging": False}),
            "no node offers the resource breakeven after 0.2 s",
        ),
        (Said({"nodes": ["n:2"], "unfit": {"n:1": "why"}, "judging": False}), "node n:1 cannot measure: why"),
        (Said({"unusable": "X: no TOKEN. Do this"}), "X: no TOKEN; name one with RAY_AUTH_MODE=token"),
        (Said(lives=False), "Ray's driver does not connect: a line of Ray's"),
    ],
)
def test_a_cluster_on_which_nothing_can_be_measured_is_refused(
    driver: Said, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names what is missing."""
    monkeypatch.setattr("breakeven.runner.engines.ray.RayProcess", lambda _: driver)
    with pytest.raises(EngineUnusable, match=re.escape(said)):
        Ray({"address": "auto", "placement": "block", "patience": 0.2e9})


def test_what_ray_changes_in_its_workers_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is what the node was started with, or missing; all others stay."""
    monkeypatch.setattr(
        "os.environ", {"OMP_NUM_THREADS": "1", "PYTHONBREAKPOINT": "ray.x", "HOME": "/home/me"}
    )
    restore_variables(("PYTHONBREAKPOINT", "OMP_NUM_THREADS"), b"PYTHONBREAKPOINT=mine=x\0HOME=/\0")
    assert os.environ == {"PYTHONBREAKPOINT": "mine=x", "HOME": "/home/me"}


def test_a_node_whose_priority_stays_lowered_does_not_measure() -> None:
    """A user without the right to raise it is told how to start the node; another version of breakeven is refused as well."""
    command = commands.script(LOWERED, own_code())
    assert "RAY_worker_niceness=0" in commands.run(command).stdout
    assert "another version" in ray_node.fitness("x")


LOWERED = """
import os, sys
from breakeven.runner.engines import ray_node

os.environ["RAY_RAYLET_PID"] = str(os.getpid())
os.getpriority = lambda which, who: 15 if who == 0 else 0

def refused(*_):
    raise PermissionError

os.setpriority = refused
print(ray_node.fitness(sys.argv[1]))
"""

ANOTHER_RAY = """
import sys

if "breakeven.runner.engines.ray_driver" in sys.orig_argv:
    import ray

    ray.__version__ = "2.0.0"
"""


def test_another_token_or_ray_is_refused_in_one_line(tmp_path: Path, whole: Cluster) -> None:
    """Exit code 2 before anything runs, and a line that names the remedy."""
    (tmp_path / "wrong").write_text("a" * 64)
    (tmp_path / "sitecustomize.py").write_text(ANOTHER_RAY)
    refused = {
        "accepts no driver without its token": {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "wrong")},
        "was started with: Ray: 2.0.0": {"PYTHONPATH": f"{commands.ROOT}:{tmp_path}"},
    }
    for said, variables in refused.items():
        done = typed(whole, tmp_path, *BASE, "rounds=1", **variables)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert said in done.stderr
    assert stored(tmp_path) == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray cluster answers there"),
        ("127.0.0.1:99999", "no Ray cluster answers there"),
        ("ray://127.0.0.1:10001", "not an address of a Ray cluster"),
        ("local", "not an address of a Ray cluster"),
    ],
)
def test_an_address_at_which_no_cluster_answers_is_refused(address: str, said: str) -> None:
    """No driver is started for it."""
    with pytest.raises(EngineUnusable, match=said):
        Ray({"address": address, "placement": "block", "patience": 1e9})


def test_without_the_package_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is looked up and refused before anything is planned on it."""
    monkeypatch.setattr("breakeven.runner.engines.ray.find_spec", lambda _: None)
    with pytest.raises(EngineUnusable, match=re.escape("pip install 'breakeven[ray]'")):
        Ray({"address": "auto", "placement": "block", "patience": 1e9})


def test_ctrl_c_and_a_kill_leave_nothing_on_the_nodes(tmp_path: Path, whole: Cluster) -> None:
    """The runs under way are ended there, and the same command resumes the sweep after a kill as well; none is stored twice."""
    write_module(tmp_path, SLOW)
    asked = (*BASE, *FUNCTION, "model=process", "rounds=8", "workers=2", QUIET)
    for number, code in ((signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)):
        before = stored(tmp_path)
        with begun(whole, tmp_path, *asked) as sweep:
            wait_for(lambda before=before: stored(tmp_path) > before)  # type: ignore[misc]
            sweep.send_signal(number)
            assert sweep.wait(PATIENCE_S) == code
        wait_for(lambda: not measured_on(whole))
    with begun(whole, tmp_path, *asked) as sweep:
        assert sweep.wait(PATIENCE_S) == 0
    runs = runs_of(tmp_path)
    assert (len(runs), bool(runs.duplicated(["cell_id", "round"]).any())) == (8, False)


def test_a_node_that_dies_one_that_joins_and_the_head(tmp_path: Path, whole: Cluster) -> None:
    """The run of a dead node is made again elsewhere, and a new one takes part. Without a head the sweep stops; the same command resumes the sweep."""
    held = Held(tmp_path)
    asked = (*BASE, *FUNCTION, "model=thread", "rounds=12", "limits.time=10min", QUIET)
    with begun(whole, tmp_path, *asked) as sweep:
        wait_for(lambda: stored(tmp_path) >= 2 and runs_of(tmp_path)["node"].nunique() == 2)
        whole.kill(1)
        held.hold()  # no run ends while the next node starts, however long that takes
        whole.start_node(2)
        wait_for(lambda: nodes_changed(tmp_path))
        held.let_go()
        wait_for(lambda: runs_of(tmp_path)["node"].nunique() == 3)
        held.hold()
        whole.kill(0)
        _, said = sweep.communicate(timeout=PATIENCE_S)
    assert sweep.returncode == 1
    assert "no longer answers; the same command resumes the sweep" in said
    runs = runs_of(tmp_path)
    assert bool(runs["status"].eq("ok").all())
    assert 3 <= len(runs) < 12
    whole.stop_nodes()
    held.let_go()
    whole.start_head()
    with begun(whole, tmp_path, *asked) as sweep:
        assert sweep.wait(PATIENCE_S) == 0
    runs = runs_of(tmp_path)
    assert (len(runs), bool(runs.duplicated(["cell_id", "round"]).any())) == (12, False)
