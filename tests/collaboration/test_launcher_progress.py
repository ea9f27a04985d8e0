"""What is seen while a sweep runs, on a terminal of any width and without one."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from runner import progress as watched
from runner.config import parse
from runner.engines import Outcome, Run
from runner.progress import Progress, describe, format_left
from tests.fakes import plain


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look at the clock be ten seconds after the one before."""
    readings: Iterator[float] = iter(range(0, 10_000, 10))
    monkeypatch.setattr(watched, "monotonic", lambda: next(readings))


def _run(*overrides: str) -> Run:
    return Run(
        cell=parse(plain(*overrides)),
        cell_id="0" * 16,
        round=0,
        order=0,
        sweep=Path("outputs/mine"),
        path=Path(),
        executable="python",
        engine="local",
        source=None,
        identity="f" * 16,
        conditions={},
        config={},
        overrides=overrides,
    )


def _outcome(status: str, reason: str | None = None) -> Outcome:
    return Outcome(row={"status": status, "reason": reason})


def _console(*, terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_without_a_terminal_there_is_a_line_for_each_run() -> None:
    """Lines are whole, however long, and hold no control characters."""
    console = _console(terminal=False, width=40)
    with Progress(2, console) as progress:
        progress.began(_run())
        progress.finished(_outcome("ok"))
        progress.began(_run("model=thread"))
        progress.finished(_outcome("failed", "a reason that does not fit into forty columns [bold]"))
    assert _text(console).splitlines() == [
        "1/2 ok spin process(fork) x2 queue map 1KiB 1ms",
        "2/2 failed spin thread x2 queue map 1KiB 1ms: a reason that does not fit into forty columns [bold]",
    ]


@pytest.mark.parametrize("width", [40, 120])
def test_on_a_terminal_there_is_a_bar_that_fits(clock: None, width: int) -> None:
    """Done and total, the present cell and the time left stand in the width there is."""
    del clock
    console = _console(terminal=True, width=width)
    with Progress(3, console) as progress:
        progress.began(_run())
        progress.finished(_outcome("ok"))
        progress.began(_run("model=mp_pool"))
        console.print(progress.picture())
    lines = _text(console).replace("\r", "\n").splitlines()
    assert any("1/3" in line and "0:20 left" in line for line in lines)
    assert any("spin mp_pool" in line for line in lines)
    assert max(len(line) for line in lines if "\x1b" not in line) <= width


def test_a_failure_is_told_above_the_bar() -> None:
    """Runs that went well only move it."""
    console = _console(terminal=True)
    with Progress(2, console) as progress:
        progress.began(_run())
        progress.finished(_outcome("ok"))
        progress.finished(_outcome("timeout", "not done within 60 s"))
    assert "2/2 timeout spin process(fork) x2 queue map 1KiB 1ms: not done within 60 s" in _text(console)
    assert "1/2 ok" not in _text(console)


def test_the_time_left_is_from_measured_lengths(clock: None) -> None:
    """It is unknown before the first run has ended."""
    del clock
    progress = Progress(4, _console(terminal=False))
    assert progress.seconds_left is None
    progress.began(_run())
    progress.finished(_outcome("ok"))
    assert progress.seconds_left == 30


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "?:?? left"), (0, "0:00 left"), (65.2, "1:05 left"), (7325, "2:02:05 left")]
)
def test_a_length_of_time_is_written_like_a_clock(seconds: float | None, text: str) -> None:
    """Hours appear when there are any."""
    assert format_left(seconds) == text


def test_a_cell_is_described_in_one_line() -> None:
    """What has no effect is left out; another interpreter is named."""
    cell = parse(plain("pattern=pingpong", "interpreter.path=/opt/python", "model=thread"))
    assert describe(cell) == "spin thread x2 queue pingpong 1KiB /opt/python"
