"""The status command on real results folders: while a sweep runs, after each kind of end, on older and broken ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from breakeven.base.events import DONE, INTERRUPTED, NOT_STORED, OVER_BUDGET, STOPPED
from breakeven.command import call
from breakeven.runner.locks import Holder, SweepLock
from breakeven.runner.status import state as sight
from breakeven.runner.store import AppendedFile, Sweep
from breakeven.runner.sweep.loop import Observers
from breakeven.runner.sweep.observer import (
    NodesChanged,
    RunBegan,
    RunEnded,
    RunPlaced,
    SweepBegan,
    SweepEnded,
)
from breakeven.runner.sweep.sinks import JsonLines, Log
from breakeven.runner.sweep.tally import Tally
from tests import commands, samples
from tests.commands import Started
from tests.stored import KEY, commit, measured

CELL = "spin process(fork) x2 queue map 1KiB 200us"
HOST = os.uname().nodename


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Return an empty sweep, outputs/mine from the current folder, that ``latest`` leads to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    made = Sweep(tmp_path / "outputs" / "mine")
    made.create()
    made.point_latest()
    return made


def _row(round_: int, ended: str = "ok", reason: str | None = None, **columns: Any) -> dict[str, Any]:
    """Return the row of a run, as the table ``runs`` holds it."""
    row = {"cell_id": "0123456789abcdef", "round": round_, "status": ended, "reason": reason}
    factors = {"workload": "spin", "model": "process", "ipc": "queue", "pattern": "map", "workers": 2}
    return {**row, **factors, "wall_ns": 10**9, **columns}


def _make_runs(sweep: Sweep, rows: list[dict[str, Any]], *, of: int, end: str | None = None) -> None:
    """Store runs and report them as a sweep of ``of`` runs does; the last one is only begun if there is no end."""
    run = samples.run(sys.executable, interpreter="current")
    counts = {"total": of, "done": 0, "waiting": of, "incompatible": 0}
    with (
        closing(JsonLines(AppendedFile(sweep.events))) as events,
        closing(Log(AppendedFile(sweep.log))) as log,
    ):
        sinks = Observers([events, log])
        sinks.notify(SweepBegan(sweep=sweep.path, **counts, command="breakeven sweep=mine"))
        for number, row in enumerate(rows, 1):
            present = replace(run, round=row["round"])
            sinks.notify(RunBegan(run=present, number=number, of=of, seconds_left=70.0))
            commit(sweep, row)
            sinks.notify(RunEnded(run=present, row=row, tally=Tally(total=of, ok=number), seconds_left=65.0))
        if end is None:
            present = replace(run, round=len(rows))
            sinks.notify(RunBegan(run=present, number=len(rows) + 1, of=of, seconds_left=65.0))
        else:
            sinks.notify(SweepEnded(how=end, code=0))


def _shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Return exit code and lines of the command, few seconds as 0; nothing may be said beside them."""
    code = call("status", [*arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return code, [re.sub(r"for 0:[0-5]\d", "for 0:00", line) for line in out.splitlines()]


def _data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, (line,) = _shown(capsys, "--json", *arguments)
    told: dict[str, Any] = json.loads(line)
    assert code == (0 if told["complete"] else 1)
    return told


def test_a_finished_sweep(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """All is done: the counts and the end of the log, exit code 0; ``latest`` is shown by its name."""
    _make_runs(sweep, [_row(0), _row(1)], of=2, end=DONE)
    commit(sweep, _row(2, "incompatible", "it cannot be"))
    code, lines = _shown(capsys, "--lines", "1")
    assert code == 0
    assert lines[:4] == ["outputs/mine: done", "2 ok, 1 incompatible", "", "sweep.log:"]
    assert lines[4].endswith("sweep ended: done, exit code 0")
    assert len(lines) == 5


def test_a_sweep_under_way(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """Who runs it and for how long, what is being made, what is left, and what went wrong with its reason."""
    reason = "[bold]boom\x1b[31m\nsecond line"
    with SweepLock(sweep.path).held():
        before = {path: path.stat().st_mtime_ns for path in sweep.path.rglob("*")}
        _make_runs(sweep, [_row(0), _row(1, "failed", reason)], of=4)
        code, lines = _shown(capsys, "outputs/mine", "--lines", "0")
        told = _data(capsys)
        assert {path for path in sweep.path.rglob("*") if path not in before} == {
            sweep.events,
            sweep.log,
            *(sweep.file("runs", "0123456789abcdef", round_) for round_ in (0, 1)),
        }
    assert code == 1
    assert lines[0].startswith("outputs/mine: running for 0:00 by ")
    assert re.search(rf"by pid {os.getpid()} on host {HOST}, [01]:\d\d left$", lines[0])
    assert lines[1:] == [
        "1 ok, 1 failed, 2 waiting",
        f"now: 3/4 {CELL}, for 0:00",
        "",
        "status  cell                                        round  reason",
        f"failed  {CELL}      1  [bold]boom\\x1b[31m ... second line",
    ]
    assert (told["state"], told["complete"], told["pid"], told["host"]) == (
        "running",
        False,
        os.getpid(),
        HOST,
    )
    assert told["counts"] == {
        "ok": 1,
        "failed": 1,
        "crashed": 0,
        "timeout": 0,
        "incompatible": 0,
        "waiting": 2,
    }
    assert told["present"]["round"] == 2
    assert 30 < told["seconds_left"] <= 65
    assert told["failed"] == [
        {"cell": CELL, "function": None, "cell_id": "0123456789abcdef", "round": 1}
        | {"status": "failed", "reason": reason}
    ]
    assert len(told["log"]) == 10
    assert told["sweep"] == str(sweep.path)


def test_a_sweep_that_has_not_begun(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """Its writer plans, or waits for the machine: earlier launches do not count as this one."""
    with SweepLock(sweep.path).held():
        code, lines = _shown(capsys)
        assert code == 1
        assert lines == [
            f"outputs/mine: starting, or waiting for the machine, for 0:00 by pid {os.getpid()} on host {HOST}",
            "0 ok",
        ]
        assert _data(capsys)["state"] == "starting"


def test_a_sweep_whose_budget_was_over(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not done: runs are still to be made."""
    _make_runs(sweep, [_row(0)], of=3, end=OVER_BUDGET)
    code, lines = _shown(capsys, "--lines", "0")
    assert (code, lines) == (1, ["outputs/mine: ended: the budget was over", "1 ok, 2 waiting"])
    assert _data(capsys)["state"] == "over_budget"


@pytest.mark.parametrize("end", [INTERRUPTED, STOPPED, NOT_STORED])
def test_a_sweep_that_ended_early(sweep: Sweep, capsys: pytest.CaptureFixture[str], end: str) -> None:
    """How it ended is told, and what is still to be made."""
    _make_runs(sweep, [_row(0)], of=3, end=end)
    code, lines = _shown(capsys, "--lines", "0")
    assert (code, lines) == (1, [f"outputs/mine: {end.replace('_', ' ')}", "1 ok, 2 waiting"])
    told = _data(capsys)
    assert (told["state"], told["present"], told["seconds"], told["seconds_left"]) == (end, None, None, None)


def test_what_failed_makes_a_finished_sweep_incomplete(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each way to fail is counted, and exit code 1 says it."""
    _make_runs(sweep, [_row(0), _row(1, "crashed", "SIGSEGV"), _row(2, "timeout")], of=3, end=DONE)
    code, lines = _shown(capsys, "--lines", "0")
    assert code == 1
    assert lines[:2] == ["outputs/mine: done", "1 ok, 1 crashed, 1 timeout"]
    assert [line.split()[0] for line in lines[4:]] == ["crashed", "timeout"]
    assert lines[4].endswith("1  SIGSEGV")


def test_damage_is_shown(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that cannot be believed is counted and named with the reason."""
    _make_runs(sweep, [_row(0), _row(1)], of=2, end=DONE)
    sweep.file("runs", "0123456789abcdef", 1).write_bytes(b"PAR1")
    code, lines = _shown(capsys, "--lines", "0")
    assert code == 1
    assert lines == [
        "outputs/mine: done",
        "1 ok, 1 damaged",
        "damaged: runs/0123456789abcdef-001.parquet: it is not a whole Parquet file (4 bytes)",
    ]
    assert list(_data(capsys)["damaged"]) == ["runs/0123456789abcdef-001.parquet"]


@pytest.mark.parametrize("table", ["trials", "spans"])
def test_a_truncated_file_of_any_table_is_damage(
    sweep: Sweep, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no analysis reads, and the next launch repeats, is not shown as done."""
    measured(sweep)
    file = sweep.file(table, *KEY)
    size = file.stat().st_size
    file.write_bytes(b"")
    code, lines = _shown(capsys, "--lines", "0")
    assert (code, lines[1:]) == (
        1,
        ["0 ok, 1 damaged", f"damaged: {table}/a1-000.parquet: it has 0 bytes instead of {size}"],
    )


@pytest.mark.parametrize("planned", [2, 3])
def test_an_older_sweep(sweep: Sweep, capsys: pytest.CaptureFixture[str], planned: int) -> None:
    """Without events its description tells what was planned, and its rows name the cells."""
    order = [f"0123456789abcdef-{round_}" for round_ in range(planned)]
    sweep.describe(yaml.safe_dump({"launches": [{"order": ["other-0"]}, {"order": order}]}))
    commit(sweep, _row(0))
    commit(sweep, _row(1, "failed", "boom"))
    code, lines = _shown(capsys)
    assert code == 1
    done = planned == 2
    assert lines == [
        f"outputs/mine: {'done' if done else 'interrupted'}",
        f"1 ok, 1 failed{'' if done else ', 1 waiting'}",
        "",
        "status  cell                       round  reason",
        "failed  spin process x2 queue map      1  boom",
    ]


@pytest.mark.parametrize("text", [b"", b"[1]", b"launches: [{}]", b"\xff\x00", b"launches: {a: }"])
def test_a_description_that_tells_nothing(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    """What is stored is shown whatever is left of the description."""
    sweep.description.write_bytes(text)
    commit(sweep, _row(0))
    assert _shown(capsys) == (0, ["outputs/mine: done", "1 ok"])


@pytest.mark.parametrize(
    "event",
    [
        {"event": "unheard_of"},
        {"event": "run_began", "at": 7, "cell": 3, "number": {}, "cell_id": [1]},
        {"event": "run_began", "at": "9999-99-99", "cell": "a\x1bb"},
        {"event": "run_began", "at": "0001-01-01T00:00:00+00:00"},
        {"event": "run_ended", "at": None, "seconds_left": "soon"},
        {"event": "run_ended", "at": "2026-01-01T00:00:00", "seconds_left": 1e300},
        {"event": "run_ended", "at": "2026-01-01T00:00:00+00:00", "seconds_left": float("nan")},
        {"event": "sweep_began", "waiting": float("inf"), "pid": "x"},
        {"event": "sweep_ended", "how": 3},
    ],
)
def test_events_that_are_not_understood(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], event: dict[str, Any]
) -> None:
    """Another version's events, and what is no event at all, change little and break nothing."""
    with SweepLock(sweep.path).held():
        _make_runs(sweep, [_row(0)], of=3)
        with sweep.events.open("a") as file:
            file.write(f"{json.dumps(event)}\n\x00\nhalf a li")
        code, lines = _shown(capsys, "--lines", "0")
    assert code == 1
    assert all(line.isprintable() for line in lines)
    assert lines[1].startswith("1 ok")


def test_a_writer_on_another_machine_runs_while_it_gives_signs(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process cannot be seen: a file that was touched lately is a sign of life."""
    since = datetime.now(UTC) - timedelta(seconds=3725)
    sweep.writer.write_bytes(Holder(pid=5, host="n1", since=since, boot="another").encoded())
    line = _shown(capsys)[1][0]
    assert re.fullmatch(
        r"outputs/mine: starting, or waiting for the machine, for 1:02:\d\d by pid 5 on host n1", line
    )
    os.utime(sweep.writer, (0, 0))
    assert _shown(capsys)[1][0] == "outputs/mine: interrupted"
    assert sweep.writer.stat().st_mtime == 0


def test_looking_at_the_lock_does_not_disturb_a_writer(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no lock, not even for a moment, and opens nothing to write."""

    def refuse(*_: object) -> None:
        raise AssertionError

    original = os.open

    def reading(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        assert not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return original(path, flags, *rest, **options)

    with SweepLock(sweep.path).held():
        _make_runs(sweep, [_row(0)], of=3)
        with monkeypatch.context() as patch:
            patch.setattr("fcntl.flock", refuse)
            patch.setattr(os, "open", reading)
            assert _data(capsys)["state"] == "running"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["outputs/none"], "no results folder at outputs/none; name one of: outputs/latest, outputs/mine"),
        (
            ["elsewhere/none"],
            "no results folder at elsewhere/none; name one of: outputs/latest, outputs/mine",
        ),
        (["outputs"], "no results folder at outputs; name one of: outputs/latest, outputs/mine"),
        (
            ["mine"],
            "no results folder at mine (did you mean outputs/mine?); name one of: outputs/latest, outputs/mine",
        ),
        (
            ["--lines", "-1"],
            "argument --lines: -1 is not a count; write one such as 20; see breakeven status --help",
        ),
        (["a", "b"], "unrecognized arguments: b; see breakeven status --help"),
    ],
)
def test_bad_input_is_one_line(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What is wrong, and what to type instead; exit code 2."""
    del sweep
    assert call("status", [*arguments]) == 2
    assert capsys.readouterr() == ("", f"{message}\n")


def test_events_that_may_not_be_read_are_told(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of another user is named with the cause."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(sight, "read_events", refuse)
    assert call("status", []) == 2
    assert capsys.readouterr().err == (
        f"cannot read {sweep.events}: Permission denied; make it readable, or name another folder\n"
    )


def test_the_log_is_shown_from_its_end(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """However long it is, only its end is read; control characters are written out."""
    sweep.log.write_text("x" * 10**6 + "\nlast but one\nthe \x1b[2Jlast\n")
    assert _shown(capsys, "--lines", "2")[1][-3:] == ["sweep.log:", "last but one", "the \\x1b[2Jlast"]


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_is_enough(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """Lines are wrapped, no word of a reason is lost."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    _make_runs(sweep, [_row(0, "failed", "one two three four five six seven")], of=1, end=DONE)
    _, lines = _shown(capsys, "--lines", "0")
    assert max(map(len, lines)) <= width
    assert "seven" in "".join("".join(lines).split())


SWEEP = """
import sys, time
from pathlib import Path
from breakeven.runner.locks import SweepLock
from breakeven.runner.store import AppendedFile, Sweep
from breakeven.runner.sweep.observer import RunBegan, SweepBegan
from breakeven.runner.sweep.sinks import JsonLines
from tests import samples
sweep = Sweep(Path(sys.argv[1]))
run = samples.run(sys.executable)
counts = dict(total=2, done=0, incompatible=0, waiting=2)
with SweepLock(sweep.path).held():
    events = JsonLines(AppendedFile(sweep.events))
    events.notify(SweepBegan(sweep=sweep.path, **counts, command="breakeven"))
    events.notify(RunBegan(run=run, number=1, of=2, seconds_left=1.0))
    print("under way", flush=True)
    time.sleep(1000)
"""


def test_where_the_runs_of_a_cluster_are(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """Nodes, how many are free, the queue, and the node of each run under way, the last one that it was moved to."""
    run = samples.run(sys.executable, interpreter="current")
    counts = {"total": 9, "done": 0, "waiting": 9, "incompatible": 0}
    with SweepLock(sweep.path).held(), closing(JsonLines(AppendedFile(sweep.events))) as events:
        events.notify(SweepBegan(sweep=sweep.path, **counts, command="breakeven sweep=mine"))
        for number in range(4):
            events.notify(RunBegan(run=replace(run, round=number), number=number + 1, of=9, seconds_left=9.0))
        events.notify(NodesChanged(nodes=("n1", "n2", "n3")))
        for number, node in ((0, "n1"), (1, "n3"), (2, "n3"), (1, "n2")):
            events.notify(RunPlaced(run=replace(run, round=number), node=node))
        ended = replace(run, round=0)
        row = _row(0)
        events.notify(RunEnded(run=ended, row=row, tally=Tally(total=9, ok=1), seconds_left=8.0))
        _, lines = _shown(capsys, "--lines", "0")
        told = _data(capsys)
    assert [line.split() for line in lines[2:4]] == [
        ["3", "nodes,", "1", "free;", "5", "runs", "queued"],
        ["node", "run", "round", "for"],
    ]
    assert [(line.split()[0], line.split()[-2]) for line in lines[4:]] == [
        ("waits", "3"),
        ("n2", "1"),
        ("n3", "2"),
    ]
    assert [(run["node"], run["round"]) for run in told["under_way"]] == [(None, 3), ("n2", 1), ("n3", 2)]
    assert (told["nodes"], told["free_nodes"], told["queued"]) == (["n1", "n2", "n3"], ["n1"], 5)


@pytest.fixture
def process(sweep: Sweep) -> Iterator[Started]:
    """Start a sweep that makes its first run for long."""
    with commands.start(commands.script(SWEEP, str(sweep.path))) as started:
        assert commands.said(started) == "under way"
        yield started
        started.kill()


def test_a_sweep_of_another_process_and_its_death(
    sweep: Sweep, process: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs; stopped it still does; killed it is interrupted, though nobody told its end."""
    for number in (None, signal.SIGSTOP):
        if number is not None:
            process.send_signal(number)
        told = _data(capsys)
        assert (told["state"], told["pid"], told["counts"]["waiting"]) == ("running", process.pid, 2)
    process.kill()
    process.wait()
    assert sweep.writer.exists()
    told = _data(capsys)
    assert (told["state"], told["pid"], told["present"]) == ("interrupted", None, None)


def test_as_a_command(sweep: Sweep) -> None:
    """It starts without Hydra and pandas, and says how to use it."""
    _make_runs(sweep, [_row(0)], of=1, end=DONE)
    listing = "import sys; from breakeven.command import call; call('status', [sys.argv[1]]); "
    heavy = "{'hydra', 'omegaconf', 'pandas', 'matplotlib', 'scipy'}"
    done = commands.run(commands.script(f"{listing} print({heavy} & set(sys.modules))", str(sweep.path)))
    assert done.stdout.splitlines()[-1] == "set()"
    help_ = commands.run(commands.module("breakeven", "status", "-h"))
    assert help_.stdout.startswith("usage: breakeven status [-h] [--json] [--lines N] [folder]")


def test_a_reader_that_has_enough_is_no_error(sweep: Sweep) -> None:
    """``| head -1`` neither prints an error nor hides the exit code."""
    _make_runs(sweep, [_row(0)], of=1, end=DONE)
    sweep.log.write_text("a long line of the log\n" * 3000)
    bash = shutil.which("bash")
    assert bash is not None
    script = '"$@" | true; echo ${PIPESTATUS[0]}'
    status = commands.module("breakeven", "status", str(sweep.path), "--lines", "3000")
    done = commands.run([bash, "-c", script, "bash", *status])
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_an_output_without_the_characters(sweep: Sweep) -> None:
    """A terminal that only knows ASCII gets the others written out."""
    _make_runs(sweep, [_row(0, "failed", "Zu spät…")], of=1, end=DONE)
    status = commands.module("breakeven", "status", str(sweep.path), "--lines", "0")
    done = commands.run(status, added={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.rstrip().endswith(r"Zu sp\xe4t\u2026")
