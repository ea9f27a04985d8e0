"""Pools of packages: their workers are measured like those of the standard library, and all that they start ends with a run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from breakeven.runner import host
from breakeven.runner.cell import models
from breakeven.runner.cell.families import NOTHING, lacks_of
from breakeven.runner.cell.question import Asked
from breakeven.runner.cell.spaces import PROCESSES
from breakeven.runner.engines.debug import in_process
from breakeven.runner.environment.process_table import start_of
from breakeven.runner.host import process_mark
from breakeven.runner.results import RunResult
from tests import commands
from tests.collaboration.conftest import EndTime
from tests.collaboration.host_runs import (
    REACHED,
    execute,
    function,
    is_there,
    left_behind,
    marked,
    reached,
    write_module,
)
from tests.patience import AT_ONCE_NS, wait_for
from tests.samples import run

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "loky": [{"chunksize": None}],
    "joblib": [
        {"backend": backend, "batch_size": None} for backend in ("loky", "multiprocessing", "threading")
    ],
    "mpire": [{"chunksize": None}],
    "dask": [{"backend": "processes"}, {"backend": "threads"}],
    "ray": [{"form": "task"}, {"form": "actor"}],
    "mpi": [{"chunksize": None, "network": "private"}],
}
"""Each pool of a package with its options; a test looks that none is missing."""

HEAD = """
def worker():
    found = sys.modules.get("breakeven_cell.models._foreign")
    return getattr(getattr(found, "_mine", None), "worker", None)
"""

HOME = str(Path("/proc/self/ns/net").readlink())
LISTENING = """
def held():
    \"\"\"Return the sockets that processes of the run have: those of its parent's session.\"\"\"
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if os.getsid(int(link.split("/")[2])) == os.getsid(parent()):
                yield os.readlink(link)
        except OSError:
            pass

def listening():
    \"\"\"Return the addresses, other than the loopback's, at which this session listens.\"\"\"
    if os.readlink("/proc/self/ns/net") != HOME:
        return  # a network of its own, that has nothing else
    own = set(held())
    for file in ("tcp", "tcp6"):
        for line in Path("/proc/net", file).read_text().splitlines()[1:]:
            _, address, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in own and not address.startswith("0100007F"):
                host, port = address.split(":")
                four = ".".join(str(byte) for byte in reversed(bytes.fromhex(host))) if len(host) == 8 else "0.0.0.0"
                yield ("127.0.0.1" if four == "0.0.0.0" else four), int(port, 16)

def answering():
    \"\"\"Return the addresses of those that answer somebody without a token.\"\"\"
    import http.client
    for host, port in listening():
        asked = http.client.HTTPConnection(host, port, timeout=2)
        try:
            asked.request("GET", "/")
            status = asked.getresponse().status
        except (OSError, http.client.HTTPException):
            continue  # it speaks gRPC alone
        if status != http.client.UNAUTHORIZED:
            yield host, port, status

def joining():
    \"\"\"Return the exit code of another Ray that asks this one for something without its token, and what it says.\"\"\"
    import ray, subprocess
    rest = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    asked = [sys.executable, "-c", JOIN, ray.get_runtime_context().gcs_address]
    done = subprocess.run(asked, env=rest, capture_output=True, text=True)
    return done.returncode, done.stderr

JOIN = "import sys; from ray._raylet import GcsClient; GcsClient(sys.argv[1]).internal_kv_keys(b'', None, 60)"

def note(seen):
    import json
    Path(__file__ + ".seen").write_text(json.dumps(seen))
"""


class Pool(NamedTuple):
    """A model, one of its start methods, and its options."""

    model: str
    start_method: str | None
    options: dict[str, Any]

    def __str__(self) -> str:
        chosen = [str(value) for value in (self.start_method, *self.options.values()) if value is not None]
        return "-".join([self.model, *chosen])

    @property
    def apart(self) -> bool:
        """Whether its workers are processes."""
        return models.load(self.model).space(self.options) == PROCESSES

    @property
    def forks(self) -> bool:
        """Whether its workers are forked from the parent."""
        return models.load(self.model).forks(self.start_method, self.options)

    def cell(self) -> dict[str, Any]:
        """Return the knobs of a cell."""
        return {
            "model": self.model,
            "start_method": self.start_method,
            "model_options": self.options,
            "ipc": "native",
            "ipc_options": {},
        }


def _pools() -> Iterator[Any]:
    for model, variants in VARIANTS.items():
        for method in models.load(model).START_METHODS[:1] or (None,):
            for options in variants:
                pool = Pool(model, method, options)
                lack = lacks_of(Asked("model", model, options))
                missing = f"needs {lack.what}: pip install 'breakeven[{lack.extra}]'"
                yield pytest.param(
                    pool, id=str(pool), marks=pytest.mark.skipif(lack != NOTHING, reason=missing)
                )


POOLS = list(_pools())
FIRST = [case for case in POOLS if case.values[0].options == VARIANTS[case.values[0].model][0]]
"""One of each package, whose workers are processes: to start and to end all of them takes minutes."""


def _execute(tmp_path: Path, pool: Pool, body: str, **changes: Any) -> Any:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    user = write_module(tmp_path / "user", f"{HEAD}\ndef work():\n{lines}\n")
    return execute(user, **function("work") | pool.cell() | changes)


class Measured(NamedTuple):
    """A run that ended well, and what the first task in a worker saw from there.

    These are the addresses at which others are answered and, of the first Ray, how one ended that asked to join.
    """

    result: RunResult
    reached: list[Any]
    joined: tuple[int, str] | None


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Pool], Measured]:
    """Return what measures a pool, once for all tests that look at the run: some take seconds to start."""
    known = dict[str, Measured]()

    def once(pool: Pool) -> Measured:
        if str(pool) not in known:
            known[str(pool)] = _measure(tmp_path_factory.mktemp("measured"), pool)
        return known[str(pool)]

    return once


def _measure(folder: Path, pool: Pool) -> Measured:
    found = "answering" if pool.model == "ray" else "listening"
    joined = "joining()" if pool.model == "ray" and pool.options == VARIANTS["ray"][0] else "None"
    work = f"if worker() and first(): note([list({found}()), {joined}])\n    return sum(range(20000))"
    parent = "os.getppid" if pool.apart else "os.getpid"
    user = write_module(
        folder, f"{HEAD}{LISTENING}\nHOME = {HOME!r}\nparent = {parent}\ndef work():\n    {work}\n"
    )
    changes = function("work") | pool.cell() | {"workers": 2, "tasks": 16, "affinity": "scatter"}
    result = execute(user, **changes)
    assert (result.row["status"], result.row["reason"]) == ("ok", None), result.row["stderr"]
    return Measured(result, *json.loads((user / "mine.py.seen").read_text()))


def test_every_pool_of_a_package_is_tested() -> None:
    """A new one is to be listed above."""
    assert {name for name in models.REGISTRY if models.load(name).REQUIRES} == set(VARIANTS)


@pytest.mark.parametrize("pool", POOLS)
def test_a_run_is_measured(pool: Pool, measured: Callable[[Pool], Measured]) -> None:
    """All workers take part, pinned and counted, the results are right, and phases fill their time."""
    result = measured(pool).result
    row = result.row
    workers = result.tables["workers"].to_pylist()
    assert row["stderr"] in (None, ""), row["stderr"]
    assert row["startup_ns"] > 0
    hands = [worker for worker in workers if worker["worker"] >= 0]
    assert len({worker["pid"] for worker in hands}) == (2 if pool.apart else 1)
    assert len({worker["cpu"] for worker in hands}) == 2
    assert min(worker["cpu_share"] for worker in hands) == 1
    _assert_closed(result)


def _assert_closed(result: Any) -> None:
    """Assert that the phases of each worker add up to the time of its trial."""
    spans = [
        span for span in result.tables["spans"].to_pylist() if span["trial"] >= 0 and span["worker"] >= 0
    ]
    walls = {trial["trial"]: trial["wall_ns"] for trial in result.tables["trials"].to_pylist()}
    sums: dict[tuple[int, int], int] = {}
    for span in spans:
        key = span["trial"], span["worker"]
        sums[key] = sums.get(key, 0) + span["duration_ns"]
    assert {worker for _, worker in sums} == {0, 1}
    for (trial, _), total in sums.items():
        assert total == pytest.approx(walls[trial], rel=0.02)


@pytest.mark.parametrize("pool", FIRST)
def test_a_process_measures_twice(tmp_path: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The debug engine's goes on after a run: what a package keeps in it serves the next."""
    user = write_module(tmp_path / "user", f"{HEAD}\ndef work():\n    return 1\n")
    before = left_behind()
    for _ in range(2):
        monkeypatch.delitem(sys.modules, "mine", raising=False)
        changes = function("work") | pool.cell() | {"workers": 2, "tasks": 4}
        row = host.execute(run("python", user, **changes), conduct=in_process).row
        assert row["status"] == "ok", row["reason"]
    assert left_behind() == before


@pytest.mark.parametrize("pool", [case for case in POOLS if case.values[0].forks])
def test_workers_inherit_no_call(tmp_path: Path, pool: Pool) -> None:
    """What the parent called before would be in those that are forked, such as threads that are not."""
    body = "CALLS.append(os.getpid())\nif worker(): assert set(CALLS) == {os.getpid()}, CALLS"
    user = f"CALLS = []\n{HEAD}\ndef work():\n    " + body.replace("\n", "\n    ") + "\n"
    changes = function("work") | pool.cell() | {"workers": 2, "tasks": 4}
    row = execute(write_module(tmp_path / "user", user), **changes).row
    assert row["status"] == "ok", row["reason"]


@pytest.mark.parametrize("pool", POOLS)
def test_what_a_task_raises_is_the_reason(tmp_path: Path, pool: Pool) -> None:
    """At once, in the user's words, while the other worker is in the middle of a task of an hour."""
    body = "if not worker(): return\nif first(): time.sleep(0.3); raise ValueError('no such luck')\ntime.sleep(3600)"
    row = _execute(tmp_path, pool, body, workers=2, tasks=4).row
    assert (row["status"], "ValueError: no such luck" in row["reason"]) == ("failed", True), row["reason"]
    assert "mine.py" in row["reason"]
    assert row["wall_ns"] < AT_ONCE_NS


@pytest.mark.parametrize("pool", FIRST)
def test_a_worker_that_dies_ends_the_run(tmp_path: Path, pool: Pool) -> None:
    """A pool would start another one, or try the task again; MPI ends all processes, the parent perhaps before it can report."""
    row = _execute(tmp_path, pool, "if worker(): os._exit(9)", workers=2, tasks=4).row
    assert row["status"] == "crashed", row["reason"]
    told = "worker [01] (ended|was ended by .*|exited with .*) in the middle of the run"
    told += "|ended by signal SIGKILL" * (pool.model == "mpi")
    assert re.match(told, row["reason"]), row["reason"]
    assert row["wall_ns"] < AT_ONCE_NS


@pytest.mark.parametrize("pool", POOLS)
def test_nothing_can_be_reached_from_elsewhere(pool: Pool, measured: Callable[[Pool], Measured]) -> None:
    """What a pool listens at is the loopback; Ray listens on every address, and has everybody show a token."""
    assert measured(pool).reached == []


@pytest.mark.parametrize("pool", [case for case in FIRST if case.values[0].model == "ray"])
def test_ray_refuses_whoever_has_no_token(pool: Pool, measured: Callable[[Pool], Measured]) -> None:
    """Another Ray of this machine cannot join the run's, not even from its own machine."""
    joined = measured(pool).joined
    assert joined is not None
    code, said = joined
    assert code != 0
    assert "token" in said.lower(), said


SCRIPT = """
import json, sys
from pathlib import Path
from breakeven.runner import host
from tests.collaboration.host_runs import function
from tests.samples import run
host.execute(run(sys.executable, Path(sys.argv[1]), **function("work") | json.loads(sys.argv[2])))
"""


@pytest.mark.parametrize("pool", FIRST)
def test_everything_dies_with_a_runner_that_is_killed(tmp_path: Path, pool: Pool) -> None:
    """Workers in mid-task, and whatever serves them; what they leave in memory goes with the next sweep."""
    before = left_behind()
    body = "if worker():\n        open(__file__ + '.reached', 'w').close(); time.sleep(1000)"
    user = write_module(tmp_path / "user", f"{HEAD}\ndef work():\n    {body}\n")
    runner = commands.start(commands.script(SCRIPT, str(user), json.dumps(pool.cell())))
    wait_for((user / "mine.py.reached").exists)
    mark = process_mark.Owner(runner.pid, start_of(runner.pid) or 0).mark
    assert len(marked(mark)) >= 3
    runner.kill()
    runner.communicate()
    wait_for(lambda: not [pid for pid in marked(mark) if is_there(pid)])
    host.clear_leftovers()
    assert left_behind() == before


@pytest.mark.parametrize("pool", FIRST)
def test_a_task_that_hangs_ends_with_its_time(tmp_path: Path, pool: Pool, end_time_when: EndTime) -> None:
    """The run is a timeout, and nothing is left of it."""
    end_time_when(lambda: reached(tmp_path))
    row = _execute(tmp_path, pool, f"if worker(): {REACHED}; time.sleep(1000)", workers=2, tasks=4).row
    assert row["status"] == "timeout", row["reason"]
