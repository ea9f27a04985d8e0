"""What is seen while a sweep runs, on a terminal of any width and without one."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from breakeven.runner.config.cell import parse
from breakeven.runner.engines import Outcome, Run
from breakeven.runner.sweep.progress import Progress, Tally, describe, format_left, shown_on
from tests.fakes import plain


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


def _show(progress: Progress, tally: Tally, run: Run, status: str, reason: str | None = None) -> None:
    progress.began(run, 20.0)
    tally.statuses[status] += 1
    progress.finished(_outcome(status, reason))


def test_without_a_terminal_there_is_a_line_for_each_run() -> None:
    """Lines are whole, however long, and hold no control characters."""
    console, tally = _console(terminal=False, width=40), Tally(2)
    with Progress(tally, console, shown_on(console, "auto")) as progress:
        _show(progress, tally, _run(), "ok")
        _show(
            progress,
            tally,
            _run("model=thread"),
            "failed",
            "a reason that does not fit into forty columns [bold]",
        )
    assert _text(console).splitlines() == [
        "1/2 ok spin process(fork) x2 queue map 1KiB 1ms",
        "2/2 failed spin thread x2 queue map 1KiB 1ms: a reason that does not fit into forty columns [bold]",
    ]


@pytest.mark.parametrize("width", [40, 120])
def test_on_a_terminal_there_is_a_bar_that_fits(width: int) -> None:
    """Done and total, the time left, the counts and the present cell stand in the width there is."""
    console, tally = _console(terminal=True, width=width), Tally(3, incompatible=2)
    with Progress(tally, console, shown_on(console, "auto")) as progress:
        _show(progress, tally, _run(), "ok")
        progress.began(_run("model=mp_pool"), 20.0)
        console.print(progress.picture())
    lines = _text(console).replace("\r", "\n").splitlines()
    assert any("1/3" in line and "0:20 left" in line for line in lines)
    assert any(line.startswith("1 ok, 2 incompatible; now spin") for line in lines)
    assert max(len(line) for line in lines if "\x1b" not in line) <= width


def test_a_failure_is_told_above_the_bar() -> None:
    """Runs that went well only move it."""
    console, tally = _console(terminal=True), Tally(2)
    with Progress(tally, console, shown_on(console, "auto")) as progress:
        _show(progress, tally, _run(), "ok")
        _show(progress, tally, _run(), "timeout", "not done within 60 s")
    assert "2/2 timeout spin process(fork) x2 queue map 1KiB 1ms: not done within 60 s" in _text(console)
    assert "1/2 ok" not in _text(console)


@pytest.mark.parametrize("asked", ["quiet", "json"])
@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_shown_where_nothing_is_wanted(asked: str, terminal: bool) -> None:
    """Not even what went wrong: the table and the log have it."""
    console, tally = _console(terminal=terminal), Tally(1)
    with Progress(tally, console, shown_on(console, asked)) as progress:
        _show(progress, tally, _run(), "failed", "made up")
    assert _text(console) == ""


def test_lines_can_be_asked_for_on_a_terminal() -> None:
    """Instead of the bar."""
    console, tally = _console(terminal=True), Tally(1)
    with Progress(tally, console, shown_on(console, "lines")) as progress:
        _show(progress, tally, _run(), "ok")
    assert _text(console) == "1/1 ok spin process(fork) x2 queue map 1KiB 1ms\n"


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
    tally = Tally(9, incompatible)
    tally.statuses.update(statuses)
    assert str(tally) == text


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
