"""Ctrl-C and its like, in real processes: once in order, twice at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from breakeven.runner.sweep.signals import SIGNALS, ending_in_order

ROOT = Path(__file__).parents[2]
WAITING = """
import sys, time
from breakeven.runner.sweep.signals import ending_in_order
with ending_in_order():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("in order", flush=True)
        if sys.argv[1:]:
            time.sleep(60)
print("after", flush=True)
"""


def _start(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert _said(process) == "ready"
    return process


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_first_signal_ends_in_order(number: signal.Signals) -> None:
    """It reaches the code as KeyboardInterrupt, whichever of them it is."""
    with _start() as process:
        process.send_signal(number)
        assert (_said(process), _said(process)) == ("in order", "after")
    assert process.returncode == 0


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_second_signal_ends_at_once(number: signal.Signals) -> None:
    """While the first is being obeyed, with the exit code of an interrupted sweep."""
    with _start("slow") as process:
        process.send_signal(signal.SIGINT)
        assert _said(process) == "in order"
        process.send_signal(number)
        assert process.wait(10) == 130
        assert _said(process) == ""


def test_signals_are_as_before_afterwards() -> None:
    """An embedding program gets its own handlers back."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), ending_in_order():
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(number) for number in SIGNALS] == before
