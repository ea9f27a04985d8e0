"""Rules of the files of events: whole lines, every event, nothing lost when a writer dies or the disk is full."""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.events import DONE, INTERRUPTED, read_events
from breakeven.runner.store import AppendedFile, NotStored, Sweep
from breakeven.runner.sweep.loop import Observers
from breakeven.runner.sweep.observer import (
    NodesChanged,
    Noted,
    RunBegan,
    RunEnded,
    RunIncompatible,
    RunPlaced,
    SweepBegan,
    SweepEnded,
    SweepEvent,
    SweepObserver,
)
from breakeven.runner.sweep.sinks import JsonLines, Log
from breakeven.runner.sweep.tally import Tally
from tests import samples

CELL = "spin process(fork) x2 queue map 1KiB 200us"
KEY = {"cell_id": "0123456789abcdef", "round": 0, "cell": CELL} | {
    "function": None,
    "payload_asked_bytes": 1024,
}


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Return a results folder, outputs/mine from the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "outputs" / "mine"
    path.mkdir(parents=True)
    return Sweep(path)


def _events(sweep: Sweep) -> list[SweepEvent]:
    """Return one event of each kind."""
    run = samples.run(sys.executable, interpreter="current")
    said = {"stderr": "one\n\ttwo\x1b"}
    row = {"status": "crashed", "reason": "ended by SIGSEGV", "wall_ns": 1_250_000_000} | said
    counts = {"total": 3, "done": 1, "waiting": 2, "incompatible": 3}
    return [
        SweepBegan(sweep=sweep.path, **counts, command="breakeven sweep=mine"),
        RunIncompatible(run=run, reason="it cannot be"),
        RunBegan(run=run, number=1, of=2, seconds_left=9.0),
        NodesChanged(nodes=("n1", "n2")),
        RunPlaced(run=run, node="n1"),
        RunEnded(run=run, row=row, tally=Tally(total=2, failed=1, incompatible=3), seconds_left=4.5),
        Noted(text="the machine is busy"),
        SweepEnded(how=INTERRUPTED, code=130),
    ]


@contextmanager
def _sinks(sweep: Sweep, *echoes: Callable[[str], None]) -> Iterator[Observers]:
    """Open both files, as a sweep does."""
    files: list[SweepObserver] = [JsonLines(AppendedFile(sweep.events), echoes), Log(AppendedFile(sweep.log))]
    with closing(Observers(files)) as observers:
        yield observers


def _write_all(sweep: Sweep, *echoes: Callable[[str], None]) -> None:
    with _sinks(sweep, *echoes) as sinks:
        for event in _events(sweep):
            sinks.notify(event)


def test_every_event_tells_what_is_documented(sweep: Sweep) -> None:
    """One JSON object a line, in order, with the time in UTC."""
    _write_all(sweep)
    events = [json.loads(line) for line in sweep.events.read_text().splitlines()]
    for event in events:
        assert datetime.fromisoformat(event.pop("at")).utcoffset() == timedelta(0)
    number = {"number": 1, "of": 2}
    assert events == [
        {
            "event": "sweep_began",
            "pid": os.getpid(),
            "host": os.uname().nodename,
            "sweep": "outputs/mine",
            "total": 3,
            "done": 1,
            "incompatible": 3,
            "waiting": 2,
            "command": "breakeven sweep=mine",
        },
        {"event": "run_incompatible", **KEY, "reason": "it cannot be"},
        {"event": "run_began", **KEY, **number},
        {"event": "nodes_changed", "nodes": ["n1", "n2"]},
        {"event": "run_placed", "cell_id": KEY["cell_id"], "round": KEY["round"], "node": "n1"},
        {
            "event": "run_ended",
            **KEY,
            **number,
            "status": "crashed",
            "reason": "ended by SIGSEGV",
            "wall_ns": 1_250_000_000,
            "ok": 0,
            "failed": 1,
            "incompatible": 3,
            "seconds_left": 4.5,
        },
        {"event": "note", "text": "the machine is busy"},
        {"event": "sweep_ended", "how": "interrupted", "code": 130},
    ]


def test_the_log_tells_it_to_people(sweep: Sweep) -> None:
    """What was typed, the counts, each run's end with all that it said, harmless on a terminal, and the end."""
    _write_all(sweep)
    text = sweep.log.read_text()
    stamp = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d ", re.MULTILINE)
    assert len(stamp.findall(text)) == 8
    assert stamp.sub("", text).splitlines() == [
        f"sweep outputs/mine began on host {os.uname().nodename}, pid {os.getpid()}",
        "    command: breakeven sweep=mine",
        "    3 runs, 1 already done, 2 to make; 3 incompatible",
        f"incompatible: {CELL} (cell 0123456789abcdef, round 0)",
        "    it cannot be",
        f"run 1/2 began: {CELL} (cell 0123456789abcdef, round 0)",
        "nodes: n1, n2",
        f"on node n1: {CELL} (cell 0123456789abcdef, round 0)",
        "run 1/2 ended crashed after 1.25 s",
        "    ended by SIGSEGV",
        "    one",
        "    \ttwo\\x1b",
        "note: the machine is busy",
        "sweep ended: interrupted, exit code 130",
    ]


def test_a_run_without_length_has_none_in_the_log(sweep: Sweep) -> None:
    """What a row does not tell is left out."""
    *_, ended, _, _ = _events(sweep)
    assert isinstance(ended, RunEnded)
    with _sinks(sweep) as sinks:
        sinks.notify(replace(ended, row={"status": "ok"}))
    assert sweep.log.read_text().endswith("run 1/2 ended ok\n")


def test_a_sweep_that_is_carried_on_goes_on_in_its_files(sweep: Sweep) -> None:
    """Nothing is written over."""
    for text in ("first", "second"):
        with _sinks(sweep) as sinks:
            sinks.notify(Noted(text=text))
    assert [event["text"] for event in read_events(sweep.events)] == ["first", "second"]
    assert len(sweep.log.read_text().splitlines()) == 2


def test_each_line_is_echoed_as_it_was_written(sweep: Sweep) -> None:
    """What a program reads from the output is what it finds in the file."""
    lines: list[str] = []
    _write_all(sweep, lines.append)
    assert "".join(lines) == sweep.events.read_text()


@given(text=st.text(st.characters()), half=st.binary(max_size=40))
def test_any_text_is_one_line(tmp_path_factory: pytest.TempPathFactory, text: str, half: bytes) -> None:
    """Line ends, lone surrogates, a torn line before: each event is read back as it was told."""
    sweep = Sweep(tmp_path_factory.mktemp("sweep"))
    sweep.events.write_bytes(half)
    known = len(read_events(sweep.events))
    with _sinks(sweep) as sinks:
        sinks.notify(Noted(text=text))
        sinks.notify(Noted(text="the next"))
    told = [event["text"] for event in read_events(sweep.events)[known:]]
    assert told == [text, "the next"]


def test_a_torn_line_is_left_out(sweep: Sweep) -> None:
    """Whatever the writer was killed at, what it wrote before is read; so are events of a later version."""
    _write_all(sweep)
    data = sweep.events.read_bytes()
    last = data.rindex(b"\n", 0, -1) + 1
    for length in range(last, len(data)):
        sweep.events.write_bytes(data[:length])
        assert len(read_events(sweep.events)) == (8 if length == len(data) - 1 else 7)
    sweep.events.write_bytes(b'{"event": "unheard_of", "at": 3}\n[1]\n{"event": 4}\n\xff\n' + b"[" * 9999)
    assert read_events(sweep.events) == [{"event": "unheard_of", "at": 3}]


def test_a_sweep_without_events_has_none(tmp_path: Path) -> None:
    """An older sweep has no such file."""
    assert read_events(tmp_path / "events.jsonl") == []


def test_a_full_disk_is_told(sweep: Sweep) -> None:
    """A part of a line is as bad as none; the next writer begins on a line of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with _sinks(sweep) as sinks:
        sinks.notify(Noted(text="before"))
        size = sweep.events.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
        try:
            with pytest.raises(NotStored) as caught:
                sinks.notify(Noted(text="torn"))
            assert str(caught.value) == (
                f"cannot write {sweep.events}: only part of a line was written; the disk is full; "
                "what was measured is kept"
            )
            with pytest.raises(NotStored) as caught:
                sinks.notify(Noted(text="refused"))
            assert str(caught.value) == (
                f"cannot write {sweep.events}: File too large; what was measured is kept"
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with _sinks(sweep) as sinks:
        sinks.notify(SweepEnded(how=DONE, code=0))
    assert [event["event"] for event in read_events(sweep.events)] == ["note", "sweep_ended"]


def test_a_folder_that_is_gone_is_told(sweep: Sweep) -> None:
    """A file of events cannot begin without its folder."""
    sweep.path.rmdir()
    with pytest.raises(NotStored) as caught:
        AppendedFile(sweep.events)
    assert str(caught.value) == (
        f"cannot write {sweep.events}: No such file or directory; what was measured is kept"
    )


def test_closing_twice_is_harmless(sweep: Sweep) -> None:
    """The files are closed once."""
    log = Log(AppendedFile(sweep.log))
    log.close()
    log.close()
    with pytest.raises(NotStored, match="Bad file descriptor"):
        log.notify(Noted(text="too late"))
