"""What is said when a command has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.base.exit_codes import ALL_DONE, EXIT_INTERRUPTED, SOME_FAILED
from breakeven.runner.hydra_app.task import Application
from breakeven.runner.sweep.outcome import INTERRUPTED, Outcome

AGAIN = "breakeven run workers=2 sweep=mine"


def _interrupt(_: Path, __: bool) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Outcome(ALL_DONE, to_sum_up=True, again=AGAIN), INTERRUPTED),
        (
            Outcome(SOME_FAILED, to_sum_up=True, why="stopped after a failed run", again=AGAIN),
            "stopped after a failed run",
        ),
    ],
)
def test_a_signal_during_the_summary_is_told_with_how_to_carry_on(
    outcome: Outcome, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All is measured and kept; the same command shows the summary. A reason that is known already stays."""
    application = Application(sum_up=_interrupt, to_sum_up=Path("mine"), outcome=outcome, code=outcome.code)
    assert application.report() == EXIT_INTERRUPTED
    assert capsys.readouterr().err == f"{why}. Resume with: {AGAIN}\n"


def test_a_sweep_that_went_well_needs_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Its summary is enough."""
    for silent in (False, True):
        outcome = Outcome(ALL_DONE, to_sum_up=True, silent=silent)
        application = Application(sum_up=print, to_sum_up=Path("mine"), outcome=outcome)
        assert application.report() == ALL_DONE
        assert capsys.readouterr() == (f"mine {silent}\n", "")
