"""Rules of the journal: whole lines, both files, every event, nothing lost when a writer dies or the disk is full."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.engines import Run
from breakeven.runner.status.events import DONE, INTERRUPTED, Journal, read_events
from breakeven.runner.store import NotStored, Sweep
from tests import samples

ROOT = Path(__file__).parents[2]
CELL = "spin process(fork) x2 queue map 1KiB 200us"
KEY = {"cell_id": "0123456789abcdef", "round": 0, "cell": CELL}


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Give a results folder, outputs/mine from the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "outputs" / "mine"
    path.mkdir(parents=True)
    return Sweep(path)


def _run(sweep: Sweep) -> Run:
    return samples.run(sweep.path, sys.executable, interpreter="current")


def _ended(journal: Journal, run: Run, row: dict[str, Any]) -> None:
    journal.run_ended(run, row, number=1, of=2, ok=0, failed=1, incompatible=3, seconds_left=4.5)


def _tell_all(sweep: Sweep, journal: Journal) -> None:
    run = _run(sweep)
    journal.sweep_began(total=3, done=1, incompatible=3, waiting=2, command="breakeven sweep=mine")
    journal.run_incompatible(run, "it cannot be")
    journal.run_began(run, number=1, of=2)
    row = {
        "status": "crashed",
        "reason": "ended by SIGSEGV",
        "wall_ns": 1_250_000_000,
        "stderr": "one\n\ttwo\x1b",
    }
    _ended(journal, run, row)
    journal.note("the machine is busy")
    journal.sweep_ended(INTERRUPTED, 130)


def test_every_event_tells_what_is_documented(sweep: Sweep) -> None:
    """One JSON object a line, in order, with the time in UTC."""
    with Journal(sweep) as journal:
        _tell_all(sweep, journal)
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
    with Journal(sweep) as journal:
        _tell_all(sweep, journal)
    text = sweep.log.read_text()
    stamp = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d ", re.MULTILINE)
    assert len(stamp.findall(text)) == 6
    assert stamp.sub("", text).splitlines() == [
        f"sweep outputs/mine began on host {os.uname().nodename}, pid {os.getpid()}",
        "    typed: breakeven sweep=mine",
        "    3 runs, 1 already done, 2 to be made; 3 incompatible",
        f"incompatible: {CELL} (cell 0123456789abcdef, round 0)",
        "    it cannot be",
        f"run 1/2 began: {CELL} (cell 0123456789abcdef, round 0)",
        "run 1/2 ended crashed after 1.25 s",
        "    ended by SIGSEGV",
        "    one",
        "    \ttwo\\x1b",
        "note: the machine is busy",
        "sweep ended: interrupted, exit code 130",
    ]


def test_a_run_without_length_has_none_in_the_log(sweep: Sweep) -> None:
    """What a row does not tell is left out."""
    with Journal(sweep) as journal:
        _ended(journal, _run(sweep), {"status": "ok"})
    assert sweep.log.read_text().endswith("run 1/2 ended ok\n")


def test_a_sweep_that_is_carried_on_goes_on_in_its_files(sweep: Sweep) -> None:
    """Nothing is written over."""
    for text in ("first", "second"):
        with Journal(sweep) as journal:
            journal.note(text)
    assert [event["text"] for event in read_events(sweep.events)] == ["first", "second"]
    assert len(sweep.log.read_text().splitlines()) == 2


def test_each_line_is_echoed_as_it_was_written(sweep: Sweep) -> None:
    """What a program reads from the output is what it finds in the file."""
    lines: list[str] = []
    with Journal(sweep, lines.append) as journal:
        _tell_all(sweep, journal)
    assert lines == sweep.events.read_text().splitlines()


@given(text=st.text(st.characters()), half=st.binary(max_size=40))
def test_any_text_is_one_line(tmp_path_factory: pytest.TempPathFactory, text: str, half: bytes) -> None:
    """Line ends, lone surrogates, a torn line before: each event is read back as it was told."""
    sweep = Sweep(tmp_path_factory.mktemp("sweep"))
    sweep.events.write_bytes(half)
    known = len(read_events(sweep.events))
    with Journal(sweep) as journal:
        journal.note(text)
        journal.note("the next")
    told = [event["text"] for event in read_events(sweep.events)[known:]]
    assert told == [text, "the next"]


def test_a_torn_line_is_left_out(sweep: Sweep) -> None:
    """Whatever the writer was killed at, what it wrote before is read; so are events of a later version."""
    with Journal(sweep) as journal:
        _tell_all(sweep, journal)
    data = sweep.events.read_bytes()
    last = data.rindex(b"\n", 0, -1) + 1
    for length in range(last, len(data)):
        sweep.events.write_bytes(data[:length])
        assert len(read_events(sweep.events)) == (6 if length == len(data) - 1 else 5)
    sweep.events.write_bytes(b'{"event": "unheard_of", "at": 3}\n[1]\n{"event": 4}\n\xff\n' + b"[" * 9999)
    assert read_events(sweep.events) == [{"event": "unheard_of", "at": 3}]


def test_a_sweep_without_events_has_none(tmp_path: Path) -> None:
    """An older sweep has no such file."""
    assert read_events(tmp_path / "events.jsonl") == []


WRITER = """
import sys
from pathlib import Path
from breakeven.runner.status.events import Journal
from breakeven.runner.store import Sweep
with Journal(Sweep(Path(sys.argv[1]))) as journal:
    for number in range(200):
        journal.note(sys.argv[2] * 300)
"""


def test_lines_of_several_writers_are_never_mixed(sweep: Sweep) -> None:
    """Each line goes to the end of the file in one piece."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(sweep.path), name], cwd=ROOT) for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    texts = [event["text"] for event in read_events(sweep.events)]
    assert len(texts) == len(sweep.events.read_text().splitlines()) == 600
    assert {text: texts.count(text) for text in texts} == {name * 300: 200 for name in "abc"}


def test_a_full_disk_is_told(sweep: Sweep) -> None:
    """A part of a line is as bad as none; the next writer begins on a line of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(sweep) as journal:
        journal.note("before")
        size = sweep.events.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
        try:
            with pytest.raises(NotStored) as caught:
                journal.note("torn")
            assert str(caught.value) == (
                f"cannot write {sweep.events}: only a part of a line was written; the disk is full; "
                "what was measured is kept"
            )
            with pytest.raises(NotStored) as caught:
                journal.note("refused")
            assert str(caught.value) == (
                f"cannot write {sweep.events}: File too large; what was measured is kept"
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with Journal(sweep) as journal:
        journal.sweep_ended(DONE, 0)
    assert [event["event"] for event in read_events(sweep.events)] == ["note", "sweep_ended"]


def test_a_folder_that_is_gone_is_told(sweep: Sweep) -> None:
    """A journal cannot begin without its folder."""
    sweep.path.rmdir()
    with pytest.raises(NotStored) as caught:
        Journal(sweep)
    assert str(caught.value) == (
        f"cannot write {sweep.events}: No such file or directory; what was measured is kept"
    )


def test_closing_twice_is_harmless(sweep: Sweep) -> None:
    """The files are closed once."""
    journal = Journal(sweep)
    journal.close()
    journal.close()
    with pytest.raises(NotStored, match="Bad file descriptor"):
        journal.note("too late")
