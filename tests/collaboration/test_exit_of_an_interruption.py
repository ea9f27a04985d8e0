"""The exit code of an interrupted command is 130, wherever the signal came."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from breakeven import command
from tests import commands

INTERRUPTED = """
import os, signal, sys
from breakeven.runner.sweep.signals import ending_in_order, ignore_signals

def interrupt():
    os.kill(os.getpid(), signal.SIGTERM)
    [None for _ in range(100_000)]

try:
    with ending_in_order():
        {moment}
except KeyboardInterrupt:
    pass
ignore_signals()
sys.exit(130)
"""


@pytest.mark.parametrize("moment", ["interrupt()", "exec('interrupt()')", "eval('interrupt()')"])
def test_the_exit_code_is_ours(tmp_path: Path, moment: str) -> None:
    """Also if CPython would end by SIGINT, since an `exec` of a text was interrupted; it does so for ``python -m`` only."""
    (tmp_path / "interrupted.py").write_text(INTERRUPTED.format(moment=moment))
    assert commands.run(commands.module("interrupted"), tmp_path).returncode == 130


TYPED = """
import signal, sys
from breakeven import command

signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal; tests in the background ignore it
command.COMMANDS["show"] = "interrupted:main", "a command that is interrupted"
sys.argv = ["breakeven", "show"]
sys.exit(command.main())
"""
A_COMMAND = """
import atexit, os, signal

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    [None for _ in range(100_000)]

{imported}

def main(arguments):
    {moment}
    return 0
"""
HIDING = """
try:
    interrupt()
except BaseException as error:
    raise ImportError("an extension module failed to import") from error
"""
MOMENTS = {
    "imports": ("interrupt()", "pass", 130),
    "imports that hide it": (HIDING, "pass", 130),
    "its work": ("", "interrupt()", 130),
    "a text that it executes": ("", "exec('interrupt()')", 130),
    "cleaning up": ("", "\n    try:\n        interrupt()\n    finally:\n        interrupt()", 130),
    "what hides it": ("", "\n    try:\n        interrupt()\n    except BaseException:\n        pass", 130),
    "the exit": ("", "atexit.register(interrupt)", 0),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_any_command_ends_quietly(tmp_path: Path, moment: str) -> None:
    """Ctrl-C prints no traceback, whenever it comes; once all is done it changes nothing."""
    imported, work, code = MOMENTS[moment]
    (tmp_path / "interrupted.py").write_text(A_COMMAND.format(imported=imported, moment=work))
    ended = commands.run(commands.script(TYPED), tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_a_caller_in_the_same_process_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that calls the command as a function handles Ctrl-C as it likes, and its handler stays."""

    def interrupted(arguments: list[str]) -> int:
        signal.raise_signal(signal.SIGINT)
        return len(arguments)

    monkeypatch.setattr(command, "load", lambda _: interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            command.main(["show"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
