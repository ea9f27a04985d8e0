"""Standard streams that never raise, whatever becomes of what they lead to."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from breakeven.base.streams import make_sturdy, problems

FULL = Path("/dev/full")


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Yield a list; whatever descriptor is put there first is that of sys.stdout once `_lead` is called."""
    kept: list[int] = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    yield kept
    monkeypatch.undo()
    for descriptor in kept:
        os.close(descriptor)


def _lead(
    monkeypatch: pytest.MonkeyPatch, descriptor: int, *, encoding: str = "utf-8", buffered: bool = True
) -> None:
    """Let sys.stdout lead to ``descriptor``, as Python does at its start, and make it sturdy."""
    binary = os.fdopen(descriptor, "wb", buffering=-1 if buffered else 0, closefd=False)
    text = io.TextIOWrapper(binary, encoding=encoding, errors="strict", write_through=not buffered)
    monkeypatch.setattr(sys, "stdout", text)
    make_sturdy()
    assert sys.stdout is not text


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which Linux has")
def test_a_full_disk_is_kept_as_the_problem(
    monkeypatch: pytest.MonkeyPatch, stdout: list[int], *, buffered: bool
) -> None:
    """Nothing is raised, however much is written by whatever means."""
    stdout.append(os.open(FULL, os.O_WRONLY))
    _lead(monkeypatch, stdout[0], buffered=buffered)
    for _ in range(3):
        print("x" * 100_000, flush=True)  # noqa: T201  # what a package may do
        Console().print("[b]y[/b]")
    assert [(name, error.strerror) for name, error in problems()] == [
        ("standard output", "No space left on device")
    ]
    sys.stdout.flush()


def test_a_reader_that_stops_is_no_problem(monkeypatch: pytest.MonkeyPatch, stdout: list[int]) -> None:
    """As ``| head -1`` does: what it read is whole, the rest is dropped."""
    reader, writer = os.pipe()
    stdout.append(writer)
    _lead(monkeypatch, writer)
    print("one", flush=True)  # noqa: T201  # as above
    assert os.read(reader, 100) == b"one\n"
    os.close(reader)
    for _ in range(3):
        print("x" * 100_000, flush=True)  # noqa: T201  # as above
    assert not list(problems())


def test_a_descriptor_that_does_not_wait_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, stdout: list[int]
) -> None:
    """Another program may have made a shared pipe or terminal non-blocking; more is written than it holds."""
    reader, writer = os.pipe()
    stdout.append(writer)
    os.set_blocking(writer, False)
    _lead(monkeypatch, writer)
    read: list[bytes] = []

    def take() -> None:
        while len(b"".join(read)) < 1_000_000:
            read.append(os.read(reader, 65_536))

    thread = threading.Thread(target=take)
    thread.start()
    sys.stdout.write("x" * 1_000_000)
    sys.stdout.flush()
    thread.join()
    os.close(reader)
    assert b"".join(read) == b"x" * 1_000_000


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_text_can_be_written(monkeypatch: pytest.MonkeyPatch, stdout: list[int], encoding: str) -> None:
    """What the encoding lacks is written as an escape, half a character of a name included."""
    reader, writer = os.pipe()
    stdout.append(writer)
    _lead(monkeypatch, writer, encoding=encoding)
    print("±2 % \udcff", flush=True)  # noqa: T201  # as above
    said = os.read(reader, 100).decode(encoding)
    os.close(reader)
    assert said == {"ascii": "\\xb12 % \\udcff\n"}.get(encoding, "±2 % \\udcff\n")


def test_streams_of_others_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's or a test's output is no file of the system; a stream is made sturdy once."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO()))
    before = sys.stdout, sys.stderr
    make_sturdy()
    assert (sys.stdout, sys.stderr) == before
    assert not list(problems())


def test_a_missing_stream_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has None for a descriptor that was closed before it started."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    make_sturdy()
    assert sys.stdin.read() == ""
    for stream in (sys.stdout, sys.stderr):
        stream.write("lost")
        stream.flush()
