"""What the engine makes of the queue: jobs that end without an answer, a controller that is away, nodes that come and go."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest

from breakeven.runner.engines import _slurm_jobs, slurm
from breakeven.runner.engines._exchange import Desk, Exchange
from breakeven.runner.engines._slurm_commands import Commands, Job, Refused, Unreachable, check_options
from breakeven.runner.engines.orders import answer_of
from breakeven.runner.engines.slurm import Slurm, name_of
from breakeven.runner.errors import EngineLost, EngineUnusable
from breakeven.runner.results import RunResult, rows
from tests.patience import PATIENCE_NS, PATIENCE_S, wait_for
from tests.samples import run

RUN = run(sys.executable, model="thread")
ANSWER = answer_of(
    RunResult(row=rows.about(RUN, datetime(2026, 1, 1, tzinfo=UTC)) | {"status": "ok", "wall_ns": 1})
)


class MadeUp(Commands):
    """A Slurm whose jobs do what a test says; ``begins`` is called with the id and the command of each."""

    def __init__(self, *_: Any) -> None:
        super().__init__("name", None, [])
        self.__dict__.update(
            jobs={},
            known={"n1": "idle", "n2": "idle"},
            away=False,
            missed=0,
            numbers=count(1),
            begins=lambda *_: None,
            refuses=None,
            ended_seen=False,
        )

    jobs: dict[str, Job]
    known: dict[str, str]
    away: bool
    missed: int
    numbers: Iterator[int]
    begins: Callable[[str, Sequence[str]], None]
    refuses: str | None
    ended_seen: bool

    def set(self, **what: Any) -> None:
        """Change what it does."""
        self.__dict__.update(what)

    def check(self) -> None:
        """Find nothing wrong."""

    def submit(self, command: Sequence[str], log: Path, node: str | None = None) -> str:
        """Begin a job at once."""
        del log
        self._answer()
        if self.refuses is not None:
            raise Refused(self.refuses)
        number = str(next(self.numbers))
        self.jobs[number] = Job("RUNNING", node or "n1", "None")
        self.begins(number, command)
        return number

    def queue(self) -> dict[str, Job]:
        """Return all jobs."""
        self._answer()
        found = dict(self.jobs)
        self.set(ended_seen=any(job.has_ended for job in found.values()))
        return found

    def waiting_or_running(self) -> dict[str, Job]:
        """Return those that have not ended."""
        return {number: job for number, job in self.queue().items() if not job.has_ended}

    def cancel_all(self) -> None:
        """Cancel all."""
        for number in self.waiting_or_running():
            self.cancel(number)

    def cancel(self, job: str) -> None:
        """Cancel one."""
        self.jobs[job] = Job("CANCELLED", self.jobs[job].node, "None")

    def states(self) -> Mapping[str, str]:
        """Return all nodes."""
        self._answer()
        return dict(self.known)

    def end(self, number: str, state: str) -> None:
        """End a job."""
        self.jobs[number] = Job(state, self.jobs[number].node, "None")

    def _answer(self) -> None:
        if self.away:
            self.set(missed=self.missed + 1)
            raise Unreachable("Unable to contact slurm controller (connect failure)")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """Provide a Slurm that is made up, in place of the commands, and looks without pauses."""
    commands = MadeUp()
    monkeypatch.setattr(slurm, "Commands", lambda *_: commands)
    for module in (slurm, _slurm_jobs):
        monkeypatch.setattr(module, "_LOOK_S", 0.01)
    monkeypatch.setattr(slurm, "_AGAIN_S", 0.01)
    monkeypatch.setattr(_slurm_jobs, "_TOGETHER_S", 0.01)
    return commands


@pytest.fixture
def engine_of(made_up: MadeUp, tmp_path: Path) -> Iterator[Callable[..., Slurm]]:
    """Provide a function that opens an engine, which is closed at the end; then no job is left and no folder."""
    opened: list[Slurm] = []

    def open_(**options: Any) -> Slurm:
        known = {
            "nodes": 2,
            "partition": None,
            "allocation": "per_run",
            "placement": "block",
            "patience": PATIENCE_NS,
        }
        opened.append(Slurm({**known, "folder": None, "sbatch": [], "sweep": tmp_path / "sweep", **options}))
        return opened[-1]

    yield open_
    made_up.set(away=False)
    for engine in opened:
        engine.close()
    assert made_up.waiting_or_running() == {}
    assert list(tmp_path.iterdir()) == []


def answers(command: Sequence[str]) -> None:
    """Do what a job does, but for the run."""
    desk = Desk(Path(command[4]), command[5])
    taken = desk.take()
    if taken is not None:
        desk.answer(taken[0], ANSWER)


def test_an_answer_counts_however_its_job_ended(made_up: MadeUp, engine_of: Callable[..., Slurm]) -> None:
    """The file is there before the job ends, so it is looked for once more when the queue says that it has."""

    def begin(number: str, command: Sequence[str]) -> None:
        answers(command)
        made_up.end(number, "NODE_FAIL")

    made_up.set(begins=begin)
    row = engine_of().submit(RUN).result(PATIENCE_S).row
    assert (row["status"], row["node"]) == ("ok", "n1")


def test_an_answer_that_is_being_taken_is_not_lost(
    made_up: MadeUp, engine_of: Callable[..., Slurm], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread reads it, which removes the file, while another sees that its job has ended: the run is not made twice."""
    read, reading = Exchange.read, Event()

    def slowly(self: Exchange, number: int) -> bytes | None:
        found = read(self, number)
        if found is not None:
            reading.set()
            wait_for(lambda: made_up.ended_seen)
            sleep(0.05)  # in which what the queue said is acted on
        return found

    def begin(number: str, command: Sequence[str]) -> None:
        def go_on() -> None:
            answers(command)
            reading.wait(PATIENCE_S)
            made_up.end(number, "NODE_FAIL")

        Thread(target=go_on).start()

    monkeypatch.setattr(Exchange, "read", slowly)
    made_up.set(begins=begin)
    row = engine_of().submit(RUN).result(PATIENCE_S).row
    assert (row["status"], row["node"]) == ("ok", "n1")
    assert len(made_up.jobs) == 1


def test_a_job_that_ends_without_an_answer_is_submitted_again(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """Three times at most; then the run has crashed, and Slurm's words and the job's last ones are the reason."""
    made_up.set(begins=lambda number, _: made_up.end(number, "OUT_OF_MEMORY"))
    row = engine_of().submit(RUN).result(PATIENCE_S).row
    assert (row["status"], len(made_up.jobs)) == ("crashed", 3)
    assert "ended as OUT_OF_MEMORY (it printed nothing; does that node see " in row["reason"]


def test_a_controller_that_is_away_for_long_ends_the_sweep(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """It is waited for as long as the user has patience; what is submitted later ends at once."""
    engine = engine_of(patience=10**8)
    under_way = engine.submit(RUN)
    wait_for(lambda: len(made_up.jobs) == 1)
    made_up.set(away=True)
    for future in (under_way, engine.submit(RUN)):
        with pytest.raises(
            EngineLost,
            match=r"controller no longer answers \(Unable to contact .* same command resumes the sweep",
        ):
            future.result(PATIENCE_S)


def test_a_controller_that_comes_back_in_time_is_no_loss(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """The job is submitted then."""
    engine = engine_of()
    made_up.set(away=True, begins=lambda _, command: answers(command))
    future = engine.submit(RUN)
    wait_for(lambda: made_up.missed >= 1)
    made_up.set(away=False)
    assert future.result(PATIENCE_S).status == "ok"


def test_what_slurm_refuses_ends_the_sweep(made_up: MadeUp, engine_of: Callable[..., Slurm]) -> None:
    """A job that is refused now, though one like it was not before."""
    engine = engine_of()
    made_up.set(refuses="Job violates accounting/QOS policy")
    with pytest.raises(EngineLost, match="Slurm refuses a job: Job violates"):
        engine.submit(RUN).result(PATIENCE_S)


def test_a_run_that_waits_for_a_node_that_is_gone_goes_elsewhere(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """Its job is cancelled, not left to wait for ever."""
    engine = engine_of(nodes=1)

    def begin(number: str, command: Sequence[str]) -> None:
        if made_up.jobs[number].node == "n1":
            made_up.jobs[number] = Job("PENDING", "", "ReqNodeNotAvail")
            made_up.set(known={"n1": "down*", "n2": "idle"})
        else:
            answers(command)

    made_up.set(begins=begin)
    assert engine.submit(RUN).result(PATIENCE_S).row["node"] == "n2"
    assert made_up.jobs["1"].state == "CANCELLED"


@pytest.mark.parametrize("allocation", ["per_run", "shared"])
def test_why_all_jobs_wait_is_said(
    allocation: str,
    made_up: MadeUp,
    engine_of: Callable[..., Slurm],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as nodes that were drained; and no longer once one of them runs."""
    monkeypatch.setattr(slurm, "_WAITS_S", 0.0)
    desks: dict[str, Desk] = {}

    def begin(number: str, command: Sequence[str]) -> None:
        desks[number] = Desk(Path(command[4]), command[5])
        desks[number].announce(number, "n1")

    made_up.set(begins=begin)
    engine = engine_of(allocation=allocation, nodes=1, placement="any")
    assert engine.why_waiting() == ""
    future = engine.submit(RUN)
    wait_for(lambda: "1" in made_up.jobs)
    drained = "Nodes required for job are DOWN, DRAINED or reserved"
    made_up.jobs["1"] = Job("PENDING", "", drained)
    wait_for(lambda: engine.why_waiting() != "")
    assert engine.why_waiting() == (
        f"Slurm has 1 job in its queue, none running ({drained}); see squeue and sinfo"
    )
    made_up.jobs["1"] = Job("RUNNING", "n1", "None")
    wait_for(lambda: engine.why_waiting() == "")
    taken = desks["1"].take()
    assert taken is not None
    desks["1"].answer(taken[0], ANSWER)
    assert future.result(PATIENCE_S).status == "ok"


def test_a_job_that_holds_a_node_is_replaced(made_up: MadeUp, engine_of: Callable[..., Slurm]) -> None:
    """An order that it did not take waits for the next; one that it took is given out again."""
    desks: dict[str, Desk] = {}

    def begin(number: str, command: Sequence[str]) -> None:
        desks[number] = Desk(Path(command[4]), command[5])
        desks[number].announce(number, f"host{number}")

    made_up.set(begins=begin)
    engine = engine_of(allocation="shared", nodes=1)
    taken = engine.submit(RUN)
    wait_for(lambda: desks["1"].take() is not None)
    waits = engine.submit(RUN)
    made_up.end("1", "TIMEOUT")
    found: list[int] = []

    def answered() -> bool:
        order = desks["2"].take() if "2" in desks else None
        if order is not None:
            desks["2"].answer(order[0], ANSWER)
            found.append(order[0])
        return len(found) == 2

    wait_for(answered)
    assert [future.result(PATIENCE_S).status for future in (taken, waits)] == ["ok", "ok"]
    assert sorted(found) == [1, 2]  # 0 went with the job


def test_an_order_does_not_wait_for_a_node_that_never_comes(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """A node dies before it takes its order, and no other is left for its place: the one that is idle makes the run."""
    desks: dict[str, Desk] = {}

    def begin(number: str, command: Sequence[str]) -> None:
        desks[number] = Desk(Path(command[4]), command[5])
        if int(number) <= 2:
            desks[number].announce(number, f"n{number}")
        else:
            made_up.jobs[number] = Job("PENDING", "", "Resources")

    made_up.set(begins=begin)
    engine = engine_of(allocation="shared", nodes=2)
    futures = [engine.submit(RUN), engine.submit(RUN)]
    made_up.end("1", "NODE_FAIL")
    found: list[int] = []

    def answered() -> bool:
        order = desks["2"].take()
        if order is not None:
            desks["2"].answer(order[0], ANSWER)
            found.append(order[0])
        return len(found) == 2

    wait_for(answered)
    assert [future.result(PATIENCE_S).status for future in futures] == ["ok", "ok"]
    assert engine.room == 1


def test_a_run_that_never_began_counts_no_node_as_lost(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """However often its place is taken from it."""
    engine, tries = engine_of(nodes=2), count(1)

    def begin(number: str, command: Sequence[str]) -> None:
        if next(tries) > 5:
            answers(command)
            return
        gone = made_up.jobs[number].node
        made_up.jobs[number] = Job("PENDING", "", "ReqNodeNotAvail")
        made_up.set(known={"n1": "idle", "n2": "idle", gone: "down*"})

    made_up.set(begins=begin)
    assert engine.submit(RUN).result(PATIENCE_S).status == "ok"
    assert len(made_up.jobs) == 6


def test_jobs_that_cannot_begin_their_work_are_refused(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """Python is missing on the node, say: the job's last line is quoted, before anything runs."""

    def begin(number: str, command: Sequence[str]) -> None:
        (Path(command[4]) / "logs" / command[5]).write_text("slurmstepd: x\npython: not found\n")
        made_up.end(number, "FAILED")

    made_up.set(begins=begin)
    with pytest.raises(EngineUnusable, match=r"job 1 on n1 ended as FAILED \(python: not found\)"):
        engine_of(allocation="shared")
    assert made_up.waiting_or_running() == {}


def test_no_idle_node_and_too_many_nodes_are_refused(
    made_up: MadeUp, engine_of: Callable[..., Slurm]
) -> None:
    """The states that the nodes have are said, and what to do."""
    made_up.set(known={"n1": "allocated", "n2": "drained*"})
    with pytest.raises(
        EngineUnusable, match=r"no node was idle in that time \(n1 allocated, n2 drained\*\); wait longer, or"
    ):
        engine_of(patience=10**7)
    with pytest.raises(
        EngineUnusable, match=r"engine\.nodes=3: partition the default one has 2; ask for at most as many"
    ):
        engine_of(nodes=3)


def test_names_of_jobs_tell_sweeps_apart() -> None:
    """The same folder gives the same name, whatever is in the name of the folder."""
    names = {name_of(Path(path)) for path in ("/a/mine", "/b/mine", "/a/mine,x|y", "/a/" + "m" * 200)}
    assert name_of(Path("/a/mine")) in names
    assert len(names) == 4
    assert all(len(name) < 64 and not set(name) & set(",| %") for name in names)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--wait", "engine.sbatch: --wait is set by breakeven; leave it out"),
        ("--nodes=4", "engine.sbatch: --nodes is set by breakeven"),
        ("-p", "engine.sbatch: -p is no long option of sbatch; write a list such as"),
        (3, "engine.sbatch: 3 is no long option of sbatch"),
    ],
)
def test_options_that_cannot_be_passed_on(option: object, said: str) -> None:
    """Those that breakeven sets itself, and those that are none."""
    with pytest.raises(EngineUnusable) as refusal:
        check_options([option])
    assert str(refusal.value).startswith(said)
    check_options(["--account=me", "--time=1:00:00", "--contiguous"])


_NOT_NOW = (
    *("Unexpected message received", "Communication connection failure", "Message send failure"),
    *("Message receive failure", "Communication shutdown failure", "Protocol authentication error"),
    *("Insane message length", "Unexpected missing socket error", "Zero Bytes were transmitted or received"),
    *("Unable to contact slurm controller (connect failure)", "Unable to create job record, try again"),
    *("Slurm backup controller in standby mode", "Controller is in standby mode, try a different controller"),
    *(
        "Slurm temporarily unable to accept job, sleeping and retrying",
        "Requested operation is presently disabled",
    ),
    *("Socket timed out on send/recv operation", "System submissions disabled"),
)
_NEVER = (
    *("Invalid partition name specified", "Access/permission denied", "Node count specification invalid"),
    "Invalid account or account/partition combination specified",
)


@pytest.mark.parametrize(
    ("said", "wanted"), [*((said, Unreachable) for said in _NOT_NOW), *((said, Refused) for said in _NEVER)]
)
def test_a_job_that_cannot_be_submitted_now_is_no_refusal(
    said: str, wanted: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that restarts answers with any of its errors of communication; only a refusal ends the sweep."""
    sbatch = tmp_path / "sbatch"
    sbatch.write_text(f"#!/bin/sh\necho 'sbatch: error: Batch job submission failed: {said}' >&2\nexit 1\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(wanted, match=re.escape(said)):
        Commands("name", None, []).submit(["true"], tmp_path / "log")
