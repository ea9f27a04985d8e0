"""Ctrl-C and its like, in real processes: once in order, twice at once."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest

from breakeven.base.errors import BadInput
from breakeven.runner.hydra_app import command
from breakeven.runner.sweep.signals import SIGNALS, ending_in_order, raise_if_interrupted
from tests import commands
from tests.commands import Started, said
from tests.patience import PATIENCE_S

WAITING = """
import sys, time
from breakeven.runner.sweep.signals import ending_in_order
with ending_in_order():
    try:
        print("ready", flush=True)
        time.sleep(1000)
    except KeyboardInterrupt:
        print("in order", flush=True)
        if sys.argv[1:]:
            time.sleep(1000)
print("after", flush=True)
"""


def _start(*arguments: str) -> Started:
    process = commands.start(commands.script(WAITING, *arguments))
    assert said(process) == "ready"
    return process


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_first_signal_ends_in_order(number: signal.Signals) -> None:
    """It reaches the code as KeyboardInterrupt, whichever of them it is."""
    with _start() as process:
        process.send_signal(number)
        assert (said(process), said(process)) == ("in order", "after")
    assert process.returncode == 0


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_second_signal_ends_at_once(number: signal.Signals) -> None:
    """While the first is being obeyed, with the exit code of an interrupted sweep."""
    with _start("slow") as process:
        process.send_signal(signal.SIGINT)
        assert said(process) == "in order"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 130
        assert said(process) == ""


def test_signals_are_as_before_afterwards() -> None:
    """An embedding program gets its own handlers back."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), ending_in_order():
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_an_interruption_that_is_caught_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hydra may catch it while it composes, and what then follows is no bad input."""

    def compose(*_: object) -> None:
        raise_if_interrupted()  # none has arrived yet
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        raise BadInput("a sweep taken for a single run")

    monkeypatch.setattr(command, "compose_and_run", compose)
    with ending_in_order():
        assert command.run(["workers=1"]) == 130
    assert capsys.readouterr().err == "interrupted before anything was measured\n"
