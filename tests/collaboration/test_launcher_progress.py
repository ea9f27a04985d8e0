"""What is seen while a sweep runs, on a terminal of any width and without one."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from breakeven.base.units import format_left
from breakeven.runner.config.cell import parse
from breakeven.runner.config.naming import describe
from breakeven.runner.planning.run import Run
from breakeven.runner.store import Sweep
from breakeven.runner.sweep.loop import Observers
from breakeven.runner.sweep.observer import RunBegan, RunEnded, SweepBegan
from breakeven.runner.sweep.sinks import Bar, open_sinks
from breakeven.runner.sweep.tally import Tally
from tests import samples
from tests.fakes import plain


def _run(*overrides: str) -> Run:
    return replace(samples.run("python"), cell=parse(plain(*overrides)))


def _console(*, terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@contextmanager
def _sweep(path: Path, console: Console, progress: str = "auto", *, of: int = 2) -> Iterator[Observers]:
    """Open what shows a sweep of ``of`` runs, which has begun."""
    path.mkdir(exist_ok=True)
    counts = {"total": of, "done": 0, "waiting": of, "incompatible": 2}
    with closing(Observers(open_sinks(Sweep(path), progress, console))) as sinks:
        sinks.notify(SweepBegan(sweep=path, **counts, command="breakeven"))
        yield sinks


def _end(run: Run, tally: Tally, status: str, reason: str | None = None) -> RunEnded:
    return RunEnded(run=run, row={"status": status, "reason": reason}, tally=tally, seconds_left=20.0)


def _show(sinks: Observers, run: Run, tally: Tally, status: str = "ok", reason: str | None = None) -> None:
    sinks.notify(RunBegan(run=run, number=tally.ended, of=tally.total, seconds_left=20.0))
    sinks.notify(_end(run, tally, status, reason))


def test_without_a_terminal_there_is_a_line_for_each_run(tmp_path: Path) -> None:
    """Lines are whole, however long, and hold no control characters."""
    console = _console(terminal=False, width=40)
    with _sweep(tmp_path, console) as sinks:
        _show(sinks, _run(), Tally(total=2, ok=1))
        reason = "a reason that does not fit into forty columns [bold]"
        _show(sinks, _run("model=thread"), Tally(total=2, ok=1, failed=1), "failed", reason)
    assert _text(console).splitlines() == [
        "1/2 ok spin 1KiB 1ms process/queue x2",
        "2/2 failed spin 1KiB 1ms thread/queue x2: a reason that does not fit into forty columns [bold]",
    ]


@pytest.mark.parametrize("width", [40, 120])
def test_on_a_terminal_there_is_a_bar_that_fits(width: int) -> None:
    """Done and total, the time left and the last result stand in the width there is."""
    console = _console(terminal=True, width=width)
    with closing(Bar(console)) as bar:
        bar.notify(SweepBegan(sweep=Path(), total=3, done=0, waiting=3, incompatible=2, command="breakeven"))
        bar.notify(replace(_end(_run(), Tally(total=3, ok=1, incompatible=2), "ok"), so_far="1.82x ±4%"))
        bar.notify(RunBegan(run=_run("model=mp_pool"), number=2, of=3, seconds_left=20.0))
        console.print(bar.picture())
    lines = _text(console).replace("\r", "\n").splitlines()
    drawn = [line.rpartition("\x1b[2K")[2] for line in lines if "left" in line]
    assert any(re.fullmatch(r"━+╸? +1/3 runs   0:20 left", line) for line in drawn)
    assert any(re.fullmatch("spin 1KiB 1ms process/queue x2 +1.82x ±4%", line) for line in lines)
    assert max(len(line) for line in lines if "\x1b" not in line) <= width


def test_a_sweep_of_many_rounds_counts_runs_and_cells_that_are_decided() -> None:
    """What failed is counted; until there is a result the run under way is named; what does not fit goes without a bar."""
    for width, line in (
        (80, r"━+╸? +61 runs   decided 14/24   2 failed   1:48 left"),
        (40, r"61 runs   decided 14/24   2 failed  …"),
    ):
        console = _console(terminal=True, width=width)
        with closing(Bar(console)) as bar:
            bar.notify(RunBegan(run=_run("pattern=pingpong"), number=62, of=None, seconds_left=108.0))
            bar.notify(_end(_run(), Tally(total=70, ok=59, failed=2, cells=24, decided=14), "ok"))
            bar.notify(RunBegan(run=_run("pattern=pingpong"), number=62, of=None, seconds_left=108.0))
            console.print(bar.picture())
        first, second = _text(console).splitlines()[-2:]
        assert re.fullmatch(line, first.rstrip())
        assert second.rstrip() == "now pingpong 1KiB process/queue x2"


def test_a_terminal_that_cannot_redraw_gets_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar would not show there before the end."""
    monkeypatch.setenv("TERM", "dumb")
    console = _console(terminal=True)
    with _sweep(tmp_path, console) as sinks:
        _show(sinks, _run(), Tally(total=2, ok=1))
    assert _text(console) == "1/2 ok spin 1KiB 1ms process/queue x2\n"


def test_a_failure_is_told_above_the_bar(tmp_path: Path) -> None:
    """Runs that went well only move it."""
    console = _console(terminal=True)
    with _sweep(tmp_path, console) as sinks:
        _show(sinks, _run(), Tally(total=2, ok=1))
        _show(sinks, _run(), Tally(total=2, ok=1, failed=1), "timeout", "not done within 60 s")
    assert "2/2 timeout spin 1KiB 1ms process/queue x2: not done within 60 s" in _text(console)
    assert "1/2 ok" not in _text(console)


@pytest.mark.parametrize("asked", ["quiet", "json"])
@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_shown_where_nothing_is_wanted(tmp_path: Path, asked: str, terminal: bool) -> None:
    """Not even what went wrong: the table and the log have it."""
    console = _console(terminal=terminal)
    with _sweep(tmp_path, console, asked, of=1) as sinks:
        _show(sinks, _run(), Tally(total=1, failed=1), "failed", "made up")
    assert _text(console) == ""


def test_lines_can_be_asked_for_on_a_terminal(tmp_path: Path) -> None:
    """Instead of the bar."""
    console = _console(terminal=True)
    with _sweep(tmp_path, console, "lines", of=1) as sinks:
        _show(sinks, _run(), Tally(total=1, ok=1))
    assert _text(console) == "1/1 ok spin 1KiB 1ms process/queue x2\n"


@pytest.mark.parametrize(
    ("statuses", "incompatible", "text"),
    [
        ({}, 0, "0 ok"),
        ({"ok": 3, "timeout": 1, "crashed": 1}, 0, "3 ok, 2 failed"),
        ({"failed": 1}, 4, "0 ok, 1 failed, 4 incompatible"),
    ],
)
def test_runs_are_counted(statuses: dict[str, int], incompatible: int, text: str) -> None:
    """All that did not end well are failed; what there is none of is left out."""
    tally = Tally(total=9, incompatible=incompatible)
    for status in (status for status, count in statuses.items() for _ in range(count)):
        tally = tally.with_one(status)
    assert str(tally) == text
    assert tally.ended == sum(statuses.values())


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
